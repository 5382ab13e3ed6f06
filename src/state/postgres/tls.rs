//! TLS to the database: the certificate has to be of an authority that the system, `--ca-file` or `sslrootcert` trusts, and
//! of the host.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{AlertDescription, CertificateError, ClientConfig};
use rustls_platform_verifier::Verifier;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;

use super::address::TlsFiles;

/// Makes a TLS session for each connection.
#[derive(Clone)]
pub(super) struct Tls(Arc<ClientConfig>);

impl Tls {
    /// # Errors
    /// In words, where a file cannot be used.
    pub(super) fn new(ca_file: Option<&Path>, files: &TlsFiles) -> Result<Self, String> {
        let mut roots = Vec::new();
        for (name, path) in [
            ("--ca-file", ca_file),
            ("sslrootcert", files.authority.as_deref()),
        ] {
            if let Some(path) = path {
                roots.extend(certificates(name, path)?);
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let words = |e: rustls::Error| format!("TLS cannot be set up: {e}");
        let verifier =
            Verifier::new_with_extra_roots(roots, Arc::clone(&provider)).map_err(words)?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(words)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let config = match (&files.certificate, &files.key) {
            (Some(certificate), Some(key)) => {
                let chain = certificates("sslcert", certificate)?;
                let read =
                    PrivateKeyDer::from_pem_file(key).map_err(|e| wrong("sslkey", key, &e))?;
                let shown = config.with_client_auth_cert(chain, read);
                shown.map_err(|e| wrong("sslcert", certificate, &e))?
            }
            _ => config.with_no_client_auth(),
        };
        Ok(Self(Arc::new(config)))
    }
}

fn wrong(name: &str, path: &Path, reason: &dyn std::fmt::Display) -> String {
    format!("{name} {}: {reason}", path.display())
}

fn certificates(name: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path).map_err(|e| wrong(name, path, &e))?;
    let all: Vec<_> = read
        .collect::<Result<_, _>>()
        .map_err(|e| wrong(name, path, &e))?;
    if all.is_empty() {
        return Err(wrong(name, path, &"it holds no certificate"));
    }
    Ok(all)
}

/// What is wrong with TLS, and what to do about it; `None` where something else is wrong.
pub(super) fn refusal(error: &postgres::Error, host: &str) -> Option<String> {
    use std::error::Error as _;
    let mut cause = error.source();
    while let Some(current) = cause {
        let inner = current
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        if let Some(error) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return Some(in_words(error, host));
        }
        // The client has no type for it.
        if current.to_string() == "server does not support TLS" {
            return Some(format!(
                "{host} offers no TLS, and without it rows and the password would be seen on the way. Turn TLS on there (ssl = on)"
            ));
        }
        cause = current.source();
    }
    None
}

fn in_words(error: &rustls::Error, host: &str) -> String {
    let rustls::Error::InvalidCertificate(why) = error else {
        let rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::CertificateExpired,
        ) = error
        else {
            return format!("TLS with {host} cannot begin: {error}");
        };
        return format!(
            "{host} does not accept this program's certificate ({error}). Name one that it accepts by sslcert=FILE&sslkey=FILE in the address"
        );
    };
    match why {
        CertificateError::UnknownIssuer => format!(
            "the certificate of {host} is of an authority that is not trusted here. Name the authority's certificate (PEM) by --ca-file, or by sslrootcert=FILE in the address"
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!(
                "the certificate that was shown is not of {host}. Write the host as its certificate has it ({error}), or have one issued for this name"
            )
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => format!(
            "the certificate of {host} has expired ({error}). Have it renewed, or look at this machine's clock"
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => format!(
            "the certificate of {host} is not valid yet ({error}). Look at this machine's clock"
        ),
        _ => format!("the certificate of {host} is not accepted: {error}"),
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Tls {
    type Stream = Session<S>;
    type TlsConnect = Connect;
    type Error = io::Error;

    fn make_tls_connect(&mut self, domain: &str) -> io::Result<Connect> {
        let name = ServerName::try_from(domain.to_owned()).map_err(io::Error::other)?;
        let connector = TlsConnector::from(Arc::clone(&self.0));
        Ok(Connect { connector, name })
    }
}

/// A session about to be made.
pub(super) struct Connect {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Connect {
    type Stream = Session<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Session<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move { Ok(Session(self.connector.connect(self.name, stream).await?)) })
    }
}

/// A stream within TLS.
pub(super) struct Session<S>(tokio_rustls::client::TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Session<S> {
    fn channel_binding(&self) -> ChannelBinding {
        // The certificate is verified; binding would add the hash of it and a library for each kind of it.
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Session<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Session<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
