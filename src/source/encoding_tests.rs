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
