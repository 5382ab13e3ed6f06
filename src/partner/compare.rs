//! A partner as it was sent against the same partner as the API shows it (pure).
//!
//! Both are flattened to request fields and texts. The answer has the request's fields in other places.
//! Source: the documentation page's response example: `party` holds legacyIdentifier, addresses and
//! phoneNumbers; ids of other partners stand in `parentPartner`, `onBoardingPartner`, `vendorProfiles` and
//! `partnerCriteria.partnerType`; dates carry a time. `vendorAccount`, all bank data with it, is not
//! returned, and so cannot be compared.

use std::hash::{Hash as _, Hasher as _};

use serde_json::Value;

/// One request field and its text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldText {
    /// The request field, `organization.addresses[0].city`.
    pub field: String,
    /// Its value as text; of a date the day only.
    pub text: String,
}

impl FieldText {
    /// A short hash: equal fields with equal texts have the same.
    #[must_use]
    pub fn hash(&self) -> u32 {
        let mut hasher = rustc_hash::FxHasher::default();
        self.field.hash(&mut hasher);
        self.text.hash(&mut hasher);
        u32::try_from(hasher.finish() >> 32).unwrap_or(u32::MAX)
    }
}

/// The part of a request that the API does not return.
pub const NOT_RETURNED: &str = "vendorAccount";

/// The fields of a request body that the API returns.
#[must_use]
pub fn fields_of_request(body: &[u8]) -> Vec<FieldText> {
    let mut fields = Vec::new();
    if let Ok(Value::Object(parts)) = serde_json::from_slice(body) {
        for (name, part) in &parts {
            if name != NOT_RETURNED {
                flatten(name, part, &mut fields);
            }
        }
    }
    fields
}

/// The same fields as an answer has them.
#[must_use]
pub fn fields_of_answer(answer: &Value) -> Vec<FieldText> {
    let mut fields = Vec::new();
    let Some(object) = answer.as_object() else {
        return fields;
    };
    for (name, value) in object {
        match name.as_str() {
            "party" => {
                for inner in ["legacyIdentifier", "addresses", "phoneNumbers"] {
                    if let Some(value) = value.get(inner) {
                        flatten(&format!("organization.{inner}"), value, &mut fields);
                    }
                }
            }
            "partnerCriteria" => {
                for (inner, value) in value.as_object().into_iter().flatten() {
                    if inner == "partnerType" {
                        id_of(value, "partnerCriteria.partnerTypeId", &mut fields);
                    } else {
                        flatten(&format!("partnerCriteria.{inner}"), value, &mut fields);
                    }
                }
            }
            "parentPartner" => id_of(value, "organization.parentId", &mut fields),
            "onBoardingPartner" => id_of(value, "organization.onBoardingPartnerId", &mut fields),
            "vendorProfiles" => match value {
                Value::Array(all) => all
                    .iter()
                    .for_each(|one| id_of(one, "organization.vendorProfileIds", &mut fields)),
                one => id_of(one, "organization.vendorProfileIds", &mut fields),
            },
            "subsidiaries" | "auditInfo" | "archiveInfo" | "activeInfo" => {}
            name => flatten(&format!("organization.{name}"), value, &mut fields),
        }
    }
    fields
}

fn id_of(value: &Value, field: &str, fields: &mut Vec<FieldText>) {
    let id = value.get("id").unwrap_or(value);
    if !id.is_object() {
        flatten(field, id, fields);
    }
}

fn flatten(field: &str, value: &Value, fields: &mut Vec<FieldText>) {
    let text = match value {
        Value::Null => return,
        Value::Object(inner) => {
            for (name, value) in inner {
                flatten(&format!("{field}.{name}"), value, fields);
            }
            return;
        }
        // A list of plain values is a set; elements with fields keep their places.
        Value::Array(all) => {
            for (index, value) in all.iter().enumerate() {
                if value.is_object() {
                    flatten(&format!("{field}[{index}]"), value, fields);
                } else {
                    flatten(field, value, fields);
                }
            }
            return;
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let text = if is_date_field(field) {
        text.chars().take(10).collect()
    } else {
        text
    };
    fields.push(FieldText {
        field: field.to_owned(),
        text,
    });
}

fn is_date_field(field: &str) -> bool {
    super::catalogue::FIELDS
        .iter()
        .any(|f| f.path == field && f.kind == super::catalogue::FieldKind::Date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_request_are_all_but_bank_data() {
        let request = br#"{"organization":{"businessName":"Alpha and Sons Ltd","signOnDate":"2026-03-04T10:00:00Z",
            "displayName":null,"addresses":[{"city":"X"},{"city":"Y"}],"vendorProfileIds":["v","w"]},
            "vendorAccount":{"accountNumber":"1"}}"#;
        let fields = fields_of_request(request);
        let shown: Vec<_> = (fields.iter())
            .map(|f| (f.field.as_str(), f.text.as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                ("organization.addresses[0].city", "X"),
                ("organization.addresses[1].city", "Y"),
                ("organization.businessName", "Alpha and Sons Ltd"),
                // Of a date the day.
                ("organization.signOnDate", "2026-03-04"),
                ("organization.vendorProfileIds", "v"),
                ("organization.vendorProfileIds", "w"),
            ]
        );
        let mut hashes: Vec<u32> = fields.iter().map(FieldText::hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), fields.len());
    }

    #[test]
    fn an_answer_has_the_requests_fields_in_other_places() {
        let request = br#"{"organization":{"legacyIdentifier":"K","parentId":"p","businessName":"A","onBoardingStatus":1,
            "addresses":[{"city":"X"}],"signOnDate":"2026-03-04","vendorProfileIds":["v","w"],
            "integrationMetadata":{"a":{"b":"c"}}},
            "partnerCriteria":{"partnerTypeId":"t","isW2":false,"deactivatedDate":"2026-03-05"},
            "vendorAccount":{"accountNumber":"1234567890"}}"#;
        let answer = serde_json::json!({
            "id": "1", "businessName": "A", "onBoardingStatus": "1", "auditInfo": {"createdAt": "x"},
            "party": {"id": "q", "legacyIdentifier": "K", "addresses": [{"city": "X", "id": "z"}]},
            "parentPartner": {"id": "p", "businessName": "P"}, "signOnDate": "2026-03-04T00:00:00.000Z",
            "vendorProfiles": [{"id": "w"}, {"id": "v"}], "integrationMetadata": {"a": {"b": "c"}},
            "partnerCriteria": {"partnerType": {"id": "t"}, "isW2": false, "deactivatedDate": "2026-03-05T17:00:00Z"},
        });
        let there = fields_of_answer(&answer);
        for field in fields_of_request(request) {
            assert!(there.contains(&field), "{field:?} in {there:?}");
            assert!(there.iter().any(|f| f.hash() == field.hash()));
            assert!(!field.field.starts_with("vendorAccount"));
        }
    }
}
