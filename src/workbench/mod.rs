//! The workbench: a page on this machine on which the columns of an export are given fields, with the whole file checked at each
//! change. A front beside the command line: it calls [`crate::ops`] and nothing below it that works.
//!
//! What comes in: a file, the mapping's name, and what a browser sends. What goes out: pages, and the mapping, when its owner
//! saves it; nothing else is written. The core is pure: `access` judges requests, `bench` has the state of the page, `forms`
//! makes changes of what a form asks for, `view/` puts all into words. Around it, `workspace` has the threads that check and
//! practise, `server` the socket.

mod access;
mod bench;
mod events;
mod file;
mod forms;
mod life;
mod lookup;
mod lookup_forms;
mod model;
mod page;
mod row_test;
mod server;
mod view;
mod word_forms;
mod workspace;

use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::runtime::Handle;

use access::Access;
use bench::Bench;
use file::MappingFile;
pub use life::Ended;
use life::Life;
use server::{Server, serve};
use workspace::Workspace;

use crate::clock::Clock;
use crate::config::Resolved;
use crate::delivery::Stop;
use crate::mapping::Mapping;
use crate::ops::{OpError, explore};
use crate::report::SourceValues;

/// What a workbench is for.
#[derive(Debug, Clone)]
pub struct WorkbenchRequest {
    /// The export.
    pub file: PathBuf,
    /// The mapping; without one it lies beside the export and is named like it.
    pub mapping: Option<PathBuf>,
    /// Whether values of cells may be shown; otherwise what they look like.
    pub values: SourceValues,
    /// How long it works at most.
    pub lasts: Duration,
}

/// Why there is no workbench.
#[derive(Debug, thiserror::Error)]
pub enum WorkbenchError {
    /// The export cannot be read.
    #[error(transparent)]
    Export(#[from] OpError),
    /// The mapping is there and cannot be read.
    #[error("cannot read the mapping {}: {source}", path.display())]
    Mapping {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No port is free.
    #[error("cannot listen on 127.0.0.1: {0}")]
    Listen(io::Error),
}

/// A workbench that listens.
pub struct Workbench {
    listener: TcpListener,
    server: Arc<Server>,
    address: String,
    lasts: Duration,
}

/// The mapping beside an export: `accounts.csv.gz` has `accounts.toml`.
fn beside(export: &Path) -> PathBuf {
    let name = export.file_name().map(|n| n.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    let packed = [".gz", ".zip"]
        .iter()
        .find_map(|end| name.strip_suffix(end));
    let name = packed.unwrap_or(&name);
    let stem = Path::new(name)
        .file_stem()
        .map_or(name.into(), std::ffi::OsStr::to_string_lossy);
    export.with_file_name(format!("{stem}.toml"))
}

impl Workbench {
    /// Reads the export and the mapping, and listens on a free port of this machine. It blocks while the export is read.
    ///
    /// # Errors
    /// [`WorkbenchError`] where one of them cannot be read, or nothing can be listened on.
    pub fn open(
        request: &WorkbenchRequest,
        (settings, clock): (Resolved, Clock),
        (stop, runtime): (&Stop, &Handle),
    ) -> Result<Self, WorkbenchError> {
        let path = request
            .mapping
            .clone()
            .unwrap_or_else(|| beside(&request.file));
        let named = path.display().to_string();
        let unreadable = |source| WorkbenchError::Mapping {
            path: path.clone(),
            source,
        };
        let file = MappingFile::open(path.clone()).map_err(unreadable)?;
        if file.is_unreadable() {
            let words = "it is not UTF-8 text";
            return Err(unreadable(io::Error::new(
                io::ErrorKind::InvalidData,
                words,
            )));
        }
        let saved = file.text().map(str::to_owned);
        let mapping = saved
            .as_deref()
            .and_then(|text| Mapping::trial(&named, text).ok());
        let explored = Arc::new(explore(&request.file, mapping.as_ref())?);
        let bench = Bench::new(explored, request.values, named, saved);
        let listening = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
        let listener = listening.map_err(WorkbenchError::Listen)?;
        let port = listener
            .local_addr()
            .map_err(WorkbenchError::Listen)?
            .port();
        let access = Access::new(port, Instant::now());
        let address = access.address();
        let workspace = Workspace::new(
            bench,
            file,
            (settings, clock),
            (stop.child(), runtime.clone()),
        );
        Ok(Self {
            listener,
            server: Arc::new(Server {
                workspace: Arc::new(workspace),
                access: Mutex::new(access),
                life: Life::default(),
            }),
            address,
            lasts: request.lasts,
        })
    }

    /// The address to open: it works once, and for a minute.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Works until the page is closed, the time is over, or the stop that it was opened with is requested.
    ///
    /// # Errors
    /// Where the listener breaks.
    pub async fn work(self) -> io::Result<Ended> {
        let Self {
            listener,
            server,
            lasts,
            ..
        } = self;
        let workspace = Arc::clone(&server.workspace);
        let checking = Checking::start(&workspace)?;
        let life = server.life.clone();
        let ended = tokio::select! {
            broken = serve(listener, server) => broken.map(|()| Ended::Stopped),
            ended = life.over(lasts) => Ok(ended),
            () = workspace.stop().requested() => Ok(Ended::Stopped),
        };
        drop(checking);
        // Its folder goes with it.
        let _ = tokio::time::timeout(LEAVING, workspace.practised()).await;
        ended
    }
}

/// How long a practice that is under way may take to stop.
const LEAVING: Duration = Duration::from_secs(10);

/// The thread that checks. It ends when this is dropped.
struct Checking(Arc<Workspace>);

impl Checking {
    fn start(workspace: &Arc<Workspace>) -> io::Result<Self> {
        let working = Arc::clone(workspace);
        let named = std::thread::Builder::new().name("check".to_owned());
        named.spawn(move || working.check_all())?;
        Ok(Self(Arc::clone(workspace)))
    }
}

impl Drop for Checking {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_lies_beside_its_export() {
        for (export, mapping) in [
            ("a/accounts.csv", "a/accounts.toml"),
            ("accounts.csv.gz", "accounts.toml"),
            ("2026.11.25.xlsx", "2026.11.25.toml"),
            ("accounts", "accounts.toml"),
        ] {
            assert_eq!(beside(Path::new(export)), Path::new(mapping));
        }
    }
}
