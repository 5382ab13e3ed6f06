//! An export that a command of the user's fetches: `rclone`, `sftp`, `gpg`, and whatever writes a file.

use std::path::PathBuf;
use std::time::Duration;

use super::error::{FetchError, OpError};
use super::export_file::ExportFile;
use super::session::Session;
use super::workspace::Workspace;
use crate::subprocess::{self, Failure, Printed, Task};

/// What stands for the file in the command's words.
const FILE: &str = "{file}";

/// A command that writes a file, as a list of words that no shell takes apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchRequest {
    /// The program and its arguments; `{file}` stands for the file that it has to write.
    pub words: Vec<String>,
    /// The name of that file, and of the export in messages.
    pub name: String,
    /// After this time the command is ended, with all that it started.
    pub limit: Duration,
}

/// Runs the command and takes the file that it wrote, into a folder that is gone with the last who holds the result.
///
/// # Errors
/// [`FetchError`] where the command cannot be run, fails, takes too long, or writes no file.
pub(super) fn fetch(request: &FetchRequest, session: &Session<'_>) -> Result<ExportFile, OpError> {
    let name = subprocess::name("fetch", &request.words);
    if !request.words.iter().any(|word| word.contains(FILE)) {
        return Err(FetchError::NoFileNamed { name }.into());
    }
    let workspace = Workspace::create().map_err(FetchError::Folder)?;
    let path = workspace.path().join(&request.name);
    let file = path.to_string_lossy();
    let words: Vec<String> = (request.words.iter())
        .map(|word| word.replace(FILE, &file))
        .collect();
    let task = Task {
        words: &words,
        variables: &[],
        limit: request.limit,
        printed: Printed::Dropped,
    };
    tracing::info!(command = name, "the export is fetched");
    match subprocess::run(&task, &session.stop.flag()) {
        Ok(_) => {}
        Err(Failure::Stopped) => return Err(session.stopped()),
        Err(why) => return Err(FetchError::of(name, why, request.limit).into()),
    }
    written(&path, &name)?;
    Ok(ExportFile::copied(
        path,
        PathBuf::from(&request.name),
        workspace,
    ))
}

/// Sees that there is a file, and that nobody else can read it.
fn written(path: &std::path::Path, name: &str) -> Result<(), FetchError> {
    let name = || name.to_owned();
    let found = match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => found,
        Ok(found) => {
            let made = match () {
                () if found.is_dir() => "a folder",
                () if found.is_symlink() => "a link",
                () => "something that is no file",
            };
            return Err(FetchError::NotAFile { name: name(), made });
        }
        Err(_) => return Err(FetchError::NoFile { name: name() }),
    };
    if found.len() == 0 {
        return Err(FetchError::EmptyFile { name: name() });
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(path, mode).map_err(FetchError::Folder)?;
    }
    Ok(())
}
