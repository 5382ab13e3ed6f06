//! Every command that the binary has, with each of its outputs, over rows with bank data: created, changed, in doubt and wrong.

use std::collections::BTreeSet;

use crate::bank_data::{EXPORT, TOKEN, left_behind, needles, setup};
use crate::hook::Hook;
use crate::leaks::Looked;
use crate::support::{Server, Workdir};

/// What is run, in this order, and how it ends. `{run}`, `{id}` and `{other}` are a run and ids of partners; the lines before
/// `CHANGED` see the export as it was first.
const COMMANDS: &[(&str, i32)] = &[
    ("init e.csv -o proposed.toml", 0),
    ("init e.csv", 0),
    ("init --schema", 0),
    ("test m.toml", 0),
    ("map e.csv -m m.toml --no-open --for 1s", 0),
    ("check e.csv -m m.toml --report checked", 1),
    ("check e.csv -m m.toml --json", 1),
    ("import e.csv -m m.toml --dry-run --report dry", 1),
    ("import e.csv -m m.toml --report out --settle 100ms", 1),
    ("sync --check-config", 0),
    ("sync --dry-run --settle 100ms", 1),
    ("reconcile --settle 100ms", 0),
    (CHANGED, 0),
    (
        "import e.csv -m m.toml --json --report changed --settle 100ms",
        1,
    ),
    (
        "import e.csv -m m.toml --no-source-values --report without --settle 100ms",
        1,
    ),
    ("sync --json --settle 100ms", 1),
    ("status", 0),
    ("status --json", 0),
    ("status --row K3", 0),
    ("status --row K1 --json", 0),
    ("status --run {run}", 0),
    ("status --run {run} --report again", 0),
    ("state accept --all-changed", 2),
    ("state accept --all-changed --yes", 0),
    ("state resolve K3 --created {other} --yes", 2),
    ("state resolve K3 --absent --yes", 0),
    ("state export", 0),
    ("state backup backup.db", 0),
    (
        "verify e.csv -m m.toml --report verified --combined rows.txt",
        1,
    ),
    ("verify --job one --json", 1),
    ("partners list", 0),
    ("partners list --format csv", 0),
    ("partners list --search-term Acme --json", 0),
    ("partners get {id}", 0),
    ("partners get {id} --include parent-partner", 0),
    ("partners get no-such-partner", 1),
    ("state forget K2 482913", 2),
    ("state forget K2 --yes", 0),
    ("reconcile --adopt e.csv -m m.toml", 0),
    ("state move partner-sync.db moved.db", 0),
    ("state schema", 0),
    ("doctor -m m.toml", 0),
    ("config show", 0),
    ("version", 0),
    ("completions bash", 0),
    ("man", 0),
    // What is typed wrong is quoted.
    ("check e.csv -m m.toml --bogus", 2),
];
/// From here on a row has another account.
const CHANGED: &str = "(the export changes)";

/// These print a partner as the API answers it, which documents no sensitive field in its answers: what a mapping has put into
/// other fields is shown, since whoever asks has the token. What they log is searched by the other lines of `partners`.
const SHOWS_A_PARTNER: [&str; 2] = ["partners list --search-term", "partners get {id}"];

/// Commands that are not run: `sandbox` is the API of a practice, whose partners are what was sent, as its help says.
const NOT_RUN: [&str; 2] = ["sandbox", "help"];

/// The commands of the binary's own help, with those below them.
fn commands_of(dir: &Workdir, above: &[&str], found: &mut BTreeSet<String>) {
    let help = dir
        .run(above)
        .args(&["--help"])
        .finish()
        .expect_exit(0)
        .stdout;
    let Some((_, list)) = help.split_once("Commands:\n") else {
        found.insert(above.join(" "));
        return;
    };
    for line in list.lines().take_while(|line| !line.is_empty()) {
        // What goes on from the line before is further in.
        let Some(name) = line.strip_prefix("  ").filter(|l| !l.starts_with(' ')) else {
            continue;
        };
        let name = name.split_whitespace().next().unwrap();
        if !NOT_RUN.contains(&name) {
            commands_of(dir, &[above, &[name]].concat(), found);
        }
    }
}

/// A command that is new has to be searched as well.
#[test]
fn every_command_is_searched() {
    let mut all = BTreeSet::new();
    commands_of(&Workdir::new(), &[], &mut all);
    assert!(all.len() > 15 && all.contains("state forget"), "{all:?}");
    let is_run = |command: &String| {
        let begins = |line: &str| line == command || line.starts_with(&format!("{command} "));
        COMMANDS.iter().any(|(line, _)| begins(line))
    };
    let missing: Vec<&String> = all.iter().filter(|command| !is_run(command)).collect();
    assert!(missing.is_empty(), "not in COMMANDS: {missing:?}");
}

#[test]
fn no_command_shows_bank_data_of_rows_in_doubt() {
    let dir = Workdir::new();
    let hook = Hook::start();
    let faults = ["--fault", "500=1", "--fault-name", "Gamma"];
    let others = [
        "--echo",
        "spread",
        "--token",
        TOKEN,
        "--drop-field",
        "displayName",
    ];
    let server = Server::start(&dir, &[&faults[..], &others].concat());
    setup(&dir, &hook);
    let mut looked = Looked::default();
    for (command, exit) in COMMANDS {
        if *command == CHANGED {
            dir.write("e.csv", EXPORT.replace("987654321012", "998877665544"));
            continue;
        }
        let run_of = |command: &str| {
            let arguments: Vec<&str> = command.split(' ').collect();
            dir.run(&arguments)
                .at(&server)
                .env("PARTNER_SYNC_TOKEN", TOKEN)
                .env("TMPDIR", &dir.path("tmp").display().to_string())
        };
        let mut line = (*command).to_owned();
        if line.contains('{') {
            let status = run_of("status --json").finish().expect_exit(0).stdout;
            let status: serde_json::Value = serde_json::from_str(&status).unwrap();
            let runs = status["runs"].as_array().unwrap();
            let ids = server.partners();
            let id = |place: usize| ids[place]["id"].as_str().unwrap().to_owned();
            line = line
                .replace(
                    "{run}",
                    runs[0]["run"].as_str().or(runs[0]["id"].as_str()).unwrap(),
                )
                .replace("{id}", &id(0))
                .replace("{other}", &id(1));
        }
        let run = run_of(&line).args(&["-vvv"]).finish();
        assert_eq!(run.exit, *exit, "{line}: {}{}", run.stdout, run.stderr);
        // What somebody types is theirs, and a partner is shown as the API answers.
        let is_typed = line.contains("000771829364") || line.contains("482913");
        if !is_typed
            && !SHOWS_A_PARTNER
                .iter()
                .any(|begin| command.starts_with(begin))
        {
            looked.run(&line, &run);
        }
    }
    looked.text("webhook", &hook.told().to_string());
    left_behind(&dir, &mut looked);
    let mut needles = needles();
    needles.push("998877665544".to_owned());
    looked.holds_none_of(&needles, "all commands");
    for (name, text) in [
        ("out/problems.csv", "delivery.in_doubt"),
        ("changed/problems.csv", "row.changed"),
        ("verified/problems.csv", "api.differs"),
        ("status --row K3", "K3"),
        ("again/report.html", "in doubt"),
    ] {
        assert!(looked.holds(name, text), "{name} has no {text}");
    }
}
