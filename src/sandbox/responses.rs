//! Answers in the API's form, and the lies that some faults make of the answer to a create.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::fault::FaultKind;

/// Longer than any answer to a create that a client should read.
const LONG_BODY: usize = 2 * 1024 * 1024;

/// `NestJS`' error body. Source: inferred from the service's health answer, which is `NestJS` Terminus'.
pub(super) fn nest_error(status: StatusCode, message: impl Into<Value>) -> Response {
    let body = json!({
        "statusCode": status.as_u16(),
        "message": message.into(),
        "error": status.canonical_reason().unwrap_or(""),
    });
    answer(status, body.to_string())
}

pub(super) fn answer(status: StatusCode, body: String) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "application/json; charset=utf-8")],
        body,
    )
        .into_response()
}

/// A refusal with this `Retry-After`; none where it is no header's value.
pub(super) fn later(status: StatusCode, message: &str, retry_after: &str) -> Response {
    let refusal = nest_error(status, message);
    match HeaderValue::from_str(retry_after) {
        Ok(value) => with_header(refusal, header::RETRY_AFTER, value),
        Err(_) => refusal,
    }
}

/// A redirect to where nobody is, with a secret that must not be shown.
pub(super) fn moved() -> Response {
    with_header(
        proxy_page(StatusCode::MOVED_PERMANENTLY),
        header::LOCATION,
        HeaderValue::from_static("http://127.0.0.1:9/moved/api/v2/partners?session=s3cr3t"),
    )
}

/// What a proxy in between says in a page of its own.
pub(super) fn proxy_page(status: StatusCode) -> Response {
    let body =
        format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>");
    (status, [(header::CONTENT_TYPE, "text/html")], body).into_response()
}

fn with_header(mut response: Response, name: HeaderName, value: HeaderValue) -> Response {
    response.headers_mut().insert(name, value);
    response
}

/// The answer to a create, given that of the API without faults.
pub(super) fn after_commit(fault: Option<FaultKind>, made: String) -> Response {
    match fault {
        Some(FaultKind::Status500After) => {
            nest_error(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
        }
        Some(FaultKind::Status502After) => proxy_page(StatusCode::BAD_GATEWAY),
        Some(FaultKind::Status408After) => proxy_page(StatusCode::REQUEST_TIMEOUT),
        Some(FaultKind::Status409After) => {
            nest_error(StatusCode::CONFLICT, "The partner exists already")
        }
        Some(FaultKind::BadBody) => {
            let cut = made.chars().take(made.chars().count() / 2).collect();
            answer(StatusCode::CREATED, cut)
        }
        Some(FaultKind::Fixed201) => answer(StatusCode::CREATED, changed(&made, without_party)),
        Some(FaultKind::OtherIdentifier) => {
            answer(StatusCode::CREATED, changed(&made, of_another_row))
        }
        Some(FaultKind::LongBody) => {
            let long = |value: &mut Value| value["padding"] = "x".repeat(LONG_BODY).into();
            answer(StatusCode::CREATED, changed(&made, long))
        }
        Some(FaultKind::LocationOnly) => {
            let value: Value = serde_json::from_str(&made).unwrap_or_default();
            let id = value["id"].as_str().unwrap_or_default();
            let location = HeaderValue::from_str(&format!("/api/v2/partners/{id}"));
            with_header(
                StatusCode::CREATED.into_response(),
                header::LOCATION,
                location.unwrap_or_else(|_| HeaderValue::from_static("")),
            )
        }
        _ => answer(StatusCode::CREATED, made),
    }
}

fn changed(made: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut value = serde_json::from_str(made).unwrap_or_default();
    change(&mut value);
    value.to_string()
}

fn without_party(value: &mut Value) {
    if let Some(value) = value.as_object_mut() {
        value.remove("party");
    }
}

fn of_another_row(value: &mut Value) {
    if let Some(identifier) = value.pointer_mut("/party/legacyIdentifier") {
        let other = format!("{}-other", identifier.as_str().unwrap_or_default());
        *identifier = other.into();
    }
}
