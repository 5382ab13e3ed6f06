//! Options of the way to the API.

use std::path::PathBuf;

use clap::Args;

use crate::config::Transport;

/// How requests travel.
#[derive(Debug, Clone, Args)]
pub struct TransportArgs {
    /// Certificates (PEM) to trust beside the system's own: those of a private CA or of a proxy [env: `PARTNER_SYNC_CA_FILE`].
    #[arg(long, global = true, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// The certificate (PEM) to show to the API, with --client-key [env: `PARTNER_SYNC_CLIENT_CERT`].
    #[arg(long, global = true, value_name = "FILE")]
    pub client_cert: Option<PathBuf>,
    /// The key (PEM, without passphrase) of --client-cert [env: `PARTNER_SYNC_CLIENT_KEY`].
    #[arg(long, global = true, value_name = "FILE")]
    pub client_key: Option<PathBuf>,
    /// Allow plain http to other machines; the token and bank data then go unencrypted [env: `PARTNER_SYNC_INSECURE_HTTP`].
    #[arg(long, global = true)]
    pub insecure_http: bool,
}

impl TransportArgs {
    /// As it was typed.
    #[must_use]
    pub(crate) fn typed(&self) -> Transport {
        Transport {
            ca_file: self.ca_file.clone(),
            client_cert: self.client_cert.clone(),
            client_key: self.client_key.clone(),
            insecure_http: self.insecure_http,
        }
    }
}
