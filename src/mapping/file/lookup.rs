//! `lookup = { file = "types.csv", from = "Name", to = "Id" }`: where a rule's words stand in a file.

use super::{Reader, Value};
use crate::mapping::rule::{Lookup, Placed};

const KEYS: [&str; 3] = ["file", "from", "to"];

impl Reader {
    /// What a rule says about its lookup file; the file itself is read later.
    pub(super) fn lookup(&mut self, value: &Value<'_>) -> Option<Lookup> {
        let table = self.table(value, "lookup")?;
        let mut parts: [Option<Placed>; 3] = [None, None, None];
        let mut is_whole = true;
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match KEYS.iter().position(|k| *k == name) {
                Some(at) => {
                    parts[at] = self.text(value, name);
                    is_whole &= parts[at].is_some();
                }
                None => self.unknown(key.span(), "lookup key", name, KEYS),
            }
        }
        for (key, part) in KEYS.iter().zip(&parts) {
            if part.is_none() && is_whole {
                self.problem(
                    value.span(),
                    format!("lookup needs {key}: {{ file = \"types.csv\", from = \"Name\", to = \"Id\" }}"),
                );
            }
        }
        let [Some(file), Some(from), Some(to)] = parts else {
            return None;
        };
        if file.text.is_empty() || file.text == "-" {
            self.problem(file.span, "lookup takes the name of a file");
            return None;
        }
        Some(Lookup {
            file,
            from,
            to,
            read: None,
        })
    }
}
