//! What texts of one field became: a status, a country or a flag stands in a column again and again.

use rustc_hash::FxHashMap;

/// Texts remembered for one field; one with more different texts than this gains nothing by it.
const MOST: usize = 256;
/// A longer text is looked at each time.
const LONGEST: usize = 64;

/// The value of a text about which nothing was found.
#[derive(Debug)]
pub(super) enum Became {
    Integer(i64),
    Boolean(bool),
    Text(Box<str>),
}

/// Texts of one field, trimmed, and what they became.
#[derive(Debug, Default)]
pub(super) struct Known(FxHashMap<Box<str>, Became>);

impl Known {
    pub(super) fn get(&self, text: &str) -> Option<&Became> {
        if text.len() > LONGEST {
            return None;
        }
        self.0.get(text)
    }

    pub(super) fn put(&mut self, text: &str, became: Became) {
        if text.len() <= LONGEST && self.0.len() < MOST {
            self.0.insert(text.into(), became);
        }
    }
}
