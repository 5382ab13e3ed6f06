//! What can be read of a configuration that is wrong somewhere: who is to be informed of it. What does not fit is left out.

use std::path::Path;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::env::Environment;
use super::expand::expand;
use super::file::ConfigFile;

/// The configuration that is named, or the one that is there; where it is wrong, its webhook, watchdog, metrics, report folder
/// and jobs, as far as they can be read.
#[must_use]
pub fn salvaged(named: Option<&Path>, environment: &Environment) -> ConfigFile {
    let broken = || ConfigFile::place(named).map(|path| whom_to_inform(path, environment));
    ConfigFile::find(named, environment).unwrap_or_else(|_| broken().unwrap_or_default())
}

fn whom_to_inform(path: &Path, environment: &Environment) -> ConfigFile {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let (mut table, _) = DeTable::parse_recoverable(&text);
    // What cannot be put in is left as it is.
    let _ = expand(table.get_mut(), environment);
    let mut config = ConfigFile::default();
    for (name, value) in table.into_inner() {
        match &**name.get_ref() {
            "notify" => config.notify = section(value),
            "metrics" => config.metrics = section(value),
            "ping" => config.ping = section(value),
            "report" => config.report = section(value),
            "job" => {
                if let DeValue::Array(jobs) = value.into_inner() {
                    config.job = jobs.into_iter().filter_map(read).collect();
                }
            }
            _ => {}
        }
    }
    config
}

fn read<T: DeserializeOwned>(value: Spanned<DeValue<'_>>) -> Option<T> {
    T::deserialize(ValueDeserializer::from(value)).ok()
}

/// A section without the keys that do not fit.
fn section<T: DeserializeOwned + Default>(value: Spanned<DeValue<'_>>) -> T {
    let span = value.span();
    let DeValue::Table(table) = value.into_inner() else {
        return T::default();
    };
    let mut fitting = DeTable::new();
    for (key, value) in table {
        let mut alone = DeTable::new();
        alone.insert(key.clone(), value.clone());
        if read::<T>(Spanned::new(span.clone(), DeValue::Table(alone))).is_some() {
            fitting.insert(key, value);
        }
    }
    read(Spanned::new(span, DeValue::Table(fitting))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_can_be_told_is_found_in_a_file_that_is_wrong() {
        let dir = tempfile::tempdir().unwrap();
        let environment = Environment::default();
        let path = dir.path().join("c.toml");
        let good = "[notify]\nurl = \"http://hook\"\n[report]\ndir = \"r\"\n[[job]]\nname = \"n\"\nfile = \"f\"\nmapping = \"m\"\n";
        for (wrong, jobs) in [
            ("[api]\nrat = \"10/s\"\n", 1),
            ("[notify2]\nx = 1\n", 1),
            ("[[job]]\nname = \"other\"\n", 1),
            ("[api]\nurl = \n", 1),
        ] {
            std::fs::write(&path, format!("{good}{wrong}")).unwrap();
            assert!(ConfigFile::read(&path, &environment).is_err(), "{wrong}");
            let config = whom_to_inform(&path, &environment);
            assert!(config.notify.url.is_some(), "{wrong}");
            assert_eq!(
                config.report.dir.as_deref(),
                Some(Path::new("r")),
                "{wrong}"
            );
            assert_eq!(config.job.len(), jobs, "{wrong}");
        }
        // A key of the section itself.
        std::fs::write(&path, good.replace("url =", "onn = 1\nurl =")).unwrap();
        assert!(whom_to_inform(&path, &environment).notify.url.is_some());
        assert!(
            whom_to_inform(&dir.path().join("none"), &environment)
                .notify
                .url
                .is_none()
        );
    }
}
