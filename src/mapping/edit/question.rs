//! The questions of a mapping, and how one is set and taken out.

use toml_edit::Value;

use super::change::Place;
use super::error::EditError;
use super::nodes::Node;
use super::rule;
use super::toml_text::{TomlText, unusual};
use super::write;
use crate::partner::{PathSegment, display_path};

/// What holds a question.
const DECIDE: &str = "decide";
/// Tables whose lines are fields.
const SECTIONS: &[&str] = &["query", "organization", "partnerCriteria", "vendorAccount"];

/// A line that a person has to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The line.
    pub place: Place,
    /// What is to be decided.
    pub text: String,
    /// Whether the line has an answer that has only to be confirmed.
    pub has_answer: bool,
}

fn name(name: &str) -> PathSegment {
    PathSegment::Name(name.to_owned())
}

impl Place {
    fn path(&self) -> Vec<PathSegment> {
        match self {
            Place::Key => vec![name("key")],
            Place::Setting(setting) => vec![name("source"), name(setting)],
            Place::Field(path) => path.clone(),
        }
    }

    /// The names under which an answer stands beside a question.
    fn answers(&self) -> &'static [&'static str] {
        match self {
            Place::Key => &["column", "columns"],
            Place::Setting(_) => &["value"],
            Place::Field(_) => &["column"],
        }
    }

    fn header(&self) -> usize {
        match self {
            Place::Key => 0,
            Place::Setting(_) => 1,
            Place::Field(path) => rule::header_of(path),
        }
    }
}

/// All questions of a mapping, in the order of its tables.
///
/// # Errors
/// [`EditError::NotToml`].
pub fn questions(text: &str) -> Result<Vec<Question>, EditError> {
    let toml = TomlText::parse(text)?;
    let mut found = Vec::new();
    let mut look = |place: Place, node: Node<'_>| {
        if let Some(text) = part(node, DECIDE).and_then(Value::as_str) {
            found.push(Question {
                place,
                text: text.to_owned(),
                has_answer: parts(node).len() > 1,
            });
        }
    };
    if let Some(node) = toml.node(&[name("key")]) {
        look(Place::Key, node);
    }
    if let Some(source) = toml.node(&[name("source")]) {
        for setting in parts(source) {
            if let Some(node) = toml.node(&[name("source"), name(&setting)]) {
                look(Place::Setting(setting), node);
            }
        }
    }
    for section in SECTIONS {
        fields(&toml, vec![name(section)], &mut look);
    }
    Ok(found)
}

fn fields(toml: &TomlText<'_>, path: Vec<PathSegment>, look: &mut impl FnMut(Place, Node<'_>)) {
    let Some(node) = toml.node(&path) else {
        return;
    };
    if part(node, DECIDE).is_some() {
        return look(Place::Field(path), node);
    }
    let steps: Vec<PathSegment> = match node {
        Node::Tables(tables) => (0..tables.len()).map(PathSegment::Index).collect(),
        Node::Value(Value::Array(array)) => (0..array.len()).map(PathSegment::Index).collect(),
        node => parts(node).into_iter().map(PathSegment::Name).collect(),
    };
    for step in steps {
        fields(toml, [&path[..], &[step]].concat(), look);
    }
}

/// The names in a table.
fn parts(node: Node<'_>) -> Vec<String> {
    match node {
        Node::Table(table) => table.iter().map(|(name, _)| name.to_owned()).collect(),
        Node::Value(Value::InlineTable(table)) => {
            table.iter().map(|(name, _)| name.to_owned()).collect()
        }
        _ => Vec::new(),
    }
}

fn part<'d>(node: Node<'d>, name: &str) -> Option<&'d Value> {
    match node {
        Node::Table(table) => table.get(name)?.as_value(),
        Node::Value(Value::InlineTable(table)) => table.get(name),
        _ => None,
    }
}

/// Takes the words out that nobody has said the meaning of (`"Amerika" = "?"`): without the question, the mark would be what they become.
/// They are problems of their rows from then on.
fn without_open_words(mut text: String, path: &[PathSegment]) -> Result<String, EditError> {
    let map = [path, &[name("map")]].concat();
    let toml = TomlText::parse(&text)?;
    let Some(node) = toml.node(&map) else {
        return Ok(text);
    };
    let words = parts(node);
    let is_open = |word: &String| part(node, word).and_then(Value::as_str) == Some("?");
    let open: Vec<String> = words.iter().filter(|word| is_open(word)).cloned().collect();
    if open.len() == words.len() {
        return toml.remove(&map);
    }
    drop(toml);
    for word in open {
        text = TomlText::parse(&text)?.remove(&[&map[..], &[name(&word)]].concat())?;
    }
    Ok(text)
}

/// Sets the question of a line, or takes it out.
pub(super) fn decide(
    text: &str,
    place: &Place,
    question: Option<&str>,
) -> Result<String, EditError> {
    let toml = TomlText::parse(text)?;
    let (path, header) = (place.path(), place.header());
    let decide = [&path[..], &[name(DECIDE)]].concat();
    let Some(question) = question else {
        let Some(node) = toml.node(&path).filter(|n| part(*n, DECIDE).is_some()) else {
            return Ok(text.to_owned());
        };
        if parts(node).len() == 1 {
            return toml.remove(&path);
        }
        let text = without_open_words(toml.remove(&decide)?, &path)?;
        return rule::collapsed(text, &path, place.answers());
    };
    let question = write::text(question);
    match toml.node(&path) {
        None => toml.set(&path, header, &format!("{{ decide = {question} }}")),
        Some(Node::Value(value)) if !value.is_inline_table() => {
            let raw = toml.raw(value).ok_or_else(|| unusual(&path))?;
            let answer = match (place, value) {
                (Place::Key, Value::Array(_)) => "columns",
                (Place::Setting(_), _) => "value",
                (Place::Field(_), Value::Boolean(_)) => "value",
                (Place::Key | Place::Field(_), Value::String(_)) => "column",
                _ => return Err(EditError::Unusual(display_path(&path))),
            };
            toml.set(
                &path,
                header,
                &format!("{{ {answer} = {raw}, decide = {question} }}"),
            )
        }
        Some(_) => toml.set(&decide, header, &question),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A question that is answered leaves no mark behind that would be sent.
    #[test]
    fn an_answered_question_takes_its_open_words_along() {
        for (map, left) in [
            (
                "map = { \"USA\" = \"US\", \"Amerika\" = \"?\" }, decide = \"words?\"",
                "stateProvinceCode = { column = \"Land\", map = { \"USA\" = \"US\" } }\n",
            ),
            (
                "map = { \"Amerika\" = \"?\" }, decide = \"words?\"",
                "stateProvinceCode = \"Land\"\n",
            ),
            (
                "map = { \"USA\" = \"US\" }, decide = \"words?\"",
                "stateProvinceCode = { column = \"Land\", map = { \"USA\" = \"US\" } }\n",
            ),
        ] {
            let text =
                format!("[vendorAccount]\nstateProvinceCode = {{ column = \"Land\", {map} }}\n");
            let change = crate::mapping::edit::Change::Decide {
                place: Place::Field(vec![name("vendorAccount"), name("stateProvinceCode")]),
                question: None,
            };
            let changed = crate::mapping::edit::apply(&text, &change).unwrap();
            assert_eq!(changed, format!("[vendorAccount]\n{left}"), "{map}");
        }
    }
}
