//! `${VAR}` in paths and addresses of the configuration: a variable of the environment.

use std::borrow::Cow;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::env::Environment;

/// The keys whose texts are paths or addresses, by section. Commands are left as they are: a shell among them has variables
/// of its own.
const KEYS: [(&str, &[&str]); 6] = [
    (
        "api",
        &["url", "token_file", "ca_file", "client_cert", "client_key"],
    ),
    ("state", &["path", "key_file"]),
    ("report", &["dir"]),
    ("metrics", &["textfile", "push"]),
    ("notify", &["url", "url_file"]),
    ("ping", &["url", "start_url", "success_url", "fail_url"]),
];
/// The same of each job.
const JOB_KEYS: [&str; 3] = ["file", "mapping", "archive"];

/// A place in the file where a variable cannot be put in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotExpanded {
    /// Where the text stands.
    pub(super) at: Range<usize>,
    /// What is wrong.
    pub(super) reason: String,
}

/// Puts the variables in.
pub(super) fn expand(
    table: &mut DeTable<'_>,
    environment: &Environment,
) -> Result<(), NotExpanded> {
    for (section, value) in table.iter_mut() {
        match (&**section.get_ref(), value.get_mut()) {
            ("job", DeValue::Array(jobs)) => {
                for job in jobs.iter_mut() {
                    if let DeValue::Table(job) = job.get_mut() {
                        texts(job, &JOB_KEYS, environment)?;
                    }
                }
            }
            (name, DeValue::Table(inner)) => {
                let keys = KEYS.iter().find(|(known, _)| *known == name);
                texts(inner, keys.map_or(&[], |(_, keys)| keys), environment)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn texts(
    table: &mut DeTable<'_>,
    keys: &[&str],
    environment: &Environment,
) -> Result<(), NotExpanded> {
    for (key, value) in table.iter_mut() {
        if !keys.contains(&&**key.get_ref()) {
            continue;
        }
        let at = value.span();
        if let DeValue::String(text) = value.get_mut()
            && text.contains("${")
        {
            let put_in = put_in(text, environment).map_err(|reason| NotExpanded { at, reason })?;
            *text = Cow::Owned(put_in);
        }
    }
    Ok(())
}

/// A text with its variables put in; `$${` stands for `${` itself.
fn put_in(text: &str, environment: &Environment) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, behind) = (&rest[..at], &rest[at + 2..]);
        if let Some(before) = before.strip_suffix('$') {
            out.push_str(before);
            out.push_str("${");
            rest = behind;
            continue;
        }
        out.push_str(before);
        let (name, after) = behind
            .split_once('}')
            .ok_or_else(|| "a variable is written ${NAME}, and } is missing".to_owned())?;
        let is_name =
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name {
            return Err(
                "a variable is written ${NAME}, of letters, digits and _; write $${ for ${ itself"
                    .to_owned(),
            );
        }
        let value = environment.get(name).ok_or_else(|| {
            format!("the environment variable {name} is not set, or empty: set it, or write $${{ for ${{ itself")
        })?;
        out.push_str(value);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_put_in() {
        let environment = Environment::of(&[("A", "1"), ("B_2", "x/y"), ("EMPTY", "")]);
        for (text, result) in [
            ("plain", "plain"),
            ("${A}", "1"),
            ("in/${B_2}/${A}.csv", "in/x/y/1.csv"),
            ("$${A} $A {A}", "${A} $A {A}"),
            ("ü${A}ü", "ü1ü"),
        ] {
            assert_eq!(put_in(text, &environment).as_deref(), Ok(result));
        }
        for (text, says) in [
            ("${NONE}", "variable NONE is not set"),
            ("${EMPTY}", "variable EMPTY is not set"),
            ("${A", "} is missing"),
            ("${}", "letters, digits and _"),
            ("${A B}", "letters, digits and _"),
        ] {
            let words = put_in(text, &environment).unwrap_err();
            assert!(words.contains(says), "{text}: {words}");
        }
    }
}
