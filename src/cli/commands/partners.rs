//! `partners list` and `partners get`: straight from the API.

use serde_json::Value;

use super::runtime;
use crate::api::{ListFilter, PageWalk, PartnersApi as _, RemotePartner};
use crate::cli::Desk;
use crate::cli::args::{ListArgs, ListFormat, OrderBy, PartnersCommand, Shared};
use crate::cli::connect;
use crate::cli::exit::{CliError, Exit};
use crate::delivery::Stop;
use crate::partner::PartnerId;
use crate::report::table;

pub(super) fn run(which: &PartnersCommand, shared: &Shared, desk: &Desk) -> Result<Exit, CliError> {
    let settings = connect::settings(shared, desk)?;
    let stop = Stop::default();
    runtime()?.block_on(async {
        let connection = connect::connect(shared, &settings, &stop, desk).await?;
        match which {
            PartnersCommand::Get { id, include } => {
                let Some(partner) = connection
                    .api
                    .get(&PartnerId::new(id.as_str()), include)
                    .await?
                else {
                    desk.output.note(&format!("there is no partner {id}"));
                    return Ok(Exit::Problems);
                };
                let text = serde_json::to_string_pretty(&partner.raw).unwrap_or_default();
                desk.output.result(&format!("{text}\n"));
                Ok(Exit::Done)
            }
            PartnersCommand::List(args) => {
                let format = if shared.json {
                    ListFormat::Jsonl
                } else {
                    args.format
                };
                let mut walk = PageWalk::with_take(filter(args), args.take).from_page(args.skip);
                let mut left = args.limit.unwrap_or(u64::MAX);
                let mut shown = Vec::new();
                if format == ListFormat::Csv {
                    desk.output
                        .result(&csv_line(&COLUMNS.map(|(name, _)| name.to_owned())));
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
                                shown.push(cells(&partner).to_vec());
                                true
                            }
                            ListFormat::Jsonl => desk.output.stream(&format!("{}\n", partner.raw)),
                            ListFormat::Csv => desk.output.stream(&csv_line(&cells(&partner))),
                        };
                        if !more {
                            return Ok(Exit::Done);
                        }
                    }
                }
                if format == ListFormat::Table {
                    let header = COLUMNS.map(|(name, _)| name.to_uppercase());
                    desk.output
                        .result(&table(&header.each_ref().map(String::as_str), &shown));
                    desk.output.note(&format!("{} partners", shown.len()));
                }
                Ok(Exit::Done)
            }
        }
    })
}

/// What is shown of a partner: a name and where it stands in the answer.
const COLUMNS: [(&str, &str); 7] = [
    ("id", "/id"),
    ("legacyIdentifier", "/party/legacyIdentifier"),
    ("businessName", "/businessName"),
    ("displayName", "/displayName"),
    ("status", "/status"),
    ("partnerStatus", "/partnerCriteria/status"),
    ("createdAt", "/auditInfo/createdAt"),
];

fn cells(partner: &RemotePartner) -> [String; 7] {
    COLUMNS.map(|(_, pointer)| match partner.raw.pointer(pointer) {
        Some(Value::String(s)) => s.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    })
}

fn csv_line(cells: &[String]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_record(cells);
    writer
        .into_inner()
        .ok()
        .and_then(|b| String::from_utf8(b).ok())
        .unwrap_or_default()
}

/// The documented filters as query parameters. Source: the documentation page's list request.
fn filter(args: &ListArgs) -> ListFilter {
    let mut parameters: Vec<(&'static str, String)> = Vec::new();
    let mut put = |name, value: Option<String>| parameters.extend(value.map(|v| (name, v)));
    put(
        "order_by",
        args.order_by
            .map(|o| if o == OrderBy::Asc { "ASC" } else { "DESC" }.to_owned()),
    );
    let mut include = args.include.clone();
    if !args.partner_type_ids.is_empty() && !include.iter().any(|i| i == "partner-type") {
        include.push("partner-type".to_owned());
    }
    let list = |values: &[String]| (!values.is_empty()).then(|| values.join(","));
    put("include", list(&include));
    put("status", list(&args.status));
    put("partnerStatus", args.partner_status.clone());
    put(
        "commissionPayoutStatus",
        args.commission_payout_status.clone(),
    );
    put("searchTerm", args.search_term.clone());
    put("partnerTypeIds", list(&args.partner_type_ids));
    put("partnerIds", list(&args.partner_ids));
    put("w9Submitted", args.w9_submitted.map(|b| b.to_string()));
    put(
        "enableCommissions",
        args.enable_commissions.map(|b| b.to_string()),
    );
    put("isW2", args.is_w2.map(|b| b.to_string()));
    ListFilter { parameters }
}
