//! `man` and `completions`: the command line described for others.

use std::path::Path;

use crate::cli::args::{command, man_page, man_pages};
use crate::cli::desk::Desk;
use crate::cli::exit::CliError;
use crate::report::RunEnding;

/// The page of the program, or a page for each command in a folder.
pub(super) fn run(dir: Option<&Path>, desk: &Desk) -> Result<RunEnding, CliError> {
    let failed = |e: std::io::Error| CliError::Machine(format!("cannot make the manual: {e}"));
    let Some(dir) = dir else {
        let page = man_page().map_err(failed)?;
        desk.output.result(&String::from_utf8_lossy(&page));
        return Ok(RunEnding::Done);
    };
    let pages = man_pages().map_err(failed)?;
    let written = std::fs::create_dir_all(dir).and_then(|()| {
        pages
            .iter()
            .try_for_each(|(name, page)| std::fs::write(dir.join(name), page))
    });
    written.map_err(|e| CliError::Machine(format!("cannot write into {}: {e}", dir.display())))?;
    let count = pages.len();
    desk.output
        .note(&format!("{count} pages written to {}", dir.display()));
    Ok(RunEnding::Done)
}

/// A completion script.
pub(super) fn completions(shell: clap_complete::Shell, desk: &Desk) -> RunEnding {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "partner-sync", &mut script);
    desk.output.result(&String::from_utf8_lossy(&script));
    RunEnding::Done
}
