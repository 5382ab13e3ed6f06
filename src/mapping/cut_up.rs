//! A file whose columns were not told apart: what to do about it.

/// What to do where a file has none of the columns: one column whose name holds several was cut up wrongly.
pub(super) fn cut_up_wrongly<'n>(mut names: impl Iterator<Item = &'n str>) -> String {
    let (Some(only), None) = (names.next(), names.next()) else {
        return "Is it the right export, and the right mapping?".to_owned();
    };
    // What the reader tries by itself was in quotes, or it would have cut there.
    if only.contains([',', ';', '\t', '|']) {
        return "Each line of the file is one cell, probably because whole lines are in quotes: export it again so that each cell has its own quotes, or none.".to_owned();
    }
    let is_sign = |c: &char| {
        c.is_ascii_punctuation() && !matches!(c, '_' | '-' | '.' | '(' | ')' | '"' | '\'')
    };
    let sign = only.chars().find(is_sign);
    match sign.filter(|sign| only.matches(*sign).count() > 1) {
        Some(sign) if only.contains(&format!("{sign}{sign}")) => format!(
            "Its columns are separated by more than one character ({sign}{sign}): export it with commas or semicolons."
        ),
        Some(sign) => format!("Its columns are separated by {sign}: [source] delimiter = \"{sign}\" says so."),
        None => "Is it the right export, and the right mapping? If these are several columns in one, no delimiter was found between them: export the file with commas, or name what separates them: [source] delimiter = \";\".".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_name_what_is_between_the_columns() {
        for (names, words) in [
            (
                &["Id", "Name"][..],
                "Is it the right export, and the right mapping?",
            ),
            (&["Id,Name,City"], "whole lines are in quotes"),
            (&["Id^Name^City"], "[source] delimiter = \"^\""),
            (&["Id::Name::City"], "more than one character (::)"),
            (&["Id  Name  (City)"], "no delimiter was found"),
            (&["Id/Name"], "no delimiter was found"),
        ] {
            let said = cut_up_wrongly(names.iter().copied());
            assert!(said.contains(words), "{names:?}: {said}");
        }
    }
}
