//! One column and one field that its name says → a proposal, decided only where name and cells agree.

use std::fmt::Write as _;

use super::content::{Content, Look};
use super::name::{Named, Surety, is_bank};
use super::proposal::{Assignment, Translation};
use super::title::title;
use super::yes_no;
use crate::diagnostic::thousands;
use crate::mapping::coerce::{Coerced, coerce, word_number};
use crate::mapping::data::records;
use crate::mapping::date::Verdict;
use crate::partner::catalogue::BUSINESS_NAME;
use crate::partner::{Field, FieldKind};

/// Different values at most that are translated one by one.
const MOST_TRANSLATED: usize = 12;
/// The same for countries, of which an export holds more.
const MOST_COUNTRIES: usize = 40;
/// Values from which on it counts that few of them are different.
const ENOUGH: u64 = 8;

/// How well a column's cells fit a field.
#[derive(Debug, PartialEq)]
enum Cells {
    Fit {
        /// The share of the values that it takes.
        share: f64,
        expected: &'static str,
    },
    /// The field takes any text.
    Any,
    /// They fit once these words are translated.
    Translated(Vec<Translation>),
    /// The same, and a person has to say what some of them mean.
    ToTranslate(Vec<Translation>),
    Other {
        share: f64,
        expected: &'static str,
    },
}

/// What a column feeds, by one of its names' fields; none where name and cells together do not say so.
pub(super) fn judge(
    column: usize,
    named: &Named,
    field: &'static Field,
    content: &Content,
    has_house_numbers: bool,
) -> Option<Assignment> {
    let is_guess = named.surety <= Surety::Maybe;
    let how = if named.surety == Surety::Similar {
        "by a similar name"
    } else {
        "by name"
    };
    let mut made = Assignment {
        path: field.path,
        element: 0,
        column,
        evidence: format!("{how}; {}", content.describe()),
        undecided: None,
        map: Vec::new(),
        house_number: None,
        group: named.group,
        surety: named.surety,
        order: named.order,
        language: named.language,
    };
    let name = name_of(field);
    if content.filled == 0 {
        if needs_cells(field) {
            made.undecided = Some(format!(
                "the column is empty, so that only its name says so; is it the {name}?"
            ));
        }
        return (!is_guess).then_some(made);
    }
    match compare(field, content, has_house_numbers) {
        Cells::Any => {}
        // Names of states are known of few countries; a name that says nothing else is enough for words.
        Cells::Other { .. }
            if field.kind == FieldKind::State
                && named.surety >= Surety::Sure
                && content.looks(Look::Worded) >= 0.8 => {}
        Cells::Fit { share, expected } => {
            if share < 1.0 {
                let _ = write!(made.evidence, "; {} % are {expected}", percent(share));
            }
        }
        Cells::Translated(map) => {
            made.evidence.push_str("; its values are translated");
            made.map = map;
        }
        Cells::ToTranslate(map) => {
            made.undecided = Some(format!(
                "write for each \"?\" what the value means: {}",
                words_of(field.kind)
            ));
            made.map = map;
        }
        Cells::Other { share, expected } => {
            let is_plausible =
                named.surety >= Surety::Sure || share >= 0.5 || field.kind == FieldKind::State;
            if is_guess || !is_plausible {
                return None;
            }
            made.undecided = Some(format!(
                "{} % of its values are {expected}; is it the {name} all the same?",
                percent(share)
            ));
        }
    }
    if matches!(field.kind, FieldKind::Words(_))
        && named.surety < Surety::Own
        && content.looks(Look::Digits) > 0.0
    {
        // The numbers of another system's list mean other words.
        made.undecided.get_or_insert(format!(
            "do its numbers mean the same here: {}?",
            numbered_words(field.kind)
        ));
    }
    if field.kind == FieldKind::Date && content.evidence.values > 0 {
        let _ = write!(made.evidence, "; {}", describe_order(content));
    }
    if is_guess {
        made.undecided.get_or_insert(format!("is it the {name}?"));
    }
    Some(made)
}

/// What the column's dates show about the order of day and month.
pub(super) fn describe_order(content: &Content) -> String {
    let evidence = &content.evidence;
    let count = |n: u64| format!("{} of {}", thousands(n), thousands(evidence.values));
    match evidence.verdict() {
        Verdict::DayFirst => format!(
            "day first: {} dates can only be read so, none the other way",
            count(evidence.day_first)
        ),
        Verdict::MonthFirst => format!(
            "month first: {} dates can only be read so, none the other way",
            count(evidence.month_first)
        ),
        Verdict::Mixed { .. } => format!(
            "{} are date cells whose day and month a spreadsheet may have exchanged, beside texts",
            count(evidence.date_cells)
        ),
        Verdict::Contradicts => format!(
            "{} dates can only be read day first, and {} only month first",
            count(evidence.day_first),
            count(evidence.month_first)
        ),
        Verdict::Silent if content.has_open_order() => {
            format!(
                "{} dates can be read day first or month first",
                count(evidence.undecided)
            )
        }
        Verdict::Silent => format!("{} dates, none ambiguous", thousands(evidence.values)),
    }
}

fn compare(field: &Field, content: &Content, has_house_numbers: bool) -> Cells {
    let fit = fit(field, content, has_house_numbers);
    if let Some(map) = translations(field.kind, content, fit.as_ref().map_or(0.0, |f| f.share)) {
        let is_open = map.iter().any(|(_, becomes)| becomes.is_none());
        return if is_open {
            Cells::ToTranslate(map)
        } else {
            Cells::Translated(map)
        };
    }
    match fit {
        None => Cells::Any,
        Some(Fit {
            share,
            needed,
            expected,
        }) if share >= needed => Cells::Fit { share, expected },
        Some(Fit {
            share, expected, ..
        }) => Cells::Other { share, expected },
    }
}

struct Fit {
    /// The share of the values that the field takes.
    share: f64,
    /// The share from which on they fit.
    needed: f64,
    expected: &'static str,
}

/// Fields of which a name alone is no evidence: a wrong date, bank number or yes is worse than none.
fn needs_cells(field: &Field) -> bool {
    field.sensitive
        || is_bank(field.path)
        || matches!(
            field.kind,
            FieldKind::Date | FieldKind::Boolean | FieldKind::PartnerReference
        )
}

/// The field's name in a sentence: "bank account number".
pub(super) fn name_of(field: &Field) -> String {
    match field.path {
        "organization.addresses[].addressLine1" => "street".to_owned(),
        "organization.addresses[].stateProvinceCode" => "state or province".to_owned(),
        "organization.addresses[].countryCode" => "country".to_owned(),
        "partnerCriteria.enableCommissions" => "yes or no of commissions".to_owned(),
        "partnerCriteria.w9Submitted" => "yes or no of the W-9 form".to_owned(),
        "partnerCriteria.isW2" => "yes or no of W-2".to_owned(),
        "organization.timezoneId" => "time zone".to_owned(),
        "organization.parentId" => "key of the parent".to_owned(),
        _ => title(field)
            .to_lowercase()
            .replace("on boarding", "onboarding"),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a percentage"
)]
pub(super) fn percent(share: f64) -> u64 {
    (share * 100.0).floor() as u64
}

/// How well the cells fit; none where any text does.
fn fit(field: &Field, content: &Content, has_house_numbers: bool) -> Option<Fit> {
    let (share, needed, expected) = match field.path {
        BUSINESS_NAME => (names(content), 0.7, "names that differ from each other"),
        "organization.displayName" => (texts(content), 0.6, "names"),
        "organization.addresses[].addressLine1" => {
            (streets(content, has_house_numbers), 0.6, "streets")
        }
        "organization.addresses[].city" => (texts(content), 0.8, "names of towns"),
        "organization.type" | "organization.originationSource" => {
            (categories(content), 0.5, "categories")
        }
        "organization.phoneNumbers[].extension" => {
            (content.looks(Look::Extension), 0.8, "extensions")
        }
        "vendorAccount.bankAccount.accountNumber" => (
            content.looks(Look::BankAccount),
            0.9,
            "numbers of bank accounts",
        ),
        "vendorAccount.accountNumber" => (1.0 - content.looks(Look::Phrase), 0.9, "numbers"),
        "vendorAccount.bankAccount.type" => (
            content.looks(Look::BankAccountType),
            0.9,
            "kinds of bank accounts",
        ),
        "vendorAccount.bankAccount.nameOnAccount" | "vendorAccount.bankAccount.payeeName" => {
            (texts(content), 0.8, "names")
        }
        _ => match field.kind {
            FieldKind::Words(words) => (known_words(content, words), 1.0, "its words"),
            FieldKind::Date => (content.fits(field.kind)?, 0.8, "dates"),
            FieldKind::PostalCode => (content.fits(field.kind)?, 0.8, "postal codes"),
            FieldKind::Phone => (content.fits(field.kind)?, 0.5, "telephone numbers"),
            FieldKind::Email => (content.fits(field.kind)?, 0.5, "e-mail addresses"),
            FieldKind::TimeZone => (content.fits(field.kind)?, 0.5, "time zones"),
            // Names of states are known of few countries.
            FieldKind::State => (content.fits(field.kind)?, 0.5, "known states or provinces"),
            FieldKind::Country => (content.fits(field.kind)?, 0.9, "countries"),
            FieldKind::Uuid => (content.fits(field.kind)?, 0.9, "UUIDs"),
            FieldKind::Routing => (content.fits(field.kind)?, 0.9, "ABA routing numbers"),
            FieldKind::Boolean => (content.fits(field.kind)?, 0.95, "yes or no"),
            FieldKind::Integer => (content.fits(field.kind)?, 0.95, "whole numbers"),
            FieldKind::Currency => (content.fits(field.kind)?, 0.95, "currency codes"),
            FieldKind::Text
            | FieldKind::Identifier
            | FieldKind::PartnerReference
            | FieldKind::FreeForm => return None,
        },
    };
    Some(Fit {
        share,
        needed,
        expected,
    })
}

/// The share of different values that are words of the field.
#[expect(clippy::cast_precision_loss, reason = "a share of a dozen")]
fn known_words(content: &Content, words: &[(i64, &str)]) -> f64 {
    let Some(all) = content.few_words(MOST_TRANSLATED) else {
        return 0.0;
    };
    let known = all
        .iter()
        .filter(|w| word_number(words, w).is_some())
        .count();
    known as f64 / all.len().max(1) as f64
}

fn names(content: &Content) -> f64 {
    let is_few = content.filled >= ENOUGH && content.variety() < 0.5;
    if is_few { 0.0 } else { texts(content) }
}

/// The share of texts that are words, where the column holds no flags and days.
fn texts(content: &Content) -> f64 {
    let is = |kind: FieldKind| content.fits(kind).unwrap_or(0.0) >= 0.9;
    if is(FieldKind::Boolean) || is(FieldKind::Date) || is(FieldKind::Uuid) {
        0.0
    } else {
        content.looks(Look::Worded)
    }
}

/// The share of texts with letters; few different ones are streets only where the numbers of the houses are elsewhere.
fn streets(content: &Content, has_house_numbers: bool) -> f64 {
    let is_few = content.filled >= ENOUGH && content.variety() < 0.3 && !has_house_numbers;
    let is_other = texts(content) == 0.0 && content.looks(Look::Worded) > 0.0;
    if is_few || is_other {
        0.0
    } else {
        content.looks(Look::Lettered)
    }
}

/// Texts of which each stands in several rows, or short codes.
fn categories(content: &Content) -> f64 {
    let is = |kind: FieldKind| content.fits(kind).unwrap_or(0.0) >= 0.9;
    let is_other = content.looks(Look::BankAccountType) >= 0.5
        || is(FieldKind::Date)
        || is(FieldKind::Email)
        || is(FieldKind::Phone)
        || content.looks(Look::Decimal) >= 0.5;
    let is_many = content.filled >= ENOUGH && content.variety() > 0.9;
    if is_other || is_many { 0.0 } else { 1.0 }
}

/// The words of a column that its field does not know, with what they mean; none where there is nothing to translate, or where a
/// person could not say word by word what is meant.
fn translations(kind: FieldKind, content: &Content, share: f64) -> Option<Vec<Translation>> {
    let is = |kind: FieldKind| content.fits(kind).unwrap_or(0.0) >= 0.5;
    let most = match kind {
        FieldKind::Country => MOST_COUNTRIES,
        FieldKind::Words(_)
            if is(FieldKind::Date)
                || is(FieldKind::Phone)
                || content.looks(Look::Decimal) >= 0.5 =>
        {
            return None;
        }
        FieldKind::Words(_) | FieldKind::Boolean | FieldKind::Currency => MOST_TRANSLATED,
        _ => return None,
    };
    let words = content.few_words(most)?;
    let is_known = |word: &str| coerce(kind, word).is_ok();
    if words.iter().all(|w| is_known(w)) {
        return None;
    }
    let mut map: Vec<Translation> = words
        .iter()
        // What a field knows needs no line, but for countries and currencies, whose map stands alone.
        .filter(|w| matches!(kind, FieldKind::Country | FieldKind::Currency) || !is_known(w))
        .map(|word| (word.clone(), meaning(kind, word, words)))
        .collect();
    let is_open = map.iter().any(|(_, becomes)| becomes.is_none());
    let is_new = |(word, becomes): &Translation| becomes.is_some() && !is_known(word);
    if is_open && share >= 0.9 && kind == FieldKind::Country {
        // A few words that are no countries are reported by the check, and their rows refused.
        map.retain(|(_, becomes)| becomes.is_some());
        return map.iter().any(is_new).then_some(map);
    }
    if kind == FieldKind::Country && share < 0.5 && !map.iter().any(is_new) {
        // A few words that are countries by chance: "NA" is North America, and not Namibia.
        for (_, becomes) in &mut map {
            *becomes = None;
        }
    }
    let is_word_list = matches!(kind, FieldKind::Words(_))
        || kind == FieldKind::Country && words.len() <= MOST_TRANSLATED;
    // Where no word at all is known, the column is something else.
    let is_some_known = share > 0.0 || map.iter().any(is_new);
    (is_word_list || is_some_known).then_some(map)
}

/// What a word means to a field; none where that is not known.
fn meaning(kind: FieldKind, word: &str, all: &[String]) -> Option<String> {
    match kind {
        FieldKind::Boolean => yes_no::meaning(word, all).map(|yes| yes.to_string()),
        FieldKind::Country => match coerce(kind, word) {
            Ok(Coerced::Text(code)) => Some(code.into_owned()),
            _ => country(word).map(str::to_owned),
        },
        FieldKind::Currency => match word.to_lowercase().as_str() {
            "€" | "euro" | "euros" => Some("EUR".to_owned()),
            "£" => Some("GBP".to_owned()),
            "us dollar" | "us-dollar" | "us$" => Some("USD".to_owned()),
            _ => None,
        },
        _ => None,
    }
}

/// The code of a country by its name in another language.
fn country(word: &str) -> Option<&'static str> {
    let wanted = word.to_lowercase();
    records(include_str!("../data/country_words.csv"))
        .find(|[name, _]| name.to_lowercase() == wanted)
        .map(|[_, code]| code)
}

/// The words of a field with their numbers, for a question.
fn numbered_words(kind: FieldKind) -> String {
    let FieldKind::Words(words) = kind else {
        return String::new();
    };
    let all: Vec<String> = words
        .iter()
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    all.join(", ")
}

/// The words of a field, for a question.
fn words_of(kind: FieldKind) -> String {
    match kind {
        FieldKind::Words(words) => {
            let words: Vec<&str> = words.iter().map(|(_, w)| *w).collect();
            words.join(", ")
        }
        FieldKind::Boolean => "true or false".to_owned(),
        kind => kind.expected().to_owned(),
    }
}
