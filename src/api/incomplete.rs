//! Why a walk over the partner list proves no absence.

use crate::partner::{ApiWords, PartnerId};

/// What a walk missed, or may have missed. What it found stays found; what it did not find may be there all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Incomplete {
    /// The page that came is the one before it, although there are more.
    #[error(
        "it returns the same page again: the server ignores skip, so not all partners can be listed"
    )]
    SamePage,
    /// A page that came before has come again, where the next one was asked for.
    #[error("it returns pages that it returned before, so not all partners can be listed")]
    Circle,
    /// `currentPageNumber` is not the page that was asked for.
    #[error("page {asked} was requested, but page {came} was returned")]
    WrongPage {
        /// The number that the page should have, counted as the server counts.
        asked: u64,
        /// The number that it has.
        came: u64,
    },
    /// A page is no list of partners.
    #[error("a page cannot be read: {0}")]
    Unreadable(ApiWords),
    /// Partners that show no identifier in the list, and whose own answer shows none either.
    #[error("{count} of its partners cannot be compared ({example})")]
    Uncomparable {
        /// How many.
        count: u64,
        /// What was wrong with the first of them.
        example: ApiWords,
    },
    /// `totalRecords` was not the same on the last page as on the first.
    #[error("its total changed from {before} to {after} while it was read; run again")]
    Changed {
        /// On the first page.
        before: u64,
        /// On the last page.
        after: u64,
    },
    /// A partner that is there is not in the list: it hides some, so what it does not show proves nothing.
    #[error("it does not show the partner {0}, which the API has: it hides some")]
    NotListed(PartnerId),
    /// Fewer distinct partners than the largest `totalRecords` of any page.
    #[error("its total is {total}, but it lists {seen}")]
    FewerThanTotal {
        /// Distinct partners that were seen.
        seen: u64,
        /// The largest `totalRecords`.
        total: u64,
    },
    /// Each page brought new partners for as long as anybody could wait.
    #[error("it does not end: {pages} pages listed {seen} partners, and there are more")]
    Endless {
        /// Pages that were read.
        pages: u64,
        /// Distinct partners on them.
        seen: u64,
    },
}
