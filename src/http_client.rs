//! How every HTTP client of the program begins: TLS by ring, our name, no redirect followed, nothing sent twice unasked.

use std::sync::Once;

use reqwest::ClientBuilder;

/// A client builder with what all our clients share.
pub fn builder() -> ClientBuilder {
    static PROVIDER: Once = Once::new();
    // An error means that the process has a provider already, which then serves as well.
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    reqwest::Client::builder()
        .user_agent(concat!("partner-sync/", env!("CARGO_PKG_VERSION")))
        // A POST that is redirected becomes a second request somewhere else.
        .redirect(reqwest::redirect::Policy::none())
        // HTTP/2 would replay a refused stream by itself.
        .retry(reqwest::retry::never())
}
