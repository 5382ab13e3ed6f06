//! Where the export of a job comes from.

use std::time::Duration;

use super::export_path::ExportPath;
use super::job::{Job, Time};
use crate::secret::SecretAddress;

/// How long a command that fetches an export may take where nothing is said.
pub const FETCH_TIME: Duration = Duration::from_mins(30);
/// What the file is called that a command writes, where nothing is said.
pub const FETCHED_NAME: &str = "export";

/// Where the export of a job comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobPlace<'j> {
    /// Files of this machine that a pattern matches.
    Files(&'j str),
    /// Objects of a bucket that a pattern matches, or what lies behind an address.
    Objects(&'j SecretAddress),
    /// A command that writes it.
    Command {
        /// The program and its arguments; `{file}` stands for the file.
        words: &'j [String],
        /// The file's name.
        name: &'j str,
        /// How long it may take.
        limit: Duration,
    },
}

impl Job {
    /// Where its export comes from.
    ///
    /// # Errors
    /// Where `file`, `fetch`, `fetch_timeout` and `archive` do not go together, or `after` names no command: what to write.
    pub fn place(&self) -> Result<JobPlace<'_>, String> {
        let place = self.written_place()?;
        if self.after.as_ref().is_some_and(Vec::is_empty) {
            return Err(
                "after = [] names no command: write after = [\"PROGRAM\", \"ARGUMENT\"], or leave it out"
                    .to_owned(),
            );
        }
        match (&place, &self.archive) {
            (JobPlace::Objects(_), Some(archive @ ExportPath::Path(_))) => Err(format!(
                "file is an address, so archive has to be one in the same bucket, for example archive = \"s3://bucket/exports/done\", not \"{archive}\""
            )),
            (
                JobPlace::Files(_) | JobPlace::Command { .. },
                Some(archive @ ExportPath::Address(_)),
            ) => Err(format!(
                "file is of this machine, so archive has to be a folder of it, not \"{archive}\""
            )),
            _ => Ok(place),
        }
    }

    fn written_place(&self) -> Result<JobPlace<'_>, String> {
        match (&self.file, &self.fetch) {
            (None, None) => Err(
                "it has neither file nor fetch: write file = \"exports/accounts-*.csv\", or fetch = [\"PROGRAM\", \"ARGUMENT\", \"{file}\"]"
                    .to_owned(),
            ),
            (Some(_), None) if self.fetch_timeout.is_some() => {
                Err("fetch_timeout is for a command: it needs fetch".to_owned())
            }
            _ if self.fetch_timeout.is_some_and(|Time(t)| t.is_zero()) => {
                Err("fetch_timeout = \"0s\" leaves the command no time: write for example \"30m\"".to_owned())
            }
            (Some(ExportPath::Path(pattern)), None) => Ok(JobPlace::Files(pattern)),
            (Some(ExportPath::Address(address)), None) => Ok(JobPlace::Objects(address)),
            (file, Some(words)) => {
                let name = match file {
                    None => FETCHED_NAME,
                    Some(ExportPath::Path(name)) => name,
                    Some(ExportPath::Address(address)) => {
                        return Err(format!(
                            "file = \"{address}\" and fetch are both given: keep one of them"
                        ));
                    }
                };
                let is_name = !name.is_empty() && !name.contains(['/', '\\', '*', '?', '[']);
                if !is_name || name.starts_with('.') {
                    return Err(format!(
                        "with fetch, file is the name of the file that the command writes, without a folder and without * and ?: write for example file = \"accounts.csv\", not \"{name}\""
                    ));
                }
                Ok(JobPlace::Command {
                    words,
                    name,
                    limit: self.fetch_timeout.map_or(FETCH_TIME, |Time(t)| t),
                })
            }
        }
    }

    /// How messages and reports call what is looked for.
    #[must_use]
    pub fn shown_place(&self) -> String {
        let named = self.file.as_ref().map(ToString::to_string);
        named.unwrap_or_else(|| FETCHED_NAME.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(keys: &str) -> Job {
        toml::from_str(&format!("name = \"n\"\nmapping = \"m\"\n{keys}")).unwrap()
    }

    #[test]
    fn an_export_has_one_place() {
        let fetch = "fetch = [\"cp\", \"a\", \"{file}\"]\n";
        for (keys, name, seconds) in [
            (fetch.to_owned(), "export", 1800),
            (
                format!("{fetch}file = \"a.csv\"\nfetch_timeout = \"5s\""),
                "a.csv",
                5,
            ),
        ] {
            match job(&keys).place().unwrap() {
                JobPlace::Command {
                    words,
                    name: found,
                    limit,
                } => assert_eq!((words.len(), found, limit.as_secs()), (3, name, seconds)),
                other @ (JobPlace::Files(_) | JobPlace::Objects(_)) => panic!("{other:?}"),
            }
        }
        assert_eq!(
            job("file = \"in/a*.csv\"").place(),
            Ok(JobPlace::Files("in/a*.csv"))
        );
        for (keys, says) in [
            (String::new(), "neither file nor fetch"),
            (
                format!("{fetch}fetch_timeout = \"0s\""),
                "leaves the command no time",
            ),
            (
                "file = \"a\"\nfetch_timeout = \"5s\"".to_owned(),
                "needs fetch",
            ),
            (format!("{fetch}file = \"in/a.csv\""), "without a folder"),
            (format!("{fetch}file = \"a*.csv\""), "without * and ?"),
            (format!("{fetch}file = \"..\""), "not \"..\""),
            (format!("{fetch}file = \"\""), "not \"\""),
            (
                format!("{fetch}file = \"https://me:HUSH@h/a.csv?sig=HUSH\""),
                "https://h/a.csv\" and fetch are both given",
            ),
            (
                "file = \"s3://b/a.csv\"\narchive = \"done\"".to_owned(),
                "in the same bucket",
            ),
            ("file = \"a.csv\"\nafter = []".to_owned(), "no command"),
            (
                "file = \"a.csv\"\narchive = \"s3://b/done\"".to_owned(),
                "a folder of it",
            ),
        ] {
            let words = job(&keys).place().unwrap_err();
            assert!(words.contains(says), "{keys}: {words}");
            assert!(!words.contains("HUSH"), "{words}");
        }
    }
}
