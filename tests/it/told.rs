//! Everybody is informed how a night ended, also when it could not begin: `sync.json`, metrics and the webhook.

use serde_json::Value;

use crate::hook::Hook;
use crate::support::{Finished, Run, Server, Workdir, signal, wait_until};

/// A night with one job, which tells everybody.
fn night_of(more: &str) -> (Workdir, Server, Hook) {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--latency", "20ms"]);
    let hook = Hook::start();
    dir.simple_export(3);
    dir.write(
        "partner-sync.toml",
        format!(
            "[report]\ndir = \"reports\"\n[metrics]\ntextfile = \"ps.prom\"\n[notify]\nurl = \"{}\"\n\
             on = [\"success\", \"problems\", \"failure\"]\n\
             [[job]]\nname = \"one\"\nfile = \"e.csv\"\nmapping = \"m.toml\"\n{more}",
            hook.url
        ),
    );
    (dir, server, hook)
}

fn night(dir: &Workdir, server: &Server) -> Run {
    dir.run(&["sync", "--json"]).at(server)
}

fn metric(dir: &Workdir, name: &str) -> String {
    let text = dir.read("ps.prom");
    let line = text
        .lines()
        .find(|l| l.starts_with(name))
        .unwrap_or_else(|| panic!("no {name} in\n{text}"));
    line.rsplit(' ').next().unwrap().to_owned()
}

fn summary(dir: &Workdir) -> Value {
    serde_json::from_str(&dir.read("reports/sync.json")).unwrap()
}

#[test]
fn a_state_that_another_run_holds() {
    let (dir, server, hook) = night_of("");
    night(&dir, &server).finish().expect_exit(0);
    hook.told();
    let success = metric(&dir, "partner_sync_last_success_timestamp_seconds");
    let reports = || {
        std::fs::read_dir(dir.path("reports/one"))
            .unwrap()
            .flatten()
            .count()
    };
    let before = reports();
    let rows: Vec<String> = (0..60).map(|n| format!("M-{n},More {n}\n")).collect();
    dir.write("more.csv", format!("Id,Name\n{}", rows.concat()));
    let elsewhere = Workdir::new();
    let slow = Server::start(&elsewhere, &["--latency", "1s"]);
    let holder = dir
        .run(&["import", "more.csv", "-m", "m.toml", "--workers", "1"])
        .at(&slow)
        .start();
    wait_until("the other run asks", || slow.count("GET") > 0);
    let run = night(&dir, &server).finish().expect_exit(4);
    signal(&holder, "KILL");
    holder.wait_with_output().unwrap();
    assert!(
        run.stderr.contains("another run holds the state"),
        "{}",
        run.stderr
    );
    let whole: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(whole, summary(&dir));
    assert_eq!(whole["exit"], 4);
    assert!(whole["stopped"].as_str().unwrap().contains("another run"));
    assert_eq!(whole["jobs"][0]["job"], "one");
    assert_eq!(whole["jobs"][0]["exit"], 4);
    assert_eq!(metric(&dir, "partner_sync_run_exit_code"), "4");
    assert_eq!(
        metric(&dir, "partner_sync_last_success_timestamp_seconds"),
        success
    );
    let body = hook.told();
    assert!(body["text"].as_str().unwrap().contains("exit 4"), "{body}");
    assert_eq!(body["partner_sync"]["exit"], 4);
    assert_eq!(reports(), before, "reports of real runs are not pushed out");
}

#[test]
fn a_night_that_cannot_begin() {
    for (break_it, arguments, says) in [
        ("", &["--job", "onee"][..], "did you mean \"one\""),
        (
            "[[job]]\nname = \"one\"\nfile = \"f\"\nmapping = \"m\"\n",
            &[],
            "two jobs",
        ),
        ("[api]\ntimeout = \"soon\"\n", &[], "expected a duration"),
        // What cannot be read as a whole still says whom to tell.
        (
            "[api]\nrat = \"10/s\"\n",
            &[],
            "there is no key rat here: did you mean rate?",
        ),
        ("[api]\nurl = \n", &[], "partner-sync.toml, line"),
    ] {
        let (dir, server, hook) = night_of(break_it);
        let run = night(&dir, &server).args(arguments).finish().expect_exit(2);
        assert!(run.stderr.contains(says), "{}", run.stderr);
        let whole = summary(&dir);
        assert_eq!(whole["exit"], 2);
        assert!(whole["stopped"].as_str().unwrap().contains(says), "{whole}");
        let body = hook.told();
        let text = body["text"].as_str().unwrap();
        assert!(text.contains("exit 2") && text.contains(says), "{text}");
        assert_eq!(server.count("POST"), 0);
    }
    // A secret that is not set. The night before was good.
    let (dir, server, hook) = night_of("");
    night(&dir, &server).finish().expect_exit(0);
    hook.told();
    let success = metric(&dir, "partner_sync_last_success_timestamp_seconds");
    let run = night(&dir, &server)
        .env("PARTNER_SYNC_STATE", "")
        .finish()
        .expect_exit(2);
    assert!(run.stderr.contains("PARTNER_SYNC_STATE"), "{}", run.stderr);
    let whole = summary(&dir);
    assert_eq!(whole["exit"], 2);
    assert_eq!(whole["jobs"][0]["exit"], 2);
    assert_eq!(whole["jobs"][0]["target"], Value::Null);
    assert_eq!(hook.told()["partner_sync"]["exit"], 2);
    assert_eq!(metric(&dir, "partner_sync_run_exit_code"), "2");
    assert_eq!(
        metric(&dir, "partner_sync_last_success_timestamp_seconds"),
        success
    );
    // A state that is none.
    let (dir, server, hook) = night_of("");
    dir.write(
        "partner-sync.db",
        "no database, but a text that is long enough".repeat(200),
    );
    let run = night(&dir, &server).finish();
    assert!(run.exit == 2 || run.exit == 3, "{run:?}");
    assert_eq!(summary(&dir)["exit"], run.exit);
    assert_eq!(hook.told()["partner_sync"]["exit"], run.exit);
    assert_eq!(
        metric(&dir, "partner_sync_run_exit_code"),
        run.exit.to_string()
    );
}

#[test]
fn a_night_that_is_interrupted() {
    let (dir, server, hook) = night_of(
        "[[job]]\nname = \"two\"\nfile = \"f.csv\"\nmapping = \"m.toml\"\nsettle_file = \"10m\"\n",
    );
    dir.write("f.csv", "Id,Name\nF-1,Later\n");
    let child = night(&dir, &server).start();
    wait_until("the first job is through", || server.by_key().len() == 3);
    signal(&child, "HUP");
    Finished::of(child.wait_with_output().unwrap()).expect_exit(130);
    let body = hook.told();
    assert_eq!(body["partner_sync"]["exit"], 130);
    assert_eq!(summary(&dir)["exit"], 130);
    assert_eq!(server.count("POST"), 3);
    assert_eq!(
        metric(&dir, "partner_sync_run_exit_code{job=\"two\""),
        "130"
    );
}

/// A result that cannot be written is none: exit 3 and a message. Where nobody reads it, that is quiet.
#[cfg(target_os = "linux")]
#[test]
fn standard_output_that_cannot_be_written() {
    use std::process::Stdio;

    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(2);
    dir.write(
        "partner-sync.toml",
        "[[job]]\nname = \"one\"\nfile = \"e.csv\"\nmapping = \"m.toml\"\n",
    );
    dir.run(&["sync"]).at(&server).finish().expect_exit(0);
    let id = server.partners()[0]["id"].as_str().unwrap().to_owned();
    for command in [
        &["state", "export"][..],
        &["status"],
        &["status", "--json"],
        &["status", "--row", "K-1"],
        &["partners", "list"],
        &["partners", "list", "--format", "jsonl"],
        &["partners", "list", "--format", "csv"],
        &["partners", "get", &id],
        &["check", "e.csv", "-m", "m.toml"],
        &["check", "e.csv", "-m", "m.toml", "--json"],
        &["import", "e.csv", "-m", "m.toml"],
        &["import", "e.csv", "-m", "m.toml", "--dry-run", "--json"],
        &["sync"],
        &["sync", "--json"],
        &["sync", "--check-config"],
        &["verify", "e.csv", "-m", "m.toml", "--combined", "-"],
        &["reconcile"],
        &["init", "e.csv"],
        &["init", "--template"],
        &["completions", "bash"],
        &["man"],
        &["--help"],
        &["import", "--help"],
        &["sandbox", "--port", "0"],
        &["--version"],
    ] {
        let to = |stdout: Stdio| {
            let run = dir.run(command).at(&server).stdout(stdout).finish();
            (run.exit, run.stderr)
        };
        let full = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let (exit, words) = to(Stdio::from(full));
        assert_eq!(exit, 3, "{command:?}: {words}");
        assert!(
            words.contains("standard output cannot be written"),
            "{command:?}: {words}"
        );
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let (exit, words) = to(Stdio::from(writer));
        assert_eq!(exit, 0, "{command:?}: {words}");
        assert!(!words.contains("standard output"), "{command:?}: {words}");
    }
}
