//! What to do with a row, given what the state knows of it (pure).

use crate::partner::{Fingerprint, PartnerId};
use crate::state::{Known, RecordState};

/// What to do with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Send it.
    Create,
    /// Its partner is there and it is as it was sent.
    Skip(Option<PartnerId>),
    /// Its partner is there and it differs; the API documents no update.
    Changed(Option<PartnerId>),
    /// The API said no to this very payload.
    StillRejected,
    /// Ask before anything else.
    InDoubt,
}

/// Decides. `retry_rejected` sends a rejected row again though its payload is the same.
#[must_use]
pub fn decide(known: Option<&Known>, fingerprint: &Fingerprint, retry_rejected: bool) -> Decision {
    let Some(known) = known else {
        return Decision::Create;
    };
    let same = known.fingerprint == *fingerprint;
    match known.state {
        RecordState::Created if same => Decision::Skip(known.partner.clone()),
        RecordState::Created => Decision::Changed(known.partner.clone()),
        RecordState::Rejected if same && !retry_rejected => Decision::StillRejected,
        RecordState::Unsent | RecordState::Rejected => Decision::Create,
        RecordState::InFlight | RecordState::InDoubt => Decision::InDoubt,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ledger_decides() {
        let known = |state| Known {
            state,
            fingerprint: Fingerprint([1; 16]),
            partner: Some(PartnerId::new("p")),
            status: None,
            words: None,
        };
        let id = Some(PartnerId::new("p"));
        for (state, print, retry, expected) in [
            (None, 1, false, Decision::Create),
            (Some(RecordState::Unsent), 1, false, Decision::Create),
            (
                Some(RecordState::Created),
                1,
                false,
                Decision::Skip(id.clone()),
            ),
            (Some(RecordState::Created), 2, true, Decision::Changed(id)),
            (
                Some(RecordState::Rejected),
                1,
                false,
                Decision::StillRejected,
            ),
            (Some(RecordState::Rejected), 1, true, Decision::Create),
            (Some(RecordState::Rejected), 2, false, Decision::Create),
            (Some(RecordState::InDoubt), 2, true, Decision::InDoubt),
            (Some(RecordState::InFlight), 1, true, Decision::InDoubt),
        ] {
            assert_eq!(
                decide(state.map(known).as_ref(), &Fingerprint([print; 16]), retry),
                expected,
                "{state:?}"
            );
        }
    }
}
