//! `partners list` and `partners get`: straight from the API.

use crate::cli::args::{PartnersCommand, Shared};
use crate::cli::context::Context;
use crate::cli::exit::CommandResult;
use crate::cli::output::Output;
use crate::cli::session::SessionParts;
use crate::ops::{self, ListShape};
use crate::report::RunEnding;

pub(super) fn run(which: &PartnersCommand, shared: &Shared, context: &Context) -> CommandResult {
    let (parts, output) = (SessionParts::new(shared, context)?, &context.output);
    let session = parts.session();
    let args = match which {
        PartnersCommand::List(args) => args,
        PartnersCommand::Get { id, include } => {
            let Some(text) = ops::partner(id, include, &session)? else {
                output.note(&format!("the API has no partner {id}"));
                return Ok(RunEnding::Problems);
            };
            output.result(&text);
            return Ok(RunEnding::Done);
        }
    };
    let request = args.request(shared.json.json);
    for words in request.undocumented() {
        output.warning(&words);
    }
    let (kept, is_csv) = (
        shared.read_files(&parts.settings.state),
        request.shape == ListShape::Csv,
    );
    let mut sink = output.sink(args.output.as_deref(), &kept, is_csv)?;
    let count = ops::list_partners(&request, &session, Output::width(), &mut sink)?;
    sink.finish()?;
    if let Some(count) = count {
        output.note(&count);
    }
    Ok(RunEnding::Done)
}
