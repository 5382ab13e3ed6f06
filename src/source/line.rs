//! Where a line ends.

/// Where the next line begins: behind the line end from `from` on, which may be `\n`, `\r\n` or `\r`. The end of the bytes
/// where there is none and they are all there is; none where more have to come.
pub(super) fn next_line(bytes: &[u8], from: usize, ended: bool) -> Option<usize> {
    match memchr::memchr2(b'\n', b'\r', &bytes[from..]) {
        Some(found) => {
            let at = from + found;
            match (bytes[at], bytes.get(at + 1)) {
                (b'\n', _) => Some(at + 1),
                (_, Some(b'\n')) => Some(at + 2),
                (_, None) if !ended => None,
                _ => Some(at + 1),
            }
        }
        None => ended.then_some(bytes.len()),
    }
}
