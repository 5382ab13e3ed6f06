//! Why the API's address cannot be used.

/// The API's address cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// It cannot be read.
    #[error(
        "--api-url \"{text}\" is not an address: {reason}; write for example https://orgs.ecg-api.com"
    )]
    Unreadable {
        /// As it was written.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It is not one of http or https with a host.
    #[error("--api-url \"{0}\" is not an address: write for example https://orgs.ecg-api.com")]
    NotHttp(String),
    /// It is plain http to another machine.
    #[error(
        "{what} is plain http to {host}: anyone in between can read the token and the bank data. Write https://, or, if the network is your own, allow it with --insecure-http"
    )]
    Insecure {
        /// The setting: `--api-url`, `[notify] url`.
        what: &'static str,
        /// The host it names.
        host: String,
    },
    /// It holds a user or a password.
    #[error(
        "--api-url must not contain a password; the token comes from PARTNER_SYNC_TOKEN, --token-file or --token-command"
    )]
    Password,
    /// Something follows its path, behind which the paths of the API would be part of a query.
    #[error("--api-url must end with its path: leave out what follows `?` or `#`, and write {0}")]
    Behind(String),
}
