//! `init`: reads a file and proposes a mapping for it.

use std::io::Write as _;
use std::path::Path;

use crate::cli::args::InitArgs;
use crate::cli::desk::Desk;
use crate::cli::exit::CliError;
use crate::mapping::starter::{json_schema, template};
use crate::ops;
use crate::report::RunEnding;

pub(super) fn run(args: &InitArgs, desk: &Desk) -> Result<RunEnding, CliError> {
    if args.schema {
        let text = serde_json::to_string_pretty(&json_schema()).unwrap_or_default();
        return write(args.output.as_deref(), &format!("{text}\n"), desk);
    }
    if args.template {
        return write(args.output.as_deref(), &template(), desk);
    }
    let Some(file) = &args.file else {
        return Err(CliError::Usage(
            "name the export to propose a mapping for: partner-sync init export.csv".to_owned(),
        ));
    };
    let proposed = ops::propose(file)?;
    desk.output.note(&proposed.words());
    write(args.output.as_deref(), &proposed.text, desk)
}

fn write(output: Option<&Path>, text: &str, desk: &Desk) -> Result<RunEnding, CliError> {
    match output {
        None => desk.output.result(text),
        Some(path) => {
            // A mapping is written by hand once it is proposed: never over one that is there.
            std::fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(path)
                .and_then(|mut file| file.write_all(text.as_bytes()))
                .map_err(|e| {
                    CliError::Usage(format!(
                        "cannot write {}: {e}. Name a file that does not exist yet.",
                        path.display()
                    ))
                })?;
            desk.output.note(&format!("written: {}", path.display()));
        }
    }
    Ok(RunEnding::Done)
}
