//! Texts that no field takes.

use crate::diagnostic::{Code, thousands};

/// Bytes of one value. No limit of the API is documented; what is longer is no field of a partner, but a file
/// that ended up in a cell.
pub(super) const LONGEST_TEXT: usize = 1024 * 1024;

/// What no field takes: control characters, and texts that are too long. Code and message.
pub(super) fn unsendable(text: &str) -> Option<(Code, String)> {
    let odd = |c: &char| (c.is_control() && !matches!(c, '\n' | '\r' | '\t')) || *c == '\u{fffd}';
    if may_be_odd(text)
        && let Some(c) = text.chars().find(odd)
    {
        if c == '\u{fffd}' {
            let message = "The value contains U+FFFD, which replaces a character that was lost before the file was written.";
            return Some((Code::TextLostCharacter, message.to_owned()));
        }
        let mut message = format!(
            "The value contains the control character U+{:04X}.",
            u32::from(c)
        );
        if matches!(c, '\u{80}'..='\u{9f}') {
            message.push_str(" The text may be in another encoding than it was read in.");
        }
        return Some((Code::TextControl, message));
    }
    (text.len() > LONGEST_TEXT).then(|| {
        let message = format!(
            "The value has {} bytes; at most {} are sent.",
            thousands(text.len() as u64),
            thousands(LONGEST_TEXT as u64)
        );
        (Code::TextTooLong, message)
    })
}

/// Whether a text may hold a control character or U+FFFD: whether any byte begins one. Most that are not plain hold none.
fn may_be_odd(text: &str) -> bool {
    // Not cut short, so that many bytes are looked at at once. 0xc2 begins U+0080 to U+00BF, 0xef U+F000 to U+FFFF.
    let odd = text.bytes().fold(0, |odd, b| {
        let is = |other| u8::from(b == other);
        odd | u8::from(b < b' ') | is(0x7f) | is(0xc2) | is(0xef)
    });
    odd != 0
}
