//! Texts cut to what a cell of a workbook takes.

use crate::partner::SourceValue;

/// Characters of a cell. Source: Excel's limits.
const MOST_CHARACTERS: usize = 32_767;

/// A value that a cell takes.
pub(super) fn clipped(value: SourceValue<'_>) -> SourceValue<'_> {
    match value {
        SourceValue::Text(text) if text.len() > MOST_CHARACTERS => {
            let end = text.char_indices().nth(MOST_CHARACTERS);
            SourceValue::Text(end.map_or(text, |(end, _)| &text[..end]))
        }
        value => value,
    }
}

/// A text that a cell takes.
pub(super) fn clip(text: impl Into<String>) -> String {
    let mut text = text.into();
    if text.len() > MOST_CHARACTERS
        && let Some((end, _)) = text.char_indices().nth(MOST_CHARACTERS)
    {
        text.truncate(end);
    }
    text
}
