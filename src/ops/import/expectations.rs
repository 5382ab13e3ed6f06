//! What has to be true of a source before anything of it is sent: enough rows, and what it was at the last good run of
//! its job. A comparison that cannot be made fails: a guard must not switch itself off.

use crate::config::Bound;
use crate::diagnostic::{Diagnostic, counted, thousands};
use crate::ops::error::OpError;
use crate::ops::request::{Expectations, LastRun};
use crate::ops::session::Session;
use crate::report::{Contents, RunReport, drift};

impl Expectations {
    /// Why so many rows are not to be sent.
    pub(in crate::ops) fn refuses_rows(&self, rows: u64) -> Option<String> {
        if let Some(fewest) = self.min_rows
            && rows < fewest
        {
            return Some(format!(
                "the export has {}; min_rows is {}. Nothing was sent. Check the export job and run again when the export is complete; if so few rows are right, run once with a smaller min_rows.",
                counted(rows, "row"),
                thousands(fewest)
            ));
        }
        if let LastRun::Unreadable { run, reason } = &self.last
            && (self.max_shrink.is_some() || self.fail_on_drift)
        {
            return Some(format!(
                "what the state keeps of the last good run, {run}, cannot be read ({reason}), so the export cannot be compared with it. Nothing was sent. Check the export, then run this job once without max_shrink and on_drift = \"fail\""
            ));
        }
        let (share, last) = self.max_shrink.zip(self.last())?;
        let before = last.rows();
        #[expect(clippy::cast_precision_loss, reason = "a share of rows")]
        let shrunk = 1.0 - rows as f64 / before.max(1) as f64;
        (shrunk > share).then(|| {
            format!(
                "the export has {}, {:.1} % fewer than the {} of the last good run; max_shrink is {:.1} %. Nothing was sent. Check the export job and run again when the export is complete; if the rows are gone on purpose, run once with a larger max_shrink.",
                counted(rows, "row"),
                shrunk * 100.0,
                thousands(before),
                share * 100.0
            )
        })
    }

    /// Why an export with so many rows and this drift is not to be sent.
    pub(in crate::ops) fn refuses(&self, rows: u64, drifted: &[Diagnostic]) -> Option<String> {
        let drift = || {
            (self.fail_on_drift && !drifted.is_empty())
                .then(|| "the export differs from the last good run".to_owned())
        };
        self.refuses_rows(rows).or_else(drift)
    }

    /// Whether the rows themselves have to be looked at first.
    pub(in crate::ops) fn looks_at_contents(&self) -> bool {
        self.last().is_some()
    }

    /// In what the source is not what it was at the last good run.
    pub(in crate::ops) fn drift(&self, now: &Contents) -> Vec<Diagnostic> {
        match self.last() {
            Some(last) => drift(&last.contents, now, self.max_drift),
            None => Vec::new(),
        }
    }

    /// How many rows may be new, where that is limited. Before its first good run all rows of a mapping are new, and those
    /// that a run which stopped has left are still.
    pub(in crate::ops) fn bound_of_new(
        &self,
        session: &Session<'_>,
        target: &str,
        mapping: &str,
    ) -> Result<Option<Bound>, OpError> {
        let Some(bound) = self.max_new else {
            return Ok(None);
        };
        let good = match session.store().find_view()? {
            Some(view) => view.last_good_run(target, mapping)?,
            None => None,
        };
        Ok(good.map(|_| bound))
    }

    fn last(&self) -> Option<&RunReport> {
        match &self.last {
            LastRun::Known(report) => Some(report),
            LastRun::None | LastRun::Unreadable { .. } => None,
        }
    }
}
