//! Options of the way to the API.

use std::path::PathBuf;

use clap::Args;

use crate::config::Transport;

/// How requests travel.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TransportArgs {
    /// Certificates (PEM) to trust beside the system's own: those of a private CA or of a proxy.
    #[arg(long, global = true, hide_short_help = true, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Client certificate (PEM) to show to the API; needs --client-key.
    #[arg(long, global = true, hide_short_help = true, value_name = "FILE")]
    pub client_cert: Option<PathBuf>,
    /// Key (PEM, without passphrase) of --client-cert.
    #[arg(long, global = true, hide_short_help = true, value_name = "FILE")]
    pub client_key: Option<PathBuf>,
    /// Allow plain http to other machines; the token and bank data then go unencrypted.
    #[arg(long, global = true, hide_short_help = true, num_args = 0..=1, require_equals = true,
        default_missing_value = "true", value_name = "true|false",
        value_parser = clap::builder::BoolishValueParser::new())]
    pub insecure_http: Option<bool>,
}

impl TransportArgs {
    /// As it was typed.
    #[must_use]
    pub(crate) fn typed(&self) -> Transport<Option<bool>> {
        Transport {
            ca_file: self.ca_file.clone(),
            client_cert: self.client_cert.clone(),
            client_key: self.client_key.clone(),
            insecure_http: self.insecure_http,
        }
    }
}
