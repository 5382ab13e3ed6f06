//! What each answer to a create proves (pure: nothing is sent or awaited).
//!
//! The table is the one of docs/exactly-once.md, "What an answer proves". How far the request got, the answer's status,
//! headers and body, the create flags and the identifier that was sent go in; what to do with the row comes out.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::answer_words::{Redaction, Said};
use crate::partner::{
    ApiWords, CreateOutcome, DoubtCause, ExternalId, NotCreated, PartnerId, Query,
};

/// How long nothing is sent after a 429 or 503 that does not say for how long and that leaves its row in doubt.
const DEFAULT_PAUSE: Duration = Duration::from_secs(1);
/// Characters of an id at most.
const ID_LENGTH: usize = 128;

/// How far a create got.
#[derive(Debug)]
pub(super) enum Reached {
    /// The connection was refused, DNS or TLS failed, or the body was never asked for; with what was seen.
    NotSent(Said),
    /// The body was asked for and no answer came; with what was seen.
    NoAnswer(Said),
    Answered(Answer),
}

/// An answer to a create.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The header of this name, as it was sent.
    pub(super) location: Option<String>,
    /// Where the answer sends the request elsewhere: what is said of that.
    pub(super) redirect: Option<Said>,
    /// How long the server asked to be left alone, where it did.
    pub(super) retry_after: Option<Duration>,
    /// The whole body, or why it was not read to its end.
    pub(super) body: Result<Bytes, Said>,
}

impl Answer {
    /// What the body says of an error. It is parsed for that, so ask only where the words are needed: a created row has none.
    fn said(&self) -> Said {
        match &self.body {
            Ok(body) => Said::of_body(body),
            Err(reason) => reason.clone(),
        }
    }
}

/// What a status says, before anything else of the answer is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StatusClass {
    /// Created, where the rest of the answer bears it out.
    Success,
    /// Nothing was created, unless a create flag is on.
    NotCreated,
    /// The API refuses the row.
    Rejected,
    /// Nothing is proved; where the partner turns out not to be there, the row was refused.
    InDoubtElseRejected,
    /// Nothing is proved; where the partner turns out not to be there, the row may be sent again.
    InDoubtElseUnsent,
}

/// The table of statuses.
fn class_of(status: u16) -> StatusClass {
    match status {
        200..=299 => StatusClass::Success,
        401 | 403 | 407 | 429 => StatusClass::NotCreated,
        400 | 404 | 405 | 406 | 410 | 411 | 414 | 415 | 422 | 431 => StatusClass::Rejected,
        408 | 421 | 423 | 425 | 499 => StatusClass::InDoubtElseUnsent,
        // 409, 413, and all that are not named: they may come after a commit, but speak of the row.
        400..=499 => StatusClass::InDoubtElseRejected,
        _ => StatusClass::InDoubtElseUnsent,
    }
}

/// Whether a row in doubt whose last answer had this status is refused by it, once it is proved that its partner does not
/// exist; else it may be sent again.
#[must_use]
pub fn rejects_if_absent(status: u16) -> bool {
    class_of(status) == StatusClass::InDoubtElseRejected
}

/// Judges a create with these flags and this `legacyIdentifier` by how far it got. What was said becomes words by `redaction`.
pub(super) fn verdict(
    query: Query,
    sent: &ExternalId,
    reached: Reached,
    redaction: Redaction<'_>,
) -> CreateOutcome {
    let answer = match reached {
        Reached::NotSent(words) => {
            return CreateOutcome::NotCreated(NotCreated::NotSent(redaction.words(&words)));
        }
        Reached::NoAnswer(words) => {
            return CreateOutcome::InDoubt {
                cause: DoubtCause::Unproved,
                status: None,
                words: redaction.words(&words),
                retry_after: None,
            };
        }
        Reached::Answered(answer) => answer,
    };
    let status = answer.status;
    if let Some(words) = &answer.redirect {
        return CreateOutcome::InDoubt {
            cause: DoubtCause::Redirected,
            status: Some(status),
            words: redaction.words(words),
            retry_after: None,
        };
    }
    match class_of(status) {
        StatusClass::Success => success(sent, &answer, redaction),
        StatusClass::Rejected => CreateOutcome::Rejected {
            status,
            words: redaction.words(&answer.said()),
        },
        StatusClass::NotCreated => {
            let why = match status {
                401 => NotCreated::Unauthorised(redaction.words(&answer.said())),
                403 => NotCreated::Forbidden(redaction.words(&answer.said())),
                407 => NotCreated::ProxyAuthentication(redaction.words(&answer.said())),
                _ => NotCreated::Throttled {
                    retry_after: answer.retry_after,
                },
            };
            if query.create_apptivo_account || query.create_bill_com_profile {
                doubt(DoubtCause::Refused(why), &answer, redaction)
            } else {
                CreateOutcome::NotCreated(why)
            }
        }
        StatusClass::InDoubtElseRejected | StatusClass::InDoubtElseUnsent => {
            doubt(DoubtCause::Unproved, &answer, redaction)
        }
    }
}

/// The verdict on a 2xx whose id another row has already.
#[must_use]
pub fn id_of_another_row(id: &PartnerId) -> CreateOutcome {
    CreateOutcome::InDoubt {
        cause: DoubtCause::OtherRow,
        status: None,
        words: ApiWords::new(&format!(
            "the answer has the id {id}, which already belongs to another row"
        )),
        retry_after: None,
    }
}

fn doubt(cause: DoubtCause, answer: &Answer, redaction: Redaction<'_>) -> CreateOutcome {
    let status = answer.status;
    let pause = matches!(status, 429 | 503).then_some(DEFAULT_PAUSE);
    CreateOutcome::InDoubt {
        cause,
        status: Some(status),
        words: redaction.words(&answer.said()),
        retry_after: answer.retry_after.or(pause),
    }
}

/// Judges a 2xx: by the identifier that its body names, and by its id.
fn success(sent: &ExternalId, answer: &Answer, redaction: Redaction<'_>) -> CreateOutcome {
    let in_doubt = |cause, words| CreateOutcome::InDoubt {
        cause,
        status: Some(answer.status),
        words,
        retry_after: None,
    };
    let unproved = |cause, said: &str| in_doubt(cause, ApiWords::new(said));
    let without_id = || {
        let words = redaction.behind("without an id: ", &answer.said());
        in_doubt(DoubtCause::Unproved, words)
    };
    // Whose partner the rest of the body would have named is not known.
    let Ok(body) = &answer.body else {
        return without_id();
    };
    let echo = Echo::of(body);
    if !echo.is_of(sent) {
        let said = "with another row's legacyIdentifier";
        return unproved(DoubtCause::OtherRow, said);
    }
    match echo.id.or_else(|| id_in(answer.location.as_deref()?)) {
        Some(id) if is_plain_id(&id) => CreateOutcome::Created(PartnerId::new(id)),
        Some(_) => unproved(DoubtCause::OtherRow, "with an id that is not plain text"),
        // Most probably created, but under an id that is not known.
        None => without_id(),
    }
}

/// What a 2xx's body says of its partner. What is no text and no number is an empty text: it is there, and equals nothing.
#[derive(Debug)]
struct Echo {
    id: Option<String>,
    legacy_identifier: Option<String>,
}

/// The fields of a body that are read; the others are passed over.
#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    id: Value,
    party: Option<Object<Party>>,
}

#[derive(Deserialize)]
struct Party {
    #[serde(rename = "legacyIdentifier", default)]
    legacy_identifier: Value,
}

/// A `T` that is written as an object. A derived reader takes a list for one, too, its fields by their places: the first
/// text of any list would be an id.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfMap<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OfMap<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(OfMap(PhantomData))
    }
}

impl Echo {
    fn of(body: &[u8]) -> Self {
        if let Ok(Object(body)) = serde_json::from_slice::<Object<Body>>(body) {
            let party = body.party.map(|Object(p)| p.legacy_identifier);
            return Self::new(&body.id, &party.unwrap_or_default());
        }
        // A party that is no object, or no JSON at all.
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let at = |pointer| body.pointer(pointer).unwrap_or(&Value::Null);
        Self::new(at("/id"), at("/party/legacyIdentifier"))
    }

    fn new(id: &Value, legacy_identifier: &Value) -> Self {
        let text = |value: &Value| match value {
            Value::Null => None,
            Value::String(s) => Some(s.clone()).filter(|s| !s.is_empty()),
            Value::Number(n) => Some(n.to_string()),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => Some(String::new()),
        };
        Self {
            id: text(id),
            legacy_identifier: text(legacy_identifier),
        }
    }

    /// Whether it names no identifier, or this one.
    fn is_of(&self, sent: &ExternalId) -> bool {
        self.legacy_identifier
            .as_deref()
            .is_none_or(|named| named == sent.as_str())
    }
}

/// The id at the end of a `Location`: what follows the collection's own name.
fn id_in(location: &str) -> Option<String> {
    let path = location.split(['?', '#']).next()?.trim_end_matches('/');
    let (collection, id) = path.rsplit_once('/')?;
    let is_partner = collection == "partners" || collection.ends_with("/partners");
    is_partner.then(|| id.to_owned())
}

/// Whether an id can stand in an address, a file and a message as it is.
#[must_use]
pub fn is_plain_id(id: &str) -> bool {
    (1..=ID_LENGTH).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
}

#[cfg(test)]
mod tests;
