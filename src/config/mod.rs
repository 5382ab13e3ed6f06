//! What the user asked for: flag, then environment, then configuration file, then default.
//!
//! What comes in: what was typed, the environment as an argument, and the file. What goes out: one value
//! for each setting with its origin. Nothing here opens a connection or a state.

mod adopt;
mod bound;
mod database;
mod effective;
mod env;
mod error;
mod expand;
mod export_path;
mod file;
mod job;
mod job_place;
mod origin;
mod resolve;
mod salvage;
mod screen;
mod time;
mod toml_words;
mod transport;
mod watch;

pub use adopt::Adopt;
pub use bound::Bound;
pub use database::{Database, state_address};
pub use effective::{Effective, effective, effective_json};
pub use env::{Environment, UnknownVariable, is_hangup_ignored, variable};
pub use error::ConfigError;
pub use export_path::ExportPath;
pub use file::ConfigFile;
pub use job::{Job, MetricsSection, NotifyOn, NotifySection, OnChange, OnDrift};
pub use job_place::{FETCH_TIME, FETCHED_NAME, JobPlace};
pub use origin::Origin;
pub use resolve::{DEFAULT_RATE, Resolved, TokenSetting, Typed, resolve};
pub use salvage::salvaged;
pub use screen::screen_width;
pub use transport::Transport;
pub use watch::{PingSection, PingStyle};
