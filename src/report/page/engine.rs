//! The templates of a run's page and of a job's index.

use std::io;
use std::path::PathBuf;
use std::sync::LazyLock;

use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use crate::html::Templates;
use crate::report::folder::{ReportError, ReportFolder};

const STYLE: &str = include_str!("../templates/page.css");
const SCRIPT: &str = include_str!("../templates/page.js");

static TEMPLATES: LazyLock<Result<Templates, String>> = LazyLock::new(templates);

fn templates() -> Result<Templates, String> {
    Templates::new(&[
        ("layout.html", include_str!("../templates/layout.html")),
        ("parts.html", include_str!("../templates/parts.html")),
        ("report.html", include_str!("../templates/report.html")),
        ("index.html", include_str!("../templates/index.html")),
    ])
}

/// Makes a page of a template and what it shows; with it the nonce of its style and script.
pub(super) fn render_with_nonce<V: Serialize>(
    template: &str,
    view: &V,
) -> Result<(String, String), String> {
    let templates = TEMPLATES.as_ref().map_err(Clone::clone)?;
    let view = Value::from(Serde(view));
    // Not a secret: no markup of anybody else gets into the page in the first place. The policy is the second wall.
    let nonce = blake3::hash(format!("{template} {view}").as_bytes());
    let nonce = &nonce.to_hex()[..32];
    let page = context! { view, nonce, style => Value::from_safe_string(STYLE.to_owned()), script => Value::from_safe_string(SCRIPT.to_owned()) };
    Ok((templates.render(template, page)?, nonce.to_owned()))
}

/// Writes a page under its own name.
pub(super) fn write<V: Serialize>(
    folder: &ReportFolder,
    name: &str,
    template: &str,
    view: &V,
) -> Result<PathBuf, ReportError> {
    let (page, _) = render_with_nonce(template, view)
        .map_err(|words| ReportError::new(&folder.path_of(name), io::Error::other(words)))?;
    folder.write(name, page.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_can_be_read() {
        assert_eq!(templates().err(), None);
    }
}
