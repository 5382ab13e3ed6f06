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
