//! Mapping + header → plan: rules by leaf and column number, or everything that does not fit.
//!
//! A plan is made once for a file. Filling a row by it looks up no name: columns are numbers, constants
//! are converted, formats are checked, templates are compiled.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::address;
use super::constant::ready;
use super::date::{Format, Hints};
use super::error::{MappingError, MappingProblem};
use super::file::Mapping;
use super::likeness::likeness_columns;
use super::missing::Missing;
use super::phone::PhoneRegion;
use super::plan::{DateColumn, NotedDates, Plan, PlanFeed, PlanRule, Ready, TextPath, length_bit};
use super::rule::{Constant, Feed, FieldRule, Placed, Rule, Selection};
use super::sensitivity::{refuse_identity, sensitive_columns, sensitive_leaves};
use super::template::Templates;
use super::template_columns::template_names;
use super::words::WordMap;
use crate::partner::catalogue::{self, FIELDS, LEGACY_IDENTIFIER};
use crate::partner::{FieldKind, LeafInfo, PathSegment, Shape, display_path};
use crate::source::{ColumnWords, Header, PROBLEMS_COLUMN, is_of_a_report};

/// Numbers of plans; 0 is none.
static PLANS: AtomicU64 = AtomicU64::new(1);

impl Plan {
    /// Compiles a mapping against the header of one file.
    ///
    /// # Errors
    /// [`MappingError`] with every column that is not there and every constant that does not fit.
    pub fn compile(mapping: &Mapping, header: &Arc<Header>) -> Result<Self, MappingError> {
        let mut compiler = Compiler::new(mapping, header);
        let key: Vec<usize> = mapping
            .key
            .0
            .iter()
            .filter_map(|c| compiler.column(c))
            .collect();
        for rule in &mapping.rules {
            compiler.field(rule);
        }
        let mapped = compiler.used.clone();
        let only = compiler.selection(&mapping.source.only);
        let except = compiler.selection(&mapping.source.except);
        compiler.implicit_leaves();
        let sensitive_columns = sensitive_columns(mapping, header);
        (compiler.problems).extend(refuse_identity(mapping, header, &sensitive_columns));
        let found = compiler.used.iter().filter(|used| **used).count();
        (compiler.problems).extend(compiler.missing.problems(header, found));
        if !compiler.problems.is_empty() {
            compiler.problems.sort_by_key(|p| p.span.start);
            return Err(MappingError::Invalid {
                path: mapping.path.clone(),
                text: Arc::clone(&mapping.text),
                problems: compiler.problems,
            });
        }
        for rule in &mut compiler.rules {
            rule.text_path = rule.shortest_path();
        }
        let filled = (compiler.leaves.as_slice(), compiler.rules.as_slice());
        let sensitive_leaves = sensitive_leaves(mapping, header, filled, &sensitive_columns);
        let refers = (compiler.rules.iter()).any(|r| matches!(r.feed, PlanFeed::Partner(_)));
        let leaf_of = |path: &str| compiler.leaves.iter().position(|l| *l.path == *path);
        let unused = (0..header.len())
            .filter(|c| !compiler.used[*c] && !is_of_a_report(&header.names()[*c]))
            .collect();
        let legacy = leaf_of(LEGACY_IDENTIFIER).unwrap_or(0);
        let business_name = leaf_of(catalogue::BUSINESS_NAME).unwrap_or(0);
        let (identity, judged_key) = identity(&key, compiler.rules.get(legacy).map(|r| &r.feed));
        let content: Vec<usize> = (0..header.len())
            .filter(|c| mapped[*c] && !identity.contains(c))
            .collect();
        Ok(Self {
            id: PLANS.fetch_add(1, Ordering::Relaxed),
            order: filling_order(&compiler.rules),
            legacy,
            judged_key,
            business_name,
            likeness: likeness_columns(mapping, &compiler.rules, business_name, &content),
            content,
            query: [
                leaf_of("query.createApptivoAccount"),
                leaf_of("query.createBillDotComProfile"),
            ],
            addresses: address::addresses(&compiler.leaves),
            phone_region: (mapping.source.phone_region.as_deref())
                .and_then(PhoneRegion::from_word)
                .unwrap_or(PhoneRegion::Unknown),
            shape: Shape::new(&compiler.paths, compiler.leaves),
            is_of_rejects: header.find_exactly(PROBLEMS_COLUMN).is_some(),
            noted_dates: NotedDates::of(header, &compiler.dates),
            date_columns: compiler.dates,
            unused,
            hidden_columns: (0..header.len())
                .filter(|c| sensitive_columns[*c])
                .collect(),
            sensitive_columns,
            sensitive_leaves,
            validation: mapping.validation.clone(),
            header: Arc::clone(header),
            rules: compiler.rules,
            key,
            null_lengths: (mapping.source.null.iter()).fold(0, |bits, n| bits | length_bit(n)),
            null: mapping.source.null.clone(),
            templates: compiler.templates,
            only,
            except,
            refers,
        })
    }
}

/// The order in which leaves are filled: those that hand something to a sibling come last.
fn filling_order(rules: &[PlanRule]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rules.len()).collect();
    order.sort_by_key(|leaf| rules[*leaf].sibling.is_some());
    order
}

/// The columns of the key and of legacyIdentifier; and those of the key that the rule of the latter does not judge.
fn identity(key: &[usize], legacy: Option<&PlanFeed>) -> (Vec<usize>, Vec<usize>) {
    match legacy {
        Some(PlanFeed::Column(own)) => (
            [key, &[*own]].concat(),
            key.iter().copied().filter(|c| c != own).collect(),
        ),
        Some(PlanFeed::Columns(own)) => ([key, own].concat(), key.to_vec()),
        _ => (key.to_vec(), key.to_vec()),
    }
}

struct Compiler<'m> {
    mapping: &'m Mapping,
    header: &'m Arc<Header>,
    problems: Vec<MappingProblem>,
    missing: Missing,
    used: Vec<bool>,
    templates: Templates,
    paths: Vec<Vec<PathSegment>>,
    leaves: Vec<LeafInfo>,
    rules: Vec<PlanRule>,
    dates: Vec<DateColumn>,
}

impl<'m> Compiler<'m> {
    fn new(mapping: &'m Mapping, header: &'m Arc<Header>) -> Self {
        Self {
            mapping,
            header,
            problems: Vec::new(),
            missing: Missing::default(),
            used: vec![false; header.len()],
            templates: Templates::new(),
            paths: Vec::new(),
            leaves: Vec::new(),
            rules: Vec::new(),
            dates: Vec::new(),
        }
    }

    fn column(&mut self, placed: &Placed) -> Option<usize> {
        let found = self.header.find(&placed.text);
        if let Some(column) = found {
            self.used[column] = true;
        } else {
            self.missing.add(placed);
        }
        found
    }

    /// The columns of `only` or `except`. They count as used, though nothing of them is sent.
    fn selection(&mut self, selections: &[Selection]) -> Vec<ColumnWords> {
        let find = |s: &Selection| Some(ColumnWords::new(self.column(&s.column)?, &s.words));
        selections.iter().filter_map(find).collect()
    }

    fn field(&mut self, field_rule: &FieldRule) {
        let FieldRule {
            path,
            field,
            rule,
            span,
        } = field_rule;
        let leaf = self.leaves.len();
        let hints = self.hints(rule);
        let dates = self.dates.len();
        let shown: Arc<str> = display_path(path).into();
        let feed = self.feed(field_rule);
        // A rule that does not fit is a problem already; a placeholder keeps leaf numbers in step.
        let feed = feed.unwrap_or(PlanFeed::Sibling);
        let columns: Vec<Option<usize>> = match &feed {
            PlanFeed::Column(c) | PlanFeed::Partner(c) => vec![Some(*c)],
            PlanFeed::Columns(columns) => columns.iter().copied().map(Some).collect(),
            PlanFeed::Template(_) => vec![None],
            PlanFeed::Value(_) | PlanFeed::Key | PlanFeed::Sibling => Vec::new(),
        };
        for column in &columns {
            if field.kind == FieldKind::Date {
                let hinted = hints.order.is_some();
                self.dates.push(DateColumn {
                    leaf,
                    column: *column,
                    field: Arc::clone(&shown),
                    hinted,
                });
            }
        }
        let default = rule
            .default
            .as_ref()
            .and_then(|c| self.ready(field.kind, c, span.clone()));
        for (_, becomes) in &rule.map {
            self.ready(field.kind, becomes, span.clone());
        }
        self.lookup(field.kind, rule);
        self.paths.push(path.clone());
        self.leaves.push(LeafInfo {
            path: shown,
            field,
            required: rule.required || field.required || field.path == LEGACY_IDENTIFIER,
            from_columns: !matches!(feed, PlanFeed::Value(_)),
        });
        self.rules.push(PlanRule {
            kind: field.kind,
            feed,
            split: rule.split.clone(),
            map: WordMap::new(&rule.map, rule.lookup.as_ref()),
            default,
            transforms: rule.transforms.clone(),
            evidence: hints.undecided(),
            hints,
            dates,
            sibling: None,
            text_path: TextPath::General,
        });
    }

    /// What is wrong with the words of a lookup file: each names its row.
    fn lookup(&mut self, kind: FieldKind, rule: &Rule) {
        let Some(lookup) = &rule.lookup else {
            return;
        };
        let span = || lookup.file.span.clone();
        let Some((path, words)) = &lookup.read else {
            let message = format!("the lookup file {} was not read", lookup.file.text);
            self.problems.push(MappingProblem::new(span(), message));
            return;
        };
        for word in words.iter() {
            let known = self.problems.len();
            self.ready(kind, &Constant::Text(word.becomes.clone()), span());
            if let Some(problem) = self.problems.get_mut(known) {
                let message = format!("{}, row {}: {}", path.display(), word.row, problem.message);
                problem.message = message;
            }
        }
    }

    /// What the mapping and the rule say about a field's dates.
    fn hints(&mut self, rule: &Rule) -> Hints {
        let mut hints = Hints {
            formats: Vec::new(),
            order: self.mapping.source.date_order,
            locale: self.mapping.source.locale,
            timezone: self.mapping.source.timezone.clone(),
        };
        for format in &rule.formats {
            match Format::from_word(&format.text) {
                Ok(format) => hints.formats.push(format),
                Err(message) => self
                    .problems
                    .push(MappingProblem::new(format.span.clone(), message)),
            }
        }
        hints
    }

    /// Where the rule's values come from; none, and a problem, where that does not fit.
    fn feed(&mut self, field_rule: &FieldRule) -> Option<PlanFeed> {
        match &field_rule.rule.feed {
            Feed::Column(c) => self.column(c).map(PlanFeed::Column),
            Feed::Columns(all) => {
                let columns: Vec<usize> = all.iter().filter_map(|c| self.column(c)).collect();
                if all.is_empty() {
                    self.problems.push(MappingProblem::new(
                        field_rule.span.clone(),
                        "columns names no column",
                    ));
                }
                Some(PlanFeed::Columns(columns))
            }
            Feed::Partner(c) => self.column(c).map(PlanFeed::Partner),
            Feed::Value(constant) => self
                .ready(field_rule.field.kind, constant, field_rule.span.clone())
                .map(PlanFeed::Value),
            Feed::Template(text) => self.template(text).map(PlanFeed::Template),
        }
    }

    /// Compiles a template of which the file has all columns.
    fn template(&mut self, text: &Placed) -> Option<usize> {
        let columns = template_names(&text.text).into_iter().map(|name| Placed {
            text: name,
            span: text.span.clone(),
        });
        let named: Vec<Option<usize>> = columns.map(|c| self.column(&c)).collect();
        named.into_iter().collect::<Option<Vec<usize>>>()?;
        match self.templates.add(&text.text, self.header) {
            Ok(index) => Some(index),
            Err(words) => {
                let words = format!("the template fails: {words}");
                self.problems
                    .push(MappingProblem::new(text.span.clone(), words));
                None
            }
        }
    }

    /// Adds the leaves that nobody maps: the key as legacyIdentifier, a phone's extension, a second line.
    fn implicit_leaves(&mut self) {
        if !self
            .leaves
            .iter()
            .any(|l| l.field.path == LEGACY_IDENTIFIER)
        {
            let path = LEGACY_IDENTIFIER
                .split('.')
                .map(|s| PathSegment::Name(s.to_owned()))
                .collect();
            self.implicit(path, LEGACY_IDENTIFIER, PlanFeed::Key);
        }
        for (own, taker) in [
            (
                "organization.phoneNumbers[].phoneNumber",
                "organization.phoneNumbers[].extension",
            ),
            (
                "organization.addresses[].addressLine1",
                "organization.addresses[].addressLine2",
            ),
        ] {
            let owners: Vec<usize> = (0..self.leaves.len())
                .filter(|l| self.leaves[*l].field.path == own)
                .collect();
            for owner in owners {
                let mut path = self.paths[owner].clone();
                if let (Some(PathSegment::Name(last)), Some(name)) =
                    (path.last_mut(), taker.rsplit('.').next())
                {
                    name.clone_into(last);
                }
                let mapped = self.paths.iter().position(|p| *p == path);
                let leaf = mapped.unwrap_or_else(|| self.implicit(path, taker, PlanFeed::Sibling));
                self.rules[owner].sibling = Some(leaf);
            }
        }
    }

    fn implicit(&mut self, path: Vec<PathSegment>, catalogue_path: &str, feed: PlanFeed) -> usize {
        let (_, field) = catalogue::find(catalogue_path).unwrap_or((0, &FIELDS[0]));
        self.leaves.push(LeafInfo {
            path: display_path(&path).into(),
            field,
            required: false,
            from_columns: true,
        });
        self.paths.push(path);
        self.rules.push(PlanRule {
            kind: field.kind,
            feed,
            split: None,
            map: None,
            default: None,
            transforms: Vec::new(),
            hints: Hints::default(),
            evidence: Hints::default(),
            dates: self.dates.len(),
            sibling: None,
            text_path: TextPath::General,
        });
        self.leaves.len() - 1
    }

    /// Converts a constant to what its field takes.
    fn ready(&mut self, kind: FieldKind, constant: &Constant, span: Range<usize>) -> Option<Ready> {
        let ready = ready(self.mapping.source.locale, kind, constant, span);
        ready.map_err(|problem| self.problems.push(problem)).ok()
    }
}
