//! A row's typed values on their way to the payload.
//!
//! A [`Draft`] holds the values of one row by leaf number of a [`Shape`](super::Shape), and is reused from row to row:
//! texts lie in one buffer, so filling a draft allocates nothing once the buffer has grown.

use jiff::civil::Date;

/// A leaf's value in a row. Texts are ranges of the draft's buffer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Slot {
    /// No value: no key in the JSON.
    Empty,
    /// A text, written with JSON's escapes.
    Text {
        /// Byte range in the draft's text buffer.
        at: (u32, u32),
    },
    /// A whole number, written without quotes.
    Integer(i64),
    /// `true` or `false`, written without quotes.
    Boolean(bool),
    /// A calendar date, written as `"yyyy-MM-dd"`.
    Date(Date),
    /// The key of another row, whose partner id stands here once it is known.
    Link {
        /// Byte range in the draft's text buffer.
        at: (u32, u32),
    },
    /// JSON as it is, from a constant.
    Raw {
        /// Byte range in the draft's text buffer.
        at: (u32, u32),
    },
    /// Several texts, written as an array, or joined where the field takes one.
    List {
        /// Range in the draft's list of ranges.
        of: (u32, u32),
    },
}

/// Leaves that a [`Filled`] has a bit for.
const MOST_LEAVES: usize = 128;

/// A bit for each leaf.
type Leaves = [u64; MOST_LEAVES / 64];

/// Which leaves have a value, which of these a text, and which of the row's own cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Filled {
    any: Leaves,
    text: Leaves,
    data: Leaves,
}

impl Filled {
    #[inline]
    fn set(&mut self, leaf: usize, slot: Slot, from_data: bool) {
        let (word, bit) = (leaf / 64 % (MOST_LEAVES / 64), leaf % 64);
        let put = |leaves: &mut Leaves, on: bool| {
            leaves[word] = leaves[word] & !(1 << bit) | u64::from(on) << bit;
        };
        put(&mut self.any, !matches!(slot, Slot::Empty));
        put(&mut self.text, matches!(slot, Slot::Text { .. }));
        put(&mut self.data, from_data);
    }
}

/// The values of one row, by leaf number; see the module for why it is reused.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    filled: Filled,
    slots: Vec<Slot>,
    from_data: Vec<bool>,
    text: String,
    ranges: Vec<(u32, u32)>,
}

impl Draft {
    /// Empties the draft for a shape of `leaves` leaves; buffers are kept.
    pub fn reset(&mut self, leaves: usize) {
        self.slots.clear();
        self.slots.resize(leaves, Slot::Empty);
        self.from_data.clear();
        self.from_data.resize(leaves, false);
        self.text.clear();
        self.ranges.clear();
        self.filled = Filled::default();
    }

    /// Which leaves have which values; none where there are too many leaves.
    pub(super) fn filled(&self) -> Option<Filled> {
        (self.slots.len() <= MOST_LEAVES).then_some(self.filled)
    }

    /// Which leaves have a value, a bit for each; none where there are too many leaves.
    #[must_use]
    pub fn filled_leaves(&self) -> Option<u128> {
        let [low, high] = self.filled()?.any;
        Some(u128::from(low) | u128::from(high) << 64)
    }

    /// The value of a leaf; empty for a leaf that the shape does not have.
    #[inline]
    #[must_use]
    pub fn slot(&self, leaf: usize) -> Slot {
        self.slots.get(leaf).copied().unwrap_or(Slot::Empty)
    }

    /// Whether the row's own cells, not a constant or default, filled the leaf.
    #[must_use]
    pub fn is_from_data(&self, leaf: usize) -> bool {
        self.from_data.get(leaf).copied().unwrap_or(false)
    }

    /// All texts, one behind the other.
    #[must_use]
    pub fn texts(&self) -> &str {
        &self.text
    }

    /// The text of a range.
    #[must_use]
    pub fn text(&self, at: (u32, u32)) -> &str {
        self.text.get(at.0 as usize..at.1 as usize).unwrap_or("")
    }

    /// The same as bytes: whoever copies them need not know where its characters begin.
    #[inline]
    pub(super) fn bytes(&self, at: (u32, u32)) -> &[u8] {
        let range = at.0 as usize..at.1 as usize;
        self.text.as_bytes().get(range).unwrap_or_default()
    }

    /// A leaf's text, where it is text.
    #[must_use]
    pub fn leaf_text(&self, leaf: usize) -> Option<&str> {
        match self.slot(leaf) {
            Slot::Text { at } => Some(self.text(at)),
            _ => None,
        }
    }

    /// The texts of a list.
    pub fn list(&self, of: (u32, u32)) -> impl Iterator<Item = &str> {
        self.ranges
            .get(of.0 as usize..of.1 as usize)
            .unwrap_or(&[])
            .iter()
            .map(|at| self.text(*at))
    }

    /// Puts a text into the buffer and returns its range.
    #[inline]
    pub fn push_text(&mut self, text: &str) -> (u32, u32) {
        let start = to_u32(self.text.len());
        self.text.push_str(text);
        (start, to_u32(self.text.len()))
    }

    /// Fills a leaf, in place of what it held; `from_data` where the row's own cells filled it.
    #[inline]
    pub fn set(&mut self, leaf: usize, slot: Slot, from_data: bool) {
        if let Some(place) = self.slots.get_mut(leaf) {
            *place = slot;
            self.from_data[leaf] = from_data;
            self.filled.set(leaf, slot, from_data);
        }
    }

    /// Fills a leaf with a text.
    #[inline]
    pub fn set_text(&mut self, leaf: usize, text: &str, from_data: bool) {
        let at = self.push_text(text);
        self.set(leaf, Slot::Text { at }, from_data);
    }

    /// Puts another text into a leaf; whether it came from the row stays as it was.
    pub fn replace_text(&mut self, leaf: usize, text: &str) {
        let from_data = self.from_data.get(leaf).copied().unwrap_or(false);
        self.set_text(leaf, text, from_data);
    }

    /// Fills a leaf with several texts.
    pub fn set_list<'t>(
        &mut self,
        leaf: usize,
        texts: impl Iterator<Item = &'t str>,
        from_data: bool,
    ) {
        let first = to_u32(self.ranges.len());
        for text in texts {
            let at = self.push_text(text);
            self.ranges.push(at);
        }
        let of = (first, to_u32(self.ranges.len()));
        self.set(
            leaf,
            if of.0 == of.1 {
                Slot::Empty
            } else {
                Slot::List { of }
            },
            from_data,
        );
    }
}

/// A row's texts stay far below 4 GiB: the reader refuses longer records.
fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_leaf_has_a_bit_of_its_own() {
        let mut draft = Draft::default();
        draft.reset(MOST_LEAVES);
        let filled = [0, 1, 63, 64, 100, 127];
        for leaf in filled {
            draft.set_text(leaf, "x", leaf > 1);
            draft.set(leaf + 1, Slot::Integer(1), false);
            draft.set(leaf + 1, Slot::Empty, false);
            draft.set_text(leaf, "y", leaf > 1);
        }
        let bits = filled.iter().fold(0_u128, |bits, leaf| bits | 1 << leaf);
        assert_eq!(draft.filled_leaves(), Some(bits));
        let all = draft.filled().unwrap();
        assert_eq!(all.text, all.any);
        let from_data = |leaf: usize| all.data[leaf / 64] >> (leaf % 64) & 1 == 1;
        for leaf in 0..MOST_LEAVES {
            assert_eq!(from_data(leaf), draft.is_from_data(leaf), "{leaf}");
        }
        draft.reset(MOST_LEAVES + 1);
        assert_eq!(draft.filled_leaves(), None);
        draft.reset(3);
        assert_eq!(draft.filled_leaves(), Some(0));
    }
}
