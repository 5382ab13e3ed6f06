//! "Did you mean": the nearest right name.

/// The candidate nearest to `name`, or none when nothing is near. Case, blanks and punctuation do not count.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |s: &str| -> String {
        s.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    };
    let wanted = plain(name);
    candidates
        .into_iter()
        .map(|c| (plain(c), c))
        .filter(|(near, _)| may_be_meant(&wanted, near))
        .map(|(near, c)| (strsim::jaro_winkler(&wanted, &near), c))
        .filter(|(score, _)| *score >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, c)| c)
}

/// Whether one may stand for the other: not where nearly half of the letters differ, and not where one is the other's contrary.
fn may_be_meant(wanted: &str, near: &str) -> bool {
    const CONTRARY: [&str; 8] = ["in", "un", "non", "not", "dis", "de", "im", "no"];
    let is_contrary = |a: &str, b: &str| a.strip_suffix(b).is_some_and(|p| CONTRARY.contains(&p));
    if is_contrary(wanted, near) || is_contrary(near, wanted) {
        return false;
    }
    let longest = wanted.chars().count().max(near.chars().count());
    near.starts_with(wanted) || strsim::osa_distance(wanted, near) <= (longest * 2 / 5).max(1)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_near_names_and_refuses_far_ones() {
        let fields = ["businessName", "displayName", "signOnDate"];
        for (typed, meant) in [
            ("bussinessName", Some("businessName")),
            ("BUSINESS_NAME", Some("businessName")),
            ("signOn", Some("signOnDate")),
            ("colour", None),
        ] {
            assert_eq!(nearest(typed, fields), meant);
        }
        let columns = ["1", "Acme", "1 St", "Active", "Completed"];
        for (typed, meant) in [
            ("Acm", Some("Acme")),
            ("Name", None),
            ("activ", Some("Active")),
            ("4 - Completed", Some("Completed")),
            ("Inactive", None),
            ("not active", None),
            ("Completed; Welcome Call", None),
        ] {
            assert_eq!(nearest(typed, columns), meant, "{typed}");
        }
    }
}
