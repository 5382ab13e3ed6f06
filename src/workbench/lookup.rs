//! Lookup files: those that lie beside the mapping can be chosen, and no others; which columns they have, and whether they are
//! still as they were when they were read.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::mapping::{Mapping, table_header};

/// What such a file's name ends in.
const ENDINGS: &[&str] = &["csv", "tsv", "txt", "xlsx", "xlsm", "xls", "ods"];
/// Names that are offered, and entries of the folder that are looked at for them.
const MOST_NAMES: usize = 200;
const MOST_ENTRIES: usize = 10_000;

/// A lookup file that the mapping names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    /// As the mapping names it.
    pub(super) file: String,
    path: PathBuf,
    pub(super) columns: Vec<String>,
    /// Its size and time when it was read.
    pub(super) stamp: String,
}

impl Table {
    /// Whether it is another one on the disk than the one that was read.
    pub(super) fn has_changed(&self) -> bool {
        stamp(&self.path) != self.stamp
    }
}

/// The files of a mapping's lookups, each once.
pub(super) fn tables(mapping: &Mapping) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for rule in &mapping.rules {
        let Some((lookup, (path, _))) =
            (rule.rule.lookup.as_ref()).and_then(|lookup| Some((lookup, lookup.read.as_ref()?)))
        else {
            continue;
        };
        if tables.iter().all(|t| t.file != lookup.file.text) {
            tables.push(Table {
                file: lookup.file.text.clone(),
                stamp: stamp(path),
                columns: table_header(path).unwrap_or_default(),
                path: path.clone(),
            });
        }
    }
    tables
}

/// What changes when a file is written: its size and its time. Empty where there is no file.
pub(super) fn stamp(path: &Path) -> String {
    let Ok(found) = std::fs::metadata(path) else {
        return String::new();
    };
    let since = found.modified().ok();
    let since = since.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    format!("{}-{}", found.len(), since.unwrap_or_default().as_nanos())
}

/// The folder that a mapping lies in.
pub(super) fn folder(mapping: &str) -> PathBuf {
    match Path::new(mapping).parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The files beside the mapping that may be lookup files, the export itself left out.
pub(super) fn names(mapping: &str, export: &Path) -> Vec<String> {
    let export = std::fs::canonicalize(export).ok();
    let folder = folder(mapping);
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let entries = entries.take(MOST_ENTRIES);
    let files = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let is_table = |name: &String| {
        let ending = Path::new(name).extension().and_then(|e| e.to_str());
        ending.is_some_and(|e| ENDINGS.iter().any(|known| e.eq_ignore_ascii_case(known)))
    };
    let mut names: Vec<String> = files
        .filter(is_table)
        .filter(|name| beside(&folder, name).is_ok_and(|path| Some(path) != export))
        .collect();
    names.sort();
    names.truncate(MOST_NAMES);
    names
}

/// The file of this name in the mapping's folder, as the system names it.
///
/// # Errors
/// Why there is none: the name leads somewhere else, also by a link, or to what is no file.
pub(super) fn beside(folder: &Path, name: &str) -> Result<PathBuf, String> {
    let is_name = Path::new(name).file_name() == Some(name.as_ref())
        && !name.contains(['/', '\\', '\0'])
        && !name.starts_with('.');
    let refused = || {
        format!(
            "“{name}” is not a file beside the mapping. Put the lookup file into the mapping's folder and choose it there."
        )
    };
    if !is_name {
        return Err(refused());
    }
    let inside = std::fs::canonicalize(folder).map_err(|_| refused())?;
    let path = std::fs::canonicalize(folder.join(name)).map_err(|_| refused())?;
    if path.parent() == Some(inside.as_path()) && path.is_file() {
        Ok(path)
    } else {
        Err(refused())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_beside_the_mapping_can_be_chosen() {
        let dir = tempfile::tempdir().unwrap();
        let inside = dir.path().join("in");
        std::fs::create_dir_all(inside.join("folder.csv")).unwrap();
        for name in [
            "types.csv",
            "export.csv",
            "Codes.XLSX",
            ".hidden.csv",
            "m.toml",
        ] {
            std::fs::write(inside.join(name), "a,b\n1,2\n").unwrap();
        }
        std::fs::write(dir.path().join("outside.csv"), "a,b\n1,2\n").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("../outside.csv", inside.join("link.csv")).unwrap();
        let mapping = inside.join("m.toml").display().to_string();
        let offered = names(&mapping, &inside.join("export.csv"));
        assert_eq!(offered, ["Codes.XLSX", "types.csv"]);
        let absolute = dir.path().join("outside.csv").display().to_string();
        for wrong in [
            "../outside.csv",
            "link.csv",
            "folder.csv",
            ".hidden.csv",
            "none.csv",
            "..",
            ".",
            "",
            "in/../types.csv",
            "..\\outside.csv",
            "types.csv\0",
            absolute.as_str(),
        ] {
            let refused = beside(&inside, wrong).unwrap_err();
            assert!(refused.contains("not a file beside"), "{wrong}: {refused}");
        }
        assert!(beside(&inside, "types.csv").is_ok());
    }

    #[test]
    fn a_file_that_is_written_again_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("types.csv");
        std::fs::write(&path, "a,b\n1,2\n").unwrap();
        let table = Table {
            file: "types.csv".to_owned(),
            columns: Vec::new(),
            stamp: stamp(&path),
            path: path.clone(),
        };
        assert!(!table.has_changed());
        std::fs::write(&path, "a,b\n1,22\n").unwrap();
        assert!(table.has_changed());
        std::fs::remove_file(&path).unwrap();
        assert!(table.has_changed());
    }
}
