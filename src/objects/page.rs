//! A file behind an http or https address: asked for with GET alone, since a signed address allows nothing else.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::time::Duration;

use reqwest::header::{
    CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderMap, HeaderName, IF_RANGE, LAST_MODIFIED, RANGE,
};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Response, StatusCode, Url};

use super::address::ObjectAddress;
use super::client::{CONNECT, PLAIN_HTTP, client, may_ask};
use super::error::{ObjectError, answer};
use super::object::{Object, ObjectSettings};

/// Redirects that are followed.
const MOST_REDIRECTS: usize = 10;
/// Answers that are asked for in all, where they fail or are cut off.
const TRIES: u32 = 6;
/// The wait before the second try; it doubles.
const WAIT: Duration = Duration::from_millis(250);

/// An address.
#[derive(Debug)]
pub(super) struct Page {
    client: Client,
    address: ObjectAddress,
    url: Url,
}

/// Why a try failed.
enum Failed {
    /// Another try may help.
    Passing(String),
    ForGood(ObjectError),
}

impl Page {
    pub(super) fn open(
        address: &ObjectAddress,
        settings: &ObjectSettings,
    ) -> Result<Self, ObjectError> {
        let url = Url::parse(address.expose()).map_err(|e| address.wrong(&e.to_string()))?;
        if !may_ask(&url, settings.insecure_http) {
            return Err(address.wrong(PLAIN_HTTP));
        }
        let insecure_http = settings.insecure_http;
        let follow = Policy::custom(move |attempt: Attempt<'_>| {
            if attempt.previous().len() > MOST_REDIRECTS {
                attempt.error("too many redirects")
            } else if may_ask(attempt.url(), insecure_http) {
                attempt.follow()
            } else {
                attempt.error(format!("it redirects to {PLAIN_HTTP}"))
            }
        });
        let client = client(settings, CONNECT, follow);
        Ok(Self {
            client: client.map_err(|words| address.wrong(&words))?,
            address: address.clone(),
            url,
        })
    }

    pub(super) fn shown(&self) -> String {
        self.address.shown().to_owned()
    }

    pub(super) fn is_read_only(&self) -> ObjectError {
        self.address
            .wrong("archive cannot move what lies behind an address")
    }

    /// What is behind the address now; its bytes are not read.
    pub(super) async fn look(&self) -> Result<Option<Object>, ObjectError> {
        let asked = self.tried(async || match self.ask(0, None).await {
            Ok(answer) => Ok(Some(object(answer.headers()))),
            Err(Failed::ForGood(ObjectError::Gone { .. })) => Ok(None),
            Err(failed) => Err(failed),
        });
        asked.await
    }

    pub(super) async fn download(&self, listed: &Object, to: &mut File) -> Result<(), ObjectError> {
        let mut written = 0;
        let mut tried = 0;
        let mut wait = WAIT;
        loop {
            let before = written;
            let words = match self.go_on(listed, &mut written, to).await {
                Ok(()) => return Ok(()),
                Err(Failed::ForGood(error)) => return Err(error),
                Err(Failed::Passing(words)) => words,
            };
            // What goes on, however slowly, is not given up.
            tried = if written > before { 0 } else { tried + 1 };
            if tried >= TRIES {
                return Err(self.broken(words));
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(5));
        }
    }

    /// Reads on from the byte that comes next.
    async fn go_on(&self, listed: &Object, written: &mut u64, to: &mut File) -> Result<(), Failed> {
        let strong = listed
            .etag
            .as_deref()
            .filter(|etag| !etag.starts_with("W/"));
        if *written > 0 && strong.is_none() {
            // Two parts may be of two files.
            *written = 0;
        }
        let mut answer = self.ask(*written, strong).await?;
        let now = object(answer.headers());
        let is_part = answer.status() == StatusCode::PARTIAL_CONTENT;
        let is_same = now.etag == listed.etag
            && now.changed == listed.changed
            && (is_part || now.size == listed.size);
        let begins = answer.headers().get(CONTENT_RANGE);
        let begins = begins.and_then(|v| {
            v.to_str()
                .ok()?
                .strip_prefix("bytes ")?
                .split('-')
                .next()?
                .parse()
                .ok()
        });
        if !is_same || (is_part && begins != Some(*written)) {
            return Err(Failed::ForGood(ObjectError::Changed {
                shown: self.shown(),
            }));
        }
        let disk = |source| {
            Failed::ForGood(ObjectError::Disk {
                shown: self.shown(),
                source,
            })
        };
        if !is_part {
            *written = 0;
        }
        to.set_len(*written).map_err(disk)?;
        to.seek(std::io::SeekFrom::Start(*written)).map_err(disk)?;
        loop {
            match answer.chunk().await {
                Ok(Some(bytes)) => {
                    to.write_all(&bytes).map_err(disk)?;
                    *written += bytes.len() as u64;
                }
                Ok(None) => break,
                Err(error) => return Err(Failed::Passing(words_of(error))),
            }
        }
        match listed.size {
            Some(size) if size != *written => Err(Failed::Passing(format!(
                "it ended after {written} of {size} bytes"
            ))),
            _ => Ok(()),
        }
    }

    /// Asks for the bytes from `from` on, of the file that had this `ETag`.
    async fn ask(&self, from: u64, etag: Option<&str>) -> Result<Response, Failed> {
        let mut request = self.client.get(self.url.clone());
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
            if let Some(etag) = etag {
                request = request.header(IF_RANGE, etag);
            }
        }
        let got = request.send().await.map_err(|error| {
            let is_for_good = error.is_redirect() || error.is_builder();
            let words = words_of(error);
            if is_for_good {
                Failed::ForGood(self.broken(words))
            } else {
                Failed::Passing(words)
            }
        })?;
        let (status, shown) = (got.status(), self.shown());
        Err(match status {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT => return Ok(got),
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                Failed::ForGood(ObjectError::Gone { shown })
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Failed::ForGood(ObjectError::Refused {
                    shown,
                    words: status.to_string(),
                })
            }
            StatusCode::PRECONDITION_FAILED | StatusCode::RANGE_NOT_SATISFIABLE => {
                Failed::ForGood(ObjectError::Changed { shown })
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
                Failed::Passing(format!("the server answered {status}"))
            }
            status if status.is_server_error() => {
                Failed::Passing(format!("the server answered {status}"))
            }
            status => Failed::ForGood(self.broken(format!("the server answered {status}"))),
        })
    }

    /// Tries again while that may help.
    async fn tried<T>(&self, ask: impl AsyncFn() -> Result<T, Failed>) -> Result<T, ObjectError> {
        let mut wait = WAIT;
        for tried in 1.. {
            match ask().await {
                Ok(found) => return Ok(found),
                Err(Failed::ForGood(error)) => return Err(error),
                Err(Failed::Passing(words)) if tried >= TRIES => return Err(self.broken(words)),
                Err(Failed::Passing(_)) => {}
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(5));
        }
        Err(self.broken("it does not answer".to_owned()))
    }

    fn broken(&self, words: String) -> ObjectError {
        ObjectError::Broken {
            shown: self.shown(),
            words,
        }
    }
}

/// What an error says, with its causes and without the address.
fn words_of(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(current) = cause {
        words = format!("{words}: {current}");
        cause = current.source();
    }
    answer(&words)
}

fn object(headers: &HeaderMap) -> Object {
    let text = |name: HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    let changed = text(LAST_MODIFIED).and_then(|t| httpdate::parse_http_date(t).ok());
    let changed = changed.and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
    Object {
        key: String::new(),
        changed: changed.and_then(|t| i64::try_from(t.as_millis()).ok()),
        size: text(CONTENT_LENGTH).and_then(|n| n.parse().ok()),
        etag: text(ETAG).map(str::to_owned),
    }
}
