//! reqwest: bodies and statuses → outcomes.
//!
//! One client for the run. Redirects and reqwest's own retries are off: either would send a create a
//! second time without the ledger knowing.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::RETRY_AFTER;
use reqwest::{Client, Method, Response, Url};
use serde_json::Value;

use super::auth::Auth;
use super::body_probe::ProbeBody;
use super::contract::{Advises, ListFilter, Page, PartnersApi, RemotePartner, id_of};
use super::error::ApiError;
use super::retry::{retry_after, spent_quota};
use crate::clock::Clock;
use crate::http_client;
use crate::partner::{ApiWords, CreateOutcome, NotMade, PartnerId, Query};

/// How the client is set up.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// The API's base, `https://orgs.ecg-api.com`; a path in it is kept.
    pub base: Url,
    /// The longest a request may take, connecting included.
    pub timeout: Duration,
    /// Connections kept open at most.
    pub connections: usize,
}

/// The API over HTTP.
#[derive(Debug, Clone)]
pub struct HttpApi {
    client: Client,
    partners: Url,
    health: Url,
    auth: Auth,
    clock: Clock,
    advice: Arc<Mutex<Option<Duration>>>,
}

/// Below the keep-alive of common servers (Node's is 5 s): an idle connection that the server closes in the
/// moment a request goes out on it would put that request in doubt.
const IDLE: Duration = Duration::from_secs(3);
/// The longest an address may take to connect, so that a dead host is told from a slow answer.
const CONNECT: Duration = Duration::from_secs(10);
/// For how long a 503 without a time is heeded.
const UNASKED: Duration = Duration::from_secs(1);
/// An answer longer than this is not read to its end.
const ANSWER_BYTES: usize = 64 * 1024 * 1024;

impl HttpApi {
    /// Sets the client up.
    pub fn new(settings: &HttpSettings, auth: Auth, clock: Clock) -> Result<Self, ApiError> {
        let setup = |e: &dyn std::fmt::Display| ApiError::Setup(e.to_string());
        let mut builder = http_client::builder()
            .timeout(settings.timeout)
            .connect_timeout(CONNECT.min(settings.timeout))
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(settings.connections);
        if is_loopback(&settings.base) {
            // No proxy and no system certificates are needed, and neither may be there.
            builder = builder.no_proxy();
            if settings.base.scheme() == "http" {
                builder = builder.tls_certs_only([]);
            }
        }
        let client = builder.build().map_err(|e| setup(&e))?;
        let join = |path: &str| {
            let base = settings.base.as_str().trim_end_matches('/');
            Url::parse(&format!("{base}/{path}")).map_err(|e| setup(&e))
        };
        Ok(Self {
            client,
            partners: join("api/v2/partners")?,
            health: join("healthcheck")?,
            auth,
            clock,
            advice: Arc::default(),
        })
    }

    fn now(&self) -> std::time::SystemTime {
        let millis = u64::try_from(self.clock.now().0).unwrap_or(0);
        std::time::UNIX_EPOCH + Duration::from_millis(millis)
    }

    async fn ask(&self, url: Url) -> Result<Response, ApiError> {
        let token = self.auth.token().await;
        let sent = self
            .client
            .request(Method::GET, url)
            .bearer_auth(token.secret.expose())
            .send()
            .await;
        sent.map_err(|e| ApiError::Unreachable(ApiWords::new(&error_words(&e))))
    }

    async fn json(&self, response: Response) -> Result<Value, ApiError> {
        let status = response.status();
        let retry = self.retry_after_of(&response);
        let body = read_answer(response)
            .await
            .map_err(|e| ApiError::Unreachable(ApiWords::new(&e)))?;
        match status.as_u16() {
            200..=299 => serde_json::from_slice(&body).map_err(|e| {
                ApiError::Unreadable(ApiWords::new(&format!("{e}: {}", words_of(&body))))
            }),
            401 => Err(ApiError::Unauthorised(ApiWords::new(&words_of(&body)))),
            403 => Err(ApiError::Forbidden(ApiWords::new(&words_of(&body)))),
            status @ (429 | 503) => Err(ApiError::Throttled {
                status,
                retry_after: retry,
            }),
            status => Err(ApiError::Status {
                status,
                words: ApiWords::new(&words_of(&body)),
            }),
        }
    }

    /// `Retry-After`, else what the `RateLimit` headers ask for. On an answer that is no refusal, a spent
    /// quota is kept as advice: the next request would be refused.
    fn retry_after_of(&self, response: &Response) -> Option<Duration> {
        let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok());
        let asked = header(RETRY_AFTER.as_str()).and_then(|v| retry_after(v, self.now()));
        let spent = spent_quota(header);
        if response.status().is_success()
            && let (Some(pause), Ok(mut advice)) = (spent, self.advice.lock())
        {
            *advice = Some(pause);
        }
        asked.or(spent)
    }
}

impl PartnersApi for HttpApi {
    async fn create(&self, body: Bytes, query: Query) -> CreateOutcome {
        let mut url = self.partners.clone();
        if query != Query::default() {
            url.query_pairs_mut()
                .append_pair(
                    "createApptivoAccount",
                    bool_word(query.create_apptivo_account),
                )
                .append_pair(
                    "createBillDotComProfile",
                    bool_word(query.create_bill_com_profile),
                );
        }
        let token = self.auth.token().await;
        let (probe_body, probe) = ProbeBody::new(body);
        let sent = self
            .client
            .post(url)
            .bearer_auth(token.secret.expose())
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(reqwest::Body::wrap(probe_body))
            .send()
            .await;
        match sent {
            Ok(response) => self.created(response).await,
            Err(error) => {
                let words = ApiWords::new(&error_words(&error));
                if probe.was_asked() {
                    CreateOutcome::InDoubt {
                        words,
                        retry_after: None,
                    }
                } else {
                    CreateOutcome::NotMade(NotMade::NotSent(words))
                }
            }
        }
    }

    async fn list(&self, filter: &ListFilter, skip: u64, take: u64) -> Result<Page, ApiError> {
        let mut url = self.partners.clone();
        {
            let mut pairs = url.query_pairs_mut();
            for (name, value) in &filter.parameters {
                pairs.append_pair(name, value);
            }
            pairs
                .append_pair("skip", &skip.to_string())
                .append_pair("take", &take.to_string());
        }
        let response = self.ask(url).await?;
        page_of(self.json(response).await?)
    }

    async fn get(
        &self,
        id: &PartnerId,
        include: &[String],
    ) -> Result<Option<RemotePartner>, ApiError> {
        let mut url = self.partners.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.push(id.as_str());
        }
        for include in include {
            url.query_pairs_mut().append_pair("include", include);
        }
        let response = self.ask(url).await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let raw = self.json(response).await?;
        RemotePartner::from_json(raw)
            .map(Some)
            .ok_or_else(|| ApiError::Unreadable(ApiWords::new("the partner has no id")))
    }

    async fn health(&self) -> Result<(), ApiError> {
        let response = self.ask(self.health.clone()).await?;
        match response.status().as_u16() {
            404 | 405 => Ok(()),
            _ => self.json(response).await.map(|_| ()),
        }
    }
}

impl Advises for HttpApi {
    fn take_advice(&self) -> Option<Duration> {
        self.advice.lock().ok().and_then(|mut advice| advice.take())
    }
}

impl HttpApi {
    /// Sorts an answer to a create. Source: the contract's section on state.
    async fn created(&self, response: Response) -> CreateOutcome {
        let status = response.status();
        let retry = self.retry_after_of(&response);
        let body = read_answer(response).await;
        let words = |body: &Result<Vec<u8>, String>| match body {
            Ok(body) => ApiWords::new(&words_of(body)),
            Err(e) => ApiWords::new(e),
        };
        match status.as_u16() {
            200..=299 => {
                let id = body
                    .as_ref()
                    .ok()
                    .and_then(|b| serde_json::from_slice::<Made>(b).ok())
                    .and_then(|made| id_of(&made.id));
                match id {
                    Some(id) => CreateOutcome::Created(id),
                    // Made, most probably, but under an id that nobody told.
                    None => CreateOutcome::InDoubt {
                        words: ApiWords::new(&format!("{status} without an id: {}", words(&body))),
                        retry_after: None,
                    },
                }
            }
            401 => CreateOutcome::NotMade(NotMade::Unauthorised(words(&body))),
            403 => CreateOutcome::NotMade(NotMade::Forbidden(words(&body))),
            429 => CreateOutcome::NotMade(NotMade::Throttled { retry_after: retry }),
            code @ 400..=499 => CreateOutcome::Rejected {
                status: code,
                words: words(&body),
            },
            code => CreateOutcome::InDoubt {
                words: ApiWords::new(&format!("{status}: {}", words(&body))),
                // A 503 asks to be left alone, though it does not say for how long.
                retry_after: retry.or((code == 503).then_some(UNASKED)),
            },
        }
    }
}

/// All that an answer to a create is read for.
#[derive(serde::Deserialize)]
struct Made {
    #[serde(default)]
    id: Value,
}

fn bool_word(b: bool) -> &'static str {
    if b { "true" } else { "false" }
}

/// Whether an address is this machine's own.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}

/// Reads an answer to its end, or says why not.
async fn read_answer(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                if body.len() + chunk.len() > ANSWER_BYTES {
                    return Err("the answer is too long".to_owned());
                }
                body.extend_from_slice(&chunk);
            }
            Ok(None) => return Ok(body),
            Err(e) => return Err(format!("the answer broke off: {}", error_words(&e))),
        }
    }
}

/// The error with its causes, without the URL.
fn error_words(error: &reqwest::Error) -> String {
    let mut words = if error.is_timeout() {
        "timeout".to_owned()
    } else {
        String::new()
    };
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(current) = cause {
        let text = current.to_string();
        if !words.contains(&text) {
            if !words.is_empty() {
                words.push_str(": ");
            }
            words.push_str(&text);
        }
        cause = current.source();
    }
    if words.is_empty() {
        "no answer".to_owned()
    } else {
        words
    }
}

/// What an error body says: NestJS' message or messages, a page's title, or its text.
fn words_of(body: &[u8]) -> String {
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        return match value.get("message") {
            Some(Value::String(s)) => s.clone(),
            Some(Value::Array(list)) => list
                .iter()
                .map(|m| m.as_str().map_or_else(|| m.to_string(), str::to_owned))
                .collect::<Vec<_>>()
                .join("; "),
            _ => value
                .get("error")
                .and_then(Value::as_str)
                .map_or_else(|| value.to_string(), str::to_owned),
        };
    }
    let text = String::from_utf8_lossy(body);
    let title = text
        .split_once("<title>")
        .and_then(|(_, rest)| rest.split_once("</title>"))
        .map(|(t, _)| t);
    title.unwrap_or(&text).trim().to_owned()
}

/// The documented envelope, or a bare array.
fn page_of(value: Value) -> Result<Page, ApiError> {
    let number = |name: &str| value.get(name).and_then(Value::as_u64);
    let (number, per_page, total_pages, total_records) = (
        number("currentPageNumber"),
        number("recordsPerPage"),
        number("totalPages"),
        number("totalRecords"),
    );
    let items = match value {
        Value::Array(items) => items,
        Value::Object(mut object) => match object.remove("items") {
            Some(Value::Array(items)) => items,
            _ => return Err(ApiError::Unreadable(ApiWords::new("the list has no items"))),
        },
        Value::Null => Vec::new(),
        _ => return Err(ApiError::Unreadable(ApiWords::new("the list is no list"))),
    };
    let length = items.len();
    Ok(Page {
        items: items
            .into_iter()
            .filter_map(RemotePartner::from_json)
            .collect(),
        length,
        number,
        per_page,
        total_pages,
        total_records,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_bodies_of_all_kinds_have_words() {
        for (body, words) in [
            (
                r#"{"statusCode":400,"message":"no","error":"Bad Request"}"#,
                "no",
            ),
            (
                r#"{"statusCode":400,"message":["a is wrong","b is wrong"]}"#,
                "a is wrong; b is wrong",
            ),
            (r#"{"error":"Bad Request"}"#, "Bad Request"),
            (
                "<html><head><title>502 Bad Gateway</title></head></html>",
                "502 Bad Gateway",
            ),
            ("plain words", "plain words"),
            ("", ""),
        ] {
            assert_eq!(words_of(body.as_bytes()), words);
        }
    }

    #[test]
    fn the_list_is_an_envelope_or_an_array() {
        let page = page_of(serde_json::json!({"items": [{"id": "a"}, {"x": 1}], "totalPages": 3}))
            .unwrap();
        assert_eq!(
            (page.items.len(), page.length, page.total_pages),
            (1, 2, Some(3))
        );
        assert_eq!(page_of(serde_json::json!([{"id": "a"}])).unwrap().length, 1);
        assert_eq!(page_of(Value::Null).unwrap().length, 0);
        assert!(page_of(serde_json::json!({"x": 1})).is_err());
    }

    #[test]
    fn loopback_is_known() {
        for (url, loopback) in [
            ("http://127.0.0.1:80", true),
            ("http://[::1]:80", true),
            ("http://localhost", true),
            ("https://orgs.ecg-api.com", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), loopback);
        }
    }
}
