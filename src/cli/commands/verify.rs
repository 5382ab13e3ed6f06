//! `verify`: partners are read back and compared with the source, field by field. Nothing is changed, on the
//! API or in the state.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::import::Surroundings;
use super::run::{self, Heading, Opened};
use super::{runtime, watch_signals};
use crate::api::ApiError;
use crate::cli::Desk;
use crate::cli::args::{ExportArgs, Shared, VerifyArgs};
use crate::cli::connect::{self, Connection};
use crate::cli::contents::contents;
use crate::cli::exit::{CliError, Exit};
use crate::cli::known::KnownRows;
use crate::cli::progress::{Progress, Screen};
use crate::cli::readback::{Readback, get};
use crate::config::Resolved;
use crate::delivery::{Stop, StopReason, duplicates, place};
use crate::diagnostic::{Code, ColumnAt, Diagnostic, Location};
use crate::partner::{
    PartnerId, PreparedPartner, RowKey, RowOutcome, RowResult, fields_of_answer, fields_of_request,
};
use crate::prepare::{Ahead, Exports, PreparedRow, Survey};
use crate::report::{Collector, Counters, Kind, PerRow, ReportFolder, RunReport, Verified};
use crate::source::Flow;
use crate::state::{LedgerReader, RecordState, RunId};

/// Partners that differ and are got once more, to show what the API has.
const SHOWN_DIFFERENCES: usize = 200;

/// What is compared.
pub(super) struct Question {
    pub(super) settings: Resolved,
    /// Rows that are compared at most.
    pub(super) sample: Option<u64>,
    /// Where a line for each row goes.
    pub(super) combined: Option<std::path::PathBuf>,
    /// Only partners that this run made.
    pub(super) only_run: Option<String>,
}

pub(super) fn run(
    args: &VerifyArgs,
    shared: &Shared,
    desk: &Desk,
    screen: &Screen,
) -> Result<Exit, CliError> {
    let started = Instant::now();
    let settings = connect::settings(shared, desk)?;
    let export = match (&args.job, &args.mapping) {
        (Some(name), None) => super::sync::export_of_job(shared, desk, name)?,
        (None, Some(mapping)) if !args.files.is_empty() => ExportArgs {
            files: args.files.clone(),
            mapping: mapping.clone(),
            max_errors: None,
            create_apptivo_account: false,
            create_bill_com_profile: false,
        },
        _ => {
            return Err(CliError::Usage(
                "name what to compare with: FILE -m MAPPING, or --job NAME of the configuration"
                    .to_owned(),
            ));
        }
    };
    let runtime = runtime()?;
    let around = Surroundings {
        shared,
        desk,
        screen,
        runtime: &runtime,
    };
    let opened = run::open(&export)?;
    let question = Question {
        settings,
        sample: args.sample,
        combined: args.combined.clone(),
        only_run: None,
    };
    let report = execute(&question, &opened, started, around)?;
    desk.output.note(
        "vendorAccount, all bank data with it, is not returned by the API and was not compared",
    );
    Ok(run::print(&report, desk))
}

/// Reads back and compares.
pub(super) fn execute(
    question: &Question,
    opened: &Opened,
    started: Instant,
    around: Surroundings<'_>,
) -> Result<RunReport, CliError> {
    let (shared, desk, settings) = (around.shared, around.desk, &question.settings);
    let folder = settings
        .report
        .as_deref()
        .map(ReportFolder::create)
        .transpose()?;
    let stop = Stop::default();
    watch_signals(around.runtime, &stop);
    let connection = around
        .runtime
        .block_on(connect::connect(shared, settings, &stop, desk))?;
    let Some(reader) = reader(settings, &connection, &opened.mapping.name)? else {
        return Err(CliError::Usage(format!(
            "the state {} knows no row of the mapping \"{}\" at {}; an import makes them, and `partner-sync reconcile --adopt` finds partners that are there already",
            settings.state.display(),
            opened.mapping.name,
            connection.target
        )));
    };
    let counters = Arc::new(Counters::default());
    let progress = Progress::start(
        shared.progress,
        shared.quiet,
        around.screen,
        Arc::clone(&counters),
    );
    let survey = opened
        .exports
        .survey(Ahead::Nothing, &|| stop.is_requested(), &|rows| {
            counters
                .surveyed
                .store(rows, std::sync::atomic::Ordering::Relaxed);
        })?;
    counters
        .total
        .store(survey.rows, std::sync::atomic::Ordering::Relaxed);
    let detected = run::detected(&opened.exports, &survey, shared.values());
    run::tell_detected(desk, &detected);
    let collector = run::collector(
        folder.as_ref(),
        &opened.exports,
        shared.wanted(PerRow::No),
        &counters,
    )?;
    let mut verify = Verify {
        question,
        exports: &opened.exports,
        survey: &survey,
        reader,
        connection: &connection,
        stop: &stop,
        handle: around.runtime.handle().clone(),
        found: Verified::default(),
        lines: Vec::new(),
        collector: &collector,
        shown: 0,
        read: Readback::default(),
        sample: None,
        trouble: None,
    };
    match verify.compare() {
        Ok(tally) => verify
            .lock()
            .holds(contents(&opened.exports, &survey, tally)),
        Err(error) => verify.stop(error)?,
    }
    progress.finish();
    let heading = Heading {
        run: RunId::new(&desk.clock),
        kind: Kind::Verify,
        target: Some(connection.target.clone()),
        mapping: opened.mapping.name.clone(),
        files: run::file_names(&opened.exports),
        detected,
        values: shared.values(),
        verified: Some(verify.found),
        stopped: stop.reason().map(|r| r.to_string()),
        started,
    };
    let lines = std::mem::take(&mut verify.lines);
    if let (Some(path), None) = (&question.combined, stop.reason()) {
        write_lines(path, &lines, desk)?;
    }
    let judge = |report: &RunReport| match stop.reason() {
        Some(StopReason::Interrupted) => Exit::Interrupted,
        Some(_) => Exit::Stopped,
        None if report.verified.is_some_and(is_clean) && report.errors == 0 => Exit::Done,
        None => Exit::Problems,
    };
    Ok(run::conclude(
        heading,
        &collector,
        folder.as_ref(),
        desk,
        judge,
    ))
}

/// Source, state and API agree. What `--sample` left out is no disagreement.
fn is_clean(v: Verified) -> bool {
    v.differ == 0 && v.gone == 0 && v.only_source == 0 && v.only_api == 0
}

fn reader(
    settings: &Resolved,
    connection: &Connection,
    mapping: &str,
) -> Result<Option<LedgerReader>, CliError> {
    if !settings.state.exists() {
        return Ok(None);
    }
    Ok(LedgerReader::find(
        &settings.state,
        &connection.target,
        mapping,
    )?)
}

fn write_lines(path: &Path, lines: &[String], desk: &Desk) -> Result<(), CliError> {
    let mut text = lines.join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    if path == Path::new("-") {
        desk.output.result(&text);
        return Ok(());
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|e| CliError::Machine(format!("cannot write {}: {e}", path.display())))
}

struct Verify<'v> {
    question: &'v Question,
    exports: &'v Exports,
    survey: &'v Survey,
    reader: LedgerReader,
    connection: &'v Connection,
    stop: &'v Stop,
    handle: tokio::runtime::Handle,
    found: Verified,
    /// A line for each row: `=`, `+`, `-`, `*`, `!` and its key.
    lines: Vec<String>,
    collector: &'v Arc<Mutex<Collector>>,
    shown: usize,
    read: Readback,
    /// With `--sample`, the keys that are compared.
    sample: Option<std::collections::HashSet<String>>,
    trouble: Option<CliError>,
}

impl Verify<'_> {
    fn lock(&self) -> MutexGuard<'_, Collector> {
        self.collector
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn compare(&mut self) -> Result<crate::prepare::Tally, CliError> {
        let mut made: HashMap<PartnerId, String> = HashMap::new();
        let only = self.question.only_run.as_deref();
        self.reader.each_created(only, &mut |key, partner| {
            made.insert(PartnerId::new(partner), key.to_owned());
        })?;
        let api = Arc::clone(&self.connection.api);
        self.read = if self.question.sample.is_some() || self.question.only_run.is_some() {
            let most = self.question.sample.unwrap_or(u64::MAX);
            let mut all: Vec<(&String, &PartnerId)> = made
                .iter()
                .filter(|(_, key)| self.survey.has_key(key))
                .map(|(id, key)| (key, id))
                .collect();
            all.sort();
            // Spread evenly over the keys, so that a sample is the same each time.
            let wanted = usize::try_from(most)
                .unwrap_or(usize::MAX)
                .clamp(1, all.len().max(1));
            let ids: Vec<(String, PartnerId)> = (0..wanted.min(all.len()))
                .map(|n| all[n * all.len() / wanted])
                .map(|(key, id)| (key.clone(), id.clone()))
                .collect();
            self.sample = Some(ids.iter().map(|(key, _)| key.clone()).collect());
            let ids: Vec<PartnerId> = ids.into_iter().map(|(_, id)| id).collect();
            self.handle
                .block_on(Readback::some(&api, self.stop, &ids))?
        } else {
            let known = |id: &PartnerId| made.contains_key(id);
            let ours = |legacy: &str| self.survey.has_identifier(legacy);
            self.handle
                .block_on(Readback::whole(&api, self.stop, &known, &ours))?
        };
        for (legacy, ids) in std::mem::take(&mut self.read.duplicates) {
            let ids: Vec<&str> = ids.iter().map(PartnerId::as_str).collect();
            let told = duplicates(Location::default(), &legacy, &ids);
            self.lock().tell(u32::MAX, vec![told]);
        }
        let fingerprinter = self.reader.fingerprinter()?;
        let parents = KnownRows::new(Some(self.reader.again()?));
        let known = |key: &RowKey| parents.is_created(key);
        let (exports, survey, stop) = (self.exports, self.survey, self.stop.clone());
        let tally = exports.prepare(survey, Some(&fingerprinter), None, &known, &mut |rows| {
            if stop.is_requested() {
                return Flow::Enough;
            }
            match self.rows(rows) {
                Ok(()) => Flow::More,
                Err(error) => {
                    self.trouble = Some(error);
                    Flow::Enough
                }
            }
        })?;
        if let Some(error) = self.trouble.take() {
            return Err(error);
        }
        if self.sample.is_none() && !self.stop.is_requested() {
            self.without_row(&made);
        }
        Ok(tally)
    }

    fn rows(&mut self, rows: Vec<PreparedRow>) -> Result<(), CliError> {
        let keys: Vec<RowKey> = rows.iter().filter_map(|r| r.key.clone()).collect();
        let mut records = self
            .reader
            .known(keys.iter().map(RowKey::as_str))?
            .into_iter();
        for row in rows {
            let record = row.key.as_ref().and_then(|_| records.next().flatten());
            let key = row.key.as_ref().map_or_else(
                || format!("(row {})", row.origin.row),
                |k| k.as_str().to_owned(),
            );
            let partner_id = record
                .as_ref()
                .filter(|r| r.state == RecordState::Created)
                .and_then(|r| r.partner.clone());
            let sign = match (&row.partner, partner_id, &record) {
                (_, Some(_), _) if self.sample.as_ref().is_some_and(|s| !s.contains(&key)) => {
                    self.found.uncompared += 1;
                    continue;
                }
                (Some(partner), Some(id), _) => self.row(partner, &id)?,
                (Some(_), None, Some(record)) if record.state == RecordState::InDoubt => {
                    self.found.uncompared += 1;
                    '!'
                }
                (Some(partner), None, _) => {
                    self.found.only_source += 1;
                    let told = Diagnostic::new(
                        Code::PartnerNone,
                        place(partner),
                        "The row has no partner yet.",
                    );
                    self.tell(partner, vec![told]);
                    '+'
                }
                (None, ..) => {
                    self.found.uncompared += 1;
                    self.lock().add(run::unsent(row, RowOutcome::Invalid));
                    '!'
                }
            };
            if self.question.combined.is_some() {
                self.lines.push(format!("{sign} {key}"));
            }
        }
        Ok(())
    }

    fn tell(&mut self, partner: &PreparedPartner, diagnostics: Vec<Diagnostic>) {
        self.lock().add(RowResult {
            origin: partner.origin.clone(),
            key: Some(partner.key.clone()),
            legacy_identifier: Some(partner.legacy_identifier.clone()),
            outcome: RowOutcome::Deferred,
            partner: None,
            diagnostics,
        });
    }

    /// Compares one row with its partner.
    fn row(&mut self, partner: &PreparedPartner, id: &PartnerId) -> Result<char, CliError> {
        let Some(there) = self.read.of(id) else {
            self.found.gone += 1;
            let told = Diagnostic::new(
                Code::PartnerGone,
                place(partner),
                format!("The partner {id} is no longer on the API."),
            );
            self.tell(partner, vec![told]);
            return Ok('*');
        };
        let parents = self
            .reader
            .known(partner.links.iter().map(|l| l.key.as_str()))?;
        let ids: Vec<(usize, String)> = partner
            .links
            .iter()
            .zip(parents)
            .map(|(link, known)| {
                let id = known.and_then(|k| k.partner);
                (link.at, id.map_or(String::new(), |i| i.as_str().to_owned()))
            })
            .collect();
        let body = partner
            .body
            .filled(ids.iter().map(|(at, id)| (*at, id.as_str())));
        let differing: Vec<_> = fields_of_request(&body)
            .into_iter()
            .filter(|field| there.binary_search(&field.hash()).is_err())
            .collect();
        if differing.is_empty() {
            self.found.agree += 1;
            return Ok('=');
        }
        self.found.differ += 1;
        let remote = if self.shown < SHOWN_DIFFERENCES {
            self.shown += 1;
            self.handle
                .block_on(get(&self.connection.api, self.stop, id))?
        } else {
            None
        };
        let remote = remote.map(|r| fields_of_answer(&r.raw));
        let told = differing
            .into_iter()
            .map(|field| self.difference(partner, &field.field, &field.text, remote.as_deref()))
            .collect();
        self.tell(partner, told);
        Ok('*')
    }

    fn difference(
        &self,
        partner: &PreparedPartner,
        field: &str,
        source: &str,
        remote: Option<&[crate::partner::FieldText]>,
    ) -> Diagnostic {
        let mut at = place(partner);
        let export = self.exports.files().get(partner.origin.file as usize);
        if let Some(export) = export {
            let leaves = &export.plan.shape.leaves;
            let leaf = leaves.iter().position(|l| &*l.path == field);
            at.column = leaf
                .and_then(|l| export.plan.column_of(l))
                .map(|index| ColumnAt {
                    index,
                    name: Arc::clone(&export.source.header().names()[index]),
                });
        }
        at.field = Some(field.into());
        let shown = |text: &str| crate::diagnostic::visible(text, 80);
        let message = match remote {
            None => "The API has another value.".to_owned(),
            Some(fields) => {
                let there: Vec<String> = fields
                    .iter()
                    .filter(|f| f.field == field)
                    .map(|f| format!("\"{}\"", shown(&f.text)))
                    .collect();
                if there.is_empty() {
                    "The API has no value.".to_owned()
                } else {
                    format!("The API has {}.", there.join(", "))
                }
            }
        };
        Diagnostic::new(Code::PartnerDiffers, at, message).with_value(source, false)
    }

    /// Partners whose row the source has no longer.
    fn without_row(&mut self, made: &HashMap<PartnerId, String>) {
        let mut gone: Vec<(&String, &PartnerId)> = made
            .iter()
            .filter(|(_, key)| !self.survey.has_key(key))
            .map(|(id, key)| (key, id))
            .collect();
        gone.sort();
        for (key, id) in gone {
            // Gone on both sides: nothing is left to disagree.
            if self.read.of(id).is_none() {
                continue;
            }
            self.found.only_api += 1;
            let told = Diagnostic::new(
                Code::RowGone,
                Location::default(),
                format!("The source has no row \"{key}\" any more; its partner is {id}."),
            );
            self.lock().tell(u32::MAX, vec![told]);
            if self.question.combined.is_some() {
                self.lines.push(format!("- {key}"));
            }
        }
    }

    /// An API that does not answer is a stop, told in the report; anything else is an error.
    fn stop(&self, error: CliError) -> Result<(), CliError> {
        match error {
            CliError::Api(ApiError::Stopped) => Ok(()),
            CliError::Api(error @ (ApiError::Unauthorised(_) | ApiError::Forbidden(_))) => {
                self.stop
                    .request(StopReason::NotAuthorised(error.to_string()));
                Ok(())
            }
            CliError::Api(error) => {
                self.stop.request(StopReason::ApiDown(error.to_string()));
                Ok(())
            }
            other => Err(other),
        }
    }
}
