//! What words mean: a table of a column's words, and the repair of one word beside its problem.

use super::forms::{Asked, FormReader, Made, STALE, asked, constant};
use super::view::wrong_values;
use crate::mapping::Constant;
use crate::mapping::edit::{Change, Place, RulePart};
use crate::partner::field_name;

type Entry = (String, Constant);

/// The entry of a map for a word: that of its own spelling, else one that differs only in case.
fn entry_of<'m>(map: &'m [Entry], word: &str) -> Option<&'m Entry> {
    let folded = |text: &str| text.trim().to_lowercase();
    let exact = map.iter().find(|(from, _)| from == word);
    exact.or_else(|| map.iter().find(|(from, _)| folded(from) == folded(word)))
}

impl FormReader<'_> {
    /// What the words of a column mean, of those that the page shows.
    pub(super) fn words(&self) -> Made<Asked> {
        let (_, path, kind) = self.path("field")?;
        let (model, rule) = self.rule(self.form.text("field"))?;
        let (column, _) = self.column("column")?;
        let map = &model.mapping.rules[rule].rule.map;
        let facts = self.bench.explored.facts.columns.get(column);
        let known = facts.map_or(&[][..], |f| &f.words);
        let mut changes = Vec::new();
        for (name, becomes) in self.form.pairs() {
            let Some(index) = name.strip_prefix("word.") else {
                continue;
            };
            let index: Option<usize> = index.parse().ok();
            let (word, _) = index
                .and_then(|i| known.get(i))
                .ok_or_else(|| STALE.to_owned())?;
            let entry = entry_of(map, word);
            let now = entry.map_or_else(String::new, |(_, to)| to.to_text());
            let becomes = becomes.trim();
            if becomes == now {
                continue;
            }
            changes.push(FormReader::part(
                &path,
                RulePart::Word {
                    word: entry.map_or(word, |(from, _)| from).clone(),
                    becomes: (!becomes.is_empty()).then(|| constant(kind, becomes)),
                },
            ));
        }
        let count = changes.len() as u64;
        // When every word that the field does not take is given a meaning, the line's question is answered.
        let given = |word: &String| {
            let index = known.iter().position(|(w, _)| w == word);
            let named = index.map(|i| format!("word.{i}"));
            named.is_some_and(|name| !self.form.text(&name).is_empty())
        };
        let name = self.column("column")?.1;
        let is_answered = wrong_values(self.bench, &name).iter().all(given);
        if count > 0 && is_answered && model.mapping.rules[rule].rule.question.is_some() {
            let place = Place::Field(path.clone());
            let question = None;
            changes.push(Change::Decide { place, question });
        }
        let words = match count {
            0 => "No word was changed.".to_owned(),
            count => format!("{} changed.", crate::diagnostic::counted(count, "word")),
        };
        Ok(asked(changes, words))
    }

    /// What one word means that its field does not take.
    pub(super) fn means(&self) -> Made<Asked> {
        let (text, path, kind) = self.path("field")?;
        let (model, rule) = self.rule(&text)?;
        let rule = &model.mapping.rules[rule].rule;
        let (word, becomes) = (self.form.text("word"), self.form.text("becomes"));
        if word.is_empty() {
            return Err(STALE.to_owned());
        }
        if becomes.is_empty() {
            return Err(format!("Say what “{word}” means."));
        }
        let word = entry_of(&rule.map, word).map_or(word, |(from, _)| from);
        let part = RulePart::Word {
            word: word.to_owned(),
            becomes: Some(constant(kind, becomes)),
        };
        let words = format!("“{word}” now means {becomes} for {}.", field_name(&text));
        Ok(asked(vec![FormReader::part(&path, part)], words))
    }

    /// A word that means an empty cell, wherever it is in the file.
    pub(super) fn null(&self) -> Made<Asked> {
        let word = self.form.text("word").to_owned();
        if word.is_empty() {
            return Err(STALE.to_owned());
        }
        let words = format!("“{word}” now means an empty cell, in the whole file.");
        let is_null = true;
        Ok(asked(vec![Change::NullWord { word, is_null }], words))
    }
}
