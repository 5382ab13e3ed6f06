//! How requests travel: which certificates are trusted and shown, and whether plain http may leave the machine.

use std::path::PathBuf;

use super::error::ConfigError;
use super::file::ApiSection;

/// The settings of the way to the API; what is absent is the system's own. `B` is whether plain http is allowed, which
/// may be left open in what was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transport<B = bool> {
    /// `--ca-file`: certificates (PEM) that are trusted beside the system's own.
    pub ca_file: Option<PathBuf>,
    /// `--client-cert`: the certificate (PEM) that the program shows to the API, with those that lead to its CA.
    pub client_cert: Option<PathBuf>,
    /// `--client-key`: the key of that certificate (PEM).
    pub client_key: Option<PathBuf>,
    /// `--insecure-http`: plain http may go to other machines.
    pub insecure_http: B,
}

impl Transport {
    /// What was typed, then the file.
    pub(super) fn resolve(
        typed: Transport<Option<bool>>,
        file: &ApiSection,
    ) -> Result<Self, ConfigError> {
        let path =
            |typed: Option<PathBuf>, written: &Option<PathBuf>| typed.or_else(|| written.clone());
        let transport = Self {
            ca_file: path(typed.ca_file, &file.ca_file),
            client_cert: path(typed.client_cert, &file.client_cert),
            client_key: path(typed.client_key, &file.client_key),
            insecure_http: typed.insecure_http.unwrap_or(file.insecure_http),
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
    fn what_is_typed_beats_the_file() {
        let file: ApiSection = toml::from_str(
            "ca_file = \"f\"\nclient_cert = \"f\"\nclient_key = \"f\"\ninsecure_http = true",
        )
        .unwrap();
        let typed = Transport {
            ca_file: Some("t".into()),
            client_cert: Some("t".into()),
            client_key: None,
            insecure_http: Some(false),
        };
        let all = Transport::resolve(typed, &file).unwrap();
        assert_eq!(
            all,
            Transport {
                ca_file: Some("t".into()),
                client_cert: Some("t".into()),
                client_key: Some("f".into()),
                insecure_http: false,
            }
        );
        let of_file = Transport::resolve(Transport::default(), &file);
        assert!(of_file.unwrap().insecure_http);
        let typed = Transport {
            insecure_http: Some(true),
            ..Transport::default()
        };
        let none = ApiSection::default();
        assert!(Transport::resolve(typed, &none).unwrap().insecure_http);
        let neither = Transport::resolve(Transport::default(), &none);
        assert!(!neither.unwrap().insecure_http);
    }

    #[test]
    fn half_of_a_pair_is_refused() {
        let none = ApiSection::default();
        let cert = Transport {
            client_cert: Some("c".into()),
            ..Transport::default()
        };
        let key = Transport {
            client_key: Some("k".into()),
            ..Transport::default()
        };
        for (typed, says) in [(cert, "client_key"), (key, "client_cert")] {
            let words = Transport::resolve(typed, &none).unwrap_err().to_string();
            assert!(words.contains(says), "{words}");
        }
    }
}
