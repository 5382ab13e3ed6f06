//! What is shown of a partner in a list.

use serde_json::Value;

use crate::api::RemotePartner;
use crate::diagnostic::guarded;
use crate::partner::catalogue::FIELDS;
use crate::secret::mask;

/// What is shown of a partner: a name and where it stands in the answer.
pub(super) const PARTNER_COLUMNS: [(&str, &str); 7] = [
    ("id", "/id"),
    ("legacyIdentifier", "/party/legacyIdentifier"),
    ("businessName", "/businessName"),
    ("displayName", "/displayName"),
    ("status", "/status"),
    ("partnerStatus", "/partnerCriteria/status"),
    ("createdAt", "/auditInfo/createdAt"),
];

/// What the columns hold of a partner; empty where the API says nothing.
#[must_use]
pub(super) fn partner_cells(partner: &RemotePartner) -> [String; 7] {
    PARTNER_COLUMNS.map(|(_, pointer)| match partner.raw.pointer(pointer) {
        Some(Value::String(s)) => s.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    })
}

/// The whole answer, with bank data masked. The API documents that it returns none.
#[must_use]
pub(super) fn partner_json(partner: &RemotePartner) -> Value {
    let mut shown = partner.raw.clone();
    hide("", &mut shown);
    shown
}

/// Masks what has the name of a sensitive field. An answer has fields in other places than a request, so the last part of
/// the path decides, and of a plain `value` the list that it is in.
fn hide(within: &str, value: &mut Value) {
    let is_sensitive = |name: &str| {
        FIELDS.iter().filter(|f| f.sensitive).any(|field| {
            let mut parts = field.path.rsplit('.');
            let is_named = parts.next() == Some(name);
            let list = parts.next().and_then(|p| p.strip_suffix("[]"));
            is_named && list.is_none_or(|list| list == within)
        })
    };
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if is_sensitive(name) => *text = mask(text),
                    Value::Number(number) if is_sensitive(name) => {
                        *value = mask(&number.to_string()).into();
                    }
                    value => hide(if value.is_array() { name } else { "" }, value),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|e| hide(within, e)),
        _ => {}
    }
}

/// A line of CSV, guarded against formulas.
#[must_use]
pub(super) fn partner_line(cells: &[String]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_record(cells.iter().map(|c| guarded(c).into_owned()));
    writer
        .into_inner()
        .ok()
        .and_then(|b| String::from_utf8(b).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bank_data_of_an_answer_is_masked_wherever_it_is() {
        let answer = serde_json::json!({
            "id": "1", "value": "shown",
            "vendorAccount": {"accountNumber": "9876543210", "currency": "USD", "bankAccount": {
                "routingNumber": 21_000_021, "regulatoryFields": [{"name": "IBAN", "value": "DE89370400440532013000"}]}},
        });
        let partner = RemotePartner::from_json(answer).unwrap();
        assert_eq!(
            partner_json(&partner).to_string(),
            r#"{"id":"1","value":"shown","vendorAccount":{"accountNumber":"********10","bankAccount":{"regulatoryFields":[{"name":"IBAN","value":"************00"}],"routingNumber":"******21"},"currency":"USD"}}"#
        );
    }
}
