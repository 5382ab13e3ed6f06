//! `[source]`: the settings that the cells show.

use std::collections::BTreeMap;

use super::columns::Columns;
use super::content::Content;
use super::judge::describe_order;
use super::proposal::{Assignment, Setting};
use super::region::{Trial, try_numbers};
use super::write::quoted;
use super::yes_no;
use crate::diagnostic::thousands;
use crate::mapping::date::{Locale, Verdict};
use crate::partner::{FieldKind, catalogue};

/// The file's columns, and what they feed.
pub(super) struct Seen<'s> {
    pub(super) names: &'s [String],
    pub(super) assignments: &'s [Assignment],
    pub(super) columns: &'s Columns,
}

impl<'s> Seen<'s> {
    fn content(&self, column: usize) -> Option<&'s Content> {
        self.columns.content(column)
    }

    fn of(&self, kind: FieldKind) -> impl Iterator<Item = &'s Assignment> {
        let assignments = self.assignments;
        assignments
            .iter()
            .filter(move |a| catalogue::find(a.path).is_some_and(|(_, f)| f.kind == kind))
    }

    /// The settings that the cells show, and what they do not show.
    pub(super) fn settings(&self) -> (Vec<Setting>, Vec<String>) {
        let mut settings = Vec::new();
        let mut notes = Vec::new();
        settings.extend(self.null());
        settings.extend(self.locale());
        settings.extend(self.date_order());
        match self.phone_region() {
            Some(Trial::Shown(region, evidence)) => settings.push(Setting {
                name: "phone_region",
                value: Some(quoted(&region)),
                evidence,
                undecided: None,
            }),
            Some(Trial::Open(why)) => notes.push(format!(
                "phone_region is not set: {why}. Numbers without a country code are sent as written, with a warning."
            )),
            Some(Trial::NotNeeded) | None => {}
        }
        (settings, notes)
    }

    /// Words of databases for nothing, in the columns that feed something.
    fn null(&self) -> Option<Setting> {
        let mut words: BTreeMap<&str, u64> = BTreeMap::new();
        let mut columns = 0;
        for nulls in (0..self.names.len()).filter_map(|c| Some(&self.content(c)?.nulls)) {
            columns += usize::from(!nulls.is_empty());
            for (word, count) in nulls {
                *words.entry(word).or_default() += count;
            }
        }
        if words.is_empty() {
            return None;
        }
        let listed: Vec<String> = words.keys().map(|w| quoted(w)).collect();
        let cells: u64 = words.values().sum();
        let evidence = format!(
            "{} {} in {columns} {} that databases write for an empty cell",
            thousands(cells),
            if cells == 1 { "cell" } else { "cells" },
            if columns == 1 { "column" } else { "columns" },
        );
        Some(Setting {
            name: "null",
            value: Some(format!("[{}]", listed.join(", "))),
            evidence,
            undecided: None,
        })
    }

    /// The language that alone reads the names of months, or else the words for yes and no.
    fn locale(&self) -> Option<Setting> {
        let make = |word: &str, evidence: String| Setting {
            name: "locale",
            value: Some(quoted(word)),
            evidence,
            undecided: None,
        };
        let mut read = [0; Locale::ALL.len()];
        let mut all = 0;
        for content in self
            .of(FieldKind::Date)
            .filter_map(|a| self.content(a.column))
        {
            all += content.dates_in_any;
            for (sum, count) in read.iter_mut().zip(content.dates_in) {
                *sum += count;
            }
        }
        if all > 0 {
            // Languages that read all: several share the names of some months.
            let fitting: Vec<&str> = Locale::ALL
                .iter()
                .zip(read)
                .filter(|(_, n)| *n == all)
                .map(|((_, word, _), _)| *word)
                .collect();
            let months = format!(
                "{} dates have their month's name in this language",
                thousands(all)
            );
            return Some(match fitting[..] {
                [one] => make(one, months),
                _ => match self.language_of_names().filter(|l| fitting.contains(l)) {
                    Some(language) => make(language, format!("{months}, and so have the columns")),
                    None => Setting {
                        name: "locale",
                        value: None,
                        evidence: format!("{} dates have a month's name that is not English", thousands(all)),
                        undecided: Some("write the language of the months' names: \"de\", \"fr\", \"es\", \"it\", \"pt\" or \"nl\"".to_owned()),
                    },
                },
            });
        }
        let mut languages: Vec<&str> = self
            .of(FieldKind::Boolean)
            .filter_map(|a| yes_no::language(self.content(a.column)?.few_words(2)?))
            .collect();
        languages.dedup();
        match languages[..] {
            [one] => Some(make(
                one,
                "the words for yes and no are of this language".to_owned(),
            )),
            _ => None,
        }
    }

    /// The language of the columns' names, where it is one.
    fn language_of_names(&self) -> Option<&'static str> {
        let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
        for assignment in self.assignments {
            *counts.entry(assignment.language).or_default() += 1;
        }
        counts
            .into_iter()
            .max_by_key(|(_, count)| *count)
            .map(|(language, _)| language)
    }

    /// The order of day and month, where the columns prove one, or leave it open.
    fn date_order(&self) -> Option<Setting> {
        let dates: Vec<(&Assignment, &Content)> = self
            .of(FieldKind::Date)
            .filter_map(|a| Some((a, self.content(a.column)?)))
            .collect();
        let open: Vec<_> = dates.iter().filter(|(_, c)| c.has_open_order()).collect();
        let proven: Vec<Verdict> = dates
            .iter()
            .map(|(_, c)| c.evidence.verdict())
            .filter(|v| matches!(v, Verdict::DayFirst | Verdict::MonthFirst))
            .collect();
        if let [(first, content), ..] = open[..] {
            return Some(Setting {
                name: "date_order",
                value: None,
                evidence: format!(
                    "{}: {}",
                    quoted(&self.names[first.column]),
                    describe_order(content)
                ),
                undecided: Some(
                    "which comes first in its dates? write \"mdy\" or \"dmy\"".to_owned(),
                ),
            });
        }
        let has_dots = dates
            .iter()
            .any(|(_, c)| c.evidence.verdict() == Verdict::Silent && c.evidence.undecided > 0);
        let verdict = *proven.first()?;
        if has_dots || proven.iter().any(|v| *v != verdict) {
            return None;
        }
        let (word, count): (_, fn(&Content) -> u64) = match verdict {
            Verdict::DayFirst => ("dmy", |c| c.evidence.day_first),
            _ => ("mdy", |c| c.evidence.month_first),
        };
        let shown: u64 = dates.iter().map(|(_, c)| count(c)).sum();
        let values: u64 = dates.iter().map(|(_, c)| c.evidence.values).sum();
        Some(Setting {
            name: "date_order",
            value: Some(quoted(word)),
            evidence: format!(
                "{} of {} dates can only be read so, none the other way",
                thousands(shown),
                thousands(values)
            ),
            undecided: None,
        })
    }

    fn phone_region(&self) -> Option<Trial> {
        let number = self.of(FieldKind::Phone).find(|a| a.undecided.is_none())?;
        // The first address that has a country gives the region.
        let country = self
            .of(FieldKind::Country)
            .filter(|a| a.undecided.is_none())
            .min_by_key(|a| a.element);
        let trial = match country {
            Some(country) => {
                let rows = self.columns.first_rows([number.column, country.column]);
                let rows = rows.map(|[number, word]| [number, translated(&country.map, word)]);
                try_numbers(rows, true)
            }
            None => try_numbers(
                self.columns
                    .first_rows([number.column])
                    .map(|[number]| [number, ""]),
                false,
            ),
        };
        Some(match trial {
            Trial::NotNeeded if country.is_some() => Trial::Shown(
                "address".to_owned(),
                "a number without a country code is of its row's own country; this file has none"
                    .to_owned(),
            ),
            trial => trial,
        })
    }
}

/// A word as a map turns it into another.
fn translated<'t>(map: &'t [(String, Option<String>)], word: &'t str) -> &'t str {
    map.iter()
        .find(|(from, _)| from == word)
        .and_then(|(_, becomes)| becomes.as_deref())
        .unwrap_or(word)
}
