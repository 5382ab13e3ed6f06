//! Which columns a template takes values of.

use crate::source::Header;

/// The columns that a template names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TemplateColumns {
    /// `row['Name']` and `row.Name`.
    pub(super) named: Vec<usize>,
    /// It uses the row in a way that only the row shows: `row[column]`, `{% set r = row %}`.
    pub(super) any: bool,
}

/// Names of columns as a template's code has them.
#[derive(Default)]
struct Names {
    named: Vec<String>,
    any: bool,
}

/// Reads a template's code for the columns that it takes.
pub(super) fn template_columns(text: &str, header: &Header) -> TemplateColumns {
    let found = names(text);
    let mut named: Vec<usize> = (found.named.iter())
        .filter_map(|n| header.find(n))
        .collect();
    named.sort_unstable();
    named.dedup();
    TemplateColumns {
        named,
        any: found.any,
    }
}

/// The names of the columns that a template takes, whatever the file has.
pub(super) fn template_names(text: &str) -> Vec<String> {
    names(text).named
}

fn names(text: &str) -> Names {
    let mut found = Names::default();
    let mut rest = text;
    while let Some(begin) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        rest = of_code(&rest[begin + 2..], &mut found);
    }
    found
}

/// Reads code to its end, and returns what is behind it.
fn of_code<'t>(mut rest: &'t str, found: &mut Names) -> &'t str {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut is_attribute = false;
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("}}") || rest.starts_with("%}") {
            return &rest[2..];
        }
        if matches!(c, '\'' | '"') {
            rest = string(rest).map_or("", |(_, behind)| behind);
        } else if is_name(c) {
            let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            let name = &rest[..end];
            rest = &rest[end..];
            if name == "row" && !is_attribute {
                rest = of_row(rest, found);
            }
        } else {
            rest = &rest[c.len_utf8()..];
        }
        is_attribute = c == '.' || (is_attribute && c.is_whitespace());
    }
    ""
}

/// Reads what follows `row`.
fn of_row<'t>(rest: &'t str, found: &mut Names) -> &'t str {
    let rest = rest.trim_start();
    if let Some(inner) = rest.strip_prefix('[') {
        let name = string(inner.trim_start());
        if let Some((name, behind)) = name
            && !name.contains('\\')
            && let Some(behind) = behind.trim_start().strip_prefix(']')
        {
            found.named.push(name.to_owned());
            return behind;
        }
        found.any = true;
        return inner;
    }
    if let Some(inner) = rest.strip_prefix('.') {
        let inner = inner.trim_start();
        let end = inner
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(inner.len());
        let (name, behind) = inner.split_at(end);
        if behind.trim_start().starts_with('(') {
            found.any = true;
        } else {
            found.named.push(name.to_owned());
        }
        return behind;
    }
    found.any = true;
    rest
}

/// A string with its quotes at the beginning: what is in it, and what is behind it.
fn string(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == quote && !escaped {
            return Some((&text[1..at], &text[at + 1..]));
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_a_template_are_found() {
        let names = ["Name", "IBAN", "row"].map(str::to_owned).to_vec();
        let header = Header::new(names);
        for (text, named, any) in [
            ("no code, row['IBAN']", vec![], false),
            ("{{ row['IBAN'] }}", vec![1], false),
            (
                "{{row[\"iban\"]|upper}} {{ row['Name'] }}",
                vec![0, 1],
                false,
            ),
            ("{{ row.IBAN }}", vec![1], false),
            ("{{ row . IBAN }}", vec![1], false),
            (
                "{% if row['Name'] %}x{% else %}{{ row['IBAN'] }}{% endif %}",
                vec![0, 1],
                false,
            ),
            ("{{ row['row'] }}", vec![2], false),
            ("{{ \"row['IBAN']\" }}", vec![], false),
            ("{{ other.row }} {{ rows }} {{ arrow }}", vec![], false),
            ("{{ row[row['Name']] }}", vec![0], true),
            ("{{ row['IB' ~ 'AN'] }}", vec![], true),
            (r"{{ row['IB\x41N'] }}", vec![], true),
            ("{% set r = row %}{{ r['IBAN'] }}", vec![], true),
            ("{{ row|list }}", vec![], true),
            ("{{ row.get('IBAN') }}", vec![], true),
            ("{{ (row)['IBAN'] }}", vec![], true),
            ("{{ row['unclosed", vec![], true),
            ("{{ row['Ghost'] }}", vec![], false),
        ] {
            let columns = TemplateColumns { named, any };
            assert_eq!(template_columns(text, &header), columns, "{text}");
        }
    }
}
