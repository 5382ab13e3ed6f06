//! What the TOML library says of a configuration file, in words for whoever wrote it.

use super::env::ALIKE;

/// What the libraries call what they found or expected, and what a person does. Source: `serde::de::Unexpected`, and `expecting` of
/// serde's own types.
const NAMES: [(&str, &str); 14] = [
    ("integer ", "the number "),
    ("floating point ", "the number "),
    ("boolean ", ""),
    ("sequence", "a list"),
    ("map", "a section"),
    ("a sequence", "a list, as [\"ONE\", \"TWO\"]"),
    ("a string", "a text in quotes"),
    ("path string", "a text in quotes"),
    ("a boolean", "true or false"),
    ("u16", "a whole number"),
    ("u32", "a whole number"),
    ("u64", "a whole number"),
    ("usize", "a whole number"),
    ("f64", "a number"),
];

/// The message of the library, reworded where it is one of those that are known. A text of the file that has the wrong type may be a
/// secret, and is not repeated.
pub(super) fn reworded(message: &str) -> String {
    let message = without_texts(message);
    let Some((what, expected)) = message.split_once(", expected ") else {
        return message.strip_prefix("missing field ").map_or_else(
            || message.clone(),
            |name| format!("{} is missing", unquoted(name)),
        );
    };
    if let Some(word) = what.strip_prefix("unknown variant ") {
        let (word, words) = (unquoted(word), alternatives(expected));
        return format!("\"{word}\" is unknown: write {}", listed(&words));
    }
    if let Some(name) = what.strip_prefix("unknown field ") {
        let (name, names) = (unquoted(name), alternatives(expected));
        let meant = match nearest(name, &names) {
            Some(meant) => format!(": did you mean {meant}?"),
            None => ".".to_owned(),
        };
        let names = names.join(", ");
        return format!("there is no key {name} here{meant} The keys of this section: {names}");
    }
    for kind in ["invalid type: ", "invalid value: "] {
        if let Some(found) = what.strip_prefix(kind) {
            return format!("{} belongs here, not {}", named(expected), named(found));
        }
    }
    message
}

/// What serde says of a text of the wrong type, without the text: `invalid type: string "…", expected a sequence`.
fn without_texts(message: &str) -> String {
    let Some((before, rest)) = message.split_once("string \"") else {
        return message.to_owned();
    };
    // The text itself may hold anything, so what follows it is looked for from behind.
    let expected = rest.rfind("\", expected").map_or("", |at| &rest[at + 1..]);
    format!("{before}a text{expected}")
}

fn nearest<'n>(name: &str, names: &[&'n str]) -> Option<&'n str> {
    let name = name.to_lowercase();
    let alike = names.iter().map(|n| (strsim::jaro_winkler(&name, n), *n));
    let alike = alike.filter(|(score, _)| *score >= ALIKE);
    alike.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, n)| n)
}

fn unquoted(name: &str) -> &str {
    name.trim_matches('`')
}

/// The names of "one of `a`, `b`" or "`a` or `b`".
fn alternatives(expected: &str) -> Vec<&str> {
    expected.split('`').skip(1).step_by(2).collect()
}

fn listed(words: &[&str]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [one] => (*one).to_owned(),
        [some @ .., last] => format!("{} or {last}", some.join(", ")),
    }
}

fn named(what: &str) -> String {
    if what.starts_with("struct ") {
        return "a section".to_owned();
    }
    let known = NAMES.iter().find(|(said, _)| {
        said.strip_suffix(' ')
            .map_or(what == *said, |_| what.starts_with(said))
    });
    known.map_or_else(
        || what.to_owned(),
        |(said, name)| match said.strip_suffix(' ') {
            Some(_) => format!("{name}{}", unquoted(&what[said.len()..])),
            None => (*name).to_owned(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_library_says_is_reworded() {
        for (said, words) in [
            (
                "unknown variant `report`, expected `problem` or `note`",
                "\"report\" is unknown: write problem or note",
            ),
            (
                "unknown variant `x`, expected one of `a`, `b`, `c`",
                "\"x\" is unknown: write a, b or c",
            ),
            (
                "unknown field `on_chang`, expected one of `name`, `on_change`",
                "there is no key on_chang here: did you mean on_change? The keys of this section: name, on_change",
            ),
            (
                "unknown field `zzz`, expected `dir`",
                "there is no key zzz here. The keys of this section: dir",
            ),
            ("missing field `name`", "name is missing"),
            (
                "invalid type: string \"HUSH\", expected u64",
                "a whole number belongs here, not a text",
            ),
            (
                "invalid type: string \"a\", expected b\", expected a sequence",
                "a list, as [\"ONE\", \"TWO\"] belongs here, not a text",
            ),
            (
                "invalid value: integer `-4`, expected u64",
                "a whole number belongs here, not the number -4",
            ),
            (
                "invalid type: boolean `true`, expected a string",
                "a text in quotes belongs here, not true",
            ),
            (
                "invalid type: map, expected struct ReportSection",
                "a section belongs here, not a section",
            ),
            (
                "invalid type: sequence, expected path string",
                "a text in quotes belongs here, not a list",
            ),
            (
                "something, expected otherwise",
                "something, expected otherwise",
            ),
            ("duplicate key", "duplicate key"),
        ] {
            assert_eq!(reworded(said), words);
        }
    }
}
