//! What an error of the network says to a person.

use std::error::Error;

/// Who was asked, as messages name it.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// `the API`.
    pub who: &'static str,
    /// What says where it is: `--api-url`.
    pub address: &'static str,
}

/// The error with its causes, in words, without what only the libraries' authors know.
#[must_use]
pub fn words_of_causes(error: &dyn Error, asked: Asked) -> String {
    let mut words = String::new();
    let mut cause: Option<&dyn Error> = Some(error);
    while let Some(current) = cause {
        let text = current.to_string();
        let text = plain(&text);
        // "client error (Connect)" says nothing to a person; its cause does.
        let is_of_a_library = text.starts_with("client error (") || LAYERS.contains(&text);
        if !is_of_a_library && !words.contains(text) {
            if !words.is_empty() {
                words.push_str(": ");
            }
            words.push_str(text);
        }
        cause = current.source();
    }
    if words.is_empty() {
        return "no answer".to_owned();
    }
    let mut refused = REFUSED_BY_TLS.iter();
    match refused.find(|(said, _)| words.contains(*said)) {
        Some((_, meaning)) => meaning
            .replace("{who}", asked.who)
            .replace("{address}", asked.address),
        None => words,
    }
}

/// Where in the libraries something went wrong. Source: hyper-util's `ConnectError`, which has a cause of its own.
const LAYERS: [&str; 2] = ["tcp connect error", "dns error"];

/// An error of the system without its number, which is the system's own: `Connection refused (os error 111)`.
fn plain(text: &str) -> &str {
    text.rsplit_once(" (os error ")
        .filter(|(_, number)| number.ends_with(')'))
        .map_or(text, |(words, _)| words)
}

/// What rustls says of a certificate that it refuses, or of a connection that somebody may have cut, and what that means for a
/// person, with who was asked. The error itself lies in others that hide its type. Source: the words of `rustls::CertificateError`.
const REFUSED_BY_TLS: [(&str, &str); 6] = [
    (
        "invalid peer certificate: certificate expired",
        "its certificate has expired. Whoever runs {who} has to renew it; if it is valid, this machine's clock is ahead",
    ),
    (
        "invalid peer certificate: certificate not valid yet",
        "its certificate is not valid yet: check this machine's clock",
    ),
    (
        "invalid peer certificate: certificate not valid for name",
        "its certificate is for another name than {address} has",
    ),
    (
        "CaUsedAsEndEntity",
        "its certificate is one of a CA (`openssl req -x509` makes such), and a server has to show one that a CA signed: sign one, or make it anew with basicConstraints=CA:FALSE",
    ),
    (
        "invalid peer certificate: UnknownIssuer",
        "this machine does not trust the CA that signed its certificate; name the CA's certificate with --ca-file",
    ),
    (
        "without sending TLS close_notify",
        "its server, or a proxy before it, ends connections without saying that the answer is complete (no Content-Length, and no TLS close_notify), so it may be cut off; whoever runs it has to send one of them",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{said}")]
    struct Layer {
        said: &'static str,
        source: Option<Box<Layer>>,
    }

    #[test]
    fn causes_stand_one_behind_the_other_each_once() {
        let error = [
            "dns error",
            "not known",
            "lost",
            "client error (Connect)",
            "lost (os error 5)",
        ]
        .into_iter()
        .fold(None, |source, said| Some(Box::new(Layer { said, source })));
        let asked = Asked {
            who: "the API",
            address: "--api-url",
        };
        let found = words_of_causes(&*error.unwrap(), asked);
        assert_eq!(found, "lost: not known");
    }

    #[test]
    fn a_certificate_is_that_of_who_was_asked() {
        let asked = Asked {
            who: "the watchdog",
            address: "its address",
        };
        for (said, words) in [
            (
                "invalid peer certificate: certificate expired: at",
                "Whoever runs the watchdog has",
            ),
            (
                "invalid peer certificate: certificate not valid for name",
                "than its address has",
            ),
            ("Connection refused", "Connection refused"),
            ("tcp connect error", "no answer"),
            ("refused (os error 7)", "refused"),
            ("refused (os error 7) twice", "refused (os error 7) twice"),
        ] {
            let found = words_of_causes(&std::io::Error::other(said), asked);
            assert!(found.contains(words), "{found}");
            assert_eq!(found == words, !said.contains(':'), "{found}");
        }
    }
}
