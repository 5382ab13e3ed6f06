//! A dry run, sealed: a file says what an import would do and on what that rests; an import by it does exactly that, or
//! says what changed and does nothing.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::objects::ObjectAddress;
use crate::ops::error::{OpError, PLAN_VERSION, PlanError};
use crate::ops::export_file::ExportFile;
use crate::ops::note_words::option_of;
use crate::ops::remote::Remote;
use crate::ops::request::{ExportRequest, Rejected};
use crate::ops::session::Session;
use crate::partner::Query;
use crate::secret::SecretAddress;
use crate::state::address_of;

/// A digest of what the state knows of a mapping at an API; `nothing` where it knows neither.
pub(super) fn state_digest(
    session: &Session<'_>,
    target: &str,
    mapping: &str,
) -> Result<String, OpError> {
    match session.reader(target, mapping)? {
        Some(reader) => Ok(reader.digest()?),
        None => Ok("nothing".to_owned()),
    }
}

/// A digest of what files hold, whatever they are called.
pub(super) fn content_digest<'p>(
    files: impl IntoIterator<Item = &'p Path>,
) -> Result<String, PlanError> {
    let digests = files.into_iter().map(|file| Ok(Sealed::of(file)?.blake3));
    let digests: Vec<String> = digests.collect::<Result<_, PlanError>>()?;
    Ok(digests.join(" "))
}

/// What an import would do, and on what that rests. It is written by a dry run and read by an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedPlan {
    version: u32,
    /// The files and their hashes.
    files: Vec<Sealed>,
    mapping: Sealed,
    /// The mapping's lookup files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lookups: Vec<Sealed>,
    /// The API.
    target: String,
    /// A digest of what the state knew of the mapping at the API.
    state: String,
    create_apptivo_account: bool,
    create_bill_com_profile: bool,
    retry_rejected: bool,
    limit: Option<u64>,
    /// What an import would do, by outcome: for people.
    would: serde_json::Value,
    /// The hash of all of the above.
    seal: String,
}

/// What a plan is made for: whatever of a request decides what is sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) export: &'a ExportRequest,
    /// The lookup files of its mapping.
    pub(super) lookups: &'a [PathBuf],
    pub(super) rejected: Rejected,
    pub(super) limit: Option<u64>,
}

/// A file and its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Sealed {
    path: PathBuf,
    blake3: String,
    /// Of an object in a bucket or behind an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    /// The copy that was made of it when the plan was read.
    #[serde(skip)]
    copy: Option<ExportFile>,
}

impl Sealed {
    /// A file of this machine, or a copy of an object that can be had again.
    fn of_file(file: &ExportFile) -> Result<Self, PlanError> {
        if !file.can_be_had_again() {
            return Err(PlanError::NotAgain(file.shown().to_owned()));
        }
        Ok(Self {
            path: file.shown().to_owned(),
            etag: file.etag().map(str::to_owned),
            ..Self::of(file.at())?
        })
    }

    fn of(path: &Path) -> Result<Self, PlanError> {
        if path == Path::new("-") {
            return Err(PlanError::StandardInput);
        }
        let mut hasher = blake3::Hasher::new();
        let unreadable = |source| PlanError::File {
            path: path.to_owned(),
            source,
        };
        let mut file = std::fs::File::open(path).map_err(unreadable)?;
        std::io::copy(&mut file, &mut hasher).map_err(unreadable)?;
        Ok(Self {
            path: path.to_owned(),
            blake3: hasher.finalize().to_hex().to_string(),
            etag: None,
            copy: None,
        })
    }

    fn holds(&self, what: &str) -> Result<(), PlanError> {
        let there = (self.copy.as_ref()).map_or(self.path.as_path(), ExportFile::at);
        if Self::of(there)?.blake3 == self.blake3 {
            return Ok(());
        }
        Err(self.changed(what))
    }

    fn changed(&self, what: &str) -> PlanError {
        PlanError::Changed(format!("{what} {}", self.path.display()))
    }

    /// Reads the object that was sealed, where it lies elsewhere.
    fn have(&mut self, session: &Session<'_>) -> Result<(), OpError> {
        let text = self.path.to_string_lossy();
        if self.etag.is_none() || !ObjectAddress::is_one(&text) {
            return Ok(());
        }
        let remote = Remote::open(&SecretAddress::new(&text), session)?;
        let found = remote.list(session)?;
        let same = found.iter().find(|object| object.etag == self.etag);
        let object = same.ok_or_else(|| self.changed("the file"))?;
        self.copy = Some(remote.take(object, session)?);
        Ok(())
    }
}

impl SealedPlan {
    /// Seals what a dry run found.
    pub(super) fn new(
        asked: Asked<'_>,
        target: String,
        state: String,
        would: serde_json::Value,
    ) -> Result<Self, PlanError> {
        let export = asked.export;
        let mut plan = Self {
            version: PLAN_VERSION,
            files: export
                .files
                .iter()
                .map(Sealed::of_file)
                .collect::<Result<_, _>>()?,
            mapping: Sealed::of(&export.mapping)?,
            lookups: (asked.lookups.iter())
                .map(|f| Sealed::of(f))
                .collect::<Result<_, _>>()?,
            target,
            state,
            create_apptivo_account: export.always.create_apptivo_account,
            create_bill_com_profile: export.always.create_bill_com_profile,
            retry_rejected: asked.rejected == Rejected::SendAgain,
            limit: asked.limit,
            would,
            seal: String::new(),
        };
        plan.seal = plan.sealed();
        Ok(plan)
    }

    /// The hash of everything but the seal.
    fn sealed(&self) -> String {
        let open = Self {
            seal: String::new(),
            ..self.clone()
        };
        let bytes = serde_json::to_vec(&open).unwrap_or_default();
        blake3::hash(&bytes).to_hex().to_string()
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), PlanError> {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        let folder = path
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.write_all(b"\n")?;
            file.persist(path).map(drop).map_err(|e| e.error)
        });
        written.map_err(|source| PlanError::Write {
            path: path.to_owned(),
            source,
        })
    }

    /// Reads a plan, and checks that its files and its mapping are what they were. Objects that lie elsewhere are read.
    ///
    /// # Errors
    /// [`PlanError`] where it is no whole plan of this version, or a file changed.
    pub fn read(path: &Path, session: &Session<'_>) -> Result<Self, OpError> {
        let text = std::fs::read_to_string(path).map_err(|source| PlanError::Read {
            path: path.to_owned(),
            source,
        })?;
        let mut plan: Self = serde_json::from_str(&text).map_err(|source| PlanError::NoPlan {
            path: path.to_owned(),
            source,
        })?;
        if plan.version != PLAN_VERSION {
            return Err(PlanError::Version {
                path: path.to_owned(),
                version: plan.version,
            }
            .into());
        }
        if plan.seal != plan.sealed() {
            return Err(PlanError::BrokenSeal(path.to_owned()).into());
        }
        for file in &mut plan.files {
            file.have(session)?;
            file.holds("the file")?;
        }
        plan.mapping.holds("the mapping")?;
        for file in &plan.lookups {
            file.holds("the lookup file")?;
        }
        Ok(plan)
    }

    /// What the plan was made for.
    pub(super) fn export(&self) -> ExportRequest {
        ExportRequest {
            files: (self.files.iter())
                .map(|f| f.copy.clone().unwrap_or_else(|| f.path.clone().into()))
                .collect(),
            mapping: self.mapping.path.clone(),
            always: Query {
                create_apptivo_account: self.create_apptivo_account,
                create_bill_com_profile: self.create_bill_com_profile,
            },
        }
    }

    /// What it does with rows that were rejected earlier.
    pub(super) fn rejected(&self) -> Rejected {
        if self.retry_rejected {
            Rejected::SendAgain
        } else {
            Rejected::Keep
        }
    }

    /// How many rows it sends, at most.
    pub(super) fn limit(&self) -> Option<u64> {
        self.limit
    }

    /// Whether target and state are what they were.
    pub(super) fn hold(&self, target: &str, state: &str) -> Result<(), PlanError> {
        // An older program spelled it as it was typed.
        if address_of(&self.target) != target {
            return Err(PlanError::Changed(format!(
                "the target (it was {}, it is {target}: give {} to import the plan)",
                self.target,
                option_of(&self.target)
            )));
        }
        if self.state != state {
            return Err(PlanError::Changed("the state".to_owned()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_of_an_older_program_is_for_the_same_api() {
        let plan = SealedPlan {
            version: PLAN_VERSION,
            files: Vec::new(),
            mapping: Sealed {
                path: PathBuf::new(),
                blake3: String::new(),
                etag: None,
                copy: None,
            },
            lookups: Vec::new(),
            target: "http://localhost:4010".to_owned(),
            state: "nothing".to_owned(),
            create_apptivo_account: false,
            create_bill_com_profile: false,
            retry_rejected: false,
            limit: None,
            would: serde_json::Value::Null,
            seal: String::new(),
        };
        plan.hold("http://127.0.0.1:4010", "nothing").unwrap();
        plan.hold("http://127.0.0.1:4011", "nothing").unwrap_err();
        plan.hold("http://127.0.0.1:4010", "moved").unwrap_err();
    }
}
