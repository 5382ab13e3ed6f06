//! Files as they are named → files: a pattern that no shell expanded, an address, a name.

use std::path::{Path, PathBuf};

use super::error::OpError;
use super::export_file::ExportFile;
use crate::secret::plain_address;

/// What begins an address, or names another machine.
const SCHEMES: [&str; 9] = [
    "http://", "https://", "ftp://", "sftp://", "s3://", "gs://", "az://", "abfs://", "ssh://",
];

/// The files that are meant, patterns expanded in the order of names.
///
/// # Errors
/// [`OpError::IsAddress`], and [`OpError::NoMatch`] where no file fits a pattern.
pub(super) fn expanded(named: Vec<ExportFile>) -> Result<Vec<ExportFile>, OpError> {
    let mut files = Vec::new();
    for file in named {
        match pattern(file.at())? {
            None => files.push(file),
            Some(pattern) => {
                let matches = matches(file.at(), &pattern)?;
                files.extend(matches.into_iter().map(ExportFile::from));
            }
        }
    }
    Ok(files)
}

/// The one file that is meant.
///
/// # Errors
/// As [`expanded`], and [`OpError::SeveralMatch`] where more than one file fits a pattern.
pub(super) fn one(named: &Path) -> Result<PathBuf, OpError> {
    let files = expanded(vec![named.to_owned().into()])?;
    match files.as_slice() {
        [file] => Ok(file.at().to_owned()),
        files => Err(OpError::SeveralMatch {
            pattern: named.to_owned(),
            first: files
                .first()
                .map_or_else(PathBuf::new, |f| f.at().to_owned()),
            count: files.len(),
        }),
    }
}

/// The pattern in a name that is no file as it stands.
fn pattern(path: &Path) -> Result<Option<String>, OpError> {
    // A file may have any of these characters in its name.
    if path.as_os_str() == "-" || std::fs::symlink_metadata(path).is_ok() {
        return Ok(None);
    }
    let Some(text) = path.to_str() else {
        return Ok(None);
    };
    let lower = text.to_ascii_lowercase();
    if SCHEMES.iter().any(|scheme| lower.starts_with(scheme)) {
        return Err(OpError::IsAddress(plain_address(text)));
    }
    if let Some(local) = lower
        .starts_with("file://")
        .then(|| &text["file://".len()..])
    {
        return Err(OpError::IsFileAddress(local.into()));
    }
    let is_pattern = text.contains(['*', '?', '[']);
    Ok(is_pattern.then(|| text.to_owned()))
}

fn matches(named: &Path, pattern: &str) -> Result<Vec<PathBuf>, OpError> {
    let options = glob::MatchOptions {
        require_literal_leading_dot: true,
        ..glob::MatchOptions::default()
    };
    let found = glob::glob_with(pattern, options).map(|paths| {
        let files = paths.filter_map(Result::ok).filter(|path| path.is_file());
        files.collect::<Vec<_>>()
    });
    match found {
        Ok(files) if !files.is_empty() => Ok(files),
        _ => Err(OpError::NoMatch(named.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_its_files_and_a_name_is_itself() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.csv", "a.csv", "odd[1].csv", ".hidden.csv", "a.txt"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        std::fs::create_dir(dir.path().join("folder.csv")).unwrap();
        let named = |name: &str| expanded(vec![dir.path().join(name).into()]);
        let told = |files: Vec<ExportFile>| -> Vec<String> {
            let name = |f: &ExportFile| f.at().file_name().unwrap().to_str().unwrap().to_owned();
            files.iter().map(name).collect()
        };
        for (name, files) in [
            ("*.csv", vec!["a.csv", "b.csv", "odd[1].csv"]),
            ("?.csv", vec!["a.csv", "b.csv"]),
            ("[a].*", vec!["a.csv", "a.txt"]),
            ("odd[1].csv", vec!["odd[1].csv"]),
            ("not-there.csv", vec!["not-there.csv"]),
        ] {
            assert_eq!(told(named(name).unwrap()), files, "{name}");
        }
        for name in ["x*.csv", "**bad[", "[z].csv"] {
            assert!(matches!(named(name), Err(OpError::NoMatch(_))), "{name}");
        }
        let input = ExportFile::from(PathBuf::from("-"));
        assert_eq!(expanded(vec![input.clone()]).unwrap(), [input]);
        assert!(matches!(
            one(&dir.path().join("*.csv")),
            Err(OpError::SeveralMatch { count: 3, .. })
        ));
        assert!(one(&dir.path().join("b*")).unwrap().ends_with("b.csv"));
    }

    #[test]
    fn an_address_is_named_without_its_secrets() {
        for (text, shown) in [
            ("https://x.example/a.csv", "https://x.example/a.csv"),
            (
                "HTTPS://me:Secret@x.example/a.csv?sig=Secret",
                "HTTPS://x.example/a.csv",
            ),
            ("s3://bucket/a.csv", "s3://bucket/a.csv"),
        ] {
            let words = expanded(vec![PathBuf::from(text).into()])
                .unwrap_err()
                .to_string();
            assert!(words.contains(shown), "{words}");
            assert!(!words.contains("Secret"), "{words}");
        }
        let words = expanded(vec![PathBuf::from("file:///data/a.csv").into()]).unwrap_err();
        assert!(words.to_string().contains("write /data/a.csv"), "{words}");
    }
}
