//! A webhook that gets the result of a night.
//!
//! What comes in: an address and a text without values of the source. What goes out: one POST of JSON whose
//! `text` Slack and its relatives show. It is tried a few times; a webhook that fails never fails a run.
//! Source of `text`: Slack's page on incoming webhooks.

use std::time::Duration;

use serde_json::Value;

use crate::http_client::{self, Tls};
use crate::secret::Secret;

/// Tries in all.
const TRIES: u32 = 3;
/// The longest one try may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The wait before the second try; it doubles.
const WAIT: Duration = Duration::from_secs(1);

/// The body: `text` for people, `partner_sync` for programs.
#[must_use]
pub fn message(text: &str, summary: &Value) -> Value {
    serde_json::json!({"text": text, "partner_sync": summary})
}

/// Whether an address can be posted to.
///
/// # Errors
/// What is wrong with it, without showing it.
pub fn check_address(url: &Secret) -> Result<reqwest::Url, String> {
    let parsed = reqwest::Url::parse(url.expose()).map_err(|e| format!("[notify] url: {e}"))?;
    if matches!(parsed.scheme(), "http" | "https") && parsed.host_str().is_some() {
        Ok(parsed)
    } else {
        Err("[notify] url is not an http or https address".to_owned())
    }
}

/// Posts.
///
/// # Errors
/// Why it was not taken after all tries, in words that do not show the address.
pub async fn post(url: &Secret, body: &Value, tls: &Tls) -> Result<(), String> {
    let address = check_address(url)?;
    let client = tls.apply(http_client::builder().timeout(TIMEOUT)).build();
    let client = client.map_err(|e| http_client::setup_words(&e))?;
    let mut wait = WAIT;
    let mut tried = 0;
    loop {
        tried += 1;
        let words = match client.post(address.clone()).json(body).send().await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) if answer.status().is_client_error() && answer.status() != 429 => {
                return Err(format!("the webhook answered {}", answer.status()));
            }
            Ok(answer) => format!("the webhook answered {}", answer.status()),
            Err(e) => e.without_url().to_string(),
        };
        if tried >= TRIES {
            return Err(words);
        }
        tokio::time::sleep(wait).await;
        wait *= 2;
    }
}
