//! The templates of the page.

use std::sync::LazyLock;

use minijinja::context;
use minijinja::value::Serde;

use super::view::{self, Selection};
use super::workspace::Workspace;
use crate::html::Templates;

pub(super) const STYLE: &str = include_str!("templates/page.css");
pub(super) const SCRIPT: &str = include_str!("templates/page.js");

static TEMPLATES: LazyLock<Result<Templates, String>> = LazyLock::new(templates);

fn templates() -> Result<Templates, String> {
    Templates::new(&[
        ("lookup.html", include_str!("templates/lookup.html")),
        ("page.html", include_str!("templates/page.html")),
        ("parts.html", include_str!("templates/parts.html")),
        ("rule.html", include_str!("templates/rule.html")),
        ("tests.html", include_str!("templates/tests.html")),
    ])
}

/// The page as it is now.
pub(super) fn page(
    workspace: &Workspace,
    selection: &Selection,
    token: &str,
) -> Result<String, String> {
    let done = workspace.checked_rows();
    let view = view::page(&workspace.bench(), selection, done);
    let templates = TEMPLATES.as_ref().map_err(Clone::clone)?;
    templates.render("page.html", context! { view => Serde(&view), token })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_can_be_read() {
        assert_eq!(templates().err(), None);
    }
}
