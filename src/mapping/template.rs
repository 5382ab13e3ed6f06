//! Text made of several columns: MiniJinja templates, compiled once, strict about unknown names.

use std::sync::Arc;

use minijinja::value::{Object, Value};
use minijinja::{Environment, UndefinedBehavior};

use super::coerce::is_blank;
use crate::source::{Header, SourceRow};

/// All templates of a plan.
#[derive(Debug, Clone)]
pub(super) struct Templates {
    environment: Environment<'static>,
    count: usize,
}

/// Instructions a template may run: a loop without end stops here.
const FUEL: u64 = 100_000;

impl Templates {
    pub(super) fn new() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.set_fuel(Some(FUEL));
        Self {
            environment,
            count: 0,
        }
    }

    /// Compiles a template and runs it once on a row of blanks, which finds unknown names and filters.
    pub(super) fn add(&mut self, text: &str, header: &Arc<Header>) -> Result<usize, String> {
        let index = self.count;
        self.environment
            .add_template_owned(name(index), text.to_owned())
            .map_err(|e| describe(&e))?;
        self.count += 1;
        let blank = RowValues {
            header: Arc::clone(header),
            cells: vec![String::new(); header.len()],
        };
        self.render(index, blank)?;
        Ok(index)
    }

    /// Fills template `index` from a row.
    pub(super) fn fill(
        &self,
        index: usize,
        row: SourceRow<'_>,
        header: &Arc<Header>,
    ) -> Result<String, String> {
        self.render(
            index,
            RowValues {
                header: Arc::clone(header),
                cells: row.texts(),
            },
        )
    }

    fn render(&self, index: usize, row: RowValues) -> Result<String, String> {
        let template = self
            .environment
            .get_template(&name(index))
            .map_err(|e| describe(&e))?;
        template
            .render(minijinja::context! { row => Value::from_object(row) })
            .map_err(|e| describe(&e))
    }
}

fn name(index: usize) -> String {
    format!("template {index}")
}

fn describe(error: &minijinja::Error) -> String {
    error
        .detail()
        .map_or_else(|| error.kind().to_string(), str::to_owned)
}

#[derive(Debug)]
struct RowValues {
    header: Arc<Header>,
    cells: Vec<String>,
}

impl Object for RowValues {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let column = self.header.find(key.as_str()?)?;
        Some(Value::from(
            self.cells
                .get(column)
                .map_or("", |c| c.trim_matches(is_blank)),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_refused_where_it_cannot_work() {
        let header = Arc::new(Header::new(["Id", "Name"].map(str::to_owned).to_vec()));
        let add = |text: &str| Templates::new().add(text, &header);
        assert_eq!(add("{{ row['Name'] }} {{ row[\"Id\"] }}"), Ok(0));
        let wrong = add("{{ row['Name'] | nosuchfilter }}").unwrap_err();
        assert!(wrong.contains("nosuchfilter"), "{wrong}");
        let mut both = Templates::new();
        assert_eq!(both.add("a", &header), Ok(0));
        assert_eq!(both.add("b", &header), Ok(1));
    }
}
