//! `partners list` and `partners get`: straight from the API.

use crate::api::PartnersApi as _;
use crate::cli::args::{ListArgs, PartnersCommand, Shared};
use crate::cli::desk::Desk;
use crate::cli::exit::CliError;
use crate::cli::front::Front;
use crate::cli::output::Output;
use crate::ops::{self, ListShape, PARTNER_COLUMNS, list_partners, partner_json};
use crate::partner::PartnerId;
use crate::report::{RunEnding, SourceValues, table_within};

pub(super) fn run(
    which: &PartnersCommand,
    shared: &Shared,
    desk: &Desk,
) -> Result<RunEnding, CliError> {
    let front = Front::start(shared, desk)?;
    match which {
        PartnersCommand::Get { id, include } => get(id, include, &front, desk),
        PartnersCommand::List(args) => list(args, shared, &front, desk),
    }
}

fn connect(front: &Front<'_>) -> Result<ops::Connection, CliError> {
    let session = front.session();
    let (stop, waits) = (&session.stop, ops::Waits::ForNothing);
    Ok(ops::connect(&session, stop, waits, SourceValues::Shown)?)
}

fn get(
    id: &str,
    include: &[String],
    front: &Front<'_>,
    desk: &Desk,
) -> Result<RunEnding, CliError> {
    let connection = connect(front)?;
    let id = PartnerId::new(id);
    let asked = connection.api.get(&id, include);
    let Some(partner) = front.session().runtime.block_on(asked)? else {
        desk.output
            .note(&format!("the API has no partner {}", id.as_str()));
        return Ok(RunEnding::Problems);
    };
    let text = serde_json::to_string_pretty(&partner_json(&partner)).unwrap_or_default();
    desk.output.result(&format!("{text}\n"));
    Ok(RunEnding::Done)
}

fn list(
    args: &ListArgs,
    shared: &Shared,
    front: &Front<'_>,
    desk: &Desk,
) -> Result<RunEnding, CliError> {
    let request = args.request(shared.json.json);
    for words in request.undocumented() {
        desk.output.warning(&words);
    }
    let kept = shared.read_files(&front.settings.state);
    let is_csv = request.shape == ListShape::Csv;
    let mut sink = desk.output.sink(args.output.as_deref(), &kept, is_csv)?;
    let connection = connect(front)?;
    let mut put = |text: &str| sink.put(text);
    let listing = list_partners(&request, &connection, &mut put);
    let cells = front.session().runtime.block_on(listing)?;
    if request.shape == ListShape::Table {
        let header = PARTNER_COLUMNS.map(|(name, _)| name.to_uppercase());
        let header = header.each_ref().map(String::as_str);
        let width = Output::width().filter(|_| !sink.is_file());
        sink.put(&table_within(&header, &cells, width))?;
        let count = crate::diagnostic::counted(cells.len() as u64, "partner");
        desk.output.note(&count);
    }
    sink.finish()?;
    Ok(RunEnding::Done)
}
