//! What looks: `status`, `verify`, `partners`, `init`, `doctor`, `config`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::value::parse_time;
use crate::api::ListFilter;
use crate::cli::exit::CliError;
use crate::config::ConfigFile;
use crate::ops::{
    ExportRequest, InitRequest, ListRequest, ListShape, ReportRequest, Session, VerifyRequest,
    file_of_job,
};
use crate::partner::Query;
use crate::report::SourceValues;
use crate::workbench::WorkbenchRequest;

/// `status`.
#[derive(Debug, Clone, Args)]
pub struct StatusArgs {
    /// History of one row.
    #[arg(long, value_name = "KEY")]
    pub row: Option<String>,
    /// One run, or one import that machines shared, by its number; with --report, its reports are made again. The exit status is
    /// that of the import.
    #[arg(long, value_name = "RUN", conflicts_with = "row")]
    pub run: Option<String>,
    /// The export of the import: its report then has the rows with their values, as the state knows them now.
    #[arg(value_name = "FILE", requires = "run", requires = "mapping")]
    pub files: Vec<PathBuf>,
    /// The mapping of the import.
    #[arg(long, short, value_name = "MAPPING", requires = "files")]
    pub mapping: Option<PathBuf>,
}

impl StatusArgs {
    /// The number of the import that is asked for; a run has a name with letters.
    #[must_use]
    pub(crate) fn import(&self) -> Option<i64> {
        self.run.as_deref()?.parse().ok()
    }

    /// The export of the import.
    ///
    /// # Errors
    /// Where a file is named for a run that is no import of several machines, or there is no such file.
    pub(crate) fn export(&self, session: &Session<'_>) -> Result<Option<ExportRequest>, CliError> {
        let Some(mapping) = &self.mapping else {
            return Ok(None);
        };
        if self.import().is_none() {
            return Err(CliError::Usage(
                "FILE and -m are for an import that machines shared: name its number, as `partner-sync status` shows it"
                    .to_owned(),
            ));
        }
        let export = ExportRequest {
            files: self.files.iter().cloned().map(Into::into).collect(),
            mapping: mapping.clone(),
            always: Query::default(),
        };
        Ok(Some(export.expanded(None, session)?))
    }
}

/// `verify`.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// The export to compare with.
    #[arg(value_name = "FILE", conflicts_with = "job")]
    pub files: Vec<PathBuf>,
    /// The mapping of the export.
    #[arg(long, short, value_name = "MAPPING", conflicts_with = "job")]
    pub mapping: Option<PathBuf>,
    /// The newest file and the mapping of this job of the configuration.
    #[arg(long, value_name = "NAME")]
    pub job: Option<String>,
    /// Compare this many rows, spread evenly, instead of all.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub sample: Option<u64>,
    /// Write a line for each row: a sign and the key; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    pub combined: Option<PathBuf>,
}

impl VerifyArgs {
    /// What is compared: files that were named, or the file of a job of the configuration.
    ///
    /// # Errors
    /// Where neither is named, or there is no such file.
    pub(crate) fn request(
        &self,
        config: &ConfigFile,
        session: &Session<'_>,
        report: ReportRequest,
    ) -> Result<VerifyRequest, CliError> {
        let export = match (&self.job, &self.mapping) {
            (Some(name), None) => file_of_job(config, name, session)?,
            (None, Some(mapping)) if !self.files.is_empty() => ExportRequest {
                files: self.files.iter().cloned().map(Into::into).collect(),
                mapping: mapping.clone(),
                always: Query::default(),
            }
            .expanded(None, session)?,
            _ => {
                return Err(CliError::Usage(
                    "name what to compare with: FILE -m MAPPING, or --job NAME for a job of the configuration"
                        .to_owned(),
                ));
            }
        };
        Ok(VerifyRequest {
            export,
            report,
            sample: self.sample,
            each_row: self.combined.is_some(),
        })
    }
}

/// `doctor`.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// Also try this mapping; the mappings of the configuration's jobs are tried anyway.
    #[arg(long, short, value_name = "MAPPING")]
    pub mapping: Vec<PathBuf>,
}

/// `test`.
#[derive(Debug, Clone, Args)]
pub struct TestArgs {
    /// The mappings, or folders of mappings [default: those of the configuration's jobs, else all in mappings].
    #[arg(value_name = "MAPPING")]
    pub mappings: Vec<PathBuf>,
    /// Configuration file [default: partner-sync.toml, if it exists].
    #[arg(long, short = 'c', value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `config show` has no arguments of its own.
#[derive(Debug, Clone, Args)]
pub struct SettingsArgs {}

/// `partners`.
#[derive(Debug, Clone, Args)]
pub struct PartnersArgs {
    /// What to show.
    #[command(subcommand)]
    pub which: PartnersCommand,
}

/// `partners …`.
#[derive(Debug, Clone, Subcommand)]
pub enum PartnersCommand {
    /// List partners; pages by itself.
    #[command(after_help = "Examples:
  partner-sync partners list --search-term Acme
  partner-sync partners list --status Active --is-w2 true --format csv -o partners.csv
  partner-sync partners list --include partner-type --partner-type-ids e8d2d255-3e62-413f-9275-e8929eced814 --format jsonl")]
    List(ListArgs),
    /// Show one partner.
    #[command(after_help = "Example:
  partner-sync partners get 854e27cb-7ddd-4c0f-950d-1d60bc9e0cb9 --include parent-partner")]
    Get {
        /// Its id.
        id: String,
        /// Also show: parent-partner, partner-type.
        #[arg(long, value_name = "WHAT", value_delimiter = ',')]
        include: Vec<String>,
    },
}

/// How partners are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ListFormat {
    /// For people.
    #[default]
    Table,
    /// The API's answers, one a line.
    Jsonl,
    /// The table's columns as CSV.
    Csv,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub enum OrderBy {
    /// Ascending.
    Asc,
    /// Descending.
    Desc,
}

/// `partners list`: the documented filters, one flag each.
#[derive(Debug, Clone, Args)]
pub struct ListArgs {
    /// ASC or DESC.
    #[arg(long, value_enum, ignore_case = true)]
    pub order_by: Option<OrderBy>,
    /// Pages to skip.
    #[arg(long, default_value_t = 0, value_name = "PAGES")]
    pub skip: u64,
    /// Partners per page.
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub take: u64,
    /// Show at most this many partners [default: all].
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Also show: parent-partner, partner-type.
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub include: Vec<String>,
    /// Active, Inactive, Suspended, Restored [default: all of these]. Other words are sent as they are, with a warning.
    #[arg(long, value_delimiter = ',')]
    pub status: Vec<String>,
    /// Status in the partner programme, such as on-boarded.
    #[arg(long)]
    pub partner_status: Option<String>,
    /// Status of commission payouts, such as active.
    #[arg(long)]
    pub commission_payout_status: Option<String>,
    /// What the API searches for.
    #[arg(long, value_name = "TEXT")]
    pub search_term: Option<String>,
    /// Partner types by id; needs --include partner-type, which is added.
    #[arg(long, value_delimiter = ',', value_name = "ID")]
    pub partner_type_ids: Vec<String>,
    /// Partners by id.
    #[arg(long, value_delimiter = ',', value_name = "ID")]
    pub partner_ids: Vec<String>,
    /// With or without the W-9 form.
    #[arg(long, value_name = "true|false")]
    pub w9_submitted: Option<bool>,
    /// With or without commissions.
    #[arg(long, value_name = "true|false")]
    pub enable_commissions: Option<bool>,
    /// Paid by W-2 or not.
    #[arg(long, value_name = "true|false")]
    pub is_w2: Option<bool>,
    /// How to show them.
    #[arg(long, value_enum, default_value_t)]
    pub format: ListFormat,
    /// Write into this file instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl ListArgs {
    /// What is asked for; `--json` is the API's answers.
    pub(crate) fn request(&self, json: bool) -> ListRequest {
        ListRequest {
            filter: self.filter(),
            take: self.take,
            skip: self.skip,
            limit: self.limit,
            shape: match self.format {
                _ if json => ListShape::Jsonl,
                ListFormat::Table => ListShape::Table,
                ListFormat::Jsonl => ListShape::Jsonl,
                ListFormat::Csv => ListShape::Csv,
            },
        }
    }

    /// The documented filters as query parameters. Source: the documentation page's list request.
    fn filter(&self) -> ListFilter {
        let mut parameters: Vec<(&'static str, String)> = Vec::new();
        let mut put = |name, value: Option<String>| parameters.extend(value.map(|v| (name, v)));
        put(
            "order_by",
            self.order_by
                .map(|o| if o == OrderBy::Asc { "ASC" } else { "DESC" }.to_owned()),
        );
        let mut include = self.include.clone();
        if !self.partner_type_ids.is_empty() && !include.iter().any(|i| i == "partner-type") {
            include.push("partner-type".to_owned());
        }
        let list = |values: &[String]| (!values.is_empty()).then(|| values.join(","));
        put("include", list(&include));
        put("status", list(&self.status));
        put("partnerStatus", self.partner_status.clone());
        put(
            "commissionPayoutStatus",
            self.commission_payout_status.clone(),
        );
        put("searchTerm", self.search_term.clone());
        put("partnerTypeIds", list(&self.partner_type_ids));
        put("partnerIds", list(&self.partner_ids));
        put("w9Submitted", self.w9_submitted.map(|b| b.to_string()));
        put(
            "enableCommissions",
            self.enable_commissions.map(|b| b.to_string()),
        );
        put("isW2", self.is_w2.map(|b| b.to_string()));
        ListFilter { parameters }
    }
}

/// `map`.
#[derive(Debug, Clone, Args)]
pub struct MapArgs {
    /// The export.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The mapping to work on; a new one is made where there is none [default: beside the export, with its name].
    #[arg(long, short, value_name = "MAPPING")]
    pub mapping: Option<PathBuf>,
    /// Print the address only; open no browser.
    #[arg(long)]
    pub no_open: bool,
    /// End after this time, whoever uses it.
    #[arg(long = "for", value_name = "TIME", default_value = "8h", value_parser = parse_time)]
    pub lasts: Duration,
    /// Show what values look like (999-99-9999), not the values.
    #[arg(long)]
    pub no_source_values: bool,
}

impl MapArgs {
    /// What the workbench is for.
    #[must_use]
    pub(crate) fn request(&self) -> WorkbenchRequest {
        WorkbenchRequest {
            file: self.file.clone(),
            mapping: self.mapping.clone(),
            values: if self.no_source_values {
                SourceValues::LeftOut
            } else {
                SourceValues::Shown
            },
            lasts: self.lasts,
        }
    }
}

/// `init`.
#[derive(Debug, Clone, Args)]
pub struct InitArgs {
    /// The export to propose a mapping for.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Write into this file [default: standard output]. An existing file is not overwritten.
    #[arg(long, short, value_name = "MAPPING")]
    pub output: Option<PathBuf>,
    /// Print the JSON Schema of a mapping file, for editors.
    #[arg(long, conflicts_with_all = ["file", "template"])]
    pub schema: bool,
    /// Print a mapping with every field and a comment on each.
    #[arg(long, conflicts_with = "file")]
    pub template: bool,
}

impl InitArgs {
    /// That it is written, and what to do with a mapping that was proposed.
    pub(crate) fn written(&self, path: &Path) -> String {
        let path = path.display();
        match &self.file {
            Some(file) => format!(
                "written: {path}\nNext: look at its lines, then partner-sync check {} -m {path} --report out",
                file.display()
            ),
            None => format!("written: {path}"),
        }
    }

    /// What is printed.
    ///
    /// # Errors
    /// Where nothing is named.
    pub(crate) fn request(&self) -> Result<InitRequest, CliError> {
        match &self.file {
            _ if self.schema => Ok(InitRequest::Schema),
            _ if self.template => Ok(InitRequest::Template),
            Some(file) => Ok(InitRequest::For(file.clone())),
            None => Err(CliError::Usage(
                "name the export to propose a mapping for: partner-sync init export.csv".to_owned(),
            )),
        }
    }
}
