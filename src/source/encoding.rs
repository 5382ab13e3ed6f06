//! Character encodings: detect from the whole file, then decode to UTF-8.
//!
//! A byte order mark decides; then strict UTF-8 over the whole file; then `chardetng` over the whole file,
//! because an export can be plain ASCII for tens of kilobytes before its first Windows-1252 byte. The guess costs a
//! hundred times what the check costs, so it sees a file only when that is known not to be UTF-8, and of that only
//! lines that hold something to guess from.

use std::io::{self, Read, Seek as _, SeekFrom};

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::input::Input;

/// The encoding of a text file and how it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextEncoding {
    /// The encoding by which the bytes become text.
    pub encoding: &'static Encoding,
    /// Whether the file starts with a byte order mark.
    pub bom: bool,
    /// How it is known, in words.
    pub evidence: String,
}

impl TextEncoding {
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
            e if !self.bom => {
                let _ = e;
                b""
            }
            e if e == UTF_16LE => b"\xff\xfe",
            e if e == UTF_16BE => b"\xfe\xff",
            _ => b"\xef\xbb\xbf",
        }
    }
}

impl TextEncoding {
    /// Bytes before the first character.
    pub(super) fn mark_bytes(&self) -> u64 {
        if self.bom && self.encoding == UTF_8 {
            3
        } else {
            0
        }
    }
}

/// Finds the encoding of a file; `wanted` settles it.
pub(super) fn detect(input: &Input, wanted: Option<&'static Encoding>) -> io::Result<TextEncoding> {
    let mut head = vec![0; HEAD_BYTES];
    let n = read_full(&mut input.open(), &mut head)?;
    let head = &head[..n];
    let bom = Encoding::for_bom(head);
    if let Some(encoding) = wanted {
        return Ok(TextEncoding {
            encoding,
            bom: bom.is_some_and(|(e, _)| e == encoding),
            evidence: "set in the mapping".to_owned(),
        });
    }
    if let Some((encoding, _)) = bom {
        return Ok(TextEncoding {
            encoding,
            bom: true,
            evidence: "by its byte order mark".to_owned(),
        });
    }
    if let Some(encoding) = utf16_without_mark(head) {
        return Ok(TextEncoding {
            encoding,
            bom: false,
            evidence: "by the pattern of its zero bytes".to_owned(),
        });
    }
    let whole = judge_all(input)?;
    if whole.utf8 {
        let evidence = if whole.ascii {
            "every byte is ASCII"
        } else {
            "every byte is valid"
        };
        return Ok(TextEncoding {
            encoding: UTF_8,
            bom: false,
            evidence: evidence.to_owned(),
        });
    }
    guess(input)
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
    let parts = (bytes / PART_BYTES).clamp(1, cores.min(MOST_PARTS));
    let mut starts = vec![0];
    for part in 1..parts {
        starts.push(next_character(input, bytes / parts * part)?);
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
/// Bytes of lines with something to guess from: more of them change no guess.
const GUESS_BYTES: usize = 1024 * 1024;

/// The encoding of a file that is not UTF-8.
fn guess(input: &Input) -> io::Result<TextEncoding> {
    let mut file = input.open();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    let mut high = HighBytes::default();
    let mut fed = 0;
    loop {
        let n = read_full(&mut file, &mut chunk)?;
        if n == 0 {
            break;
        }
        let bytes = &chunk[..n];
        high.feed(bytes);
        if fed >= GUESS_BYTES || bytes.is_ascii() {
            continue;
        }
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            if fed < GUESS_BYTES && !line.is_ascii() {
                detector.feed(line, false);
                fed += line.len();
            }
        }
    }
    detector.feed(b"", true);
    let encoding = detector.guess(None, chardetng::Utf8Detection::Deny);
    Ok(TextEncoding {
        encoding,
        bom: false,
        evidence: high.describe(encoding),
    })
}

/// UTF-16 text of western languages has a zero in every other byte.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = &bytes[..bytes.len().min(4096) & !1];
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
    let (even, odd) = (zeros(0), zeros(1));
    if odd * 10 > pairs * 4 && even * 10 < pairs {
        Some(UTF_16LE)
    } else if even * 10 > pairs * 4 && odd * 10 < pairs {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Bytes above 127: how many, and the first word that holds one.
#[derive(Default)]
struct HighBytes {
    count: u64,
    lines: u64,
    first_line: u64,
    word: Vec<u8>,
    tail: Vec<u8>,
}

impl HighBytes {
    fn feed(&mut self, bytes: &[u8]) {
        let here = bytes.iter().filter(|b| **b > 0x7f).count() as u64;
        if self.count == 0 && here > 0 {
            let at = bytes.iter().position(|b| *b > 0x7f).unwrap_or(0);
            self.first_line =
                1 + self.lines + memchr::memchr_iter(b'\n', &bytes[..at]).count() as u64;
            let in_word = |b: &u8| b.is_ascii_alphabetic() || *b > 0x7f;
            let before: Vec<u8> = self.tail.iter().chain(&bytes[..at]).copied().collect();
            let start = before
                .iter()
                .rev()
                .take(20)
                .take_while(|b| in_word(b))
                .count();
            self.word = before[before.len() - start..].to_vec();
            self.word
                .extend(bytes[at..].iter().take(20).take_while(|b| in_word(b)));
        }
        self.count += here;
        self.lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        self.tail = bytes[bytes.len().saturating_sub(20)..].to_vec();
    }

    /// What a person needs to see whether the guess is right.
    fn describe(&self, encoding: &'static Encoding) -> String {
        format!(
            "guessed from {} {} above 127; the first in line {}, where it makes \"{}\"",
            self.count,
            if self.count == 1 { "byte" } else { "bytes" },
            self.first_line,
            encoding.decode_without_bom_handling(&self.word).0
        )
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
    if encoding.encoding == UTF_8 {
        if encoding.bom {
            let mut mark = [0; 3];
            file.read_exact(&mut mark)?;
        }
        return Ok(Box::new(file));
    }
    Ok(Box::new(
        encoding_rs_io::DecodeReaderBytesBuilder::new()
            .encoding(Some(encoding.encoding))
            .bom_override(true)
            .strip_bom(true)
            .build(file),
    ))
}

#[cfg(test)]
#[path = "encoding_tests.rs"]
mod tests;
