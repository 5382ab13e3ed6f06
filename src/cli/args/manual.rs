//! Manual pages: one for the program, and one for each command.

use std::io;
use std::path::Path;

use clap::Command;

use super::environment::name_of;
use super::program::command;

/// What ends a command, and what a run leaves. Source: the contract's table of exit codes.
const ENDINGS: &str = ".SH \"EXIT STATUS\"
.TP
0
Every row is created or was already.
.TP
1
Finished, but some rows need somebody: invalid, rejected, blocked, changed or in doubt.
.TP
2
Usage, configuration or mapping error, or an unreadable file.
.TP
3
Stopped early; nothing is lost, run the same command again.
.TP
4
Another run holds the state.
.TP
130
Interrupted; nothing is lost.
";
const FILES: &str = ".SH FILES
.TP
partner\\-sync.toml
The configuration; another one with \\-c.
.TP
partner\\-sync.db
The state; another one with \\-\\-state. Beside it: its key (.key), its log (\\-wal, \\-shm) and its lock (.lock). They belong
together.
.TP
partner\\-sync.sandbox.jsonl
The partners of \\-\\-sandbox.
";

/// The page of the program.
///
/// # Errors
/// Where it cannot be rendered.
pub(crate) fn man_page() -> io::Result<Vec<u8>> {
    let mut whole = command();
    whole.build();
    page(&whole, "partner-sync")
}

/// Writes every page into a folder, by its command's name: `partner-sync-partners-list.1`. Returns how many.
///
/// # Errors
/// Where one cannot be rendered or written.
pub(crate) fn write_man_pages(dir: &Path) -> io::Result<usize> {
    let mut whole = command();
    whole.build();
    let mut pages = Vec::new();
    collect(&whole, "partner-sync", &mut pages)?;
    std::fs::create_dir_all(dir)?;
    for (name, page) in &pages {
        std::fs::write(dir.join(name), page)?;
    }
    Ok(pages.len())
}

/// A completion script.
#[must_use]
pub(crate) fn completions(shell: clap_complete::Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "partner-sync", &mut script);
    script
}

fn collect(of: &Command, name: &str, pages: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    pages.push((format!("{name}.1"), page(of, name)?));
    for sub in of.get_subcommands() {
        if sub.get_name() != "help" {
            collect(sub, &format!("{name}-{}", sub.get_name()), pages)?;
        }
    }
    Ok(())
}

fn page(of: &Command, name: &str) -> io::Result<Vec<u8>> {
    let mut named = of
        .clone()
        .display_name(name.to_owned())
        .disable_help_subcommand(true);
    if named.get_version().is_none() {
        named = named.version(env!("CARGO_PKG_VERSION"));
    }
    let man = clap_mangen::Man::new(named);
    let mut out = Vec::new();
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    if of.has_subcommands() {
        man.render_subcommands_section(&mut out)?;
    }
    out.extend_from_slice(ENDINGS.as_bytes());
    out.extend_from_slice(variables(of).as_bytes());
    out.extend_from_slice(FILES.as_bytes());
    if of.get_after_help().is_some() {
        man.render_extra_section(&mut out)?;
    }
    man.render_version_section(&mut out)?;
    Ok(out)
}

/// The environment variables of a command.
fn variables(of: &Command) -> String {
    let mut out = String::from(".SH ENVIRONMENT\nWhat is typed wins over the environment.\n");
    let mut put = |name: &str, meaning: &str| {
        let (name, meaning) = (roff(name), roff(meaning));
        out.extend([".TP\n", &name, "\n", &meaning, "\n"]);
    };
    put("PARTNER_SYNC_TOKEN", "The token for the API.");
    for arg in of.get_arguments() {
        if let (Some(name), Some(long)) = (name_of(arg), arg.get_long()) {
            put(&name, &format!("As --{long}."));
        }
    }
    put("NO_COLOR", "No colours where it is set and not empty.");
    out
}

/// A line of text in roff: a hyphen is a minus, a backslash is itself.
fn roff(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}
