//! What stands between a hostile file and the parsers: bounds, and a net for panics.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Once;

/// Bytes of one XML tag or one text. A parser holds it whole; a cell of a workbook has 32,767 characters.
pub(super) const EVENT_BYTES: usize = 16 * 1024 * 1024;

/// A reader that refuses to feed a parser more than [`EVENT_BYTES`] before the parser gives something back.
pub(super) struct EventLimit<R> {
    inner: R,
    used: Rc<Cell<usize>>,
}

impl<R> EventLimit<R> {
    /// The reader, and the counter that its user sets to zero after each event.
    pub(super) fn new(inner: R) -> (Self, Rc<Cell<usize>>) {
        let used = Rc::new(Cell::new(0));
        let counter = Rc::clone(&used);
        (Self { inner, used }, counter)
    }
}

impl<R: BufRead> Read for EventLimit<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let n = available.len().min(buffer.len());
        buffer[..n].copy_from_slice(&available[..n]);
        self.consume(n);
        Ok(n)
    }
}

impl<R: BufRead> BufRead for EventLimit<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.used.get() > EVENT_BYTES {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "one of its texts is longer than 16 MiB",
            ));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.used.set(self.used.get() + n);
        self.inner.consume(n);
    }
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs a parser of a library that may panic on a file no program ever wrote; none where it did.
///
/// The panic is not printed: it is reported as a broken file. Panics outside are printed as ever.
pub(super) fn guarded<T>(parse: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !GUARDED.get() {
                usual(info);
            }
        }));
    });
    let before = GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(parse));
    GUARDED.set(before);
    result.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_a_parser_is_caught() {
        let empty: Vec<u8> = Vec::new();
        assert_eq!(guarded(|| empty[std::hint::black_box(3)]), None);
        assert_eq!(guarded(|| 5), Some(5));
    }

    #[test]
    fn an_event_without_end_is_refused() {
        let (mut limited, used) = EventLimit::new(io::BufReader::new(io::repeat(b'a')));
        let mut sink = vec![0; EVENT_BYTES];
        limited.read_exact(&mut sink).unwrap();
        used.set(0);
        limited.read_exact(&mut sink).unwrap();
        assert!(limited.read_exact(&mut vec![0; 100_000]).is_err());
    }
}
