//! THE TELEPHONE: one trait, thin layers around it.
//!
//! What comes in: a body to create, a name to look for, a page to list. What goes out: outcomes sorted by
//! what to do next. This room decides nothing about rows: it never sends a create twice by itself, but for
//! one replay after a 401 with a new token, since a 401 proves that nothing was made.

mod auth;
mod body_probe;
mod contract;
mod error;
mod http;
mod page;
mod rate_limit;
mod renew;
pub mod retry;

pub use auth::{Auth, TokenSource};
pub use contract::{Advises, ListFilter, Page, PartnersApi, RemotePartner};
pub use error::ApiError;
pub use http::{HttpApi, HttpSettings, is_loopback};
pub use page::{Found, PageWalk, Sweep, collect_by_identifier, find_by_identifier, sweep};
pub use rate_limit::{LeftAlone, Limiter, Paced, Rate};
pub use renew::Renewing;
