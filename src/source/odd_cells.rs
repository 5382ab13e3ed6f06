//! Which cells of a record need a closer look than printable ASCII does.

/// The cells of a record that are not plain: that hold anything but printable ASCII, or a quote, an apostrophe, a backslash
/// or an ampersand. A bit for each cell; the last stands for all behind it, too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct OddCells(pub(super) u64);

impl OddCells {
    pub(super) const NONE: Self = Self(0);
    pub(super) const ALL: Self = Self(u64::MAX);

    fn bit(cell: usize) -> u64 {
        1 << cell.min(63)
    }

    /// Those of the cells that end at `ends` in `texts`: nearly always one scan for all of them.
    pub(super) fn of(texts: &[u8], ends: &[usize]) -> Self {
        if are_plain(texts) {
            return Self::NONE;
        }
        let (mut odd, mut cell, mut from) = (0, 0, 0);
        for block in texts.chunks(32) {
            if !are_plain(block) {
                for (at, _) in (from..).zip(block).filter(|(_, b)| !is_plain(**b)) {
                    while ends.get(cell).is_some_and(|end| *end <= at) {
                        cell += 1;
                    }
                    odd |= Self::bit(cell);
                }
            }
            from += block.len();
        }
        Self(odd)
    }

    /// Whether all cells are plain.
    pub(super) fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// Whether a cell may be odd; false where it surely is plain.
    #[inline]
    pub(super) fn may_have(self, cell: usize) -> bool {
        self.0 & Self::bit(cell) != 0
    }
}

/// Whether all bytes are plain: not cut short, and a function of its own, so that the compiler looks at many at once.
#[inline(never)]
fn are_plain(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |plain, b| plain & is_plain(*b))
}

/// Whether a byte is printable ASCII, and neither a quote, an apostrophe, a backslash nor an ampersand.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\'' | b'\\' | b'&' | b'<')
}
