//! Rows that were read and are not handed on, and why: each is counted, and reports name the first of them.

use super::footer::Footer;

/// Rows that a note names of those it counts.
const NAMED_ROWS: usize = 5;

/// Why a row is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// It is the header once more.
    Header,
    /// The workbook says that it is the totals row of a table.
    Totals,
    /// It has none of the words of `[source] only`.
    Only,
    /// It has a word of `[source] except`.
    Except,
}

impl Reason {
    const ALL: [Reason; 4] = [Reason::Header, Reason::Totals, Reason::Only, Reason::Except];

    fn describe(self, is_one: bool) -> &'static str {
        match (self, is_one) {
            (Reason::Header, true) => "repeats the header and is not imported",
            (Reason::Header, false) => "repeat the header and are not imported",
            (Reason::Totals, true) => "is the totals row of a table and is not imported",
            (Reason::Totals, false) => "are totals rows of tables and are not imported",
            (Reason::Only, true) => "is left out by [source] only",
            (Reason::Only, false) => "are left out by [source] only",
            (Reason::Except, true) => "is left out by [source] except",
            (Reason::Except, false) => "are left out by [source] except",
        }
    }
}

/// Rows of one reason: how many, and the first of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Places {
    count: u64,
    first: Vec<u64>,
}

/// Rows of a file that were read and are not handed on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Rows at the end that are not data.
    pub footer: Option<Footer>,
    by_reason: [Places; Reason::ALL.len()],
    /// A row that is a header of other columns, or in another order: the rows below it belong to that.
    pub(super) other_header: Option<u64>,
}

impl LeftOut {
    /// With a footer, where one was found.
    pub(super) fn of_footer(footer: Option<Footer>) -> Self {
        Self {
            footer,
            ..Self::default()
        }
    }

    pub(super) fn add(&mut self, reason: Reason, row: u64) {
        let places = &mut self.by_reason[reason as usize];
        places.count += 1;
        if places.first.len() < NAMED_ROWS {
            places.first.push(row);
        }
    }

    /// Adds what was left out of rows behind these.
    pub fn absorb(&mut self, behind: Self) {
        self.footer = behind.footer.or(self.footer.take());
        self.other_header = self.other_header.or(behind.other_header);
        for (all, more) in self.by_reason.iter_mut().zip(behind.by_reason) {
            all.count += more.count;
            let free = NAMED_ROWS - all.first.len();
            all.first.extend(more.first.into_iter().take(free));
        }
    }

    /// How many rows these are.
    #[must_use]
    pub fn count(&self) -> u64 {
        let footer = self.footer.as_ref().map_or(0, |footer| footer.rows);
        footer
            + self
                .by_reason
                .iter()
                .map(|places| places.count)
                .sum::<u64>()
    }

    /// A sentence for each reason: which rows, and why; the footer speaks for itself.
    #[must_use]
    pub fn describe(&self) -> Vec<String> {
        let of_reason = |reason: &Reason| {
            let places = &self.by_reason[*reason as usize];
            let why = reason.describe(places.count == 1);
            match places.first.as_slice() {
                [] => None,
                [row] => Some(format!("row {row} {why}")),
                [first, last] => Some(format!("rows {first} and {last} {why}")),
                first => {
                    let named: Vec<String> = first.iter().map(u64::to_string).collect();
                    let more = if places.count > named.len() as u64 {
                        ", …"
                    } else {
                        ""
                    };
                    let count = crate::diagnostic::thousands(places.count);
                    Some(format!("{count} rows {why}: {}{more}", named.join(", ")))
                }
            }
        };
        Reason::ALL.iter().filter_map(of_reason).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_and_the_first_are_named() {
        let mut all = LeftOut::default();
        assert_eq!((all.count(), all.describe()), (0, Vec::new()));
        all.add(Reason::Totals, 3);
        let mut behind = LeftOut::default();
        for row in 10..13 {
            behind.add(Reason::Only, row);
        }
        behind.add(Reason::Except, 20);
        behind.add(Reason::Except, 21);
        all.absorb(behind.clone());
        all.absorb(behind);
        assert_eq!(all.count(), 11);
        assert_eq!(
            all.describe(),
            [
                "row 3 is the totals row of a table and is not imported",
                "6 rows are left out by [source] only: 10, 11, 12, 10, 11, …",
                "4 rows are left out by [source] except: 20, 21, 20, 21",
            ]
        );
        let mut two = LeftOut::default();
        two.add(Reason::Header, 5);
        two.add(Reason::Header, 9);
        assert_eq!(
            two.describe(),
            ["rows 5 and 9 repeat the header and are not imported"]
        );
    }

    #[test]
    fn no_more_rows_are_named_than_a_note_names() {
        let mut all = LeftOut::default();
        for row in 2..9 {
            all.add(Reason::Only, row);
        }
        all.absorb(all.clone());
        assert_eq!(
            all.describe(),
            ["14 rows are left out by [source] only: 2, 3, 4, 5, 6, …"]
        );
    }

    /// Pieces come in their order; a later one without a footer takes none away.
    #[test]
    fn a_footer_is_counted_by_its_rows() {
        let footer = Footer {
            first: 9,
            last: 14,
            rows: 4,
            text: "Report".to_owned(),
        };
        let mut all = LeftOut::of_footer(Some(footer));
        all.absorb(LeftOut::default());
        assert_eq!(all.count(), 4);
        assert!(all.describe().is_empty());
    }
}
