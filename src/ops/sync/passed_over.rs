//! Names of files that are no exports yet, or never will be: what Office, editors, browsers and transfers leave beside
//! the file they work on.

use std::path::Path;

/// Files of the system that no pattern means, in lower case.
const SYSTEM: [&str; 3] = ["thumbs.db", "ehthumbs.db", "desktop.ini"];

/// By what the name of a temporary file begins.
const BEGINS: [&str; 2] = ["~$", ".~lock."];

/// By what the name of a temporary file ends, in lower case.
const ENDS: [&str; 16] = [
    "~",
    ".swp",
    ".swo",
    ".swx",
    ".tmp",
    ".temp",
    ".part",
    ".partial",
    ".filepart",
    ".crdownload",
    ".download",
    ".opdownload",
    ".uploading",
    ".inprogress",
    ".incomplete",
    "._copying_",
];

/// Whether a file that matches `pattern` is a temporary one. What the last part of the pattern itself begins or ends
/// with is meant: `*.part` takes files of that name.
pub(super) fn is_temporary(path: &Path, pattern: &str) -> bool {
    let name = last_part(path);
    let asked = last_part(Path::new(pattern));
    let (lower, asked_lower) = (name.to_lowercase(), asked.to_lowercase());
    let begins = |mark: &str| name.starts_with(mark) && !asked.starts_with(mark);
    let ends = |mark: &str| lower.ends_with(mark) && !asked_lower.ends_with(mark);
    let is_emacs = |name: &str| name.len() > 1 && name.starts_with('#') && name.ends_with('#');
    begins(".")
        || BEGINS.into_iter().any(begins)
        || ENDS.into_iter().any(ends)
        || (is_emacs(&name) && !is_emacs(&asked))
        || (SYSTEM.contains(&lower.as_str()) && !SYSTEM.contains(&asked_lower.as_str()))
}

fn last_part(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_leave_beside_a_file_is_no_export() {
        for name in [
            "~$export.xlsx",
            ".~lock.export.csv#",
            "export.csv~",
            ".export.csv.swp",
            "export.csv.swp",
            "export.tmp",
            "export.csv.PART",
            "export.csv.crdownload",
            "export.csv.filepart",
            ".export.csv.Xy12ab",
            "#export.csv#",
            ".#export.csv",
            ".DS_Store",
            "Thumbs.db",
            "desktop.ini",
        ] {
            for pattern in ["exports/*", "exports/export*", "*xport*.csv*", "?*"] {
                let path = Path::new("exports").join(name);
                assert!(is_temporary(&path, pattern), "{name} by {pattern}");
            }
        }
        for name in [
            "export.csv",
            "export~1.csv",
            "part.csv",
            "tmp",
            "a#b#.csv",
            "x$y.xlsx",
            "apart",
        ] {
            assert!(!is_temporary(Path::new(name), "*"), "{name}");
        }
    }

    #[test]
    fn what_the_pattern_names_is_meant() {
        for (name, pattern) in [
            (".nightly.csv", ".night*"),
            ("a.part", "exports/*.part"),
            ("a.TMP", "*.tmp"),
            ("a.tmp", "a.tmp"),
            ("~$a.xlsx", "~$*.xlsx"),
            ("a.csv~", "*~"),
            ("#a#", "#*#"),
            ("Thumbs.db", "thumbs.db"),
        ] {
            assert!(
                !is_temporary(Path::new(name), pattern),
                "{name} by {pattern}"
            );
        }
        // Only that mark is meant.
        assert!(is_temporary(Path::new(".a.part"), "*.part"));
        assert!(is_temporary(Path::new(".a.csv.swp"), ".*"));
    }
}
