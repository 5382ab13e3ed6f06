//! The columns that a mapping names, before it is compiled against a header.

use super::file::Mapping;
use super::rule::Feed;
use super::template_columns::template_names;

impl Mapping {
    /// Every column that the mapping takes something of, in its order and each once.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        let mut all: Vec<String> = self.key.0.iter().map(|c| c.text.clone()).collect();
        for rule in &self.rules {
            match &rule.rule.feed {
                Feed::Column(column) | Feed::Partner(column) => all.push(column.text.clone()),
                Feed::Columns(columns) => all.extend(columns.iter().map(|c| c.text.clone())),
                Feed::Template(template) => all.extend(template_names(&template.text)),
                Feed::Value(_) => {}
            }
        }
        let rows = self.source.only.iter().chain(&self.source.except);
        all.extend(rows.map(|selection| selection.column.text.clone()));
        let mut seen = std::collections::HashSet::new();
        all.retain(|column| seen.insert(column.clone()));
        all
    }
}
