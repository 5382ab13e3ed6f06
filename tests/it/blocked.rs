//! Why a row waits: the row at the end of its chain, where that is, what is the matter with it, and what to do.

use crate::support::{Server, Workdir};

const MAPPING: &str = "name = \"tree\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nparentId = { partner = \"Parent\" }\n";

/// A parent of each kind, with a child, a grandchild of two of them, and a parent in the other file.
fn exports() -> Workdir {
    let dir = Workdir::new();
    dir.write("m.toml", MAPPING);
    dir.write(
        "a.csv",
        "Id,Name,Parent\nC1,Child 1,P1\nG1,Grandchild 1,C1\nP1,,\nC2,Child 2,P2\nG2,Grandchild 2,C2\nC4,Child 4,P4\nC5,Child 5,P5\nP5,Fine,\n",
    );
    dir.write(
        "b.csv",
        "Id,Name,Parent\nP2,Refused Ltd,\nP4,Doubtful Ltd,\n",
    );
    dir
}

/// The message and the hint of each blocked row, by its key.
fn blocked(dir: &Workdir) -> Vec<(String, String)> {
    let problems = dir.read("out/problems.jsonl");
    let lines = problems
        .lines()
        .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap());
    let of = lines.filter(|l| l["code"] == "reference.blocked");
    let text = |l: &serde_json::Value, name: &str| l[name].as_str().unwrap_or_default().to_owned();
    of.map(|l| {
        (
            text(&l, "key"),
            text(&l, "message") + " " + &text(&l, "hint"),
        )
    })
    .collect()
}

fn assert_says(found: &[(String, String)], expected: &[(&str, &str, &str)]) {
    let keys: Vec<&str> = found.iter().map(|(key, _)| key.as_str()).collect();
    let wanted: Vec<&str> = expected.iter().map(|(key, ..)| *key).collect();
    assert_eq!(keys, wanted, "{found:#?}");
    for ((key, words), (_, says, todo)) in found.iter().zip(expected) {
        assert!(words.contains(says), "{key}: {words}");
        assert!(words.contains(todo), "{key}: {words}");
    }
}

const OF_INVALID: [(&str, &str, &str); 2] = [
    (
        "C1",
        "Its parent \"P1\" (row 4 of a.csv) is invalid, so it was not sent.",
        "Repair row 4 of a.csv",
    ),
    (
        "G1",
        "Its parent \"C1\" (row 2 of a.csv) waits for another row itself: \"P1\" (row 4 of a.csv) is invalid",
        "Repair row 4 of a.csv",
    ),
];
const OF_REJECTED: [(&str, &str, &str); 2] = [
    (
        "C2",
        "Its parent \"P2\" (row 2 of b.csv) was rejected by the API (400).",
        "--retry-rejected",
    ),
    (
        "G2",
        "waits for another row itself: \"P2\" (row 2 of b.csv) was rejected by the API (400).",
        "Repair row 2 of b.csv",
    ),
];
const OF_DOUBT: (&str, &str, &str) = (
    "C4",
    "Its parent \"P4\" (row 3 of b.csv) is in doubt: it is not known whether it was created.",
    "partner-sync reconcile",
);

#[test]
fn a_row_that_waits_names_the_true_cause() {
    let dir = exports();
    let faults = [
        "--refuse-name",
        "Refused Ltd",
        "--fault",
        "reset-after=1",
        "--fault-name",
        "Doubtful Ltd",
        "--lie",
        "search-blind",
        "--lie",
        "list-blind",
    ];
    let server = Server::start(&dir, &faults);
    let import = [
        "import",
        "a.csv",
        "b.csv",
        "-m",
        "m.toml",
        "--rate",
        "unlimited",
    ];
    let run = || {
        let run = dir.run(&import).args(&["--settle", "300ms", "--json"]);
        run.args(&["--report", "out"]).at(&server).finish()
    };
    let first = run().expect_exit(1).summary();
    assert_eq!(first.get("blocked"), 5);
    let expected = [&OF_INVALID[..], &OF_REJECTED[..], &[OF_DOUBT]].concat();
    assert_says(&blocked(&dir), &expected);
    // Also in the run after, which has not sent the parents.
    assert_eq!(run().expect_exit(1).summary().get("blocked"), 5);
    assert_says(&blocked(&dir), &expected);
    // A dry run knows that the rejected row stays rejected; what is in doubt is looked up first.
    let dry = dir.run(&import).args(&["--dry-run", "--report", "out"]);
    let dry = dry.args(&["--json"]).at(&server).finish().expect_exit(1);
    assert_eq!(dry.summary().get("blocked"), 4);
    assert_says(&blocked(&dir), &[OF_INVALID, OF_REJECTED].concat());
    let again = dir
        .run(&import)
        .args(&["--dry-run", "--retry-rejected", "--json"]);
    let again = again.at(&server).finish();
    assert_eq!(again.summary().get("blocked"), 2, "{again:?}");
}
