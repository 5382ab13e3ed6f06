//! What comes from the network: bodies up to a limit, and errors with their causes.

use reqwest::Response;

use super::answer_words::Said;

/// Why an answer was not read to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    #[error("the answer is longer than {} MiB", .0 / (1024 * 1024))]
    TooLong(usize),
    #[error("the answer broke off")]
    BrokeOff(Said),
}

impl Unread {
    pub(super) fn said(self) -> Said {
        match self {
            Unread::TooLong(_) => Said::Other(self.to_string()),
            Unread::BrokeOff(why) => why.behind("the answer broke off: "),
        }
    }
}

/// Reads an answer of at most `limit` bytes to its end, or says why not.
pub(super) async fn read_answer(mut response: Response, limit: usize) -> Result<Vec<u8>, Unread> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                if body.len() + chunk.len() > limit {
                    return Err(Unread::TooLong(limit));
                }
                body.extend_from_slice(&chunk);
            }
            Ok(None) => return Ok(body),
            Err(e) => return Err(Unread::BrokeOff(error_words(&e))),
        }
    }
}

/// Whether a proxy refused to open the tunnel to the API for want of a name and password: the request did not leave.
pub(super) fn is_proxy_refusal(error: &reqwest::Error) -> bool {
    error.is_connect() && words_of_error(error).contains("proxy authorization required")
}

/// What an error of the network says.
pub(super) fn error_words(error: &reqwest::Error) -> Said {
    Said::Other(words_of_error(error))
}

/// The error with its causes, without the URL.
fn words_of_error(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        let what = if error.is_connect() {
            "no connection"
        } else {
            "no answer"
        };
        return format!("{what} in time (timeout)");
    }
    let mut words = String::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(current) = cause {
        let text = current.to_string();
        // "client error (Connect)" says nothing to a person; its cause does.
        if !text.starts_with("client error (") && !words.contains(&text) {
            if !words.is_empty() {
                words.push_str(": ");
            }
            words.push_str(&text);
        }
        cause = current.source();
    }
    if words.is_empty() {
        return "no answer".to_owned();
    }
    let mut refused = REFUSED_CERTIFICATES.iter();
    match refused.find(|(said, _)| words.contains(*said)) {
        Some((_, meaning)) => (*meaning).to_owned(),
        None => words,
    }
}

/// What rustls says of a certificate that it refuses, and what that means for a person. The error itself lies in others that
/// hide its type. Source: the words of `rustls::CertificateError`.
const REFUSED_CERTIFICATES: [(&str, &str); 4] = [
    (
        "invalid peer certificate: certificate expired",
        "its certificate has expired. Whoever runs the API has to renew it; if it is valid, this machine's clock is ahead",
    ),
    (
        "invalid peer certificate: certificate not valid yet",
        "its certificate is not valid yet: check this machine's clock",
    ),
    (
        "invalid peer certificate: certificate not valid for name",
        "its certificate is for another name than --api-url has",
    ),
    (
        "invalid peer certificate: UnknownIssuer",
        "this machine does not trust the CA that signed its certificate; name the CA's certificate with --ca-file",
    ),
];
