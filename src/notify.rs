//! Messages to whoever watches the nights: a webhook, a watchdog that is pinged, a gateway that takes metrics.
//!
//! What comes in: an address and a text without values of the source. What goes out: one request. It is tried a few
//! times; what fails never fails a run, and no message shows the address.
//! Source of the webhook's `text`: Slack's page on incoming webhooks.

use std::error::Error as _;
use std::time::Duration;

use serde_json::Value;

use crate::http_client::{self, Asked, Tls, words_of_causes};
use crate::secret::Secret;

/// Tries in all.
const TRIES: u32 = 3;
/// The longest one try of the webhook may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The wait before the second try; it doubles.
const WAIT: Duration = Duration::from_secs(1);

/// The body: `text` for people, `partner_sync` for programs.
#[must_use]
pub fn message(text: &str, summary: &Value) -> Value {
    serde_json::json!({"text": text, "partner_sync": summary})
}

/// Whether an address can be asked.
///
/// # Errors
/// What is wrong with it, without showing it and without the setting that names it.
pub fn check_address(url: &Secret) -> Result<reqwest::Url, String> {
    let parsed = reqwest::Url::parse(url.expose())
        .map_err(|e| format!("no address that can be asked ({e})"))?;
    if matches!(parsed.scheme(), "http" | "https") && parsed.host_str().is_some() {
        Ok(parsed)
    } else {
        Err("not an http or https address".to_owned())
    }
}

/// Posts a message to the webhook.
///
/// # Errors
/// Why it was not taken after all tries, in words that do not show the address.
pub async fn post(url: &Secret, body: &Value, tls: &Tls) -> Result<(), String> {
    let address = check_address(url)?;
    let text = body.to_string();
    let message = Message {
        who: "the webhook",
        method: reqwest::Method::POST,
        content_type: "application/json",
        body: &text,
    };
    message.send(address, TIMEOUT, Duration::MAX, tls).await
}

/// A request whose answer is only looked at for whether it was taken.
#[derive(Debug, Clone)]
pub struct Message<'m> {
    /// What takes it, in words: `the webhook`.
    pub who: &'static str,
    /// How it is sent.
    pub method: reqwest::Method,
    /// What the body is.
    pub content_type: &'static str,
    /// What is sent.
    pub body: &'m str,
}

impl Message<'_> {
    /// Sends it, a few times where that may help and the tries together take less than `total`; each takes `limit` at most.
    ///
    /// # Errors
    /// Why it was not taken, in words that do not show the address.
    pub async fn send(
        &self,
        address: reqwest::Url,
        limit: Duration,
        total: Duration,
        tls: &Tls,
    ) -> Result<(), String> {
        let began = tokio::time::Instant::now();
        let client = tls.client(http_client::builder().timeout(limit))?;
        let mut wait = WAIT;
        let mut tried = 0;
        loop {
            tried += 1;
            let request = client
                .request(self.method.clone(), address.clone())
                .header(reqwest::header::CONTENT_TYPE, self.content_type)
                .body(self.body.to_owned());
            let words = match request.send().await {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) if answer.status().is_redirection() => {
                    // The answer may name an address that holds a secret, and a POST is not to go elsewhere unasked.
                    return Err(format!(
                        "{} answered {}: it has moved. Write the address that it redirects to",
                        self.who,
                        answer.status()
                    ));
                }
                Ok(answer) if answer.status().is_client_error() && answer.status() != 429 => {
                    return Err(format!("{} answered {}", self.who, answer.status()));
                }
                Ok(answer) => format!("{} answered {}", self.who, answer.status()),
                Err(e) if e.is_timeout() => format!("{} did not answer in time", self.who),
                Err(e) => {
                    let asked = Asked {
                        who: self.who,
                        address: "its address",
                    };
                    // reqwest's own words say no more than that something was sent.
                    let cause = e.source().map_or_else(
                        || "no answer".to_owned(),
                        |cause| words_of_causes(cause, asked),
                    );
                    format!("{} cannot be reached: {cause}", self.who)
                }
            };
            if tried >= TRIES || began.elapsed() + wait >= total {
                return Err(words);
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
    }
}
