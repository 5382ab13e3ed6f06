//! What an API has beside what the state knows of.

use std::fmt;

use crate::diagnostic::thousands;

/// The longest list that is walked as a whole without a reason in the rows themselves.
const WALKED: u64 = 10_000;

/// Partners of the API that the state knows nothing of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// There are none.
    None,
    /// It has no more than before, but may have those of so many new rows: their identifiers were seen there when its list
    /// was last read, or are of rows that a person had forgotten.
    Seen(u64),
    /// The API does not say how many partners it has.
    Uncounted,
    /// It has fewer than before: some were deleted, and others may have come meanwhile.
    Fewer {
        /// How many partners the API has.
        on_api: u64,
        /// How many fewer than before.
        gone: u64,
    },
    /// There are some.
    Some {
        /// How many partners the API has.
        on_api: u64,
        /// How many of them the state does not know of.
        unknown: u64,
    },
}

impl Unknown {
    /// What the total of an API means for a state that knows of so many, of none where nobody ever compared them, and for
    /// new rows of which so many may be there.
    pub(super) fn of(on_api: Option<u64>, known: Option<u64>, unclaimed: u64) -> Self {
        let Some(on_api) = on_api else {
            return Self::Uncounted;
        };
        let known = known.unwrap_or(0);
        match on_api.checked_sub(known) {
            _ if unclaimed > 0 => Self::Seen(unclaimed),
            _ if on_api == 0 => Self::None,
            None => Self::Fewer {
                on_api,
                gone: known - on_api,
            },
            Some(0) => Self::None,
            Some(unknown) => Self::Some { on_api, unknown },
        }
    }

    /// Whether a sample of the rows is looked up before the list is walked.
    pub(super) fn is_long_list(self) -> bool {
        matches!(self, Self::Some { on_api, .. } | Self::Fewer { on_api, .. } if on_api > WALKED)
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::None => f.write_str("The state has all partners of the API"),
            Self::Seen(1) => f.write_str("The identifier of 1 new row was already used on the API"),
            Self::Seen(rows) => write!(
                f,
                "The identifiers of {} new rows were already used on the API",
                thousands(rows)
            ),
            Self::Uncounted => f.write_str("The API does not say how many partners it has"),
            Self::Fewer { on_api, gone } => write!(
                f,
                "The API has {}, {} fewer than before, so others may have come that this state does not know",
                partners(on_api),
                thousands(gone)
            ),
            Self::Some {
                on_api: 1,
                unknown: 1,
            } => f.write_str(
                "The API has 1 partner, and the rows of this mapping were not compared with it yet",
            ),
            Self::Some { on_api, unknown } if on_api == unknown => write!(
                f,
                "The API has {}, and the rows of this mapping were not compared with them yet",
                partners(on_api)
            ),
            Self::Some { on_api, unknown } => write!(
                f,
                "The API has {}, {} more than this state",
                partners(on_api),
                thousands(unknown)
            ),
        }
    }
}

/// What is said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnApi<'n> {
    /// There are unknown partners, so rows that would be created are looked for among them first.
    LookedFor(Unknown),
    /// The look is over: so many rows have their partner already, which was recorded.
    Adopted(u64),
    /// The look is over: none of so many rows, spread over the export, is there.
    NoneOfSample(u64),
    /// There are unknown partners, and nobody is to look for them.
    NotLookedFor(Unknown),
    /// A dry run could not ask which rows have their partner there, and why.
    NotAsked(&'n str),
}

impl fmt::Display for OnApi<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LookedFor(unknown) => write!(
                f,
                "{unknown}. New rows are looked up there before they are created"
            ),
            Self::Adopted(0) => f.write_str(
                "No row was found there: none of these partners has the identifier of a new row",
            ),
            Self::NoneOfSample(rows) => write!(
                f,
                "None of {} sample rows of this export was found there",
                thousands(*rows)
            ),
            Self::Adopted(1) => f.write_str(
                "1 row already has its partner there; it was recorded, not created again",
            ),
            Self::Adopted(rows) => write!(
                f,
                "{} rows already have their partner there; they were recorded, not created again",
                thousands(*rows)
            ),
            Self::NotLookedFor(unknown) => write!(
                f,
                "warning: {unknown}. With --adopt never, rows that already have a partner there are created again"
            ),
            Self::NotAsked(why) => write!(
                f,
                "rows that already have a partner on the API are not shown as such: {why}"
            ),
        }
    }
}

fn partners(count: u64) -> String {
    match count {
        1 => "1 partner".to_owned(),
        _ => format!("{} partners", thousands(count)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_state_knows_of_is_unknown() {
        let some = |on_api, unknown| Unknown::Some { on_api, unknown };
        for (on_api, known, unclaimed, expected) in [
            (Some(0), None, 0, Unknown::None),
            (Some(5), None, 0, some(5, 5)),
            (Some(5), Some(5), 0, Unknown::None),
            // Partners were deleted on the API, and as many others may be there less one.
            (Some(4), Some(5), 0, Unknown::Fewer { on_api: 4, gone: 1 }),
            (Some(0), Some(5), 0, Unknown::None),
            (Some(6), Some(5), 0, some(6, 1)),
            (None, Some(5), 0, Unknown::Uncounted),
            (None, None, 0, Unknown::Uncounted),
            // A long list is walked, too, where a row is likely to be there.
            (Some(5), Some(5), 2, Unknown::Seen(2)),
            (Some(20_000), Some(5), 1, Unknown::Seen(1)),
            (None, Some(5), 1, Unknown::Uncounted),
        ] {
            assert_eq!(
                Unknown::of(on_api, known, unclaimed),
                expected,
                "{on_api:?} {known:?}"
            );
        }
    }

    #[test]
    fn it_says_how_many() {
        for (unknown, words) in [
            (
                Unknown::Some {
                    on_api: 1,
                    unknown: 1,
                },
                "The API has 1 partner, and the rows of this mapping were not compared with it yet",
            ),
            (
                Unknown::Some {
                    on_api: 12_000,
                    unknown: 1_500,
                },
                "The API has 12,000 partners, 1,500 more than this state",
            ),
        ] {
            assert_eq!(unknown.to_string(), words);
        }
    }
}
