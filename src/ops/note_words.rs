//! What an operation notes and asks, in words.

use super::observer::{FirstSend, Note};
use crate::clock::spoken;
use crate::diagnostic::{counted, thousands};

/// The option by which a command talks to this API, whatever the configuration and the environment name.
pub(super) fn option_of(target: &str) -> String {
    if target.starts_with("sandbox:") {
        "--sandbox".to_owned()
    } else {
        format!("--api-url {target}")
    }
}

impl FirstSend<'_> {
    /// The question: how many will be created, where, and that it cannot be undone.
    #[must_use]
    pub fn question(&self) -> String {
        format!(
            "First import into {} with mapping \"{}\": up to {} of {} will be created, which the API cannot undo.{} State: {} (new). Continue?",
            self.target,
            self.mapping,
            thousands(self.created),
            counted(self.rows, "row"),
            self.what_is_there(),
            self.state
        )
    }
}

impl Note<'_> {
    /// The words for people; a line that is worth a look begins with `warning: `.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let one = |text: String| vec![text];
        match self {
            Note::Refused(words) | Note::Duplicate(words) | Note::PassedOver(words) => one((*words).to_owned()),
            Note::SameObject(words) => one((*words).to_owned()),
            Note::WatchFailed { what, reason } => one(format!("warning: {what}: {reason}")),
            Note::AfterFailed(words) | Note::NotArchived(words) | Note::KeyLost(words) => one(format!("warning: {words}")),
            Note::SandboxParents => one(
                "parents outside the file are those of the sandbox: this mapping was imported into no other API"
                    .to_owned(),
            ),
            Note::InDoubt { mapping, count: 0 } => one(format!("{mapping}: no row is in doubt")),
            Note::InDoubt { mapping, count } => one(format!(
                "{mapping}: looking up {} in doubt",
                counted(*count as u64, "row")
            )),
            Note::MachineGone { machine, host, rows } => one(format!(
                "machine {machine} on {host} is gone: {} that it had under way can be looked up for good",
                counted(*rows, "row")
            )),
            Note::WaitingForLock { state, holder } => one(format!(
                "waiting for another run that holds {state}{}",
                holder.map(|h| format!(" ({h})")).unwrap_or_default()
            )),
            Note::WaitingForCanary { holder } => one(format!(
                "waiting for the canary of another machine ({holder})"
            )),
            Note::CanaryAgrees { partners } => one(format!(
                "canary: {partners} partners were created and read back as they were sent; continuing"
            )),
            Note::CanaryPassedOver { partners } => one(format!(
                "warning: continuing without --canary, although the {partners} partners of the last canary were not confirmed"
            )),
            Note::OnApi(what) => one(what.to_string()),
            Note::Estimate(estimate) => estimate.lines(),
            Note::PlanSealed { path, target } => one(format!(
                "the plan is written. To import exactly this: partner-sync import --plan {} {}",
                path.display(),
                option_of(target)
            )),
            Note::MetricsFailed { path, error } => one(format!(
                "warning: cannot write the metrics {}: {error}",
                path.display()
            )),
            Note::ShortSettlingTime { asked, least } => one(format!(
                "warning: --settle {} is shorter than {}: a create that takes longer than that may be sent twice",
                humantime::format_duration(*asked),
                spoken(*least)
            )),
            Note::ShortTakeover { asked, least } => one(format!(
                "warning: --takeover {} is shorter than {}: a row that a lost machine had under way may be sent twice, unless all that ends connections to the API ends them sooner",
                humantime::format_duration(*asked),
                spoken(*least)
            )),
            Note::NotCompared => one(
                "the API does not return vendorAccount (all bank data), so it was not compared"
                    .to_owned(),
            ),
            Note::WebhookFailed(error) => {
                one(format!("warning: the webhook did not get this night's result: {error}"))
            }
        }
    }
}
