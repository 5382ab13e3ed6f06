//! How requests travel: which certificates are trusted and shown, and whether plain http may leave the machine.

use std::path::PathBuf;

use super::env::{self, Environment};
use super::error::ConfigError;
use super::file::ApiSection;

/// The settings of the way to the API; what is absent is the system's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transport {
    /// `--ca-file`: certificates (PEM) that are trusted beside the system's own.
    pub ca_file: Option<PathBuf>,
    /// `--client-cert`: the certificate (PEM) that the program shows to the API, with those that lead to its CA.
    pub client_cert: Option<PathBuf>,
    /// `--client-key`: the key of that certificate (PEM).
    pub client_key: Option<PathBuf>,
    /// `--insecure-http`: plain http may go to other machines.
    pub insecure_http: bool,
}

impl Transport {
    /// Flag, then environment, then file.
    pub(super) fn resolve(
        typed: Self,
        environment: &Environment,
        file: &ApiSection,
    ) -> Result<Self, ConfigError> {
        let path = |typed: Option<PathBuf>, name, written: &Option<PathBuf>| {
            typed
                .or_else(|| environment.get(name).map(PathBuf::from))
                .or_else(|| written.clone())
        };
        let asked = match environment.get(env::INSECURE_HTTP) {
            None => file.insecure_http,
            Some("true" | "1") => true,
            Some("false" | "0") => false,
            Some(value) => {
                return Err(ConfigError::Value {
                    name: "insecure_http",
                    value: value.to_owned(),
                    origin: "environment".to_owned(),
                    reason: "write true or false".to_owned(),
                });
            }
        };
        let transport = Self {
            ca_file: path(typed.ca_file, env::CA_FILE, &file.ca_file),
            client_cert: path(typed.client_cert, env::CLIENT_CERT, &file.client_cert),
            client_key: path(typed.client_key, env::CLIENT_KEY, &file.client_key),
            insecure_http: typed.insecure_http || asked,
        };
        match (&transport.client_cert, &transport.client_key) {
            (Some(_), None) => Err(ConfigError::Half {
                given: "client_cert",
                missing: "client_key",
            }),
            (None, Some(_)) => Err(ConfigError::Half {
                given: "client_key",
                missing: "client_cert",
            }),
            _ => Ok(transport),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flag_beats_environment_beats_file() {
        let file: ApiSection = toml::from_str(
            "ca_file = \"f\"\nclient_cert = \"f\"\nclient_key = \"f\"\ninsecure_http = true",
        )
        .unwrap();
        let environment = Environment::of(&[
            (env::CA_FILE, "e"),
            (env::CLIENT_CERT, "e"),
            (env::INSECURE_HTTP, "false"),
        ]);
        let typed = Transport {
            ca_file: Some("t".into()),
            ..Transport::default()
        };
        let all = Transport::resolve(typed, &environment, &file).unwrap();
        assert_eq!(
            all,
            Transport {
                ca_file: Some("t".into()),
                client_cert: Some("e".into()),
                client_key: Some("f".into()),
                insecure_http: false,
            }
        );
        let of_file = Transport::resolve(Transport::default(), &Environment::default(), &file);
        assert!(of_file.unwrap().insecure_http);
        let typed = Transport {
            insecure_http: true,
            ..Transport::default()
        };
        assert!(
            Transport::resolve(typed, &environment, &file)
                .unwrap()
                .insecure_http
        );
    }

    #[test]
    fn what_is_half_or_no_word_is_refused() {
        let none = ApiSection::default();
        for (name, says) in [
            (env::CLIENT_CERT, "client_key"),
            (env::CLIENT_KEY, "client_cert"),
            (env::INSECURE_HTTP, "true or false"),
        ] {
            let environment = Environment::of(&[(name, "maybe")]);
            let words = Transport::resolve(Transport::default(), &environment, &none)
                .unwrap_err()
                .to_string();
            assert!(words.contains(says), "{words}");
        }
    }
}
