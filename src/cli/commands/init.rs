//! `init`: reads a file and proposes a mapping for it.

use crate::cli::args::InitArgs;
use crate::cli::context::Context;
use crate::cli::exit::CommandResult;
use crate::ops;
use crate::report::RunEnding;

pub(super) fn run(args: &InitArgs, context: &Context) -> CommandResult {
    let (text, note) = ops::mapping_text(&args.request()?)?;
    if let Some(note) = note {
        context.output.note(&note);
    }
    match &args.output {
        None => context.output.result(&text),
        Some(path) => {
            ops::write_new(path, &text)?;
            context.output.note(&format!("written: {}", path.display()));
        }
    }
    Ok(RunEnding::Done)
}
