//! Value tables: names of countries and states to their codes.

mod country;
mod currency;
mod fold;
mod state;

pub(super) use country::{CountryName, alpha2, country_code, country_of};
pub(super) use currency::currency_of;
pub(super) use state::{StateName, is_state_of_any, state_code, state_of};
