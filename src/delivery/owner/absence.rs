//! What a look-up that found nothing is worth, and what follows: believed, tried with a witness, or left to a person.

use std::sync::Arc;

use tokio::time::Instant;
use tracing::field::DisplayValue;

use super::Delivery;
use super::events::{After, Done, StateWitnesses};
use crate::api::{Alike, ApiError, PartnersApi, Place, find_by_word};
use crate::delivery::diagnostics::{rejected, written_otherwise};
use crate::delivery::recovery::{Absence, Doubted, Missing, Obstacle, Provable};
use crate::delivery::trust::{Belief, Looked, Witness};
use crate::delivery::{MaySend, RowsInLog};
use crate::partner::{ApiWords, ExternalId, PartnerId, RowKey, RowOutcome};
use crate::state::{Event, RecordState, Settlement, StateError, StateWriter};

/// Partners of the state that are looked for where none of this run is known.
const OF_STATE: u32 = 20;

const HIDDEN: &str = "the API's list of partners does not show a partner that is known to exist, or shows it with another legacyIdentifier, so a missing partner proves nothing";
const NO_WITNESS: &str = "a look-up does not find it, but there is no known partner to test whether look-ups find partners that exist";
const SENDER_LOST: &str = "the machine that sent it was lost, and may still be alive: with takeover = \"never\" only finding the partner settles it";
const POSTED_OFTEN: &str = "it was sent several times without an answer that can be trusted, and a look-up does not find it, so it is not sent again";

impl<A: PartnersApi> Delivery<A> {
    /// A complete look-up that began then did not find the row's partner; but some that are `alike`, which may be its, unless
    /// other rows have them.
    pub(super) fn absent(&mut self, key: &RowKey, began: Instant, looked: Looked, alike: &[Alike]) {
        let search = self.trust.search();
        let now = Instant::now();
        let Some(doubted) = self.doubts.get_mut(key) else {
            return;
        };
        doubted.alone = false;
        if let Absence::TooEarly(at) = doubted.judge(began) {
            doubted.failures = 0;
            self.not_found_yet(key, at);
            return;
        }
        let needs_trust = doubted.needs_trust();
        let mut alike = alike.iter().filter(|_| needs_trust);
        let alike = alike.find(|alike| !self.ids.has(&alike.id));
        doubted.obstacle = alike.map(|_| Obstacle::Alike);
        if let Some(alike) = alike {
            self.look_in_vain(key, &written_otherwise(alike));
            return;
        }
        let belief = match looked {
            _ if !doubted.needs_trust() => Belief::Earned,
            Looked::Search(_) if doubted.needs_the_list(search) => Belief::Refuted,
            Looked::Search(place) => self.trust.search_by(place),
            Looked::ListThatShowsKnown => Belief::Earned,
            Looked::ListThatShowsNone => Belief::Refuted,
            Looked::ListUntried => Belief::Untried,
        };
        match (belief, looked) {
            (Belief::Earned, _) => self.proved_absent(key),
            // Until a partner is known by which this way of looking can be tried.
            (Belief::Untried, _) => doubted.missing = Missing::Unproved(began, looked),
            // From now on it is looked for by the whole list.
            (Belief::Refuted, Looked::Search(_)) => {
                doubted.by_list = true;
                self.look_again(key, now);
            }
            (Belief::Refuted, _) => self.look_in_vain(key, HIDDEN),
        }
    }

    /// Nothing was found when nothing could be proved yet. One that is left to a person is not waited for.
    pub(super) fn not_found_yet(&mut self, key: &RowKey, at: Instant) {
        match self.doubts.get(key) {
            Some(doubted) if doubted.provable == Provable::Never => {
                self.leave(key, SENDER_LOST);
            }
            Some(doubted) if self.is_left_to_a_person(doubted) => self.leave_to_a_person(key),
            Some(_) => self.look_again(key, at),
            None => {}
        }
    }

    fn is_left_to_a_person(&self, doubted: &Doubted) -> bool {
        doubted.is_for_a_person() && !self.options.settles_for_a_person
    }

    fn leave_to_a_person(&mut self, key: &RowKey) {
        self.leave(key, POSTED_OFTEN);
    }

    /// Says in the log that a row stays in doubt; its key is a value of the source.
    pub(super) fn warn_of(&self, key: &RowKey, why: &str) {
        let key = self.named(key);
        let why = if key.is_some() {
            why
        } else {
            "the report says why"
        };
        tracing::warn!(key, "the row stays in doubt: {why}");
    }

    /// A key for the log, where it may stand there.
    pub(super) fn named<'k>(&self, key: &'k RowKey) -> Option<DisplayValue<&'k RowKey>> {
        (self.options.log == RowsInLog::Named).then(|| tracing::field::display(key))
    }

    pub(super) fn leave(&mut self, key: &RowKey, why: &str) {
        if let Some(doubted) = self.doubts.get_mut(key) {
            doubted.give_up(why);
            self.warn_of(key, why);
        }
        self.given_up(key);
    }

    /// It is proved that the row has no partner.
    fn proved_absent(&mut self, key: &RowKey) {
        let doubted = self.doubts.get(key);
        let is_for_a_person = doubted.is_some_and(|d| self.is_left_to_a_person(d));
        let Some(doubted) = self.doubts.get_mut(key) else {
            return;
        };
        if !doubted.seen.is_empty() {
            // The second look does not see what the first one saw: what was found is there.
            let hits = std::mem::take(&mut doubted.seen);
            self.settle_found(key, hits);
        } else if is_for_a_person {
            self.leave_to_a_person(key);
        } else if doubted.recorded != RecordState::InDoubt {
            self.absence_settled(key);
        } else if doubted.row.is_some() {
            self.settle_absent(key.clone());
        } else {
            // The row may come yet; what is proved stays proved, for nobody else claims it.
            doubted.missing = Missing::Proved;
        }
    }

    /// A doubt is settled: there is no partner. What that means is said by the last answer to the create.
    pub(super) fn settle_absent(&mut self, key: RowKey) {
        let mut settlement = Settlement::new(key.clone(), Event::ConfirmedAbsent);
        let doubted = self.doubts.get(&key);
        if doubted.is_some_and(Doubted::is_for_a_person) {
            settlement.event = Event::ReconciledAsAbsent;
        } else if let Some((status, words)) = doubted.and_then(Doubted::refusal) {
            settlement.event = Event::AbsentAfterRefusal;
            settlement.status = Some(status);
            settlement.words = Some(ApiWords::new(words));
        }
        self.settle(settlement, After::Absent(key));
    }

    /// That a row's partner does not exist is on the disk, or was there before.
    pub(super) fn absence_settled(&mut self, key: &RowKey) {
        self.under_way.remove(key);
        let Some(doubted) = self.doubts.remove(key) else {
            return;
        };
        self.sent.insert(key.clone(), doubted.sent);
        let is_of_earlier_run = doubted.is_of_earlier_run();
        let refusal = doubted
            .refusal()
            .map(|(status, words)| (status, words.to_owned()));
        match (doubted.row, refusal) {
            // Another payload than the one that was refused may be sent.
            (Some(row), Some((status, words))) if row.fingerprint.may_be(doubted.fingerprint) => {
                let diagnostic = rejected(&row, status, &words);
                self.finish(&row, RowOutcome::Rejected, None, vec![diagnostic]);
                self.wake_children(key, false);
            }
            (Some(row), _) if doubted.set_aside => {
                self.set_aside(&row, doubted.words.as_deref().unwrap_or(""));
            }
            (Some(row), _) if self.stopping => {
                self.finish(&row, RowOutcome::Deferred, None, Vec::new());
            }
            // What this run sent before was counted then.
            (Some(row), _) if is_of_earlier_run && !self.may_send_one_more() => {
                self.not_reached += 1;
                self.finish(&row, RowOutcome::Deferred, None, Vec::new());
                self.wake_children(key, false);
            }
            (Some(row), _) => self.admit(vec![row]),
            (None, _) => {
                // Another machine may have the row.
                self.progress += u64::from(self.options.shares);
                self.wake_children(key, false);
            }
        }
    }

    fn may_send_one_more(&self) -> bool {
        self.options.may_send.as_ref().is_none_or(MaySend::take)
    }

    /// Keeps a partner that is known to exist, as long as more are of use.
    pub(super) fn know(&mut self, id: &PartnerId, legacy: &ExternalId, name: &str) {
        if self.trust.wants_witnesses() {
            self.trust.add(Witness {
                id: id.clone(),
                legacy_identifier: legacy.clone(),
                business_name: name.to_owned(),
            });
        }
    }

    /// Finds out whether absences that are not proved yet can be believed: by looking for what is known to exist.
    pub(super) fn seek_trust(&mut self) {
        if self.flow.is_held()
            || self.trust.is_trying()
            || !self.doubts.values().any(Doubted::is_unproved)
        {
            return;
        }
        if self.state_witnesses == StateWitnesses::Unread {
            self.state_witnesses = StateWitnesses::Reading;
            let state = self.state.clone();
            self.tasks
                .spawn_blocking(move || Done::WitnessesRead(witnesses_of(&state)));
        }
        if self.state_witnesses != StateWitnesses::Read {
            return;
        }
        if let Some(witness) = self.trust.next_trial() {
            let api = Arc::clone(&self.api);
            self.tasks.spawn(async move {
                let (legacy, name) = (&witness.legacy_identifier, &witness.business_name);
                Done::Tried(find_by_word(&*api, legacy, name).await)
            });
        } else if !self.trust.is_empty() {
            // A walk meets what is known to exist, also where no search could be tried.
            self.trust.no_trial_left();
            self.judge_unproved();
        }
    }

    /// A search for a partner that is known to exist ended.
    pub(super) fn tried(&mut self, found: Result<Option<Place>, ApiError>) {
        match found {
            Ok(found) => self.trust.searched(found),
            // Nothing more is asked in this run.
            Err(ApiError::Stopped) => self.trust.searched(None),
            Err(error) => {
                tracing::info!("a partner that exists could not be searched for: {error}");
                self.trust.searched(None);
            }
        }
        if self.trust.search() != Belief::Untried {
            self.judge_unproved();
        }
    }

    fn judge_unproved(&mut self) {
        let now = Instant::now();
        let mut unproved = Vec::new();
        for doubted in self.doubts.values_mut() {
            if let Missing::Unproved(began, looked) = doubted.missing {
                doubted.missing = Missing::Unknown;
                doubted.failures = 0;
                unproved.push((doubted.key.clone(), began, looked));
            }
        }
        for (key, began, looked) in unproved {
            match looked {
                // What it did not find is not asked for again: what that is worth is known now.
                Looked::Search(_) => self.absent(&key, began, looked, &[]),
                // Which partners exist is seen on the way, so the walk is another one.
                _ => self.look_again(&key, now),
            }
        }
    }

    /// Gives up what nothing can prove: no partner is known to exist, and nothing that is under way could make one known.
    pub(super) fn give_up_unproved(&mut self) {
        let unproved: Vec<RowKey> = self
            .doubts
            .values_mut()
            .filter(|d| d.is_unproved() && !d.is_given_up())
            .map(|d| {
                d.give_up(NO_WITNESS);
                d.key.clone()
            })
            .collect();
        for key in unproved {
            self.warn_of(&key, NO_WITNESS);
            self.given_up(&key);
        }
    }

    pub(super) fn witnesses_read(&mut self, witnesses: Vec<Witness>) {
        self.state_witnesses = StateWitnesses::Read;
        for witness in witnesses {
            self.trust.add(witness);
        }
    }
}

fn witnesses_of(state: &StateWriter) -> Result<Vec<Witness>, StateError> {
    let created = state.reader()?.some_created(OF_STATE)?;
    Ok(created
        .into_iter()
        .map(|(id, legacy_identifier, business_name)| Witness {
            id,
            legacy_identifier,
            business_name,
        })
        .collect())
}
