//! The comments and lines of a text.

use toml::Table;

/// The comments of a TOML text, by a reader that knows only strings and line ends.
pub(super) fn comments(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\'', '#']) {
        let tail = &rest[at..];
        let quote = &tail[..1];
        if quote == "#" {
            let end = tail.find(['\r', '\n']).unwrap_or(tail.len());
            found.push(tail[..end].to_owned());
            rest = &tail[end..];
            continue;
        }
        let triple = quote.repeat(3);
        let mark = if tail.starts_with(&triple) {
            &triple[..]
        } else {
            quote
        };
        let mut inner = &tail[mark.len()..];
        loop {
            let end = inner.find(mark);
            let escape = (quote == "\"").then(|| inner.find('\\')).flatten();
            match (end, escape) {
                (Some(end), Some(escape)) if escape < end => inner = &inner[escape + 2..],
                (Some(end), _) => {
                    inner = &inner[end + mark.len()..];
                    break;
                }
                (None, _) => panic!("{text}"),
            }
        }
        rest = inner;
    }
    found
}

/// A line that is only there as a comment may be used again: its own comment is what has to stay.
pub(super) fn core(comment: &str) -> Vec<String> {
    let inner = comment.trim_start_matches('#');
    if inner.parse::<Table>().is_ok_and(|t| !t.is_empty()) {
        comments(inner)
    } else {
        vec![comment.to_owned()]
    }
}

/// How many lines went, and how many came.
pub(super) fn lines_changed(before: &str, after: &str) -> (usize, usize) {
    let (went, came) = lines(before, after);
    (went.len(), came.len())
}

/// Whether one rule was changed: in a line, or in the few lines of a table of its own, which stay as comments.
pub(super) fn is_one_rule(before: &str, after: &str) -> bool {
    let (went, came) = lines(before, after);
    let are_comments = || {
        let commented = went.iter().map(|line| format!("# {line}"));
        commented.eq(came.iter().map(|line| (*line).to_owned()))
    };
    went.len() <= 3 && came.len() <= 3 && (went.len().min(came.len()) <= 1 || are_comments())
}

/// Lines that went, and lines that came.
fn lines<'t>(before: &'t str, after: &'t str) -> (Vec<&'t str>, Vec<&'t str>) {
    let (mut a, mut b): (Vec<_>, Vec<_>) = (
        before.split_inclusive('\n').collect(),
        after.split_inclusive('\n').collect(),
    );
    let same = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let ends = (a[same..].iter().rev())
        .zip(b[same..].iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    a.truncate(a.len() - ends);
    b.truncate(b.len() - ends);
    (a.split_off(same), b.split_off(same))
}
