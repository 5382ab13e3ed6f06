//! What a dry run shows of rows whose partner is on the API already.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::adopt::{ids_in_use, remove_known};
use super::new_rows::{Extent, Scan};
use super::on_api::{Walked, Wanted, count_partners, has_to_walk, walk};
use super::request::ImportRequest;
use crate::api::Others;
use crate::config::Adopt;
use crate::ops::connect::{Waits, connect};
use crate::ops::error::OpError;
use crate::ops::observer::Note;
use crate::ops::session::{Session, Target};
use crate::ops::unknown::{OnApi, Unknown};
use crate::partner::PartnerId;

/// How long an answer is waited for that a dry run can do without.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the API has already of the source's rows.
#[derive(Debug, Default)]
pub(super) struct There {
    /// Their legacyIdentifiers: what an import would record.
    pub(super) found: HashSet<String>,
    /// Those that are only at partners of other rows of the export, with the first of these: what an import would leave in doubt.
    pub(super) taken: HashMap<String, PartnerId>,
    /// Partners of no row, by which rows would be in doubt that are alike to them.
    pub(super) others: Others,
}

impl There {
    fn of(walked: Walked, scan: &Scan<'_>) -> Result<Self, OpError> {
        let mut others = walked.others;
        if let Some(reader) = scan.reader {
            remove_known(&mut others, reader)?;
        }
        let in_use = ids_in_use(scan.reader, scan.survey)?;
        let (mut found, mut taken) = (HashSet::new(), HashMap::new());
        for (legacy, ids) in walked.found {
            match ids.first() {
                Some(id) if ids.iter().all(|id| in_use.has(id)) => {
                    taken.insert(legacy, id.clone());
                }
                _ => {
                    found.insert(legacy);
                }
            }
        }
        Ok(Self {
            found,
            taken,
            others,
        })
    }
}

/// Finds out what of the source the API has already.
pub(super) fn there_already(
    request: &ImportRequest,
    scan: &Scan<'_>,
    is_known_target: bool,
    session: &Session<'_>,
) -> Result<There, OpError> {
    let can_ask = match session.target {
        Target::Api => session.settings.token.is_some(),
        // One that was never started has no partners.
        Target::Sandbox => is_known_target,
    };
    let runtime = &session.runtime;
    match request.adopt {
        Adopt::Always => {
            let connection = connect(
                session,
                &session.stop.child(),
                Waits::ForNothing,
                request.report.values,
            )?;
            let wanted = Wanted::of(scan.exports, scan.survey, scan.fingerprinter, scan.stop)?;
            let all = runtime.block_on(walk(&connection.api, &wanted))?;
            return There::of(all, scan);
        }
        Adopt::Auto if can_ask && scan.run(Extent::First)?.to_create > 0 => {}
        Adopt::Auto | Adopt::Never => return Ok(There::default()),
    }
    let connection = connect(
        session,
        &session.stop.child(),
        Waits::ForNothing,
        request.report.values,
    )?;
    let api = &connection.api;
    let asking = async { tokio::time::timeout(PATIENCE, count_partners(api)).await };
    let on_api = match runtime.block_on(asking) {
        Ok(Ok(on_api)) => on_api,
        unanswered => {
            let why = match unanswered {
                Ok(Err(error)) => error.to_string(),
                _ => "no answer in time".to_owned(),
            };
            session.observer.note(&Note::OnApi(OnApi::NotAsked(&why)));
            return Ok(There::default());
        }
    };
    let known = scan.reader.map_or(Ok(None), |r| r.total())?;
    let mut new = None;
    if !scan.unclaimed()?.is_empty() {
        new = Some(scan.run(Extent::All)?);
    }
    let unclaimed = new.as_ref().map_or(0, |n| n.unclaimed);
    let unknown = Unknown::of(on_api, known, unclaimed);
    if unknown == Unknown::None {
        return Ok(There::default());
    }
    session
        .observer
        .note(&Note::OnApi(OnApi::LookedFor(unknown)));
    let new = match new {
        Some(new) => new,
        None => scan.run(Extent::All)?,
    };
    let sample = new.sample.searchable();
    let workers = session.settings.workers;
    if !runtime.block_on(has_to_walk(api, unknown, &sample, workers))? {
        return Ok(There::default());
    }
    let wanted = Wanted::of(scan.exports, scan.survey, scan.fingerprinter, scan.stop)?;
    let walked = runtime.block_on(walk(api, &wanted))?;
    There::of(walked, scan)
}
