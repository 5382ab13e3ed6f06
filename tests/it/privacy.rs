use crate::support::{Server, Workdir};

#[test]
fn bank_data_is_nowhere_but_in_the_rejects() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--fault", "500-after=0.3", "--seed", "3"]);
    let mut rows = String::from("Id,Name,ABA,Account\n");
    for i in 0..40 {
        rows.push_str(&format!("K{i},Company {i},021000021,7733441{i:03}\n"));
    }
    // One that is wrong, so that a problem is told about it.
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
    let mut looked = 0;
    let mut look = |name: &str, bytes: &[u8]| {
        looked += 1;
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!found, "{name} holds {secret}");
        }
    };
    look("standard output", run.stdout.as_bytes());
    look("standard error", run.stderr.as_bytes());
    for name in [
        "partner-sync.db",
        "server.jsonl",
        "out/problems.csv",
        "out/problems.jsonl",
        "out/report.html",
        "out/summary.json",
        "out/created.csv",
    ] {
        look(name, &std::fs::read(dir.path(name)).unwrap());
    }
    assert_eq!(looked, 9);
    assert!(dir.read("out/problems.csv").contains("*******22"));
    assert!(dir.read("out/rejects.csv").contains("021000022"));
    assert!(
        run.stdout
            .contains("rejects.csv and report.xlsx hold the rows as read, bank data included")
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
