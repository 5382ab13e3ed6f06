//! How a server ends, comes back, and is followed by others.

#![allow(dead_code, reason = "one of the programs uses all of it")]

use std::path::{Path, PathBuf};

use super::{Cluster, done, free_port, new_folder, write};

impl Cluster {
    /// Ends the server at once, as a crash does.
    pub(crate) fn crash(&self) {
        self.control(&["-m", "immediate", "stop"]);
    }

    /// Kills the server's first process alone, as the kernel does where memory is short. The others end by themselves.
    pub(crate) fn kill(&self) {
        let noted = self.folder.join("data/postmaster.pid");
        let mut kill = self.programs.user.command("sh");
        kill.args(["-c", "kill -9 $(head -n 1 \"$0\")"]).arg(noted);
        done(kill);
    }

    /// All of it does nothing from now on, and answers nobody, until it goes on: by `STOP` and `CONT`.
    pub(crate) fn signal(&self, name: &str) {
        let noted = self.folder.join("data/postmaster.pid");
        let script = "p=$(head -n 1 \"$0\"); kill \"-$1\" \"$p\" $(cat /proc/$p/task/$p/children)";
        let mut kill = self.programs.user.command("sh");
        kill.args(["-c", script]).arg(noted).arg(name);
        done(kill);
    }

    /// A copy of the data as it is now, which follows nobody: a standby that is behind.
    pub(crate) fn standby(&self) -> PathBuf {
        let copy = self.folder.join("standby");
        let mut backup = self.program("pg_basebackup");
        backup
            .args(["--checkpoint=fast", "--no-sync", "--wal-method=fetch", "-h"])
            .arg(&self.folder)
            .args(["-U", "postgres", "-p", &self.port.to_string(), "-D"])
            .arg(&copy);
        done(backup);
        copy
    }

    /// A hot standby, which follows this one and is a server of its own.
    pub(crate) fn hot_standby(&self) -> &'static Self {
        let folder = new_folder(&self.programs);
        let mut backup = self.program("pg_basebackup");
        backup
            .args(["--checkpoint=fast", "--no-sync", "-R", "-h"])
            .arg(&self.folder)
            .args(["-U", "postgres", "-p", &self.port.to_string(), "-D"])
            .arg(folder.join("data"));
        done(backup);
        let port = free_port();
        let place = folder.display();
        let settings = format!("port = {port}\nunix_socket_directories = '{place}'\n");
        write(&self.programs, &folder, ">>", "postgresql.conf", &settings);
        let standby = Self::kept(self.programs.clone(), folder, port);
        Box::leak(Box::new(standby))
    }

    /// Makes a standby the primary, at the address of the server that has ended.
    pub(crate) fn promote(&self, standby: &Path) {
        let data = self.folder.join("data");
        let mut swap = self.programs.user.command("sh");
        swap.args([
            "-c",
            "mv \"$1\" \"$1.old\" && mv \"$0\" \"$1\" && touch \"$1/standby.signal\"",
        ])
        .arg(standby)
        .arg(&data);
        done(swap);
        self.control(&["-w", "start"]);
        self.control(&["-w", "promote"]);
    }

    /// Starts the server again after a crash. What is left of a server that was killed may be in its way for a moment.
    pub(crate) fn restart(&self) {
        for _ in 0..100 {
            if self.try_control(&["-w", "start"]) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("it does not start again");
    }
}
