//! A dry run, sealed: `--plan-out` writes what an import would do and on what that rests; `--plan` does exactly
//! that, or says what changed and does nothing.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cli::args::ImportArgs;
use crate::cli::exit::CliError;

/// The version of the file's form.
const VERSION: u32 = 1;

/// A sealed plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SealedPlan {
    version: u32,
    /// The files and their hashes.
    files: Vec<Sealed>,
    mapping: Sealed,
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

/// A file and its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Sealed {
    path: PathBuf,
    blake3: String,
}

impl Sealed {
    fn of(path: &Path) -> Result<Self, CliError> {
        if path == Path::new("-") {
            return Err(CliError::Usage(
                "standard input cannot be sealed in a plan: it cannot be read again; name a file"
                    .to_owned(),
            ));
        }
        let mut hasher = blake3::Hasher::new();
        let unreadable =
            |e: std::io::Error| CliError::Usage(format!("cannot read {}: {e}", path.display()));
        let mut file = std::fs::File::open(path).map_err(unreadable)?;
        std::io::copy(&mut file, &mut hasher).map_err(unreadable)?;
        Ok(Self {
            path: path.to_owned(),
            blake3: hasher.finalize().to_hex().to_string(),
        })
    }

    fn holds(&self, what: &str) -> Result<(), CliError> {
        if Self::of(&self.path)?.blake3 == self.blake3 {
            return Ok(());
        }
        Err(changed(&format!("{what} {}", self.path.display())))
    }
}

fn changed(what: &str) -> CliError {
    CliError::Usage(format!(
        "{what} changed since the plan was made: nothing was sent. Make a new plan with --dry-run --plan-out"
    ))
}

impl SealedPlan {
    /// Seals what a dry run found.
    pub(super) fn new(
        args: &ImportArgs,
        target: String,
        state: String,
        would: serde_json::Value,
    ) -> Result<Self, CliError> {
        let export = args.export();
        let mut plan = Self {
            version: VERSION,
            files: export
                .files
                .iter()
                .map(|f| Sealed::of(f))
                .collect::<Result<_, _>>()?,
            mapping: Sealed::of(&export.mapping)?,
            target,
            state,
            create_apptivo_account: args.create_apptivo_account,
            create_bill_com_profile: args.create_bill_com_profile,
            retry_rejected: args.retry_rejected,
            limit: args.limit,
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

    pub(super) fn write(&self, path: &Path) -> Result<(), CliError> {
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
        written.map_err(|e| {
            CliError::Machine(format!("cannot write the plan {}: {e}", path.display()))
        })
    }

    pub(super) fn read(path: &Path) -> Result<Self, CliError> {
        let text = std::fs::read_to_string(path).map_err(|e| {
            CliError::Usage(format!("cannot read the plan {}: {e}", path.display()))
        })?;
        let plan: Self = serde_json::from_str(&text).map_err(|e| {
            CliError::Usage(format!(
                "{} is no plan: {e}; make one with import --dry-run --plan-out",
                path.display()
            ))
        })?;
        if plan.version != VERSION {
            return Err(CliError::Usage(format!(
                "the plan {} is of version {}; this program knows version {VERSION}. Make a new one",
                path.display(),
                plan.version
            )));
        }
        if plan.seal != plan.sealed() {
            return Err(CliError::Usage(format!(
                "the plan {} was changed by hand: its seal is broken. Make a new one",
                path.display()
            )));
        }
        for file in &plan.files {
            file.holds("the file")?;
        }
        plan.mapping.holds("the mapping")?;
        Ok(plan)
    }

    /// The arguments that the plan was made with; how it is sent is today's.
    pub(super) fn arguments(&self, typed: &ImportArgs) -> ImportArgs {
        ImportArgs {
            files: self.files.iter().map(|f| f.path.clone()).collect(),
            mapping: Some(self.mapping.path.clone()),
            create_apptivo_account: self.create_apptivo_account,
            create_bill_com_profile: self.create_bill_com_profile,
            retry_rejected: self.retry_rejected,
            limit: self.limit,
            ..typed.clone()
        }
    }

    /// Whether target and state are what they were.
    pub(super) fn hold(&self, target: &str, state: &str) -> Result<(), CliError> {
        if self.target != target {
            return Err(changed(&format!(
                "the target (it was {}, it is {target})",
                self.target
            )));
        }
        if self.state != state {
            return Err(changed("the state"));
        }
        Ok(())
    }
}
