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
        .map(|c| (strsim::jaro_winkler(&wanted, &plain(c)), c))
        .filter(|(score, _)| *score >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, c)| c)
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
    }
}
