//! What is reported of a row whose way ended otherwise than with a new partner.

use crate::api::Alike;
use crate::diagnostic::{Code, Diagnostic, Location};
use crate::partner::{PartnerId, PreparedPartner};
use crate::state::{Known, Twin};

/// A row's place; the report adds the file.
#[must_use]
pub fn place(row: &PreparedPartner) -> Location {
    Location {
        row: Some(row.origin.row),
        ..Location::default()
    }
}

/// The row changed after its partner was made.
#[must_use]
pub fn changed(row: &PreparedPartner) -> Diagnostic {
    Diagnostic::new(
        Code::Changed,
        place(row),
        "The partner exists, and the row has changed since it was sent; the API documents no update.",
    )
}

/// The API refused the row before, and the row is as it was.
#[must_use]
pub fn still_rejected(row: &PreparedPartner, known: Option<&Known>) -> Diagnostic {
    let status = known.and_then(|k| k.status).unwrap_or(0);
    let words = known.and_then(|k| k.words.as_deref()).unwrap_or("");
    let mut diagnostic = rejected(row, status, words);
    diagnostic
        .message
        .push_str(" The row is unchanged, so it was not sent again.");
    diagnostic.with_hint("Repair the row, or send it again as it is with --retry-rejected.")
}

/// The API refused the row.
pub(super) fn rejected(row: &PreparedPartner, status: u16, words: &str) -> Diagnostic {
    Diagnostic::new(
        Code::ApiRejected,
        place(row),
        format!("The API rejected the row ({status}): {words}."),
    )
}

/// Something refused the row alone, and nothing was created.
pub(super) fn set_aside(row: &PreparedPartner, words: &str) -> Diagnostic {
    Diagnostic::new(
        Code::RowForbidden,
        place(row),
        format!(
            "The row was answered with 403 ({words}). Nothing was created for it."
        ),
    )
    .with_hint("Run again to send the row again. If it is refused again, look for text in the row that a firewall may block; for the engineer: let it pass the firewall or proxy, or use a token with the permission partners.create.")
}

/// An answer that proved nothing, or what was seen instead of one, in words.
pub(super) fn last_seen(status: Option<u16>, words: &str) -> String {
    match status.map(http::StatusCode::from_u16) {
        // A page of a proxy often says no more than its status.
        Some(Ok(status)) if words == status.to_string() => words.to_owned(),
        Some(Ok(status)) => format!("{status}: {words}"),
        _ => words.to_owned(),
    }
}

/// It is not known whether the row's partner was made.
#[must_use]
pub fn in_doubt(row: &PreparedPartner, trouble: Option<&str>) -> Diagnostic {
    let trouble = trouble
        .map(|t| format!(" Last seen: {t}."))
        .unwrap_or_default();
    Diagnostic::new(
        Code::InDoubt,
        place(row),
        format!(
            "It is not known whether the partner \"{}\" was created.{trouble}",
            row.legacy_identifier
        ),
    )
}

/// A row of an earlier run, of which only the key is known here, is still in doubt.
#[must_use]
pub fn still_in_doubt(key: &str, known: &Known) -> Diagnostic {
    let seen = known.words.as_deref().map(|w| last_seen(known.status, w));
    let seen = seen
        .map(|w| format!(" Last seen: {w}."))
        .unwrap_or_default();
    Diagnostic::new(
        Code::InDoubt,
        Location::default(),
        format!("It is not known whether the row \"{key}\" has a partner.{seen}"),
    )
    .with_hint(format!(
        "Run `partner-sync reconcile` again when the API answers look-ups. Or {LOOK_YOURSELF}"
    ))
}

/// What a person does about a row in doubt, as the end of a sentence. The key stands beside it; said for each row it would be
/// another text for each.
pub(super) const LOOK_YOURSELF: &str = "look on the API whether the partner exists, then run `partner-sync state resolve KEY --created ID`, or the same with `--absent`.";

/// No further look-up can settle it.
pub(super) fn of_a_person() -> String {
    LOOK_YOURSELF.replacen("look", "Look", 1)
}

/// What a partner is whose identifier differs from the row's only in how it is written.
#[must_use]
pub fn written_otherwise(alike: &Alike) -> String {
    format!(
        "the API has the partner {}, whose legacyIdentifier \"{}\" may be this row's, written otherwise",
        alike.id, alike.legacy_identifier
    )
}

/// What a partner is that has the row's identifier, and that another row has by its id.
#[must_use]
pub fn of_another_row(id: &PartnerId) -> String {
    format!(
        "the partner {id} has its legacyIdentifier on the API, but already belongs to another row"
    )
}

/// What a person does about a row whose identifier stands at another row's partner.
pub(super) const TAKEN: &str = "Look for the other row by this id in `partner-sync state export`. If it is the same row under an old key, run `partner-sync state forget` with the old key, and import again. Else look on the API what became of this row's own partner, then run `partner-sync state resolve KEY --created ID`.";

/// A row that this state knows nothing of may have this partner.
#[must_use]
pub fn may_exist(row: &PreparedPartner, alike: &Alike) -> Diagnostic {
    in_doubt(row, Some(&written_otherwise(alike))).with_hint(of_a_person())
}

/// A row that this state knows nothing of is on the API only as the partner of another row.
#[must_use]
pub fn taken(row: &PreparedPartner, id: &PartnerId) -> Diagnostic {
    in_doubt(row, Some(&of_another_row(id))).with_hint(TAKEN)
}

/// The API holds several partners that the row is known by.
#[must_use]
pub fn duplicates(at: Location, legacy: &str, ids: &[&str]) -> Diagnostic {
    Diagnostic::new(
        Code::DuplicateOnApi,
        at,
        format!(
            "The API has {} partners with the legacyIdentifier \"{legacy}\": {}. The oldest is taken.",
            ids.len(),
            ids.join(", ")
        ),
    )
}

/// An answer that came late names another partner than the row has.
#[must_use]
pub fn twin(twin: &Twin) -> Diagnostic {
    Diagnostic::new(
        Code::DuplicateOnApi,
        Location::default(),
        format!(
            "The API has 2 partners with the legacyIdentifier \"{}\": {} and {}. The first is taken; the answer with the other one came from a machine that was taken over meanwhile.",
            twin.legacy_identifier, twin.kept, twin.late
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::super::owner::bench::row;
    use super::*;
    use crate::partner::{ExternalId, Fingerprint, PartnerId};
    use crate::state::RecordState;

    fn known(state: RecordState) -> Known {
        Known {
            state,
            fingerprint: Some(Fingerprint([1; 16])),
            partner: (state == RecordState::Created).then(|| PartnerId::new("p")),
            status: Some(422),
            words: Some("too long".to_owned()),
            legacy_identifier: ExternalId::new("K"),
            business_name: "K".to_owned(),
            posts: 1,
            lost: 0,
        }
    }

    #[test]
    fn each_is_reported_at_its_row() {
        let row = row(7, None);
        for (diagnostic, code, says) in [
            (changed(&row), Code::Changed, "The partner exists"),
            (
                rejected(&row, 422, "too long"),
                Code::ApiRejected,
                "(422): too long.",
            ),
            (
                still_rejected(&row, Some(&known(RecordState::Rejected))),
                Code::ApiRejected,
                "(422): too long. The row is unchanged, so it was not sent again.",
            ),
            (
                set_aside(&row, "not that"),
                Code::RowForbidden,
                "403 (not that)",
            ),
            (
                in_doubt(&row, Some("reset")),
                Code::InDoubt,
                "\"K7\" was created. Last seen: reset.",
            ),
            (in_doubt(&row, None), Code::InDoubt, "\"K7\" was created."),
            (
                duplicates(place(&row), "K7", &["a", "b"]),
                Code::DuplicateOnApi,
                "2 partners with the legacyIdentifier \"K7\": a, b.",
            ),
        ] {
            assert_eq!((diagnostic.code, diagnostic.at.row), (code, Some(7)));
            assert!(diagnostic.message.contains(says), "{}", diagnostic.message);
        }
    }

    #[test]
    fn the_last_answer_is_shown_with_its_status() {
        for (status, seen) in [
            (Some(503), "503 Service Unavailable: busy"),
            // Below 100 is no status.
            (Some(42), "busy"),
            (None, "busy"),
        ] {
            assert_eq!(last_seen(status, "busy"), seen);
        }
        assert_eq!(last_seen(Some(502), "502 Bad Gateway"), "502 Bad Gateway");
    }
}
