//! Currencies: codes of ISO 4217, and the names of the two that exports mostly have.

use iso_currency::Currency;

use super::fold::{fold, parts};

/// Names that mean one currency only, folded. `$`, `£` and `dollar` are several countries' own.
const NAMES: &[(&str, &str)] = &[
    ("€", "EUR"),
    ("euro", "EUR"),
    ("euros", "EUR"),
    ("us$", "USD"),
    ("us dollar", "USD"),
    ("us dollars", "USD"),
    ("united states dollar", "USD"),
    ("united states dollars", "USD"),
];

/// The code of a currency by its code or name, or by both: `USD - US Dollar`, `Swiss Franc (CHF)`.
pub(in crate::mapping) fn currency_of(text: &str) -> Option<&'static str> {
    let text = text.trim();
    if let Some(code) = by_code(text) {
        return Some(code);
    }
    let lower = text.to_lowercase();
    let folded = fold(text);
    let named = |(name, _): &&(&str, &str)| *name == lower || *name == folded;
    if let Some((_, code)) = NAMES.iter().find(named) {
        return Some(code);
    }
    let (front, back) = text.split_once(" - ").or_else(|| parts(text))?;
    // In capitals, and beside a name: not two currencies, and no amount.
    let code_of = |code: &str, name: &str| {
        let is_name = !name.contains(|c: char| c.is_numeric()) && by_code(name).is_none();
        by_code(code).filter(|known| *known == code && is_name)
    };
    code_of(front, back).or_else(|| code_of(back, front))
}

fn by_code(text: &str) -> Option<&'static str> {
    let is_code = text.len() == 3 && text.is_ascii();
    let upper = is_code.then(|| text.to_ascii_uppercase())?;
    Currency::from_code(&upper).map(|currency| currency.code())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_of_one_currency_are_read() {
        for (text, code) in [
            ("usd", "USD"),
            ("US$", "USD"),
            ("US Dollars", "USD"),
            ("U.S. Dollar", "USD"),
            ("€", "EUR"),
            ("Euro", "EUR"),
            ("USD - US Dollar", "USD"),
            ("Swiss Franc (CHF)", "CHF"),
            ("Pound, GBP", "GBP"),
        ] {
            assert_eq!(currency_of(text), Some(code), "{text}");
        }
        for text in [
            "$",
            "£",
            "Dollar",
            "USD / EUR",
            "USD - EUR",
            "usd - us dollar",
            "USD - 100",
            "BTC",
            "",
        ] {
            assert_eq!(currency_of(text), None, "{text}");
        }
    }
}
