//! What a page is sent while it is open: that something has changed, and how far a check is. By this connection the page says
//! that it is open.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use http_body::Frame;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::bench::Practice;
use super::life::OpenPage;
use super::workspace::Workspace;

/// How often a page hears how far a check is.
const EVERY: Duration = Duration::from_millis(150);
/// How often something is sent where nothing happens, so that a page that is gone is noticed.
const QUIET: Duration = Duration::from_secs(15);

/// A body that grows.
struct Growing(Receiver<Bytes>);

impl http_body::Body for Growing {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0
            .poll_recv(cx)
            .map(|part| part.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// The stream of events, as `EventSource` reads it.
pub(super) fn events(workspace: &Arc<Workspace>, page: OpenPage) -> Response {
    let (sender, receiver) = channel(4);
    tokio::spawn(send(Arc::clone(workspace), page, sender));
    let mut response = Response::new(Body::new(Growing(receiver)));
    let kind = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

async fn send(workspace: Arc<Workspace>, page: OpenPage, sender: Sender<Bytes>) {
    let mut ticks = workspace.ticks();
    let stop = workspace.stop().clone();
    loop {
        let (event, is_working) = event(&workspace);
        if sender.send(Bytes::from(event)).await.is_err() || stop.is_requested() {
            break;
        }
        let pause = if is_working { EVERY } else { QUIET };
        tokio::select! {
            () = sender.closed() => break,
            changed = ticks.changed() => if changed.is_err() { break },
            () = tokio::time::sleep(pause) => {}
        }
    }
    drop(page);
}

/// How things stand, and whether something is under way.
fn event(workspace: &Workspace) -> (String, bool) {
    let (version, is_checked, practice, total) = {
        let bench = workspace.bench();
        let practice = match bench.practice {
            Practice::None => "none",
            Practice::Running => "running",
            Practice::Over(_) => "over",
        };
        let rows = bench.explored.facts.rows;
        (bench.version(), bench.is_checked(), practice, rows)
    };
    let done = workspace.checked_rows().min(total);
    let (practised, of) = workspace.practised_rows();
    let state = serde_json::json!({
        "version": version,
        "checked": is_checked,
        "done": done,
        "total": total,
        "practice": practice,
        "practised": practised,
        "of": of,
    });
    let is_working = !is_checked || practice == "running";
    (format!("data: {state}\n\n"), is_working)
}
