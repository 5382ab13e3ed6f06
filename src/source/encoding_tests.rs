use super::*;

fn detected(bytes: &[u8]) -> TextEncoding {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.csv");
    std::fs::write(&path, bytes).unwrap();
    let input = Input::take(&path, &mut Vec::new()).unwrap().0;
    detect(&input, None, &mut Vec::new()).unwrap()
}

#[test]
fn encodings_are_found_over_the_whole_file() {
    let mut late = "Name,City\n".repeat(5000).into_bytes();
    late.extend_from_slice(b"Caf\xe9 M\xfcller,K\xf6ln\n");
    let utf16: Vec<u8> = "Name\tCity\nA\tB\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut utf16_bom = b"\xff\xfe".to_vec();
    utf16_bom.extend_from_slice(&utf16);
    for (bytes, name, bom) in [
        (b"Name,City\n".as_slice(), "UTF-8", false),
        ("Name,Köln\n".as_bytes(), "UTF-8", false),
        (b"\xef\xbb\xbfName\n".as_slice(), "UTF-8", true),
        (&late, "windows-1252", false),
        (&utf16, "UTF-16LE", false),
        (&utf16_bom, "UTF-16LE", true),
    ] {
        let found = detected(bytes);
        assert_eq!((found.encoding.name(), found.bom), (name, bom));
    }
}

#[test]
fn a_guess_shows_what_it_was_made_from() {
    assert_eq!(
        detected(b"Name,City\nA,Caf\xe9 M\xfcller\n").describe(),
        "windows-1252 (guessed from 2 bytes above 127; the first in line 2, where it makes \"Caf\u{e9}\")"
    );
}

#[test]
fn utf16_is_written_as_utf16() {
    let encoding = TextEncoding::new(UTF_16LE, true);
    assert_eq!(encoding.encode("é"), [0xe9, 0]);
    assert_eq!(encoding.bom_bytes(), b"\xff\xfe");
}

#[test]
fn utf16_without_a_mark_is_found_in_either_order() {
    let text = "Name\tCity\nA\tB\n";
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(detected(&big).encoding, UTF_16BE);
    assert_eq!(detected(&little).encoding, UTF_16LE);
    assert!(!detected(&big).bom);
}

#[test]
fn parts_of_a_file_begin_between_two_characters() {
    let text = "aé€😀b";
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.csv");
    std::fs::write(&path, text).unwrap();
    let input = Input::take(&path, &mut Vec::new()).unwrap().0;
    for at in 0..=text.len() {
        let next = (at..=text.len())
            .find(|i| text.is_char_boundary(*i))
            .unwrap();
        let found = next_character(&input, at as u64).unwrap();
        assert_eq!(found, next as u64, "{at}");
    }
}

#[test]
fn a_character_may_lie_in_two_chunks_but_not_be_cut_off() {
    let text = "aé€😀b".as_bytes();
    for at in 0..=text.len() {
        let mut check = Utf8Check::default();
        check.feed(&text[..at]);
        let whole = std::str::from_utf8(&text[..at]).is_ok();
        assert_eq!(check.finish(), whole, "{at}");
        check.feed(&text[at..]);
        assert!(check.finish(), "{at}");
    }
    assert_ne!(detected(b"Name\nCaf\xe9").encoding, UTF_8);
}

/// What is found where the mapping names an encoding, or none, and what is noted.
fn detected_as(
    bytes: &[u8],
    wanted: Option<&'static Encoding>,
) -> (Input, TextEncoding, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.csv");
    std::fs::write(&path, bytes).unwrap();
    let input = Input::take(&path, &mut Vec::new()).unwrap().0;
    let mut notes = Vec::new();
    let found = detect(&input, wanted, &mut notes).unwrap();
    (input, found, notes)
}

#[test]
fn what_is_found_says_how_it_is_known() {
    for (bytes, wanted, described, notes) in [
        (b"A\n".as_slice(), None, "UTF-8 (every byte is ASCII)", 0),
        ("é\n".as_bytes(), None, "UTF-8 (every byte is valid)", 0),
        (b"A\n", Some(UTF_8), "UTF-8 (set in the mapping)", 0),
        (
            b"\xef\xbb\xbfA\n",
            None,
            "UTF-8 (by its byte order mark)",
            0,
        ),
        (
            b"\xef\xbb\xbfA\n",
            Some(UTF_8),
            "UTF-8 (set in the mapping)",
            0,
        ),
        (
            b"\xff\xfeA\0",
            Some(UTF_8),
            "UTF-16LE (by its byte order mark)",
            1,
        ),
        (
            b"A\0B\0",
            None,
            "UTF-16LE (by the pattern of its zero bytes)",
            0,
        ),
    ] {
        let (_, found, said) = detected_as(bytes, wanted);
        assert_eq!((found.describe().as_str(), said.len()), (described, notes));
        assert_eq!(found.trust, Trust::Known);
    }
    assert_eq!(detected(b"Caf\xe9 M\xfcller\n").trust, Trust::Guessed);
    assert_eq!(detected(b"\x80rzte Caf\xe9\n").trust, Trust::Doubted);
}

/// A cell that can only be UTF-8 is none of a western code page, nor of any other in a file that is UTF-8 all over.
#[test]
fn utf8_is_told_apart_where_it_can_be() {
    use encoding_rs::{GBK, WINDOWS_1252};
    for (bytes, wanted, apart) in [
        (b"A\n".as_slice(), WINDOWS_1252, true),
        (b"\xe9\n", WINDOWS_1252, true),
        (b"\xc3\xa9\n", GBK, true),
        (b"A\n", GBK, false),
        (b"\xc3\xa9\xe9\n", GBK, false),
        // Valid UTF-8, but of an encoding that has no bytes of others.
        (b"\xc3\xa9", UTF_8, false),
        (b"\xc3\xa9", UTF_16LE, false),
        (b"\xc3\xa9", UTF_16BE, false),
    ] {
        let (_, found, _) = detected_as(bytes, Some(wanted));
        assert_eq!(found.tells_utf8_apart, apart, "{bytes:?} {}", wanted.name());
    }
}

#[test]
fn a_file_is_written_back_with_its_own_marks() {
    use encoding_rs::WINDOWS_1252;
    for (encoding, letter, mark) in [
        (UTF_8, b"\xc3\xa9".as_slice(), b"\xef\xbb\xbf".as_slice()),
        (UTF_16LE, b"\xe9\0", b"\xff\xfe"),
        (UTF_16BE, b"\0\xe9", b"\xfe\xff"),
        (WINDOWS_1252, b"\xe9", b""),
    ] {
        let name = encoding.name();
        assert_eq!(
            TextEncoding::new(encoding, true).encode("é"),
            letter,
            "{name}"
        );
        assert_eq!(
            TextEncoding::new(encoding, false).bom_bytes(),
            b"",
            "{name}"
        );
        if mark.is_empty() {
            continue;
        }
        assert_eq!(
            TextEncoding::new(encoding, true).bom_bytes(),
            mark,
            "{name}"
        );
        // Read again, the text comes without its mark.
        let (input, found, _) = detected_as(&[mark, letter].concat(), None);
        let mut text = String::new();
        open(&input, &found)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!((found.encoding, text.as_str()), (encoding, "é"));
    }
}

/// Ctrl-Z ends a text of DOS, also many of them and with line ends between and behind.
#[test]
fn the_end_mark_of_dos_ends_the_text() {
    let in_utf16 = |text: &str, order: fn(u16) -> [u8; 2], mark: &[u8]| {
        let text: Vec<u8> = text.encode_utf16().flat_map(order).collect();
        [mark, &text].concat()
    };
    let little = |text: &str| in_utf16(text, u16::to_le_bytes, b"\xff\xfe");
    let big = |text: &str| in_utf16(text, u16::to_be_bytes, b"\xfe\xff");
    let long = "1,Name\r\n".repeat(1000);
    let at_end = format!("{long}\u{1a}");
    for (bytes, end) in [
        (b"A\r\n1\r\n\x1a".to_vec(), Some(6)),
        (b"A\r\n1\r\n\x1a\x1a\r\n\x1a\n".to_vec(), Some(6)),
        (b"\x1a".to_vec(), Some(0)),
        (b"A\n\x1aB\n".to_vec(), None),
        (b"A\n".to_vec(), None),
        (at_end.clone().into_bytes(), Some(8000)),
        (little("A\n\u{1a}"), Some(6)),
        (little("A\n\u{1a}\r\n"), Some(6)),
        (little(&at_end), Some(16_002)),
        (big("A\n\u{1a}\n"), Some(6)),
        (big(&at_end), Some(16_002)),
        // A letter of which one byte is the mark's, and half a letter at the end.
        (little("A\n\u{1a00}"), None),
        (big("A\n\u{1a00}"), None),
        ([little("A\n\u{1a}"), b"x".to_vec()].concat(), Some(6)),
        ([little(&at_end), b"x".to_vec()].concat(), Some(16_002)),
    ] {
        let (input, found, notes) = detected_as(&bytes, None);
        assert_eq!(
            found.end,
            end.unwrap_or(u64::MAX),
            "{} {found:?}",
            bytes.len()
        );
        assert_eq!(notes.len(), usize::from(end.is_some()));
        let mut text = String::new();
        open(&input, &found)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(
            text.contains('\u{1a}'),
            end.is_none() && bytes.contains(&0x1a) && !text.contains('\u{1a00}')
        );
    }
}

/// Pairs of letters without a zero, apart from so many with one in the second place and in the first.
fn pairs(count: usize, second: usize, first: usize, has_line_end: bool) -> Vec<u8> {
    let mut bytes = b"AB".repeat(count);
    for pair in 0..second {
        bytes[2 * pair + 1] = 0;
    }
    for pair in 0..first {
        bytes[2 * (count - 1 - pair)] = 0;
    }
    if has_line_end {
        bytes[0] = b'\n';
    }
    bytes
}

#[test]
fn zeros_tell_utf16_by_their_share_and_by_line_ends() {
    for (count, zeros, others, has_line_end, is_utf16) in [
        (2, 2, 0, true, true),
        (2, 2, 0, false, true),
        (1, 1, 0, false, false),
        // More than four of ten, and fewer than one of ten in the other places.
        (10, 4, 0, false, false),
        (10, 5, 0, false, true),
        (10, 5, 1, false, false),
        (11, 5, 1, false, true),
        // Fewer, but none in the other places, and line ends.
        (20, 1, 0, true, false),
        (19, 1, 0, true, true),
        (19, 1, 0, false, false),
        (19, 1, 1, true, false),
        (19, 0, 0, false, false),
    ] {
        let little = pairs(count, zeros, others, has_line_end);
        let mut big = little.clone();
        big.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
        let case = format!("{count} {zeros} {others} {has_line_end}");
        assert_eq!(
            utf16_without_mark(&little),
            is_utf16.then_some(UTF_16LE),
            "{case}"
        );
        assert_eq!(
            utf16_without_mark(&big),
            is_utf16.then_some(UTF_16BE),
            "{case}"
        );
    }
}

/// A reader that fails in one way before it gives anything.
struct Failing(Option<io::ErrorKind>);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.take() {
            Some(kind) => Err(kind.into()),
            None => {
                let n = buffer.len().min(2);
                buffer[..n].fill(b'A');
                Ok(n)
            }
        }
    }
}

#[test]
fn an_interrupted_reading_goes_on_and_a_failed_one_does_not() {
    let mut buffer = [0; 5];
    let mut interrupted = Failing(Some(io::ErrorKind::Interrupted));
    assert_eq!(read_full(&mut interrupted, &mut buffer).unwrap(), 5);
    assert_eq!(&buffer, b"AAAAA");
    let failed = read_full(&mut Failing(Some(io::ErrorKind::NotConnected)), &mut buffer);
    assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::NotConnected);
}

#[test]
fn a_large_file_is_looked_at_in_parts() {
    let starts = |bytes, cores| part_starts(bytes, cores).collect::<Vec<_>>();
    let part = PART_BYTES;
    assert_eq!(starts(2 * part - 1, 4), [0; 0]);
    assert_eq!(starts(2 * part, 4), [part]);
    assert_eq!(starts(9 * part, 3), [3 * part, 6 * part]);
    assert_eq!(starts(3 * part + 1, 4), [part, 2 * part]);
    assert_eq!(starts(99 * part, 1), [0; 0]);
    assert_eq!(starts(99 * part, 99).len() as u64, MOST_PARTS - 1);
}

/// A bit of `MySQL` is a byte 0 or 1, and a short file has some of them at even places alone by chance.
#[test]
fn a_table_with_some_zeros_is_no_utf16() {
    for table in [
        &b"Id,Name,Flag\nK1,A,\x01\nK22,B,\0\nK3,C,\0\nK4,D,\x01\nK55,E,\0\n"[..],
        b"Id,N,Flag\nK1,AB,\0\nK2,AB,\0\nK3,AB,\0\n",
        b"Id,N,Fla\nK1,A\xe9,\0\nK23,A,\0\nK2,B,\x01\nK3,C,\x01\n",
    ] {
        assert!(utf16_without_mark(table).is_none(), "{table:?}");
    }
    let rows = "编号,名称\n三,北京\n二,上海\n".repeat(3);
    let little: Vec<u8> = rows.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = rows.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(utf16_without_mark(&little), Some(UTF_16LE));
    assert_eq!(utf16_without_mark(&big), Some(UTF_16BE));
}
