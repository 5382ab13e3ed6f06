//! Constants of a mapping → what their fields take, before the first row is read.

use std::ops::Range;

use super::coerce::{Coerced, coerce_in};
use super::date::{self, Hints, Locale};
use super::error::MappingProblem;
use super::plan::Ready;
use super::rule::Constant;
use crate::diagnostic::masked_numbers;
use crate::partner::FieldKind;

/// Converts a constant to what its field takes.
///
/// # Errors
/// What is wrong with it, at its place in the mapping.
pub(super) fn ready(
    locale: Option<Locale>,
    kind: FieldKind,
    constant: &Constant,
    span: Range<usize>,
) -> Result<Ready, MappingProblem> {
    if kind == FieldKind::FreeForm {
        return Ok(match constant {
            Constant::Text(s) => Ready::Text(s.clone()),
            Constant::Integer(n) => Ready::Integer(*n),
            Constant::Boolean(b) => Ready::Boolean(*b),
            Constant::Float(n) => Ready::Raw(serde_json::json!(n).to_string()),
        });
    }
    let text = constant.to_text();
    if text.is_empty() {
        return Ok(Ready::Text(text));
    }
    if kind == FieldKind::Date {
        let date = date::read_text(&text, &Hints::default())
            .and_then(|r| date::settle(&r, date::Verdict::Silent, &Hints::default()));
        return date
            .map(|settled| Ready::Date(settled.date))
            .map_err(|refusal| {
                let words = format!("the constant \"{text}\" is not a date: {}", refusal.message);
                MappingProblem::new(span, words).with_help("write it as \"2026-03-04\"")
            });
    }
    match coerce_in(locale, kind, &text) {
        Ok(Coerced::Text(t)) => Ok(Ready::Text(t.into_owned())),
        Ok(Coerced::Integer(n)) => Ok(Ready::Integer(n)),
        Ok(Coerced::Boolean(b)) => Ok(Ready::Boolean(b)),
        Err(complaint) => {
            let words = format!(
                "the constant \"{}\" does not fit: {}",
                masked_numbers(&text),
                complaint.message
            );
            let mut problem = MappingProblem::new(span, words);
            problem.help = complaint.hint;
            Err(problem)
        }
    }
}
