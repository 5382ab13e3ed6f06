use super::*;

#[test]
fn high_bytes_are_described_alike_however_they_are_read() {
    let text = b"Name,City\nA,B\nC,Caf\xe9 X\nM\xfcller,D\n";
    let described = |chunks: &[&[u8]]| {
        let mut high = HighBytes::default();
        for chunk in chunks {
            high.feed(chunk);
        }
        high.describe(encoding_rs::WINDOWS_1252)
    };
    let whole = described(&[text]);
    assert!(whole.contains("2 bytes"), "{whole}");
    assert!(whole.contains("line 3, where it makes \"Café\""), "{whole}");
    // A word that ends behind a chunk is described as far as it was read.
    let end = text.iter().position(|b| *b == b'X').unwrap();
    for at in (0..16).chain(end..text.len()) {
        assert_eq!(described(&[&text[..at], &text[at..]]), whole, "{at}");
    }
}
