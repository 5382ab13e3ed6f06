use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::{Server, Workdir, wait_until};

#[test]
fn a_variable_stands_for_its_option_and_what_is_typed_wins() {
    let dir = Workdir::new();
    dir.simple_export(4);
    let check = |more: &[&str], limit: &str| {
        let run = dir.run(&["check", "e.csv", "--json"]).args(more);
        let run = run.env("PARTNER_SYNC_MAPPING", "m.toml");
        run.env("PARTNER_SYNC_LIMIT", limit).finish()
    };
    let by_variable = check(&[], "2").expect_exit(0);
    assert_eq!(by_variable.summary().get("rows"), 2);
    let typed = check(&["--limit", "1", "--limit", "3"], "2").expect_exit(0);
    assert_eq!(typed.summary().get("rows"), 3);
    let wrong = check(&[], "many").expect_exit(2);
    assert!(
        wrong.stderr.contains("PARTNER_SYNC_LIMIT"),
        "{}",
        wrong.stderr
    );
    let unknown = dir.run(&["version"]).env("PARTNER_SYNC_LIMITT", "1");
    let unknown = unknown.finish().expect_exit(0);
    let says = "PARTNER_SYNC_LIMITT: did you mean PARTNER_SYNC_LIMIT?";
    assert!(unknown.stderr.contains(says), "{}", unknown.stderr);
    for command in [&["version"][..], &["man"], &["init", "e.csv"]] {
        let empty = dir.run(command).env("PARTNER_SYNC_LIMIT", " ").finish();
        assert_eq!(empty.exit, 2, "{command:?}: {}", empty.stdout);
    }
}

#[test]
fn there_is_a_page_for_each_command() {
    let dir = Workdir::new();
    dir.run(&["man", "--dir", "man/man1"])
        .finish()
        .expect_exit(0);
    for name in [
        "",
        "-import",
        "-partners-list",
        "-state-forget",
        "-config-show",
        "-doctor",
    ] {
        let page = dir.read(&format!("man/man1/partner-sync{name}.1"));
        for section in ["EXIT STATUS", "ENVIRONMENT", "FILES", ".TH"] {
            assert!(page.contains(section), "{name}: {section}");
        }
        assert!(page.contains("PARTNER_SYNC_"), "{name}");
    }
    let import = dir.read("man/man1/partner-sync-import.1");
    assert!(import.contains("PARTNER_SYNC_MAX_ERRORS"), "{import}");
    let version = dir.run(&["version"]).finish().expect_exit(0).stdout;
    let option = dir.run(&["--version"]).finish().expect_exit(0).stdout;
    assert_eq!(version, option);
}

#[test]
fn a_pattern_that_no_shell_expanded_is_expanded() {
    let dir = Workdir::new();
    dir.simple_export(2);
    dir.write("f.csv", "Id,Name\nX-1,Other\n");
    let run = dir.run(&["check", "*.csv", "-m", "m.toml", "--json"]);
    assert_eq!(run.finish().expect_exit(0).summary().get("rows"), 3);
    for (named, says) in [
        ("nothing*.csv", "no file matches nothing*.csv"),
        ("sftp://me:Secret@x.example/a.csv?s=Secret", "is an address"),
    ] {
        let refused = dir.run(&["check", named, "-m", "m.toml"]).finish();
        assert_eq!(refused.exit, 2, "{}", refused.stderr);
        assert!(refused.stderr.contains(says), "{}", refused.stderr);
        assert!(!refused.stderr.contains("Secret"), "{}", refused.stderr);
    }
    let two = dir.run(&["init", "*.csv"]).finish().expect_exit(2);
    assert!(two.stderr.contains("2 files match"), "{}", two.stderr);
}

#[test]
fn a_list_goes_into_a_file_that_is_no_input() {
    let dir = Workdir::new();
    dir.simple_export(3);
    let state = &["--sandbox"][..];
    let import = dir.run(&["import", "e.csv", "-m", "m.toml"]).args(state);
    import.finish().expect_exit(0);
    let list = dir
        .run(&["partners", "list", "--format", "csv", "-o", "l.csv"])
        .args(state);
    assert_eq!(list.finish().expect_exit(0).stdout, "");
    assert_eq!(dir.read("l.csv").lines().count(), 4);
    let export = dir.run(&["state", "export", "--output", "s.csv"]).finish();
    assert_eq!(export.expect_exit(0).stdout, "");
    assert!(dir.read("s.csv").contains("K-3"), "{}", dir.read("s.csv"));
    for name in ["l.csv", "s.csv"] {
        let mode = std::fs::metadata(dir.path(name)).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600, "{name}");
    }
    let before = std::fs::read(dir.path("partner-sync.db")).unwrap();
    for file in [
        "partner-sync.db",
        "partner-sync.db.key",
        "partner-sync.sandbox.jsonl",
    ] {
        for command in [&["partners", "list"][..], &["state", "export"]] {
            let more = if command[0] == "state" {
                &[][..]
            } else {
                state
            };
            let run = dir.run(command).args(more).args(&["-o", file]).finish();
            let refused = run.expect_exit(2);
            assert!(
                refused.stderr.contains("not written over"),
                "{}",
                refused.stderr
            );
        }
    }
    let verify = dir.run(&["verify", "e.csv", "-m", "m.toml", "--combined", "e.csv"]);
    verify.args(state).finish().expect_exit(2);
    assert_eq!(dir.read("e.csv").lines().count(), 4);
    assert_eq!(std::fs::read(dir.path("partner-sync.db")).unwrap(), before);
}

#[test]
fn words_that_the_api_does_not_document_are_warned_about() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    let list = dir
        .run(&["partners", "list", "--status", "active,Foo"])
        .at(&server);
    let run = list.finish().expect_exit(0);
    for says in [
        "warning: the API does not document \"Foo\"",
        "Did you mean Active?",
    ] {
        assert!(run.stderr.contains(says), "{}", run.stderr);
    }
    let plain = dir
        .run(&["partners", "list", "--status", "Active"])
        .at(&server);
    let plain = plain.finish().expect_exit(0);
    assert!(!plain.stderr.contains("warning"), "{}", plain.stderr);
}

/// Every line of standard error is JSON.
fn lines(stderr: &str) -> Vec<Value> {
    let line = |l: &str| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}\n{stderr}"));
    stderr.lines().map(line).collect()
}

#[test]
fn with_json_every_line_of_standard_error_is_json() {
    let dir = Workdir::new();
    dir.simple_export(10);
    let server = Server::start(&dir, &["--fault", "429=0.2", "--seed", "3"]);
    dir.write("bad.csv", "Id,Name\n1,\n");
    for (command, says) in [
        (
            vec!["check", "e.csv", "-m", "m.toml"],
            "All 10 rows can be sent.",
        ),
        (
            vec!["import", "e.csv", "-m", "m.toml", "-v"],
            "Done: 10 rows",
        ),
        (vec!["check", "bad.csv", "-m", "m.toml"], "cannot be sent"),
        (
            vec!["check", "none.csv", "-m", "m.toml"],
            "cannot open none.csv",
        ),
        (
            vec!["partners", "list", "--status", "Foo"],
            "does not document",
        ),
    ] {
        let run = dir.run(&command).at(&server).env("PARTNER_SYNC_ODD", "1");
        let run = run.args(&["--log-format", "json"]).finish();
        let lines = lines(&run.stderr);
        let has = |words: &str| {
            let said = lines.iter().filter_map(|l| l["message"].as_str());
            said.into_iter().any(|m| m.contains(words))
        };
        assert!(has(says), "{command:?}: {}", run.stderr);
        assert!(has("PARTNER_SYNC_ODD"), "{}", run.stderr);
        assert!(
            lines.iter().all(|l| l["level"].is_string()),
            "{}",
            run.stderr
        );
    }
}

/// Also what cannot be read of the command line itself; help is a result.
#[test]
fn a_command_line_that_does_not_fit_is_a_line_of_json() {
    let dir = Workdir::new();
    for (command, says) in [
        (&["check", "e.csv"][..], "were not provided: --mapping"),
        (
            &["check", "e.csv", "--repotr", "o"],
            "'--repotr' found; tip:",
        ),
        (&["import", "--limit", "x"], "invalid value 'x'"),
        (&[], "no command was named"),
        (&["init"], "name the export"),
    ] {
        let typed = dir.run(&[command, &["--log-format", "json"]].concat());
        let equals = dir.run(&[command, &["--log-format=json"]].concat());
        let variable = dir.run(command).env("PARTNER_SYNC_LOG_FORMAT", "json");
        for run in [typed, equals, variable] {
            let run = run.finish().expect_exit(2);
            let lines = lines(&run.stderr);
            assert_eq!(
                (lines.len(), run.stdout.as_str()),
                (1, ""),
                "{}",
                run.stderr
            );
            assert_eq!(lines[0]["level"], "ERROR");
            let message = lines[0]["message"].as_str().unwrap();
            assert!(message.contains(says), "{command:?}: {message}");
        }
        let text = dir.run(&[command, &["--log-format", "text"]].concat());
        let text = text.env("PARTNER_SYNC_LOG_FORMAT", "json").finish();
        assert!(!text.stderr.starts_with('{'), "{}", text.stderr);
    }
    let help = dir.run(&["check", "--help", "--log-format", "json"]);
    let help = help.finish().expect_exit(0);
    assert!(help.stdout.contains("Usage:") && help.stderr.is_empty());
}

#[test]
fn quiet_means_errors_only() {
    let dir = Workdir::new();
    dir.simple_export(2);
    let good = dir.run(&["check", "e.csv", "-m", "m.toml", "-q"]);
    let good = good.finish().expect_exit(0);
    assert_eq!((good.stdout.as_str(), good.stderr.as_str()), ("", ""));
    let json = dir.run(&["check", "e.csv", "-m", "m.toml", "-q", "--json"]);
    assert_eq!(json.finish().expect_exit(0).summary().get("valid"), 2);
    dir.write("bad.csv", "Id,Name\n1,\n");
    let bad = dir.run(&["check", "bad.csv", "-m", "m.toml", "-q"]);
    let bad = bad.finish().expect_exit(1);
    assert_eq!(bad.stdout, "");
    assert_eq!(bad.stderr, "error: 1 of 1 row cannot be sent as it is.\n");
}

#[test]
fn what_was_detected_is_two_lines_unless_asked_for() {
    let dir = Workdir::new();
    dir.write("e.csv", "Id,Name,On\n1,A,31/01/2026\n2,B,03/04/2026\n");
    dir.write("m.toml", "name = \"d\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nsignOnDate = \"On\"\n");
    let run = |more: &[&str]| {
        dir.run(&["check", "e.csv", "-m", "m.toml"])
            .args(more)
            .finish()
    };
    let short = run(&[]).expect_exit(0).stderr;
    assert_eq!(
        short,
        "e.csv: UTF-8, comma, header row 1, 3 columns\n  dates: day/month/year in \"On\"\n"
    );
    let whole = run(&["-v"]).expect_exit(0).stderr;
    assert!(
        whole.contains("[source] date_order overrides it"),
        "{whole}"
    );
    // What nobody can decide is said whole.
    dir.write("e.csv", "Id,Name,On\n1,A,03/04/2026\n");
    let unusual = run(&[]).expect_exit(1).stderr;
    assert!(
        unusual.contains("[source] date_order overrides it"),
        "{unusual}"
    );
}

#[test]
fn an_import_waits_for_the_state_if_asked_to() {
    let dir = Workdir::new();
    dir.simple_export(10);
    let server = Server::start(&dir, &[]);
    let first = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--workers", "1"])
        .at(&server);
    let first = first.start();
    wait_until("the first run sends", || server.count("POST") > 0);
    // The first run holds the state, also where the others begin late.
    let held = server.hold();
    let at_once = dir
        .run(&["import", "e.csv", "-m", "m.toml"])
        .at(&server)
        .finish();
    let not_long = dir.run(&["import", "e.csv", "-m", "m.toml", "--wait", "1ms"]);
    let not_long = not_long.at(&server).finish();
    drop(held);
    let waited = dir.run(&[
        "import", "e.csv", "-m", "m.toml", "--wait", "forever", "--json",
    ]);
    let waited = waited.at(&server).finish().expect_exit(0);
    assert_eq!((at_once.exit, not_long.exit), (4, 4), "{}", at_once.stderr);
    assert_eq!(waited.summary().get("skipped"), 10);
    let told = waited.stderr.matches("waiting for another run").count();
    assert_eq!(told, 1, "{}", waited.stderr);
    assert_eq!(first.wait_with_output().unwrap().status.code(), Some(0));
    server.assert_each_once(10);
}

#[test]
fn the_rejects_of_a_practice_import_are_checked_against_it() {
    let dir = Workdir::new();
    dir.write("m.toml", "name = \"p\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nparentId = { partner = \"Parent\" }\n");
    dir.write("e.csv", "Id,Name,Parent\nP,Parent,\n");
    dir.write("r.csv", "Id,Name,Parent\nC,Child,P\n");
    let alone = dir.run(&["check", "r.csv", "-m", "m.toml"]).finish();
    assert!(alone.stdout.contains("reference"), "{}", alone.stdout);
    let import = dir.run(&["import", "e.csv", "-m", "m.toml", "--sandbox"]);
    import.finish().expect_exit(0);
    for more in [&[][..], &["--sandbox"]] {
        let check = dir
            .run(&["check", "r.csv", "-m", "m.toml"])
            .args(more)
            .finish();
        assert!(!check.stdout.contains("reference"), "{}", check.stdout);
        let noted = check.stderr.contains("those of the sandbox");
        assert_eq!(noted, more.is_empty(), "{}", check.stderr);
    }
}

#[test]
fn doctor_tries_everything_and_says_what_to_do() {
    let dir = Workdir::new();
    dir.simple_export(2);
    let server = Server::start(&dir, &["--token", "right"]);
    let doctor = |token: &str, more: &[&str]| {
        let run = dir.run(&["doctor", "-m", "m.toml"]).args(more).at(&server);
        run.env("PARTNER_SYNC_TOKEN", token).finish()
    };
    let good = doctor("right", &[]).expect_exit(0);
    for says in [
        "ok       mapping: m.toml",
        "ok       api: http",
        "ok       token: from",
        "ok       clock: agrees",
        "ok       disk",
        "is created by the first run",
    ] {
        assert!(good.stdout.contains(says), "{says}: {}", good.stdout);
    }
    assert!(!dir.path("partner-sync.db").exists());
    let refused = doctor("wrong", &[]).expect_exit(3);
    assert!(
        refused.stdout.contains("wrong    token:"),
        "{}",
        refused.stdout
    );
    dir.write("bad.toml", "name = ");
    let broken = doctor("right", &["-m", "bad.toml", "--json"]).expect_exit(2);
    let json: Value = serde_json::from_str(&broken.stdout).unwrap();
    assert_eq!(json["exit"], 2, "{json}");
    let wrong = json["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| c["health"] == "wrong");
    assert_eq!(wrong.count(), 1, "{json}");
    drop(server);
    let gone = dir.run(&["doctor", "--api-url", "http://127.0.0.1:9"]);
    let gone = gone.env("PARTNER_SYNC_TOKEN", "t").finish().expect_exit(3);
    assert!(gone.stdout.contains("Check --api-url"), "{}", gone.stdout);
}

#[test]
fn config_show_names_the_origin_and_no_secret() {
    let dir = Workdir::new();
    dir.write(
        "partner-sync.toml",
        "[api]\ntimeout = \"9s\"\n[notify]\nurl = \"https://hook/HUSH\"\n",
    );
    let run = dir.run(&["config", "show", "--rate", "4/s"]);
    let run = run
        .env("PARTNER_SYNC_TOKEN", "HUSH")
        .env("PARTNER_SYNC_STATE", "n.db");
    let shown = run.finish().expect_exit(0).stdout;
    let line = |name: &str| {
        let found = shown
            .lines()
            .find(|l| l.starts_with(name))
            .unwrap_or_default();
        found.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("api.rate"), "api.rate 4/s --rate");
    assert_eq!(line("api.timeout"), "api.timeout 9s partner-sync.toml:2");
    assert_eq!(line("state.path"), "state.path n.db PARTNER_SYNC_STATE");
    assert_eq!(line("api.workers"), "api.workers 8 default");
    assert!(line("api.token").ends_with("PARTNER_SYNC_TOKEN"), "{shown}");
    assert!(!shown.contains("HUSH"), "{shown}");
}
