//! Tokens as people give them, and commands that print them, or do not.

use std::process::Stdio;

use crate::support::{Finished, Run, Server, Workdir, signal, wait_until};

const IMPORT: [&str; 6] = ["import", "e.csv", "-m", "m.toml", "--json", "--rate"];

fn import(dir: &Workdir, server: &Server) -> Run {
    dir.run(&IMPORT)
        .args(&["unlimited"])
        .env("PARTNER_SYNC_API_URL", &server.url)
}

#[test]
fn a_token_is_taken_in_every_spelling() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--token", "s3cret"]);
    dir.simple_export(1);
    for (number, text) in [
        "s3cret",
        "s3cret\n",
        "\u{feff}s3cret\r\n",
        "  Bearer s3cret\n\n",
        "\u{feff}bearer\ts3cret",
    ]
    .into_iter()
    .enumerate()
    {
        dir.write("token", text);
        let state = format!("f{number}.db");
        for (more, variable) in [(&["--token-file", "token"][..], None), (&[], Some(text))] {
            let run = import(&dir, &server)
                .args(&["--adopt", "--state", &state])
                .args(more);
            let run = match variable {
                Some(text) => run.env("PARTNER_SYNC_TOKEN", text),
                None => run,
            };
            run.finish().expect_exit(0);
        }
    }
    assert_eq!(server.by_key().len(), 1);
}

#[test]
fn what_is_no_token_is_refused_by_its_source_and_not_shown() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(1);
    std::fs::create_dir(dir.path("folder")).unwrap();
    for (number, (bytes, says)) in [
        (&b""[..], "it is empty"),
        (b"\xef\xbb\xbf\r\n", "it is empty"),
        (b"hush1 hush2", "contains a blank"),
        (b"hush1\nhush2\n", "several lines"),
        (b"hush1\x07hush2", "a control character"),
        ("hush1\u{201c}hush2".as_bytes(), "not ASCII"),
        (b"\xff\xfeh\0u\0s\0h\0", "UTF-16"),
        (b"hush1\xe9", "not plain text"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("token{number}");
        dir.write(&name, bytes);
        let run = import(&dir, &server)
            .args(&["--token-file", &name])
            .finish()
            .expect_exit(2);
        assert!(
            run.stderr
                .contains(&format!("the token file {name} does not contain a token"))
                && run.stderr.contains(says)
                && !run.stderr.contains("hush"),
            "{}",
            run.stderr
        );
        let command = format!("cat {name}");
        let run = import(&dir, &server)
            .args(&["--token-command", &command])
            .finish()
            .expect_exit(2);
        assert!(
            run.stderr
                .contains("the token command does not contain a token")
                && run.stderr.contains(says),
            "{}",
            run.stderr
        );
        if let Ok(text) = std::str::from_utf8(bytes)
            && !text.trim().is_empty()
        {
            let run = import(&dir, &server)
                .env("PARTNER_SYNC_TOKEN", text)
                .finish()
                .expect_exit(2);
            assert!(
                run.stderr
                    .contains("PARTNER_SYNC_TOKEN does not contain a token")
                    && !run.stderr.contains("hush"),
                "{}",
                run.stderr
            );
        }
    }
    let folder = import(&dir, &server)
        .args(&["--token-file", "folder"])
        .finish()
        .expect_exit(2);
    assert!(folder.stderr.contains("cannot read the token file folder"));
    assert_eq!(server.count("POST"), 0);
}

#[cfg(unix)]
#[test]
fn a_token_comes_by_standard_input() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--token", "s3cret"]);
    dir.simple_export(1);
    let token = dir.write("token", "s3cret\n");
    import(&dir, &server)
        .args(&["--token-file", "/dev/stdin"])
        .stdin(Stdio::from(std::fs::File::open(token).unwrap()))
        .finish()
        .expect_exit(0);
    let nothing = import(&dir, &server)
        .args(&["--token-file", "/dev/stdin"])
        .finish()
        .expect_exit(2);
    assert!(nothing.stderr.contains("it is empty"), "{}", nothing.stderr);
}

/// What the command writes to standard error is the reason that a person sees, without the token in it.
#[test]
fn a_command_that_fails_says_why() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(1);
    let run = import(&dir, &server)
        .args(&[
            "--token-command",
            "echo s3cret-token; printf 'vault is sealed\\033[31m\\n(was s3cret-token, Bearer abc123)\\n' >&2; exit 7",
        ])
        .finish()
        .expect_exit(2);
    assert!(
        run.stderr.contains(
            "the token command failed (exit status: 7): vault is sealed (was ***, Bearer ***)"
        ),
        "{:?}",
        run.stderr
    );
    let missing = dir.write(
        "partner-sync.toml",
        "[api]\ntoken_command = [\"no-such-program\"]\n",
    );
    let run = import(&dir, &server).finish().expect_exit(2);
    assert!(
        run.stderr
            .contains("cannot run the token command no-such-program"),
        "{}",
        run.stderr
    );
    std::fs::remove_file(missing).unwrap();
    let endless = import(&dir, &server)
        .args(&["--token-command", "yes"])
        .finish()
        .expect_exit(2);
    assert!(
        endless.stderr.contains("more than 64 KiB"),
        "{}",
        endless.stderr
    );
}

/// A child that the command leaves behind holds its pipe, and nobody waits for it.
#[cfg(unix)]
#[test]
fn a_child_of_the_command_is_not_waited_for() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--token", "s3cret"]);
    dir.simple_export(1);
    import(&dir, &server)
        .args(&[
            "--token-command",
            "sleep 600 & echo $! > child; echo s3cret",
        ])
        .finish()
        .expect_exit(0);
    // Still there: it was left alone.
    let killed = std::process::Command::new("kill")
        .arg(dir.read("child").trim())
        .status()
        .unwrap();
    assert!(killed.success());
}

/// Whether a process runs; one that ended and that nobody waited for does not.
#[cfg(target_os = "linux")]
fn runs(process: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{}/stat", process.trim()))
        .is_ok_and(|stat| !stat.contains(") Z "))
}

/// The command hangs when the run begins: the run can be stopped, leaves nothing behind, and frees the state.
#[cfg(target_os = "linux")]
#[test]
fn a_command_that_hangs_can_be_stopped() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(3);
    let hang = [
        "--token-command",
        "sleep 600 & echo $! > child.new; mv child.new child; wait",
    ];
    for how in ["TERM", "INT", "HUP", "max-duration"] {
        let _ = std::fs::remove_file(dir.path("child"));
        let time: &[&str] = match how {
            "max-duration" => &["--max-duration", "3s"],
            _ => &[],
        };
        let run = import(&dir, &server).args(&hang).args(time).start();
        wait_until("the command runs", || dir.path("child").exists());
        if time.is_empty() {
            signal(&run, how);
        }
        let run = Finished::of(run.wait_with_output().unwrap());
        let run = run.expect_exit(if time.is_empty() { 130 } else { 3 });
        let says = if time.is_empty() {
            "interrupted"
        } else {
            "--max-duration"
        };
        assert!(run.stderr.contains(says), "{how}: {}", run.stderr);
        let child = dir.read("child");
        wait_until("its child is gone", || !runs(&child));
    }
    assert_eq!(server.count("POST"), 0);
    import(&dir, &server)
        .env("PARTNER_SYNC_TOKEN", "t")
        .finish()
        .expect_exit(0);
    assert_eq!(server.by_key().len(), 3);
}

/// The token runs out, and the command fails when it is asked again: once for all workers, with its reason.
#[test]
fn one_failed_renewal_answers_all_workers() {
    let dir = Workdir::new();
    let server = Server::start(
        &dir,
        &["--fault", "expire-token-after=40", "--latency", "50ms"],
    );
    dir.simple_export(400);
    let command = "echo x >> runs; if [ $(wc -l < runs) = 1 ]; then echo first; \
                   else sleep 1; echo no lease >&2; exit 1; fi";
    let run = import(&dir, &server)
        .args(&["--workers", "64", "--token-command", command])
        .finish()
        .expect_exit(3);
    assert_eq!(dir.read("runs").lines().count(), 2);
    let stopped = run.summary().value()["stopped"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        stopped.contains("401") && stopped.contains("no lease"),
        "{stopped}"
    );
    // The refused rows were not created, and a rerun takes them.
    import(&dir, &server)
        .env("PARTNER_SYNC_TOKEN", "other")
        .finish();
    assert!(server.by_key().values().all(|n| *n == 1));
}

/// It hangs when it is asked again: the run can be stopped all the same.
#[test]
fn a_renewal_that_hangs_can_be_stopped() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--fault", "expire-token-after=20"]);
    dir.simple_export(200);
    let command = "echo x >> runs; if [ $(wc -l < runs) = 1 ]; then echo first; else sleep 600; fi";
    let run = import(&dir, &server)
        .args(&["--token-command", command])
        .start();
    wait_until("the token is renewed", || {
        std::fs::read_to_string(dir.path("runs")).is_ok_and(|r| r.lines().count() == 2)
    });
    signal(&run, "TERM");
    let run = Finished::of(run.wait_with_output().unwrap()).expect_exit(130);
    let summary = run.summary();
    assert_eq!(summary.get("in_doubt"), 0, "{run:?}");
    assert_eq!(server.partners().len() as u64, summary.get("created"));
}
