//! Times, durations, addresses and file names as people say them.

use crate::diagnostic::{counted, thousands};

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// When a run began, from its name: `25 Nov 2026, 22:06 UTC`. `None` where the name is none of ours.
pub(super) fn began(run: &str) -> Option<String> {
    let (date, rest) = run.split_once('T')?;
    let (time, _) = rest.split_once('Z')?;
    let are_digits = date.len() == 8
        && time.len() == 6
        && [date, time]
            .iter()
            .all(|t| t.bytes().all(|b| b.is_ascii_digit()));
    if !are_digits {
        return None;
    }
    let month = MONTHS.get(date[4..6].parse::<usize>().ok()?.checked_sub(1)?)?;
    let day = date[6..].trim_start_matches('0');
    Some(format!(
        "{day} {month} {}, {}:{} UTC",
        &date[..4],
        &time[..2],
        &time[2..4]
    ))
}

/// A moment in RFC 3339: `25 Nov 2026, 22:06 UTC`; as it is where it is none.
pub(super) fn at_time(moment: &str) -> String {
    let compact: String = moment.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    began(&compact).unwrap_or_else(|| moment.to_owned())
}

/// How long something took: `less than a second`, `6 seconds`, `2 min 5 s`, `1 h 4 min`.
pub(super) fn took(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a time that was measured"
    )]
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0 => "less than a second".to_owned(),
        1..60 => counted(whole, "second"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", thousands(whole / 3600), whole % 3600 / 60),
    }
}

/// A moment of a run: `at once`, `12 s`, `2 min 5 s`.
pub(super) fn moment(ms: u64) -> String {
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..10_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        _ => {
            #[expect(clippy::cast_precision_loss, reason = "a time that is rounded")]
            let seconds = ms as f64 / 1000.0;
            match took(seconds).strip_suffix(" seconds") {
                Some(seconds) => format!("{seconds} s"),
                None => took(seconds),
            }
        }
    }
}

/// The API as people name it: without the names that this program gives to practice data.
pub(super) fn place(target: &str) -> String {
    if target.starts_with("sandbox:") {
        return "the practice API (sandbox)".to_owned();
    }
    let bare = target.split_once("://").map_or(target, |(_, rest)| rest);
    bare.trim_end_matches('/').to_owned()
}

/// A file without the folders that it lies in: they are those of one machine.
pub(super) fn file_name(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    if name.is_empty() { path } else { name }
}

/// A message without folders of this machine and without the name of practice data.
pub(super) fn without_folders(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let is_begin =
            before.is_whitespace() || matches!(before, '"' | '\'' | '(' | '`' | '=' | '“');
        // Within quotes a path may hold blanks.
        let quoted = match before {
            '"' | '`' | '\'' => rest.find(before),
            '“' => rest.find('”'),
            _ => None,
        };
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ')' | '`' | ';' | '”');
        let end = quoted.or_else(|| rest.find(ends)).unwrap_or(rest.len());
        let word = &rest[..end];
        if is_begin && is_path(word) {
            out.push_str(file_name_in_text(word));
            before = 'x';
            rest = &rest[end..];
        } else if is_begin && word.starts_with("sandbox:") {
            out.push_str("the practice API (sandbox)");
            let tail = word
                .trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-'));
            out.push_str(tail);
            before = 'x';
            rest = &rest[end..];
        } else {
            out.push(c);
            before = c;
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// Whether a word is a path of a machine: absolute, or relative to the folder that the program was started in.
fn is_path(word: &str) -> bool {
    let bytes = word.as_bytes();
    let has_drive = bytes.len() > 3
        && bytes[0].is_ascii_alphabetic()
        && bytes[1] == b':'
        && matches!(bytes[2], b'\\' | b'/');
    let is_absolute = word.len() > 1 && word.starts_with('/') && !word.starts_with("//");
    has_drive || is_absolute || word.starts_with("./") || word.starts_with("../")
}

/// The last part of a path with what stands behind it in a sentence.
fn file_name_in_text(word: &str) -> &str {
    let bare = word.trim_end_matches(['/', '\\']);
    let name = file_name(bare);
    let from = bare.len() - name.len();
    if name.is_empty() { word } else { &word[from..] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_people_say_them() {
        for (run, words) in [
            ("20261125T220613Z-4f2a07c1", Some("25 Nov 2026, 22:06 UTC")),
            ("20260105T000000Z-4f2a", Some("5 Jan 2026, 00:00 UTC")),
            ("20261325T220613Z-4f2a", None),
            ("2026é125T220613Z-4f", None),
            ("import", None),
            ("", None),
        ] {
            assert_eq!(began(run).as_deref(), words, "{run}");
        }
        for (seconds, words) in [
            (0.0, "less than a second"),
            (0.49, "less than a second"),
            (1.2, "1 second"),
            (59.4, "59 seconds"),
            (59.6, "1 min 0 s"),
            (125.0, "2 min 5 s"),
            (3840.0, "1 h 4 min"),
            (-1.0, "less than a second"),
            (f64::NAN, "less than a second"),
        ] {
            assert_eq!(took(seconds), words);
        }
        for (ms, words) in [
            (250, "250 ms"),
            (1500, "1.5 s"),
            (59_000, "59 s"),
            (61_000, "1 min 1 s"),
        ] {
            assert_eq!(moment(ms), words);
        }
    }

    #[test]
    fn places_of_one_machine_are_left_out() {
        for (text, words) in [
            (
                "/srv/exports/night.csv is 2 days old",
                "night.csv is 2 days old",
            ),
            ("cannot read \"/a b/c.csv\"", "cannot read \"c.csv\""),
            ("folder ./out/x/ is there.", "folder x/ is there."),
            (r"C:\Users\me\e.xlsx: no sheet", "e.xlsx: no sheet"),
            (
                "ask https://orgs.ecg-api.com/v1 again",
                "ask https://orgs.ecg-api.com/v1 again",
            ),
            ("and/or, 3/4/2026, a / b", "and/or, 3/4/2026, a / b"),
            (
                "at sandbox:3f2a-11, again",
                "at the practice API (sandbox), again",
            ),
            (
                "the state (/var/lib/p.db) is locked",
                "the state (p.db) is locked",
            ),
        ] {
            assert_eq!(without_folders(text), words);
        }
        assert_eq!(place("sandbox:3f2a"), "the practice API (sandbox)");
        assert_eq!(place("https://orgs.ecg-api.com/"), "orgs.ecg-api.com");
        assert_eq!(file_name("/srv/x/e.csv"), "e.csv");
        assert_eq!(file_name("e.csv"), "e.csv");
        assert_eq!(file_name("/"), "/");
    }
}
