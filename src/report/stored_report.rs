//! The form in which a run's report is kept in the state: JSON with a version.
//!
//! It is written apart from [`RunReport`] so that a change of the report cannot change what is stored unnoticed. Guards
//! (`max_shrink`, `max_drift`) compare with a stored report, so what cannot be read must say so instead of being absent.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::contents::{Contents, SourceValues, Timeline, Verified};
use super::ending::RunEnding;
use super::model::{Counts, Detected, Kind, RunReport};
use super::stopped::{StopCause, Stopped};
use super::together::Together;
use crate::partner::RowOutcome;

/// The form that is written. 1, which carries no version, lists the counts by place; 2 names them.
const VERSION: u64 = 2;

/// A stored report is there, but not usable.
#[derive(Debug, thiserror::Error)]
pub enum StoredReportError {
    /// A newer partner-sync wrote it.
    #[error(
        "the stored report has form {found}, newer than form {VERSION} that this partner-sync reads: use the version that wrote it"
    )]
    Newer {
        /// The version of its form.
        found: u64,
    },
    /// It is damaged, or no report.
    #[error("the stored report cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
}

/// Reads a report as it was stored, by this version or an older one.
///
/// # Errors
/// [`StoredReportError::Newer`] where a newer version wrote it, [`StoredReportError::Unreadable`] where it is
/// none. Neither means that there is no earlier run: a guard that compares with it has to fail.
pub fn read_stored(text: &str) -> Result<RunReport, StoredReportError> {
    #[derive(Deserialize)]
    struct Head {
        #[serde(default = "unversioned")]
        version: u64,
    }
    // First the version alone: of a newer form nothing else is known.
    let Head { version: found } = serde_json::from_str(text)?;
    if found > VERSION {
        return Err(StoredReportError::Newer { found });
    }
    Ok(serde_json::from_str(text)?)
}

fn unversioned() -> u64 {
    1
}

#[derive(Serialize, Deserialize)]
struct Form<'r> {
    #[serde(default = "unversioned")]
    version: u64,
    run: Cow<'r, str>,
    kind: Kind,
    target: Option<Cow<'r, str>>,
    mapping: Cow<'r, str>,
    files: Cow<'r, [String]>,
    #[serde(serialize_with = "by_name", deserialize_with = "by_name_or_place")]
    counts: Counts,
    verified: Option<Verified>,
    errors: u64,
    warnings: u64,
    detected: Cow<'r, [Detected]>,
    contents: Cow<'r, Contents>,
    timeline: Option<Cow<'r, Timeline>>,
    values: SourceValues,
    stopped: Option<Cow<'r, str>>,
    #[serde(default)]
    stop_cause: StopCause,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    together: Option<Cow<'r, Together>>,
    seconds: f64,
    exit: u8,
    holds_bank_data: bool,
}

impl Serialize for RunReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = Form {
            version: VERSION,
            run: Cow::Borrowed(&self.run),
            kind: self.kind,
            target: self.target.as_deref().map(Cow::Borrowed),
            mapping: Cow::Borrowed(&self.mapping),
            files: Cow::Borrowed(&self.files),
            counts: self.counts,
            verified: self.verified,
            errors: self.errors,
            warnings: self.warnings,
            detected: Cow::Borrowed(&self.detected),
            contents: Cow::Borrowed(&self.contents),
            timeline: self.timeline.as_ref().map(Cow::Borrowed),
            values: self.values,
            stopped: self.stopped.as_ref().map(|s| Cow::Borrowed(s.words())),
            stop_cause: self
                .stopped
                .as_ref()
                .map(Stopped::cause)
                .unwrap_or_default(),
            together: self.together.as_ref().map(Cow::Borrowed),
            seconds: self.seconds,
            exit: self.ending.code(),
            holds_bank_data: self.holds_bank_data,
        };
        form.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RunReport {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = Form::deserialize(deserializer)?;
        if form.version > VERSION {
            return Err(de::Error::custom(format!("form {} is newer", form.version)));
        }
        Ok(Self {
            run: form.run.into_owned(),
            kind: form.kind,
            target: form.target.map(Cow::into_owned),
            mapping: form.mapping.into_owned(),
            files: form.files.into_owned(),
            counts: form.counts,
            verified: form.verified,
            groups: Vec::new(),
            errors: form.errors,
            warnings: form.warnings,
            detected: form.detected.into_owned(),
            contents: form.contents.into_owned(),
            timeline: form.timeline.map(Cow::into_owned),
            values: form.values,
            stopped: form
                .stopped
                .map(|s| Stopped::from(s.into_owned()).because(form.stop_cause)),
            together: form.together.map(Cow::into_owned),
            seconds: form.seconds,
            ending: RunEnding::of(form.exit),
            written: Vec::new(),
            holds_bank_data: form.holds_bank_data,
        })
    }
}

fn by_name<S: Serializer>(counts: &Counts, serializer: S) -> Result<S::Ok, S::Error> {
    let named = RowOutcome::ALL.into_iter();
    serializer.collect_map(named.map(|outcome| (outcome.as_str(), counts.get(outcome))))
}

/// The outcomes of form 1, in its order. What is added later has no place in it.
const PLACES: [RowOutcome; 9] = [
    RowOutcome::Created,
    RowOutcome::Adopted,
    RowOutcome::Skipped,
    RowOutcome::Changed,
    RowOutcome::Blocked,
    RowOutcome::Invalid,
    RowOutcome::Rejected,
    RowOutcome::InDoubt,
    RowOutcome::Deferred,
];

fn by_name_or_place<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Counts, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Named(BTreeMap<String, u64>),
        Placed([u64; PLACES.len()]),
    }
    let mut counts = Counts::default();
    match Either::deserialize(deserializer)? {
        Either::Named(named) => {
            for (name, n) in named {
                let outcome = RowOutcome::ALL.into_iter().find(|o| o.as_str() == name);
                let unknown = || de::Error::custom(format!("unknown outcome {name}"));
                counts.add(outcome.ok_or_else(unknown)?, n);
            }
        }
        Either::Placed(placed) => {
            for (outcome, n) in PLACES.into_iter().zip(placed) {
                counts.add(outcome, n);
            }
        }
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the program wrote it before the form had a version.
    const UNVERSIONED: &str = r#"{"run":"20261126T011622Z-dde3","kind":"Import","target":"https://orgs.ecg-api.com","mapping":"simple","files":["e.csv"],"counts":[1,2,3,4,5,6,7,8,9],"verified":null,"errors":1,"warnings":0,"detected":[{"file":"e.csv","decisions":[{"subject":"encoding","found":"UTF-8 (every byte is ASCII)","setting":"encoding"}],"notes":[],"unused":["On"]}],"contents":{"fields":[{"field":"organization.businessName","column":"Name","filled":1,"empty":0,"invalid":1,"order":null,"dates":null}],"samples":[],"columns":["Id","Name","On"],"words":[{"field":"f","column":"c","seen":[{"hash":18446744073709551615,"text":null}]}]},"timeline":{"step":250,"rows":[1],"pauses":[]},"values":"LeftOut","stopped":null,"seconds":0.233386159,"exit":1,"holds_bank_data":false}"#;

    #[test]
    fn a_form_without_a_version_is_read_by_place() {
        let report = read_stored(UNVERSIONED).unwrap();
        assert_eq!(
            (report.kind, report.ending.code(), report.seconds),
            (Kind::Import, 1, 0.233_386_159)
        );
        assert_eq!(report.contents.columns, ["Id", "Name", "On"]);
        assert_eq!(report.contents.words[0].seen[0].hash, u64::MAX);
        assert_eq!(report.detected[0].unused, ["On"]);
        for (outcome, count) in [
            (RowOutcome::Created, 1),
            (RowOutcome::Skipped, 3),
            (RowOutcome::Invalid, 6),
            (RowOutcome::InDoubt, 8),
            (RowOutcome::Deferred, 9),
        ] {
            assert_eq!(report.count(outcome), count, "{outcome:?}");
        }
        assert_eq!(report.rows(), 45);
    }

    #[test]
    fn what_is_written_has_a_version_and_comes_back_whole() {
        let report = read_stored(UNVERSIONED).unwrap();
        let written = serde_json::to_string(&report).unwrap();
        assert!(written.starts_with("{\"version\":2,"), "{written}");
        assert!(written.contains("\"counts\":{\"created\":1,"), "{written}");
        assert_eq!(read_stored(&written).unwrap(), report);
    }

    #[test]
    fn a_newer_form_is_not_taken_for_damage() {
        for text in [
            UNVERSIONED.replacen('{', "{\"version\":3,", 1),
            "{\"version\":4711}".to_owned(),
        ] {
            let read = read_stored(&text);
            assert!(
                matches!(read, Err(StoredReportError::Newer { found: 3 | 4711 })),
                "{read:?}"
            );
            assert!(serde_json::from_str::<RunReport>(&text).is_err());
        }
    }

    #[test]
    fn what_is_no_report_is_an_error() {
        let named = r#""counts":{"made":1}"#;
        for text in [
            String::new(),
            "null".to_owned(),
            "{}".to_owned(),
            UNVERSIONED[..200].to_owned(),
            UNVERSIONED.replace("\"Import\"", "\"Export\""),
            UNVERSIONED.replace("[1,2,3,4,5,6,7,8,9]", "[1,2,3]"),
            UNVERSIONED.replace("\"counts\":[1,2,3,4,5,6,7,8,9]", named),
            UNVERSIONED.replacen('{', "{\"version\":\"x\",", 1),
        ] {
            let read = read_stored(&text);
            assert!(
                matches!(read, Err(StoredReportError::Unreadable(_))),
                "{text}: {read:?}"
            );
        }
    }
}
