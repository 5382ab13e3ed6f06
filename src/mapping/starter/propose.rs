//! Header and counts → proposal: each column goes to the field that it fits best, with the evidence.

use std::collections::{BTreeSet, HashSet};

use super::columns::Columns;
use super::content::Content;
use super::name::{self, Named, by_name};
use super::proposal::{Assignment, Proposal};
use super::synonyms::KEYS;
use crate::mapping::coerce::word_number;
use crate::mapping::date::Verdict;
use crate::partner::{Field, FieldKind, catalogue};
use crate::source::Header;

/// Below this a column is not placed.
const LEAST_SCORE: f64 = 0.55;
/// A field that takes fewer of the values than this is not fed without a decision.
const LEAST_FIT: f64 = 0.5;

/// Proposes a mapping; `name` is what the rows' space is called.
#[must_use]
pub fn propose(header: &Header, columns: &Columns, name: &str) -> Proposal {
    let names: Vec<String> = header.names().iter().map(ToString::to_string).collect();
    let read: Vec<Named> = names.iter().map(|n| Named::of(n)).collect();
    let empty = Content::default();
    let content = |column: usize| columns.content(column).unwrap_or(&empty);
    let key = choose_key(&read, &content);
    let mut candidates = Vec::new();
    for (column, named) in read.iter().enumerate() {
        if key.as_ref().is_some_and(|(k, _)| *k == column) || named.whole == "problems" {
            continue;
        }
        for path in name::paths() {
            let Some((_, field)) = catalogue::find(path) else {
                continue;
            };
            candidates.extend(judge(column, named, field, content(column)));
        }
        candidates.extend(by_content(column, content(column)));
    }
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut assignments: Vec<Assignment> = Vec::new();
    let (mut columns_used, mut fields_used) = (HashSet::new(), HashSet::new());
    for candidate in candidates {
        let target = (candidate.path, candidate.element);
        if columns_used.contains(&candidate.column) || fields_used.contains(&target) {
            continue;
        }
        columns_used.insert(candidate.column);
        fields_used.insert(target);
        assignments.push(candidate);
    }
    close_gaps(&mut assignments);
    for assignment in &mut assignments {
        if assignment.path == "organization.parentId"
            || assignment.path == "organization.onBoardingPartnerId"
        {
            judge_reference(
                assignment,
                key.as_ref().map(|(k, _)| content(*k)),
                content(assignment.column),
            );
        }
    }
    assignments.sort_by_key(|a| (catalogue::rank(a.path), a.element));
    let unplaced = (0..names.len())
        .filter(|c| !columns_used.contains(c) && key.as_ref().is_none_or(|(k, _)| k != c))
        .map(|c| {
            let look = match content(c).looks_like() {
                Some(kind) => format!("looks like {}", kind.expected()),
                None => content(c).describe(),
            };
            (c, look)
        })
        .collect();
    let (settings, undecided_settings) = settings(&names, &assignments, &content);
    Proposal {
        names,
        name: name.to_owned(),
        key,
        assignments,
        unplaced,
        settings,
        undecided_settings,
    }
}

/// The key: filled and unique by the data, and named like one.
fn choose_key<'c>(
    read: &[Named],
    content: &impl Fn(usize) -> &'c Content,
) -> Option<(usize, String)> {
    let rank = |column: usize| {
        let named = &read[column];
        KEYS.iter()
            .position(|k| named.whole == *k || named.bare == *k)
            .or_else(|| {
                (named.whole.ends_with("id") || named.whole.ends_with("number"))
                    .then_some(KEYS.len())
            })
    };
    // A key that stands twice in a dirty file is still the key; a unique column that nothing calls one is
    // only a guess.
    let class = |column: usize| match (rank(column), content(column)) {
        (Some(_), content) if content.is_key() => Some(0),
        (Some(rank), content) if rank < KEYS.len() && content.is_nearly_key() => Some(1),
        (None, content) if content.is_key() => Some(2),
        _ => None,
    };
    let best = (0..read.len())
        .filter_map(|c| Some((class(c)?, rank(c).unwrap_or(usize::MAX), c)))
        .min()?;
    let (class, _, column) = best;
    let mut why = content(column).describe();
    match class {
        1 => why.push_str(
            "; decide: it is not filled and different in every row, and such rows are refused",
        ),
        2 => why.push_str("; decide: no column is named like a key, so look at it"),
        _ => {}
    }
    Some((column, why))
}

fn judge(
    column: usize,
    named: &Named,
    field: &'static Field,
    content: &Content,
) -> Option<Assignment> {
    let (by_name, why) = by_name(named, field.path);
    if by_name == 0.0 {
        return None;
    }
    let fits = (content.filled > 0)
        .then(|| content.fits(field.kind))
        .flatten();
    let mut evidence = format!("{why}; {}", content.describe());
    let mut undecided = None;
    let mut unknown_words = Vec::new();
    let score = match fits {
        None => by_name * 0.75 + 0.2,
        Some(share) if share >= LEAST_FIT => by_name * 0.75 + 0.25 * share,
        Some(_) => by_name * 0.6,
    };
    if let FieldKind::Words(words) = field.kind {
        unknown_words = content
            .words
            .iter()
            .filter(|w| word_number(words, w).is_none())
            .cloned()
            .collect();
        if !unknown_words.is_empty() && fits.is_none_or(|share| share < LEAST_FIT) {
            undecided = Some("translate these words".to_owned());
        }
    } else if let Some(share) = fits {
        if share < LEAST_FIT && field.kind != FieldKind::TimeZone && field.kind != FieldKind::State
        {
            undecided = Some(format!("its values are not {}", field.kind.expected()));
        } else if share < 1.0 {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a percentage"
            )]
            let percent = (share * 100.0).floor() as u64;
            evidence = format!("{evidence}; {percent} % are {}", field.kind.expected());
        }
    }
    if field.kind == FieldKind::Date && content.dates > 0 {
        evidence = format!("{evidence}; {}", content.evidence.describe());
    }
    let element = if field.path.contains("[].") {
        named.group
    } else {
        0
    };
    if element == 0 && named.group > 0 && !field.path.contains("[].") {
        return None;
    }
    (score >= LEAST_SCORE).then_some(Assignment {
        path: field.path,
        element,
        column,
        evidence,
        undecided,
        unknown_words,
        score,
    })
}

/// Columns whose name says nothing and whose values say all.
fn by_content(column: usize, content: &Content) -> Option<Assignment> {
    let kind = content.looks_like()?;
    let path = match kind {
        FieldKind::Routing => "vendorAccount.bankAccount.routingNumber",
        FieldKind::Email => "vendorAccount.email",
        FieldKind::Phone => "organization.phoneNumbers[].phoneNumber",
        FieldKind::TimeZone => "organization.timezoneId",
        FieldKind::State => "organization.addresses[].stateProvinceCode",
        _ => return None,
    };
    Some(Assignment {
        path,
        element: 0,
        column,
        evidence: format!("by its values: {}; {}", kind.expected(), content.describe()),
        undecided: None,
        unknown_words: Vec::new(),
        score: LEAST_SCORE,
    })
}

/// Elements of a list are numbered without gaps: a shipping address alone is the first.
fn close_gaps(assignments: &mut [Assignment]) {
    for list in ["organization.addresses[]", "organization.phoneNumbers[]"] {
        let mut elements: Vec<usize> = assignments
            .iter()
            .filter(|a| a.path.starts_with(list))
            .map(|a| a.element)
            .collect();
        elements.sort_unstable();
        elements.dedup();
        for assignment in assignments.iter_mut().filter(|a| a.path.starts_with(list)) {
            assignment.element = elements
                .iter()
                .position(|e| *e == assignment.element)
                .unwrap_or(0);
        }
    }
}

/// A parent's column holds keys of this file, or ids; names of parents are no references.
fn judge_reference(assignment: &mut Assignment, key: Option<&Content>, content: &Content) {
    if content.filled == 0 {
        "by name; it is empty".clone_into(&mut assignment.evidence);
        return;
    }
    let found = key.map_or(0.0, |key| content.share_within(key));
    let ids = content.fits(FieldKind::Uuid).unwrap_or(0.0);
    if found < LEAST_FIT && ids < LEAST_FIT {
        assignment.undecided = Some("its values are no keys of this file".to_owned());
    } else if ids < LEAST_FIT {
        assignment
            .evidence
            .push_str("; its values are keys of this file");
    }
}

type Settings = Vec<(String, String)>;

fn settings<'c>(
    names: &[String],
    assignments: &[Assignment],
    content: &impl Fn(usize) -> &'c Content,
) -> (Settings, Settings) {
    let (mut decided, mut open) = (Vec::new(), Vec::new());
    let null: BTreeSet<&str> = (0..names.len())
        .flat_map(|c| content(c).null_words.iter().map(String::as_str))
        .collect();
    if !null.is_empty() {
        let words: Vec<String> = null
            .iter()
            .map(|w| format!("\"{}\"", w.replace('\\', "\\\\")))
            .collect();
        decided.push((
            format!("null = [{}]", words.join(", ")),
            "what a database or a program writes into an empty cell".to_owned(),
        ));
    }
    let of = |kind: FieldKind| {
        assignments
            .iter()
            .filter(move |a| catalogue::find(a.path).is_some_and(|(_, f)| f.kind == kind))
    };
    for date in of(FieldKind::Date) {
        let evidence = &content(date.column).evidence;
        let undecided = match evidence.verdict() {
            Verdict::Contradicts | Verdict::Mixed { .. } => true,
            Verdict::Silent => evidence.undecided > 0,
            Verdict::DayFirst | Verdict::MonthFirst => false,
        };
        if undecided {
            open.push((
                "date_order = \"mdy\"".to_owned(),
                format!(
                    "decide, \"mdy\" or \"dmy\": \"{}\" is {}",
                    names[date.column],
                    evidence.describe()
                ),
            ));
        }
    }
    let american = of(FieldKind::State)
        .any(|a| content(a.column).fits(FieldKind::State).unwrap_or(0.0) >= 0.8);
    let phones = of(FieldKind::Phone).next().is_some();
    let countries = of(FieldKind::Country).next().is_some();
    if phones && countries {
        decided.push((
            "phone_region = \"address\"".to_owned(),
            "numbers without a country code are of their row's own country".to_owned(),
        ));
    } else if phones && american {
        decided.push((
            "phone_region = \"US\"".to_owned(),
            "the states are of the United States or a neighbour; numbers are sent as +1…"
                .to_owned(),
        ));
    } else if phones {
        open.push((
            "phone_region = \"US\"".to_owned(),
            "decide: the country of numbers that are written without one".to_owned(),
        ));
    }
    (decided, open)
}
