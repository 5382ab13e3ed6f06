//! The machines of a run: processes of the real binary that are started, killed, suspended and woken.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use super::fates::{Fate, Plan};
use super::{ROWS, SETTLE};
use crate::support::postgres::Cluster;
use crate::support::{Finished, Run, Workdir, signal};

/// How many are at work at a time.
const MACHINES: usize = 3;
/// Longer than all that a machine waits for, also on a machine that is busy.
const LONG: Duration = Duration::from_mins(10);

/// What happened, and how each machine ended.
pub(super) struct Story {
    begin: Instant,
    lines: Vec<String>,
    pub(super) ended: Vec<(usize, Finished)>,
}

impl Story {
    fn begin() -> Self {
        Self {
            begin: Instant::now(),
            lines: Vec::new(),
            ended: Vec::new(),
        }
    }

    fn add(&mut self, line: &str) {
        let at = self.begin.elapsed().as_secs_f64();
        self.lines.push(format!("{at:7.3} {line}"));
    }

    pub(super) fn text(&self) -> String {
        self.lines.join("\n")
    }

    #[allow(clippy::print_stderr, reason = "who runs many seeds reads it")]
    pub(super) fn print(&self) {
        eprintln!("{}\n", self.text());
    }
}

/// How the database comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Back {
    Started,
    Thawed,
}

struct Machine {
    number: usize,
    child: Child,
    wakes: Option<Instant>,
}

pub(super) struct Machines<'a> {
    dir: &'a Workdir,
    cluster: &'a Cluster,
    url: &'a str,
    plan: &'a Plan,
    all: Vec<Machine>,
    started: usize,
    is_done: bool,
    database_back: Option<(Instant, Back)>,
    posts: Posts,
    story: Story,
}

/// Creates in the sandbox's log, which is read on from where it was read last.
struct Posts {
    log: PathBuf,
    at: u64,
    count: usize,
}

impl Posts {
    fn count(&mut self) -> usize {
        let mut file = File::open(&self.log).unwrap();
        file.seek(SeekFrom::Start(self.at)).unwrap();
        let mut text = Vec::new();
        file.read_to_end(&mut text).unwrap();
        let whole = text.iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
        let lines = String::from_utf8_lossy(&text[..whole]);
        self.count += lines.matches("\"method\":\"POST\"").count();
        self.at += whole as u64;
        self.count
    }
}

impl<'a> Machines<'a> {
    pub(super) fn new(
        dir: &'a Workdir,
        cluster: &'a Cluster,
        url: &'a str,
        plan: &'a Plan,
    ) -> Self {
        let log = dir.path("server.log");
        Self {
            dir,
            cluster,
            url,
            plan,
            all: Vec::new(),
            started: 0,
            is_done: false,
            database_back: None,
            posts: Posts {
                log,
                at: 0,
                count: 0,
            },
            story: Story::begin(),
        }
    }

    pub(super) fn story(&mut self, line: &str) {
        self.story.add(line);
    }

    fn import(&self, number: usize) -> Run {
        let import = ["import", "e.csv", "-m", "m.toml", "--json", "-v"];
        self.dir
            .run(&import)
            .args(&["--workers", &self.plan.workers, "--rate", self.plan.rate])
            .args(&["--settle", SETTLE, "--report", &format!("out-{number}")])
            .at_url(self.url)
    }

    fn start(&mut self) {
        let number = self.started;
        self.started += 1;
        let log = File::create(self.dir.path(&format!("machine-{number}.log"))).unwrap();
        let child = self.import(number).start_into(log);
        self.story
            .add(&format!("machine {number} begins, process {}", child.id()));
        self.all.push(Machine {
            number,
            child,
            wakes: None,
        });
    }

    /// All machines. The first one makes the key of the state, which the others read.
    pub(super) fn begin(&mut self) {
        self.start();
        self.wait_for_rows(1);
        for _ in 1..MACHINES {
            self.start();
        }
    }

    /// Waits for so many creates more, or until nothing has come for some seconds; false where there is nothing more to do.
    pub(super) fn wait_for_rows(&mut self, rows: usize) -> bool {
        let enough = self.posts.count() + rows;
        let patience = Instant::now() + Duration::from_secs(5);
        while self.posts.count() < enough && Instant::now() < patience && !self.is_done {
            self.go_on();
        }
        !self.is_done
    }

    /// What is due: machines wake, the database comes back, and who has ended is replaced.
    fn go_on(&mut self) {
        std::thread::sleep(Duration::from_millis(10));
        let now = Instant::now();
        if let Some((_, how)) = self.database_back.filter(|(at, _)| *at <= now) {
            self.database_back = None;
            match how {
                Back::Started => self.cluster.restart(),
                Back::Thawed => self.cluster.signal("CONT"),
            }
            self.story.add("the database is back");
        }
        for machine in &mut self.all {
            if machine.wakes.is_some_and(|at| at <= now) {
                machine.wakes = None;
                signal(&machine.child, "CONT");
                self.story.add(&format!("machine {} wakes", machine.number));
            }
        }
        let mut over = Vec::new();
        for mut machine in std::mem::take(&mut self.all) {
            let is_over = machine.child.try_wait().unwrap().is_some();
            let to = if is_over { &mut over } else { &mut self.all };
            to.push(machine);
        }
        for machine in over {
            let exit = self.ended(machine);
            self.is_done |= exit == 0;
            if !self.is_done {
                self.start();
            }
        }
    }

    /// How a machine ended that was not killed.
    fn ended(&mut self, machine: Machine) -> i32 {
        let mut run = Finished::of(machine.child.wait_with_output().unwrap());
        run.stderr = self.dir.read(&format!("machine-{}.log", machine.number));
        let exit = run.exit;
        let stopped = serde_json::from_str::<serde_json::Value>(&run.stdout).ok();
        let stopped = stopped.map_or(run.stderr.clone(), |s| s["stopped"].to_string());
        let line = format!("machine {} ends with {exit}: {stopped}", machine.number);
        self.story.add(&line);
        self.story.ended.push((machine.number, run));
        exit
    }

    pub(super) fn meets(&mut self, fate: &Fate, random: &mut fastrand::Rng) {
        std::thread::sleep(Duration::from_micros(random.u64(0..5000)));
        let which = random.usize(..MACHINES);
        if self.all.len() <= which {
            return;
        }
        let number = self.all[which].number;
        self.story
            .add(&format!("{fate:?} meets machine {number} or the database"));
        match *fate {
            Fate::Killed => {
                let mut machine = self.all.remove(which);
                // One that has just ended has said how.
                if machine.child.try_wait().unwrap().is_some() {
                    self.is_done |= self.ended(machine) == 0;
                } else {
                    machine.child.kill().unwrap();
                    machine.child.wait().unwrap();
                }
                self.start();
            }
            Fate::Suspended(time) => {
                let machine = &mut self.all[which];
                signal(&machine.child, "STOP");
                machine.wakes = Some(Instant::now() + time);
            }
            _ if self.database_back.is_some() => {}
            Fate::Crash(time) => {
                self.cluster.crash();
                self.database_back = Some((Instant::now() + time, Back::Started));
            }
            Fate::Orphaned(time) => {
                self.cluster.kill();
                self.database_back = Some((Instant::now() + time, Back::Started));
            }
            Fate::Frozen(time) => {
                self.cluster.signal("STOP");
                self.database_back = Some((Instant::now() + time, Back::Thawed));
            }
        }
    }

    /// Waits until nobody is at work any more.
    pub(super) fn until_all_have_ended(&mut self) {
        self.is_done = true;
        let begin = Instant::now();
        while !self.all.is_empty() || self.database_back.is_some() {
            self.go_on();
            if begin.elapsed() > LONG {
                self.hangs();
            }
        }
    }

    /// A machine that does not end is a fault.
    fn hangs(&mut self) -> ! {
        let mut words = self.story.text();
        for machine in &mut self.all {
            let _ = machine.child.kill();
            let log = self.dir.read(&format!("machine-{}.log", machine.number));
            words.push_str(&format!("\nmachine {} hangs:\n{log}", machine.number));
        }
        panic!("{words}");
    }

    /// Runs alone until one says what became of all rows.
    pub(super) fn last(&mut self) {
        for _ in 0..20 {
            self.start();
            self.until_all_have_ended();
            let (_, last) = self.story.ended.last().unwrap();
            if last.exit < 2 {
                return;
            }
        }
        panic!("it never came to its end: {}", self.story.text());
    }

    pub(super) fn end(mut self) -> Story {
        let posts = self.posts.count();
        self.story.add(&format!("{posts} creates of {ROWS} rows"));
        std::mem::replace(&mut self.story, Story::begin())
    }
}

/// Nothing that was suspended stays so where a test fails.
impl Drop for Machines<'_> {
    fn drop(&mut self) {
        for machine in &mut self.all {
            let _ = machine.child.kill();
            let _ = machine.child.wait();
        }
        if let Some((_, Back::Thawed)) = self.database_back {
            self.cluster.signal("CONT");
        }
    }
}
