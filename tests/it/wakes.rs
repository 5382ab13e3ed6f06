//! A machine that is suspended exactly at a point of a create, and wakes: within its lease, after it, between the takeover and the
//! moment from which an absence is believed, and after another machine has sent the row.
//!
//! The points: `claimed`, behind the claim; `passed`, behind the first look at the lease, before there is a connection; `connected`,
//! when the body is asked for, on a connection; `checked`, behind the second look; `half`, when half of the body is sent.

use std::time::{Duration, Instant};

use crate::support::front::{Ends, front_of};
use crate::support::{Finished, Run, Server, Suspended, Workdir, wait_until};

const ROWS: usize = 40;
/// Longer than an answer takes, shorter than the takeover window of these tests and their lease together.
const IDLE: Ends = Ends::Idle(Duration::from_millis(1500));

fn import(dir: &Workdir, url: &str) -> Run {
    let import = ["import", "e.csv", "-m", "m.toml", "--workers", "2"];
    let quick = ["--rate", "unlimited", "--settle", "500ms", "--json"];
    dir.run(&import).args(&quick).at_url(url)
}

/// One that has stopped exactly at a point.
struct Stopped {
    dir: Workdir,
    server: Server,
    url: String,
    machine: Suspended,
}

impl Stopped {
    /// `None` where there is no Postgres.
    fn at(point: &str, ends: Ends, takeover: &str) -> Option<Self> {
        let dir = Workdir::in_postgres()?;
        let config = format!("[state]\nlease = \"3s\"\ntakeover = \"{takeover}\"\n");
        dir.write("partner-sync.toml", config);
        let server = Server::start(&dir, &["--latency", "10ms"]);
        let url = front_of(&server, ends);
        dir.simple_export(ROWS);
        let machine = Suspended::at(point, import(&dir, &url));
        assert!(server.count("POST") < ROWS);
        let stopped = Self {
            dir,
            server,
            url,
            machine,
        };
        Some(stopped)
    }

    fn other(&self) -> Run {
        import(&self.dir, &self.url)
    }

    fn is_lost(&self) -> bool {
        let lost =
            "SELECT count(*) FROM partner_sync.machine WHERE lost_at IS NOT NULL AND holder LIKE";
        let id = self.machine.id();
        let holder = format!("'process {id} on %'");
        self.dir.ask_database(&format!("{lost} {holder}")) == "1"
    }

    /// Another machine does what is left; how many rows it created.
    fn is_done_by_another(&self) -> u64 {
        let mut created = 0;
        for _ in 0..5 {
            let run = self.other().finish();
            created += run.summary().get("created");
            if !was_starved(&run) {
                run.expect_exit(0);
                return created;
            }
        }
        panic!("no machine got through");
    }

    /// It wakes; how it ends.
    fn wakes(self) -> (Workdir, Server, String, Finished) {
        let first = self.machine.wakes_and_ends();
        (self.dir, self.server, self.url, first)
    }
}

/// Whether a machine lost its lease, as one that this machine gives no time to for as long as that does: the next one takes over.
fn was_starved(run: &Finished) -> bool {
    let summary = run.summary();
    let stopped = summary.value()["stopped"].as_str().unwrap_or_default();
    run.exit == 3 && (stopped.contains("has taken over") || stopped.contains("was suspended"))
}

/// A run that ends otherwise than by starving.
fn gets_through(dir: &Workdir, url: &str) -> Finished {
    for _ in 0..5 {
        let run = import(dir, url).finish();
        if !was_starved(&run) {
            return run;
        }
    }
    panic!("no machine got through");
}

/// It is taken over, and wakes when the other one has sent the row.
fn wakes_late(point: &str, ends: Ends) -> Option<(Workdir, Server, String, Finished)> {
    let stopped = Stopped::at(point, ends, "1s")?;
    assert!(stopped.is_done_by_another() > 0);
    stopped.server.assert_each_once(ROWS);
    assert!(stopped.is_lost());
    // Its connections to the database are broken as well, as those of a machine that slept are.
    let ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    stopped.dir.ask_database(ended);
    let (dir, server, url, first) = stopped.wakes();
    let first = first.expect_exit(3);
    let summary = first.summary();
    assert_eq!(summary.get("rows"), ROWS as u64);
    let why = summary.value()["stopped"].as_str().unwrap();
    // By what it looks at first.
    let is_told = why.contains("has taken over") || why.contains("was suspended");
    assert!(is_told, "{first:?}");
    Some((dir, server, url, first))
}

/// It is taken over, and wakes while the other one waits until an absence can be believed.
fn wakes_in_between(point: &str) {
    for _ in 0..5 {
        let Some(stopped) = Stopped::at(point, Ends::Never, "10s") else {
            return;
        };
        if has_woken_in_between(stopped) {
            return;
        }
    }
    panic!("this machine was too slow for the moment in between");
}

/// `false` where it may have been too late: this machine gave the test no time until others could believe the absence.
fn has_woken_in_between(mut stopped: Stopped) -> bool {
    let mut second = stopped.other().start();
    // Until then no connection is ended that it could still use.
    let mut not_lost = Instant::now();
    wait_until("it is taken over", || {
        if second.try_wait().unwrap().is_some() {
            second = stopped.other().start();
        }
        let now = Instant::now();
        let is_lost = stopped.is_lost();
        if !is_lost {
            not_lost = now;
        }
        is_lost
    });
    // Three settling times: whoever believed the absence by now would send the row.
    std::thread::sleep(Duration::from_millis(1500));
    let made = stopped.server.by_key().len();
    stopped.machine.wake();
    if not_lost.elapsed() > Duration::from_secs(8) {
        second.kill().unwrap();
        second.wait().unwrap();
        return false;
    }
    assert!(made < ROWS, "somebody believed the absence");
    let (dir, server, url, first) = stopped.wakes();
    let mut second = Finished::of(second.wait_with_output().unwrap());
    if was_starved(&second) {
        second = gets_through(&dir, &url);
    }
    let second = second.expect_exit(0);
    server.assert_each_once(ROWS);
    // One that sends nothing more, or has lost its lease, says so.
    assert_eq!(first.exit, 3, "{first:?}");
    assert!(!second.stdout.contains("api.duplicate"), "{second:?}");
    let again = gets_through(&dir, &url).expect_exit(0).summary();
    assert_eq!(again.get("skipped"), ROWS as u64);
    true
}

/// Nobody else is there: it goes on where its lease has just ended, or ends, and the next run does the rest.
fn wakes_alone(point: &str) {
    let Some(stopped) = Stopped::at(point, IDLE, "1s") else {
        return;
    };
    let over = "SELECT count(*) FROM partner_sync.machine WHERE until < clock_timestamp()";
    wait_until("its lease has ended", || {
        stopped.dir.ask_database(over) == "1"
    });
    let (dir, server, url, first) = stopped.wakes();
    assert!(matches!(first.exit, 0 | 3), "{first:?}");
    let rest = import(&dir, &url).args(&["--wait", "1m"]).finish();
    let rest = rest.expect_exit(0).summary();
    assert_eq!(rest.get("created") + rest.get("skipped"), ROWS as u64);
    server.assert_each_once(ROWS);
}

macro_rules! wakes_late {
    ($($test:ident at $point:literal, $ends:expr);* $(;)?) => {$(
        #[test]
        fn $test() {
            if let Some((_dir, server, ..)) = wakes_late($point, $ends) {
                server.assert_each_once(ROWS);
            }
        }
    )*};
}

wakes_late! {
    who_wakes_with_its_claims_sends_nothing at "claimed:2", IDLE;
    // Each create needs a new connection, on which the body alone can tell that the lease is lost.
    who_wakes_before_it_connects_sends_nothing at "passed:8", Ends::EachAnswer;
    who_wakes_with_a_connection_sends_nothing at "connected:8", IDLE;
    who_wakes_with_a_connection_that_nobody_ended_sends_nothing at "connected:8", Ends::Never;
    who_wakes_behind_the_check_is_cut_off at "checked:8", IDLE;
    who_wakes_in_the_middle_of_a_body_is_cut_off at "half:8", IDLE;
}

#[test]
fn what_arrives_between_takeover_and_belief_is_found() {
    wakes_in_between("checked:8");
}

#[test]
fn a_half_that_arrives_between_takeover_and_belief_is_found() {
    wakes_in_between("half:8");
}

#[test]
fn who_wakes_alone_with_its_claims_loses_nothing() {
    wakes_alone("claimed:2");
}

#[test]
fn who_wakes_alone_before_it_connects_loses_nothing() {
    wakes_alone("passed:8");
}

#[test]
fn who_wakes_alone_with_a_connection_loses_nothing() {
    wakes_alone("connected:8");
}

#[test]
fn who_wakes_alone_behind_the_check_loses_nothing() {
    wakes_alone("checked:8");
}

#[test]
fn who_wakes_alone_in_the_middle_of_a_body_loses_nothing() {
    wakes_alone("half:8");
}

/// Where nothing ends connections, a second create arrives: the assumption is one. Its answer names a second partner, so whoever
/// runs next reports it, on the page too, and the exit is 1; who was suspended has it in its own report as well.
#[test]
fn through_a_connection_that_nobody_ended_a_second_create_arrives_and_is_reported() {
    let Some((dir, server, url, first)) = wakes_late("checked:8", Ends::Never) else {
        return;
    };
    let twice: Vec<_> = server
        .by_key()
        .into_iter()
        .filter(|(_, n)| *n > 1)
        .collect();
    assert_eq!(twice.len(), 1, "{first:?}");
    let key = &twice[0].0;
    assert!(first.stdout.contains("api.duplicate"), "{first:?}");
    let next = import(&dir, &url).args(&["--report", "out"]);
    let next = next.finish().expect_exit(1);
    assert_eq!(next.summary().get("skipped"), ROWS as u64);
    let problems = dir.read("out/problems.csv");
    let told: Vec<&str> = problems
        .lines()
        .filter(|line| line.contains("api.duplicate"))
        .collect();
    assert!(
        told.len() == 1 && told[0].contains(key.as_str()),
        "{problems}"
    );
    let partners = server.partners();
    let ids = partners
        .iter()
        .filter(|p| p["party"]["legacyIdentifier"] == key.as_str())
        .map(|p| p["id"].as_str().unwrap());
    for id in ids {
        assert!(told[0].contains(id), "{id}: {problems}");
        assert!(dir.read("out/report.html").contains(id), "{id}");
    }
    // It is reported once by runs, and by each `verify`.
    import(&dir, &url).finish().expect_exit(0);
    let verify = dir.run(&["verify", "e.csv", "-m", "m.toml"]);
    let verify = verify.at_url(&url).finish().expect_exit(1);
    assert!(verify.stdout.contains("api.duplicate"), "{verify:?}");
}

/// Who is killed before the answer comes tells nobody of its second partner: `verify` does.
#[test]
fn a_second_partner_whose_answer_nobody_heard_is_reported_by_verify() {
    let Some(stopped) = Stopped::at("checked:8", Ends::Never, "1s") else {
        return;
    };
    stopped.is_done_by_another();
    let Stopped {
        dir,
        server,
        url,
        mut machine,
    } = stopped;
    let woken = machine.wake();
    wait_until("a second partner is there", || {
        let has_ended = woken.try_wait().unwrap().is_some();
        has_ended || server.by_key().values().any(|count| *count > 1)
    });
    drop(machine);
    assert!(server.by_key().values().any(|count| *count > 1));
    let verify = dir.run(&["verify", "e.csv", "-m", "m.toml"]);
    let verify = verify.at_url(&url).finish().expect_exit(1);
    assert!(verify.stdout.contains("api.duplicate"), "{verify:?}");
}
