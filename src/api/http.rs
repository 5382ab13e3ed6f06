//! The API over HTTP: creates and questions out, bodies and statuses in.
//!
//! One client for the run. It follows no redirect and repeats nothing: either would send a create a
//! second time without the state knowing.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER};
use http::{Method, Request, StatusCode, Uri};
use reqwest::Url;
use serde_json::Value;

use super::answer::{answered, page_of};
use super::answer_words::{BodyWords, Redaction, Said};
use super::auth::{Auth, Token};
use super::body_probe::ProbeBody;
use super::contract::{Backpressure, CreateRequest, ListFilter, Page, PartnersApi, RemotePartner};
use super::error::ApiError;
use super::gate::Gate;
use super::network::{Unread, error_words, is_proxy_refusal, read_answer};
use super::redirect;
use super::retry::{is_of_quota, retry_after, spent_quota};
use super::transport::{Failure, Response, Transport};
use super::verdict::{Answer, Reached, verdict};
use crate::clock::Clock;
use crate::http_client::Tls;
use crate::partner::{ApiWords, CreateOutcome, NotCreated, PartnerId, Query, SensitiveValues};
use crate::pause;

/// How the client is set up.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// The API's base, `https://orgs.ecg-api.com`; a path in it is kept.
    pub base: Url,
    /// The longest a request may take, connecting included.
    pub timeout: Duration,
    /// Connections kept open at most.
    pub connections: usize,
    /// Certificates beside the system's own.
    pub tls: Tls,
    /// Whether what the bodies of its answers say is kept and shown.
    pub body_words: BodyWords,
    /// Whether partners may be created at a moment.
    pub gate: Gate,
}

/// The API over HTTP: one client with a pool of connections. It asks once and waits for nothing; pace, renewal of the
/// token and repetition are layers around it.
#[derive(Debug, Clone)]
pub struct HttpApi {
    transport: Transport,
    base: Url,
    partners: Url,
    /// Where a partner is created without flags: read once for all.
    create: Uri,
    health: Url,
    auth: Auth,
    body_words: BodyWords,
    clock: Clock,
    backpressure: Arc<Mutex<Option<Duration>>>,
    gate: Gate,
}

/// An answer, and the token of its question, which it may quote.
struct Asked {
    response: Response,
    token: Arc<Token>,
}

/// Headers of a create: two of ours, two of the client's, and two that say where it goes and how long it is.
const HEADERS: usize = 6;
/// An answer to a create that is longer than this is not read to its end: one partner takes a few kilobytes.
const CREATE_ANSWER_BYTES: usize = 1024 * 1024;
/// Any other answer that is longer than this is not read to its end: a page of partners.
const ANSWER_BYTES: usize = 8 * 1024 * 1024;

impl HttpApi {
    /// Sets the client up; connects to nothing yet.
    ///
    /// # Errors
    /// [`ApiError::Setup`] where TLS cannot be set up or the base takes no path.
    pub fn new(settings: &HttpSettings, auth: Auth, clock: Clock) -> Result<Self, ApiError> {
        let setup = |e: &dyn std::fmt::Display| ApiError::Setup(e.to_string());
        let transport = transport_of(settings)?;
        let join = |path: &str| {
            let base = settings.base.as_str().trim_end_matches('/');
            Url::parse(&format!("{base}/{path}")).map_err(|e| setup(&e))
        };
        let partners = join("api/v2/partners")?;
        Ok(Self {
            transport,
            base: settings.base.clone(),
            create: uri_of(&partners).map_err(|e| setup(&e))?,
            partners,
            health: join("healthcheck")?,
            auth,
            body_words: settings.body_words,
            clock,
            backpressure: Arc::default(),
            gate: settings.gate.clone(),
        })
    }

    fn now(&self) -> std::time::SystemTime {
        let millis = u64::try_from(self.clock.now().0).unwrap_or(0);
        std::time::UNIX_EPOCH + Duration::from_millis(millis)
    }

    /// What may not be shown of an answer.
    fn redaction<'r>(
        &self,
        token: &'r Token,
        values: Option<&'r SensitiveValues>,
    ) -> Redaction<'r> {
        Redaction {
            token: &token.secret,
            values,
            body: self.body_words,
        }
    }

    async fn ask(&self, url: Url) -> Result<Asked, ApiError> {
        let token = self.auth.token().await;
        let redaction = self.redaction(&token, None);
        let response = self.get_from(&url, &token).await.map_err(|e| {
            let words = redaction.words(&error_words(&e));
            if is_proxy_refusal(&e) {
                ApiError::ProxyAuthentication(words)
            } else {
                ApiError::Unreachable(words)
            }
        })?;
        match self.redirect_of(&response, &url) {
            Some(said) => Err(ApiError::Redirected(redaction.words(&said))),
            None => Ok(Asked { response, token }),
        }
    }

    async fn get_from(&self, url: &Url, token: &Token) -> Result<Response, Failure> {
        let mut request = Request::new(ProbeBody::empty());
        *request.uri_mut() = uri_of(url)?;
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, token.bearer.clone());
        self.transport.send(request).await
    }

    /// Where a partner is created with these flags.
    fn with_flags(&self, query: Query) -> Cow<'_, Url> {
        if query == Query::default() {
            return Cow::Borrowed(&self.partners);
        }
        let mut url = self.partners.clone();
        let word = |on| if on { "true" } else { "false" };
        url.query_pairs_mut()
            .append_pair("createApptivoAccount", word(query.create_apptivo_account))
            .append_pair(
                "createBillDotComProfile",
                word(query.create_bill_com_profile),
            );
        Cow::Owned(url)
    }

    async fn post(
        &self,
        query: Query,
        body: ProbeBody,
        token: &Token,
    ) -> Result<Response, Failure> {
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = match self.with_flags(query) {
            Cow::Borrowed(_) => self.create.clone(),
            Cow::Owned(url) => uri_of(&url)?,
        };
        let headers = request.headers_mut();
        headers.reserve(HEADERS);
        headers.insert(AUTHORIZATION, token.bearer.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.transport.send(request).await
    }

    fn redirect_of(&self, response: &Response, asked: &Url) -> Option<Said> {
        let location = response.headers.get(LOCATION);
        let location = location.and_then(|v| v.to_str().ok());
        let status = response.status.as_u16();
        redirect::words(status, location, asked, &self.base).map(Said::Other)
    }

    async fn json(&self, asked: Asked) -> Result<Value, ApiError> {
        let Asked { response, token } = asked;
        let redaction = self.redaction(&token, None);
        let status = response.status;
        let retry = self.retry_after_of(&response);
        let body = read_answer(response, ANSWER_BYTES)
            .await
            .map_err(|e| match e {
                Unread::TooLong(_) => ApiError::Unreadable(redaction.words(&e.said())),
                Unread::BrokeOff(_) => ApiError::Unreachable(redaction.words(&e.said())),
            })?;
        answered(status.as_u16(), &body, retry, redaction)
    }

    /// `Retry-After`, else what the `RateLimit` headers ask for. On an answer that is no refusal, a spent
    /// quota is kept as backpressure: the next request would be refused.
    fn retry_after_of(&self, response: &Response) -> Option<Duration> {
        let headers = &response.headers;
        let asked = headers.get(RETRY_AFTER).and_then(|v| v.to_str().ok());
        let asked = asked.and_then(|v| retry_after(v, self.now()));
        // To look a name up takes longer than to see that no header of an answer is one of those that are looked up.
        let has_quota = headers.keys().any(|name| is_of_quota(name.as_str()));
        let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
        let spent = has_quota.then(|| spent_quota(header)).flatten();
        if response.status.is_success()
            && let (Some(pause), Ok(mut backpressure)) = (spent, self.backpressure.lock())
        {
            *backpressure = Some(pause);
        }
        asked.or(spent)
    }
}

impl PartnersApi for HttpApi {
    async fn create(&self, request: CreateRequest) -> CreateOutcome {
        let query = request.query;
        let token = self.auth.token().await;
        let redaction = self.redaction(&token, Some(&request.sensitive));
        if !self.gate.pass().await {
            return CreateOutcome::NotCreated(NotCreated::Stopped);
        }
        pause::here("passed");
        let (body, probe) = ProbeBody::new(request.body, self.gate.clone());
        let reached = match self.post(query, body, &token).await {
            Ok(response) => {
                let location = response.headers.get(LOCATION);
                let location = location.and_then(|v| v.to_str().ok()).map(str::to_owned);
                let retry_after = self.retry_after_of(&response);
                let redirect = self.redirect_of(&response, &self.with_flags(query));
                Reached::Answered(Answer {
                    status: response.status.as_u16(),
                    location,
                    redirect,
                    retry_after,
                    body: read_answer(response, CREATE_ANSWER_BYTES)
                        .await
                        .map_err(Unread::said),
                })
            }
            Err(error) if is_proxy_refusal(&error) => {
                let words = redaction.words(&error_words(&error));
                return CreateOutcome::NotCreated(NotCreated::ProxyAuthentication(words));
            }
            Err(error) if probe.withdraw() => Reached::NotSent(error_words(&error)),
            Err(error) => Reached::NoAnswer(error_words(&error)),
        };
        verdict(query, &request.legacy_identifier, reached, redaction)
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
        let asked = self.ask(url).await?;
        page_of(self.json(asked).await?)
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
        let asked = self.ask(url).await?;
        if asked.response.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let raw = self.json(asked).await?;
        RemotePartner::from_json(raw)
            .map(Some)
            .ok_or_else(|| ApiError::Unreadable(ApiWords::new("the partner has no id")))
    }

    async fn health(&self) -> Result<(), ApiError> {
        let asked = self.ask(self.health.clone()).await?;
        match asked.response.status.as_u16() {
            404 | 405 => Ok(()),
            _ => self.json(asked).await.map(|_| ()),
        }
    }
}

impl Backpressure for HttpApi {
    fn take_backpressure(&self) -> Option<Duration> {
        self.backpressure
            .lock()
            .ok()
            .and_then(|mut backpressure| backpressure.take())
    }
}

fn uri_of(url: &Url) -> Result<Uri, http::uri::InvalidUri> {
    url.as_str().parse()
}

/// What sends the requests; it has no token.
pub(super) fn transport_of(settings: &HttpSettings) -> Result<Transport, ApiError> {
    let HttpSettings { base, tls, .. } = settings;
    Transport::new(base, tls, settings.timeout, settings.connections).map_err(ApiError::Setup)
}

#[cfg(test)]
mod tests;
