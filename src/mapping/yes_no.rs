//! Words for yes and no: English always, another language where `[source] locale` names it.

use super::date::Locale;
use super::decimal::whole;
use super::plain::plain;

type Words = &'static [&'static str];

/// Yes and no in English and in numbers, in lower case.
const ENGLISH: (Words, Words) = (
    &[
        "true", "yes", "y", "1", "x", "t", "on", "active", "checked", "enabled", "✓", "✔", "☑",
        "✅",
    ],
    &[
        "false",
        "no",
        "n",
        "0",
        "f",
        "off",
        "inactive",
        "unchecked",
        "disabled",
        "☐",
    ],
);

/// The words of a language beside the English ones: yes and no, true and false as spreadsheets write them in that
/// language, active and inactive, and the first letters that are usual.
fn words(locale: Locale) -> (Words, Words) {
    match locale {
        Locale::English => ENGLISH,
        Locale::German => (
            &["ja", "j", "wahr", "w", "ein", "an", "aktiv"],
            &["nein", "n", "falsch", "f", "aus", "inaktiv"],
        ),
        Locale::French => (
            &["oui", "o", "vrai", "v", "actif", "active"],
            &["non", "n", "faux", "f", "inactif", "inactive"],
        ),
        Locale::Spanish => (
            &["sí", "si", "s", "verdadero", "v", "activo", "activa"],
            &["no", "n", "falso", "f", "inactivo", "inactiva"],
        ),
        Locale::Italian => (
            &["sì", "si", "s", "vero", "v", "attivo", "attiva"],
            &["no", "n", "falso", "f", "inattivo", "inattiva"],
        ),
        Locale::Portuguese => (
            &["sim", "s", "verdadeiro", "v", "ativo", "ativa", "activo"],
            &[
                "não", "nao", "n", "falso", "f", "inativo", "inativa", "inactivo",
            ],
        ),
        Locale::Dutch => (
            &["ja", "j", "waar", "w", "aan", "actief"],
            &["nee", "neen", "n", "onwaar", "o", "uit", "inactief"],
        ),
    }
}

/// What a word says, by the English words and those of the locale.
pub(super) fn read(text: &str, locale: Option<Locale>) -> Option<bool> {
    let text = &*plain(text);
    // The mark that asks for a coloured sign is none itself.
    let text = whole(text.trim_end_matches('\u{fe0f}'));
    let (yes, no) = ENGLISH;
    let is_one_of = |words: Words| words.iter().any(|w| w.eq_ignore_ascii_case(text));
    if is_one_of(yes) {
        return Some(true);
    }
    if is_one_of(no) {
        return Some(false);
    }
    locale.and_then(|locale| says(locale, &text.to_lowercase()))
}

fn says(locale: Locale, lower: &str) -> Option<bool> {
    let (yes, no) = words(locale);
    match (yes.contains(&lower), no.contains(&lower)) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    }
}

/// The way out for a word of another language: `"Ja" is yes in German: set [source] locale = "de".`
pub(super) fn hint(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let said: Vec<String> = (Locale::ALL.iter())
        .filter_map(|(locale, word, language)| {
            let is = if says(*locale, &lower)? { "yes" } else { "no" };
            Some(format!("{is} in {language} (locale = \"{word}\")"))
        })
        .collect();
    (!said.is_empty()).then(|| {
        format!(
            "It is {}. In the mapping: name the language under [source] locale.",
            said.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_in_their_language_only() {
        for (locale, yes, no) in [
            ("de", "Ja J WAHR Aktiv", "Nein N FALSCH Inaktiv"),
            ("fr", "Oui O VRAI Actif", "Non N FAUX Inactif"),
            ("es", "Sí SÍ Si S VERDADERO V", "No N FALSO"),
            ("it", "Sì si VERO", "No FALSO"),
            ("pt", "Sim S VERDADEIRO V", "Não NAO N FALSO"),
            ("nl", "Ja J WAAR", "Nee N ONWAAR"),
            ("de-AT", "ja", "nein"),
        ] {
            let locale = Locale::from_word(locale);
            for (words, says) in [(yes, true), (no, false)] {
                for word in words.split(' ') {
                    assert_eq!(read(word, locale), Some(says), "{word} {locale:?}");
                }
            }
            // English is always read.
            assert_eq!(
                (read("Y", locale), read("FALSE", locale)),
                (Some(true), Some(false))
            );
        }
        for word in [
            "Ja", "J", "Nein", "Oui", "Sí", "S", "V", "Sim", "Não", "WAHR", "Nei", "да",
        ] {
            assert_eq!(read(word, None), None, "{word}");
        }
        assert_eq!(read("Oui", Locale::from_word("de")), None);
        assert_eq!(
            hint("Sim").as_deref(),
            Some(
                "It is yes in Portuguese (locale = \"pt\"). In the mapping: name the language under [source] locale."
            )
        );
        assert_eq!(hint("perhaps"), None);
    }

    /// No language turns an English word round, and no word of a language is both.
    #[test]
    fn no_word_says_both() {
        for (locale, ..) in Locale::ALL {
            let (yes, no) = words(locale);
            for (words, says) in [(yes, true), (no, false)] {
                for word in words {
                    assert_eq!(read(word, Some(locale)), Some(says), "{word} {locale:?}");
                    assert_eq!(*word, word.to_lowercase());
                }
            }
        }
    }
}
