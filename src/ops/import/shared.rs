//! An import that several machines share: this one's pieces, the rows of the others, and when it is over.
//!
//! Each machine reads the whole export, and hands over the rows of the pieces that it takes on its way. Rows that wait for what
//! another machine has under way are handed over again when that machine has done something. When nobody has anything left to
//! do, each machine looks up what became of the others' rows, so that its report is of all rows.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use tokio::sync::mpsc;

use super::afterwards::mapping_digest;
use super::context::Import;
use super::request::ImportRequest;
use super::sealed_plan::content_digest;
use crate::delivery::Input;
use crate::ops::error::OpError;
use crate::ops::export::Opened;
use crate::ops::export_file::ExportFile;
use crate::ops::request::Rejected;
use crate::prepare::{PreparedRow, Survey};
use crate::report::{Counters, WholePace};
use crate::state::{Doubt, ImportStanding, ImportStart, SharedImport, StateError, Told};

/// Rows of a piece at most, and pieces that even a small export has, so that all machines have something to do.
const PIECE_ROWS: u64 = 1024;
const PIECES: u64 = 64;
/// Pieces that are taken at a time: what a machine that is lost keeps from the others.
const FEW: u32 = 2;
/// The same for what others have left, once all rows were met.
const ALL: u32 = 4096;

/// How long is waited before it is looked again what the others have done.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// What a machine knows of the import that it shares.
#[derive(Debug)]
pub(super) struct Shared {
    import: SharedImport,
    piece_rows: u64,
    last_piece: u64,
    /// Its pieces that are not finished.
    mine: BTreeSet<u64>,
    /// Pieces before this one were asked for.
    asked: u64,
    /// Ordinals of rows in the pieces of others, ascending.
    elsewhere: Vec<u32>,
    /// Ordinals of rows that wait for another row, ascending.
    pub(super) postponed: Vec<u32>,
    /// Some of them wait for nothing any more.
    pub(super) may_go: bool,
    /// Rows that were met in each of its pieces that is not finished.
    met_in: BTreeMap<u64, u64>,
    /// How far it is, as the other machines are told.
    pub(super) part: Arc<Part>,
}

/// How far one machine is with the rows of its pieces.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Rows of its pieces that were met.
    met: AtomicU64,
    /// Those that the delivery has.
    open: AtomicU64,
    /// Those that wait for another row, or to be handed over again.
    waiting: AtomicU64,
    /// Rows that were seen, before any piece was taken, to have their partner.
    ahead: AtomicU64,
}

impl Part {
    /// Rows are with the delivery.
    pub(super) fn handed(&self, rows: usize) {
        self.open.fetch_add(rows as u64, Ordering::Relaxed);
    }

    /// Rows came back from the delivery, with an outcome or to wait.
    pub(super) fn came_back(&self, rows: usize) {
        let rows = rows as u64;
        let less = |open: u64| Some(open.saturating_sub(rows));
        let _ = self
            .open
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// Rows of a later pass, which are handed over again or have an outcome by now.
    fn are_met_again(&self, rows: u64) {
        let less = |waiting: u64| Some(waiting.saturating_sub(rows));
        let _ = self
            .waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// So many rows are still to be handed over, or wait.
    pub(super) fn waits_for(&self, rows: u64) {
        self.waiting.store(rows, Ordering::Relaxed);
    }

    fn told(&self) -> Told {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let open = of(&self.open) + of(&self.waiting);
        Told {
            done: of(&self.met).saturating_sub(open),
            ahead: of(&self.ahead),
        }
    }
}

impl ImportRequest {
    /// Whether other machines may be at the same import. What counts over all rows, and what was seen of the state before, is
    /// for one alone, and so is what can be read only once.
    pub(super) fn may_be_shared(&self) -> bool {
        let is_kept = |file: &Path| std::fs::metadata(file).is_ok_and(|m| m.is_file());
        !self.alone
            && self.job.is_none()
            && self.plan.is_none()
            && self.export.files.iter().all(|file| is_kept(file.at()))
    }
}

impl Import<'_> {
    /// Joins the machines that are at the same import, where the state lets several be at it.
    pub(super) fn join(&self, rows: u64) -> Result<Option<SharedImport>, OpError> {
        // A canary is one machine's, whoever waits for it.
        if !self.lock.is_shared() || self.request.canary.is_some() {
            return Ok(None);
        }
        if let Some(joined) = &self.joined {
            return Ok(Some(joined.clone()));
        }
        let target = self.connection.target.clone();
        let start = start_of(self.request, self.opened, target, rows)?;
        let (store, clock) = (self.session.store(), &self.session.clock);
        Ok(store.join(self.lock, &start, clock)?)
    }
}

/// What an import of so many rows is known by.
pub(super) fn start_of(
    request: &ImportRequest,
    opened: &Opened,
    target: String,
    rows: u64,
) -> Result<ImportStart, OpError> {
    let export = &request.export;
    let sends_rejected = request.rejected == Rejected::SendAgain;
    let mapping_digest = mapping_digest(export, opened, sends_rejected)?;
    Ok(ImportStart {
        target,
        mapping: opened.mapping.name.clone(),
        source_digest: content_digest(export.files.iter().map(ExportFile::at))?,
        mapping_digest,
        rows,
        piece_rows: piece_rows(rows),
        limit: request.limit,
        canary: request.canary.map(NonZeroU64::get),
    })
}

fn piece_rows(rows: u64) -> u32 {
    u32::try_from((rows / PIECES).clamp(1, PIECE_ROWS)).unwrap_or(1)
}

impl Shared {
    pub(super) fn new(import: SharedImport, survey: &Survey, part: Arc<Part>) -> Self {
        let piece_rows = u64::from(import.piece_rows().max(1));
        Self {
            import,
            piece_rows,
            last_piece: survey.rows / piece_rows,
            mine: BTreeSet::new(),
            asked: 0,
            elsewhere: Vec::new(),
            postponed: Vec::new(),
            may_go: false,
            met_in: BTreeMap::new(),
            part,
        }
    }

    /// The piece of a row. Ordinals have gaps, so the last piece has what is behind the others.
    fn piece_of(&self, ordinal: u32) -> u64 {
        (u64::from(ordinal) / self.piece_rows).min(self.last_piece)
    }

    /// Rows by piece, in their order.
    pub(super) fn by_piece(&self, rows: Vec<PreparedRow>) -> BTreeMap<u64, Vec<PreparedRow>> {
        let mut pieces: BTreeMap<u64, Vec<PreparedRow>> = BTreeMap::new();
        for row in rows {
            let piece = self.piece_of(row.origin.ordinal);
            pieces.entry(piece).or_default().push(row);
        }
        pieces
    }

    /// Whether a piece is this machine's; it is taken, with a few behind it, where nobody has it.
    pub(super) fn is_mine(&mut self, piece: u64) -> Result<bool, StateError> {
        if piece >= self.asked {
            let taken = self.import.take(piece, FEW)?;
            self.asked = taken.last().map_or(piece, |last| *last) + 1;
            self.mine.extend(taken);
        }
        Ok(self.mine.contains(&piece))
    }

    /// A row is in another machine's piece.
    pub(super) fn is_elsewhere(&mut self, ordinal: u32) {
        self.elsewhere.push(ordinal);
    }

    /// Rows of one of its pieces were met.
    pub(super) fn met(&mut self, piece: u64, rows: u64) {
        *self.met_in.entry(piece).or_default() += rows;
        self.part.met.fetch_add(rows, Ordering::Relaxed);
    }

    /// A batch of a pass was read: rows that need nothing any more, and others.
    pub(super) fn is_reading(&self, done: u64, rows: u64, first: bool) {
        if first {
            self.part.ahead.fetch_add(done, Ordering::Relaxed);
        } else {
            self.part.are_met_again(rows);
        }
    }

    /// Takes what others have left; returns how many rows that are. They wait for the next pass.
    pub(super) fn take_left(&mut self) -> Result<usize, StateError> {
        let taken: BTreeSet<u64> = self.import.take(0, ALL)?.into_iter().collect();
        let elsewhere = std::mem::take(&mut self.elsewhere);
        let (left, others): (Vec<u32>, _) = elsewhere
            .into_iter()
            .partition(|ordinal| taken.contains(&self.piece_of(*ordinal)));
        self.elsewhere = others;
        self.mine.extend(taken);
        for ordinal in &left {
            self.met(self.piece_of(*ordinal), 1);
        }
        // Until they are handed over they are not done.
        self.part
            .waiting
            .fetch_add(left.len() as u64, Ordering::Relaxed);
        let count = left.len();
        self.wait(left);
        Ok(count)
    }

    /// Rows wait for the next pass.
    pub(super) fn wait(&mut self, rows: Vec<u32>) {
        self.postponed.extend(rows);
        self.postponed.sort_unstable();
    }

    /// Finishes the pieces of which no row waits for another.
    pub(super) fn finish(&mut self) -> Result<(), StateError> {
        let waiting: BTreeSet<u64> = self.postponed.iter().map(|o| self.piece_of(*o)).collect();
        let done: Vec<u64> = self.mine.difference(&waiting).copied().collect();
        if !done.is_empty() {
            let rows = done.iter().filter_map(|piece| self.met_in.remove(piece));
            self.import.finish(&done, rows.sum())?;
        }
        self.mine.retain(|piece| waiting.contains(piece));
        Ok(())
    }

    pub(super) fn has_changed(&self) -> Result<(), StateError> {
        self.import.has_changed()
    }

    pub(super) fn standing(&self, idle: Option<u64>) -> Result<ImportStanding, StateError> {
        self.import.standing(idle)
    }

    /// All rows that this machine has not settled: those that wait, and those of the others.
    pub(super) fn take_unsettled(&mut self) -> (Vec<u32>, u64) {
        let mut all = std::mem::take(&mut self.elsewhere);
        let others = all.len() as u64;
        all.append(&mut self.postponed);
        all.sort_unstable();
        (all, others)
    }

    pub(super) fn end(&self) -> Result<(), StateError> {
        self.import.end()
    }
}

/// How often the others are told how far this machine is, and it is seen how far they are.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// Tells the other machines how far this one is, and the display how far all are, until the other end of `stopped` is gone.
pub(super) fn tell_progress(
    import: &SharedImport,
    part: &Part,
    counters: &Counters,
    stopped: &Receiver<()>,
) {
    loop {
        match import.tell(part.told()) {
            Ok(whole) => counters.set_whole(WholePace {
                rows: whole.rows,
                done: whole.done,
                created: whole.created + whole.adopted,
                rejected: whole.rejected,
                machines: whole.machines,
                seconds: whole.seconds,
            }),
            // It is for people alone; whoever writes the state says what is wrong with it.
            Err(error) => {
                tracing::debug!(%error, "it cannot be seen how far the other machines are");
            }
        }
        if stopped.recv_timeout(TELL_EVERY) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

/// Takes over machines whose leases have ended, until the other end of `stopped` is gone, and hands their doubts over.
pub(super) fn watch(import: &SharedImport, input: &mpsc::Sender<Input>, stopped: &Receiver<()>) {
    while stopped.recv_timeout(import.look_every()) == Err(RecvTimeoutError::Timeout) {
        match import.take_over() {
            Ok(doubts) => {
                if !tell(doubts, input) {
                    return;
                }
            }
            // Whoever writes the state finds out as well, and says so.
            Err(error) => tracing::debug!(%error, "it cannot be seen whether machines were lost"),
        }
    }
}

fn tell(doubts: Vec<Doubt>, input: &mpsc::Sender<Input>) -> bool {
    if doubts.is_empty() {
        return true;
    }
    tracing::warn!(
        rows = doubts.len(),
        "another machine was lost; the rows that it had under way are looked up"
    );
    input.blocking_send(Input::Doubts(doubts)).is_ok()
}
