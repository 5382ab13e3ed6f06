//! What is typed, and what the environment adds to it.

use std::ffi::OsString;

use super::*;
use crate::config::Environment;

fn read(typed: &str, variables: &[(&str, &str)]) -> Result<Cli, Unreadable> {
    let words: Vec<OsString> = std::iter::once("partner-sync")
        .chain(typed.split_whitespace())
        .map(OsString::from)
        .collect();
    Cli::read(&words, &Environment::of(variables))
}

/// The arguments of an import, and the groups.
fn import(typed: &str, variables: &[(&str, &str)]) -> (ImportArgs, Shared, OutputArgs) {
    let cli = read(typed, variables).unwrap_or_else(|e| panic!("{}", e.error));
    let mut shared = Shared {
        variables: cli.variables,
        ..Shared::default()
    };
    match cli.command {
        Command::Import(args) => (args.split(&mut shared), shared, cli.output),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_command_line_is_sound() {
    command().debug_assert();
}

#[test]
fn every_option_has_a_variable() {
    let known = environment::variables(&command());
    for name in [
        "API_URL",
        "TOKEN_FILE",
        "TOKEN_COMMAND",
        "STATE",
        "RATE",
        "BURST",
        "WORKERS",
        "TIMEOUT",
        "OUTAGE",
        "CA_FILE",
        "CLIENT_CERT",
        "CLIENT_KEY",
        "INSECURE_HTTP",
        "REPORT",
        "REPORT_ALL",
        "NO_SOURCE_VALUES",
        "CONFIG",
        "JSON",
        "PROGRESS",
        "VERBOSE",
        "QUIET",
        "LOG_FORMAT",
        "SANDBOX",
        "MAPPING",
        "LIMIT",
        "WAIT",
        "SETTLE",
        "ADOPT",
        "YES",
        "JOB",
        "OUTPUT",
        "FAULT",
    ] {
        assert!(known.contains(&format!("PARTNER_SYNC_{name}")), "{name}");
    }
    for shows in ["HELP", "VERSION"] {
        assert!(!known.contains(&format!("PARTNER_SYNC_{shows}")), "{shows}");
    }
}

#[test]
fn a_variable_is_read_as_its_option() {
    let (args, shared, output) = import(
        "import e.csv",
        &[
            ("PARTNER_SYNC_MAPPING", "m.toml"),
            ("PARTNER_SYNC_LIMIT", "3"),
            ("PARTNER_SYNC_YES", "true"),
            ("PARTNER_SYNC_RETRY_REJECTED", "0"),
            ("PARTNER_SYNC_VERBOSE", "2"),
            ("PARTNER_SYNC_INSECURE_HTTP", "no"),
            ("PARTNER_SYNC_RATE", "5/s"),
        ],
    );
    assert_eq!(args.mapping.unwrap().to_str(), Some("m.toml"));
    assert_eq!(
        (args.limit, args.yes, args.retry_rejected),
        (Some(3), true, false)
    );
    assert_eq!(output.verbose, 2);
    assert_eq!(shared.requests.rate.as_deref(), Some("5/s"));
    assert_eq!(shared.requests.transport.insecure_http, Some(false));
    assert!(shared.variables.contains(&"PARTNER_SYNC_RATE".to_owned()));
}

#[test]
fn what_is_typed_wins_over_the_environment() {
    let variables = &[
        ("PARTNER_SYNC_LIMIT", "3"),
        ("PARTNER_SYNC_MAPPING", "other.toml"),
        ("PARTNER_SYNC_VERBOSE", "1"),
        ("PARTNER_SYNC_TOKEN_COMMAND", "cat t"),
        ("PARTNER_SYNC_DATA", "sandbox.jsonl"),
    ];
    let (args, shared, output) = import(
        "import e.csv -m m.toml --limit 5 -q --token-file t",
        variables,
    );
    assert_eq!(args.limit, Some(5));
    assert_eq!(args.mapping.unwrap().to_str(), Some("m.toml"));
    // What excludes it is typed; what the command does not have is not read.
    assert_eq!(output.verbose, 0);
    assert!(output.quiet);
    assert_eq!(shared.requests.token_command, None);
    assert_eq!(shared.variables, Vec::<String>::new());
    // What needs something that is not there is left out.
    let reconcile = read("reconcile", &[("PARTNER_SYNC_MAPPING", "m.toml")]).unwrap();
    assert_eq!(reconcile.variables, Vec::<String>::new());
}

#[test]
fn an_option_given_twice_is_the_last_one() {
    let (args, shared, _) = import(
        "import e.csv -m a -m b --limit 1 --limit 2 --yes --yes --rate 1/s --rate 2/s --adopt=never --adopt=auto",
        &[],
    );
    assert_eq!(args.mapping.unwrap().to_str(), Some("b"));
    assert_eq!((args.limit, args.yes), (Some(2), true));
    assert_eq!(args.adopt, crate::config::Adopt::Auto);
    assert_eq!(shared.requests.rate.as_deref(), Some("2/s"));
}

#[test]
fn what_does_not_fit_names_the_variable() {
    for (typed, variables, says) in [
        (
            "import e.csv -m m",
            &[("PARTNER_SYNC_LIMIT", "many")][..],
            &["PARTNER_SYNC_LIMIT"][..],
        ),
        (
            "import e.csv -m m",
            &[("PARTNER_SYNC_CANARY", "1"), ("PARTNER_SYNC_LIMIT", "1")],
            &["PARTNER_SYNC_CANARY", "PARTNER_SYNC_LIMIT"],
        ),
    ] {
        let refused = read(typed, variables).unwrap_err();
        assert_eq!(refused.variables, says, "{}", refused.error);
        assert!(refused.error.use_stderr());
    }
    let refused = read("import e.csv -m m", &[("PARTNER_SYNC_YES", "perhaps")]);
    let words = refused.unwrap_err().error.to_string();
    assert!(
        words.contains("PARTNER_SYNC_YES") && words.contains("true or false"),
        "{words}"
    );
    // What is missing without the environment is missing.
    let refused = read("import e.csv", &[("PARTNER_SYNC_RATE", "1/s")]).unwrap_err();
    assert!(
        refused.error.to_string().contains("--mapping"),
        "{}",
        refused.error
    );
    // Help needs no environment.
    let help = read("import --help", &[("PARTNER_SYNC_LIMIT", "many")]).unwrap_err();
    assert!(!help.error.use_stderr());
}

#[test]
fn options_stand_before_the_end_of_options() {
    let (args, ..) = import("import -m m -- -odd.csv", &[("PARTNER_SYNC_LIMIT", "3")]);
    assert_eq!(args.limit, Some(3));
    assert_eq!(args.files, [std::path::PathBuf::from("-odd.csv")]);
}

#[test]
fn a_command_has_no_options_that_mean_nothing_to_it() {
    for typed in [
        "init e.csv --api-url x",
        "init e.csv --state x",
        "sandbox --state x",
        "completions bash --rate 1/s",
        "man --json",
        "version --report x",
        "check e.csv -m m --token-file t",
        "check e.csv -m m --rate 1/s",
        "status --rate 1/s",
        "status --sandbox",
        "state export --report x",
        "partners list --report x",
        "partners list --progress never",
    ] {
        let refused = read(typed, &[]).err().unwrap_or_else(|| panic!("{typed}"));
        let kind = refused.error.kind();
        assert_eq!(kind, clap::error::ErrorKind::UnknownArgument, "{typed}");
    }
    for typed in [
        "check e.csv -m m --sandbox --state x --report r --json",
        "status --state x --json --report r --no-source-values",
        "state export --state x -o f",
        "state --state x export",
        "partners list --sandbox --rate 1/s --json -o f",
        "doctor -m m --report r --token-file t --json",
        "config show --rate 1/s",
        "man --dir d",
        "import e.csv -m m --wait 10m",
        "import e.csv -m m --wait forever",
    ] {
        assert!(read(typed, &[]).is_ok(), "{typed}");
    }
}
