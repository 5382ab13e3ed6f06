//! Columns that a mapping names and a file has not: one by one, or as one problem where it is another export.

use super::cut_up::cut_up_wrongly;
use super::error::MappingProblem;
use super::rule::Placed;
use crate::diagnostic::{PARTNER_COLUMN, listed, nearest};
use crate::source::Header;

/// Fewer missing columns are named one by one.
const FEW_COLUMNS: usize = 3;

/// The columns that were looked for and not found, each once, in the order in which they were looked for.
#[derive(Debug, Default)]
pub(super) struct Missing(Vec<Placed>);

impl Missing {
    /// Another rule names a column that is not there.
    pub(super) fn add(&mut self, placed: &Placed) {
        if !self.0.iter().any(|other| other.text == placed.text) {
            self.0.push(placed.clone());
        }
    }

    /// What is wrong; `found` is how many other columns the mapping names and the file has.
    pub(super) fn problems(&self, header: &Header, found: usize) -> Vec<MappingProblem> {
        let names = || header.names().iter().map(|n| &**n);
        let near = |placed: &Placed| nearest(&placed.text, names());
        let unlike = self.0.iter().filter(|p| near(p).is_none()).count();
        // A name that is nearly there is a column that was renamed; a few others are lost. Most of them lost: it is another file.
        if unlike >= FEW_COLUMNS && self.0.len() > found && !is_partners_csv(header) {
            return self.another_export(header, found).into_iter().collect();
        }
        let mut is_first = true;
        let mut each = Vec::new();
        for placed in &self.0 {
            let help = match near(placed) {
                _ if is_partners_csv(header) => {
                    "this is a partners.csv, which has no columns of bank data: read the export itself. "
                        .to_owned()
                }
                Some(meant) => format!("did you mean \"{meant}\"? "),
                // Once is enough: it may be a long list.
                None if std::mem::take(&mut is_first) => {
                    format!("its columns: {}. ", header.shown())
                }
                None => String::new(),
            };
            each.push(
                MappingProblem::new(
                    placed.span.clone(),
                    format!("the file has no column \"{}\"", placed.text),
                )
                .with_help(format!(
                    "{help}If the export has lost this column, check the export; otherwise correct the name here."
                )),
            );
        }
        each
    }

    /// One problem instead of many where the file has none of the columns, or few: it is another export, or was cut up wrongly.
    fn another_export(&self, header: &Header, found: usize) -> Option<MappingProblem> {
        let first = self.0.iter().min_by_key(|p| p.span.start)?;
        let names = || header.names().iter().map(|n| &**n);
        let all = found + self.0.len();
        let (words, missing) = match found {
            0 => (
                format!("the file has none of the {all} columns that this mapping reads"),
                String::new(),
            ),
            found => (
                format!("the file has only {found} of the {all} columns that this mapping reads"),
                format!(
                    "it has no {}. ",
                    listed(self.0.iter().map(|p| p.text.as_str()), ", ")
                ),
            ),
        };
        let help = format!(
            "{missing}{} columns: {}. {}",
            if missing.is_empty() { "its" } else { "Its" },
            header.shown(),
            cut_up_wrongly(names())
        );
        Some(MappingProblem::new(first.span.clone(), words).with_help(help))
    }
}

/// The program's own report, which leaves the columns of bank data out.
fn is_partners_csv(header: &Header) -> bool {
    header.names().iter().any(|name| **name == *PARTNER_COLUMN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(of_mapping: &[&str], of_file: &[&str]) -> Vec<(String, String)> {
        let header = Header::new(of_file.iter().map(|n| (*n).to_owned()).collect());
        let mut missing = Missing::default();
        for (at, name) in of_mapping.iter().enumerate() {
            if header.find(name).is_none() {
                missing.add(&Placed {
                    text: (*name).to_owned(),
                    span: at..at + 1,
                });
            }
        }
        let found = of_mapping.iter().filter(|n| header.find(n).is_some());
        let problems = missing.problems(&header, found.count());
        let words = |p: MappingProblem| (p.message, p.help.unwrap_or_default());
        problems.into_iter().map(words).collect()
    }

    #[test]
    fn a_file_with_few_of_the_columns_is_another_export() {
        let of_mapping = ["Customer", "Firm", "Firm", "Begun", "Country", "Town"];
        let all = said(&of_mapping, &["Ref", "Land"]);
        assert_eq!(all.len(), 1, "{all:?}");
        assert!(all[0].0.contains("none of the 5 columns"), "{all:?}");
        assert!(all[0].1.starts_with("its columns: Ref, Land."), "{all:?}");
        let most = said(&of_mapping, &["Town", "Land"]);
        assert_eq!(most.len(), 1, "{most:?}");
        assert!(most[0].0.contains("only 1 of the 5 columns"), "{most:?}");
        let says = "it has no Customer, Firm, Begun, Country. Its columns: Town, Land. Is it the right export";
        assert!(most[0].1.starts_with(says), "{most:?}");
    }

    /// The first row of a file without a header.
    #[test]
    fn values_in_place_of_names_show_no_bank_data() {
        let row = [
            "K1",
            "Alpha",
            "a@b.example",
            "12345678901",
            "021000021",
            "DE89 3704 0044 0532 0130 00",
        ];
        for of_mapping in [&["Id", "Name", "Bank"][..], &["K1", "Alpha", "Bank"]] {
            let words = format!("{:?}", said(of_mapping, &row));
            assert!(words.contains("a@b.example"), "{words}");
            for number in ["12345678901", "021000021", "3704 0044"] {
                assert!(!words.contains(number), "{words}");
            }
        }
    }

    #[test]
    fn a_few_columns_are_named_each_once_and_the_files_own_are_listed_once() {
        let of_mapping = ["Customer", "Firm", "Firm", "Begun", "Country", "Town"];
        let few = said(&of_mapping, &["Customer", "Begun on", "Country", "X"]);
        let names: Vec<&str> = few.iter().map(|(message, _)| message.as_str()).collect();
        let expected = ["Firm", "Begun", "Town"].map(|n| format!("the file has no column \"{n}\""));
        assert_eq!(names, expected, "{few:?}");
        let lists = few.iter().filter(|(_, help)| help.contains("its columns"));
        assert_eq!(lists.count(), 1, "{few:?}");
        assert!(
            few[1].1.starts_with("did you mean \"Begun on\"?"),
            "{few:?}"
        );
        // Renamed columns are no other export.
        let renamed = said(&["Firm", "Town", "Land"], &["Firms", "Towns", "Lands"]);
        assert_eq!(renamed.len(), 3, "{renamed:?}");
    }

    #[test]
    fn a_partners_csv_is_named_as_that() {
        let own = said(
            &["Iban", "Routing", "Holder", "Name"],
            &["Name", PARTNER_COLUMN],
        );
        assert_eq!(own.len(), 3, "{own:?}");
        assert!(own[0].1.contains("read the export itself"), "{own:?}");
    }
}
