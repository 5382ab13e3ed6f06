//! The forms of a lookup file: which file, its columns, and what becomes of words that are not in it.

use super::forms::{Asked, FormReader, Made, STALE, asked, constant};
use super::lookup::{beside, folder, stamp};
use crate::diagnostic::Code;
use crate::mapping::edit::{Change, Level, LookupFile, Place, RulePart};
use crate::mapping::{Feed, Lookup, TableColumn, table_columns};
use crate::partner::field_name;

impl FormReader<'_> {
    /// Chooses a file, or other columns of the one that there is.
    pub(super) fn lookup(&self) -> Made<Asked> {
        let (text, path, _) = self.path("field")?;
        let (model, rule) = self.rule(&text)?;
        let known = model.mapping.rules[rule].rule.lookup.as_ref();
        let file = self.form.text("file");
        let name = field_name(&text);
        if file.is_empty() {
            let words = format!("The words of {name} are not looked up in a file any more.");
            let part = FormReader::part(&path, RulePart::Lookup(None));
            return Ok(asked(vec![part], words));
        }
        let (lookup, question) = match known {
            Some(known) if known.file.text == file => (self.columns(known)?, None),
            _ => self.chosen(file, &text)?,
        };
        let words = format!(
            "The words of {name} are looked up in “{}” of {file} and become what “{}” says.",
            lookup.from, lookup.to
        );
        let changes = vec![
            FormReader::part(&path, RulePart::Lookup(Some(lookup))),
            Change::Decide {
                place: Place::Field(path),
                question,
            },
        ];
        let broken = |words: String| format!("{file} cannot be used so.\n{words}");
        self.bench.try_changes(&changes).map_err(broken)?;
        Ok(asked(changes, words))
    }

    /// The columns that a form names, of the file that the mapping has, as long as it is still the one that was shown.
    fn columns(&self, known: &Lookup) -> Made<LookupFile> {
        let (path, _) = known.read.as_ref().ok_or_else(|| STALE.to_owned())?;
        if self.form.text("seen") != stamp(path) {
            return Err(format!(
                "{} has changed on the disk since its columns were shown. Look at them and choose again.",
                known.file.text
            ));
        }
        let (from, to) = (self.form.text("from"), self.form.text("to"));
        if from == to {
            return Err(
                "Choose two different columns: the words, and what they become.".to_owned(),
            );
        }
        Ok(LookupFile {
            file: known.file.text.clone(),
            from: from.to_owned(),
            to: to.to_owned(),
        })
    }

    /// The file of a name, with the columns that fit best. Where they could be others, that is a question.
    fn chosen(&self, file: &str, field: &str) -> Made<(LookupFile, Option<String>)> {
        let (model, rule) = self.rule(field)?;
        let rule = &model.mapping.rules[rule];
        let column = match &rule.rule.feed {
            Feed::Column(column) => Some(column),
            Feed::Columns(columns) => columns.first(),
            _ => None,
        };
        let column = column.and_then(|c| self.bench.explored.header.find(&c.text));
        let column = column.ok_or_else(|| {
            "Only a field that a column fills can look its words up in a file.".to_owned()
        })?;
        let path = beside(&folder(&self.bench.path), file)?;
        let facts = self.bench.explored.facts.columns.get(column);
        let words: Vec<&str> = facts.map_or_else(Vec::new, |facts| {
            let few = facts.words.iter().map(|(word, _)| word.as_str());
            few.chain(facts.samples.iter().map(String::as_str))
                .collect()
        });
        let columns = table_columns(&path, &words, rule.field.kind)?;
        let (from, to) = best(&columns).ok_or_else(|| {
            format!(
                "{file} has one column. A lookup file has two: the words, and what they become."
            )
        })?;
        let lookup = LookupFile {
            file: file.to_owned(),
            from: columns[from].name.clone(),
            to: columns[to].name.clone(),
        };
        let question = (columns.len() > 2).then(|| {
            format!(
                "are words looked up in \"{}\" of {file}, and do they become \"{}\"?",
                lookup.from, lookup.to
            )
        });
        Ok((lookup, question))
    }

    /// What becomes of words that are not in the file.
    pub(super) fn missing(&self) -> Made<Asked> {
        let (text, path, kind) = self.path("field")?;
        let (model, rule) = self.rule(&text)?;
        let rule = &model.mapping.rules[rule].rule;
        let validation = &model.mapping.validation;
        let default = self.form.text("default");
        let (level, becomes, words) = match self.form.text("missing") {
            "error" => (None, None, "A row whose word is not in the file is not sent.".to_owned()),
            "leave_out" => (
                Some(Level::Allow),
                None,
                "A row whose word is not in the file is sent without it, for every lookup file of this mapping.".to_owned(),
            ),
            "send" if default.is_empty() => {
                return Err("Type the value that is sent where a word is not in the file.".to_owned());
            }
            "send" => (None, Some(default), format!("A word that is not in the file, and an empty cell, become {default}.")),
            _ => return Err(STALE.to_owned()),
        };
        let mut changes = Vec::new();
        if becomes.is_some() || rule.default.is_some() {
            let default = becomes.map(|value| constant(kind, value));
            changes.push(FormReader::part(&path, RulePart::Default(default)));
        }
        let is_allowed = validation.allow.contains(&Code::LookupMissed);
        if becomes.is_none() && is_allowed != level.is_some() {
            changes.push(Change::Level {
                code: Code::LookupMissed.as_str().to_owned(),
                level,
            });
        }
        Ok(asked(changes, words))
    }
}

/// The columns of the words and of what they become: that which has most of the words, and of the others that which the field
/// takes best.
fn best(columns: &[TableColumn]) -> Option<(usize, usize)> {
    let at = |better: &dyn Fn(&TableColumn) -> (usize, usize), not: Option<usize>| {
        let others = columns
            .iter()
            .enumerate()
            .filter(|(at, _)| Some(*at) != not);
        // The first of several that are as good.
        let best = others.rev().max_by_key(|(_, column)| better(column));
        best.map(|(at, _)| at)
    };
    let from = at(&|c| (c.words, 0), None)?;
    let share = |c: &TableColumn| (c.fits.0 * 1000).checked_div(c.fits.1).unwrap_or(0);
    let to = at(&|c| (share(c), c.filled.min(1)), Some(from))?;
    Some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_that_fit_best_are_proposed() {
        let column = |words, filled, fits| TableColumn {
            name: String::new(),
            words,
            filled,
            fits,
        };
        for (columns, expected) in [
            (
                vec![column(0, 3, (3, 3)), column(2, 3, (0, 3))],
                Some((1, 0)),
            ),
            (
                vec![
                    column(0, 3, (1, 3)),
                    column(2, 3, (0, 3)),
                    column(0, 3, (3, 3)),
                ],
                Some((1, 2)),
            ),
            (
                vec![column(0, 3, (3, 3)), column(0, 3, (3, 3))],
                Some((0, 1)),
            ),
            (vec![column(0, 3, (3, 3))], None),
            (vec![], None),
        ] {
            assert_eq!(best(&columns), expected);
        }
    }
}
