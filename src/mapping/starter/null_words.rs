//! Words by which databases and programs write that there is nothing, in text files.

/// As they are written. A person may be called Null: in other letters they are none.
const NULL_WORDS: [&str; 10] = [
    "NULL", "null", "\\N", "nan", "NaN", "(null)", "(NULL)", "#N/A", "<NULL>", "<null>",
];

/// The word, where a text is one.
pub(super) fn null_word(text: &str) -> Option<&'static str> {
    // Nearly all texts begin with another character.
    if !text.starts_with(['N', 'n', '\\', '(', '#', '<']) {
        return None;
    }
    NULL_WORDS.into_iter().find(|word| *word == text)
}
