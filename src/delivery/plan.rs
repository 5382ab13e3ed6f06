//! What to do with a row, given what the state knows of it (pure).

use crate::partner::{Fingerprint, PartnerId};
use crate::state::{Known, RecordState};

/// What to do with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Send it: it was never posted, or each post is proved to have made nothing.
    Create,
    /// Send it, if a look-up does not find it: it was posted before.
    LookUpFirst,
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
    // Where it is not known whether the row changed, nothing is sent for it.
    let same = fingerprint.may_be(known.fingerprint);
    match known.state {
        RecordState::Created if same => Decision::Skip(known.partner.clone()),
        RecordState::Created => Decision::Changed(known.partner.clone()),
        RecordState::Rejected if same && !retry_rejected => Decision::StillRejected,
        RecordState::Unsent | RecordState::Rejected if known.posts > 0 => Decision::LookUpFirst,
        RecordState::Unsent | RecordState::Rejected => Decision::Create,
        RecordState::InFlight | RecordState::InDoubt => Decision::InDoubt,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partner::ExternalId;

    #[test]
    fn what_the_state_knows_decides() {
        let known = |state| Known {
            state,
            posts: 0,
            lost: 0,
            legacy_identifier: ExternalId::new("k"),
            business_name: String::new(),
            fingerprint: Some(Fingerprint([1; 16])),
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

    /// Whatever lets a row go again, it is looked up first where a post of it may have made something.
    #[test]
    fn what_was_posted_is_looked_up_before_it_is_posted_again() {
        for (state, print, posts, expected) in [
            (RecordState::Rejected, 2, 1, Decision::LookUpFirst),
            (RecordState::Rejected, 1, 1, Decision::LookUpFirst),
            (RecordState::Unsent, 1, 2, Decision::LookUpFirst),
            (RecordState::Unsent, 1, 0, Decision::Create),
        ] {
            let known = Known {
                state,
                fingerprint: Some(Fingerprint([1; 16])),
                partner: None,
                status: None,
                words: None,
                legacy_identifier: ExternalId::new("k"),
                business_name: String::new(),
                posts,
                lost: 0,
            };
            let decided = decide(Some(&known), &Fingerprint([print; 16]), true);
            assert_eq!(decided, expected, "{state} after {posts} posts");
        }
    }
}
