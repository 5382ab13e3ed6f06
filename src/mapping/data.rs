//! Tables that are data, not code: a file each under `data/`, with its source in its first lines.

/// The lines of a table, without its comments, each cut into `N` fields at the commas.
///
/// # Panics
/// On a line of fewer fields. The files are part of the program, and a test reads each of them.
pub(super) fn records<const N: usize>(
    table: &'static str,
) -> impl Iterator<Item = [&'static str; N]> {
    lines(table).map(|line| {
        let mut fields = line.splitn(N, ',');
        std::array::from_fn(|_| {
            fields
                .next()
                .expect("each line of a table has all its fields")
        })
    })
}

/// The lines of a table without its comments.
pub(super) fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_whole<const N: usize>(table: &'static str) -> bool {
        lines(table).all(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            fields.len() == N && fields.iter().all(|f| !f.is_empty() && f.trim() == *f)
        })
    }

    #[test]
    fn every_table_has_its_fields_and_names_its_source() {
        for (table, is_whole) in [
            (
                include_str!("data/states.csv"),
                is_whole::<3> as fn(&'static str) -> bool,
            ),
            (include_str!("data/subdivisions.csv"), is_whole::<3>),
            (include_str!("data/countries.csv"), is_whole::<2>),
            (include_str!("data/country_names.csv"), is_whole::<2>),
            (include_str!("data/country_words.csv"), is_whole::<2>),
            (include_str!("data/column_names.csv"), is_whole::<4>),
            (include_str!("data/windows_zones.csv"), is_whole::<2>),
            (include_str!("data/us_zones.csv"), is_whole::<2>),
            (include_str!("data/date_names.csv"), is_whole::<4>),
            (include_str!("data/whole_areas.txt"), is_whole::<1>),
        ] {
            assert!(is_whole(table), "{}", table.lines().next().unwrap_or(""));
            assert!(table.contains("\n# Source: "));
        }
    }
}
