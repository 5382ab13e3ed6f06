//! Settings → an API to talk to: the real one, or the sandbox in this process.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use reqwest::Url;

use super::Desk;
use super::args::Shared;
use super::exit::CliError;
use crate::api::{
    Auth, HttpApi, HttpSettings, Limiter, Paced, Rate, Renewing, TokenSource, is_loopback,
};
use crate::config::{ConfigError, ConfigFile, Resolved, TokenSetting, Typed, resolve};
use crate::delivery::Stop;
use crate::sandbox::{Sandbox, Settings};
use crate::secret::Secret;
use crate::state::LedgerReader;

/// The configuration file that is read where none is named.
const CONFIG: &str = "partner-sync.toml";

/// Resolves what was typed, the environment and the configuration file.
pub(crate) fn settings(shared: &Shared, desk: &Desk) -> Result<Resolved, ConfigError> {
    configured(shared, desk).map(|(settings, _)| settings)
}

/// The same, and the configuration file itself.
pub(crate) fn configured(
    shared: &Shared,
    desk: &Desk,
) -> Result<(Resolved, ConfigFile), ConfigError> {
    let file = match &shared.config {
        Some(path) => ConfigFile::read(path)?,
        None if Path::new(CONFIG).is_file() => ConfigFile::read(Path::new(CONFIG))?,
        None => ConfigFile::default(),
    };
    let typed = Typed {
        api_url: shared.api_url.clone(),
        token_file: shared.token_file.clone(),
        token_command: shared.token_command.clone(),
        state: shared.state.clone(),
        rate: shared.rate.clone(),
        burst: shared.burst,
        workers: shared.workers,
        timeout: shared.timeout.clone(),
        report: shared.report.clone(),
    };
    let settings = resolve(typed, &desk.environment, file.clone())?;
    Ok((settings, file))
}

/// The API with all its layers.
pub(crate) type Telephone = Renewing<Paced<HttpApi>>;

/// An API, its name in the state, and what keeps it alive.
pub(crate) struct Connection {
    pub(crate) api: Arc<Telephone>,
    pub(crate) target: String,
    pub(crate) loopback: bool,
    pub(crate) limiter: Limiter,
    _sandbox: Option<Sandbox>,
}

/// The rate as written, read.
pub(crate) fn rate(settings: &Resolved) -> Result<Rate, CliError> {
    settings.rate.parse().map_err(CliError::Usage)
}

/// Connects to nothing yet, but is ready to; with `--sandbox` starts the sandbox first.
pub(crate) async fn connect(
    shared: &Shared,
    settings: &Resolved,
    stop: &Stop,
    desk: &Desk,
) -> Result<Connection, CliError> {
    let rate = rate(settings)?;
    let (base, token, target, sandbox) = if shared.sandbox {
        let token = uuid::Uuid::new_v4().to_string();
        let practice = Settings {
            token: Some(token.clone()),
            data: Some(sandbox_book(&settings.state)),
            ..Settings::default()
        };
        let sandbox = Sandbox::start(practice, desk.clock.clone()).await?;
        let target = format!("sandbox:{}", sandbox.name());
        (
            base_url(&sandbox.url())?,
            TokenSource::Given(Secret::new(token)),
            target,
            Some(sandbox),
        )
    } else {
        let base = base_url(&settings.api_url)?;
        let target = target_of(&base);
        (base, token_source(settings)?, target, None)
    };
    let auth = Auth::new(token, desk.clock.clone())?;
    let loopback = is_loopback(&base);
    let http = HttpApi::new(
        &HttpSettings {
            base,
            timeout: settings.timeout,
            connections: settings.workers,
        },
        auth.clone(),
        desk.clock.clone(),
    )?;
    let burst = settings.burst.and_then(NonZeroU32::new);
    let limiter = Limiter::new(rate, burst, stop.flag());
    let api = Arc::new(Renewing::new(Paced::new(http, limiter.clone()), auth));
    Ok(Connection {
        api,
        target,
        loopback,
        limiter,
        _sandbox: sandbox,
    })
}

/// For how long the present token says that it can be used; none where it does not say.
pub(crate) fn token_lasts(settings: &Resolved, desk: &Desk) -> Option<std::time::Duration> {
    let source = token_source(settings).ok()?;
    let ends = source.expires()?;
    Some(std::time::Duration::from_secs(
        ends.millis_since(desk.clock.now()) / 1000,
    ))
}

/// A digest of what the state knows of a mapping at an API; `nothing` where it knows neither.
pub(crate) fn state_digest(state: &Path, target: &str, mapping: &str) -> Result<String, CliError> {
    let reader = if state.exists() {
        LedgerReader::find(state, target, mapping)?
    } else {
        None
    };
    match reader {
        Some(reader) => Ok(reader.digest()?),
        None => Ok("nothing".to_owned()),
    }
}

/// The name of the API in the state, without connecting: a sandbox's book has it once it was started.
pub(crate) fn known_target(
    shared: &Shared,
    settings: &Resolved,
) -> Result<Option<String>, CliError> {
    if !shared.sandbox {
        return Ok(Some(target_of(&base_url(&settings.api_url)?)));
    }
    let book = std::fs::read_to_string(sandbox_book(&settings.state)).unwrap_or_default();
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

fn token_source(settings: &Resolved) -> Result<TokenSource, CliError> {
    match &settings.token {
        Some(TokenSetting::Given(secret)) => Ok(TokenSource::Given(secret.clone())),
        Some(TokenSetting::File(path)) => Ok(TokenSource::File(path.clone())),
        Some(TokenSetting::Command(words)) => Ok(TokenSource::Command(words.clone())),
        None => Err(CliError::Usage(
            "no token for the API: set PARTNER_SYNC_TOKEN, or give --token-file or --token-command (or practise with --sandbox)".to_owned(),
        )),
    }
}

/// The file in which `--sandbox` keeps its partners: beside the state, `partner-sync.sandbox.jsonl`.
fn sandbox_book(state: &Path) -> PathBuf {
    state.with_extension("sandbox.jsonl")
}

fn base_url(text: &str) -> Result<Url, CliError> {
    let url = Url::parse(text).map_err(|e| {
        CliError::Usage(format!(
            "--api-url \"{text}\" is no address: {e}; write https://orgs.ecg-api.com"
        ))
    })?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(CliError::Usage(format!(
            "--api-url \"{text}\" is no address: write https://orgs.ecg-api.com"
        )));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(CliError::Usage("--api-url may hold no password; the token comes from PARTNER_SYNC_TOKEN, --token-file or --token-command".to_owned()));
    }
    Ok(url)
}

/// One spelling of an address: what the state knows the API by.
fn target_of(base: &Url) -> String {
    let mut plain = base.clone();
    plain.set_query(None);
    plain.set_fragment(None);
    plain.as_str().trim_end_matches('/').to_owned()
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
            (
                "https://docs.ecg-api.com/_mock/products/organizations/apis/orgs/",
                "https://docs.ecg-api.com/_mock/products/organizations/apis/orgs",
            ),
        ] {
            assert_eq!(target_of(&base_url(text).unwrap()), target);
        }
        for wrong in ["orgs.ecg-api.com", "ftp://x", "https://a:b@x", ""] {
            assert!(base_url(wrong).is_err(), "{wrong}");
        }
    }
}
