//! `partners list` and `partners get`: straight from the API.

use crate::api::{PageWalk, PartnersApi as _};
use crate::cli::args::{ListFormat, PartnersCommand, Shared};
use crate::cli::desk::Desk;
use crate::cli::exit::CliError;
use crate::cli::front::Front;
use crate::ops::{self, PARTNER_COLUMNS, partner_cells, partner_json, partner_line};
use crate::partner::PartnerId;
use crate::report::{RunEnding, SourceValues, table};

pub(super) fn run(
    which: &PartnersCommand,
    shared: &Shared,
    desk: &Desk,
) -> Result<RunEnding, CliError> {
    let front = Front::start(shared, desk)?;
    let session = front.session();
    let connection = ops::connect(
        &session,
        &session.stop,
        ops::Waits::ForNothing,
        SourceValues::Shown,
    )?;
    session.runtime.block_on(async {
        match which {
            PartnersCommand::Get { id, include } => {
                let Some(partner) = connection
                    .api
                    .get(&PartnerId::new(id.as_str()), include)
                    .await?
                else {
                    desk.output.note(&format!("the API has no partner {id}"));
                    return Ok(RunEnding::Problems);
                };
                let text =
                    serde_json::to_string_pretty(&partner_json(&partner)).unwrap_or_default();
                desk.output.result(&format!("{text}\n"));
                Ok(RunEnding::Done)
            }
            PartnersCommand::List(args) => {
                let format = if shared.json {
                    ListFormat::Jsonl
                } else {
                    args.format
                };
                let mut walk = PageWalk::with_take(args.filter(), args.take).from_page(args.skip);
                let mut left = args.limit.unwrap_or(u64::MAX);
                let mut shown = Vec::new();
                if format == ListFormat::Csv {
                    desk.output.result(&partner_line(
                        &PARTNER_COLUMNS.map(|(name, _)| name.to_owned()),
                    ));
                }
                while left > 0 {
                    let Some(items) = walk.next(&*connection.api).await? else {
                        break;
                    };
                    for partner in items
                        .into_iter()
                        .take(usize::try_from(left).unwrap_or(usize::MAX))
                    {
                        left -= 1;
                        let more = match format {
                            ListFormat::Table => {
                                shown.push(partner_cells(&partner).to_vec());
                                true
                            }
                            ListFormat::Jsonl => {
                                desk.output.stream(&format!("{}\n", partner_json(&partner)))
                            }
                            ListFormat::Csv => {
                                desk.output.csv(&partner_line(&partner_cells(&partner)))
                            }
                        };
                        if !more {
                            return Ok(RunEnding::Done);
                        }
                    }
                }
                if format == ListFormat::Table {
                    let header = PARTNER_COLUMNS.map(|(name, _)| name.to_uppercase());
                    desk.output
                        .result(&table(&header.each_ref().map(String::as_str), &shown));
                    desk.output.note(&format!("{} partners", shown.len()));
                }
                Ok(RunEnding::Done)
            }
        }
    })
}
