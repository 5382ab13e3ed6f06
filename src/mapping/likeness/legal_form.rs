//! Words that say what kind of a company it is, and no more of its name.

use std::sync::LazyLock;

use rustc_hash::FxHashSet;

/// Words that are a legal form behind a name, folded.
///
/// Source: the ISO 20275 list of entity legal forms (GLEIF), the abbreviations of the countries with the most entries.
#[rustfmt::skip]
const LEGAL_FORMS: [&str; 118] = [
    "co", "lp", "pc", "ag", "kg", "ug", "ev", "ek", "eg", "se", "sa", "sl", "cv", "rl", "ro",
    "oo", "nv", "bv", "ab", "as", "oy", "hf", "bt", "dd", "ad", "ou", "kk", "gk", "sj", "na",
    "inc", "ltd", "llc", "llp", "plc", "pty", "pvt", "pte", "bhd", "sdn", "mbh", "ohg", "gbr",
    "sas", "snc", "sci", "sca", "scs", "srl", "spa", "slu", "sau", "sab", "sac", "cia", "lda",
    "vof", "vzw", "asa", "aps", "oyj", "ehf", "spk", "sro", "kft", "zrt", "ood", "doo", "sia",
    "uab", "sti", "tbk", "jsc", "fze", "wll", "sal", "sae", "corp", "pllc", "gmbh", "ggmbh",
    "gesmbh", "kgaa", "haftungsbeschrankt", "sarl", "sasu", "eurl", "srls", "sapi", "ltda",
    "eirl", "eireli", "bvba", "sprl", "cvba", "asbl", "nyrt", "eood", "fzco", "ojsc", "cjsc",
    "pjsc", "company", "limited", "limitada", "berhad", "incorporated", "corporation", "ооо",
    "оао", "зао", "пао", "ао", "тов", "αε", "επε", "ικε", "οε",
];

static KNOWN: LazyLock<FxHashSet<&str>> = LazyLock::new(|| LEGAL_FORMS.into_iter().collect());

/// Whether a word is a legal form behind a name.
pub(super) fn is_legal_form(word: &str) -> bool {
    KNOWN.contains(word)
}

/// Words that join the parts of a legal form: `S. de R.L. de C.V.`, `Sp. z o.o.`, `spol. s r.o.`, `Private Limited`.
pub(super) fn is_between_legal_forms(word: &str) -> bool {
    matches!(
        word,
        "de" | "z" | "s" | "y" | "sp" | "spol" | "spolka" | "and" | "und" | "et" | "private"
    )
}

/// Words that are a legal form before a name, or an article.
pub(super) fn is_leading_form(word: &str) -> bool {
    matches!(
        word,
        "the" | "ооо" | "оао" | "зао" | "пао" | "ао" | "тов" | "ooo" | "oao" | "zao" | "pt"
    )
}
