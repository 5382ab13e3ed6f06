//! In doubt: look up first, then decide (pure but for the clock it is given).
//!
//! A doubt is looked up at once: most lost answers belong to partners that were made, and finding one ends
//! the doubt. Not finding it proves something only if the look-up began after the settling time, counted
//! from the last moment at which the request can have been on its way; if the way of looking is one that was seen to show
//! what exists; and, once a second answer was lost, only if the whole list was walked.
//!
//! A row that was posted before and may go again, since it was refused or its absence was proved, is looked up in the same
//! way. And no row is posted for ever: three lost answers in a run, or five in all, leave it to a person.

use std::time::Duration;

use tokio::time::Instant;

use super::trust::{Belief, Looked};
use crate::api::{RemotePartner, can_be_searched, rejects_if_absent, retry};
use crate::partner::{ExternalId, Fingerprint, PreparedPartner, RowKey};
use crate::state::{Doubt, Known, RecordState};

/// Look-ups that fail, one after the other, before the row is left in doubt for this run.
const FAILED_LOOKUPS: u32 = 6;
/// Posts of one row in a run whose answers were lost.
const LOST_A_RUN: u32 = 3;
/// The same in all.
const LOST_IN_ALL: u32 = 5;

/// How often a row was posted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sent {
    /// Posts, of all runs, that are not proved unmade.
    pub(super) posts: u32,
    /// Those of them whose answer was lost.
    pub(super) lost: u32,
    /// Those of them in this run.
    pub(super) lost_in_run: u32,
}

impl Sent {
    /// After one more post, whose answer was lost.
    pub(super) fn and_lost(self) -> Self {
        Self {
            posts: self.posts + 1,
            lost: self.lost + 1,
            lost_in_run: self.lost_in_run + 1,
        }
    }

    /// Whether it may be posted again, once it is proved that there is no partner.
    pub(super) fn may_go_again(self) -> bool {
        self.lost_in_run < LOST_A_RUN && self.lost < LOST_IN_ALL
    }
}

/// Why a look-up that came to its end proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// It met a partner that may be the row's: only a person can tell.
    Alike,
    /// The list grew while it was walked: it is not worth another walk while rows are sent.
    Growing,
    /// The partner with its identifier is another row's: only a person can tell what became of this row's.
    Taken,
}

/// A row that has to be looked up: in doubt, or posted before and about to be posted again.
#[derive(Debug)]
pub(super) struct Doubted {
    pub(super) key: RowKey,
    /// What was sent, by which its partner is known.
    pub(super) legacy_identifier: ExternalId,
    pub(super) business_name: String,
    /// The hash of what was sent; none where it is not known.
    pub(super) fingerprint: Option<Fingerprint>,
    /// The state of its record: only that a row in doubt has no partner is news to the state.
    pub(super) recorded: RecordState,
    pub(super) sent: Sent,
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
    /// What stood in the way of the last look-up.
    pub(super) obstacle: Option<Obstacle>,
    /// No search can prove that it is not there.
    pub(super) by_list: bool,
    /// It was answered 403 in this run: where it turns out that nothing was made, it is set aside.
    pub(super) set_aside: bool,
    /// What is known of its partner's absence.
    pub(super) missing: Missing,
    /// Whether its absence can be proved at all.
    pub(super) provable: Provable,
    /// Found before the settling time of its last post was over; another post of it may still show.
    pub(super) seen: Vec<RemotePartner>,
}

/// Whether a partner's absence can be proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Provable {
    /// When nothing of the row can be on its way any more.
    Later,
    /// The machine that sent it may still be alive, and nobody says for how long: only finding it settles it.
    Never,
}

/// What is known of a partner's absence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// Nothing.
    Unknown,
    /// A look-up that began then did not find it, and whether that proves anything is not known yet.
    Unproved(Instant, Looked),
    /// It is proved; the row waits to be met in the file, or for the end of the file.
    Proved,
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
    /// A row about whose partner nothing was found out yet, by what was sent; it is looked up at once.
    fn sought(
        key: RowKey,
        legacy_identifier: ExternalId,
        business_name: String,
        fingerprint: Option<Fingerprint>,
        now: Instant,
    ) -> Self {
        Self {
            key,
            legacy_identifier,
            business_name,
            fingerprint,
            recorded: RecordState::InDoubt,
            sent: Sent::default(),
            row: None,
            settled_at: now,
            next_look: Some(now),
            failures: 0,
            status: None,
            words: None,
            trouble: None,
            alone: false,
            obstacle: None,
            by_list: false,
            set_aside: false,
            missing: Missing::Unknown,
            provable: Provable::Later,
            seen: Vec::new(),
        }
    }

    /// What an earlier run left in doubt. The state's clock is the wall's and may have gone back; the settling time is
    /// counted anew, from now, which is never too early. Where the machine that sent it may still be alive, it begins when that
    /// cannot send it any more.
    pub(super) fn of_earlier_run(doubt: Doubt, now: Instant, settle: Duration) -> Self {
        let (legacy, name) = (doubt.legacy_identifier, doubt.business_name);
        Self {
            sent: Sent {
                posts: doubt.posts,
                lost: doubt.lost,
                lost_in_run: 0,
            },
            settled_at: now + doubt.proves_nothing_for.unwrap_or_default() + settle,
            provable: doubt
                .proves_nothing_for
                .map_or(Provable::Never, |_| Provable::Later),
            status: doubt.status,
            words: doubt.words,
            ..Self::sought(doubt.key, legacy, name, doubt.fingerprint, now)
        }
    }

    /// A row whose answer was lost, after what was sent of it before.
    pub(super) fn lost(row: PreparedPartner, before: Sent, now: Instant, settle: Duration) -> Self {
        let (key, legacy) = (row.key.clone(), row.legacy_identifier.clone());
        let name = row.business_name.to_string();
        Self {
            sent: before.and_lost(),
            settled_at: now + settle,
            ..Self::sought(key, legacy, name, Some(row.fingerprint), now)
        }
        .with_row(row)
    }

    /// A row that was posted before, and whose record lets it go again. Nothing of it is on its way.
    pub(super) fn posted_before(
        row: PreparedPartner,
        known: Known,
        lost_in_run: u32,
        now: Instant,
    ) -> Self {
        let (legacy, name) = (known.legacy_identifier, known.business_name);
        Self {
            recorded: known.state,
            sent: Sent {
                posts: known.posts,
                lost: known.lost,
                lost_in_run,
            },
            status: known.status,
            words: known.words,
            ..Self::sought(row.key.clone(), legacy, name, known.fingerprint, now)
        }
        .with_row(row)
    }

    fn with_row(self, row: PreparedPartner) -> Self {
        Self {
            row: Some(row),
            ..self
        }
    }

    /// Whether it is a doubt of an earlier run, and this run has not posted the row yet.
    pub(super) fn is_of_earlier_run(&self) -> bool {
        self.recorded == RecordState::InDoubt && self.sent.lost_in_run == 0
    }

    /// Judges an absence by when the look-up began.
    pub(super) fn judge(&self, began: Instant) -> Absence {
        if began >= self.settled_at && self.provable == Provable::Later {
            Absence::Proof
        } else {
            Absence::TooEarly(self.settled_at)
        }
    }

    /// Whether a partner that a look-up found may not be the only one: another post may have made a second one that does not show yet.
    pub(super) fn may_be_twice(&self, began: Instant) -> bool {
        self.sent.posts > 1 && began < self.settled_at
    }

    /// Whether only a walk over the whole list can prove that there is no partner.
    pub(super) fn needs_the_list(&self, search: Belief) -> bool {
        self.by_list
            || self.sent.lost > 1
            || search == Belief::Refuted
            || !can_be_searched(&self.business_name)
    }

    /// Whether an absence counts only if the way of looking was seen to show what exists. An answer that came and refused the
    /// row made nothing; there, the look-up is a second guard. And where absence makes a refusal of the last answer, nothing
    /// is posted for it.
    pub(super) fn needs_trust(&self) -> bool {
        self.sent.lost > 0 && self.refusal().is_none()
    }

    /// The last answer to the create, where it refuses the row once it is proved that there is no partner.
    pub(super) fn refusal(&self) -> Option<(u16, &str)> {
        if self.recorded != RecordState::InDoubt {
            return None;
        }
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

    /// Leaves it as it is: this run can do no more about it.
    pub(super) fn give_up(&mut self, trouble: &str) {
        self.failures = FAILED_LOOKUPS;
        self.next_look = None;
        self.trouble = Some(trouble.to_owned());
    }

    /// Whether this run can do no more about it.
    pub(super) fn is_given_up(&self) -> bool {
        self.next_look.is_none() && self.failures >= FAILED_LOOKUPS
    }

    /// Whether a look-up did not find it, and nothing shows yet what that is worth.
    pub(super) fn is_unproved(&self) -> bool {
        matches!(self.missing, Missing::Unproved(..))
    }

    /// Whether it is left to a person, as it was posted often enough.
    pub(super) fn is_for_a_person(&self) -> bool {
        self.refusal().is_none() && !self.sent.may_go_again()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    fn doubted(lost: u32, status: Option<u16>) -> Doubted {
        let doubt = Doubt {
            key: RowKey::new("k"),
            legacy_identifier: ExternalId::new("k"),
            business_name: "Some Name".to_owned(),
            fingerprint: Some(Fingerprint([0; 16])),
            since: Timestamp(0),
            status,
            words: None,
            posts: lost,
            lost,
            proves_nothing_for: Some(Duration::ZERO),
        };
        Doubted::of_earlier_run(doubt, Instant::now(), Duration::from_secs(5))
    }

    #[test]
    fn absence_is_proof_only_after_the_settling_time() {
        let mut doubted = doubted(1, None);
        let settled = doubted.settled_at;
        let before = settled.checked_sub(Duration::from_millis(1)).unwrap();
        assert_eq!(doubted.judge(before), Absence::TooEarly(settled));
        assert_eq!(doubted.judge(settled), Absence::Proof);
        for _ in 0..FAILED_LOOKUPS {
            assert!(!doubted.is_given_up());
            doubted.failed("503".to_owned(), None, before, 0.5);
        }
        assert!(doubted.is_given_up());
    }

    #[test]
    fn a_look_up_under_way_is_not_given_up() {
        let mut doubted = doubted(1, None);
        doubted.next_look = None;
        assert!(!doubted.is_given_up());
        doubted.give_up("the list was refused");
        assert!(doubted.is_given_up());
        assert_eq!(doubted.trouble.as_deref(), Some("the list was refused"));
    }

    #[test]
    fn posts_whose_answers_are_lost_are_bounded() {
        let mut sent = Sent::default();
        for _ in 0..LOST_A_RUN {
            assert!(sent.may_go_again());
            sent = sent.and_lost();
        }
        assert!(!sent.may_go_again());
        // The next run begins at what the state counted.
        sent.lost_in_run = 0;
        assert!(sent.may_go_again());
        sent = sent.and_lost();
        assert!(sent.may_go_again());
        sent = sent.and_lost();
        assert_eq!((sent.posts, sent.lost), (5, 5));
        assert!(!sent.may_go_again());
        assert!(doubted(5, None).is_for_a_person());
        assert!(!doubted(4, None).is_for_a_person());
        // A 409 that is then absent is a refusal: nothing is posted, so nothing is bounded.
        assert!(!doubted(5, Some(409)).is_for_a_person());
    }

    #[test]
    fn a_second_lost_answer_asks_for_the_whole_list() {
        for (lost, search, list) in [
            (1, Belief::Untried, false),
            (1, Belief::Earned, false),
            (1, Belief::Refuted, true),
            (2, Belief::Earned, true),
        ] {
            assert_eq!(doubted(lost, None).needs_the_list(search), list, "{lost}");
        }
        let mut nameless = doubted(1, None);
        nameless.business_name = "株式会社".to_owned();
        assert!(nameless.needs_the_list(Belief::Earned));
    }

    #[test]
    fn after_a_second_post_an_early_find_is_looked_at_again() {
        for (posts, twice) in [(1, false), (2, true)] {
            let doubted = doubted(posts, None);
            let settled = doubted.settled_at;
            let early = settled.checked_sub(Duration::from_secs(1)).unwrap();
            assert_eq!(doubted.may_be_twice(early), twice);
            assert!(!doubted.may_be_twice(settled));
        }
    }

    /// A row whose record lets it go again is judged by what the state knows of it; a doubt of another run is reported from one of
    /// this run.
    #[test]
    fn what_an_earlier_run_sent_is_told_from_what_this_run_sent() {
        let row = || super::super::owner::bench::row(7, None);
        let (now, settle) = (Instant::now(), Duration::from_secs(5));
        let known = Known {
            state: RecordState::Rejected,
            fingerprint: Some(Fingerprint([9; 16])),
            partner: None,
            status: Some(422),
            words: Some("too long".to_owned()),
            legacy_identifier: ExternalId::new("as it was"),
            business_name: "As It Was".to_owned(),
            posts: 3,
            lost: 2,
        };
        let sent = Sent {
            posts: 3,
            lost: 2,
            lost_in_run: 1,
        };
        let before = Doubted::posted_before(row(), known.clone(), 1, now);
        assert_eq!(before.sent, sent);
        assert_eq!((before.recorded, before.status), (known.state, Some(422)));
        assert_eq!(before.words, known.words);
        assert_eq!(before.fingerprint, known.fingerprint);
        assert_eq!(before.legacy_identifier, known.legacy_identifier);
        assert_eq!(before.business_name, known.business_name);
        // Nothing is on its way, so there is nothing to wait for.
        assert_eq!(before.judge(now), Absence::Proof);
        let unsent = Doubted::posted_before(row(), known, 0, now);
        let lost = Doubted::lost(row(), Sent::default(), now, settle);
        for (doubted, is_of_earlier_run) in [
            (doubted(1, None), true),
            (lost, false),
            (before, false),
            (unsent, false),
        ] {
            assert_eq!(doubted.is_of_earlier_run(), is_of_earlier_run);
        }
    }
}
