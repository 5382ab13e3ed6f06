//! Whoever watches the nights from elsewhere: a watchdog that is pinged, a gateway that takes the metrics. What fails is
//! reported, and fails no night.

use std::time::Duration;

use reqwest::{Method, Url};

use super::job::JobEnd;
use super::night::Night;
use super::publish::{moments, words};
use crate::config::{ConfigFile, PingStyle};
use crate::notify::{Message, check_address};
use crate::ops::connect::{is_sent_in_plain, tls};
use crate::ops::error::OpError;
use crate::ops::observer::Note;
use crate::ops::session::Session;
use crate::report::{RunEnding, metrics};
use crate::secret::Secret;

/// How long a gateway may take for the metrics of a job.
const PUSH_TIME: Duration = Duration::from_secs(10);

/// How long a call may take once the night was stopped.
const AFTER_STOP: Duration = Duration::from_secs(5);

/// A moment of a night.
#[derive(Clone, Copy)]
enum Moment<'n> {
    Begin,
    End(&'n Night, Option<&'n OpError>),
}

/// What tells a watchdog of a night: one id for its beginning and its end.
#[derive(Debug)]
pub(super) struct Watchdog(uuid::Uuid);

impl Watchdog {
    /// Tells the watchdog that the night begins.
    pub(super) fn begin(config: &ConfigFile, session: &Session<'_>) -> Self {
        let watchdog = Self(uuid::Uuid::new_v4());
        watchdog.tell(config, Moment::Begin, session);
        watchdog
    }

    /// Tells it how the night ended.
    pub(super) fn end(
        &self,
        config: &ConfigFile,
        night: &Night,
        error: Option<&OpError>,
        session: &Session<'_>,
    ) {
        self.tell(config, Moment::End(night, error), session);
    }

    fn tell(&self, config: &ConfigFile, moment: Moment<'_>, session: &Session<'_>) {
        let body = match moment {
            Moment::Begin => String::new(),
            Moment::End(night, error) => words(night, error),
        };
        // Half of a setting calls nobody, or somebody else than was meant: it is said once a night.
        if let (Moment::Begin, Err(error)) = (moment, config.ping.check()) {
            session.observer.note(&Note::WatchFailed {
                what: "the watchdog",
                reason: &error.to_string(),
            });
        }
        for (what, url) in self.addresses(config, moment) {
            let message = Message {
                who: "the watchdog",
                method: Method::POST,
                content_type: "text/plain; charset=utf-8",
                body: &body,
            };
            let limit = config.ping.limit();
            let sent = url.and_then(|url| {
                refuse_plain(&url, session)?;
                send(&message, url, limit, session)
            });
            if let Err(reason) = sent {
                session.observer.note(&Note::WatchFailed {
                    what,
                    reason: &reason,
                });
            }
        }
    }

    /// The addresses that are called at a moment.
    fn addresses(
        &self,
        config: &ConfigFile,
        moment: Moment<'_>,
    ) -> Vec<(&'static str, Result<Url, String>)> {
        let ping = &config.ping;
        if let (Some(PingStyle::Healthchecks), Some(url)) = (ping.style, &ping.url) {
            let what = "[ping] url";
            let step = match moment {
                Moment::Begin => "start".to_owned(),
                Moment::End(night, _) => night.ending.code().to_string(),
            };
            let made = check_address(url).map(|mut url| {
                if let Ok(mut path) = url.path_segments_mut() {
                    path.pop_if_empty().push(&step);
                }
                url.query_pairs_mut()
                    .append_pair("rid", &self.0.to_string());
                url
            });
            return vec![(what, made)];
        }
        let chosen = |name: &str| match moment {
            Moment::Begin => name == "[ping] start_url",
            Moment::End(night, _) => {
                let came_to_its_end = matches!(night.ending, RunEnding::Done | RunEnding::Problems);
                name == "[ping] url"
                    || (name == "[ping] success_url" && came_to_its_end)
                    || (name == "[ping] fail_url" && !came_to_its_end)
            }
        };
        let all = ping.addresses().into_iter();
        all.filter(|(name, _)| chosen(name))
            .map(|(name, url)| (name, check_address(url)))
            .collect()
    }
}

/// Sends the metrics of each job to the gateway, in a group of its own: what other jobs sent stays.
pub(super) fn push_metrics(config: &ConfigFile, ends: &[JobEnd], session: &Session<'_>) {
    let Some(gateway) = &config.metrics.push else {
        return;
    };
    for end in ends {
        let job = (
            end.name.as_str(),
            &end.report,
            moments(&end.report, session),
        );
        // The group's own label takes the place of the one in each line.
        let text = metrics(&[job], "");
        let message = Message {
            who: "the gateway",
            method: Method::POST,
            content_type: "text/plain; version=0.0.4; charset=utf-8",
            body: &text,
        };
        let sent =
            gateway_of(gateway, &end.name).and_then(|url| send(&message, url, PUSH_TIME, session));
        if let Err(reason) = sent {
            let what = "[metrics] push";
            session.observer.note(&Note::WatchFailed {
                what,
                reason: &reason,
            });
            // One that does not answer will not answer for the next job.
            return;
        }
    }
}

/// Each address that is called, by its setting: its host, or what is wrong with it.
pub(super) fn looked_at(
    config: &ConfigFile,
    session: &Session<'_>,
) -> Vec<(&'static str, Result<String, String>)> {
    let mut found = Vec::new();
    if let Err(error) = config.ping.check() {
        found.push(("[ping]", Err(error.to_string())));
    }
    for (what, url) in config.ping.addresses() {
        let host = check_address(url).and_then(|url| {
            refuse_plain(&url, session)?;
            Ok(url.host_str().unwrap_or_default().to_owned())
        });
        found.push((what, host));
    }
    if let Some(gateway) = &config.metrics.push {
        let what = "[metrics] push";
        let host = check_address(gateway);
        found.push((
            what,
            host.map(|url| url.host_str().unwrap_or_default().to_owned()),
        ));
    }
    found
}

/// Plain http to another machine is refused: whoever reads the address on its way can call it.
fn refuse_plain(url: &Url, session: &Session<'_>) -> Result<(), String> {
    if is_sent_in_plain(url, session.settings) {
        let host = url.host_str().unwrap_or_default();
        return Err(format!(
            "plain http to {host}: whoever reads the address on its way can call it. Use https, or --insecure-http where the network is yours"
        ));
    }
    Ok(())
}

/// Where a job's metrics go. Source: the README of Prometheus' Pushgateway.
fn gateway_of(gateway: &Secret, job: &str) -> Result<Url, String> {
    let mut url = check_address(gateway)?;
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(["metrics", "job", job]);
    }
    Ok(url)
}

/// Sends within a time.
fn send(
    message: &Message<'_>,
    url: Url,
    limit: Duration,
    session: &Session<'_>,
) -> Result<(), String> {
    let tls = tls(session.settings).map_err(|e| e.to_string())?;
    let tls = tls.without_identity();
    // Whoever stopped the night waits for its end.
    let limit = if session.stop.is_requested() {
        limit.min(AFTER_STOP)
    } else {
        limit
    };
    session.runtime.block_on(async {
        // All tries together.
        tokio::time::timeout(limit, message.send(url, limit, limit, &tls))
            .await
            .unwrap_or_else(|_| {
                Err(format!(
                    "{} did not answer within {}",
                    message.who,
                    crate::clock::spoken(limit)
                ))
            })
    })
}
