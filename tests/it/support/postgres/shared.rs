//! One server for all test programs of a build that run at about the same time: to start one for each test would take longer
//! than the tests. Whoever uses it holds a lock; it ends by itself when nobody has held one for a while.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::{Cluster, Held, Programs, Setup, prepare};

/// Seconds that the server waits for somebody who uses it.
const IDLE: u32 = 20;

/// The server that all share, begun by whoever comes first.
pub(super) fn join(programs: Programs) -> Cluster {
    let place = place();
    std::fs::create_dir_all(&place).unwrap();
    let open = |name: &str| {
        let mut options = File::options();
        options.create(true).truncate(false).read(true).write(true);
        options.open(place.join(name)).unwrap()
    };
    // One at a time looks whether it runs, or starts it.
    let starting = open("starting");
    starting.lock().unwrap();
    // While it ends it has this for itself, so what is found after this stays.
    let users = open("users");
    users.lock_shared().unwrap();
    let noted = place.join("address");
    if let Some((folder, port)) = noted_in(&noted) {
        let there = Cluster::at(programs.clone(), folder, port, None);
        let data = there.try_sql("postgres", "SHOW data_directory");
        if data.is_some_and(|data| Path::new(&data) == there.folder.join("data")) {
            return Cluster {
                held: Some(Held::Shared(users)),
                ..there
            };
        }
    }
    let (folder, port) = prepare(&programs, &Setup::default());
    keep(&programs, &folder, open("users"));
    std::fs::write(&noted, format!("{port} {}", folder.display())).unwrap();
    let held = Some(Held::Shared(users));
    let cluster = Cluster::at(programs, folder, port, held);
    cluster.sql("postgres", "SELECT 1");
    cluster
}

/// Beside the test programs of this build.
fn place() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    program.parent().unwrap().join("test-postgres")
}

fn noted_in(path: &Path) -> Option<(PathBuf, u16)> {
    let text = std::fs::read_to_string(path).ok()?;
    let (port, folder) = text.split_once(' ')?;
    Some((folder.into(), port.parse().ok()?))
}

/// Starts the server, and what ends it: a process of its own, whose standard input is the file that users lock.
fn keep(programs: &Programs, folder: &Path, users: File) {
    let script = format!(
        "\"$0\" -D \"$1/data\" -w -l \"$1/log\" start >/dev/null 2>&1; echo; exec >/dev/null
        idle=0
        while [ $idle -lt {IDLE} ]; do
            sleep 1
            if flock -n -x 0; then flock -u 0; idle=$((idle + 1)); else idle=0; fi
        done
        flock -x 0
        \"$0\" -D \"$1/data\" -m immediate stop 2>&1; rm -rf \"$1\""
    );
    let mut keeper = programs.user.command("sh");
    keeper
        .args(["-c", &script])
        .arg(programs.folder.join("pg_ctl"))
        .arg(folder)
        .current_dir("/")
        .stdin(users)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    // It outlives whoever ends the tests.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut keeper, 0);
    let mut keeper = keeper.spawn().unwrap();
    let mut started = [0];
    let mut said = keeper.stdout.take().unwrap();
    said.read_exact(&mut started).unwrap();
}
