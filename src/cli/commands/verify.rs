//! `verify`: partners are read back and compared with the source, field by field.

use crate::cli::args::{Shared, VerifyArgs};
use crate::cli::desk::Desk;
use crate::cli::exit::CliError;
use crate::cli::front::Front;
use crate::ops::{self, ExportRequest, VerifyRequest};
use crate::partner::Query;
use crate::report::RunEnding;

pub(super) fn run(args: &VerifyArgs, shared: &Shared, desk: &Desk) -> Result<RunEnding, CliError> {
    let front = Front::start(shared, desk)?;
    let export = match (&args.job, &args.mapping) {
        (Some(name), None) => ops::file_of_job(&front.config, name, &front.session())?,
        (None, Some(mapping)) if !args.files.is_empty() => ExportRequest {
            files: args.files.iter().cloned().map(Into::into).collect(),
            mapping: mapping.clone(),
            always: Query::default(),
        }
        .expanded(None, &front.session())?,
        _ => {
            return Err(CliError::Usage(
                "name what to compare with: FILE -m MAPPING, or --job NAME for a job of the configuration"
                    .to_owned(),
            ));
        }
    };
    let request = VerifyRequest {
        export,
        report: front.report(),
        sample: args.sample,
        each_row: args.combined.is_some(),
    };
    let mut kept = shared.read_files(&front.settings.state);
    kept.extend(request.export.files.iter().map(|f| f.at().to_owned()));
    kept.push(request.export.mapping.clone());
    let mut sink = match &args.combined {
        Some(path) => Some(desk.output.sink(Some(path), &kept, false)?),
        None => None,
    };
    let found = ops::verify(&request, &front.session())?;
    if let (Some(sink), Some(rows)) = (&mut sink, &found.rows) {
        sink.put(&ops::signed_rows(rows))?;
    }
    if let Some(sink) = sink {
        sink.finish()?;
    }
    desk.output
        .note("the API does not return vendorAccount (all bank data), so it was not compared");
    Ok(desk.output.summary(&found.report, shared.json.json))
}
