use super::super::each_line::CHUNK_BYTES;
use super::*;

fn weighed(bytes: &[u8]) -> Weighed {
    weigh(bytes).unwrap()
}

fn in_encoding(text: &str, encoding: &'static Encoding) -> Vec<u8> {
    encoding.encode(text).0.into_owned()
}

#[test]
fn a_file_with_few_spoilt_lines_is_utf8_and_one_of_a_code_page_is_not() {
    use encoding_rs::{GBK, WINDOWS_874, WINDOWS_1251, WINDOWS_1252};
    let utf8 = "1,Müller,Köln\n2,Peña,León\n3,plain,plain\n";
    let latin = in_encoding("4,Zoë,Genève\n", WINDOWS_1252);
    let capitals = in_encoding("5,CAFÉ® X\n", WINDOWS_1252);
    let chinese = "6,北京市海淀区,中关村大街\n7,上海,南京路\n8,广州,天河\n";
    let thai = "9,กรุงเทพมหานคร,เชียงใหม่\n10,ภูเก็ต,แก่น\n";
    let russian = "11,Завод «Прогресс»,Москва\n";
    let repeated = |bytes: &[u8], times| bytes.repeat(times);
    for (parts, is_utf8) in [
        (vec![utf8.as_bytes().to_vec(), latin.clone()], true),
        (vec![latin.clone(), repeated(utf8.as_bytes(), 40)], true),
        // One of each: what is UTF-8 beyond doubt decides.
        (vec!["1,é\n".as_bytes().to_vec(), latin.clone()], true),
        (vec![repeated(&latin, 20)], false),
        (vec![repeated(&latin, 20), utf8.as_bytes().to_vec()], false),
        // Valid UTF-8 by chance.
        (
            vec![repeated(&latin, 2), capitals.clone(), capitals.clone()],
            false,
        ),
        (vec![latin.clone(), repeated(&capitals, 20)], false),
        (vec![repeated(&in_encoding(chinese, GBK), 10)], false),
        (vec![repeated(&in_encoding(thai, WINDOWS_874), 10)], false),
        (
            vec![repeated(&in_encoding(russian, WINDOWS_1251), 10)],
            false,
        ),
        (vec![chinese.as_bytes().to_vec(), latin.clone()], true),
        (
            vec![utf8.as_bytes().to_vec(), b"12,cut \xe2\x82".to_vec()],
            true,
        ),
        (vec![b"1,Caf\xe9".to_vec()], false),
        (vec![b"1,CAF\xc9".to_vec()], false),
        (vec![b"1,Caf\xc3".to_vec()], true),
        (vec![b"1,O\xe2\x80".to_vec()], true),
        (vec![b"1,\xed\xa0\xbd\xed\xb8\x80\n".to_vec()], true),
    ] {
        let bytes = parts.concat();
        let found = weighed(&bytes);
        assert_eq!(
            found.lines.are_utf8(found.guessed),
            is_utf8,
            "{:?} {}",
            found.lines,
            String::from_utf8_lossy(&bytes[..bytes.len().min(80)])
        );
    }
}

#[test]
fn spoilt_lines_are_counted_and_the_first_is_named() {
    let bytes = [
        b"Id,Name\n1,A\n2,\xc3\xa9\n3,\xe9\n".as_slice(),
        &b"4,\xe9\n".repeat(3),
        b"5,\xc3",
    ]
    .concat();
    let lines = weighed(&bytes).lines;
    assert_eq!(
        (lines.whole, lines.odd, lines.first_odd, lines.cut),
        (1, 4, 4, true)
    );
    assert_eq!(
        lines.describe(),
        "valid in all but 4 lines, the first of which is line 4; the file ends inside a character"
    );
}

#[test]
fn surrogate_pairs_are_the_characters_they_mean() {
    assert_eq!(
        paired(b"a\xed\xa0\xbd\xed\xb8\x80b\xc3\xa9").as_deref(),
        Some("a😀bé")
    );
    for broken in [
        b"\xed\xa0\xbd".as_slice(),
        b"\xed\xb8\x80\xed\xa0\xbd",
        b"\xed\xa0\xbd\xe9",
        b"\xe9",
    ] {
        assert_eq!(paired(broken), None, "{broken:?}");
    }
}

/// Bytes that come a few at a time.
struct Slow<'b>(&'b [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.0.len().min(self.1).min(buffer.len());
        buffer[..n].copy_from_slice(&self.0[..n]);
        self.0 = &self.0[n..];
        Ok(n)
    }
}

#[test]
fn a_file_is_weighed_alike_however_it_is_read() {
    let bytes = b"Name,City\nA,B\nC,Caf\xe9 X\nM\xfcller,D\r\nE,\xc3\xa9\rF";
    let whole = weighed(bytes);
    let described = whole.high.describe(encoding_rs::WINDOWS_1252);
    assert!(described.contains("4 bytes"), "{described}");
    assert!(
        described.contains("line 3, where it makes \"Café\""),
        "{described}"
    );
    for step in 1..bytes.len() {
        let found = weigh(Slow(bytes, step)).unwrap();
        assert_eq!(found.lines, whole.lines, "{step}");
        assert_eq!(
            found.high.describe(encoding_rs::WINDOWS_1252),
            described,
            "{step}"
        );
    }
}

#[test]
fn few_bytes_are_western_where_that_makes_sense_and_doubt_is_told() {
    use encoding_rs::{WINDOWS_1250, WINDOWS_1252};
    for (text, encoding, told) in [
        ("1,£5 Shop\n", WINDOWS_1252, false),
        ("1,London £\n", WINDOWS_1252, false),
        ("1,Müller £,Köln\n", WINDOWS_1252, false),
        ("1,£100 & €5\n", WINDOWS_1252, false),
        ("1,Café\n", WINDOWS_1252, false),
        ("1,O’Brien\n2,D’Arcy\n", WINDOWS_1252, false),
        ("1,50°\n", WINDOWS_1252, false),
        ("1,Zürich,Genève\n", WINDOWS_1252, false),
        // ISO 8859-15: `œ` has the place of `½`, which in Windows-1250 is an accent without a letter.
        ("1,c½ur\n2,Été\n", WINDOWS_1252, false),
        ("1,Łukasz\n", WINDOWS_1250, true),
        ("1,Łódź,Kraków\n2,Żółć,Gdańsk\n", WINDOWS_1250, true),
    ] {
        let found = weighed(&in_encoding(text, encoding));
        assert_eq!(found.guessed, encoding, "{text}");
        let doubt = found.high.describe_doubt(found.guessed);
        assert_eq!(doubt.is_some(), told, "{text} {doubt:?}");
    }
}

#[test]
fn lines_speak_for_utf8_by_their_counts() {
    use encoding_rs::{GBK, WINDOWS_1252};
    let of = |whole, sure, odd, paired| Lines {
        whole,
        sure,
        odd,
        paired,
        ..Lines::default()
    };
    for (lines, guessed, are_utf8) in [
        (of(1, 0, 0, 0), WINDOWS_1252, true),
        (of(0, 0, 0, 1), WINDOWS_1252, true),
        (of(0, 0, 0, 0), WINDOWS_1252, false),
        // As many as spoilt ones, where one of them is sure, or eight times as many.
        (of(2, 1, 2, 0), WINDOWS_1252, true),
        (of(1, 0, 2, 1), WINDOWS_1252, true),
        (of(1, 1, 2, 0), WINDOWS_1252, false),
        (of(2, 0, 2, 0), WINDOWS_1252, false),
        (of(7, 0, 1, 0), WINDOWS_1252, false),
        (of(8, 0, 1, 0), WINDOWS_1252, true),
        (of(15, 0, 2, 0), WINDOWS_1252, false),
        // A quarter of the spoilt ones, sure, where two bytes make a letter.
        (of(1, 1, 4, 0), GBK, true),
        (of(1, 1, 5, 0), GBK, false),
        (of(1, 1, 8, 1), GBK, true),
        (of(9, 0, 1, 0), GBK, false),
    ] {
        assert_eq!(lines.are_utf8(guessed), are_utf8, "{lines:?}");
    }
    let said = |lines: Lines| lines.describe();
    assert_eq!(said(of(1, 0, 0, 0)), "every byte is valid");
    assert_eq!(
        said(of(1, 0, 0, 1)),
        "every byte is valid; some characters are written as surrogate pairs (CESU-8)"
    );
}

#[test]
fn utf8_is_told_apart_from_western_code_pages_alone() {
    for (name, apart) in [
        ("windows-1252", true),
        ("windows-1250", true),
        ("ISO-8859-2", true),
        ("macintosh", true),
        ("windows-1255", false),
        ("windows-1256", false),
        ("ISO-8859-6", false),
        ("ISO-8859-8", false),
        ("KOI8-R", false),
        ("GBK", false),
        ("UTF-8", false),
    ] {
        let encoding = Encoding::for_label(name.as_bytes()).unwrap();
        assert_eq!(tells_utf8_apart(encoding), apart, "{name}");
    }
    assert!(!tells_utf8_apart(encoding_rs::ISO_8859_8_I));
}

#[test]
fn every_bit_of_a_surrogate_counts() {
    for c in ['\u{10000}', '\u{1f600}', '\u{10fffd}', '\u{a5a5a}'] {
        let mut units = [0; 2];
        let bytes: Vec<u8> = c
            .encode_utf16(&mut units)
            .iter()
            .flat_map(|unit| {
                let low = |shift: u16| 0x80 | u8::try_from(unit >> shift & 0x3f).unwrap();
                [0xed, low(6), low(0)]
            })
            .collect();
        assert_eq!(paired(&bytes), Some(c.to_string()));
    }
}

/// A reader that is interrupted or fails before it gives its bytes.
struct Failing<'b>(Option<io::ErrorKind>, &'b [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.take() {
            Some(kind) => Err(kind.into()),
            None => self.1.read(buffer),
        }
    }
}

#[test]
fn lines_are_counted_however_long_they_are() {
    // Longer than what is read at a time.
    let long = "a".repeat(CHUNK_BYTES + 10);
    let bytes = [
        format!("{long}é\n2,é\n").as_bytes(),
        b"3,\xe9\n4,\xc3\xa9\n5,plain",
    ]
    .concat();
    for reader in [
        Failing(None, &bytes),
        Failing(Some(io::ErrorKind::Interrupted), &bytes),
    ] {
        let lines = weigh(reader).unwrap().lines;
        assert_eq!((lines.whole, lines.odd, lines.first_odd), (3, 1, 3));
        // The last line has no line end, but is whole.
        assert!(!lines.cut && !lines.surely_cut);
    }
    let failed = weigh(Failing(Some(io::ErrorKind::NotConnected), &bytes));
    assert!(failed.is_err());
    assert!(!weighed(b"1,\xc3\xa9\n2,\xc3\xa9").lines.cut);
}

fn high(line: &[u8]) -> HighBytes {
    let mut high = HighBytes::default();
    high.add(line, 7);
    high
}

#[test]
fn one_byte_is_western_where_it_makes_sense() {
    for (line, is_western) in [
        (b"1,Caf\xe9".as_slice(), true),
        (b"1,\xe9", false),
        (b"1,Caf\xe9,\xe9", false),
        (b"1,\xa3", true),
        (b"1,\xa3A", false),
        (b"1,A\xae", true),
        (b"1,O\x92B", true),
        (b"1,\x92", true),
        (b"1,\x81", false),
        (b"1,Caf\xe9 Gen\xe8ve", false),
        (b"1,Caf\xe9 L\xe9a", true),
        (b"1,plain", false),
    ] {
        assert_eq!(high(line).is_western(), is_western, "{line:?}");
    }
    assert!(high(&b"Caf\xe9 ".repeat(MOST_WORDS - 1)).is_western());
    assert!(!high(&b"Caf\xe9 ".repeat(MOST_WORDS)).is_western());
}

#[test]
fn bytes_above_127_are_counted_and_shown_in_their_word() {
    // DEL is none of them, and is no letter.
    assert_eq!(
        high(b"1,Caf\x7f\xe9").describe(encoding_rs::WINDOWS_1252),
        "guessed from 1 byte above 127; the first in line 7, where it makes \"é\""
    );
}

#[test]
fn a_guess_from_few_bytes_is_told_to_be_one() {
    use encoding_rs::{GBK, WINDOWS_1250, WINDOWS_1252};
    for (times, encoding, told) in [
        (12, WINDOWS_1250, true),
        (13, WINDOWS_1250, false),
        (1, GBK, false),
        (1, WINDOWS_1252, false),
    ] {
        let high = high(&b"1,\xa3ukasz ".repeat(times));
        assert_eq!(
            high.describe_doubt(encoding).is_some(),
            told,
            "{times} {}",
            encoding.name()
        );
    }
}

/// `О` of ISO-8859-5 and the first consonants of Thai are signs in western code pages, and stand in words of their own.
#[test]
fn words_of_letters_that_are_signs_elsewhere_refute_no_other_script() {
    use encoding_rs::{ISO_8859_5, WINDOWS_874, WINDOWS_1252};
    for (line, encoding) in [
        ("K,ООО Компания,Санкт-Петербург,Ленина\n", ISO_8859_5),
        ("K,ООО Ромашка,Москва,Мира\n", ISO_8859_5),
        ("K,บริษัท ไทย,กรุงเทพ,ถนน\n", WINDOWS_874),
        ("K,ขค สยาม,เชียงใหม่,ซอย\n", WINDOWS_874),
        ("K,£ 5,Müller,Köln\n", WINDOWS_1252),
    ] {
        for times in [2, 40] {
            let found = weighed(&in_encoding(line, encoding).repeat(times));
            assert_eq!(found.guessed, encoding, "{line} {times}");
            assert!(!found.misread.is_file(), "{line}");
        }
    }
}

#[test]
fn a_quarter_of_misread_lines_puts_the_others_in_doubt() {
    let honest = "1,Müller GmbH,Köln\n";
    for (odd, others, is_file) in [
        (&b"2,\x99sterreich AG\n"[..], 3, true),
        (b"2,\x99sterreich AG\n", 4, false),
        (b"2,K\x94ln\n", 3, true),
        // A byte without a character.
        (b"2,M\x81ller\n", 3, true),
        (b"", 3, false),
    ] {
        let honest = in_encoding(honest, encoding_rs::WINDOWS_1252).repeat(others);
        let found = weighed(&[odd, &honest].concat());
        assert_eq!(found.misread.is_file(), is_file, "{odd:?} {others}");
    }
}

/// A cell of several lines opens a quotation on one of them and closes it on another.
#[test]
fn a_quotation_over_several_lines_is_not_misread() {
    let row = |n| format!("{n},Bär,\"„Erste Zeile\nzweite Zeile“\"\n");
    let text = String::from("K,N,D\n") + &(0..9).map(row).collect::<String>();
    let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(&text);
    assert!(!weigh(&*bytes).unwrap().misread.is_file());
    let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode("K,N\n1,™sterreich\n2,Bär\n");
    assert!(weigh(&*bytes).unwrap().misread.is_file());
}
