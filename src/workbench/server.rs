//! The server: requests in, pages out. Every request passes the access before anything else happens to it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use tokio::net::TcpListener;

use super::access::{Access, Caller, Refused};
use super::bench::Notice;
use super::events::events;
use super::forms::{Form, changes};
use super::life::Life;
use super::page::{self, SCRIPT, STYLE};
use super::view::Selection;
use super::workspace::Workspace;
use crate::report::page_text;

/// Nothing may come from elsewhere, go elsewhere, or stand in a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
/// The longest form: a mapping's text, each character of it written with nine.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// How long an answer waits for the check of what it changed: mostly the page then shows the result at once.
const PATIENCE: Duration = Duration::from_millis(400);

/// What a request is answered from.
pub(super) struct Server {
    pub(super) workspace: Arc<Workspace>,
    pub(super) access: Mutex<Access>,
    pub(super) life: Life,
}

/// Answers requests until the listener is dropped.
pub(super) async fn serve(listener: TcpListener, server: Arc<Server>) -> std::io::Result<()> {
    let app = Router::new().fallback(answer).with_state(server);
    axum::serve(listener, app).await
}

async fn answer(State(server): State<Arc<Server>>, request: Request) -> Response {
    let mut response = match enter(&server, &request) {
        Ok((path, folder)) => {
            server.life.seen();
            route(&server, request, &path, &folder).await
        }
        Err(refused) => refusal(refused),
    };
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CACHE_CONTROL, "no-store"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    for (name, value) in fixed {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Judges a request; its path within the folder, and the folder.
fn enter(server: &Server, request: &Request) -> Result<(String, String), Refused> {
    let headers = request.headers();
    let all = |name: HeaderName| -> Vec<&str> {
        let values = headers.get_all(name).iter();
        values.map(|v| v.to_str().unwrap_or("\u{0}")).collect()
    };
    let mut hosts = all(header::HOST);
    hosts.extend(request.uri().authority().map(http::uri::Authority::as_str));
    let cookies = all(header::COOKIE);
    let one = |name: HeaderName| headers.get(name).map(|v| v.to_str().unwrap_or("\u{0}"));
    let is_post = match *request.method() {
        Method::GET => false,
        Method::POST => true,
        _ => return Err(Refused::Path),
    };
    let caller = Caller {
        is_post,
        path: request.uri().path(),
        hosts: &hosts,
        origin: one(header::ORIGIN),
        fetch_site: one(HeaderName::from_static("sec-fetch-site")),
        content_type: one(header::CONTENT_TYPE),
        cookies: &cookies,
    };
    let mut access = server.access.lock().unwrap_or_else(PoisonError::into_inner);
    let path = access.enter(&caller, Instant::now())?.to_owned();
    Ok((path, access.folder().to_owned()))
}

async fn route(server: &Arc<Server>, request: Request, path: &str, folder: &str) -> Response {
    if request.method() == Method::POST {
        let Ok(body) = to_bytes(request.into_body(), MOST_BYTES).await else {
            return plain(StatusCode::PAYLOAD_TOO_LARGE, "The form is too long.");
        };
        return posted(server, path, folder, &Form::parse(&body)).await;
    }
    let query = request.uri().query().unwrap_or("").to_owned();
    match path {
        "open" => {
            let access = server.access.lock().unwrap_or_else(PoisonError::into_inner);
            let mut response = see(folder);
            set(response.headers_mut(), header::SET_COOKIE, &access.cookie());
            response
        }
        "" => shown(server, &query),
        "page.css" => typed("text/css; charset=utf-8", STYLE),
        "page.js" => typed("text/javascript; charset=utf-8", SCRIPT),
        "events" => events(&server.workspace, server.life.open()),
        "report.html" => report(&server.workspace),
        "report.xlsx" => workbook(&server.workspace).await,
        _ => refusal(Refused::Path),
    }
}

/// The page.
fn shown(server: &Server, query: &str) -> Response {
    let token = {
        let access = server.access.lock().unwrap_or_else(PoisonError::into_inner);
        access.form_token().to_owned()
    };
    let form = Form::parse(query.as_bytes());
    server.workspace.look_beside();
    match page::page(&server.workspace, &Selection::of(form.pairs()), &token) {
        Ok(page) => typed("text/html; charset=utf-8", page),
        Err(error) => {
            tracing::error!("{error}");
            let words =
                "This page cannot be made; that is a fault of partner-sync. Please report it.";
            plain(StatusCode::INTERNAL_SERVER_ERROR, words)
        }
    }
}

/// Something is to be done; afterwards the page is shown again.
async fn posted(server: &Arc<Server>, path: &str, folder: &str, form: &Form) -> Response {
    let judged = {
        let access = server.access.lock().unwrap_or_else(PoisonError::into_inner);
        access.judge_form(form.get("token"))
    };
    if let Err(refused) = judged {
        return refusal(refused);
    }
    let workspace = &server.workspace;
    let mut selection = Selection::of(form.pairs().filter_map(|(name, value)| {
        // The form's own column is what it is about; this is what the page showed.
        Some((name.strip_prefix("at.")?, value))
    }));
    match path {
        "change" => {
            let field = change(workspace, form);
            if let Some(field) = field {
                selection.field = Some(field);
                selection.column = None;
            }
        }
        "text" => {
            let text = form.get("text").unwrap_or("").replace("\r\n", "\n");
            workspace.work(|bench| {
                bench.notice = None;
                bench.set(text);
            });
        }
        "undo" => workspace.work(|bench| {
            bench.notice = Some(Notice::Done("The last change is undone.".to_owned()));
            bench.go_back();
        }),
        "save" => {
            let workspace = Arc::clone(workspace);
            let _ = tokio::task::spawn_blocking(move || workspace.save()).await;
        }
        "reload" => workspace.reload(),
        "test" => {
            let (workspace, form) = (Arc::clone(workspace), form.clone());
            let _ = tokio::task::spawn_blocking(move || workspace.make_test(&form)).await;
        }
        "practise" => {
            let workspace = Arc::clone(workspace);
            let _ = tokio::task::spawn_blocking(move || workspace.practise()).await;
        }
        _ => return refusal(Refused::Path),
    }
    let _ = tokio::time::timeout(PATIENCE, workspace.checked()).await;
    see(&format!("{folder}{}", selection.query()))
}

/// Makes the change of a form; a field without a column that is to be shown then.
fn change(workspace: &Workspace, form: &Form) -> Option<String> {
    workspace.work(|bench| {
        let made = changes(form, bench).and_then(|asked| {
            bench.change(&asked.changes)?;
            Ok(asked)
        });
        match made {
            Ok(asked) => {
                bench.notice =
                    Some(Notice::Done(asked.words)).filter(|_| !asked.changes.is_empty());
                asked.field
            }
            Err(words) => {
                bench.notice = Some(Notice::Refused(words));
                None
            }
        }
    })
}

/// The report of the last check, as `check --report` writes it; its own policy lets nothing run but its own script.
fn report(workspace: &Workspace) -> Response {
    let bench = workspace.bench();
    let Some(review) = bench.review() else {
        return plain(StatusCode::NOT_FOUND, "The file was not checked yet.");
    };
    match page_text(&review.report, &review.findings) {
        Ok((page, nonce)) => {
            let mut response = typed("text/html; charset=utf-8", page);
            let policy = format!(
                "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
            );
            set(
                response.headers_mut(),
                header::CONTENT_SECURITY_POLICY,
                &policy,
            );
            response
        }
        Err(error) => {
            tracing::error!("{error}");
            plain(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The report cannot be made.",
            )
        }
    }
}

/// The rows with problems, to be repaired in a spreadsheet. It is made while somebody waits for it, and kept nowhere.
async fn workbook(workspace: &Arc<Workspace>) -> Response {
    let making = Arc::clone(workspace);
    let made = tokio::task::spawn_blocking(move || making.workbook()).await;
    match made.unwrap_or_else(|_| Err("The workbook cannot be made.".to_owned())) {
        Ok(bytes) => {
            const KIND: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
            let mut response = typed(KIND, bytes);
            let name = "attachment; filename=\"report.xlsx\"";
            set(response.headers_mut(), header::CONTENT_DISPOSITION, name);
            response
        }
        Err(words) => {
            let mut response = typed("text/plain; charset=utf-8", words);
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        }
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn typed(kind: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Body::from(body.into()));
    set(response.headers_mut(), header::CONTENT_TYPE, kind);
    response
}

fn plain(status: StatusCode, words: &'static str) -> Response {
    let mut response = typed("text/plain; charset=utf-8", words);
    *response.status_mut() = status;
    response
}

fn refusal(refused: Refused) -> Response {
    let status = StatusCode::from_u16(refused.status()).unwrap_or(StatusCode::FORBIDDEN);
    plain(status, refused.words())
}

/// Look there next.
fn see(place: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    set(response.headers_mut(), header::LOCATION, place);
    response
}
