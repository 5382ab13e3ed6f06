//! Nothing is created blind. Before the first create of a run the API is asked how many partners it has. Where that is
//! more than the state knows of (the state is lost, new, older or of another place; the mapping was renamed; somebody
//! else was at work), the rows that would be created are looked for there, and what is found is recorded instead.
//!
//! It costs an API without surprises one request a run, and a run that creates nothing none.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use super::adopt::{Adopted, Adoption};
use super::context::Import;
use super::feeder::Leave;
use super::health::ask_health;
use super::new_rows::{Extent, NewRows, Scan};
use super::on_api::{Wanted, count_partners, has_to_walk, walk};
use super::shared::LOOK_AGAIN;
use super::too_many_new::too_many_new;
use crate::api::ApiError;
use crate::config::{Adopt, Bound};
use crate::delivery::StopReason;
use crate::ops::error::OpError;
use crate::ops::known::KnownRows;
use crate::ops::observer::Note;
use crate::ops::unknown::{OnApi, Unknown};
use crate::partner::RowKey;
use crate::prepare::{PrepareError, Survey};
use crate::report::Collector;
use crate::state::{Doubt, Identifiers, SharedImport, StateWriter, Turn};

/// What was found out before the first create.
pub(super) struct Looked {
    /// Ordinals of rows whose partner was recorded.
    pub(super) adopted: HashSet<u32>,
    /// Whether rows may be created.
    pub(super) leave: Leave,
}

/// What the look works on.
pub(super) struct Look<'l> {
    pub(super) import: &'l Import<'l>,
    pub(super) survey: &'l Survey,
    pub(super) state: &'l StateWriter,
    pub(super) collector: &'l Arc<Mutex<Collector>>,
}

impl Look<'_> {
    /// Looks, and adopts. What goes wrong keeps rows from being created: what is there already cannot be known then.
    pub(super) fn first(&self) -> Looked {
        let import = self.import;
        let mut adopted = HashSet::new();
        let looked = if self.survey.incomplete || import.stop.is_requested() {
            Ok(Leave::Unasked)
        } else {
            self.look(&mut adopted)
        };
        let leave = match looked {
            Ok(leave) => leave,
            // Somebody stopped the run, and why is known.
            Err(OpError::Api(ApiError::Stopped)) => Leave::Unasked,
            Err(error) => {
                let reason = reason(&error);
                if import.request.adopt == Adopt::Always {
                    import.stop.request(reason.clone());
                }
                Leave::Refused(reason)
            }
        };
        Looked { adopted, leave }
    }

    /// Looks where no other machine does; where one does, or has, that is waited for, and nothing is left to look for. What
    /// machines left that are lost meanwhile is added to the doubts.
    pub(super) fn first_of_all(
        &self,
        shared: &SharedImport,
        doubts: &mut Vec<Doubt>,
    ) -> Result<Looked, OpError> {
        let import = self.import;
        let nothing = || Looked {
            adopted: HashSet::new(),
            leave: Leave::Unasked,
        };
        loop {
            match shared.first_look()? {
                Turn::Done => return Ok(nothing()),
                Turn::Ours => {
                    let looked = self.first();
                    let has_looked = !matches!(looked.leave, Leave::Refused(_));
                    if has_looked && !self.survey.incomplete && !import.stop.is_requested() {
                        shared.has_looked()?;
                    }
                    return Ok(looked);
                }
                Turn::Elsewhere(_) => {}
            }
            doubts.extend(shared.take_over()?);
            let pause = import.stop.pause(LOOK_AGAIN);
            if !import.session.runtime.block_on(pause) {
                return Ok(nothing());
            }
        }
    }

    fn look(&self, adopted: &mut HashSet<u32>) -> Result<Leave, OpError> {
        let import = self.import;
        let bound = self.bound_of_new()?;
        let mut new = None;
        if import.request.adopt != Adopt::Always {
            // Whether rows are known on the API already is to be known of all of them.
            let is_first_enough = bound.is_none() && self.state.reader()?.unclaimed()?.is_empty();
            let extent = if is_first_enough {
                Extent::First
            } else {
                Extent::All
            };
            let found = self.new_rows(extent)?;
            if found.to_create == 0 {
                return Ok(Leave::Unasked);
            }
            new = Some(found);
        }
        if let Err(reason) = ask_health(&import.connection.api, &import.session.runtime) {
            return Ok(Leave::Refused(reason));
        }
        match import.request.adopt {
            Adopt::Never => self.warn(new.as_ref())?,
            Adopt::Always => adopted.extend(self.adoption(true).run(&mut |_, _| {})?.ordinals),
            Adopt::Auto => adopted.extend(self.adopt_unknown(new.as_ref())?),
        }
        let Some(bound) = bound else {
            return Ok(Leave::Given);
        };
        let new = match new {
            Some(new) if adopted.is_empty() => new,
            _ => self.new_rows(Extent::All)?,
        };
        let reader = self.state.reader()?;
        Ok(
            match too_many_new(&new, bound, self.survey.rows, Some(&reader))? {
                Some(words) => Leave::Refused(StopReason::TooManyNew(words)),
                None => Leave::Given,
            },
        )
    }

    /// Asks how many partners there are; where these are more than the state knows of, looks for the new rows.
    fn adopt_unknown(&self, new: Option<&NewRows>) -> Result<HashSet<u32>, OpError> {
        let import = self.import;
        let on_api = self.count()?;
        let unknown = self.unknown(on_api, new)?;
        if unknown == Unknown::None {
            self.remember(on_api, None)?;
            return Ok(HashSet::new());
        }
        let observer = import.session.observer;
        observer.note(&Note::OnApi(OnApi::LookedFor(unknown)));
        let rest;
        let new = match new {
            // Those that were seen so far are only the first.
            Some(new) if !unknown.is_long_list() => new,
            _ => {
                rest = self.new_rows(Extent::All)?;
                &rest
            }
        };
        let sample = new.sample.searchable();
        let workers = import.session.settings.workers;
        let api = &import.connection.api;
        let asking = has_to_walk(api, unknown, &sample, workers);
        let runtime = &import.session.runtime;
        if !runtime.block_on(asking)? {
            // That many partners are unknown stays so: the next new rows are looked for as well. Where there are fewer than before, how
            // many are unknown was not known to begin with.
            if matches!(unknown, Unknown::Fewer { .. }) {
                self.remember(on_api, None)?;
            }
            observer.note(&Note::OnApi(OnApi::NoneOfSample(sample.len() as u64)));
            return Ok(HashSet::new());
        }
        let wanted = Wanted::of(
            import.exports(),
            self.survey,
            self.state.fingerprinter(),
            &import.stop,
        )?;
        let mut walked = runtime.block_on(walk(api, &wanted))?;
        let adopted = if walked.found.is_empty() && walked.others.is_empty() {
            Adopted::default()
        } else {
            self.adoption(false).adopt(&mut walked, &mut |_, _| {})?
        };
        if import.stop.is_requested() {
            return Ok(adopted.ordinals);
        }
        observer.note(&Note::OnApi(OnApi::Adopted(adopted.partners)));
        self.remember(on_api, Some(walked.seen))?;
        Ok(adopted.ordinals)
    }

    /// Says that there are partners which nobody looks at. That they are there stays unknown, so that a later run looks.
    fn warn(&self, new: Option<&NewRows>) -> Result<(), OpError> {
        let on_api = match self.count() {
            Ok(on_api) => on_api,
            Err(error) => {
                tracing::info!("the number of partners on the API is unknown: {error}");
                return Ok(());
            }
        };
        match self.unknown(on_api, new)? {
            Unknown::None => self.remember(on_api, None),
            Unknown::Uncounted => Ok(()),
            unknown @ (Unknown::Some { .. } | Unknown::Fewer { .. } | Unknown::Seen(_)) => {
                let observer = self.import.session.observer;
                observer.note(&Note::OnApi(OnApi::NotLookedFor(unknown)));
                Ok(())
            }
        }
    }

    fn unknown(&self, on_api: Option<u64>, new: Option<&NewRows>) -> Result<Unknown, OpError> {
        let known = self.state.reader()?.total()?;
        Ok(Unknown::of(on_api, known, new.map_or(0, |n| n.unclaimed)))
    }

    fn count(&self) -> Result<Option<u64>, OpError> {
        let import = self.import;
        let counting = count_partners(&import.connection.api);
        Ok(import.session.runtime.block_on(counting)?)
    }

    fn remember(&self, on_api: Option<u64>, unclaimed: Option<Identifiers>) -> Result<(), OpError> {
        if let Some(on_api) = on_api {
            let remembering = self.state.remember_total(on_api, unclaimed);
            self.import.session.runtime.block_on(remembering)?;
        }
        Ok(())
    }

    fn adoption(&self, takes_doubts: bool) -> Adoption<'_> {
        Adoption {
            api: &self.import.connection.api,
            handle: &self.import.session.runtime,
            exports: self.import.exports(),
            survey: self.survey,
            state: self.state,
            collector: self.collector,
            stop: &self.import.stop,
            takes_doubts,
        }
    }

    fn new_rows(&self, extent: Extent) -> Result<NewRows, OpError> {
        let reader = self.state.reader()?;
        let parents = KnownRows::new(Some(reader.reopen()?));
        let known = |key: &RowKey| parents.is_created(key);
        let new = Scan {
            exports: self.import.exports(),
            survey: self.survey,
            fingerprinter: self.state.fingerprinter(),
            reader: Some(&reader),
            known: &known,
            retry_rejected: self.import.retries_rejected(),
            stop: &self.import.stop,
            there: &HashSet::new(),
        }
        .run(extent)?;
        match parents.trouble() {
            Some(error) => Err(error.into()),
            None => Ok(new),
        }
    }

    /// How many rows may be new, where that is limited.
    fn bound_of_new(&self) -> Result<Option<Bound>, OpError> {
        let import = self.import;
        let target = &import.connection.target;
        let mapping = &import.opened.mapping.name;
        import
            .request
            .expect
            .bound_of_new(import.session, target, mapping)
    }
}

/// Why nothing is created after this error.
fn reason(error: &OpError) -> StopReason {
    let words = error.to_string();
    if let OpError::Api(api) = error
        && let Some(reason) = StopReason::of(api)
    {
        return reason;
    }
    match error {
        OpError::Api(ApiError::Forbidden(_)) => StopReason::NotAuthorised(format!(
            "the token may not read the list of partners, so it is not known which rows already have a partner: {words}"
        )),
        OpError::Api(ApiError::Status {
            status: status @ (404 | 405),
            words,
        }) => StopReason::ApiDown(format!(
            "the address has no list of partners ({status}: {words}): check --api-url"
        )),
        OpError::Api(ApiError::Unreachable(_) | ApiError::Throttled { .. }) => {
            StopReason::ApiDown(words)
        }
        OpError::Api(_) => StopReason::ApiDown(format!(
            "it is not known which rows already have a partner on the API, so nothing was created: {words}"
        )),
        OpError::Prepare(PrepareError::Source(_)) => StopReason::Source(words),
        OpError::State(_) => StopReason::State(words),
        _ => StopReason::Internal(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partner::ApiWords;
    use crate::source::SourceError;
    use crate::state::StateError;

    /// What cannot be known, and what to do about it.
    #[test]
    fn each_error_is_a_reason_of_its_own() {
        let words = || ApiWords::new("no");
        let status = |status| ApiError::Status {
            status,
            words: words(),
        };
        for (error, kind, says) in [
            (
                OpError::Api(ApiError::Unauthorised(words())),
                "not authorised",
                "does not accept the token",
            ),
            (
                OpError::Api(ApiError::Forbidden(words())),
                "not authorised",
                "the token may not read the list of partners",
            ),
            (
                OpError::Api(status(404)),
                "down",
                "has no list of partners (404: no): check --api-url",
            ),
            (OpError::Api(status(405)), "down", "(405: no)"),
            (
                OpError::Api(status(500)),
                "down",
                "on the API, so nothing was created: the API answered 500: no",
            ),
            (
                OpError::Api(ApiError::Unreachable(words())),
                "down",
                "the API cannot be reached: no",
            ),
            (
                OpError::Api(ApiError::Throttled {
                    status: 429,
                    retry_after: None,
                }),
                "down",
                "the API asks to retry later (429)",
            ),
            (
                OpError::Api(ApiError::Unreadable(words())),
                "down",
                "on the API, so nothing was created",
            ),
            (
                OpError::State(StateError::WriterGone),
                "state",
                "the state's writer has stopped",
            ),
            (
                OpError::Prepare(PrepareError::Source(SourceError::Empty {
                    path: "e.csv".into(),
                })),
                "source",
                "e.csv is empty. Export it again.",
            ),
        ] {
            let reason = reason(&error);
            let found = match &reason {
                StopReason::Source(_) => "source",
                StopReason::NotAuthorised(_) => "not authorised",
                StopReason::ApiDown(_) => "down",
                StopReason::State(_) => "state",
                other => panic!("{other:?}"),
            };
            assert_eq!(found, kind, "{error:?}");
            let told = reason.to_string();
            assert!(told.contains(says), "{told}");
            // Where nothing is to be added, nothing is.
            let is_whole = says.starts_with("the API") || ["state", "source"].contains(&kind);
            assert!(!is_whole || told == says, "{told}");
        }
    }
}
