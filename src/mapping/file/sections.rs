//! `[source]` and `[validation]`.

use super::{Reader, SourceSettings, Validation, Value};
use crate::diagnostic::Code;
use crate::mapping::date::{Locale, Order};
use crate::mapping::phone::PhoneRegion;
use crate::source::{Escape, Quote};

const SOURCE_KEYS: &[&str] = &[
    "sheet",
    "header_row",
    "delimiter",
    "quote",
    "escape",
    "encoding",
    "null",
    "date_order",
    "locale",
    "phone_region",
    "timezone",
    "only",
    "except",
];

/// What cells can be quoted with.
const QUOTES: &[(&str, Quote)] = &[
    ("\"", Quote::Double),
    ("'", Quote::Single),
    ("none", Quote::None),
];

/// How a quote can be written inside a quoted cell.
const ESCAPES: &[(&str, Escape)] = &[("double", Escape::Double), ("backslash", Escape::Backslash)];

/// Settings that take a table.
const TABLES: &[&str] = &["only", "except"];

/// Encodings that are proposed where the name is not known.
const ENCODINGS: &[&str] = &[
    "utf-8",
    "utf-16le",
    "utf-16be",
    "windows-1252",
    "iso-8859-1",
    "iso-8859-15",
    "windows-1250",
    "windows-1251",
    "shift_jis",
    "gb18030",
    "macintosh",
];

/// Codes that no mapping can turn into warnings: such a row has no identity or no valid body.
const UNALLOWABLE: &[Code] = &[
    Code::KeyMissing,
    Code::KeyDuplicate,
    Code::IdentifierDuplicate,
    Code::RowRagged,
    Code::RowTorn,
    Code::RowQuoting,
    Code::RowUndecodable,
];

impl Reader {
    pub(super) fn source(&mut self, value: &Value<'_>) -> SourceSettings {
        let mut settings = SourceSettings::default();
        let Some(table) = self.table(value, "[source]") else {
            return settings;
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if !SOURCE_KEYS.contains(&name) {
                let known = SOURCE_KEYS.iter().copied();
                self.unknown(key.span(), "source setting", name, known);
                continue;
            }
            // A table of columns is the value itself; no question stands beside it.
            let answer = if TABLES.contains(&name) {
                Some(value)
            } else {
                self.answer(name, value, &["value"])
            };
            let Some(value) = answer else {
                continue;
            };
            match name {
                "sheet" => settings.sheets = self.sheets(value, name),
                "header_row" => {
                    settings.header_row = self
                        .positive(value, name)
                        .and_then(|n| u64::try_from(n).ok());
                }
                "delimiter" => settings.delimiter = self.delimiter(value),
                "quote" => settings.quote = self.one_of(value, name, QUOTES),
                "escape" => settings.escape = self.one_of(value, name, ESCAPES),
                "encoding" => settings.encoding = self.encoding(value),
                "null" => {
                    settings.null = self
                        .texts(value, name)
                        .into_iter()
                        .map(|p| p.text.trim().to_owned())
                        .collect();
                }
                "date_order" => {
                    if let Some(p) = self.text(value, name) {
                        settings.date_order = Order::from_word(&p.text);
                        if settings.date_order.is_none() {
                            self.unknown(p.span, "date order", &p.text, ["mdy", "dmy", "ymd"]);
                        }
                    }
                }
                "locale" => {
                    if let Some(p) = self.text(value, name) {
                        settings.locale = Locale::from_word(&p.text);
                        if settings.locale.is_none() {
                            self.unknown(p.span, "locale", &p.text, Locale::WORDS);
                        }
                    }
                }
                "phone_region" => {
                    if let Some(p) = self.text(value, name) {
                        if PhoneRegion::from_word(&p.text).is_some() {
                            settings.phone_region = Some(p.text);
                        } else {
                            self.problem(
                                p.span,
                                "a region is \"address\", the country of the row's own address, or a two-letter country code in capitals, \"US\"",
                            );
                        }
                    }
                }
                "only" => settings.only = self.selection(value, name),
                "except" => settings.except = self.selection(value, name),
                "timezone" => settings.timezone = self.timezone(value),
                _ => {}
            }
        }
        settings
    }

    fn delimiter(&mut self, value: &Value<'_>) -> Option<u8> {
        let p = self.text(value, "delimiter")?;
        let given = if p.text == "tab" { "\t" } else { &p.text };
        match given.as_bytes() {
            [b] if b.is_ascii()
                && !b.is_ascii_alphanumeric()
                && !matches!(b, b'"' | b'\'' | b'\\' | b'\r' | b'\n') =>
            {
                Some(*b)
            }
            _ => {
                self.problem(
                    p.span,
                    "a delimiter is one ASCII character: \",\", \";\", \"\\t\" or \"|\"",
                );
                None
            }
        }
    }

    /// What one of a few words stands for.
    fn one_of<T: Copy>(&mut self, value: &Value<'_>, name: &str, words: &[(&str, T)]) -> Option<T> {
        let p = self.text(value, name)?;
        let found = words.iter().find(|(word, _)| *word == p.text);
        if found.is_none() {
            self.unknown(p.span, name, &p.text, words.iter().map(|(word, _)| *word));
        }
        found.map(|(_, meant)| *meant)
    }

    fn encoding(&mut self, value: &Value<'_>) -> Option<&'static encoding_rs::Encoding> {
        let p = self.text(value, "encoding")?;
        let encoding = encoding_rs::Encoding::for_label(p.text.as_bytes());
        if encoding.is_none() {
            self.unknown(p.span, "encoding", &p.text, ENCODINGS.iter().copied());
        }
        encoding
    }

    fn timezone(&mut self, value: &Value<'_>) -> Option<jiff::tz::TimeZone> {
        let p = self.text(value, "timezone")?;
        let zone = jiff::tz::TimeZone::get(&p.text).ok();
        if zone.is_none() {
            let message = format!(
                "unknown time zone \"{}\"; write an IANA name, \"America/Los_Angeles\"",
                p.text
            );
            self.problem(p.span, message);
        }
        zone
    }

    pub(super) fn validation(&mut self, value: &Value<'_>) -> Validation {
        let mut validation = Validation::default();
        let Some(table) = self.table(value, "[validation]") else {
            return validation;
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if name != "allow" && name != "deny" {
                self.unknown(key.span(), "validation setting", name, ["allow", "deny"]);
                continue;
            }
            for placed in self.texts(value, name) {
                let Some(code) = Code::ALL.iter().find(|c| c.as_str() == placed.text) else {
                    self.unknown(
                        placed.span,
                        "diagnostic code",
                        &placed.text,
                        Code::ALL.iter().map(|c| c.as_str()),
                    );
                    continue;
                };
                if name == "deny" {
                    validation.deny.push(*code);
                } else if UNALLOWABLE.contains(code) {
                    self.problem(
                        placed.span,
                        format!("{code} cannot be allowed: such a row cannot be sent"),
                    );
                } else {
                    validation.allow.push(*code);
                }
            }
        }
        validation
    }
}
