//! Was it sent? A request body that knows whether anybody asked for it.
//!
//! An HTTP client's errors cannot tell a request that never left from one whose answer was lost. The body
//! can: it has an exact length, so the server holds the whole request only if the body was asked for. The client may ask
//! for it on another thread, in the moment in which the sender gives up: the first of the two decides.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::gate::{Closed, Gate};
use crate::pause;

/// What became of a body, once and for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It was asked for.
    Asked,
    /// Its sender gave up before it was asked for: nobody gets it any more.
    Withdrawn,
}

/// A body of one chunk with a note of when it is first asked for.
pub(super) struct ProbeBody {
    bytes: Option<Bytes>,
    fate: Arc<OnceLock<Fate>>,
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
pub(super) struct Probe(Arc<OnceLock<Fate>>);

impl Probe {
    /// Gives the request up. True proves that the server cannot hold the whole request, and never will: whoever asks for the
    /// body from now on does not get it.
    pub(super) fn withdraw(&self) -> bool {
        *self.0.get_or_init(|| Fate::Withdrawn) == Fate::Withdrawn
    }
}

impl ProbeBody {
    pub(super) fn new(bytes: Bytes, gate: Gate) -> (Self, Probe) {
        let fate = Arc::new(OnceLock::new());
        (
            Self {
                bytes: Some(bytes),
                fate: Arc::clone(&fate),
                gate,
                rest: None,
            },
            Probe(fate),
        )
    }

    /// None at all.
    pub(super) fn empty() -> Self {
        Self {
            bytes: None,
            ..Self::new(Bytes::new(), Gate::default()).0
        }
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
        if *self.fate.get_or_init(|| Fate::Asked) == Fate::Withdrawn {
            return Poll::Ready(Some(Err(Closed)));
        }
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
        assert_eq!(probe.0.get(), None, "a look at its length asks for nothing");
        let mut context = Context::from_waker(std::task::Waker::noop());
        let mut poll = |body: &mut ProbeBody| match Pin::new(body).poll_frame(&mut context) {
            Poll::Ready(frame) => frame.map(|f| f.unwrap().into_data().unwrap()),
            Poll::Pending => panic!("it is there"),
        };
        assert_eq!(poll(&mut body).as_deref(), Some(&b"abc"[..]));
        assert!(!probe.withdraw(), "it is too late");
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
        assert!(probe.withdraw(), "nobody has it");
    }

    /// The client may still hold the request when its sender has given up.
    #[test]
    fn a_body_that_was_withdrawn_is_given_to_nobody() {
        let (mut body, probe) = ProbeBody::new("abc".into(), Gate::default());
        assert!(probe.withdraw());
        let mut context = Context::from_waker(std::task::Waker::noop());
        for _ in 0..2 {
            let polled = Pin::new(&mut body).poll_frame(&mut context);
            assert!(matches!(polled, Poll::Ready(Some(Err(Closed)))));
            assert!(!body.is_end_stream() && probe.withdraw());
        }
    }
}
