//! Templates → pages. Whatever a value holds is text: the templates' names end in `.html`, for which the engine escapes.

use std::io;
use std::path::PathBuf;
use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use serde::Serialize;

use crate::report::folder::{ReportError, ReportFolder};

const STYLE: &str = include_str!("../templates/page.css");
const SCRIPT: &str = include_str!("../templates/page.js");

static ENGINE: LazyLock<Result<Environment<'static>, String>> = LazyLock::new(engine);

fn engine() -> Result<Environment<'static>, String> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build();
    engine.set_syntax(syntax.map_err(|e| e.to_string())?);
    for (name, text) in [
        ("layout.html", include_str!("../templates/layout.html")),
        ("parts.html", include_str!("../templates/parts.html")),
        ("report.html", include_str!("../templates/report.html")),
        ("index.html", include_str!("../templates/index.html")),
    ] {
        engine
            .add_template(name, text)
            .map_err(|e| format!("{name}: {e:#}"))?;
    }
    Ok(engine)
}

/// Makes a page of a template and what it shows.
pub(super) fn render<V: Serialize>(template: &str, view: &V) -> Result<String, String> {
    let engine = ENGINE.as_ref().map_err(Clone::clone)?;
    let view = Value::from(Serde(view));
    // Not a secret: no markup of anybody else gets into the page in the first place. The policy is the second wall.
    let nonce = blake3::hash(format!("{template} {view}").as_bytes());
    let nonce = &nonce.to_hex()[..32];
    let page = context! { view, nonce, style => Value::from_safe_string(STYLE.to_owned()), script => Value::from_safe_string(SCRIPT.to_owned()) };
    engine
        .get_template(template)
        .and_then(|t| t.render(page))
        .map_err(|e| format!("{template}: {e:#}"))
}

/// Writes a page under its own name.
pub(super) fn write<V: Serialize>(
    folder: &ReportFolder,
    name: &str,
    template: &str,
    view: &V,
) -> Result<PathBuf, ReportError> {
    let page = render(template, view)
        .map_err(|words| ReportError::new(&folder.path_of(name), io::Error::other(words)))?;
    folder.write(name, page.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_can_be_read() {
        assert_eq!(engine().err(), None);
    }
}
