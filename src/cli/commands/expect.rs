//! What has to be true of a source before anything of it is sent: enough rows, and what it was at the last
//! good run of its job.

use crate::diagnostic::{Diagnostic, thousands};
use crate::report::{Contents, RunReport, drift};

/// What a job expects of its source.
#[derive(Debug, Default)]
pub(super) struct Expectations {
    /// Rows at least.
    pub(super) min_rows: Option<u64>,
    /// The share of the last good run's rows that may be missing, 0 to 1.
    pub(super) max_shrink: Option<f64>,
    /// By how much a field's filled share may fall, 0 to 1.
    pub(super) max_drift: Option<f64>,
    /// Whether drift fails the job.
    pub(super) fail_on_drift: bool,
    /// The report of the last good run.
    pub(super) last: Option<RunReport>,
}

impl Expectations {
    /// Why so many rows are not to be sent.
    pub(super) fn refuses_rows(&self, rows: u64) -> Option<String> {
        if let Some(fewest) = self.min_rows
            && rows < fewest
        {
            return Some(format!(
                "the export has {} rows, fewer than min_rows = {}",
                thousands(rows),
                thousands(fewest)
            ));
        }
        let (share, last) = self.max_shrink.zip(self.last.as_ref())?;
        let before = last.rows();
        #[expect(clippy::cast_precision_loss, reason = "a share of rows")]
        let shrunk = 1.0 - rows as f64 / before.max(1) as f64;
        (shrunk > share).then(|| {
            format!(
                "the export has {} rows; at the last good run, {}, it had {}: it lost {:.1} %, more than max_shrink = {:.1} %",
                thousands(rows),
                last.run,
                thousands(before),
                shrunk * 100.0,
                share * 100.0
            )
        })
    }

    /// Whether the rows themselves have to be looked at first.
    pub(super) fn looks_at_contents(&self) -> bool {
        self.last.is_some()
    }

    /// In what the source is not what it was at the last good run.
    pub(super) fn drift(&self, now: &Contents) -> Vec<Diagnostic> {
        match &self.last {
            Some(last) => drift(&last.contents, now, self.max_drift),
            None => Vec::new(),
        }
    }
}
