//! Header and counts → proposal: each column goes to the field that its name and its cells say, with the evidence.

use super::columns::Columns;
use super::content::{Content, Look};
use super::groups::{arrange, place_house_numbers};
use super::judge::judge;
use super::key::{Candidate, choose_key};
use super::name::{HOUSE_NUMBER, KEY, Named, PERSON, Surety, fields_of, is_bank};
use super::name_words::Group;
use super::proposal::{Assignment, Proposal, Unplaced};
use super::settings::Seen;
use super::spelling::{Spelled, words};
use crate::partner::catalogue::{self, BUSINESS_NAME};
use crate::partner::{Field, FieldKind};
use crate::source::{Header, is_of_a_report};

const PHONE: &str = "organization.phoneNumbers[].phoneNumber";
const PARENT: &str = "organization.parentId";
/// The share of a column's values that have to be keys of the file where they are said to refer to other rows.
const NEARLY_ALL: f64 = 0.9;

/// The same where the name says it: some parents are of an earlier export.
const HALF: f64 = 0.5;

/// Words in the names of columns about bank accounts.
const BANK_WORDS: &[&str] = &[
    "iban",
    "bic",
    "swift",
    "bank",
    "sort",
    "blz",
    "bsb",
    "bankleitzahl",
    "banque",
    "banco",
    "banca",
    "ach",
    "aba",
];
/// Words in the names of columns whose numbers and addresses are not the partner's.
const OTHER_WORDS: &[&str] = &[
    "fax",
    "telefax",
    "owner",
    "manager",
    "assistant",
    "home",
    "user",
    "created",
    "modified",
    "rep",
    "agent",
    "tax",
    "vat",
    "ein",
    "ssn",
    "abn",
    "nif",
    "cif",
    "nit",
    "rfc",
    "cnpj",
    "cpf",
    "siret",
    "siren",
    "steuernummer",
    "ust",
    "iva",
    "btw",
    "kvk",
    "tin",
    "gst",
];
/// Names of persons and companies alike: a person's where another column is a part of a person's name.
const NAMES: &[&str] = &["name", "fullname", "nom", "nome", "nombre", "naam"];

/// What is known of each column.
struct Survey<'s> {
    names: Vec<String>,
    spelled: Vec<Spelled>,
    named: Vec<Vec<Named>>,
    columns: &'s Columns,
    empty: Content,
}

/// Proposes a mapping; `name` is what the rows' space is called.
#[must_use]
pub fn propose(header: &Header, columns: &Columns, name: &str) -> Proposal {
    let names: Vec<String> = header.names().iter().map(ToString::to_string).collect();
    let spelled: Vec<Spelled> = names.iter().map(|n| Spelled::of(n)).collect();
    let mut survey = Survey {
        names,
        named: spelled.iter().map(fields_of).collect(),
        spelled,
        columns,
        empty: Content::default(),
    };
    survey.doubt_names_of_persons();
    let has_bank = survey.has_bank();
    let key = survey.key(has_bank);
    let mut assignments = survey.assign(key.column, has_bank);
    for assignment in &mut assignments {
        survey.judge_reference(assignment, key.column);
    }
    arrange(&mut assignments);
    let beside = place_house_numbers(&mut assignments, &survey.named, columns);
    assignments.sort_by_key(|a| (catalogue::rank(a.path), a.element));
    let is_placed = |column: usize| {
        key.column == Some(column)
            || beside.contains(&column)
            || assignments.iter().any(|a| a.column == column)
    };
    let has_name = assignments.iter().any(|a| a.path == BUSINESS_NAME);
    let name_guess = if has_name {
        None
    } else {
        survey.guess_name(&is_placed)
    };
    let unplaced = (0..survey.names.len())
        .filter(|c| !is_placed(*c) && name_guess != Some(*c))
        .map(|column| Unplaced {
            column,
            looks_like: survey.content(column).looks_like(),
            filled: survey.content(column).describe(),
        })
        .collect();
    let seen = Seen {
        names: &survey.names,
        assignments: &assignments,
        columns,
    };
    let (settings, notes) = seen.settings();
    Proposal {
        names: survey.names,
        name: name.to_owned(),
        key,
        assignments,
        unplaced,
        settings,
        notes,
        name_guess,
    }
}

impl Survey<'_> {
    fn content(&self, column: usize) -> &Content {
        self.columns.content(column).unwrap_or(&self.empty)
    }

    /// "Name" beside "First Name" is a person's.
    fn doubt_names_of_persons(&mut self) {
        let has_person = self.named.iter().flatten().any(|n| n.path == PERSON);
        if !has_person {
            return;
        }
        for (spelled, named) in self.spelled.iter().zip(&mut self.named) {
            let is_bare = spelled
                .whole
                .first()
                .is_some_and(|w| NAMES.contains(&w.as_str()));
            for name in named
                .iter_mut()
                .filter(|n| is_bare && n.path == BUSINESS_NAME)
            {
                name.surety = name.surety.min(Surety::Maybe);
            }
        }
    }

    /// Whether columns of a bank account are in the file.
    fn has_bank(&self) -> bool {
        let says_bank =
            |name: &String| words(name).iter().any(|w| BANK_WORDS.contains(&w.as_str()));
        let is_field = |n: &Named| is_bank(n.path) && n.surety >= Surety::Sure;
        self.names.iter().any(says_bank) || self.named.iter().flatten().any(is_field)
    }

    fn key(&self, has_bank: bool) -> super::proposal::KeyChoice {
        let candidates: Vec<Candidate<'_>> = (0..self.names.len())
            .filter(|c| !is_of_a_report(&self.names[*c]))
            .map(|column| Candidate {
                column,
                named: &self.named[column],
                content: self.content(column),
            })
            .collect();
        let is_parent = |column: &usize| {
            let is_named = self.named[*column]
                .iter()
                .any(|n| n.path == PARENT && n.surety >= Surety::Usual);
            is_named && self.content(*column).filled > 0
        };
        let parents = (0..self.names.len())
            .find(is_parent)
            .map(|c| self.content(c));
        choose_key(&candidates, parents, has_bank)
    }

    /// Gives each column to one field, the surest first.
    fn assign(&self, key: Option<usize>, has_bank: bool) -> Vec<Assignment> {
        let has_house_numbers = self.named.iter().flatten().any(|n| n.path == HOUSE_NUMBER);
        let mut candidates: Vec<Assignment> = Vec::new();
        for column in (0..self.names.len()).filter(|c| Some(*c) != key) {
            if is_of_a_report(&self.names[column]) {
                continue;
            }
            let content = self.content(column);
            for named in &self.named[column] {
                // Half a name of a bank account is one only beside the bank.
                let is_alone = is_bank(named.path) && named.surety == Surety::Maybe && !has_bank;
                let field = catalogue::find(named.path).map(|(_, field)| field);
                if let Some(field) = field
                    && !is_alone
                {
                    candidates.extend(judge(column, named, field, content, has_house_numbers));
                }
            }
            let says_other = words(&self.names[column])
                .iter()
                .any(|w| OTHER_WORDS.contains(&w.as_str()));
            if !says_other && self.named[column].iter().all(|n| n.path == KEY) {
                candidates.extend(by_cells(column, content));
            }
        }
        candidates.sort_by_key(|c| {
            let is_empty = self.content(c.column).filled == 0;
            (
                c.undecided.is_some(),
                std::cmp::Reverse(c.surety),
                is_empty,
                c.order,
                c.column,
            )
        });
        self.choose(candidates)
    }

    fn choose(&self, candidates: Vec<Assignment>) -> Vec<Assignment> {
        let mut chosen: Vec<Assignment> = Vec::new();
        for mut candidate in candidates {
            if chosen.iter().any(|c| c.column == candidate.column) {
                continue;
            }
            let is_same =
                |c: &Assignment, group: Group| c.path == candidate.path && c.group == group;
            let Some(at) = chosen.iter().position(|c| is_same(c, candidate.group)) else {
                chosen.push(candidate);
                continue;
            };
            if candidate.path == PHONE && candidate.undecided.is_none() {
                // One more number is one more element.
                candidate.group = Group::More(candidate.column);
                chosen.push(candidate);
                continue;
            }
            let winner = &mut chosen[at];
            let rival = self.content(candidate.column);
            let is_as_sure = winner.surety == candidate.surety && candidate.undecided.is_none();
            // A surer name whose cells do not fit may be the right one all the same.
            let is_surer = candidate.surety > winner.surety;
            let is_rival = (is_as_sure || is_surer)
                && winner.undecided.is_none()
                && rival.filled > 0
                && rival.share_within(self.content(winner.column)) < 1.0;
            if is_rival {
                winner.undecided = Some(format!(
                    "\"{}\" has such a name, too; which one is it?",
                    self.names[candidate.column]
                ));
            }
        }
        chosen
    }

    /// A parent's column holds keys of this file; names of parents are no references, and ids may be those of another system.
    fn judge_reference(&self, assignment: &mut Assignment, key: Option<usize>) {
        let content = self.content(assignment.column);
        let is_reference = catalogue::find(assignment.path)
            .is_some_and(|(_, f)| f.kind == FieldKind::PartnerReference);
        if !is_reference || content.filled == 0 {
            return;
        }
        let Some(key) = key else {
            let question = "which column is the key is open; are these keys of other rows?";
            assignment.undecided.get_or_insert(question.to_owned());
            return;
        };
        let found = content.share_within(self.content(key));
        let needed = if assignment.surety >= Surety::Sure {
            HALF
        } else {
            NEARLY_ALL
        };
        if found >= needed {
            assignment
                .evidence
                .push_str("; its values are keys of this file");
            return;
        }
        let question = if content.fits(FieldKind::Uuid).unwrap_or(0.0) >= 0.5 {
            "its ids are not keys of this file; are they ids of partners on the API?".to_owned()
        } else {
            format!(
                "{} % of its values are keys of this file; is each the key of another row?",
                super::judge::percent(found)
            )
        };
        assignment.undecided.get_or_insert(question);
    }

    /// A column that may hold the name: many different texts.
    fn guess_name(&self, is_placed: &dyn Fn(usize) -> bool) -> Option<usize> {
        let is_name = |column: &usize| {
            let content = self.content(*column);
            content.filled * 2 > content.rows
                && content.looks(Look::Worded) >= 0.8
                && content.variety() >= 0.5
                && content.fits(FieldKind::Date).unwrap_or(0.0) < 0.5
                && content.fits(FieldKind::Uuid).unwrap_or(0.0) < 0.5
        };
        let is_person = |column: usize| self.named[column].iter().any(|n| n.path == PERSON);
        (0..self.names.len()).find(|c| !is_placed(*c) && !is_person(*c) && is_name(c))
    }
}

/// Columns whose name says nothing and whose values say what they are: to be decided.
fn by_cells(column: usize, content: &Content) -> Option<Assignment> {
    let kind = content.looks_like()?;
    let path = match kind {
        FieldKind::Routing => "vendorAccount.bankAccount.routingNumber",
        FieldKind::Email => "vendorAccount.email",
        FieldKind::Phone => PHONE,
        _ => return None,
    };
    let field: &'static Field = catalogue::find(path)?.1;
    (content.different() >= 3).then(|| Assignment {
        path,
        element: 0,
        column,
        evidence: format!(
            "by its values only: {}; {}",
            kind.expected(),
            content.describe()
        ),
        undecided: Some(format!(
            "its values look like {}; is it the {}?",
            kind.expected(),
            super::judge::name_of(field)
        )),
        map: Vec::new(),
        house_number: None,
        group: Group::Main,
        surety: Surety::Similar,
        order: usize::MAX,
        language: "en",
    })
}
