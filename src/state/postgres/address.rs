//! Which database, as a person writes it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr as _;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use postgres::Config;
use postgres::config::{Host, SslMode, TargetSessionAttrs};

/// A Postgres database, as a person wrote it: `postgres://user@host/db`. Never with a password.
#[derive(Clone)]
pub struct ServerAddress {
    text: String,
    /// Large, and errors carry addresses.
    config: Box<Config>,
    tls: Box<TlsFiles>,
}

/// Files for TLS that an address names, as libpq calls them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TlsFiles {
    /// `sslrootcert`: certificates that are trusted beside the system's own.
    pub(super) authority: Option<PathBuf>,
    /// `sslcert`: what this program shows.
    pub(super) certificate: Option<PathBuf>,
    /// `sslkey`: the key of that.
    pub(super) key: Option<PathBuf>,
}

impl TlsFiles {
    /// Takes them out of an address: the client does not know them.
    fn taken_from(address: &str) -> (String, Self) {
        let mut files = Self::default();
        let Some((before, parameters)) = address.split_once('?') else {
            return (address.to_owned(), files);
        };
        let mut left = Vec::new();
        for parameter in parameters.split('&') {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let place = match name {
                "sslrootcert" => &mut files.authority,
                "sslcert" => &mut files.certificate,
                "sslkey" => &mut files.key,
                _ => {
                    left.push(parameter);
                    continue;
                }
            };
            let value = percent_decode_str(value).decode_utf8_lossy();
            // The system's own are trusted anyway.
            *place = Some(PathBuf::from(value.as_ref())).filter(|path| path != "system");
        }
        (format!("{before}?{}", left.join("&")), files)
    }
}

impl PartialEq for ServerAddress {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for ServerAddress {}

/// How the address of a database begins.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];
/// How long one host may take to answer.
const CONNECT: Duration = Duration::from_secs(10);
/// After how long without a sign a connection is called dead.
const SILENT: Duration = Duration::from_secs(10);

impl ServerAddress {
    /// Reads an address; `None` where the text is no address of a database.
    ///
    /// # Errors
    /// In words, without the address: it may hold a password.
    #[must_use]
    pub fn parse(text: &str) -> Option<Result<Self, String>> {
        let is_server = SCHEMES.iter().any(|scheme| text.starts_with(scheme));
        is_server.then(|| Self::read(text))
    }

    fn read(text: &str) -> Result<Self, String> {
        // The client calls the strict modes `require`; certificates and names are always verified here.
        let (plain, tls) = TlsFiles::taken_from(text);
        if tls.certificate.is_some() != tls.key.is_some() {
            return Err("sslcert and sslkey go together: name both, or neither".to_owned());
        }
        let plain = plain
            .replace("sslmode=verify-full", "sslmode=require")
            .replace("sslmode=verify-ca", "sslmode=require");
        // What the client says of it may quote a part of it.
        let mut config = Config::from_str(&plain)
            .map_err(|_| "it cannot be read. Write postgres://USER@HOST/DATABASE".to_owned())?;
        if config.get_password().is_some() {
            return Err("a password does not belong into the address: it would be seen in lists of processes and in logs. Put it into a password file (PGPASSFILE, or ~/.pgpass), or print it by `[state] password_command`".to_owned());
        }
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err("it names no host. Write postgres://USER@HOST/DATABASE, or postgres:///DATABASE?host=/FOLDER for a socket".to_owned());
        }
        let is_local = config.get_hosts().iter().all(is_local)
            && config
                .get_hostaddrs()
                .iter()
                .all(std::net::IpAddr::is_loopback);
        match (is_local, config.get_ssl_mode()) {
            (true, SslMode::Require) => {}
            (true, _) => {
                config.ssl_mode(SslMode::Disable);
            }
            (false, SslMode::Disable) => {
                return Err("sslmode=disable would send rows and the password as plain text to another machine; leave it out".to_owned());
            }
            (false, _) => {
                config.ssl_mode(SslMode::Require);
            }
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SILENT);
        }
        config
            .keepalives_idle(SILENT / 2)
            .keepalives_interval(SILENT / 5)
            .keepalives_retries(3);
        if config.get_application_name().is_none() {
            config.application_name("partner-sync");
        }
        if config.get_hosts().len() > 1 {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        Ok(Self {
            text: text.to_owned(),
            config: Box::new(config),
            tls: Box::new(tls),
        })
    }

    /// The first host by its name, or the folder of its socket.
    #[must_use]
    pub fn host(&self) -> String {
        match self.config.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            #[cfg(unix)]
            Some(Host::Unix(_)) => "localhost".to_owned(),
            None => String::new(),
        }
    }

    /// The first port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.config.get_ports().first().copied().unwrap_or(5432)
    }

    /// The user, where the address names one.
    #[must_use]
    pub fn user(&self) -> &str {
        self.config.get_user().unwrap_or_default()
    }

    /// The database; the user's name where the address names none.
    #[must_use]
    pub fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or_else(|| self.user())
    }

    pub(super) fn tls_files(&self) -> &TlsFiles {
        &self.tls
    }

    pub(super) fn config(&self) -> Config {
        (*self.config).clone()
    }
}

/// Whether rows would not leave this machine.
fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            let name = name.trim_matches(['[', ']']);
            name == "localhost"
                || name
                    .parse()
                    .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_for_tls_are_read_as_libpq_does() {
        let files = |more: &str| {
            let address = format!("postgres://u@db.example.com/d{more}");
            let address = ServerAddress::parse(&address).unwrap().unwrap();
            assert_eq!(address.config.get_ssl_mode(), SslMode::Require);
            address.tls.as_ref().clone()
        };
        assert_eq!(files("?sslrootcert=system"), TlsFiles::default());
        let named = TlsFiles {
            authority: Some("/etc/a b.pem".into()),
            certificate: Some("c".into()),
            key: Some("k".into()),
        };
        let parameters = "?sslcert=c&sslmode=verify-full&sslrootcert=%2Fetc%2Fa%20b.pem&sslkey=k";
        assert_eq!(files(parameters), named);
    }

    #[test]
    fn an_address_is_read_or_refused_without_being_shown() {
        let read = |text: &str| ServerAddress::parse(text).unwrap();
        for (text, mode) in [
            ("postgres://u@db.example.com/d", SslMode::Require),
            (
                "postgres://u@db.example.com/d?sslmode=verify-full",
                SslMode::Require,
            ),
            (
                "postgresql://u@db.example.com:6432/d?sslmode=prefer",
                SslMode::Require,
            ),
            ("postgres://u@localhost/d", SslMode::Disable),
            ("postgres://u@127.0.0.1:5433/d", SslMode::Disable),
            (
                "postgres://u@127.0.0.1/d?sslmode=verify-full",
                SslMode::Require,
            ),
            ("postgres:///d?host=/run/postgresql", SslMode::Disable),
            ("postgres://u@%2Frun%2Fpostgresql/d", SslMode::Disable),
        ] {
            let address = read(text).unwrap();
            assert_eq!(address.config.get_ssl_mode(), mode, "{text}");
            assert_eq!(address.to_string(), text);
            assert_eq!(address.database(), "d");
        }
        for text in [
            "postgres://u:hush@db.example.com/d",
            "postgres://u@db.example.com/d?password=hush",
            "postgres://u@db.example.com/hush?sslmode=disable",
            "postgres://u@localhost:hush/d",
            "postgres:///hush",
            "postgres://u@a/d?hush=1",
            "postgres://u@a/d?sslcert=/hush",
        ] {
            let words = read(text).unwrap_err();
            assert!(!words.contains("hush"), "{text}: {words}");
        }
        for text in ["s.db", "/var/lib/s.db", "http://a/b", "postgres.db"] {
            assert!(ServerAddress::parse(text).is_none(), "{text}");
        }
    }
}
