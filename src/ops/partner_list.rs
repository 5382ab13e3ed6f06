//! Partners of the API as a list.

use super::connect::{Connection, Waits, connect};
use super::error::OpError;
use super::output_file::Sink;
use super::partner_table::{PARTNER_COLUMNS, partner_cells, partner_json, partner_line};
use super::session::Session;
use crate::api::{ListFilter, PageWalk, PartnersApi as _};
use crate::diagnostic::counted;
use crate::partner::PartnerId;
use crate::report::{SourceValues, table_within};

/// How partners are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListShape {
    /// Cells of a table, which is drawn when all are there.
    Table,
    /// The API's answers, one a line.
    Jsonl,
    /// The table's columns as CSV.
    Csv,
}

/// Which partners, and how.
#[derive(Debug, Clone)]
pub struct ListRequest {
    /// The filters.
    pub filter: ListFilter,
    /// Partners a page.
    pub take: u64,
    /// Pages to skip.
    pub skip: u64,
    /// Partners at most.
    pub limit: Option<u64>,
    /// How they are shown.
    pub shape: ListShape,
}

/// Words that the API documents for a filter. Source: the documentation page's list request and its default value.
const DOCUMENTED: [(&str, &[&str]); 3] = [
    ("status", &["Active", "Inactive", "Suspended", "Restored"]),
    ("include", &["parent-partner", "partner-type"]),
    ("order_by", &["ASC", "DESC"]),
];

impl ListRequest {
    /// What is asked for in words that the API does not document, as a sentence each. They are sent all the same.
    #[must_use]
    pub fn undocumented(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (name, value) in &self.filter.parameters {
            let Some((_, known)) = DOCUMENTED.iter().find(|(n, _)| n == name) else {
                continue;
            };
            for word in value.split(',').filter(|word| !known.contains(word)) {
                let same = |k: &&&str| k.eq_ignore_ascii_case(word.trim());
                let nearest = known.iter().find(same).copied();
                let nearest =
                    nearest.or_else(|| crate::diagnostic::nearest(word, known.iter().copied()));
                let meant = nearest.map_or_else(String::new, |n| format!(" Did you mean {n}?"));
                found.push(format!(
                    "the API does not document \"{word}\" for --{}, it is sent as written; documented are {}.{meant}",
                    name.replace('_', "-"),
                    known.join(", ")
                ));
            }
        }
        found
    }
}

/// Lists partners into a file or on a screen of this width; returns how many a table has, in words.
///
/// # Errors
/// [`OpError`] where the API cannot be asked, or the list not be written.
pub fn list_partners(
    request: &ListRequest,
    session: &Session<'_>,
    width: Option<usize>,
    sink: &mut Sink<'_>,
) -> Result<Option<String>, OpError> {
    let connection = connected(session)?;
    let listing = listed(request, &connection, sink);
    let cells = session.runtime.block_on(listing)?;
    if request.shape != ListShape::Table {
        return Ok(None);
    }
    let header = PARTNER_COLUMNS.map(|(name, _)| name.to_uppercase());
    let header = header.each_ref().map(String::as_str);
    let width = width.filter(|_| !sink.is_file());
    sink.put(&table_within(&header, &cells, width))?;
    Ok(Some(counted(cells.len() as u64, "partner")))
}

/// One partner as JSON, or `None` where the API has none with this id.
///
/// # Errors
/// [`OpError`] where the API cannot be asked.
pub fn partner(
    id: &str,
    include: &[String],
    session: &Session<'_>,
) -> Result<Option<String>, OpError> {
    let (connection, id) = (connected(session)?, PartnerId::new(id));
    let asked = connection.api.get(&id, include);
    let found = session.runtime.block_on(asked)?;
    let text = |partner| serde_json::to_string_pretty(&partner_json(&partner)).unwrap_or_default();
    Ok(found.map(|partner| text(partner) + "\n"))
}

fn connected(session: &Session<'_>) -> Result<Connection, OpError> {
    connect(
        session,
        &session.stop,
        Waits::ForNothing,
        SourceValues::Shown,
    )
}

/// Writes the lines of JSON or CSV one after the other, and returns the cells of a table.
async fn listed(
    request: &ListRequest,
    connection: &Connection,
    sink: &mut Sink<'_>,
) -> Result<Vec<Vec<String>>, OpError> {
    let mut walk =
        PageWalk::with_take(request.filter.clone(), request.take).from_page(request.skip);
    let mut left = request.limit.unwrap_or(u64::MAX);
    let mut cells = Vec::new();
    if request.shape == ListShape::Csv {
        let header = PARTNER_COLUMNS.map(|(name, _)| name.to_owned());
        sink.put(&partner_line(&header))?;
    }
    while left > 0 {
        let Some(items) = walk.next(&*connection.api).await? else {
            break;
        };
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        for partner in items.into_iter().take(most) {
            left -= 1;
            let is_more_wanted = match request.shape {
                ListShape::Table => {
                    cells.push(partner_cells(&partner).to_vec());
                    true
                }
                ListShape::Jsonl => sink.put(&format!("{}\n", partner_json(&partner)))?,
                ListShape::Csv => sink.put(&partner_line(&partner_cells(&partner)))?,
            };
            if !is_more_wanted {
                return Ok(cells);
            }
        }
    }
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_not_documented_is_named_with_the_nearest() {
        let words = |name: &'static str, value: &str| {
            let filter = ListFilter {
                parameters: vec![(name, value.to_owned())],
            };
            let request = ListRequest {
                filter,
                take: 1,
                skip: 0,
                limit: None,
                shape: ListShape::Table,
            };
            request.undocumented().join("|")
        };
        for (name, value, says) in [
            (
                "status",
                "Active,Foo",
                "does not document \"Foo\" for --status",
            ),
            ("status", "active", "Did you mean Active?"),
            ("status", "Actve", "Did you mean Active?"),
            (
                "include",
                "parent",
                "documented are parent-partner, partner-type",
            ),
            ("order_by", "up", "--order-by"),
        ] {
            let found = words(name, value);
            assert!(found.contains(says), "{name} {value}: {found}");
        }
        for (name, value) in [
            ("status", "Active,Inactive,Suspended,Restored"),
            ("include", "parent-partner,partner-type"),
            ("partnerStatus", "anything"),
            ("searchTerm", "Foo"),
        ] {
            assert_eq!(words(name, value), "", "{name}");
        }
    }
}
