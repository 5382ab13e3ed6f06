//! A session → an API to talk to: the real one, or the sandbox in this process.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;

use super::error::{AddressError, OpError};
use super::session::{Session, Target};
use super::shared_rate::shared_rate;
use crate::api::{
    Auth, BodyWords, Gate, HttpApi, HttpSettings, Limiter, Outage, Paced, Rate, Renewing, Retrying,
    Tls, TokenSource, is_loopback,
};
use crate::config::{DEFAULT_RATE, Resolved, TokenSetting};
use crate::delivery::Stop;
use crate::report::SourceValues;
use crate::sandbox::{Sandbox, Settings};
use crate::secret::Secret;
use crate::state::address_of;

/// The API with all its layers.
pub(super) type ApiClient = Retrying<Renewing<Paced<HttpApi>>>;

/// An API, its name in the state, and what keeps it alive.
pub struct Connection {
    /// What asks the API.
    pub api: Arc<ApiClient>,
    /// The API's address as the state knows it.
    pub target: String,
    /// Whether it is on this machine.
    pub(super) loopback: bool,
    /// What holds requests to the rate.
    pub(super) limiter: Limiter,
    /// What waits for it where it does not answer.
    pub(super) outage: Outage,
    /// Whether partners may be created at a moment.
    pub(super) gate: Gate,
    _sandbox: Option<Sandbox>,
}

/// The rate as written, read. A practice API on this machine has no limit unless one is asked for.
pub(super) fn rate(session: &Session<'_>) -> Result<Rate, OpError> {
    match (&session.settings.rate, session.target) {
        (Some(rate), _) => rate.parse().map_err(OpError::Rate),
        (None, Target::Sandbox) => Ok(Rate::Unlimited),
        (None, Target::Api) => DEFAULT_RATE.parse().map_err(OpError::Rate),
    }
}

/// What becomes of an operation whose API does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    /// It waits, for as long as the settings allow.
    ForTheApi,
    /// It ends after a few tries.
    ForNothing,
}

/// Opens no connection yet, but is ready to; starts the sandbox where that is the target. `stop` ends the waits of
/// requests. Where `values` of the source are to be left out, what its answers say is left out with them: it may quote the row.
pub fn connect(
    session: &Session<'_>,
    stop: &Stop,
    waits: Waits,
    values: SourceValues,
) -> Result<Connection, OpError> {
    session
        .runtime
        .block_on(connect_now(session, stop, waits, values))
}

async fn connect_now(
    session: &Session<'_>,
    stop: &Stop,
    waits: Waits,
    values: SourceValues,
) -> Result<Connection, OpError> {
    let settings = session.settings;
    let rate = rate(session)?;
    let (base, token, target, sandbox) = match session.target {
        Target::Sandbox => {
            let token = uuid::Uuid::new_v4().to_string();
            let practice = Settings {
                token: Some(token.clone()),
                data: Some(settings.state.companion(SANDBOX_BOOK)),
                ..Settings::default()
            };
            let sandbox = Sandbox::start(practice, session.clock.clone()).await?;
            let target = format!("sandbox:{}", sandbox.name());
            (
                base_url(&sandbox.url())?,
                TokenSource::Given(Secret::new(token)),
                target,
                Some(sandbox),
            )
        }
        Target::Api => {
            let base = base_url(&settings.api_url)?;
            refuse_insecure("--api-url", &base, settings)?;
            let target = target_of(&base);
            (base, token_source(settings)?, target, None)
        }
    };
    let tls = match session.target {
        Target::Sandbox => Tls::default(),
        Target::Api => tls(settings)?,
    };
    let gate = Gate::default();
    let auth = Auth::new(token, session.clock.clone(), stop.flag())?;
    let loopback = is_loopback(&base);
    let http = HttpApi::new(
        &HttpSettings {
            gate: gate.clone(),
            ..http_of(base, tls, settings, values)
        },
        auth.clone(),
        session.clock.clone(),
    )?;
    let burst = settings.burst.and_then(NonZeroU32::new);
    let mut limiter = Limiter::new(rate, burst, stop.flag())
        .with_patience(settings.outage, session.clock.clone());
    if let Some(permits) = shared_rate(&session.store(), &target, rate, settings.burst) {
        limiter = limiter.sharing(permits);
    }
    let patience = match waits {
        Waits::ForTheApi => settings.outage,
        Waits::ForNothing => Duration::ZERO,
    };
    let outage = Outage::new(patience, stop.flag(), session.clock.clone());
    let renewing = Renewing::new(Paced::new(http, limiter.clone()), auth);
    let api = Arc::new(Retrying::new(renewing, stop.flag()).waiting(outage.clone()));
    Ok(Connection {
        api,
        target,
        loopback,
        limiter,
        outage,
        gate,
        _sandbox: sandbox,
    })
}

fn http_of(base: Url, tls: Tls, settings: &Resolved, values: SourceValues) -> HttpSettings {
    HttpSettings {
        base,
        timeout: settings.timeout,
        connections: settings.workers,
        tls,
        body_words: match values {
            SourceValues::Shown => BodyWords::Shown,
            SourceValues::LeftOut => BodyWords::LeftOut,
        },
        gate: Gate::default(),
    }
}

/// How the API of the settings is reached.
pub(super) fn http_settings(session: &Session<'_>) -> Result<HttpSettings, OpError> {
    let settings = session.settings;
    let base = base_url(&settings.api_url)?;
    refuse_insecure("--api-url", &base, settings)?;
    Ok(http_of(base, tls(settings)?, settings, SourceValues::Shown))
}

/// For how long the present token says that it can be used; `None` where it does not say.
pub(super) fn token_lasts(session: &Session<'_>) -> Option<Duration> {
    let source = token_source(session.settings).ok()?;
    let ends = source.expires(&session.stop.flag())?;
    Some(Duration::from_secs(
        ends.millis_since(session.clock.now()) / 1000,
    ))
}

/// The name of the API in the state, without connecting; `None` for a sandbox that was never started.
pub(super) fn known_target(session: &Session<'_>) -> Result<Option<String>, OpError> {
    let settings = session.settings;
    if session.target == Target::Api {
        return Ok(Some(target_of(&base_url(&settings.api_url)?)));
    }
    let book = std::fs::read_to_string(settings.state.companion(SANDBOX_BOOK)).unwrap_or_default();
    let head: Option<serde_json::Value> = book
        .lines()
        .next()
        .and_then(|line| serde_json::from_str(line).ok());
    Ok(head.and_then(|h| {
        h.get("book")
            .and_then(|b| b.as_str())
            .map(|b| format!("sandbox:{b}"))
    }))
}

/// The certificates that the settings name.
pub(super) fn tls(settings: &Resolved) -> Result<Tls, OpError> {
    let transport = &settings.transport;
    let client = transport.client_cert.as_deref();
    let client = client.zip(transport.client_key.as_deref());
    Ok(Tls::read(transport.ca_file.as_deref(), client)?)
}

/// Whether what is sent to this address could be read on its way, and nobody allowed that.
pub(super) fn is_sent_in_plain(url: &Url, settings: &Resolved) -> bool {
    url.scheme() != "https" && !is_loopback(url) && !settings.transport.insecure_http
}

/// Refuses plain http to another machine, with or without a proxy on the way, unless it is allowed.
pub(super) fn refuse_insecure(
    what: &'static str,
    url: &Url,
    settings: &Resolved,
) -> Result<(), AddressError> {
    if !is_sent_in_plain(url, settings) {
        return Ok(());
    }
    Err(AddressError::Insecure {
        what,
        host: url.host_str().unwrap_or_default().to_owned(),
    })
}

fn token_source(settings: &Resolved) -> Result<TokenSource, OpError> {
    match &settings.token {
        Some(TokenSetting::Given(secret)) => Ok(TokenSource::Given(secret.clone())),
        Some(TokenSetting::File(path)) => Ok(TokenSource::File(path.clone())),
        Some(TokenSetting::Command(words)) => Ok(TokenSource::Command(words.clone())),
        None => Err(OpError::NoToken),
    }
}

/// The file in which the sandbox keeps its partners, beside the state: `partner-sync.sandbox.jsonl`.
const SANDBOX_BOOK: &str = "sandbox.jsonl";

fn base_url(text: &str) -> Result<Url, AddressError> {
    let url = Url::parse(text).map_err(|e| AddressError::Unreadable {
        text: text.to_owned(),
        reason: e.to_string(),
    })?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(AddressError::NotHttp(text.to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressError::Password);
    }
    if url.query().is_some() || url.fragment().is_some() {
        let mut plain = url;
        plain.set_query(None);
        plain.set_fragment(None);
        return Err(AddressError::Behind(plain.to_string()));
    }
    Ok(url)
}

/// The one spelling of an address: what the state knows the API by.
fn target_of(base: &Url) -> String {
    let mut plain = base.clone();
    plain.set_query(None);
    plain.set_fragment(None);
    address_of(plain.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_api_has_one_name() {
        for (text, target) in [
            ("https://Orgs.ECG-api.com/", "https://orgs.ecg-api.com"),
            ("https://orgs.ecg-api.com:443", "https://orgs.ecg-api.com"),
            ("http://127.0.0.1:4010", "http://127.0.0.1:4010"),
            ("http://LOCALHOST:4010/", "http://127.0.0.1:4010"),
            (
                "http://[0:0:0:0:0:ffff:127.0.0.1]:80/Orgs/",
                "http://127.0.0.1/Orgs",
            ),
            (
                "https://docs.ecg-api.com/_mock/products/organizations/apis/orgs/",
                "https://docs.ecg-api.com/_mock/products/organizations/apis/orgs",
            ),
        ] {
            assert_eq!(target_of(&base_url(text).unwrap()), target);
        }
        for wrong in [
            "orgs.ecg-api.com",
            "ftp://x",
            "https://a:b@x",
            "",
            "https://x/?a",
            "https://x/orgs#b",
        ] {
            assert!(base_url(wrong).is_err(), "{wrong}");
        }
    }
}
