//! Answers to questions: statuses and bodies → pages and errors (pure: nothing is sent or awaited). What an answer to a
//! create proves is in `verdict.rs`.

use std::time::Duration;

use serde_json::Value;

use super::answer_words::{Redaction, Said};
use super::contract::{Page, RemotePartner};
use super::error::ApiError;
use crate::partner::ApiWords;

/// Sorts an answer to a question.
pub(super) fn answered(
    status: u16,
    body: &[u8],
    retry_after: Option<Duration>,
    redaction: Redaction<'_>,
) -> Result<Value, ApiError> {
    let words = || redaction.words(&Said::of_body(body));
    match status {
        200..=299 => serde_json::from_slice(body).map_err(|e| {
            let why = format!("{e}: ");
            ApiError::Unreadable(redaction.behind(&why, &Said::of_body(body)))
        }),
        401 => Err(ApiError::Unauthorised(words())),
        403 => Err(ApiError::Forbidden(words())),
        407 => Err(ApiError::ProxyAuthentication(words())),
        429 | 503 => Err(ApiError::Throttled {
            status,
            retry_after,
        }),
        _ => Err(ApiError::Status {
            status,
            words: words(),
        }),
    }
}

/// The documented envelope, or a bare array.
pub(super) fn page_of(value: Value) -> Result<Page, ApiError> {
    // A number that is written as a text counts as well: a total that is overlooked proves less than it could.
    let number = |name: &str| match value.get(name)? {
        Value::String(digits) => digits.trim().parse().ok(),
        number => number.as_u64(),
    };
    let (number, per_page, total_pages, total_records) = (
        number("currentPageNumber"),
        number("recordsPerPage"),
        number("totalPages"),
        number("totalRecords"),
    );
    let items = match value {
        Value::Array(items) => items,
        Value::Object(mut object) => match object.remove("items") {
            Some(Value::Array(items)) => items,
            // What an empty list is in some languages; the total says whether it is one.
            Some(Value::Null) => Vec::new(),
            _ => return Err(ApiError::Unreadable(ApiWords::new("the list has no items"))),
        },
        Value::Null => Vec::new(),
        _ => {
            return Err(ApiError::Unreadable(ApiWords::new(
                "the list is not a list",
            )));
        }
    };
    let length = items.len();
    Ok(Page {
        items: items
            .into_iter()
            .filter_map(RemotePartner::from_json)
            .collect(),
        length,
        number,
        per_page,
        total_pages,
        total_records,
    })
}

#[cfg(test)]
mod tests {
    use super::super::answer_words::BodyWords;
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn each_refusal_is_an_error_of_its_own() {
        let token = Secret::new("t0ken");
        let redaction = Redaction {
            token: &token,
            values: None,
            body: BodyWords::Shown,
        };
        let words = || ApiWords::new("no");
        let asked = Some(Duration::from_secs(3));
        let throttled = |status| ApiError::Throttled {
            status,
            retry_after: asked,
        };
        let other = |status| ApiError::Status {
            status,
            words: words(),
        };
        for (status, error) in [
            (401, ApiError::Unauthorised(words())),
            (403, ApiError::Forbidden(words())),
            (407, ApiError::ProxyAuthentication(words())),
            (429, throttled(429)),
            (503, throttled(503)),
            (400, other(400)),
            (404, other(404)),
            (500, other(500)),
            (502, other(502)),
        ] {
            assert_eq!(
                answered(status, b"no", asked, redaction),
                Err(error),
                "{status}"
            );
        }
        for status in [200, 201, 299] {
            assert_eq!(
                answered(status, b"[1]", asked, redaction),
                Ok(serde_json::json!([1]))
            );
            let unreadable = answered(status, b"no", asked, redaction);
            assert!(matches!(unreadable, Err(ApiError::Unreadable(_))));
        }
    }

    #[test]
    fn the_list_is_an_envelope_or_an_array() {
        let page = page_of(serde_json::json!({"items": [{"id": "a"}, {"x": 1}], "totalPages": 3}))
            .unwrap();
        assert_eq!(
            (page.items.len(), page.length, page.total_pages),
            (1, 2, Some(3))
        );
        for (total, read) in [
            (serde_json::json!(12), Some(12)),
            (serde_json::json!(" 12"), Some(12)),
            (serde_json::json!("many"), None),
            (serde_json::json!(-1), None),
            (Value::Null, None),
        ] {
            let page = serde_json::json!({"items": [], "totalRecords": total});
            assert_eq!(page_of(page).unwrap().total_records, read, "{total}");
        }
        assert_eq!(page_of(serde_json::json!([{"id": "a"}])).unwrap().length, 1);
        for nothing in [Value::Null, serde_json::json!({"items": null})] {
            assert_eq!(page_of(nothing).unwrap().length, 0);
        }
        assert!(page_of(serde_json::json!({"x": 1})).is_err());
    }
}
