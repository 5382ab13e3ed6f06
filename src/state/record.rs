//! One record for each row, and the only table of its legal moves (pure).

use std::fmt;

/// What is known of a row's partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordState {
    /// Claimed, on disk; a request may be on its way.
    InFlight = 1,
    /// The partner exists and its id is known.
    Created = 2,
    /// The API said no.
    Rejected = 3,
    /// The answer never came or cannot be trusted.
    InDoubt = 4,
    /// It is proved that nothing was made: a later claim may send the row.
    Unsent = 5,
}

impl RecordState {
    /// Every state, in the order of their codes.
    pub const ALL: [RecordState; 5] = [
        RecordState::InFlight,
        RecordState::Created,
        RecordState::Rejected,
        RecordState::InDoubt,
        RecordState::Unsent,
    ];

    /// The number in the file.
    #[must_use]
    pub fn code(self) -> i64 {
        self as i64
    }

    /// The state of a number in the file.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.code() == code)
    }

    /// Its word in reports and on the screen, such as `in_doubt`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            RecordState::InFlight => "in_flight",
            RecordState::Created => "created",
            RecordState::Rejected => "rejected",
            RecordState::InDoubt => "in_doubt",
            RecordState::Unsent => "unsent",
        }
    }
}

impl fmt::Display for RecordState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What can happen to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// A run means to send the row.
    Claim,
    /// The API answered with an id.
    Created,
    /// The API said no to the row.
    Rejected,
    /// No answer, or one that cannot be trusted.
    OutcomeUnknown,
    /// Proof that nothing was made.
    NotCreated,
    /// The run that claimed it is dead.
    OwnerLost,
    /// A look-up found the partner by its exact legacyIdentifier.
    FoundRemotely,
    /// A look-up that began after the settling time did not find it.
    ConfirmedAbsent,
    /// The same, and the last answer, which alone proved nothing, is a refusal then.
    AbsentAfterRefusal,
    /// The same, in a run by which a person settles what was posted too often.
    ReconciledAsAbsent,
    /// A person says which partner it has.
    ResolvedAsCreated,
    /// A person says that there is no partner.
    ResolvedAsAbsent,
    /// The list has a partner that may be the row's, of whom this state knows nothing: a run whose state is lost may have sent it.
    MayExist,
}

impl Event {
    /// Every event, in the order of the columns of the table of moves.
    pub const ALL: [Event; 13] = [
        Event::Claim,
        Event::Created,
        Event::Rejected,
        Event::OutcomeUnknown,
        Event::NotCreated,
        Event::OwnerLost,
        Event::FoundRemotely,
        Event::ConfirmedAbsent,
        Event::AbsentAfterRefusal,
        Event::ReconciledAsAbsent,
        Event::ResolvedAsCreated,
        Event::ResolvedAsAbsent,
        Event::MayExist,
    ];

    /// What it does to the counts of a record's posts.
    #[must_use]
    pub(super) fn counts(self) -> Counts {
        let posts = match self {
            // Counted before it is sent: a run that dies counts it.
            Event::Claim => 1,
            // What somebody else may have sent counts as two: its partner may have another name, so that no search for the row's
            // finds it, and only the whole list can show that there is none.
            Event::MayExist => 2,
            Event::NotCreated => -1,
            _ => 0,
        };
        let lost = match self {
            Event::OutcomeUnknown | Event::OwnerLost => Lost::OneMore,
            Event::MayExist => Lost::TwoMore,
            // A person has decided; whether it may be sent again is counted anew.
            Event::ReconciledAsAbsent | Event::ResolvedAsAbsent => Lost::Forgotten,
            _ => Lost::AsBefore,
        };
        Counts { posts, lost }
    }
}

/// What an event does to the counts of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    /// Change of the posts that are not proved unmade.
    pub(super) posts: i64,
    /// Change of those of them whose answer was lost.
    pub(super) lost: Lost,
}

/// What an event does to the count of lost answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    AsBefore,
    OneMore,
    TwoMore,
    Forgotten,
}

impl Lost {
    /// How many it adds.
    pub(super) fn more(self) -> i64 {
        match self {
            Lost::AsBefore | Lost::Forgotten => 0,
            Lost::OneMore => 1,
            Lost::TwoMore => 2,
        }
    }
}

impl Event {
    /// In words, for a row's history.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Event::Claim => "claimed",
            Event::Created => "made",
            Event::Rejected => "rejected by the API",
            Event::OutcomeUnknown => "sent, and no answer that can be trusted",
            Event::NotCreated => "proved not created",
            Event::OwnerLost => "the run ended before the answer came",
            Event::FoundRemotely => "found on the API",
            Event::ConfirmedAbsent => "looked for on the API and not found",
            Event::AbsentAfterRefusal => {
                "looked for on the API and not found: its last answer was a refusal"
            }
            Event::ReconciledAsAbsent => {
                "looked for on the API by reconcile and not found; it may be sent again"
            }
            Event::ResolvedAsCreated => "a person said which partner it has",
            Event::ResolvedAsAbsent => "a person said that it has no partner",
            Event::MayExist => "not sent: the API has a partner that may be its own",
        }
    }
}

/// A move that the table does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("illegal move of a record: {event:?} from {}", from.map_or("nothing", RecordState::as_str))]
pub struct IllegalMove {
    /// Where it stood; none for a row never seen.
    pub from: Option<RecordState>,
    /// What was to happen.
    pub event: Event,
}

/// The table of moves. A row never seen is `None`.
///
/// # Errors
/// [`IllegalMove`] for everything that does not stand here: above all, nothing leads from `in_flight`,
/// `in_doubt` or `created` to a claim.
pub fn step(from: Option<RecordState>, event: Event) -> Result<RecordState, IllegalMove> {
    use RecordState::{Created, InDoubt, InFlight, Rejected, Unsent};
    match (from, event) {
        (None | Some(Rejected | Unsent), Event::Claim) => Ok(InFlight),
        (Some(InFlight), Event::Created) => Ok(Created),
        (Some(InFlight), Event::Rejected) => Ok(Rejected),
        (Some(InFlight), Event::OutcomeUnknown | Event::OwnerLost) => Ok(InDoubt),
        (Some(InFlight), Event::NotCreated) => Ok(Unsent),
        (
            Some(InDoubt),
            Event::ConfirmedAbsent | Event::ReconciledAsAbsent | Event::ResolvedAsAbsent,
        ) => Ok(Unsent),
        (Some(InDoubt), Event::ResolvedAsCreated) => Ok(Created),
        (Some(InDoubt), Event::AbsentAfterRefusal) => Ok(Rejected),
        (None | Some(InDoubt | Rejected | Unsent), Event::FoundRemotely) => Ok(Created),
        (None, Event::MayExist) => Ok(InDoubt),
        (from, event) => Err(IllegalMove { from, event }),
    }
}

/// What a person's finding makes of a row; `None` where it is not in doubt. Nobody else has the state meanwhile, so what is in
/// flight is of a run that is dead.
#[must_use]
pub(super) fn resolved(from: RecordState, finding: Event) -> Option<RecordState> {
    let from = step(Some(from), Event::OwnerLost).unwrap_or(from);
    step(Some(from), finding).ok()
}

/// Whether a person may have a row forgotten, as if it had never been seen. What may be on its way, or may exist
/// under an id that nobody knows, may not.
#[must_use]
pub fn may_forget(state: RecordState) -> bool {
    match state {
        RecordState::Created | RecordState::Rejected | RecordState::Unsent => true,
        RecordState::InFlight | RecordState::InDoubt => false,
    }
}

/// The states from which an event is legal, and whether it is for a row never seen.
#[must_use]
pub fn sources(event: Event) -> (Vec<RecordState>, bool) {
    (
        RecordState::ALL
            .into_iter()
            .filter(|s| step(Some(*s), event).is_ok())
            .collect(),
        step(None, event).is_ok(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_resolves_what_is_in_doubt_and_nothing_else() {
        use RecordState::{Created, InDoubt, InFlight, Rejected, Unsent};
        for (from, as_created, as_absent) in [
            (InFlight, Some(Created), Some(Unsent)),
            (InDoubt, Some(Created), Some(Unsent)),
            (Created, None, None),
            (Rejected, None, None),
            (Unsent, None, None),
        ] {
            assert_eq!(
                resolved(from, Event::ResolvedAsCreated),
                as_created,
                "{from:?}"
            );
            assert_eq!(
                resolved(from, Event::ResolvedAsAbsent),
                as_absent,
                "{from:?}"
            );
        }
    }

    #[test]
    fn only_what_is_proved_unmade_can_be_claimed() {
        assert_eq!(
            sources(Event::Claim),
            (vec![RecordState::Rejected, RecordState::Unsent], true)
        );
    }

    #[test]
    fn created_is_final() {
        assert!(
            Event::ALL
                .iter()
                .all(|e| step(Some(RecordState::Created), *e).is_err())
        );
    }

    #[test]
    fn codes_and_words_are_those_of_the_file_and_the_contract() {
        let table = [
            (RecordState::InFlight, 1, "in_flight"),
            (RecordState::Created, 2, "created"),
            (RecordState::Rejected, 3, "rejected"),
            (RecordState::InDoubt, 4, "in_doubt"),
            (RecordState::Unsent, 5, "unsent"),
        ];
        assert_eq!(table.map(|(state, ..)| state), RecordState::ALL);
        for (state, code, word) in table {
            assert_eq!((state.code(), state.as_str()), (code, word));
            assert_eq!(format!("{state:>9}"), format!("{word:>9}"));
            assert_eq!(RecordState::from_code(code), Some(state));
        }
        assert_eq!(RecordState::from_code(0), None);
        assert_eq!(RecordState::from_code(6), None);
    }

    #[test]
    fn events_have_words_of_their_own() {
        let words: std::collections::BTreeSet<_> = Event::ALL.map(Event::as_str).into();
        assert_eq!(words.len(), Event::ALL.len());
    }

    /// Every cell of the table of moves: a blank one is illegal.
    #[test]
    #[rustfmt::skip]
    fn every_move_is_as_written_here() {
        use RecordState::{Created, InDoubt, InFlight, Rejected, Unsent};
        let events = [
            Event::Claim, Event::Created, Event::Rejected, Event::OutcomeUnknown,
            Event::NotCreated, Event::OwnerLost, Event::FoundRemotely, Event::ConfirmedAbsent,
            Event::AbsentAfterRefusal, Event::ReconciledAsAbsent, Event::ResolvedAsCreated, Event::ResolvedAsAbsent,
            Event::MayExist,
        ];
        assert_eq!(events, Event::ALL);
        let never = None;
        let to = Some;
        let table = [
            //                Claim         Made         Refused       Lost         NotCreated  OwnerDied    Found        Absent      AndRefused    Reconciled   SaidMade     SaidAbsent  MayExist
            (None,           [to(InFlight), never,       never,        never,       never,      never,       to(Created), never,      never,        never,       never,       never,      to(InDoubt)]),
            (Some(InFlight), [never,        to(Created), to(Rejected), to(InDoubt), to(Unsent), to(InDoubt), never,       never,      never,        never,       never,       never,      never]),
            (Some(Created),  [never,        never,       never,        never,       never,      never,       never,       never,      never,        never,       never,       never,      never]),
            (Some(Rejected), [to(InFlight), never,       never,        never,       never,      never,       to(Created), never,      never,        never,       never,       never,      never]),
            (Some(InDoubt),  [never,        never,       never,        never,       never,      never,       to(Created), to(Unsent), to(Rejected), to(Unsent),  to(Created), to(Unsent), never]),
            (Some(Unsent),   [to(InFlight), never,       never,        never,       never,      never,       to(Created), never,      never,        never,       never,       never,      never]),
        ];
        let states = std::iter::once(None).chain(RecordState::ALL.map(Some));
        assert_eq!(table.map(|(from, _)| from).to_vec(), states.collect::<Vec<_>>());
        for (from, row) in table {
            for (event, expected) in events.into_iter().zip(row) {
                let expected = expected.ok_or(IllegalMove { from, event });
                assert_eq!(step(from, event), expected, "{event:?} from {from:?}");
            }
        }
    }

    /// A post counts from its claim on, unless it is proved that nothing was made; a lost answer counts once.
    #[test]
    fn posts_and_lost_answers_are_counted_by_what_happens() {
        let counts = Event::ALL.map(Event::counts);
        assert_eq!(
            counts.map(|c| c.posts),
            [1, 0, 0, 0, -1, 0, 0, 0, 0, 0, 0, 0, 2]
        );
        for (event, counts) in Event::ALL.into_iter().zip(counts) {
            let expected = match event {
                Event::OutcomeUnknown | Event::OwnerLost => Lost::OneMore,
                Event::MayExist => Lost::TwoMore,
                Event::ReconciledAsAbsent | Event::ResolvedAsAbsent => Lost::Forgotten,
                _ => Lost::AsBefore,
            };
            assert_eq!(counts.lost, expected, "{event:?}");
        }
    }

    #[test]
    fn what_may_exist_unknown_may_not_be_forgotten() {
        let may = RecordState::ALL.map(may_forget);
        assert_eq!(may, [false, true, true, false, true]);
    }
}
