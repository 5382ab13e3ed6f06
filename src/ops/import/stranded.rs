//! Rows that no import can create, found without sending anything.

use std::collections::{HashMap, HashSet};

use super::against::Against;
use super::waiting::{Place, Waiting};
use crate::delivery::{Decision, NoPartner, decide};
use crate::ops::error::OpError;
use crate::partner::RowKey;
use crate::prepare::{Exports, Survey};

/// Valid rows that no import can create: they hang, through parents in the files, on a row that is invalid or that the API
/// rejected as it is, or on themselves. Memory grows with the rows that have parents and with those that cannot be sent.
pub(super) fn stranded_rows(
    exports: &Exports,
    survey: &Survey,
    against: &Against<'_>,
    retry_rejected: bool,
) -> Result<Waiting, OpError> {
    let mut stranded = Waiting::new(exports);
    if !exports.has_references() {
        return Ok(stranded);
    }
    let mut links: Vec<Links> = Vec::new();
    let mut ends: HashMap<RowKey, (NoPartner, Place)> = HashMap::new();
    let (known, fingerprinter) = (against.known, against.reader.map(|_| against.fingerprinter));
    against.each_batch(exports, survey, fingerprinter, None, &mut |rows| {
        for (row, record) in rows {
            let Some(key) = row.key else { continue };
            let place = (row.origin.file, row.origin.row);
            match row.partner {
                None => {
                    ends.insert(key, (NoPartner::Invalid, place));
                }
                Some(partner)
                    if record.is_some()
                        && decide(record.as_ref(), &partner.fingerprint, retry_rejected)
                            == Decision::StillRejected =>
                {
                    let status = record.and_then(|known| known.status);
                    ends.insert(key, (NoPartner::Rejected(status), place));
                }
                Some(partner) if !partner.links.is_empty() => {
                    let parents = partner.links.into_iter().map(|l| l.key).collect();
                    links.push((key, parents, place));
                }
                Some(_) => {}
            }
        }
    })?;
    let links = left(links, &|p| known(p), &|p| ends.contains_key(p));
    for (key, parents, place) in links {
        for parent in parents.iter().filter(|p| !known(p)) {
            if let Some((why, place)) = ends.get(parent) {
                stranded.add_end(parent.clone(), *why, *place);
            }
        }
        stranded.add(key, parents, place);
    }
    Ok(stranded)
}

/// A row with the rows that it refers to.
type Links = (RowKey, Vec<RowKey>, Place);

/// What is left of rows when every one whose parents can be created was taken away: these cannot be created themselves.
fn left(
    mut links: Vec<Links>,
    is_created: &dyn Fn(&RowKey) -> bool,
    is_end: &dyn Fn(&RowKey) -> bool,
) -> Vec<Links> {
    let mut pending: HashSet<RowKey> = links.iter().map(|(key, ..)| key.clone()).collect();
    loop {
        let before = pending.len();
        links.retain(|(key, parents, _)| {
            let is_free = parents
                .iter()
                .all(|p| is_created(p) || (!pending.contains(p) && !is_end(p)));
            if is_free {
                pending.remove(key);
            }
            !is_free
        });
        if pending.len() == before {
            return links;
        }
    }
}
