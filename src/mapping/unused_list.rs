//! The comment at the end of a proposal that lists columns without a field: written by the proposal, kept true by what edits it.

use std::fmt::Write as _;

/// The line above them.
const HEADING: &str = "# Columns that fill no field:";

/// The list as text, with an empty line before it; nothing where there is no column.
pub(super) fn list<'c>(columns: impl IntoIterator<Item = (&'c str, String)>) -> String {
    let mut out = String::new();
    for (column, look) in columns {
        if out.is_empty() {
            let _ = write!(out, "\n{HEADING}\n");
        }
        let _ = writeln!(out, "{}   ({look})", entry(column));
    }
    out
}

/// What a line begins with that stands for a column.
fn entry(column: &str) -> String {
    let quoted = toml::Value::from(column).to_string();
    let visible = quoted.chars().map(|c| if c.is_control() { ' ' } else { c });
    format!("#   {}", visible.collect::<String>())
}

/// The text without the lines of the list that stand for these columns; without the list where nothing is left of it.
pub(super) fn without(text: &str, columns: &[String]) -> String {
    let entries: Vec<String> = columns.iter().map(|c| entry(c)).collect();
    let is_one = |line: &str| {
        let begins = |entry: &String| line.strip_prefix(entry.as_str());
        let behind = entries.iter().find_map(begins);
        behind.is_some_and(|behind| behind.is_empty() || behind.starts_with(' '))
    };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let Some(heading) = lines.iter().position(|l| l.trim_end() == HEADING) else {
        return text.to_owned();
    };
    let of_list = lines[heading + 1..]
        .iter()
        .take_while(|l| l.starts_with("#   "));
    let end = heading + 1 + of_list.count();
    let kept: Vec<&str> = (lines[heading + 1..end].iter().copied())
        .filter(|line| !is_one(line.trim_end()))
        .collect();
    if kept.len() == end - heading - 1 {
        return text.to_owned();
    }
    let begin = match kept.is_empty() {
        false => heading + 1,
        true if heading > 0 && lines[heading - 1].trim_end().is_empty() => heading - 1,
        true => heading,
    };
    [&lines[..begin], &kept, &lines[end..]].concat().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_that_is_used_leaves_the_list_and_the_last_takes_it_along() {
        let before = "key = \"Id\"\n";
        let names = ["Fax", "Fax \"2\"", "Fax 3"];
        let all = names.map(|name| (name, "3 filled".to_owned()));
        let text = [before, &list(all), "# my own remark\n"].concat();
        assert_eq!(without(&text, &["Phone".to_owned()]), text);
        // Another column with the same beginning stays.
        let one = without(&text, &["Fax".to_owned()]);
        assert_eq!(one, text.replace("#   \"Fax\"   (3 filled)\n", ""));
        let names = names.map(str::to_owned);
        assert_eq!(
            without(&text, &names),
            [before, "# my own remark\n"].concat()
        );
        let windows = text.replace('\n', "\r\n");
        let expected = one.replace('\n', "\r\n");
        assert_eq!(without(&windows, &["Fax".to_owned()]), expected);
    }

    #[test]
    fn what_only_looks_like_the_list_stays() {
        let text = "#   \"Fax\"   (a remark)\nkey = \"Fax\"\n";
        assert_eq!(without(text, &["Fax".to_owned()]), text);
        assert_eq!(list([]), "");
    }
}
