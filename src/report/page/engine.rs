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
    engine.add_filter("commands", commands);
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

/// A text whose commands stand between backticks, as on a terminal, with these as code. All of it is escaped.
fn commands(text: &str) -> Value {
    let parts: Vec<&str> = text.split('`').collect();
    // One backtick is one that somebody wrote.
    if parts.len().is_multiple_of(2) {
        return Value::from_safe_string(html_escape::encode_safe(text).into_owned());
    }
    let mut out = String::new();
    for (at, part) in parts.into_iter().enumerate() {
        let part = html_escape::encode_safe(part);
        if at.is_multiple_of(2) {
            out.push_str(&part);
        } else {
            out.extend(["<code>", &part, "</code>"]);
        }
    }
    Value::from_safe_string(out)
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
    fn commands_are_code_and_everything_is_escaped() {
        for (text, html) in [
            (
                "Run `a --b \"C\"`, or `d`.",
                "Run <code>a --b &quot;C&quot;</code>, or <code>d</code>.",
            ),
            ("no <b> command", "no &lt;b&gt; command"),
            ("one ` alone <i>", "one ` alone &lt;i&gt;"),
            ("`<i>`", "<code>&lt;i&gt;</code>"),
        ] {
            assert_eq!(commands(text).to_string(), html);
        }
    }

    #[test]
    fn every_template_can_be_read() {
        assert_eq!(engine().err(), None);
    }
}
