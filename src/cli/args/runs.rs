//! What reads an export and may send it: `check`, `import`, `sync`, `reconcile`.

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::value::{parse_time, parse_wait};
use crate::config::{Adopt, Bound, FETCHED_NAME, OnChange};
use crate::ops::{
    CheckRequest, Expectations, ExportRequest, FetchRequest, ImportRequest, OpError,
    ReconcileRequest, Rejected, ReportRequest, SealedPlan, Session, SyncRequest,
};
use crate::partner::Query;

/// Files and mapping.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// The export: CSV, XLSX, XLSB, XLS or ODS, also in gzip or zip; `-` is standard input. Several are read as one.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The mapping: which column feeds which field.
    #[arg(long, short, value_name = "MAPPING")]
    pub mapping: PathBuf,
    /// More invalid rows than this, N or P%: send nothing, exit 1.
    #[arg(long, value_name = "N|P%")]
    pub max_errors: Option<Bound>,
    /// Set createApptivoAccount for every row, whatever the mapping says.
    #[arg(long, hide_short_help = true)]
    pub create_apptivo_account: bool,
    /// Set createBillDotComProfile for every row, whatever the mapping says.
    #[arg(long, hide_short_help = true)]
    pub create_bill_com_profile: bool,
}

impl ExportArgs {
    /// What is read.
    #[must_use]
    pub(crate) fn request(&self) -> ExportRequest {
        ExportRequest {
            files: self.files.iter().cloned().map(Into::into).collect(),
            mapping: self.mapping.clone(),
            always: Query {
                create_apptivo_account: self.create_apptivo_account,
                create_bill_com_profile: self.create_bill_com_profile,
            },
        }
    }
}

/// `check`.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// Files and mapping.
    #[command(flatten)]
    pub export: ExportArgs,
    /// Check only this many rows.
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
}

impl CheckArgs {
    /// What is asked for.
    ///
    /// # Errors
    /// Where no file fits a pattern.
    pub(crate) fn request(
        &self,
        session: &Session<'_>,
        report: ReportRequest,
    ) -> Result<CheckRequest, OpError> {
        Ok(CheckRequest {
            export: self.export.request().expanded(None, session)?,
            report,
            limit: self.limit,
        })
    }
}

/// `import`.
#[derive(Debug, Clone, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags that were typed or not"
)]
pub struct ImportArgs {
    /// The export: CSV, XLSX, XLSB, XLS or ODS, also in gzip or zip; `-` is standard input. Several are read as one.
    #[arg(required_unless_present_any = ["plan", "fetch"], value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The mapping: which column feeds which field.
    #[arg(long, short, required_unless_present = "plan", value_name = "MAPPING")]
    pub mapping: Option<PathBuf>,
    /// More invalid rows than this, N or P%: send nothing, exit 1.
    #[arg(long, value_name = "N|P%")]
    pub max_errors: Option<Bound>,
    /// Set createApptivoAccount for every row, whatever the mapping says.
    #[arg(long, hide_short_help = true)]
    pub create_apptivo_account: bool,
    /// Set createBillDotComProfile for every row, whatever the mapping says.
    #[arg(long, hide_short_help = true)]
    pub create_bill_com_profile: bool,
    /// Show what an import would do, against the state; send nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// With --dry-run: seal what it would do in a file, for --plan.
    #[arg(
        long,
        value_name = "PLAN",
        requires = "dry_run",
        conflicts_with = "plan"
    )]
    pub plan_out: Option<PathBuf>,
    /// Do exactly what a sealed plan says; refuse (exit 2) when file, mapping, target or state changed since.
    #[arg(long, value_name = "PLAN", conflicts_with_all = ["dry_run", "files", "mapping", "limit", "adopt", "retry_rejected", "create_apptivo_account", "create_bill_com_profile"])]
    pub plan: Option<PathBuf>,
    /// First create this many partners, read them back, and go on only if they agree field by field. Those of a canary that
    /// failed are compared again, and no others are created.
    #[arg(long, value_name = "N", conflicts_with_all = ["dry_run", "limit"], value_parser = clap::value_parser!(u64).range(1..))]
    pub canary: Option<u64>,
    /// Create this many partners at most, parents before their children; the other rows are deferred (exit 3).
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Stop after this time (exit 3); run again to go on.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub max_duration: Option<Duration>,
    /// Wait for another run that holds the state, at most so long (10m, or forever), instead of ending at once with exit 4.
    #[arg(long, value_name = "TIME", value_parser = parse_wait)]
    pub wait: Option<Duration>,
    /// Share the import with no other machine: where one is at it, end with exit 4. A state in a file is of one run at a time anyway.
    #[arg(long, hide_short_help = true)]
    pub alone: bool,
    /// Do not ask before the first import into an API.
    #[arg(long)]
    pub yes: bool,
    /// When to look first which rows have a partner on the API already, to record those instead of creating them again:
    /// auto (where the API has more partners than the state knows of), always, never.
    #[arg(long, value_name = "WHEN", num_args = 0..=1, require_equals = true, default_value_t = Adopt::Auto, default_missing_value = "always")]
    pub adopt: Adopt,
    /// More new rows than this, N or P%, after a first complete run: send nothing, exit 3.
    #[arg(long, value_name = "N|P%")]
    pub max_new: Option<Bound>,
    /// Send rows again that the API rejected, though they are unchanged.
    #[arg(long)]
    pub retry_rejected: bool,
    /// How long the API may still process a create after its answer was lost [default: 2 minutes or four times --timeout,
    /// whichever is longer]. With less, a row may be sent again while the first request is still being processed.
    #[arg(long, hide_short_help = true, value_name = "TIME", value_parser = parse_time)]
    pub settle: Option<Duration>,
    /// In place of FILE: a command that writes the export to {file}. Write it last: all that follows belongs to it.
    #[arg(long, value_name = "COMMAND", num_args = 1.., allow_hyphen_values = true, conflicts_with_all = ["files", "plan", "plan_out"])]
    pub fetch: Vec<String>,
    /// How long that command may take.
    #[arg(long, value_name = "TIME", value_parser = parse_time, requires = "fetch", default_value = "30m", hide_short_help = true)]
    pub fetch_timeout: Duration,
}

impl ImportArgs {
    /// The command that fetches the export, where one is named.
    fn fetch(&self) -> Option<FetchRequest> {
        (!self.fetch.is_empty()).then(|| FetchRequest {
            words: self.fetch.clone(),
            name: FETCHED_NAME.to_owned(),
            limit: self.fetch_timeout,
        })
    }

    /// What is asked for, by the plan that was named.
    ///
    /// # Errors
    /// Where no file fits a pattern, the export cannot be fetched, or the plan cannot be read.
    pub(crate) fn request(
        &self,
        session: &Session<'_>,
        report: ReportRequest,
    ) -> Result<ImportRequest, OpError> {
        let export = ExportRequest {
            files: self.files.iter().cloned().map(Into::into).collect(),
            mapping: self.mapping.clone().unwrap_or_default(),
            always: Query {
                create_apptivo_account: self.create_apptivo_account,
                create_bill_com_profile: self.create_bill_com_profile,
            },
        };
        let request = ImportRequest {
            export: export.expanded(self.fetch(), session)?,
            report,
            max_errors: self.max_errors,
            limit: self.limit,
            canary: self.canary.and_then(NonZeroU64::new),
            max_duration: self.max_duration,
            adopt: self.adopt,
            rejected: if self.retry_rejected {
                Rejected::SendAgain
            } else {
                Rejected::Keep
            },
            settle: self.settle,
            on_change: OnChange::Problem,
            expect: Expectations {
                max_new: self.max_new,
                ..Expectations::default()
            },
            plan: None,
            ask_first: !self.yes,
            wait: self.wait,
            alone: self.alone,
            job: None,
            id: None,
        };
        match &self.plan {
            Some(path) => Ok(request.by(SealedPlan::read(path, session)?)),
            None => Ok(request),
        }
    }
}

/// `sync`.
#[derive(Debug, Clone, Args)]
pub struct SyncArgs {
    /// Only this job.
    #[arg(long, value_name = "NAME")]
    pub job: Option<String>,
    /// Show what each job would do, against the state; send nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Validate the configuration: files, mappings, state, token, API. Nothing is sent.
    #[arg(long, conflicts_with = "dry_run")]
    pub check_config: bool,
    /// Wait for another run that holds the state, at most so long (10m, or forever), instead of ending at once with exit 4.
    #[arg(long, value_name = "TIME", value_parser = parse_wait)]
    pub wait: Option<Duration>,
    /// Stop each job after this time (exit 3).
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub max_duration: Option<Duration>,
    /// How long the API may still process a create after its answer was lost [default: 2 minutes or four times --timeout,
    /// whichever is longer]. With less, a row may be sent again while the first request is still being processed.
    #[arg(long, hide_short_help = true, value_name = "TIME", value_parser = parse_time)]
    pub settle: Option<Duration>,
}

impl SyncArgs {
    /// What is asked for.
    #[must_use]
    pub(crate) fn request(&self, report: ReportRequest) -> SyncRequest {
        SyncRequest {
            job: self.job.clone(),
            dry_run: self.dry_run,
            wait: self.wait,
            max_duration: self.max_duration,
            settle: self.settle,
            report,
        }
    }
}

/// `reconcile`.
#[derive(Debug, Clone, Args)]
pub struct ReconcileArgs {
    /// Also record the partners of this export that are on the API already; needs -m.
    #[arg(long, value_name = "FILE", requires = "mapping")]
    pub adopt: Vec<PathBuf>,
    /// This machine will never wake again (switched off, deleted, its connections closed): do not wait for what it may still send.
    /// Its id is in `status`; the begin of it is enough. Wrong, it may lead to a partner twice.
    #[arg(long, value_name = "MACHINE")]
    pub lost: Option<String>,
    /// The mapping of the export.
    #[arg(long, short, value_name = "MAPPING", requires = "adopt")]
    pub mapping: Option<PathBuf>,
    /// How long the API may still process a create after its answer was lost [default: 2 minutes or four times --timeout,
    /// whichever is longer]. With less, a row may be sent again while the first request is still being processed.
    #[arg(long, hide_short_help = true, value_name = "TIME", value_parser = parse_time)]
    pub settle: Option<Duration>,
}

impl ReconcileArgs {
    /// What is asked for.
    ///
    /// # Errors
    /// Where no file fits a pattern.
    pub(crate) fn request(
        &self,
        session: &Session<'_>,
        report: ReportRequest,
    ) -> Result<ReconcileRequest, OpError> {
        let export = self.mapping.as_ref().map(|mapping| ExportRequest {
            files: self.adopt.iter().cloned().map(Into::into).collect(),
            mapping: mapping.clone(),
            always: Query::default(),
        });
        let expanded = |export: ExportRequest| export.expanded(None, session);
        Ok(ReconcileRequest {
            adopt: export.map(expanded).transpose()?,
            lost: self.lost.clone(),
            report,
            settle: self.settle,
        })
    }
}
