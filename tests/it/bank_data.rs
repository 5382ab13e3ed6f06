use serde_json::Value;

use crate::hook::Hook;
use crate::leaks::Looked;
use crate::support::{Server, Workdir};

pub(crate) const TOKEN: &str = "tok-S3cr3tOf9f8e7d6c5b4a";
/// In ways of `sandbox --echo`.
const WAYS: [&str; 10] = [
    "plain",
    "blanks",
    "dashes",
    "dots",
    "slashes",
    "no-break",
    "lower",
    "without-zeros",
    "percent",
    "spread",
];
/// An account number of twelve digits and one of six, with zeros before, IBANs of two countries, a bank's number, a code of four.
const SECRETS: [&str; 7] = [
    "987654321012",
    "482913",
    "000771829364",
    "DE89370400440532013000",
    "GB33BUKB20201555555555",
    "021000021",
    "X4Q7",
];

pub(crate) const EXPORT: &str = "Id,Name,ABA,Account,Note,Code,Parent
K1,Acme,021000021,987654321012,DE89 3704 0044 0532 0130 00,X4Q7,
K2,Beta,021000021,482913,GB33BUKB20201555555555,X4Q7,K1
K3,Gamma,021000021,000771829364,de89370400440532013000,X4Q7,
K4,Delta,021000022,987654321012,DE89370400440532013000,X4Q7,
";

/// Bank data in its own fields, and in others by a template and by a rule of columns.
const MAPPING: &str = r#"name = "bank"
key = "Id"
[organization]
businessName = "Name"
displayName = { template = "{{ row['Name'] }}, account {{ row.Account }}" }
hcoXrefId = { columns = ["Parent", "Note"] }
integrationMetadata.crm = { code = "Code", note = "Note" }
[vendorAccount.bankAccount]
routingNumber = "ABA"
accountNumber = "Account"
[[vendorAccount.bankAccount.regulatoryFields]]
name = { value = "IBAN" }
value = "Note"
[[vendorAccount.bankAccount.regulatoryFields]]
name = { value = "code" }
value = "Code"
"#;

/// The letters and digits of the secrets, in small letters: each text is looked through by its own, whatever groups them.
pub(crate) fn needles() -> Vec<String> {
    let mut all = vec![TOKEN.to_owned()];
    for secret in SECRETS {
        all.push(secret.to_owned());
        all.push(secret.trim_start_matches('0').to_owned());
    }
    let letters = |text: String| text.replace(|c: char| !c.is_alphanumeric(), "");
    let mut all: Vec<String> = all
        .into_iter()
        .map(letters)
        .map(|t| t.to_lowercase())
        .collect();
    all.sort();
    all.dedup();
    all
}

pub(crate) fn setup(dir: &Workdir, hook: &Hook) {
    dir.write("e.csv", EXPORT);
    dir.write("m.toml", MAPPING);
    std::fs::create_dir_all(dir.path("tmp")).unwrap();
    dir.write(
        "partner-sync.toml",
        format!(
            "[report]\ndir = \"reports\"\n[metrics]\ntextfile = \"ps.prom\"\n[notify]\nurl = \"{}\"\n\
             on = [\"success\", \"problems\", \"failure\"]\n\
             [[job]]\nname = \"one\"\nfile = \"e.csv\"\nmapping = \"m.toml\"\n",
            hook.url
        ),
    );
}

/// Everything that a run left, except the source, what is made to be repaired and sent back, and the practice API's own files.
pub(crate) fn left_behind(dir: &Workdir, looked: &mut Looked) {
    const LEFT_OUT: [&str; 6] = [
        "e.csv",
        "m.toml",
        "rejects.csv",
        "report.xlsx",
        "server.jsonl",
        "partner-sync.sandbox.jsonl",
    ];
    looked.folder(&dir.path("."), &|path| {
        !LEFT_OUT.iter().any(|name| path.ends_with(name))
    });
}

/// Nights against an API that quotes what it was sent, in each way, with this status.
fn nights_that_quote(status: &str) {
    let needles = needles();
    let hook = Hook::start();
    for way in WAYS {
        let dir = Workdir::new();
        let server = Server::start(&dir, &["--fault", status, "--echo", way]);
        setup(&dir, &hook);
        let run = dir
            .run(&[
                "sync",
                "-vvv",
                "--log-format",
                "json",
                "--settle",
                "100ms",
                "--outage",
                "0s",
            ])
            .at(&server)
            .env("PARTNER_SYNC_TOKEN", TOKEN)
            .env("TMPDIR", &dir.path("tmp").display().to_string())
            .finish();
        assert_ne!(run.exit, 0, "{}", run.stderr);
        let mut looked = Looked::default();
        looked.run("sync", &run);
        let told = hook.told();
        looked.text("webhook", &told.to_string());
        left_behind(&dir, &mut looked);
        looked.holds_none_of(&needles, &format!("{way}, {status}"));
        // The API's words came, and are in the state and the reports, but neither printed, since that is mailed, nor in the
        // webhook.
        let words = "is not valid";
        assert!(looked.holds("partner-sync.db", words), "{way}, {status}");
        // Why a run stopped is said, scrubbed.
        let is_printed = looked.holds("standard output", words);
        assert!(!is_printed || status == "401", "{way}, {status}");
        assert!(!looked.holds("webhook", words), "{told}");
        assert!(!looked.holds("webhook", "Acme"), "{told}");
    }
}

#[test]
fn a_rejection_that_quotes_gets_nothing_out() {
    nights_that_quote("400");
}

#[test]
fn a_refused_token_that_is_quoted_stays_hidden() {
    nights_that_quote("401");
}

#[test]
fn a_refusal_that_quotes_gets_nothing_out() {
    nights_that_quote("403");
}

#[test]
fn a_failure_that_quotes_gets_nothing_out() {
    nights_that_quote("500");
}

/// Every command, with what it prints and writes, over rows of which some are refused, some created, some wrong.
#[test]
fn no_command_shows_bank_data() {
    let needles = needles();
    let hook = Hook::start();
    let dir = Workdir::new();
    let server = Server::start(
        &dir,
        &[
            "--fault",
            "400",
            "--fault-name",
            "Gamma",
            "--echo",
            "blanks",
            "--token",
            TOKEN,
            "--drop-field",
            "displayName",
        ],
    );
    setup(&dir, &hook);
    let mut looked = Looked::default();
    let mut run = |arguments: &[&str]| {
        let run = dir
            .run(arguments)
            .args(&["-vvv"])
            .at(&server)
            .env("PARTNER_SYNC_TOKEN", TOKEN)
            .env("TMPDIR", &dir.path("tmp").display().to_string())
            .finish();
        looked.run(&arguments.join(" "), &run);
        run.exit
    };
    let files = ["e.csv", "-m", "m.toml"];
    let with = |command: &[&'static str], more: &[&'static str]| [command, &files, more].concat();
    for (arguments, exit) in [
        (vec!["init", "e.csv", "-o", "proposed.toml"], 0),
        (with(&["check"], &["--report", "checked"]), 1),
        (with(&["check"], &["--json"]), 1),
        (with(&["import"], &["--dry-run", "--report", "dry"]), 1),
        (
            with(&["import"], &["--report", "out", "--settle", "100ms"]),
            1,
        ),
        (
            with(
                &["import"],
                &["--json", "--retry-rejected", "--settle", "100ms"],
            ),
            1,
        ),
        (
            with(
                &["import"],
                &[
                    "--no-source-values",
                    "--report",
                    "without",
                    "--settle",
                    "100ms",
                ],
            ),
            1,
        ),
        (with(&["verify"], &["--report", "verified"]), 1),
        (vec!["reconcile"], 0),
        (vec!["status"], 0),
        (vec!["status", "--json"], 0),
        (vec!["status", "--row", "K3"], 0),
        (vec!["state", "export"], 0),
        (vec!["state", "backup", "backup.db"], 0),
        (vec!["partners", "list"], 0),
        (vec!["partners", "list", "--format", "csv"], 0),
    ] {
        assert_eq!(run(&arguments), exit, "{arguments:?}");
    }
    left_behind(&dir, &mut looked);
    looked.holds_none_of(&needles, "all commands");
    // What is looked through is what there is: the row that was refused, and the masked ends of its values.
    for name in [
        "out/problems.csv",
        "out/report.html",
        "checked/report.html",
        "status --row K3",
    ] {
        assert!(looked.has(name), "{name} was not looked through");
    }
    assert!(looked.holds("out/problems.csv", "api.rejected"));
    assert!(looked.holds("checked/report.html", "**"));
    // And the files that hold the rows as they were read are found to.
    assert!(dir.read("out/rejects.csv").contains("000771829364"));
}

#[test]
fn without_source_values_no_word_of_the_api_is_kept() {
    for fault in ["400", "401", "403"] {
        let dir = Workdir::new();
        let server = Server::start(&dir, &["--fault", fault, "--echo", "plain"]);
        setup(&dir, &Hook::start());
        let run = dir
            .run(&[
                "import",
                "e.csv",
                "-m",
                "m.toml",
                "--no-source-values",
                "--report",
                "out",
                "--json",
            ])
            .at(&server)
            .finish();
        assert_ne!(run.exit, 0);
        let mut looked = Looked::default();
        looked.run("import", &run);
        left_behind(&dir, &mut looked);
        let quoted = ["isnotvalid", "gammaaccount"].map(str::to_owned);
        looked.holds_none_of(&quoted, fault);
        let summary: Value = serde_json::from_str(&run.stdout).unwrap();
        if fault == "401" {
            let stopped = summary["stopped"].as_str().unwrap();
            assert!(stopped.contains("401"), "{stopped}");
        }
    }
}

#[test]
fn bank_data_names_no_row() {
    for (rule, what) in [
        ("key = \"Account\"", "the key"),
        ("key = [\"Id\", \"Account\"]", "the key"),
        (
            "key = \"Id\"\n[organization]\nlegacyIdentifier = \"Account\"",
            "the legacyIdentifier",
        ),
        (
            "key = \"Id\"\n[organization]\nlegacyIdentifier = { template = \"{{ row.Account }}\" }",
            "the legacyIdentifier",
        ),
        (
            "key = \"Id\"\n[organization]\nparentId = { partner = \"Account\" }",
            "a reference to another row",
        ),
    ] {
        let dir = Workdir::new();
        dir.write("e.csv", EXPORT);
        let begin = if rule.contains("[organization]") {
            rule.to_owned()
        } else {
            format!("{rule}\n[organization]")
        };
        dir.write(
            "m.toml",
            format!("name = \"x\"\n{begin}\nbusinessName = \"Name\"\n[vendorAccount.bankAccount]\naccountNumber = \"Account\"\nroutingNumber = \"ABA\"\n"),
        );
        let run = dir
            .run(&["check", "e.csv", "-m", "m.toml"])
            .finish()
            .expect_exit(2);
        let words = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            what,
            "vendorAccount.bankAccount.accountNumber",
            "\"Account\"",
        ] {
            assert!(words.contains(part), "{rule}: {}", run.stderr);
        }
        assert!(!run.stderr.contains("482913"));
    }
}
