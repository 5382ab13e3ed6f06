//! The API client: one trait, thin layers around it.
//!
//! What comes in: a body to create, a name to look for, a page to list. What goes out: outcomes sorted by
//! what to do next. This module decides nothing about rows and never sends a create a second time: a 401 on a
//! create comes back with a new token in place, and whoever counts the attempts sends it again. Reads are asked
//! again after a 401 with a new token ([`Renewing`]) and after a failure that passes ([`Retrying`]); an API that does not
//! answer at all is waited for ([`Outage`]). Whoever concludes that a
//! partner is not there walks over the list by [`PartnerScan`], which knows whether the walk saw all.

mod alike;
mod answer;
mod answer_words;
mod auth;
mod body_probe;
mod contract;
mod error;
mod gate;
mod http;
mod incomplete;
mod lookup;
mod many;
mod network;
mod outage;
mod paced;
mod page;
mod pause;
mod permits;
mod rate;
mod rate_limit;
mod redirect;
mod renew;
pub mod retry;
mod retrying;
mod scan;
mod server_time;
mod token;
mod token_command;
mod transport;
mod verdict;

#[cfg(test)]
mod scripted;

pub use crate::http_client::is_loopback;
pub use crate::http_client::{Tls, TlsError};
pub use alike::{Alike, Others, plain as plain_identifier};
pub use answer_words::BodyWords;
pub use auth::Auth;
pub use contract::{Backpressure, CreateRequest, ListFilter, Page, PartnersApi, RemotePartner};
pub use error::ApiError;
pub use gate::Gate;
pub use http::{HttpApi, HttpSettings};
pub use incomplete::Incomplete;
pub use lookup::{Effort, Found, Place, best_place, can_be_searched, find_by_word, find_one};
pub use many::{Collected, FoundMany, Keep, collect_all, find_many};
pub use outage::{Failing, Outage, Waited};
pub use paced::Paced;
pub use page::PageWalk;
pub use pause::Pause;
pub use permits::{NoPermits, Permits, Slots};
pub use rate::Rate;
pub use rate_limit::Limiter;
pub use renew::Renewing;
pub use retrying::Retrying;
pub use scan::PartnerScan;
pub use server_time::server_time;
pub use token::{TokenSource, password_in_file, password_printed_by};
pub use verdict::{id_of_another_row, is_plain_id, rejects_if_absent};
