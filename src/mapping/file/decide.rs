//! Questions in a mapping: `init` puts `decide = "…?"` on each line that only a person can answer, and no run takes the mapping
//! before the word is taken out. A trial takes it all the same, and keeps the questions.

use toml::de::DeTable;

use super::{Reader, Value};
use crate::mapping::error::MappingProblem;
use crate::mapping::rule::Question;

/// The word of a question.
pub(super) const DECIDE: &str = "decide";

impl Reader {
    /// Whether a table has a question, which is a problem then; `has_answer` says that what is asked about is there, and only to be
    /// confirmed.
    pub(super) fn is_undecided(
        &mut self,
        what: &str,
        table: &DeTable<'_>,
        has_answer: bool,
    ) -> bool {
        let Some((key, question)) = table.get_key_value(DECIDE) else {
            return false;
        };
        let Some(text) = self.text(question, DECIDE) else {
            return true;
        };
        let help = if has_answer {
            "if the line is right, remove decide = \"…\" from it; if not, correct it or delete it"
        } else {
            "write the answer in place of { decide = \"…\" }"
        };
        if self.is_trial && (has_answer || what != "key") {
            self.questions.push(Question {
                about: what.to_owned(),
                text: text.text,
            });
            return true;
        }
        let span = key.span().start..text.span.end;
        self.problems.push(
            MappingProblem::new(span, format!("{what} is not decided yet: {}", text.text))
                .with_help(help),
        );
        true
    }

    /// The value of the key or of a setting, which may be in a table beside its question: `{ value = "dmy", decide = "…?" }`.
    /// None where the answer is missing.
    pub(super) fn answer<'v, 'i>(
        &mut self,
        what: &str,
        value: &'v Value<'i>,
        names: &[&str],
    ) -> Option<&'v Value<'i>> {
        let Some(table) = value.get_ref().as_table() else {
            return Some(value);
        };
        let mut answers = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if names.contains(&name) {
                answers.push(value);
            } else if name != DECIDE {
                self.unknown(
                    key.span(),
                    &format!("word of {what}"),
                    name,
                    names.iter().copied(),
                );
            }
        }
        let is_undecided = self.is_undecided(what, table, !answers.is_empty());
        match answers[..] {
            [answer] => Some(answer),
            _ => {
                if !is_undecided {
                    self.problem(
                        value.span(),
                        format!("{what} needs exactly one of {}", names.join(", ")),
                    );
                }
                None
            }
        }
    }
}
