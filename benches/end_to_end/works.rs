//! The kinds of work, each with what stands beside it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::database;
use crate::machines;
use crate::program::{Program, has_wrk, wrk};
use crate::stub::Server;
use crate::support::{self, MAPPING};

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Size {
    /// Rows of the large export; the others are parts of it.
    pub rows: u64,
    pub turns: u64,
}

/// One row of the table.
pub struct Line {
    work: String,
    measured: String,
    beside: String,
    figure: String,
    must: String,
    met: Option<bool>,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.met {
            Some(true) => "reached",
            Some(false) => "**missed**",
            None => "",
        };
        write!(
            f,
            "| {} | {} | {} | {} | {} | {verdict} |",
            self.work, self.measured, self.beside, self.figure, self.must
        )
    }
}

/// A ratio of two rates that must be at least `must`.
pub fn ratio(work: &str, ours: (f64, &str), beside: (f64, &str), must: f64) -> Line {
    let figure = ours.0 / beside.0;
    Line {
        work: work.to_owned(),
        measured: format!("{} {}", thousands(ours.0), ours.1),
        beside: format!("{} {}", thousands(beside.0), beside.1),
        figure: format!("{figure:.2}"),
        must: format!("{must}"),
        met: Some(figure >= must),
    }
}

/// A figure that must be at most `must`.
fn at_most(work: &str, figure: f64, must: f64, unit: &str) -> Line {
    Line {
        work: work.to_owned(),
        measured: format!("{figure:.0} {unit}"),
        beside: String::new(),
        figure: String::new(),
        must: format!("at most {must} {unit}"),
        met: Some(figure <= must),
    }
}

fn thousands(n: f64) -> String {
    let digits = format!("{n:.0}");
    let mut text = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(c);
    }
    text
}

pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let begin = Instant::now();
    let result = work();
    (begin.elapsed().as_secs_f64(), result)
}

pub struct Works {
    program: Program,
    pub size: Size,
}

type Work = fn(&Works) -> Vec<Line>;

/// All works by the name that `--only` takes.
pub const ALL: &[(&str, Work)] = &[
    ("send", Works::send),
    ("latency", Works::latency),
    ("check", Works::check),
    ("rerun", Works::rerun),
    ("map", Works::map),
    ("state", Works::state),
    ("postgres", Works::postgres),
    ("machines", machines::growth),
    ("xlsx", Works::xlsx),
    ("start", Works::start),
];

impl Works {
    pub fn new(folder: &Path, size: Size) -> Self {
        std::fs::write(folder.join("m.toml"), MAPPING).unwrap();
        Self {
            program: Program {
                folder: folder.to_owned(),
            },
            size,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.program.folder.join(name)
    }

    /// Makes an export where it is not there yet.
    pub fn export(&self, name: &str, rows: u64, dirty: u64) {
        let path = self.path(name);
        if !path.exists() {
            support::export(&path, rows, dirty);
        }
    }

    /// A body such as is sent.
    fn body(&self) -> Vec<u8> {
        self.export("one.csv", 1, 0);
        let mut body = Vec::new();
        support::reference::run(&self.path("one.csv"), |bytes| body = bytes.to_vec());
        body
    }

    fn sent(&self) -> u64 {
        (self.size.rows / 10).max(100)
    }

    /// Imports into a fresh state against a fresh server, and wrk against another, in turns.
    fn against_wrk(&self, start: &dyn Fn() -> Server, seconds: u64) -> Option<(f64, f64)> {
        if !has_wrk() {
            return None;
        }
        let rows = self.sent();
        self.export("sent.csv", rows, 0);
        let body = self.body();
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..self.size.turns {
            theirs.push(wrk(&self.program.folder, &body, seconds, &start()));
            let server = start();
            let ran = self.program.import("sent.csv", "sent.db", &server);
            assert_eq!(ran.summary["created"], rows);
            self.program.forget("sent.db");
            ours.push(rows as f64 / ran.seconds);
        }
        Some((median(&ours), median(&theirs)))
    }

    fn send(&self) -> Vec<Line> {
        let seconds = if self.size.rows < 100_000 { 1 } else { 3 };
        let works: [(&str, &dyn Fn() -> Server, f64); 2] = [
            (
                "`import`, 64 workers, a stub that only answers",
                &Server::stub,
                0.25,
            ),
            (
                "`import`, 64 workers, the sandbox",
                &|| Server::sandbox("0s"),
                0.5,
            ),
        ];
        works
            .into_iter()
            .filter_map(|(work, start, must)| {
                let (ours, theirs) = self.against_wrk(start, seconds)?;
                Some(ratio(
                    work,
                    (ours, "rows/s"),
                    (theirs, "req/s of wrk"),
                    must,
                ))
            })
            .collect()
    }

    fn latency(&self) -> Vec<Line> {
        let seconds = if self.size.rows < 100_000 { 1 } else { 10 };
        let Some((ours, theirs)) = self.against_wrk(&|| Server::sandbox("20ms"), seconds) else {
            return Vec::new();
        };
        vec![ratio(
            "the same, the sandbox at 20 ms",
            (ours, "rows/s"),
            (theirs, "req/s of wrk"),
            0.95,
        )]
    }

    fn check(&self) -> Vec<Line> {
        let (rows, small) = (self.size.rows, (self.size.rows / 100).max(100));
        self.export("clean.csv", rows, 0);
        self.export("dirty.csv", rows, 20);
        self.export("small.csv", small, 0);
        self.export("hundred.csv", 100, 0);
        let mut times: [Vec<f64>; 5] = [const { Vec::new() }; 5];
        let mut peaks: [f64; 3] = [0.0; 3];
        for _ in 0..self.size.turns {
            let (seconds, seen) = timed(|| support::bare(&self.path("clean.csv")));
            assert_eq!(seen, rows);
            times[0].push(seconds);
            let ran = self.program.check("clean.csv", 0);
            assert_eq!(ran.summary["valid"], rows);
            times[1].push(ran.seconds);
            peaks[0] = peaks[0].max(ran.peak);
            let report = ["check", "dirty.csv", "-m", "m.toml", "--report", "out"];
            let ran = self.program.run(&report, None, 1);
            assert_eq!(ran.summary["invalid"], rows / 5);
            times[2].push(ran.seconds);
            peaks[2] = peaks[2].max(ran.peak);
            let ran = self.program.check("small.csv", 0);
            assert_eq!(ran.summary["valid"], small);
            times[3].push(ran.seconds);
            peaks[1] = peaks[1].max(ran.peak);
            times[4].push(self.program.check("hundred.csv", 0).seconds);
        }
        let [bare, clean, dirty, little, start] = times.map(|t| median(&t));
        let rate = |seconds: f64| rows as f64 / seconds;
        let loop_ = (rate(bare), "rows/s, bare loop");
        // What the program costs before its first row is taken off the small one.
        let small_rate = small as f64 / (little - start).max(1e-4);
        let mut memory = at_most(
            &format!("memory of `check`: {} rows", thousands(rows as f64)),
            peaks[0].max(peaks[2]),
            64.0,
            "MiB",
        );
        memory.beside = format!("dirty {:.0}, clean {:.0} MiB", peaks[2], peaks[0]);
        let mut flat = at_most(
            &format!("and more than for {} rows", thousands(small as f64)),
            peaks[0] - peaks[1],
            20.0,
            "MiB",
        );
        flat.beside = format!("{:.0} MiB", peaks[1]);
        vec![
            ratio("`check`, clean", (rate(clean), "rows/s"), loop_, 0.25),
            ratio(
                "`check`, 20 % dirty, all reports",
                (rate(dirty), "rows/s"),
                loop_,
                0.12,
            ),
            memory,
            flat,
            ratio(
                &format!("growth of `check` from {} rows", thousands(small as f64)),
                (rate(clean), "rows/s"),
                (small_rate, "rows/s"),
                0.85,
            ),
        ]
    }

    fn rerun(&self) -> Vec<Line> {
        let rows = self.size.rows;
        let part = self.sent();
        self.export("clean.csv", rows, 0);
        self.export("sent.csv", part, 0);
        let server = Server::stub();
        let (mut little, mut first) = (Vec::new(), Vec::new());
        let mut peaks = [0.0_f64; 2];
        for _ in 0..self.size.turns {
            self.program.forget("little.db");
            let ran = self.program.import("sent.csv", "little.db", &server);
            assert_eq!(ran.summary["created"], part);
            little.push(ran.seconds);
            peaks[0] = peaks[0].max(ran.peak);
            self.program.forget("all.db");
            let ran = self.program.import("clean.csv", "all.db", &server);
            assert_eq!(ran.summary["created"], rows);
            first.push(ran.seconds);
            peaks[1] = peaks[1].max(ran.peak);
        }
        let (mut bare, mut again) = (Vec::new(), Vec::new());
        let mut peak = 0.0_f64;
        for _ in 0..self.size.turns {
            bare.push(timed(|| support::bare(&self.path("clean.csv"))).0);
            let ran = self.program.import("clean.csv", "all.db", &server);
            assert_eq!(ran.summary["skipped"], rows);
            again.push(ran.seconds);
            peak = peak.max(ran.peak);
        }
        let rate = |seconds: f64| rows as f64 / seconds;
        let mut memory = at_most("memory of the first `import`", peaks[1], 64.0, "MiB");
        memory.beside = format!(
            "{:.0} MiB for {} rows, {peak:.0} MiB for the rerun",
            peaks[0],
            thousands(part as f64)
        );
        vec![
            ratio(
                "rerun of `import`, all skipped",
                (rate(median(&again)), "rows/s"),
                (rate(median(&bare)), "rows/s, bare loop"),
                0.2,
            ),
            memory,
            ratio(
                &format!("growth of `import` from {} rows", thousands(part as f64)),
                (rate(median(&first)), "rows/s"),
                (part as f64 / median(&little), "rows/s"),
                0.85,
            ),
        ]
    }

    /// One thread, in this process: our modules beside the hand-written program.
    fn map(&self) -> Vec<Line> {
        let rows = self.sent();
        self.export("sent.csv", rows, 0);
        let path = self.path("sent.csv");
        let pipeline = support::pipeline::Pipeline::open(&path, &self.path("m.toml"));
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..self.size.turns.max(5) {
            let (seconds, by_hand) = timed(|| support::reference::run(&path, |_| ()));
            theirs.push(rows as f64 / seconds);
            let (seconds, made) = timed(|| pipeline.serialize(|_| ()));
            ours.push(rows as f64 / seconds);
            assert_eq!(made, by_hand);
        }
        vec![ratio(
            "read, map, check and serialize, one thread",
            (median(&ours), "rows/s"),
            (median(&theirs), "rows/s, typed by hand"),
            0.7,
        )]
    }

    /// Claims and outcomes through the state, 500 together, beside bare upserts, 500 a commit. A row is two of them.
    fn state(&self) -> Vec<Line> {
        const COMMIT: u64 = 500;
        let commits = (self.size.rows / COMMIT / 10).max(2);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        // A turn takes a third of a second, of which the disk takes its part.
        for _ in 0..self.size.turns * 3 {
            let mut table = support::upserts::Table::new();
            let (seconds, ()) = timed(|| {
                for at in 0..commits {
                    table.claim(at * COMMIT, (at + 1) * COMMIT);
                    table.settle(at * COMMIT, (at + 1) * COMMIT);
                }
            });
            theirs.push((2 * commits * COMMIT) as f64 / seconds);
            let state = support::state::State::new();
            let (seconds, ()) = timed(|| {
                state.claim_and_settle(commits, COMMIT);
            });
            ours.push((2 * commits * COMMIT) as f64 / seconds);
        }
        vec![ratio(
            "claims and outcomes through the state",
            (median(&ours), "a second"),
            (median(&theirs), "bare upserts a second"),
            0.7,
        )]
    }

    /// Claims and outcomes in Postgres, each its own commit, beside what a probe of the same statements reached on the
    /// machine of docs/performance.md.
    fn postgres(&self) -> Vec<Line> {
        let batches = (self.size.rows / 10_000).clamp(2, 100);
        let probed = [
            (1, 8, 1_036.0),
            (1, 64, 6_453.0),
            (1, 256, 17_451.0),
            (8, 256, 41_685.0),
        ];
        let line = |(owners, rows, probe)| {
            let once = |_| database::rate(owners, batches, rows);
            let rates: Option<Vec<f64>> = (0..self.size.turns).map(once).collect();
            let work = match owners {
                1 => format!("claim and settle in Postgres, 1 owner, {rows} rows a commit"),
                _ => format!("the same, {owners} owners, {rows} rows a commit"),
            };
            let beside = (probe, "rows/s of a probe");
            Some(ratio(&work, (median(&rates?), "rows/s"), beside, 0.5))
        };
        probed.into_iter().filter_map(line).collect()
    }

    fn xlsx(&self) -> Vec<Line> {
        let rows = self.sent();
        let path = self.path("sent.xlsx");
        support::workbook(&path, rows);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let mut peak = 0.0_f64;
        for _ in 0..self.size.turns {
            let (seconds, cells) = timed(|| support::bare_cells(&path));
            assert!(cells >= rows * 26);
            theirs.push(rows as f64 / seconds);
            let ran = self.program.check("sent.xlsx", 0);
            assert_eq!(ran.summary["valid"], rows);
            ours.push(rows as f64 / ran.seconds);
            peak = peak.max(ran.peak);
        }
        vec![
            ratio(
                &format!("`check` of XLSX, {} rows", thousands(rows as f64)),
                (median(&ours), "rows/s"),
                (median(&theirs), "rows/s, calamine's cells"),
                0.8,
            ),
            at_most("and its memory", peak, 80.0, "MiB"),
        ]
    }

    fn start(&self) -> Vec<Line> {
        self.export("hundred.csv", 100, 0);
        let mut times = Vec::new();
        for _ in 0..self.size.turns.max(15) {
            let ran = self.program.check("hundred.csv", 0);
            assert_eq!(ran.summary["valid"], 100);
            times.push(ran.seconds * 1000.0);
            std::thread::sleep(Duration::from_millis(5));
        }
        vec![at_most(
            "`check` of 100 rows, start to exit",
            median(&times),
            30.0,
            "ms",
        )]
    }
}
