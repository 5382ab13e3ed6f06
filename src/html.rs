//! Templates → pages, for whoever makes HTML. Whatever a value holds is text: the templates' names end in `.html`, for which
//! the engine escapes. A name that a template does not find is an error, not an empty place.

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, Value};

/// Some templates, ready to be filled.
#[derive(Debug)]
pub struct Templates(Environment<'static>);

impl Templates {
    /// Reads templates, each with its name, which must end in `.html`.
    ///
    /// # Errors
    /// The template that cannot be read, and why.
    pub fn new(texts: &[(&'static str, &'static str)]) -> Result<Self, String> {
        let mut engine = Environment::new();
        engine.set_undefined_behavior(UndefinedBehavior::Strict);
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build();
        engine.set_syntax(syntax.map_err(|e| e.to_string())?);
        for (name, text) in texts {
            engine
                .add_template(name, text)
                .map_err(|e| format!("{name}: {e:#}"))?;
        }
        Ok(Self(engine))
    }

    /// Fills a template.
    ///
    /// # Errors
    /// What the template lacks.
    pub fn render(&self, name: &str, with: Value) -> Result<String, String> {
        self.0
            .get_template(name)
            .and_then(|t| t.render(with))
            .map_err(|e| format!("{name}: {e:#}"))
    }
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    #[test]
    fn values_are_text_and_what_is_missing_is_an_error() {
        let templates = Templates::new(&[("a.html", "<p>{{ cell }}</p>")]).unwrap();
        let page = templates.render("a.html", context! { cell => "<script>'\"" });
        assert_eq!(page.unwrap(), "<p>&lt;script&gt;&#x27;&quot;</p>");
        assert!(templates.render("a.html", context! {}).is_err());
        assert!(Templates::new(&[("a.html", "{% if %}")]).is_err());
    }
}
