//! How every HTTP client of the program begins: TLS by ring, our name, no redirect followed, nothing sent twice unasked.

mod causes;

use std::error::Error;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};

use reqwest::{Client, ClientBuilder};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

pub use causes::{Asked, words_of_causes};

/// Bytes of a file with certificates at most; all public ones take a quarter of a megabyte.
const PEM_BYTES: u64 = 16 * 1024 * 1024;

/// A client builder with what all our clients share.
pub fn builder() -> ClientBuilder {
    static PROVIDER: Once = Once::new();
    // An error means that the process has a provider already, which then serves as well.
    PROVIDER.call_once(|| drop(ring::default_provider().install_default()));
    reqwest::Client::builder()
        .user_agent(concat!("partner-sync/", env!("CARGO_PKG_VERSION")))
        // A POST that is redirected becomes a second request somewhere else.
        .redirect(reqwest::redirect::Policy::none())
        // HTTP/2 would replay a refused stream by itself.
        .retry(reqwest::retry::never())
}

/// Whether an address is this machine's own.
#[must_use]
pub fn is_loopback(url: &reqwest::Url) -> bool {
    match url.host_str() {
        // A name with a dot behind it is the same.
        Some("localhost" | "localhost.") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback()),
        None => false,
    }
}

/// The certificates of a client beside the system's own.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    roots: Vec<CertificateDer<'static>>,
    identity: Option<Arc<Identity>>,
}

/// What a client shows of itself: its certificate, with those between it and an authority, and its key.
#[derive(Debug)]
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// A file with certificates or a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// It cannot be read.
    #[error("cannot read {option} {}: {source}", path.display())]
    Open {
        /// The option that names it.
        option: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It holds something else than it should.
    #[error("{option} {}: {reason}", path.display())]
    Unusable {
        /// The option that names it.
        option: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong, and what was expected. Never a part of the file.
        reason: String,
    },
}

impl Tls {
    /// Reads the certificates of `--ca-file`, and certificate and key of `--client-cert` and `--client-key`.
    ///
    /// # Errors
    /// [`TlsError`] where a file cannot be read, holds no certificate or key, or the two do not belong together.
    pub fn read(ca_file: Option<&Path>, client: Option<(&Path, &Path)>) -> Result<Self, TlsError> {
        let roots = ca_file.map(read_roots).transpose()?;
        let identity = client.map(|(cert, key)| read_identity(cert, key));
        Ok(Self {
            roots: roots.unwrap_or_default(),
            identity: identity.transpose()?.map(Arc::new),
        })
    }

    /// The same without what the program shows of itself: for anybody but the API.
    #[must_use]
    pub fn without_identity(self) -> Self {
        Self {
            identity: None,
            ..self
        }
    }

    /// A client with these certificates.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub fn client(&self, builder: ClientBuilder) -> Result<Client, String> {
        let client = builder.tls_backend_preconfigured(self.config()?).build();
        client.map_err(|e| setup_words(Error::source(&e)))
    }

    /// TLS with these certificates and the system's, and with HTTP/2 where the server speaks it.
    ///
    /// # Errors
    /// Why it cannot be set up, in words.
    pub fn config(&self) -> Result<ClientConfig, String> {
        let words = |e: rustls::Error| setup_words(Some(&e));
        // Without any of our own, the system's are looked up in another way, so that none is merged.
        let verifier = if self.roots.is_empty() {
            Verifier::new(provider())
        } else {
            Verifier::new_with_extra_roots(self.roots.iter().cloned(), provider())
        };
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(words)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier.map_err(words)?));
        let mut config = match &self.identity {
            Some(identity) => config
                .with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())
                .map_err(words)?,
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    /// TLS that trusts nobody, for a client that needs none.
    ///
    /// # Errors
    /// Why it cannot be set up, in words.
    pub fn config_without_certificates() -> Result<ClientConfig, String> {
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|e| setup_words(Some(&e)))?;
        let config = config.with_root_certificates(RootCertStore::empty());
        Ok(config.with_no_client_auth())
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Why a client cannot be made, by an error and its causes. reqwest's own words are "builder error", and only its causes say more.
fn setup_words(mut cause: Option<&dyn Error>) -> String {
    let mut words = Vec::new();
    while let Some(current) = cause {
        words.push(current.to_string());
        cause = current.source();
    }
    let words = words.join(": ");
    if words.contains("No CA certificates") {
        return "this system has no CA certificates. Install them (the package ca-certificates), or name a file with --ca-file or SSL_CERT_FILE".to_owned();
    }
    if words.is_empty() {
        "TLS could not be set up".to_owned()
    } else {
        words
    }
}

fn read(option: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    let open = |source| TlsError::Open {
        option,
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(open)?;
    file.take(PEM_BYTES).read_to_end(&mut bytes).map_err(open)?;
    Ok(bytes)
}

fn unusable(option: &'static str, path: &Path, reason: impl Into<String>) -> TlsError {
    TlsError::Unusable {
        option,
        path: path.to_owned(),
        reason: reason.into(),
    }
}

/// The certificates of a PEM file, at least one.
fn certificates(
    option: &'static str,
    path: &Path,
    bytes: &[u8],
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_slice_iter(bytes).collect::<Result<Vec<_>, _>>();
    let read = read.map_err(|e| unusable(option, path, format!("it is not a PEM file: {e}")))?;
    if read.is_empty() {
        let expected = "it contains no certificate: a PEM file is expected, with -----BEGIN CERTIFICATE-----. Convert a DER file with `openssl x509 -inform der -in FILE`";
        return Err(unusable(option, path, expected));
    }
    Ok(read)
}

fn read_roots(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let option = "--ca-file";
    let mut store = RootCertStore::empty();
    let mut roots = Vec::new();
    for (number, der) in (1..).zip(certificates(option, path, &read(option, path)?)?) {
        let wrong = |e: &dyn std::fmt::Display| {
            unusable(
                option,
                path,
                format!("its certificate {number} cannot be used: {e}"),
            )
        };
        store.add(der.clone()).map_err(|e| wrong(&e))?;
        roots.push(der);
    }
    Ok(roots)
}

fn read_identity(cert: &Path, key: &Path) -> Result<Identity, TlsError> {
    let (cert_option, key_option) = ("--client-cert", "--client-key");
    let chain = certificates(cert_option, cert, &read(cert_option, cert)?)?;
    let key_pem = read(key_option, key)?;
    let key_der = PrivateKeyDer::from_pem_slice(&key_pem).map_err(|_| {
        let is_encrypted = memchr::memmem::find(&key_pem, b"ENCRYPTED").is_some();
        let reason = if is_encrypted {
            "the key is encrypted: write it without a passphrase (`openssl pkey -in FILE`) into a file that only this user may read"
        } else {
            "it contains no key: a PEM file is expected, with -----BEGIN PRIVATE KEY-----"
        };
        unusable(key_option, key, reason)
    })?;
    CertifiedKey::from_der(chain.clone(), key_der.clone_key(), &provider()).map_err(
        |e| match e {
            rustls::Error::InconsistentKeys(_) => unusable(
                key_option,
                key,
                format!(
                    "the key does not belong to the certificate {}",
                    cert.display()
                ),
            ),
            e => unusable(key_option, key, format!("the key cannot be used: {e}")),
        },
    )?;
    Ok(Identity {
        chain,
        key: key_der,
    })
}
