//! One of a command's pipes, read by a thread of its own.

use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::secret::{Scrubber, Secret, without_address_secrets};

/// Characters of what was said that are shown, the last ones.
const SHOWN: usize = 500;

/// A pipe, read to its end.
pub(super) struct Pipe(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    bytes: Vec<u8>,
    is_too_long: bool,
    is_over: bool,
}

impl Pipe {
    /// Reads to the end and keeps the first `most` bytes: a command whose pipe is full would wait for ever.
    pub(super) fn drain(pipe: Option<impl Read + Send + 'static>, most: usize) -> Self {
        let held = Arc::new(Mutex::new(Held::default()));
        let Some(mut pipe) = pipe else {
            return Self(held);
        };
        let theirs = Self(Arc::clone(&held));
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            loop {
                let read = pipe.read(&mut chunk);
                let mut held = theirs.held();
                match read {
                    Ok(0) => break held.is_over = true,
                    Ok(n) => {
                        let room = most - held.bytes.len();
                        held.is_too_long |= n > room;
                        held.bytes.extend_from_slice(&chunk[..n.min(room)]);
                    }
                    Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(_) => break held.is_over = true,
                }
            }
        });
        Self(held)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_over(&self) -> bool {
        self.held().is_over
    }

    /// Whether more was written than is kept.
    pub(super) fn is_too_long(&self) -> bool {
        self.held().is_too_long
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.held().bytes.clone()
    }

    /// What was said, on one line, without anything that may be a token, `printed` above all, and without what a signed
    /// address holds.
    pub(super) fn words(&self, printed: &[u8]) -> String {
        let held = self.held();
        let mut text = String::from_utf8_lossy(&held.bytes).into_owned();
        if held.is_too_long {
            // The last word may be the first half of a token.
            let whole = text.rfind(char::is_whitespace).unwrap_or(0);
            text.truncate(whole);
        }
        let printed = String::from_utf8_lossy(printed);
        // A token is one word; so many are no token.
        let known = printed.split_whitespace().take(1000);
        let plain = known
            .fold(Scrubber::new().without_uuids(), |scrubber, word| {
                scrubber.with_token(&Secret::new(word))
            })
            .scrub(&without_address_secrets(&text));
        let plain: Vec<&str> = plain.split_whitespace().collect();
        let plain = plain.join(" ");
        let length = plain.chars().count();
        if plain.is_empty() {
            String::new()
        } else if length <= SHOWN {
            format!(": {plain}")
        } else {
            let last: String = plain.chars().skip(length - SHOWN).collect();
            format!(": …{last}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 64 * 1024;

    /// A pipe that gives these, one after the other, and then is at its end.
    struct Chunks(Vec<std::io::Result<Vec<u8>>>);

    impl Read for Chunks {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            let chunk = self.0.remove(0)?;
            into[..chunk.len()].copy_from_slice(&chunk);
            Ok(chunk.len())
        }
    }

    fn read(chunks: Vec<std::io::Result<Vec<u8>>>) -> Pipe {
        let pipe = Pipe::drain(Some(Chunks(chunks)), MOST);
        while !pipe.is_over() {
            std::thread::yield_now();
        }
        pipe
    }

    #[test]
    fn a_pipe_is_read_to_its_end_or_its_limit() {
        let whole = |more: usize| {
            let mut chunks: Vec<_> = (0..MOST / 4096).map(|_| Ok(vec![b'x'; 4096])).collect();
            chunks.push(Ok(vec![b'y'; more]));
            chunks.truncate(MOST / 4096 + usize::from(more > 0));
            read(chunks)
        };
        for more in [0, 1, 7] {
            let pipe = whole(more);
            assert_eq!(pipe.is_too_long(), more > 0, "{more}");
            assert_eq!(pipe.bytes(), vec![b'x'; MOST]);
        }
        // A signal in between is no end; any other error is.
        let error = |kind: std::io::ErrorKind| Err(kind.into());
        let pipe = read(vec![
            Ok(b"a".to_vec()),
            error(std::io::ErrorKind::Interrupted),
            Ok(b"b".to_vec()),
            error(std::io::ErrorKind::BrokenPipe),
            Ok(b"c".to_vec()),
        ]);
        assert_eq!(pipe.bytes(), b"ab");
        assert!(!pipe.is_too_long());
        assert!(!Pipe::drain(None::<Chunks>, MOST).is_over());
    }

    #[test]
    fn the_end_of_a_long_reason_is_shown() {
        for (words, begins) in [(100, ": w"), (101, ": …")] {
            // Five characters each, with the blank between them.
            let text: Vec<String> = (0..words).map(|n| format!("w{n:03}")).collect();
            let text = text.join(" ") + if words == 100 { "x" } else { "" };
            let shown = read(vec![Ok(text.clone().into_bytes())]).words(b"");
            assert!(shown.starts_with(begins), "{shown}");
            let last = shown.trim_start_matches(": ").trim_start_matches('…');
            assert_eq!(last.chars().count(), 500);
            assert!(text.ends_with(last));
        }
    }

    #[test]
    fn a_signed_address_is_cut() {
        let said = "curl: (22) https://me:HUSH@h.example/a.csv?sig=HUSH&x=HUSH: 403";
        let shown = read(vec![Ok(said.as_bytes().to_vec())]).words(b"");
        assert!(shown.contains("https://h.example/a.csv"), "{shown}");
        assert!(!shown.contains("HUSH"), "{shown}");
    }
}
