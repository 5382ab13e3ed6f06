//! In doubt: look up first, then decide (pure but for the clock it is given).
//!
//! A doubt is looked up at once: most lost answers belong to partners that were made, and finding one ends
//! the doubt. Not finding it proves something only if the look-up began after the settling time, counted
//! from the last moment at which the request can have been on its way.

use std::time::Duration;

use tokio::time::Instant;

use crate::api::{rejects_if_absent, retry};
use crate::partner::{ExternalId, Fingerprint, PreparedPartner, RowKey};

/// Look-ups that fail, one after the other, before the row is left in doubt for this run.
const FAILED_LOOKUPS: u32 = 6;

/// A row in doubt.
#[derive(Debug)]
pub(super) struct Doubted {
    pub(super) key: RowKey,
    pub(super) legacy_identifier: ExternalId,
    pub(super) business_name: String,
    /// The hash of what was sent.
    pub(super) fingerprint: Fingerprint,
    /// The row as it stands in the file, once it was met there.
    pub(super) row: Option<PreparedPartner>,
    /// From then on, absence is proof.
    pub(super) settled_at: Instant,
    /// When to look next; none while a look-up is under way or after the last one failed.
    pub(super) next_look: Option<Instant>,
    pub(super) failures: u32,
    /// HTTP status of the create's last answer, where there was one.
    pub(super) status: Option<u16>,
    /// What the create's last answer said, where there was one.
    pub(super) words: Option<String>,
    /// The last look-up's trouble, for the report.
    pub(super) trouble: Option<String>,
    /// A walk over the list was not worth it: it is looked up by itself.
    pub(super) alone: bool,
    /// It was answered 403 in this run: where it turns out that nothing was made, it is set aside.
    pub(super) set_aside: bool,
    /// Proved absent, waiting for its row to be met in the file, or for the end of the file.
    pub(super) absent: bool,
}

/// What a look-up that found nothing means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Absence {
    /// It proves that nothing was made.
    Proof,
    /// It was too early; look again then.
    TooEarly(Instant),
}

impl Doubted {
    /// Judges an absence by when the look-up began.
    pub(super) fn judge(&self, began: Instant) -> Absence {
        if began >= self.settled_at {
            Absence::Proof
        } else {
            Absence::TooEarly(self.settled_at)
        }
    }

    /// The last answer to the create, where it refuses the row once it is proved that there is no partner.
    pub(super) fn refusal(&self) -> Option<(u16, &str)> {
        let status = self.status.filter(|status| rejects_if_absent(*status))?;
        Some((status, self.words.as_deref().unwrap_or("")))
    }

    /// Notes a look-up that failed; it is tried again later, but not for ever.
    pub(super) fn failed(
        &mut self,
        trouble: String,
        asked: Option<Duration>,
        now: Instant,
        random: f64,
    ) {
        self.failures += 1;
        self.trouble = Some(trouble);
        self.next_look = (self.failures < FAILED_LOOKUPS)
            .then(|| now + retry::wait(self.failures, asked, random));
    }

    /// Notes a look-up that no further try can help in this run.
    pub(super) fn refused(&mut self, trouble: String) {
        self.failures = FAILED_LOOKUPS;
        self.trouble = Some(trouble);
        self.next_look = None;
    }

    /// Whether this run can do no more about it.
    pub(super) fn is_given_up(&self) -> bool {
        self.next_look.is_none() && self.failures >= FAILED_LOOKUPS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absence_is_proof_only_after_the_settling_time() {
        let now = Instant::now();
        let mut doubted = Doubted {
            key: RowKey::new("k"),
            legacy_identifier: ExternalId::new("k"),
            business_name: String::new(),
            fingerprint: Fingerprint([0; 16]),
            row: None,
            settled_at: now + Duration::from_secs(5),
            next_look: Some(now),
            failures: 0,
            status: None,
            words: None,
            trouble: None,
            alone: false,
            set_aside: false,
            absent: false,
        };
        assert_eq!(
            doubted.judge(now),
            Absence::TooEarly(now + Duration::from_secs(5))
        );
        assert_eq!(doubted.judge(now + Duration::from_secs(5)), Absence::Proof);
        for _ in 0..FAILED_LOOKUPS {
            assert!(!doubted.is_given_up());
            doubted.failed("503".to_owned(), None, now, 0.5);
        }
        assert!(doubted.is_given_up());
    }
}
