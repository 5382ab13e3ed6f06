//! How many partners of the API the state knows of, for each space, and which identifiers no row has: as
//! `sqlite::total` says it.

use postgres::GenericClient;

use super::super::note::Settlement;
use super::super::record::Event;
use super::super::unclaimed::Identifiers;
use super::error::Trouble;
use super::link::{query, values};
use super::owner::{Owner, text};

/// The runs that sent the rows of these settlements which turn out to have their partners; not those that somebody else
/// made. Asked before they are applied.
pub(super) fn senders(
    c: &mut impl GenericClient,
    owner: &Owner<'_>,
    settlements: &[Settlement],
) -> Result<Vec<(i64, i64)>, Trouble> {
    let created = settlements
        .iter()
        .filter(|s| s.event == Event::Created)
        .count();
    let mut senders = vec![(owner.run, i64::try_from(created).unwrap_or(i64::MAX))];
    let found = settlements
        .iter()
        .filter(|s| s.event == Event::FoundRemotely && s.adopted.is_none());
    for settlement in found {
        let sql =
            "SELECT run FROM partner_sync.record WHERE space = $1 AND key = $2 AND attempts > 0";
        let values = values![owner.space.0 => INT8, text(settlement.key.as_str()) => TEXT];
        let rows = query(c, sql, &values).map_err(owner.trouble())?;
        senders.extend(rows.first().map(|row| (row.get(0), 1)));
    }
    senders.retain(|(_, count)| *count > 0);
    Ok(senders)
}

/// Adds partners to the totals of all spaces of the target, as far as these were compared before they were sent.
pub(super) fn add(
    c: &mut impl GenericClient,
    owner: &Owner<'_>,
    senders: &[(i64, i64)],
) -> Result<(), Trouble> {
    for (run, count) in senders {
        let sql = "UPDATE partner_sync.space SET total = total + $3
                   WHERE total IS NOT NULL AND target = (SELECT target FROM partner_sync.space WHERE id = $1)
                     AND $2 >= total_run";
        let values = values![owner.space.0 => INT8, run => INT8, count => INT8];
        query(c, sql, &values).map_err(owner.trouble())?;
    }
    Ok(())
}

/// Notes that the rows of the space were compared with an API that has so many partners.
pub(super) fn set(
    c: &mut impl GenericClient,
    owner: &Owner<'_>,
    total: u64,
    unclaimed: Option<&Identifiers>,
) -> Result<(), Trouble> {
    let total = i64::try_from(total).unwrap_or(i64::MAX);
    let sql = "UPDATE partner_sync.space SET total = $2, total_run = $3, unclaimed = coalesce($4, unclaimed) WHERE id = $1";
    let unclaimed = unclaimed.map(Identifiers::to_bytes);
    let values =
        values![owner.space.0 => INT8, total => INT8, owner.run => INT8, unclaimed => BYTEA];
    query(c, sql, &values).map_err(owner.trouble()).map(drop)
}
