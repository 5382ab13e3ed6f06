//! How many partners of the API the state knows of, for each space, and which identifiers no row has: as
//! `sqlite::total` says it.

use postgres::GenericClient;

use super::super::note::Settlement;
use super::super::record::{Event, RecordState};
use super::super::unclaimed::Identifiers;
use super::error::Trouble;
use super::link::{query, values};
use super::owner::{Owner, text};

/// The runs that sent the rows of these settlements which a look-up found; not those that somebody else made. Asked before they
/// are applied. Rows that are another machine's, or have their partner by now, are counted by who settles them.
pub(super) fn senders_of_found(
    c: &mut impl GenericClient,
    owner: &Owner<'_>,
    settlements: &[Settlement],
) -> Result<Vec<(i64, i64)>, Trouble> {
    let mut senders = Vec::new();
    let found = settlements
        .iter()
        .filter(|s| s.event == Event::FoundRemotely && s.adopted.is_none());
    for settlement in found {
        let sql = "SELECT run FROM partner_sync.record WHERE space = $1 AND key = $2 AND attempts > 0 AND state <> $3
                   AND (state <> $4 OR machine = $5 AND gen = $6)";
        let values = values![
            owner.space.0 => INT8, text(settlement.key.as_str()) => TEXT, RecordState::Created.code() => INT8,
            RecordState::InDoubt.code() => INT8, owner.machine => TEXT, owner.generation => INT8,
        ];
        let rows = query(c, sql, &values).map_err(owner.trouble())?;
        senders.extend(rows.first().map(|row| (row.get(0), 1)));
    }
    Ok(senders)
}

/// Adds partners to the totals of all spaces of the target, as far as these were compared before they were sent.
pub(super) fn add(
    c: &mut impl GenericClient,
    owner: &Owner<'_>,
    senders: &[(i64, i64)],
) -> Result<(), Trouble> {
    for (run, count) in senders.iter().filter(|(_, count)| *count > 0) {
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
    // What the other machines of the same import send counts from then on as well.
    let sql = "UPDATE partner_sync.space SET total = $2, unclaimed = coalesce($4, unclaimed), total_run = least($3, coalesce(
                   (SELECT min(o.run) FROM partner_sync.machine o JOIN partner_sync.machine m ON m.import = o.import
                    WHERE m.id = $5), $3)) WHERE id = $1";
    let unclaimed = unclaimed.map(Identifiers::to_bytes);
    let values = values![
        owner.space.0 => INT8, total => INT8, owner.run => INT8, unclaimed => BYTEA, owner.machine => TEXT,
    ];
    query(c, sql, &values).map_err(owner.trouble()).map(drop)
}
