use crate::leaks::{holds, unpacked, values_of};
use crate::support::{Server, Workdir};

/// A row's key is a value of its source, and so is what the API says of it.
#[test]
fn without_source_values_the_log_names_no_row() {
    let dir = Workdir::new();
    let lost = ["--fault", "reset-after=1", "--list-lag", "1h"];
    let server = Server::start(&dir, &lost);
    dir.write("e.csv", "Id,Name\nQX-77,Zebra Holding\n");
    dir.write("m.toml", crate::support::SIMPLE_MAPPING);
    let import = "import e.csv -m m.toml --settle 100ms";
    let import: Vec<&str> = import.split(' ').collect();
    let reconcile = ["reconcile", "--settle", "100ms"];
    for words in [&import[..], &import[..], &reconcile[..]] {
        for (more, is_named) in [(&[][..], true), (&["--no-source-values"][..], false)] {
            let run = dir
                .run(words)
                .args(more)
                .at(&server)
                .finish()
                .expect_exit(1);
            let said = format!("{}{}", run.stdout, run.stderr);
            assert!(run.stderr.contains("stays in doubt"), "{said}");
            assert_eq!(said.contains("QX-77"), is_named, "{words:?}: {said}");
            assert!(is_named || !said.contains("Zebra"), "{said}");
        }
    }
}

#[test]
fn bank_data_is_nowhere_but_in_the_rejects() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--fault", "500-after=0.3", "--seed", "3"]);
    let mut rows = String::from("Id,Name,ABA,Account\n");
    for i in 0..40 {
        rows.push_str(&format!("K{i},Company {i},021000021,7733441{i:03}\n"));
    }
    // One that is wrong, so that a problem is reported about it.
    rows.push_str("K99,Company 99,021000022,7733441999\n");
    dir.write("e.csv", rows);
    dir.write(
        "m.toml",
        "name = \"x\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\n[vendorAccount.bankAccount]\nroutingNumber = \"ABA\"\naccountNumber = \"Account\"\n",
    );
    let run = dir
        .run(&[
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--report",
            "out",
            "-vvv",
            "--log-format",
            "json",
            "--rate",
            "unlimited",
            "--settle",
            "100ms",
        ])
        .at(&server)
        .finish()
        .expect_exit(1);
    let secrets = ["021000021", "021000022", "7733441"];
    let mut looked = vec![
        ("standard output".to_owned(), run.stdout.clone().into()),
        ("standard error".to_owned(), run.stderr.clone().into()),
    ];
    // What names the rows as read is made to be sent back, and says so below; every other file is looked through.
    let mut files: Vec<String> = std::fs::read_dir(dir.path("out"))
        .unwrap()
        .map(|entry| format!("out/{}", entry.unwrap().file_name().display()))
        .filter(|name| name != "out/rejects.csv" && name != "out/report.xlsx")
        .collect();
    files.sort();
    assert_eq!(
        files,
        [
            "out/created.csv",
            "out/partners.csv",
            "out/problems.csv",
            "out/problems.jsonl",
            "out/report.html",
            "out/summary.json"
        ]
    );
    files.extend(["partner-sync.db", "server.jsonl", "server.log"].map(str::to_owned));
    for name in &files {
        looked.extend(unpacked(name, std::fs::read(dir.path(name)).unwrap()));
    }
    let kept = values_of(&dir.path("partner-sync.db"));
    // The kept problems were unpacked, and are not just bytes that hide everything.
    assert!(
        kept.iter()
            .any(|(name, bytes)| name == "problem, unpacked" && holds(bytes, "routing.invalid")),
        "the kept problems were not read"
    );
    looked.extend(kept);
    for (name, bytes) in &looked {
        for secret in secrets {
            assert!(!holds(bytes, secret), "{name} holds {secret}");
        }
    }
    // The way in which they are looked for does find what is there: the workbook holds the row that was wrong.
    let workbook = unpacked(
        "report.xlsx",
        std::fs::read(dir.path("out/report.xlsx")).unwrap(),
    );
    assert!(workbook.iter().any(|(_, bytes)| holds(bytes, "021000022")));
    // And of the rows that were sent it holds nothing.
    assert!(!workbook.iter().any(|(_, bytes)| holds(bytes, "021000021")));
    assert!(dir.read("out/problems.csv").contains("*******22"));
    assert!(dir.read("out/rejects.csv").contains("021000022"));
    assert!(
        run.stdout
            .contains("rejects.csv and report.xlsx contain your own rows, bank data included")
    );
}

#[test]
fn the_token_is_never_shown() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(3);
    let run = dir
        .run(&["import", "e.csv", "-m", "m.toml", "-vvv"])
        .at(&server)
        .env("PARTNER_SYNC_TOKEN", "very-secret-token")
        .finish()
        .expect_exit(0);
    assert!(!run.stdout.contains("very-secret") && !run.stderr.contains("very-secret"));
}
