//! What comes from the network: bodies up to a limit, and errors with their causes.

use std::future::poll_fn;
use std::pin::Pin;

use bytes::{Buf as _, Bytes, BytesMut};
use hyper::body::Body as _;

use super::answer_words::Said;
use super::transport::{Failure, Response};
use crate::http_client::{Asked, words_of_causes};

/// The byte order mark of UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Why an answer was not read to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    #[error("the answer is longer than {} MiB", .0 / (1024 * 1024))]
    TooLong(usize),
    #[error("the answer broke off")]
    BrokeOff(Said),
}

impl Unread {
    pub(super) fn said(self) -> Said {
        match self {
            Unread::TooLong(_) => Said::Other(self.to_string()),
            Unread::BrokeOff(why) => why.behind("the answer broke off: "),
        }
    }
}

/// Reads an answer of at most `limit` bytes to its end, or says why not.
pub(super) async fn read_answer(response: Response, limit: usize) -> Result<Bytes, Unread> {
    let Response {
        mut body, deadline, ..
    } = response;
    let mut all = Bytes::new();
    loop {
        let frame = poll_fn(|context| Pin::new(&mut body).poll_frame(context));
        let frame = match tokio::time::timeout_at(deadline, frame).await {
            Err(_) => Err(Failure::Timeout),
            Ok(None) => return Ok(without_bom(all)),
            Ok(Some(frame)) => frame.map_err(Failure::Body),
        };
        let frame = frame.map_err(|e| Unread::BrokeOff(error_words(&e)))?;
        // What is no data says nothing.
        let Ok(chunk) = frame.into_data() else {
            continue;
        };
        if all.len() + chunk.len() > limit {
            return Err(Unread::TooLong(limit));
        }
        // A short answer comes in one piece, which is not copied.
        all = if all.is_empty() {
            chunk
        } else {
            let mut joined = BytesMut::from(all);
            joined.extend_from_slice(&chunk);
            joined.freeze()
        };
    }
}

/// The answer without the byte order mark that some frameworks write in front of their JSON; a reader may pass over it.
/// Source: RFC 8259, section 8.1.
fn without_bom(mut answer: Bytes) -> Bytes {
    if answer.starts_with(BOM) {
        answer.advance(BOM.len());
    }
    answer
}

/// Whether a proxy refused to open the tunnel to the API for want of a name and password: the request did not leave.
pub(super) fn is_proxy_refusal(error: &Failure) -> bool {
    error.is_connect() && words_of_error(error).contains("proxy authorization required")
}

/// What an error of the network says.
pub(super) fn error_words(error: &Failure) -> Said {
    Said::Other(words_of_error(error))
}

/// The error with its causes, without the URL.
fn words_of_error(error: &Failure) -> String {
    if error.is_timeout() {
        let what = if error.is_connect() {
            "no connection"
        } else {
            "no answer"
        };
        return format!("{what} in time (timeout)");
    }
    let asked = Asked {
        who: "the API",
        address: "--api-url",
    };
    words_of_causes(error, asked)
}
