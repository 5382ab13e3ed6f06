//! partner-sync moves partner records out of CRM exports into the ECG partners API.
//!
//! The modules, in the order in which data passes through them:
//!
//! ```text
//!  cli: arguments, settings, screen, signals, exit codes           (a front; the workbench is another)
//!   └─▶ ops: check, import, verify, reconcile, sync, propose
//!        a file ──▶ source ──▶ mapping ──▶ partner ──▶ delivery ──▶ report
//!                  SourceRow    Draft    PreparedPartner  │  ▲ Outcome   RunReport
//!                  └────────── prepare ───────────┘       ▼  │
//!                                                  state (SQLite)   api (HTTP)
//! ```
//!
//! - [`objects`] has exports that lie in a bucket or behind an address.
//! - [`source`] reads files and yields rows; it knows encodings and dialects, not partners.
//! - [`mapping`] turns a row into a [`partner`] draft by the user's mapping file; it owns every date.
//! - [`partner`] knows the documented request body and makes the bytes that are sent.
//! - [`prepare`] runs these three over whole exports, for every operation.
//! - [`state`] is the only door to `SQLite`; [`api`] is the only door to the partners API.
//! - [`delivery`] is where exactly-once is kept: intent into the state, then the call, then the outcome.
//! - [`report`] turns what happened into files and words.
//! - [`ops`] is what the program can do, for any front; [`cli`] is the front on the command line.
//! - [`config`] resolves what the user asked for; [`notify`] calls a webhook when a night is over.
//! - [`sandbox`] is a practice API of its own: it shares no type with the client.
//! - [`workbench`] is the front on a local page: a mapping is made and tried in a browser.
//! - [`diagnostic`], [`secret`], [`clock`], [`html`], [`http_client`], [`blocking`] and [`subprocess`] may be used by every module; `pause`
//!   stops the process where a test says, in test builds only.
//!
//! Who may import whom is checked by `tests/it/architecture.rs`.

pub mod api;
pub mod blocking;
pub mod cli;
pub mod clock;
pub mod config;
pub mod delivery;
pub mod diagnostic;
pub mod html;
pub mod http_client;
pub mod mapping;
pub mod notify;
pub mod objects;
pub mod ops;
pub mod partner;
#[doc(hidden)]
pub mod pause;
pub mod prepare;
pub mod report;
pub mod sandbox;
pub mod secret;
pub mod source;
pub mod state;
pub mod subprocess;
pub mod telemetry;
pub mod workbench;
