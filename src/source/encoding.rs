//! Character encodings: detect from the whole file, then decode to UTF-8.
//!
//! A byte order mark decides; then strict UTF-8 over the whole file; then its lines, one by one (`weigh.rs`): a file that is
//! UTF-8 in all but few lines is UTF-8, and else `chardetng` guesses from all lines that hold something to guess from,
//! because an export can be plain ASCII for tens of kilobytes before its first Windows-1252 byte. The guess costs a
//! hundred times what the check costs, so it sees a file only when that is known not to be UTF-8.

use std::io::{self, Read, Seek as _, SeekFrom};

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::input::Input;
use super::mojibake::tells_utf8_apart;
use super::two_readings;
use super::weigh::weigh;

/// Whether what an encoding makes of bytes above 127 is to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// It is set, or the bytes leave no other.
    Known,
    /// It is known from the text alone.
    Guessed,
    /// It is guessed, and so many lines look as if they were of another one that none is to be trusted.
    Doubted,
}

/// The encoding of a text file and how it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextEncoding {
    /// The encoding by which the bytes become text.
    pub encoding: &'static Encoding,
    /// Whether the file starts with a byte order mark.
    pub bom: bool,
    /// How it is known, in words.
    pub evidence: String,
    /// Where the text ends: bytes from here on are end marks.
    pub(super) end: u64,
    /// A cell whose bytes can only be UTF-8 is none of this encoding.
    pub(super) tells_utf8_apart: bool,
    pub(super) trust: Trust,
}

/// How an encoding is known beyond doubt.
const SET: &str = "set in the mapping";
const BY_MARK: &str = "by its byte order mark";
const BY_ZEROS: &str = "by the pattern of its zero bytes";
const ASCII: &str = "every byte is ASCII";
const VALID: &str = "every byte is valid";

/// Whether the words of [`TextEncoding::describe`] leave nothing to look at.
#[must_use]
pub fn is_sure(described: &str) -> bool {
    let sure = [SET, BY_MARK, BY_ZEROS, ASCII, VALID];
    sure.iter()
        .any(|how| described.ends_with(&format!("({how})")))
}

impl TextEncoding {
    /// An encoding that is set, and of which nothing is known but whether a byte order mark comes first.
    #[must_use]
    pub fn new(encoding: &'static Encoding, bom: bool) -> Self {
        Self {
            encoding,
            bom,
            evidence: String::new(),
            end: u64::MAX,
            tells_utf8_apart: tells_utf8_apart(encoding),
            trust: Trust::Known,
        }
    }

    fn known(encoding: &'static Encoding, bom: bool, evidence: impl Into<String>) -> Self {
        Self {
            evidence: evidence.into(),
            ..Self::new(encoding, bom)
        }
    }

    /// `windows-1252 (guessed from its bytes)`.
    #[must_use]
    pub fn describe(&self) -> String {
        format!("{} ({})", self.encoding.name(), self.evidence)
    }

    /// `text` in this encoding, without a byte order mark.
    #[must_use]
    pub fn encode(&self, text: &str) -> Vec<u8> {
        // encoding_rs encodes UTF-16 as UTF-8 by design (WHATWG), so those two are written out here.
        if self.encoding == UTF_16LE {
            text.encode_utf16().flat_map(u16::to_le_bytes).collect()
        } else if self.encoding == UTF_16BE {
            text.encode_utf16().flat_map(u16::to_be_bytes).collect()
        } else {
            self.encoding.encode(text).0.into_owned()
        }
    }

    /// The byte order mark that the file starts with, or nothing.
    #[must_use]
    pub fn bom_bytes(&self) -> &'static [u8] {
        match self.encoding {
            _ if !self.bom => b"",
            e if e == UTF_16LE => b"\xff\xfe",
            e if e == UTF_16BE => b"\xfe\xff",
            _ => b"\xef\xbb\xbf",
        }
    }

    /// Bytes before the first character.
    pub(super) fn mark_bytes(&self) -> u64 {
        if self.bom && self.encoding == UTF_8 {
            3
        } else {
            0
        }
    }
}

/// Finds the encoding of a file; `wanted` settles it, unless a byte order mark proves another. What else was seen at either
/// end of the file goes into `notes`.
pub(super) fn detect(
    input: &Input,
    wanted: Option<&'static Encoding>,
    notes: &mut Vec<String>,
) -> io::Result<TextEncoding> {
    let mut head = vec![0; HEAD_BYTES];
    let n = read_full(&mut input.open(), &mut head)?;
    let mut found = detect_by(input, &head[..n], wanted, notes)?;
    if let Some(end) = end_of_text(input, &found)? {
        found.end = end;
        notes.push(
            "the file ends with the end mark of DOS (Ctrl-Z, U+001A), which was skipped".to_owned(),
        );
    }
    Ok(found)
}

fn detect_by(
    input: &Input,
    head: &[u8],
    wanted: Option<&'static Encoding>,
    notes: &mut Vec<String>,
) -> io::Result<TextEncoding> {
    let bom = Encoding::for_bom(head).map(|(encoding, _)| encoding);
    if let (Some(wanted), Some(marked)) = (wanted, bom)
        && wanted != marked
    {
        notes.push(format!(
            "the mapping says encoding = \"{}\", but the file begins with the byte order mark of {}, and is read as that",
            wanted.name(),
            marked.name()
        ));
    }
    if let Some(encoding) = bom {
        let how = if wanted == Some(encoding) {
            SET
        } else {
            BY_MARK
        };
        return Ok(TextEncoding::known(encoding, true, how));
    }
    if let Some(encoding) = wanted {
        let mut set = TextEncoding::known(encoding, false, SET);
        // In other code pages too, where no byte of the file is anything else than UTF-8.
        if encoding != UTF_8 && encoding != UTF_16LE && encoding != UTF_16BE {
            let whole = judge_all(input)?;
            set.tells_utf8_apart |= whole.utf8 && !whole.ascii;
        }
        return Ok(set);
    }
    if let Some(encoding) = utf16_without_mark(head) {
        let how = BY_ZEROS;
        return Ok(TextEncoding::known(encoding, false, how));
    }
    let whole = judge_all(input)?;
    if whole.ascii {
        return Ok(TextEncoding::known(UTF_8, false, ASCII));
    }
    if whole.utf8 {
        let doubt = two_readings::look(input.open())?;
        notes.extend(doubt.as_ref().map(two_readings::Doubt::describe));
        return Ok(match doubt.filter(|doubt| doubt.is_western) {
            Some(doubt) => TextEncoding {
                trust: Trust::Guessed,
                ..TextEncoding::known(WINDOWS_1252, false, doubt.evidence())
            },
            None => TextEncoding::known(UTF_8, false, VALID),
        });
    }
    let weighed = weigh(input.open())?;
    if weighed.lines.are_utf8(weighed.guessed) {
        let evidence = weighed.lines.describe();
        return Ok(TextEncoding::known(UTF_8, false, evidence));
    }
    notes.extend(weighed.high.describe_doubt(weighed.guessed));
    let trust = if weighed.misread.is_file() {
        notes.push(weighed.misread.describe(weighed.guessed));
        Trust::Doubted
    } else {
        Trust::Guessed
    };
    let evidence = weighed.high.describe(weighed.guessed);
    Ok(TextEncoding {
        trust,
        ..TextEncoding::known(weighed.guessed, false, evidence)
    })
}

/// Bytes at the end in which an end mark is looked for: CP/M filled the last block with it.
const TAIL_BYTES: u64 = 4096;

/// Where the text ends, where the end mark of DOS (Ctrl-Z) stands behind it.
fn end_of_text(input: &Input, encoding: &TextEncoding) -> io::Result<Option<u64>> {
    let unit = if encoding.encoding == UTF_16LE || encoding.encoding == UTF_16BE {
        2
    } else {
        1
    };
    let bytes = input.len()? / unit as u64 * unit as u64;
    let from = bytes.saturating_sub(TAIL_BYTES);
    let mut file = input.open();
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.take(bytes - from).read_to_end(&mut tail)?;
    let mut end = None;
    for (number, character) in tail.chunks_exact(unit).enumerate().rev() {
        let byte = match character {
            [b] => *b,
            [b, 0] if encoding.encoding == UTF_16LE => *b,
            [0, b] if encoding.encoding == UTF_16BE => *b,
            _ => break,
        };
        match byte {
            0x1a => end = Some(from + (number * unit) as u64),
            b'\r' | b'\n' => {}
            _ => break,
        }
    }
    Ok(end)
}

/// What the bytes of a file, or of a part of it, are.
#[derive(Debug, Clone, Copy)]
struct Judged {
    ascii: bool,
    utf8: bool,
}

/// Looks at every byte, in as many parts as there are cores.
fn judge_all(input: &Input) -> io::Result<Judged> {
    let bytes = input.len()?;
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let mut starts = vec![0];
    for at in part_starts(bytes, cores) {
        starts.push(next_character(input, at)?);
    }
    // The last part goes as far as the file does by then.
    let ends = starts[1..].iter().copied().chain([u64::MAX]);
    let judged: Vec<io::Result<Judged>> = std::thread::scope(|scope| {
        let mut ranges: Vec<(u64, u64)> = starts.iter().copied().zip(ends).collect();
        let own = ranges.pop();
        let others: Vec<_> = ranges
            .into_iter()
            .map(|(from, to)| scope.spawn(move || judge(input, from, to)))
            .collect();
        let own = own.map(|(from, to)| judge(input, from, to));
        let broke_down = |_| Err(io::Error::other("a thread broke down"));
        let others = others
            .into_iter()
            .map(|o| o.join().unwrap_or_else(broke_down));
        others.chain(own).collect()
    });
    let mut all = Judged {
        ascii: true,
        utf8: true,
    };
    for part in judged {
        let part = part?;
        all.ascii &= part.ascii;
        all.utf8 &= part.utf8;
    }
    Ok(all)
}

/// Where the second part and those behind it begin, about.
fn part_starts(bytes: u64, cores: u64) -> impl Iterator<Item = u64> {
    let parts = (bytes / PART_BYTES).clamp(1, cores.min(MOST_PARTS));
    (1..parts).map(move |part| bytes / parts * part)
}

/// The first place from `at` on where a character of UTF-8 can begin.
fn next_character(input: &Input, at: u64) -> io::Result<u64> {
    let mut file = input.open();
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = [0; 4];
    let n = read_full(&mut file, &mut bytes)?;
    let inside = bytes[..n].iter().take_while(|b| **b & 0xc0 == 0x80);
    Ok(at + inside.count() as u64)
}

fn judge(input: &Input, from: u64, to: u64) -> io::Result<Judged> {
    let mut file = input.open();
    file.seek(SeekFrom::Start(from))?;
    let mut part = file.take(to - from);
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut utf8 = Utf8Check::default();
    let mut ascii = true;
    loop {
        let n = read_full(&mut part, &mut chunk)?;
        if n == 0 {
            break;
        }
        utf8.feed(&chunk[..n]);
        // What is ASCII was seen to be so a moment ago and is still at hand.
        ascii = ascii && chunk[..n].is_ascii();
        if utf8.broken {
            break;
        }
    }
    Ok(Judged {
        ascii,
        utf8: utf8.finish(),
    })
}

/// Bytes in which a byte order mark and the pattern of UTF-16 show.
const HEAD_BYTES: usize = 4096;
/// Parts of a file smaller than this are not worth a thread.
const PART_BYTES: u64 = 4 * 1024 * 1024;
/// Threads that look at one file.
const MOST_PARTS: u64 = 8;
/// Bytes read at a time.
const CHUNK_BYTES: usize = 256 * 1024;
/// UTF-16 text has a zero in every other byte where it is western, and at least at its line ends and delimiters where it
/// is not. A table of other bytes can have some zeros too, such as a database's bits, and in one half of its bytes by chance:
/// but most of its delimiters and line ends have no zero beside them.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = &bytes[..bytes.len().min(HEAD_BYTES) & !1];
    if sample.len() < 4 {
        return None;
    }
    let pairs = sample.len() / 2;
    let zeros = |odd: usize| {
        sample
            .iter()
            .skip(odd)
            .step_by(2)
            .filter(|b| **b == 0)
            .count()
    };
    // Signs that part cells and lines. A byte of them may be one half of another character, but of few.
    let is_sign = |b: u8| matches!(b, b'\n' | b'\r' | b'\t' | b',' | b';' | b'|' | b'"' | b' ');
    let signs = sample.iter().filter(|b| is_sign(**b)).count();
    let has_signs = |at: usize, line_end: [u8; 2]| {
        let own = |pair: &[u8]| pair[1 - at] == 0 && is_sign(pair[at]);
        let own = sample.chunks_exact(2).filter(|pair| own(pair)).count();
        own * 2 >= signs && sample.chunks_exact(2).any(|pair| pair == line_end)
    };
    let (even, odd) = (zeros(0), zeros(1));
    let mostly = |zeros: usize, others: usize| zeros * 10 > pairs * 4 && others * 10 < pairs;
    let only = |zeros: usize, others: usize| others == 0 && zeros * 20 > pairs;
    if mostly(odd, even) || (only(odd, even) && has_signs(0, [b'\n', 0])) {
        Some(UTF_16LE)
    } else if mostly(even, odd) || (only(even, odd) && has_signs(1, [0, b'\n'])) {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Strict UTF-8 over chunks.
#[derive(Default)]
struct Utf8Check {
    carry: Vec<u8>,
    broken: bool,
}

impl Utf8Check {
    fn feed(&mut self, bytes: &[u8]) {
        if self.broken || (self.carry.is_empty() && bytes.is_ascii()) {
            return;
        }
        let joined;
        let bytes = if self.carry.is_empty() {
            bytes
        } else {
            joined = [self.carry.as_slice(), bytes].concat();
            self.carry.clear();
            &joined
        };
        if let Err(e) = std::str::from_utf8(bytes) {
            if e.error_len().is_some() {
                self.broken = true;
            } else {
                self.carry = bytes[e.valid_up_to()..].to_vec();
            }
        }
    }

    fn finish(&self) -> bool {
        !self.broken && self.carry.is_empty()
    }
}

fn read_full(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}

/// A reader of the file's text as UTF-8. UTF-8 passes as it is, so that broken bytes are seen by the parser.
pub(super) fn open(input: &Input, encoding: &TextEncoding) -> io::Result<Box<dyn Read + Send>> {
    let mut file = input.open();
    let mark = encoding.mark_bytes();
    file.seek(SeekFrom::Start(mark))?;
    let text = file.take(encoding.end.saturating_sub(mark));
    if encoding.encoding == UTF_8 {
        return Ok(Box::new(text));
    }
    Ok(Box::new(
        encoding_rs_io::DecodeReaderBytesBuilder::new()
            .encoding(Some(encoding.encoding))
            .bom_override(true)
            .strip_bom(true)
            .build(text),
    ))
}

#[cfg(test)]
#[path = "encoding_tests.rs"]
mod tests;
