//! Was it sent? A request body that knows whether anybody asked for it.
//!
//! reqwest's error flags cannot tell a request that never left from one whose answer was lost. The body
//! can: it has an exact length, so the server holds the whole request only if the body was asked for.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// A body of one chunk with a flag that is set when it is first asked for.
pub(super) struct ProbeBody {
    bytes: Option<Bytes>,
    asked: Arc<AtomicBool>,
}

/// Knows whether the body was asked for, also when the request is gone.
#[derive(Clone)]
pub(super) struct Probe(Arc<AtomicBool>);

impl Probe {
    /// False proves that the server cannot hold the whole request.
    pub(super) fn was_asked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl ProbeBody {
    pub(super) fn new(bytes: Bytes) -> (Self, Probe) {
        let asked = Arc::new(AtomicBool::new(false));
        (
            Self {
                bytes: Some(bytes),
                asked: Arc::clone(&asked),
            },
            Probe(asked),
        )
    }
}

impl Body for ProbeBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.asked.store(true, Ordering::SeqCst);
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, Bytes::len) as u64)
    }
}
