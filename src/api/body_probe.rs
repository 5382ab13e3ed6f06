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

use super::gate::{Closed, Gate};
use crate::pause;

/// A body of one chunk with a flag that is set when it is first asked for.
pub(super) struct ProbeBody {
    bytes: Option<Bytes>,
    asked: Arc<AtomicBool>,
    gate: Gate,
    /// What is not sent yet of a body that a test sends in two parts.
    rest: Option<Rest>,
}

/// The second part of a body.
enum Rest {
    NotYet(Bytes),
    Now(Bytes),
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
    pub(super) fn new(bytes: Bytes, gate: Gate) -> (Self, Probe) {
        let asked = Arc::new(AtomicBool::new(false));
        (
            Self {
                bytes: Some(bytes),
                asked: Arc::clone(&asked),
                gate,
                rest: None,
            },
            Probe(asked),
        )
    }
}

impl Body for ProbeBody {
    type Data = Bytes;
    type Error = Closed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(rest) = self.rest.take() {
            return match rest {
                // What there is goes out before the rest is asked for.
                Rest::NotYet(bytes) => {
                    self.rest = Some(Rest::Now(bytes));
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                Rest::Now(bytes) => {
                    pause::here("half");
                    Poll::Ready(Some(Ok(Frame::data(bytes))))
                }
            };
        }
        if self.bytes.is_some() {
            pause::here("connected");
        }
        // A closed gate gives nothing away, so nobody can hold the whole request.
        if self.bytes.is_some() && !self.gate.is_open() {
            return Poll::Ready(Some(Err(Closed)));
        }
        self.asked.store(true, Ordering::SeqCst);
        if self.bytes.is_some() {
            pause::here("checked");
        }
        let mut bytes = self.bytes.take();
        if pause::is_armed("half")
            && let Some(all) = &mut bytes
        {
            let half = all.len() / 2;
            self.rest = Some(Rest::NotYet(all.split_off(half)));
        }
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none() && self.rest.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.as_ref().map_or(0, |rest| match rest {
            Rest::NotYet(bytes) | Rest::Now(bytes) => bytes.len(),
        });
        let bytes = self.bytes.as_ref().map_or(0, Bytes::len);
        SizeHint::with_exact((bytes + rest) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_of_a_known_length_tells_when_it_is_asked_for() {
        let (mut body, probe) = ProbeBody::new("abc".into(), Gate::default());
        assert_eq!(body.size_hint().exact(), Some(3));
        assert!(!body.is_end_stream());
        assert!(!probe.was_asked(), "a look at its length asks for nothing");
        let mut context = Context::from_waker(std::task::Waker::noop());
        let mut poll = |body: &mut ProbeBody| match Pin::new(body).poll_frame(&mut context) {
            Poll::Ready(frame) => frame.map(|f| f.unwrap().into_data().unwrap()),
            Poll::Pending => panic!("it is there"),
        };
        assert_eq!(poll(&mut body).as_deref(), Some(&b"abc"[..]));
        assert!(probe.was_asked());
        assert_eq!(body.size_hint().exact(), Some(0));
        assert!(body.is_end_stream());
        assert_eq!(poll(&mut body), None);
    }

    #[test]
    fn a_closed_gate_gives_no_body_away() {
        let gate = Gate::default();
        gate.watch(|| Some(false));
        let (mut body, probe) = ProbeBody::new("abc".into(), gate);
        let mut context = Context::from_waker(std::task::Waker::noop());
        let polled = Pin::new(&mut body).poll_frame(&mut context);
        assert!(matches!(polled, Poll::Ready(Some(Err(Closed)))));
        assert!(!probe.was_asked());
    }
}
