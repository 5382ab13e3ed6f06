//! Telephone numbers, e-mail addresses and postal codes as they are compared.

/// Digits of a telephone number at least, and how many of its last ones are compared: with or without the country's code
/// and the trunk zero they are the same.
const LEAST_DIGITS: usize = 7;
const COMPARED_DIGITS: usize = 8;
const COMPARED: u64 = 100_000_000;
/// A number has at most 15 (ITU-T E.164), and some prefixes more: what is longer is none.
const MOST_DIGITS: usize = 18;

/// A postal code has so many letters and digits at least.
const LEAST_OF_A_CODE: usize = 3;

/// The last eight digits of a telephone number without its extension; nothing of one that is too short or a placeholder.
pub(super) fn phone(text: &str, folded: &mut Vec<u8>) {
    folded.clear();
    // What the digits are worth, without leading zeros.
    let (mut number, mut digits) = (0_u64, 0_usize);
    let mut any = false;
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => {
                number = number * 10 + u64::from(byte - b'0');
                digits += usize::from(digits > 0 || byte != b'0');
                any = true;
                if digits > MOST_DIGITS {
                    return;
                }
            }
            // An extension, or another number.
            b'#' | b';' | b',' | b'/' | b'a'..=b'z' | b'A'..=b'Z' if digits >= LEAST_DIGITS => {
                break;
            }
            // A number of letters, which stand for digits.
            b'a'..=b'z' | b'A'..=b'Z' if any => return,
            _ => {}
        }
    }
    number %= COMPARED;
    if digits >= LEAST_DIGITS && !is_counted_up_or_one_digit(number, digits) {
        folded.extend_from_slice(&number.to_be_bytes());
    }
}

/// `5555555`, `12345678`: what is typed where a number has to stand.
fn is_counted_up_or_one_digit(mut number: u64, digits: usize) -> bool {
    let last = |number: u64| number % 10;
    let (first, second) = (last(number), last(number / 10));
    let step = (first + 10 - second) % 10;
    if step > 1 {
        return false;
    }
    for _ in 1..digits.min(COMPARED_DIGITS) {
        if (last(number / 10) + step) % 10 != last(number) {
            return false;
        }
        number /= 10;
    }
    true
}

/// An address in lower case; nothing where there is none, or one that nobody reads.
pub(super) fn email(text: &str, folded: &mut Vec<u8>) {
    folded.clear();
    let text = text.trim();
    if text.is_ascii() {
        folded.extend_from_slice(text.as_bytes());
        folded.make_ascii_lowercase();
    } else {
        folded.extend_from_slice(text.to_lowercase().as_bytes());
    }
    let is_read =
        memchr::memrchr(b'@', folded).is_some_and(|at| is_read(&folded[..at], &folded[at + 1..]));
    if !is_read {
        folded.clear();
    }
}

/// Whether anybody reads what is sent there. Not at the hosts that RFC 2606 keeps for examples, nor where people type that
/// there is no address.
fn is_read(name: &[u8], host: &[u8]) -> bool {
    let is_no_host = matches!(
        host,
        b"" | b"example.com"
            | b"example.org"
            | b"example.net"
            | b"test.com"
            | b"none.com"
            | b"na.com"
            | b"noemail.com"
            | b"nomail.com"
            | b"email.com"
            | b"domain.com"
            | b"localhost"
    );
    let top = memchr::memrchr(b'.', host).map_or(host, |dot| &host[dot + 1..]);
    let is_nobody = matches!(
        name,
        b"" | b"noreply"
            | b"no-reply"
            | b"no_reply"
            | b"donotreply"
            | b"do-not-reply"
            | b"none"
            | b"na"
            | b"n/a"
            | b"noemail"
            | b"nomail"
            | b"unknown"
            | b"test"
    );
    !is_no_host && !is_nobody && !matches!(top, b"example" | b"test" | b"invalid" | b"localhost")
}

/// Letters in upper case and digits, without the four digits behind an American code and without leading zeros, which
/// spreadsheets lose; nothing of a text without a digit, or of one digit again and again.
pub(super) fn postal_code(text: &str, folded: &mut Vec<u8>) {
    folded.clear();
    let text = text.trim();
    let text = match text.split_once('-') {
        Some((five, four)) if is_digits(five, 5) && is_digits(four, 4) => five,
        _ => text,
    };
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        folded.extend_from_slice(text.as_bytes());
        folded.make_ascii_uppercase();
    } else {
        for c in text.chars().filter(|c| c.is_alphanumeric()) {
            match u8::try_from(c) {
                Ok(byte) if byte.is_ascii() => folded.push(byte.to_ascii_uppercase()),
                _ => folded.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }
    let is_too_short = folded.len() < LEAST_OF_A_CODE;
    let zeros = folded.iter().take_while(|byte| **byte == b'0').count();
    folded.drain(..zeros);
    if is_too_short
        || !folded.iter().any(u8::is_ascii_digit)
        || folded.iter().all(|byte| *byte == folded[0])
    {
        folded.clear();
    }
}

fn is_digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
}
