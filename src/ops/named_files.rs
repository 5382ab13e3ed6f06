//! Files as they are named → files: a pattern that no shell expanded, an address, a name.

use std::path::{Path, PathBuf};

use super::error::OpError;
use super::export_file::ExportFile;
use super::remote::Remote;
use super::session::Session;
use crate::objects::ObjectAddress;
use crate::secret::{SecretAddress, plain_address};

/// What begins an address that is not read here.
const SCHEMES: [&str; 4] = ["ftp://", "sftp://", "abfs://", "ssh://"];

/// What a name means.
enum Meant {
    /// The file of that name.
    File,
    /// The files that the pattern matches.
    Pattern(String),
    /// What lies behind an address.
    Address(SecretAddress),
}

/// The files that are meant, patterns expanded in the order of names. What lies elsewhere is read into files of ours.
///
/// # Errors
/// [`OpError::IsAddress`], and [`OpError::NoMatch`] where nothing fits a name or a pattern.
pub(super) fn expanded(
    named: Vec<ExportFile>,
    session: &Session<'_>,
) -> Result<Vec<ExportFile>, OpError> {
    let mut files = Vec::new();
    for file in named {
        match meant(file.at())? {
            Meant::File => files.push(file),
            Meant::Pattern(pattern) => {
                let matches = matches(file.at(), &pattern)?;
                files.extend(matches.into_iter().map(ExportFile::from));
            }
            Meant::Address(address) => files.extend(taken(&address, session)?),
        }
    }
    Ok(files)
}

/// What lies behind an address, in the order of names.
fn taken(address: &SecretAddress, session: &Session<'_>) -> Result<Vec<ExportFile>, OpError> {
    let remote = Remote::open(address, session)?;
    let mut objects = remote.list(session)?;
    if objects.is_empty() {
        return Err(OpError::NoMatch(remote.shown().into()));
    }
    objects.sort_by(|one, other| one.key.cmp(&other.key));
    let taken = objects.iter().map(|object| remote.take(object, session));
    taken.collect()
}

/// The one file of this machine that is meant.
///
/// # Errors
/// As [`expanded`], and [`OpError::SeveralMatch`] where more than one file fits a pattern.
pub(super) fn one(named: &Path) -> Result<PathBuf, OpError> {
    match here(named)?.as_slice() {
        [file] => Ok(file.clone()),
        files => Err(OpError::SeveralMatch {
            pattern: named.to_owned(),
            first: files.first().cloned().unwrap_or_default(),
            count: files.len(),
        }),
    }
}

/// The files of this machine that are meant by one name.
///
/// # Errors
/// As [`expanded`]; what lies elsewhere is refused.
pub(super) fn here(named: &Path) -> Result<Vec<PathBuf>, OpError> {
    match meant(named)? {
        Meant::File => Ok(vec![named.to_owned()]),
        Meant::Pattern(pattern) => matches(named, &pattern),
        Meant::Address(address) => Err(OpError::IsAddress(address.to_string())),
    }
}

/// What a name means.
fn meant(path: &Path) -> Result<Meant, OpError> {
    // A file may have any of these characters in its name.
    if path.as_os_str() == "-" || std::fs::symlink_metadata(path).is_ok() {
        return Ok(Meant::File);
    }
    let Some(text) = path.to_str() else {
        return Ok(Meant::File);
    };
    if ObjectAddress::is_one(text) {
        return Ok(Meant::Address(SecretAddress::new(text)));
    }
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
    Ok(if text.contains(['*', '?', '[']) {
        Meant::Pattern(text.to_owned())
    } else {
        Meant::File
    })
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

    fn files(name: &Path) -> Result<Vec<PathBuf>, OpError> {
        match meant(name)? {
            Meant::File => Ok(vec![name.to_owned()]),
            Meant::Pattern(pattern) => matches(name, &pattern),
            Meant::Address(address) => panic!("{address}"),
        }
    }

    #[test]
    fn a_pattern_is_its_files_and_a_name_is_itself() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.csv", "a.csv", "odd[1].csv", ".hidden.csv", "a.txt"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        std::fs::create_dir(dir.path().join("folder.csv")).unwrap();
        let named = |name: &str| files(&dir.path().join(name));
        let told = |files: Vec<PathBuf>| -> Vec<String> {
            let name = |p: &PathBuf| p.file_name().unwrap().to_str().unwrap().to_owned();
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
        assert_eq!(files(Path::new("-")).unwrap(), [PathBuf::from("-")]);
        assert!(matches!(
            one(&dir.path().join("*.csv")),
            Err(OpError::SeveralMatch { count: 3, .. })
        ));
        assert!(one(&dir.path().join("b*")).unwrap().ends_with("b.csv"));
    }

    #[test]
    fn an_address_is_named_without_its_secrets() {
        for (text, shown) in [
            ("ftp://me:Secret@x.example/a.csv", "ftp://x.example/a.csv"),
            (
                "HTTPS://me:Secret@x.example/a.csv?sig=Secret",
                "HTTPS://x.example/a.csv",
            ),
            ("s3://bucket/a.csv", "s3://bucket/a.csv"),
        ] {
            let words = one(Path::new(text)).unwrap_err().to_string();
            assert!(words.contains(shown), "{words}");
            assert!(!words.contains("Secret"), "{words}");
        }
        let words = one(Path::new("file:///data/a.csv")).unwrap_err();
        assert!(words.to_string().contains("write /data/a.csv"), "{words}");
    }
}
