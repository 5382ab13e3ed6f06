//! The handlers: auth, faults, then the API itself.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde_json::Value;

use super::fault::{FaultKind, Request};
use super::lie::Lie;
use super::list::{page, parameters, shown};
use super::listener::ConnectionSwitch;
use super::responses::{after_commit, answer, later, moved, nest_error, proxy_page};
use super::rules;
use super::shared::Shared;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/api/v2/partners", post(create).get(list))
        .route("/api/v2/partners/{id}", get(one))
        .route("/healthcheck", get(health))
        .fallback(nowhere)
        .with_state(shared)
}

type Connection = ConnectInfo<ConnectionSwitch>;

async fn nowhere() -> Response {
    nest_error(StatusCode::NOT_FOUND, "Cannot find it")
}

async fn health(State(shared): State<Arc<Shared>>) -> Response {
    // Faults of single requests are not its own; what stands before the whole API is.
    let drawn = shared.faults.draw_before_all();
    if let Some(response) = drawn.and_then(|kind| instead(&shared, kind)) {
        let status = response.status().as_u16();
        shared
            .log
            .line(&shared, "GET", "/healthcheck", status, drawn, None);
        return response;
    }
    shared
        .log
        .line(&shared, "GET", "/healthcheck", 200, None, None);
    answer(StatusCode::OK, r#"{"status":"ok","info":{"database":{"status":"up"}},"error":{},"details":{"database":{"status":"up"}}}"#.to_owned())
}

/// A request that is no create.
const OTHER: (Request, Option<&str>) = (Request::Other, None);

/// What stands before every handler: a fault drawn, rate limit, auth, latency. `Err` is the answer.
#[expect(
    clippy::result_large_err,
    reason = "the error is the answer that goes out"
)]
async fn gate(
    shared: &Shared,
    connection: &ConnectionSwitch,
    headers: &HeaderMap,
    method: &'static str,
    path: &str,
    (request, key): (Request, Option<&str>),
) -> Result<Option<(FaultKind, f64)>, Response> {
    let count = shared.requests.fetch_add(1, Ordering::SeqCst) + 1;
    let drawn = shared.faults.draw(request);
    let refuse = |status: u16, fault: Option<FaultKind>, response: Response| {
        shared.log.line(shared, method, path, status, fault, key);
        Err(response)
    };
    if let Some((FaultKind::ResetBefore, _)) = drawn {
        connection.cut();
        return refuse(
            0,
            Some(FaultKind::ResetBefore),
            StatusCode::OK.into_response(),
        );
    }
    if let Some(response) = unauthorised(shared, headers, count) {
        return refuse(401, None, response);
    }
    if let Some(limit) = &shared.rate_limit
        && limit.check().is_err()
    {
        return refuse(429, None, throttled(shared));
    }
    if let Some((kind, _)) = drawn
        && let Some(response) = instead(shared, kind)
    {
        return refuse(response.status().as_u16(), Some(kind), response);
    }
    if !shared.latency.is_zero() {
        tokio::time::sleep(shared.latency).await;
    }
    Ok(drawn)
}

fn throttled(shared: &Shared) -> Response {
    let message = "ThrottlerException: Too Many Requests";
    later(StatusCode::TOO_MANY_REQUESTS, message, &shared.retry_after)
}

/// The answer of a fault that comes before anything is made.
fn instead(shared: &Shared, kind: FaultKind) -> Option<Response> {
    Some(match kind {
        FaultKind::Status429 => throttled(shared),
        FaultKind::Status503 => later(
            StatusCode::SERVICE_UNAVAILABLE,
            "Service Unavailable",
            &shared.retry_after,
        ),
        FaultKind::Status409 => nest_error(StatusCode::CONFLICT, "The partner is being changed"),
        FaultKind::Status500 => {
            nest_error(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
        }
        FaultKind::Status400 => nest_error(StatusCode::BAD_REQUEST, "The partner is not valid"),
        FaultKind::Status401 => nest_error(StatusCode::UNAUTHORIZED, "Unauthorized"),
        FaultKind::Status403 => nest_error(StatusCode::FORBIDDEN, "Missing partners.create"),
        FaultKind::GatewayNotFound => proxy_page(StatusCode::NOT_FOUND),
        FaultKind::Page403 => proxy_page(StatusCode::FORBIDDEN),
        FaultKind::Page200 => proxy_page(StatusCode::OK),
        FaultKind::Status502 | FaultKind::Status502For => proxy_page(StatusCode::BAD_GATEWAY),
        FaultKind::Redirect => moved(),
        _ => return None,
    })
}

fn unauthorised(shared: &Shared, headers: &HeaderMap, count: u64) -> Option<Response> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer "))
        .filter(|t| !t.is_empty());
    let refused = || Some(nest_error(StatusCode::UNAUTHORIZED, "Unauthorized"));
    let Some(token) = token else { return refused() };
    if shared.token.as_ref().is_some_and(|wanted| wanted != token) {
        return refused();
    }
    if let Some(limit) = shared.faults.token_expires_after() {
        let Ok(mut first) = shared.first_token.lock() else {
            return refused();
        };
        let first = first.get_or_insert_with(|| token.to_owned());
        if count > limit && first == token {
            return refused();
        }
    }
    None
}

async fn create(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): Connection,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let read = serde_json::from_slice::<Value>(&body).ok();
    let echo = shared.echo.zip(read.clone());
    let response = answer_to_create(shared, &connection, query, &headers, read).await;
    match echo {
        Some((echo, body)) if !response.status().is_success() => {
            echo.refusal(response.status(), &body, &headers)
        }
        _ => response,
    }
}

async fn answer_to_create(
    shared: Arc<Shared>,
    connection: &ConnectionSwitch,
    query: Option<String>,
    headers: &HeaderMap,
    read: Option<Value>,
) -> Response {
    let path = "/api/v2/partners";
    let key = read
        .as_ref()
        .and_then(|v| v.pointer("/organization/legacyIdentifier"))
        .and_then(Value::as_str)
        .map(str::to_owned);
    let request = (shared.met_by_faults(read.as_ref()), key.as_deref());
    let drawn = match gate(&shared, connection, headers, "POST", path, request).await {
        Ok(drawn) => drawn,
        Err(response) => return response,
    };
    let reply = |status: StatusCode, key: Option<&str>, response: Response| {
        shared.log.line(
            &shared,
            "POST",
            path,
            status.as_u16(),
            drawn.map(|d| d.0),
            key,
        );
        response
    };
    let Some(mut value) = read else {
        let status = StatusCode::BAD_REQUEST;
        return reply(status, None, nest_error(status, "Unexpected token in JSON"));
    };
    let messages = problems_of(&shared, query.as_deref().unwrap_or(""), &value);
    if !messages.is_empty() {
        let status = StatusCode::BAD_REQUEST;
        return reply(status, key.as_deref(), nest_error(status, messages));
    }
    if has_name(&value, shared.block_name.as_deref()) {
        let response = proxy_page(StatusCode::FORBIDDEN);
        return reply(StatusCode::FORBIDDEN, key.as_deref(), response);
    }
    if let Some(field) = &shared.drop_field
        && let Some(organization) = value.get_mut("organization").and_then(Value::as_object_mut)
    {
        organization.remove(field);
    }
    shared.lies.rewrite_names(&mut value);
    let slow = drawn.filter(|d| d.0 == FaultKind::Slow).map(|d| d.1);
    let fixed = drawn.is_some_and(|d| d.0 == FaultKind::Fixed201);
    // A real service goes on with a request whose client has hung up; so the work is not ours to cancel.
    let work = tokio::spawn(make(Arc::clone(&shared), value, slow, fixed));
    let made = work.await.unwrap_or_default();
    let key = key.as_deref();
    match drawn.map(|d| d.0) {
        Some(FaultKind::ResetAfter) => {
            connection.cut();
            shared
                .log
                .line(&shared, "POST", path, 0, Some(FaultKind::ResetAfter), key);
            StatusCode::OK.into_response()
        }
        fault => {
            let response = after_commit(fault, made);
            reply(response.status(), key, response)
        }
    }
}

/// All that is wrong with a create: body, query, and what the settings refuse.
fn problems_of(shared: &Shared, query: &str, value: &Value) -> Vec<String> {
    let mut messages = rules::check(value);
    for (name, values) in parameters(query) {
        match name.as_str() {
            "createApptivoAccount" | "createBillDotComProfile" => {
                if values.iter().any(|v| v != "true" && v != "false") {
                    messages.push(format!("{name} must be a boolean value"));
                }
            }
            _ => messages.push(format!("property {name} should not exist")),
        }
    }
    if let Some(name) = &shared.refuse_name
        && has_name(value, Some(name))
    {
        messages.push(format!("organization.businessName must not be {name}"));
    }
    messages
}

/// Whether a create is of the partner of this name, where there is one.
fn has_name(value: &Value, name: Option<&str>) -> bool {
    let given = value.pointer("/organization/businessName");
    name.is_some() && given.and_then(Value::as_str) == name
}

/// Keeps a partner; slowly where a random part of 0..1 is given: in one half of the cases it waits after that, in the
/// other before.
async fn make(shared: Arc<Shared>, value: Value, slow: Option<f64>, fixed: bool) -> String {
    match slow {
        None if fixed => shared.make_first(&value),
        Some(random) if random < 0.5 => {
            let made = shared.make(&value);
            tokio::time::sleep(shared.slow_for).await;
            made
        }
        Some(_) => {
            tokio::time::sleep(shared.slow_for).await;
            shared.make(&value)
        }
        None => shared.make(&value),
    }
}

async fn slow_answer(shared: &Shared, drawn: Option<(FaultKind, f64)>) {
    if drawn.is_some_and(|d| d.0 == FaultKind::Slow) {
        tokio::time::sleep(shared.slow_for).await;
    }
}

async fn list(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): Connection,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let path = format!("/api/v2/partners?{query}");
    let drawn = match gate(&shared, &connection, &headers, "GET", &path, OTHER).await {
        Ok(drawn) => drawn,
        Err(response) => return response,
    };
    slow_answer(&shared, drawn).await;
    let lag = i64::try_from(shared.list_lag.as_millis()).unwrap_or(i64::MAX);
    let visible_before = if lag == 0 {
        i64::MAX
    } else {
        shared.clock.now().0 - lag
    };
    let mut parameters = parameters(&query);
    if shared.ignore_skip {
        parameters.remove("skip");
    }
    let (status, response) = match page(&shared.book, &parameters, visible_before, &shared.lies) {
        Ok(mut page) => {
            if shared.list_without_party {
                without_party(&mut page);
            }
            let page = shared.lies.falsify(page);
            (StatusCode::OK, answer(StatusCode::OK, page.to_string()))
        }
        Err(messages) => (
            StatusCode::BAD_REQUEST,
            nest_error(StatusCode::BAD_REQUEST, messages),
        ),
    };
    shared.log.line(
        &shared,
        "GET",
        &path,
        status.as_u16(),
        drawn.map(|d| d.0),
        None,
    );
    response
}

fn without_party(page: &mut Value) {
    for item in page
        .get_mut("items")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        if let Some(item) = item.as_object_mut() {
            item.remove("party");
        }
    }
}

async fn one(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(connection): Connection,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let path = format!("/api/v2/partners/{id}");
    let drawn = match gate(&shared, &connection, &headers, "GET", &path, OTHER).await {
        Ok(drawn) => drawn,
        Err(response) => return response,
    };
    slow_answer(&shared, drawn).await;
    let include: Vec<String> = parameters(query.as_deref().unwrap_or(""))
        .remove("include")
        .unwrap_or_default()
        .iter()
        .flat_map(|v| v.split(','))
        .map(str::to_owned)
        .collect();
    let found = shared
        .book
        .get(&id)
        .filter(|_| !shared.lies.has(Lie::GetNotFound))
        .and_then(|p| shared.book.with(|all| shown(&p, all, &include)));
    let (status, response) = match found {
        Some(mut value) => {
            shared.lies.rewrite_identifier(&mut value);
            (StatusCode::OK, answer(StatusCode::OK, value.to_string()))
        }
        None => (
            StatusCode::NOT_FOUND,
            nest_error(StatusCode::NOT_FOUND, format!("Partner {id} not found")),
        ),
    };
    shared.log.line(
        &shared,
        "GET",
        &path,
        status.as_u16(),
        drawn.map(|d| d.0),
        None,
    );
    response
}

/// The wait of a slow answer, unless set: longer than the default `--timeout` would be no test but a rest.
pub(super) const SLOW_FOR: Duration = Duration::from_secs(3);
