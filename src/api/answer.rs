//! Answers to questions: statuses and bodies → pages and errors (pure: nothing is sent or awaited). What an answer to a
//! create proves is in `verdict.rs`.

use std::time::Duration;

use serde_json::Value;

use super::contract::{Page, RemotePartner};
use super::error::ApiError;
use crate::partner::ApiWords;

/// How far from the begin of an answer it is looked whether it is a web page.
const PAGE_BEGINS_WITHIN: usize = 1024;

/// Sorts an answer to a question.
pub(super) fn answered(
    status: u16,
    body: &[u8],
    retry_after: Option<Duration>,
) -> Result<Value, ApiError> {
    let words = || ApiWords::new(&words_of(body));
    match status {
        200..=299 => serde_json::from_slice(body)
            .map_err(|e| ApiError::Unreadable(ApiWords::new(&format!("{e}: {}", words_of(body))))),
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

/// What an error body says: NestJS' message or messages, a page's title, or its text.
pub(super) fn words_of(body: &[u8]) -> String {
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        return match value.get("message") {
            Some(Value::String(s)) => s.clone(),
            Some(Value::Array(list)) => list
                .iter()
                .map(|m| m.as_str().map_or_else(|| m.to_string(), str::to_owned))
                .collect::<Vec<_>>()
                .join("; "),
            _ => value
                .get("error")
                .and_then(Value::as_str)
                .map_or_else(|| value.to_string(), str::to_owned),
        };
    }
    let text = String::from_utf8_lossy(body);
    let title = text
        .split_once("<title>")
        .and_then(|(_, rest)| rest.split_once("</title>"))
        .map(|(t, _)| t);
    title.unwrap_or(&text).trim().to_owned()
}

/// Whether an answer is a web page: the API has none, so it comes from something in between.
pub(super) fn is_page(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&body[..body.len().min(PAGE_BEGINS_WITHIN)]);
    let text = text
        .trim_start_matches(['\u{feff}', '\u{fffd}'])
        .trim_start();
    text.starts_with('<') && {
        let lower = text.to_ascii_lowercase();
        ["<!doctype html", "<html", "<head", "<title", "<body"]
            .iter()
            .any(|tag| lower.contains(tag))
    }
}

/// The documented envelope, or a bare array.
pub(super) fn page_of(value: Value) -> Result<Page, ApiError> {
    let number = |name: &str| value.get(name).and_then(Value::as_u64);
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
            _ => return Err(ApiError::Unreadable(ApiWords::new("the list has no items"))),
        },
        Value::Null => Vec::new(),
        _ => return Err(ApiError::Unreadable(ApiWords::new("the list is no list"))),
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
    use super::*;

    #[test]
    fn error_bodies_of_all_kinds_have_words() {
        for (body, words) in [
            (
                r#"{"statusCode":400,"message":"no","error":"Bad Request"}"#,
                "no",
            ),
            (
                r#"{"statusCode":400,"message":["a is wrong","b is wrong"]}"#,
                "a is wrong; b is wrong",
            ),
            (r#"{"error":"Bad Request"}"#, "Bad Request"),
            (
                "<html><head><title>502 Bad Gateway</title></head></html>",
                "502 Bad Gateway",
            ),
            ("plain words", "plain words"),
            ("", ""),
        ] {
            assert_eq!(words_of(body.as_bytes()), words);
        }
    }

    #[test]
    fn each_refusal_is_an_error_of_its_own() {
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
            assert_eq!(answered(status, b"no", asked), Err(error), "{status}");
        }
        for status in [200, 201, 299] {
            assert_eq!(answered(status, b"[1]", asked), Ok(serde_json::json!([1])));
            let unreadable = answered(status, b"no", asked);
            assert!(matches!(unreadable, Err(ApiError::Unreadable(_))));
        }
    }

    #[test]
    fn a_web_page_is_told_from_an_answer_of_the_api() {
        for (body, page) in [
            ("<html><head><title>403</title></head></html>", true),
            (
                "\u{feff}\r\n<!DOCTYPE HTML PUBLIC \"-//IETF\"><TITLE>x",
                true,
            ),
            ("<!-- made by a proxy --><HTML>", true),
            ("<?xml version=\"1.0\"?><error>no</error>", false),
            (r#"{"message":"<html>"}"#, false),
            ("plain words of <html>", false),
            ("", false),
        ] {
            assert_eq!(is_page(body.as_bytes()), page, "{body}");
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
        assert_eq!(page_of(serde_json::json!([{"id": "a"}])).unwrap().length, 1);
        assert_eq!(page_of(Value::Null).unwrap().length, 0);
        assert!(page_of(serde_json::json!({"x": 1})).is_err());
    }
}
