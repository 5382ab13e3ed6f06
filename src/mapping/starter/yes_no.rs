//! Words for yes and no in the languages of exports, beside those that every mapping knows.

/// A word in small letters, the language in which it is one (none where it is one in several), and whether it means yes.
const WORDS: &[(&str, Option<&str>, bool)] = &[
    ("ja", None, true),
    ("nein", Some("de"), false),
    ("wahr", Some("de"), true),
    ("falsch", Some("de"), false),
    ("nee", Some("nl"), false),
    ("waar", Some("nl"), true),
    ("onwaar", Some("nl"), false),
    ("oui", Some("fr"), true),
    ("non", Some("fr"), false),
    ("vrai", Some("fr"), true),
    ("faux", Some("fr"), false),
    ("sí", Some("es"), true),
    ("si", None, true),
    ("verdadero", Some("es"), true),
    ("sim", Some("pt"), true),
    ("não", Some("pt"), false),
    ("nao", Some("pt"), false),
    ("verdadeiro", Some("pt"), true),
    ("sì", Some("it"), true),
    ("vero", Some("it"), true),
    ("falso", None, false),
];

/// Letters for yes, each only where the column's other word is the one beside it: an S alone may be anything.
const LETTERS: &[(&str, &str)] = &[("j", "n"), ("s", "n"), ("o", "n"), ("v", "f")];

/// What a word of a column means, by the column's other words; none where it is neither yes nor no.
pub(super) fn meaning(word: &str, all: &[String]) -> Option<bool> {
    let word = word.to_lowercase();
    if let Some((_, _, yes)) = WORDS.iter().find(|(w, _, _)| *w == word) {
        return Some(*yes);
    }
    let has = |wanted: &str| all.iter().any(|w| w.to_lowercase() == wanted);
    LETTERS
        .iter()
        .any(|(yes, no)| *yes == word && has(no))
        .then_some(true)
}

/// The language of words for yes and no, where they are those of one language.
pub(super) fn language(words: &[String]) -> Option<&'static str> {
    let mut found = words.iter().filter_map(|word| {
        let word = word.to_lowercase();
        WORDS.iter().find(|(w, _, _)| *w == word)?.1
    });
    let first = found.next()?;
    found.all(|language| language == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_mean_yes_only_beside_their_no() {
        let words = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        for (word, all, expected) in [
            ("Ja", &["Ja", "Nein"][..], Some(true)),
            ("NEIN", &["NEIN"], Some(false)),
            ("J", &["J", "N"], Some(true)),
            ("S", &["S", "N"], Some(true)),
            ("S", &["S", "M", "L"], None),
            ("O", &["O"], None),
            ("V", &["V", "F"], Some(true)),
            ("Não", &["Sim", "Não"], Some(false)),
            ("vielleicht", &["Ja"], None),
        ] {
            assert_eq!(meaning(word, &words(all)), expected, "{word} of {all:?}");
        }
        assert_eq!(language(&words(&["Ja", "Nein"])), Some("de"));
        assert_eq!(language(&words(&["Ja"])), None);
        assert_eq!(language(&words(&["Oui", "Nee"])), None);
    }
}
