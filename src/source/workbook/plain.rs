//! A first look at a sheet's XML, byte by byte: most hold values only, and nothing that has to be read for itself.

use std::io::{self, Read};

use super::guard::EVENT_BYTES;

/// Bytes looked at in one go.
const CHUNK: usize = 128 * 1024;
/// A tag's name is seen whole within so many bytes.
const NAME: usize = 64;

/// Whether a sheet has no formulas, no errors, no merged cells, nothing hidden, no comments, no prefixes and no long text:
/// where it has one, its events are to be walked. `passed` is called whenever all that was read is looked at.
///
/// # Errors
/// Those of the reader.
pub(super) fn is_plain(mut sheet: impl Read, passed: &dyn Fn()) -> io::Result<bool> {
    let mut bytes = vec![0; CHUNK + NAME];
    let telling = [&b"hidden="[..], b"\"e\"", b"'e'"].map(memchr::memmem::Finder::new);
    let mut kept = 0;
    let mut without_tag = 0;
    loop {
        let read = match sheet.read(&mut bytes[kept..]) {
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        let filled = kept + read;
        let seen = &bytes[..filled];
        // A name that may go on behind what is here is looked at next time.
        let sure = if read == 0 {
            filled
        } else {
            filled.saturating_sub(NAME)
        };
        let mut last = None;
        for at in memchr::memchr_iter(b'<', &seen[..sure]) {
            if !is_plain_tag(&seen[at + 1..]) {
                return Ok(false);
            }
            last = Some(at);
        }
        without_tag = match last {
            Some(at) => sure - at,
            None => without_tag + sure,
        };
        if without_tag > EVENT_BYTES / 2 || telling.iter().any(|f| f.find(seen).is_some()) {
            return Ok(false);
        }
        passed();
        if read == 0 {
            return Ok(true);
        }
        bytes.copy_within(sure..filled, 0);
        kept = filled - sure;
    }
}

/// Whether a tag, from its name on, is of no interest.
fn is_plain_tag(rest: &[u8]) -> bool {
    match rest {
        // The many: cells, values, rows, texts, and ends.
        [b'c' | b'v' | b't', b' ' | b'>' | b'/', ..]
        | [b'/', ..]
        | [b'r', b'o', b'w', b' ', ..] => true,
        _ => {
            let end = rest
                .iter()
                .position(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/'));
            let name = &rest[..end.unwrap_or(rest.len())];
            end.is_some_and(|end| end < NAME - 1)
                && !name.contains(&b':')
                && !name.starts_with(b"!")
                && !name.starts_with(b"mergeCell")
                && name != b"f"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_a_walk_is_seen_wherever_a_chunk_ends() {
        let filling = "<c r=\"A1\"><v>1</v></c>".repeat(CHUNK / 23);
        for (inside, plain) in [
            ("<c r=\"B1\" t=\"inlineStr\"><is><t>x</t></is></c>", true),
            ("<row r=\"2\"><c/></row><rowBreaks/><drawing/>", true),
            ("<c><f>A1</f></c>", false),
            ("<c><f/></c>", false),
            ("<x:c/>", false),
            ("<c r=\"B1\" t=\"e\"><v>#N/A</v></c>", false),
            ("<c t='e'><v>#N/A</v></c>", false),
            ("<row r=\"2\" hidden=\"1\">", false),
            ("<mergeCells count=\"1\"><mergeCell ref=\"A1:B1\"/>", false),
            ("<!-- -->", false),
            ("<![CDATA[x]]>", false),
        ] {
            for shift in 0..80 {
                let xml = format!(
                    "<worksheet><sheetData>{}{filling}{inside}</sheetData></worksheet>",
                    " ".repeat(shift)
                );
                assert_eq!(
                    is_plain(xml.as_bytes(), &|| {}).unwrap(),
                    plain,
                    "{inside} {shift}"
                );
            }
        }
        let long = format!("<t>{}</t>", "x".repeat(EVENT_BYTES));
        assert!(!is_plain(long.as_bytes(), &|| {}).unwrap());
    }
}
