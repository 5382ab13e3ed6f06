//! What is asked of an import.

use std::num::NonZeroU64;
use std::time::Duration;

use super::sealed_plan::SealedPlan;
use crate::config::{Adopt, Bound, OnChange};
use crate::ops::request::{Expectations, ExportRequest, Rejected, ReportRequest};
use crate::state::RunId;

/// An import, or what one would do.
#[derive(Debug, Clone)]
pub struct ImportRequest {
    /// The files and the mapping.
    pub export: ExportRequest,
    /// Where reports go, and what they hold.
    pub report: ReportRequest,
    /// More invalid rows than this: nothing is sent.
    pub max_errors: Option<Bound>,
    /// Rows that are sent, at most, parents before their children; the others are deferred.
    pub limit: Option<u64>,
    /// First create this many partners, read them back, and go on only if they agree. A run with it is that first run.
    pub canary: Option<NonZeroU64>,
    /// Stop in good order after this time.
    pub max_duration: Option<Duration>,
    /// When the rows that would be created are looked for on the API first.
    pub adopt: Adopt,
    /// What happens to rows rejected earlier.
    pub rejected: Rejected,
    /// How long the API may still process a create after its answer was lost.
    pub settle: Option<Duration>,
    /// Whether rows that changed after their partner was created are a problem.
    pub on_change: OnChange,
    /// What has to be true of the source before anything is sent.
    pub expect: Expectations,
    /// The sealed plan that has to hold.
    pub plan: Option<SealedPlan>,
    /// Whether the observer is asked before the first import into an API.
    pub ask_first: bool,
    /// How long another run that holds the state is waited for; without it, not at all.
    pub wait: Option<Duration>,
    /// Whether no other machine may be at the same import.
    pub alone: bool,
    /// The name of the job, where a nightly run imports.
    pub job: Option<String>,
    /// The run's name, where it was given one.
    pub id: Option<RunId>,
}

impl ImportRequest {
    /// Rows that are sent, at most.
    pub(super) fn most_sent(&self) -> Option<u64> {
        self.canary.map(NonZeroU64::get).or(self.limit)
    }

    /// Exactly what a plan was sealed for; how it is sent, and what is reported, is as asked for now.
    #[must_use]
    pub fn by(self, plan: SealedPlan) -> Self {
        Self {
            export: plan.export(),
            rejected: plan.rejected(),
            limit: plan.limit(),
            plan: Some(plan),
            ..self
        }
    }
}
