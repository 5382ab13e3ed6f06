//! partner-sync moves partner records out of CRM exports into the ECG partners API.
//!
//! The map of the house, in the order in which data passes through it:
//!
//! ```text
//!  a file ──▶ source ──▶ mapping ──▶ partner ──▶ delivery ──▶ report
//!            SourceRow    Draft    PreparedPartner  │  ▲ Outcome   RunReport
//!            └────── prepare (the corridor) ────┘   ▼  │
//!                                            state (the state)   api (the telephone)
//! ```
//!
//! - [`source`] reads files and yields rows; it knows encodings and dialects, not partners.
//! - [`mapping`] turns a row into a [`partner`] draft by the user's mapping file; it owns every date.
//! - [`partner`] knows the documented request body and makes the bytes that are sent.
//! - [`prepare`] is the corridor through these three, shared by `check` and `import`.
//! - [`state`] is the state, the only door to `SQLite`; [`api`] is the only door to the network.
//! - [`delivery`] is where exactly-once lives: intent in the state, then the call, then the outcome.
//! - [`report`] turns what happened into files and words.
//! - [`notify`] tells a webhook how a night went.
//! - [`cli`] is the front desk; [`config`] resolves what the user asked for.
//! - [`sandbox`] is across the street: it shares no type with the client.
//! - [`diagnostic`], [`secret`], [`clock`] and [`http_client`] may be used by every module.
//!
//! Who may import whom is checked by `tests/it/architecture.rs`.

pub mod api;
pub mod cli;
pub mod clock;
pub mod config;
pub mod delivery;
pub mod diagnostic;
pub mod http_client;
pub mod mapping;
pub mod notify;
pub mod ops;
pub mod partner;
pub mod prepare;
pub mod report;
pub mod sandbox;
pub mod secret;
pub mod source;
pub mod state;
pub mod telemetry;
