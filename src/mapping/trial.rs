//! A row through a mapping, for tests: what a cell becomes in its field, and what is reported.

use std::sync::Arc;

use serde_json::Value;

use super::date::Evidence;
use super::{Mapping, Plan, RowBuffers};
use crate::partner::{validate, write_payload};
use crate::source::{Cell, Header, RowBatch};

/// A mapping of one column.
pub(super) struct Trial {
    plan: Plan,
    header: Arc<Header>,
    scratch: RowBuffers,
}

/// What became of a row.
#[derive(Debug)]
pub(super) struct Became {
    body: Value,
    /// The codes of what was found, in the order in which it was found, and the words.
    pub(super) codes: Vec<&'static str>,
    pub(super) words: Vec<String>,
    /// It keeps the row from being sent.
    pub(super) is_refused: bool,
}

impl Became {
    /// The value at a JSON pointer, as text; none where nothing is sent there.
    pub(super) fn at(&self, pointer: &str) -> Option<String> {
        self.body.pointer(pointer).map(|value| match value {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        })
    }
}

impl Trial {
    /// Of a mapping that may use the columns `Id`, `Name`, `V` and `W`, which says what stands under `[source]` and from
    /// `[organization]` on, behind the business name.
    pub(super) fn new(source: &str, rest: &str) -> Self {
        let text = format!(
            "name = \"trial\"\nkey = \"Id\"\n[source]\n{source}\n[organization]\nbusinessName = \"Name\"\n{rest}"
        );
        let mapping = Mapping::parse("m.toml", &text).unwrap_or_else(|e| panic!("{e}: {text}"));
        let names = ["Id", "Name", "V", "W"].map(str::to_owned).to_vec();
        let header = Arc::new(Header::new(names));
        let plan = Plan::compile(&mapping, &header).unwrap_or_else(|e| panic!("{e}: {text}"));
        Self {
            plan,
            header,
            scratch: RowBuffers::default(),
        }
    }

    /// What becomes of a row with these cells in `V` and `W`, where the column `V` holds nothing else.
    pub(super) fn cells(&mut self, v: Cell<'_>, w: Cell<'_>) -> Became {
        let cells = [Cell::Text("1"), Cell::Text("Alpha"), v, w];
        let batch = RowBatch::of_cells(Arc::clone(&self.header), &cells);
        let row = batch.rows().next().unwrap();
        let (plan, scratch) = (&self.plan, &mut self.scratch);
        let mut evidence = vec![Evidence::default(); plan.date_columns.len()];
        plan.gather(row, scratch, &mut evidence);
        let verdicts: Vec<_> = evidence.iter().map(Evidence::verdict).collect();
        assert!(plan.key_of(row, &mut scratch.key));
        plan.fill(row, &verdicts, scratch);
        let is_error = |code| plan.validation.is_error(code);
        validate(&plan.shape, &scratch.draft, is_error, &mut scratch.findings);
        let mut body = Vec::new();
        write_payload(&plan.shape, &scratch.draft, &mut body);
        Became {
            body: serde_json::from_slice(&body).unwrap(),
            codes: scratch.findings.iter().map(|f| f.code.as_str()).collect(),
            words: scratch.findings.iter().map(|f| f.message.clone()).collect(),
            is_refused: scratch.findings.iter().any(|f| is_error(f.code)),
        }
    }

    /// What becomes of a text in `V`, beside one in `W`.
    pub(super) fn text(&mut self, v: &str, w: &str) -> Became {
        self.cells(Cell::Text(v), Cell::Text(w))
    }
}
