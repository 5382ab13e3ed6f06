//! What a row becomes, compared with the part of it that a test names. Bank data is masked.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::diagnostic::{Code, Severity, visible};
use crate::mapping::Plan;
use crate::partner::{PreparedPartner, catalogue};
use crate::prepare::PreparedRow;
use crate::secret::mask;

/// Characters of a value that are shown.
const SHOWN: usize = 200;

/// Something that is not as a test says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The path in the request; `problems` for codes.
    pub path: String,
    /// What would be sent, or is found.
    pub sent: Option<String>,
    /// What the test says.
    pub expected: Option<String>,
    /// The same in words, where it is neither.
    note: Option<String>,
}

impl Difference {
    pub(super) fn words(note: &str) -> Self {
        Self {
            path: "row".to_owned(),
            sent: None,
            expected: None,
            note: Some(note.to_owned()),
        }
    }

    /// The same in words, where it is about neither a value nor problems.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    pub(super) fn json(&self) -> Value {
        json!({ "path": self.path, "sent": self.sent, "expected": self.expected, "note": self.note })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(note) = &self.note {
            return f.write_str(note);
        }
        let or_nothing =
            |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
        let verb = if self.path == "problems" {
            "found"
        } else {
            "sent"
        };
        write!(
            f,
            "{}: {verb} {}, expected {}",
            self.path,
            or_nothing(&self.sent),
            or_nothing(&self.expected)
        )
    }
}

/// What a row becomes.
#[derive(Debug)]
pub(super) struct Payload {
    /// The request, with the query flags under `query`; none where the row cannot be sent.
    request: Option<Value>,
    problems: Vec<(Code, Severity, String)>,
    /// Paths, without numbers of elements, whose values nobody may see.
    masked: Vec<String>,
}

impl Payload {
    pub(super) fn new(row: &PreparedRow, plan: &Plan) -> Self {
        let leaves = plan.shape.leaves.iter().enumerate();
        Self {
            request: row.partner.as_ref().map(request),
            problems: (row.diagnostics.iter())
                .map(|d| (d.code, d.severity, d.message.clone()))
                .collect(),
            masked: leaves
                .filter(|(leaf, _)| plan.is_sensitive(*leaf))
                .map(|(_, info)| without_numbers(&info.path))
                .collect(),
        }
    }

    /// The request without what nobody may see, and without flags that are not set; none where the row cannot be sent.
    pub(super) fn sends(&self) -> Option<Value> {
        let mut request = self.request.clone()?;
        if let Some(flags) = request.get_mut("query").and_then(Value::as_object_mut) {
            flags.retain(|_, flag| *flag == true);
        }
        self.without_masked("", &mut request);
        Some(request)
    }

    /// Takes out what nobody may see, and objects that are empty without it. An element of a list keeps its place.
    fn without_masked(&self, path: &str, value: &mut Value) {
        match value {
            Value::Object(fields) => fields.retain(|name, value| {
                let below = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                self.without_masked(&below, value);
                !self.masked.contains(&below) && value.as_object().is_none_or(|o| !o.is_empty())
            }),
            Value::Array(items) => {
                for item in items {
                    self.without_masked(&format!("{path}[]"), item);
                }
            }
            _ => {}
        }
    }

    /// The codes of all problems, each once.
    pub(super) fn codes(&self) -> Vec<String> {
        let mut codes: Vec<String> = Vec::new();
        for (code, ..) in &self.problems {
            if !codes.iter().any(|c| c == code.as_str()) {
                codes.push(code.as_str().to_owned());
            }
        }
        codes
    }

    /// What keeps the row from being sent, where a test does not expect it.
    pub(super) fn errors(&self) -> Option<Difference> {
        let errors = self.problems.iter().filter(|p| p.1 == Severity::Error);
        of_problems(errors, None)
    }

    /// Problems other than those that are expected.
    pub(super) fn other_problems(&self, expected: &[Code]) -> Option<Difference> {
        let is_same = self.problems.iter().all(|p| expected.contains(&p.0))
            && expected
                .iter()
                .all(|code| self.problems.iter().any(|p| p.0 == *code));
        if is_same {
            return None;
        }
        let names: Vec<&str> = expected.iter().map(|c| c.as_str()).collect();
        let expected = (!names.is_empty()).then(|| names.join(", "));
        Some(
            of_problems(self.problems.iter(), expected.clone()).unwrap_or(Difference {
                path: "problems".to_owned(),
                sent: None,
                expected,
                note: None,
            }),
        )
    }

    /// Whatever of the expected part is not in the request.
    pub(super) fn compare(&self, expected: &Value, out: &mut Vec<Difference>) {
        // What keeps the row from being sent is said already.
        if let Some(request) = &self.request {
            self.compare_at("", expected, Some(request), out);
        } else if out.is_empty() {
            out.push(Difference::words("the row is not sent"));
        }
    }

    fn compare_at(
        &self,
        path: &str,
        expected: &Value,
        sent: Option<&Value>,
        out: &mut Vec<Difference>,
    ) {
        match expected {
            Value::Object(fields) => {
                for (name, expected) in fields {
                    let below = if path.is_empty() {
                        name.clone()
                    } else {
                        format!("{path}.{name}")
                    };
                    self.compare_at(&below, expected, sent.and_then(|s| s.get(name)), out);
                }
            }
            Value::Array(items) => {
                for (i, expected) in items.iter().enumerate() {
                    let element = sent.and_then(|s| s.get(i));
                    self.compare_at(&format!("{path}[{i}]"), expected, element, out);
                }
            }
            // Nothing is ever sent as an empty text, so that one says that the field is left out.
            Value::String(text) if text.is_empty() && sent.is_none() => {}
            expected if Some(expected) == sent => {}
            expected => out.push(Difference {
                path: path.to_owned(),
                sent: sent.map(|s| self.shown(path, s)),
                expected: match expected.as_str() {
                    Some("") => None,
                    _ => Some(self.shown(path, expected)),
                },
                note: None,
            }),
        }
    }

    /// A value for people.
    fn shown(&self, path: &str, value: &Value) -> String {
        let path = without_numbers(path);
        let is_masked = self.masked.contains(&path)
            || catalogue::find(&path).is_some_and(|(_, field)| field.sensitive);
        match value {
            Value::String(text) if is_masked => format!("\"{}\"", mask(text)),
            other if is_masked => mask(&other.to_string()),
            Value::String(text) => format!("\"{}\"", visible(text, SHOWN)),
            Value::Object(_) => "an object".to_owned(),
            Value::Array(_) => "a list".to_owned(),
            other => other.to_string(),
        }
    }
}

/// Problems as one difference; none where there are none.
fn of_problems<'p>(
    problems: impl Iterator<Item = &'p (Code, Severity, String)>,
    expected: Option<String>,
) -> Option<Difference> {
    let found: Vec<String> = (problems)
        .map(|(code, _, message)| format!("{message} [{code}]"))
        .collect();
    (!found.is_empty()).then(|| Difference {
        path: "problems".to_owned(),
        sent: Some(found.join(" ")),
        expected,
        note: None,
    })
}

/// `organization.addresses[0].city` → `organization.addresses[].city`.
fn without_numbers(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut is_number = false;
    for c in path.chars() {
        match c {
            '[' => is_number = true,
            ']' => is_number = false,
            _ if is_number => continue,
            _ => {}
        }
        out.push(c);
    }
    out
}

/// The request of a partner. Where the id of another row's partner will stand, there is that row's key.
fn request(partner: &PreparedPartner) -> Value {
    let marks: Vec<String> = (0..partner.links.len())
        .map(|n| format!("\u{1}{n}\u{1}"))
        .collect();
    let places = partner.links.iter().zip(&marks);
    let body = partner
        .body
        .filled(places.map(|(link, mark)| (link.at, &**mark)));
    let mut request: Value = serde_json::from_slice(&body).unwrap_or_default();
    for (link, mark) in partner.links.iter().zip(&marks) {
        replace(&mut request, mark, link.key.as_str());
    }
    let flags = [
        ("createApptivoAccount", partner.query.create_apptivo_account),
        (
            "createBillDotComProfile",
            partner.query.create_bill_com_profile,
        ),
    ];
    let flags: Map<String, Value> = (flags.into_iter())
        .map(|(name, flag)| (name.to_owned(), flag.into()))
        .collect();
    if let Some(fields) = request.as_object_mut() {
        fields.insert("query".to_owned(), flags.into());
    }
    request
}

fn replace(value: &mut Value, mark: &str, key: &str) {
    match value {
        Value::String(text) if text == mark => key.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|v| replace(v, mark, key)),
        Value::Object(fields) => fields.values_mut().for_each(|v| replace(v, mark, key)),
        _ => {}
    }
}
