//! The real binary, as its user runs it, and wrk beside it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::stub::Server;

/// The folder in which everything is run.
pub struct Program {
    pub folder: PathBuf,
}

/// What a run came to.
pub struct Ran {
    pub seconds: f64,
    pub summary: Value,
    /// The peak of its memory in MiB. Source: proc(5), `VmHWM`.
    pub peak: f64,
}

impl Program {
    /// Runs it; it must end with `exit`.
    pub fn run(&self, arguments: &[&str], api: Option<&Server>, exit: i32) -> Ran {
        let begin = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_partner-sync"));
        command
            .args(arguments)
            .args(["--json", "-q", "--progress", "never"])
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(server) = api {
            command
                .env("PARTNER_SYNC_API_URL", &server.url)
                .env("PARTNER_SYNC_TOKEN", "bench");
        }
        let child = command.spawn().unwrap();
        let status = format!("/proc/{}/status", child.id());
        let watch = std::thread::spawn(move || {
            let mut peak = 0.0_f64;
            let peak_of = |text: &str| -> Option<f64> {
                let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
                let kib: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
                Some(kib / 1024.0)
            };
            // It is gone, or waits to be collected, when it tells no memory any more.
            while let Some(now) = std::fs::read_to_string(&status)
                .ok()
                .and_then(|text| peak_of(&text))
            {
                peak = peak.max(now);
                std::thread::sleep(Duration::from_millis(2));
            }
            peak
        });
        let output = child.wait_with_output().unwrap();
        let seconds = begin.elapsed().as_secs_f64();
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {words}");
        Ran {
            seconds,
            summary: serde_json::from_slice(&output.stdout).unwrap(),
            peak: watch.join().unwrap(),
        }
    }

    pub fn check(&self, file: &str, exit: i32) -> Ran {
        self.run(&["check", file, "-m", "m.toml"], None, exit)
    }

    /// An import without a limit, sixty-four under way, into `state`.
    pub fn import(&self, file: &str, state: &str, api: &Server) -> Ran {
        let arguments = [
            "import",
            file,
            "-m",
            "m.toml",
            "--state",
            state,
            "--rate",
            "unlimited",
            "--workers",
            "64",
        ];
        self.run(&arguments, Some(api), 0)
    }

    /// Takes a state away, its log files and lock included.
    pub fn forget(&self, state: &str) {
        for entry in std::fs::read_dir(&self.folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(state) {
                std::fs::remove_file(path).unwrap();
            }
        }
    }
}

/// Whether wrk is there to compare with.
pub fn has_wrk() -> bool {
    Command::new("wrk")
        .arg("-v")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

/// Requests a second that wrk gets answered: 64 connections, one fixed body.
pub fn wrk(folder: &Path, body: &[u8], seconds: u64, api: &Server) -> f64 {
    let body = String::from_utf8(body.to_vec()).unwrap();
    assert!(!body.contains("]==]"));
    let script = format!(
        "wrk.method = \"POST\"\nwrk.body = [==[{body}]==]\nwrk.headers[\"Content-Type\"] = \"application/json\"\nwrk.headers[\"Authorization\"] = \"Bearer bench\"\n"
    );
    let path = folder.join("wrk.lua");
    std::fs::write(&path, script).unwrap();
    let output = Command::new("wrk")
        .args(["-t2", "-c64", &format!("-d{seconds}s"), "-s"])
        .arg(&path)
        .arg(format!("{}/api/v2/partners", api.url))
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{words}");
    assert!(!words.contains("Non-2xx"), "{words}");
    let line = words
        .lines()
        .find_map(|l| l.trim().strip_prefix("Requests/sec:"));
    line.unwrap().trim().parse().unwrap()
}
