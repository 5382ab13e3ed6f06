//! Names and values of somebody who means harm: nothing of them moves a terminal or is computed by a spreadsheet, and no
//! link leads a file of ours elsewhere.

#[cfg(unix)]
use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::support::{Run, SIMPLE_MAPPING, Server, Workdir, post, wait_until};

/// Clears the screen, sets the title, rings, goes back to the line's begin, turns text around.
const EVIL: &str = "\u{1b}[2J\u{1b}]0;t\u{7}\u{9b}1m\u{7f}\u{202e}\u{2066}x";

fn is_harmful(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Runs, and looks at all that would reach a terminal.
fn shown(run: Run) -> String {
    let run = run.finish();
    let all = format!("{}{}", run.stdout, run.stderr);
    assert!(!all.contains(is_harmful), "{all:?}");
    all
}

#[test]
fn no_control_character_reaches_the_terminal() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    let file = format!("e{EVIL}.csv");
    let cell = |name: &str| format!("{name}{EVIL}");
    let export = format!(
        "Id,Name,{}\nK-1,One,x\nK-2,{},y\nK-3,Three,z\n",
        cell("More"),
        cell("Two")
    );
    dir.write(&file, export);
    dir.write("m.toml", SIMPLE_MAPPING);
    dir.write("evil.toml", format!("name = \"m\"\nkey = \"{EVIL}\"\n"));
    post(&server, &cell("Partner"), "P-1");
    let mut seen = String::new();
    let settle = ["--settle", "10ms", "--rate", "unlimited", "--yes"];
    for arguments in [
        &["check", &file, "-m", "m.toml", "-vv"][..],
        &[
            "check",
            &file,
            "-m",
            "m.toml",
            "--report",
            &cell("r"),
            "--json",
        ],
        &["check", &file, "-m", "evil.toml"],
        &["check", &cell("none"), "-m", "m.toml"],
        &["check", &file, "-m", &cell("none")],
        &["init", &file],
        &[&["import", &file, "-m", "m.toml", "-vv"][..], &settle].concat(),
        &[
            "import",
            &file,
            "-m",
            "m.toml",
            "--state",
            &cell("s"),
            "--dry-run",
        ],
        &["verify", &file, "-m", "m.toml"],
        &["status"],
        &["status", "--json"],
        &["status", "--state", &cell("none")],
        &["partners", "list", "--format", "table"],
        &["partners", "list", "--format", "jsonl"],
        &["partners", "get", &cell("id")],
        &["state", "forget", &cell("key"), "--yes"],
        &["sync", "-c", &cell("c.toml")],
        &[&cell("command")],
        &["check", &cell("--option")],
    ] {
        let run = dir.run(arguments);
        seen += &shown(if arguments[0] == "check" {
            run
        } else {
            run.at(&server)
        });
    }
    assert!(
        seen.contains("\\u001b[2J") && seen.contains("\\u202e"),
        "{seen}"
    );
    assert!(
        seen.contains("Partner\\u001b[2J"),
        "the partner of the API was shown: {seen}"
    );
}

/// What a spreadsheet computes is guarded in the lists for reading, and the guard comes off where the list is read again.
#[test]
fn lists_are_guarded_and_can_be_fed_back() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    let keys = ["=1+1", "+2", "-3", "@4", "=5", "6", "7"];
    let rows: Vec<String> = keys.iter().map(|k| format!("\"{k}\",Name {k}\n")).collect();
    dir.write("=e.csv", format!("Id,Name\n{}", rows.concat()));
    dir.write("m.toml", SIMPLE_MAPPING);
    let import = |file: &str, mapping: &str, more: &[&str]| {
        let arguments = [
            "import",
            file,
            "-m",
            mapping,
            "--rate",
            "unlimited",
            "--settle",
            "10ms",
            "--report",
            "r",
        ];
        dir.run(&[&arguments[..], more].concat())
            .at(&server)
            .finish()
    };
    let guarded = |text: &str| {
        for key in &keys[..5] {
            assert!(text.contains(&format!("'{key},")), "{key}: {text}");
        }
        let begins = ["\n=", "\n+", "\n-", "\n@", ",=", ",+", ",-", ",@"];
        assert!(!begins.iter().any(|b| text.contains(b)), "{text}");
        assert!(text.contains("6,") && !text.contains("'6"), "{text}");
    };
    import("=e.csv", "m.toml", &["--dry-run"]).expect_exit(0);
    let plan = dir.read("r/plan.csv");
    assert!(plan.contains("\n'=e.csv,2,'=1+1,"), "{plan}");
    import("=e.csv", "m.toml", &["--yes"]).expect_exit(0);
    let created = dir.read("r/created.csv");
    guarded(&created);
    guarded(&dir.run(&["state", "export"]).finish().expect_exit(0).stdout);
    let listed = dir
        .run(&["partners", "list", "--format", "csv"])
        .at(&server);
    let listed = listed.finish().expect_exit(0).stdout;
    guarded(&listed);
    // The keys are the same again: nothing is new.
    dir.write("created.csv", created);
    dir.write("listed.csv", listed);
    for (file, columns) in [
        ("created.csv", ("key", "key")),
        ("listed.csv", ("legacyIdentifier", "businessName")),
    ] {
        dir.write(
            "m2.toml",
            format!(
                "name = \"simple\"\nkey = \"{}\"\n[organization]\nbusinessName = \"{}\"\n",
                columns.0, columns.1
            ),
        );
        let run = import(file, "m2.toml", &["--dry-run"]);
        let plan = dir.read("r/plan.csv");
        let keys_of = |plan: &str| {
            plan.lines()
                .skip(1)
                .map(|l| l.split(',').nth(2).unwrap().to_owned())
                .collect::<std::collections::BTreeSet<_>>()
        };
        let expected = keys.map(|k| {
            if k.starts_with(['=', '+', '-', '@']) || k == "'=5" {
                format!("'{k}")
            } else {
                k.to_owned()
            }
        });
        assert_eq!(
            keys_of(&plan),
            expected.into_iter().collect(),
            "{file}: {run:?}"
        );
        assert!(
            !plan.contains("would create") && !plan.contains(",created,"),
            "{file}: {plan}"
        );
        assert!(
            run.stderr.contains("partner-sync wrote this list"),
            "{}",
            run.stderr
        );
    }
    // Anybody's apostrophe before a formula is a guard, too.
    dir.write("other.csv", "Id,Name\n'=1+1,A\n");
    let run = import("other.csv", "m.toml", &["--dry-run"]);
    assert!(dir.read("r/plan.csv").contains(",'=1+1,"), "{run:?}");
}

#[cfg(unix)]
#[test]
fn no_link_leads_a_file_of_ours_elsewhere() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(2);
    std::fs::create_dir(dir.path("r")).unwrap();
    let files = [
        "problems.jsonl",
        "problems.csv",
        "summary.json",
        "report.html",
        "created.csv",
        "rejects.csv",
    ];
    dir.write("victim", "precious");
    for file in files {
        symlink(dir.path("victim"), dir.path(&format!("r/{file}"))).unwrap();
    }
    let import = || {
        let arguments = [
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--rate",
            "unlimited",
            "--report",
            "r",
            "--yes",
        ];
        dir.run(&arguments).at(&server).finish()
    };
    import().expect_exit(0);
    assert_eq!(dir.read("victim"), "precious");
    for file in files {
        let found = std::fs::symlink_metadata(dir.path(&format!("r/{file}"))).unwrap();
        assert!(found.is_file(), "{file}");
        assert_eq!(found.permissions().mode() & 0o777, 0o600, "{file}");
    }
    std::fs::remove_file(dir.path("partner-sync.db.lock")).unwrap();
    symlink(dir.path("victim"), dir.path("partner-sync.db.lock")).unwrap();
    import().expect_exit(2);
    assert_eq!(dir.read("victim"), "precious");
}

#[cfg(unix)]
#[test]
fn what_is_there_becomes_its_owners_alone() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(2);
    let import = |folder: &str| {
        let arguments = [
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--rate",
            "unlimited",
            "--report",
            folder,
            "--yes",
        ];
        dir.run(&arguments).at(&server).finish().expect_exit(0);
    };
    let open = |name: &str, mode| {
        std::fs::set_permissions(dir.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let mode = |name: &str| {
        std::fs::metadata(dir.path(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o7777
    };
    import("r");
    open("r", 0o755);
    let ours = [
        "r/problems.jsonl",
        "r/summary.json",
        "partner-sync.db",
        "partner-sync.db.lock",
    ];
    for file in ours {
        open(file, 0o644);
    }
    std::fs::create_dir(dir.path("empty")).unwrap();
    open("empty", 0o755);
    // A folder that others use is left to them; what is written into it is not.
    std::fs::create_dir(dir.path("shared")).unwrap();
    dir.write("shared/theirs.txt", "x");
    open("shared", 0o755);
    open("shared/theirs.txt", 0o644);
    for folder in ["r", "empty", "shared"] {
        import(folder);
    }
    for (name, expected) in [
        ("r", 0o700),
        ("empty", 0o700),
        ("shared", 0o755),
        ("shared/theirs.txt", 0o644),
        ("shared/summary.json", 0o600),
    ] {
        assert_eq!(mode(name), expected, "{name}");
    }
    for file in ours {
        assert_eq!(mode(file), 0o600, "{file}");
    }
}

#[cfg(unix)]
#[test]
fn what_a_killed_run_left_half_written_is_removed() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(200);
    dir.write("c.toml", "[report]\ndir = \"reports\"\n[[job]]\nname = \"j\"\nfile = \"e.csv\"\nmapping = \"m.toml\"\n");
    let unfinished = |folder: &str| {
        let entries = std::fs::read_dir(dir.path(folder))
            .into_iter()
            .flatten()
            .flatten();
        let paths = entries.map(|e| e.path().display().to_string());
        paths.filter(|p| p.ends_with(".unfinished")).count()
    };
    let kill = |arguments: &[&str]| {
        let before = server.count("POST");
        let mut child = dir.run(arguments).at(&server).start();
        wait_until("rows are sent", || server.count("POST") > before);
        child.kill().unwrap();
        child.wait().unwrap();
    };
    let import = [
        "import", "e.csv", "-m", "m.toml", "--report", "r", "--yes", "--settle", "10ms",
    ];
    kill(&[&import[..], &["--rate", "50/s"]].concat());
    assert!(unfinished("r") > 0);
    // Those of a run that goes on stay: each is locked.
    dir.write("r/.partner-sync-held.unfinished", "x");
    dir.write("r/.partner-sync-other", "x");
    let held = std::fs::File::open(dir.path("r/.partner-sync-held.unfinished")).unwrap();
    held.lock().unwrap();
    dir.run(&["check", "e.csv", "-m", "m.toml", "--report", "r"])
        .finish()
        .expect_exit(0);
    assert_eq!(unfinished("r"), 1);
    assert!(dir.path("r/.partner-sync-other").is_file());
    drop(held);

    // Each night has a folder of its own; the next one looks at all of them.
    let runs = || {
        let entries = std::fs::read_dir(dir.path("reports/j"))
            .into_iter()
            .flatten()
            .flatten();
        entries
            .map(|e| format!("reports/j/{}", e.file_name().display()))
            .collect::<Vec<_>>()
    };
    kill(&["sync", "-c", "c.toml", "--rate", "50/s", "--settle", "10ms"]);
    assert!(
        runs().iter().map(|r| unfinished(r)).sum::<usize>() > 0,
        "{:?}",
        runs()
    );
    dir.run(&[
        "sync",
        "-c",
        "c.toml",
        "--rate",
        "unlimited",
        "--settle",
        "10ms",
    ])
    .at(&server)
    .finish();
    assert!(runs().len() > 1);
    assert_eq!(runs().iter().map(|r| unfinished(r)).sum::<usize>(), 0);
}
