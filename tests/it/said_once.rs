use crate::nights::{house, plain};
use crate::support::{Server, Workdir};

/// A night as a person reads it: no JSON, with and without `-q`, standard output and standard error on one screen.
fn screens(dir: &Workdir, server: &Server) -> Vec<(String, String)> {
    [&["sync"][..], &["-q", "sync"]]
        .into_iter()
        .map(|command| {
            let args = [command, &["-c", "partner-sync.toml"]].concat();
            let run = dir.run(&args).at(server).finish();
            assert_ne!(run.exit, 0, "{}{}", run.stdout, run.stderr);
            (run.stdout, run.stderr)
        })
        .collect()
}

#[test]
fn why_a_job_stopped_is_said_once_on_a_screen() {
    let second = "[[job]]\nname = \"second\"\nfile = \"exports/a-*.csv\"\nmapping = \"m.toml\"\n";
    let dir = house(&format!("min_rows = 2\n{second}"));
    let server = Server::start(&dir, &[]);
    let whole = |words: &str, times: usize| {
        for (stdout, stderr) in screens(&dir, &server) {
            // All of it for those who read errors only.
            assert_eq!(stderr.matches(words).count(), times, "{stderr}");
            assert!(!stdout.contains(words), "{stdout}");
        }
    };
    whole("run again when the file is there.", 2);
    // The reports' folders begin so that the first sentence stays.
    let (stdout, _) = &screens(&dir, &server)[0];
    let first = "Stopped early: no file matches \"exports/a-*.csv\".\n";
    assert_eq!(stdout.matches(first).count(), 2, "{stdout}");

    dir.write("exports/a-1.csv", plain(1));
    whole("if so few rows are right, run once with a smaller", 1);

    // Another export than that of the mapping.
    dir.write("exports/a-2.csv", "Kunde,Ort,Land\n1,Bonn,DE\n");
    whole("Is it the right export, and the right mapping?", 2);

    std::fs::write(dir.path("partner-sync.db"), [7; 4096]).unwrap();
    whole("Restore a backup", 2);
}

#[test]
fn what_to_do_about_a_wrong_export_is_not_to_run_again() {
    let dir = house("");
    let server = Server::start(&dir, &[]);
    dir.write("exports/a-1.csv", "Kunde,Ort,Land\n1,Bonn,DE\n");
    for (stdout, stderr) in screens(&dir, &server) {
        for text in [&stdout, &stderr] {
            assert!(!text.contains("run the same command again"), "{text}");
        }
        assert!(stderr.contains("none of the"), "{stderr}");
    }
}

/// Five kinds of errors are more frequent than what the canary differs in, and that is why nothing more was sent.
#[test]
fn what_a_canary_differs_in_stands_before_other_problems() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--drop-field", "signOnDate"]);
    dir.write(
        "m.toml",
        "name = \"m\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nsignOnDate = \"Signed\"\nonBoardingStatus = \"Stage\"\n[[organization.addresses]]\naddressLine1 = \"Street\"\ncountryCode = \"Land\"\n[vendorAccount]\nemail = \"Mail\"\n[partnerCriteria]\nonboardingDate = \"Begun\"\nenableCommissions = \"Pays\"\n",
    );
    let mut text = "Id,Name,Signed,Stage,Street,Land,Mail,Begun,Pays\n".to_owned();
    for n in 0..9 {
        text +=
            &format!("G{n},Good {n},2026-03-04,Completed,{n} St,US,a@b.example,2026-03-04,yes\n");
        text += &format!("B{n},,2026-02-30,Huh,{n} St,Narnia,mail,2026-02-30,maybe\n");
    }
    dir.write("e.csv", text);
    let args = ["import", "e.csv", "-m", "m.toml", "--canary", "2", "--yes"];
    let run = dir.run(&args).at(&server).finish().expect_exit(3);
    let (_, problems) = run.stdout.split_once("Most frequent problems:").unwrap();
    let first = problems.trim_start();
    assert!(first.starts_with("2 warnings"), "{first}");
    assert!(first.contains("[api.differs]"), "{first}");
}
