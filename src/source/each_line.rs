//! The lines of a file as bytes, in the memory of one line.

use std::io::{self, Read};

use super::flow::Flow;

/// Bytes read at a time.
pub(super) const CHUNK_BYTES: usize = 256 * 1024;
/// A longer line is judged in parts.
const LONGEST_LINE: usize = 1024 * 1024;

/// Hands over the lines of a file that are not all ASCII, in few pieces the others: the bytes, the number of the line, and
/// whether the file ends in it without a line end. Very long lines come in parts.
pub(super) fn each_line(
    mut file: impl Read,
    mut each: impl FnMut(&[u8], u64, bool) -> Flow,
) -> io::Result<()> {
    let mut number = 1;
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut held = 0;
    loop {
        if buffer.len() < held + CHUNK_BYTES {
            buffer.resize(held + CHUNK_BYTES, 0);
        }
        let n = match file.read(&mut buffer[held..]) {
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        let filled = held + n;
        let is_end = n == 0;
        let is_line_end = |b: &u8| matches!(b, b'\n' | b'\r');
        let to = match buffer[..filled].iter().rposition(is_line_end) {
            Some(last) => last + 1,
            None if !is_end && filled < LONGEST_LINE => 0,
            _ => filled,
        };
        if buffer[..to].is_ascii() {
            number += memchr::memchr_iter(b'\n', &buffer[..to]).count() as u64;
        } else {
            for line in buffer[..to].split_inclusive(is_line_end) {
                // Of lines that end, none is left then.
                if each(line, number, is_end) == Flow::Enough {
                    return Ok(());
                }
                number += u64::from(line.ends_with(b"\n"));
            }
        }
        buffer.copy_within(to..filled, 0);
        held = filled - to;
        if is_end {
            return Ok(());
        }
    }
}
