//! Whoever watches the nights: a watchdog that is pinged, a gateway that takes metrics, a command after each job. None of
//! them can fail a night.

use std::time::Duration;

use crate::nights::{house, job, night, plain};
use crate::support::web::{Reply, Web};
use crate::support::{Server, Workdir};

/// A house with an export, and these sections in front of its jobs.
fn watched(sections: &str, more: &str) -> Workdir {
    let dir = house(more);
    dir.write("exports/a-1.csv", plain(3));
    let config = dir.read("partner-sync.toml");
    dir.write("partner-sync.toml", format!("{sections}{config}"));
    dir
}

/// The method and path of each request.
fn calls(web: &Web) -> Vec<String> {
    let asked = web.asked().into_iter();
    asked.map(|a| format!("{} {}", a.method, a.path)).collect()
}

#[test]
fn a_watchdog_is_told_of_the_beginning_and_the_end() {
    let web = Web::start(|_| Reply::of(200, "OK"));
    let ping = format!(
        "[ping]\nurl = \"{}/HUSHHUSH\"\nstyle = \"healthchecks\"\n",
        web.url
    );
    let dir = watched(&ping, "");
    let server = Server::start(&dir, &[]);
    let run = night(&dir, &server).args(&["-v"]).finish().expect_exit(0);
    let calls_made = calls(&web);
    let rid = calls_made[0]
        .strip_prefix("POST /HUSHHUSH/start?rid=")
        .unwrap();
    assert_eq!(rid.len(), 36, "{calls_made:?}");
    assert_eq!(calls_made[1..], [format!("POST /HUSHHUSH/0?rid={rid}")]);
    let body = &web.asked()[1].body;
    assert!(body.contains("partner-sync accounts: exit 0."), "{body}");
    assert!(!run.stderr.contains("HUSH"), "{}", run.stderr);
    // A night that is refused is told, too; a dry run is none.
    std::fs::remove_file(dir.path("exports/a-1.csv")).unwrap();
    night(&dir, &server).finish().expect_exit(2);
    assert!(calls(&web)[3].starts_with("POST /HUSHHUSH/2?rid="));
    let status = dir.run(&["status"]).finish().expect_exit(0).stdout;
    let says = ["Last night, ", "accounts: exit 2: no file matches"];
    assert!(says.iter().all(|s| status.contains(s)), "{status}");
    night(&dir, &server)
        .args(&["--dry-run"])
        .finish()
        .expect_exit(2);
    assert_eq!(calls(&web).len(), 4);
    let settings = dir.run(&["config", "show"]).finish().expect_exit(0);
    let hidden = |line: &str| line.starts_with("ping.url") && line.contains("(set; not shown)");
    assert!(settings.stdout.lines().any(hidden), "{}", settings.stdout);
    assert!(!settings.stdout.contains("HUSH"));
}

/// A night that is refused before there is a state is known by `status` all the same.
#[test]
fn a_first_night_that_is_refused_is_in_status() {
    let dir = watched("", "");
    let server = Server::start(&dir, &[]);
    dir.run(&["status"]).finish().expect_exit(2);
    std::fs::remove_file(dir.path("exports/a-1.csv")).unwrap();
    night(&dir, &server).finish().expect_exit(2);
    let status = dir.run(&["status"]).finish().expect_exit(0).stdout;
    for says in [
        "There is no state partner-sync.db yet: nothing was sent.",
        "Last night, ",
        "accounts: exit 2: no file matches",
    ] {
        assert!(status.contains(says), "{says}: {status}");
    }
    let json = dir
        .run(&["status", "--json"])
        .finish()
        .expect_exit(0)
        .stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["night"]["exit"], 2);
    assert_eq!(json["runs"], serde_json::json!([]));
}

#[test]
fn each_end_has_an_address_of_its_own() {
    let web = Web::start(|_| Reply::of(200, ""));
    let each = ["url", "start_url", "success_url", "fail_url"]
        .map(|key| format!("{key} = \"{}/{key}\"\n", web.url));
    let dir = watched(&format!("[ping]\n{}", each.concat()), "min_rows = 2\n");
    let server = Server::start(&dir, &[]);
    night(&dir, &server).finish().expect_exit(0);
    assert_eq!(
        calls(&web),
        ["POST /start_url", "POST /url", "POST /success_url"]
    );
    dir.write("exports/a-1.csv", plain(1));
    night(&dir, &server).finish().expect_exit(3);
    assert_eq!(
        calls(&web)[3..],
        ["POST /start_url", "POST /url", "POST /fail_url"]
    );
}

/// A watchdog and a gateway that are slow, refuse or are gone: a warning, without the address, and nothing else.
#[test]
fn what_watches_fails_no_night() {
    let slow = Web::start(|_| {
        std::thread::sleep(Duration::from_secs(30));
        Reply::of(200, "")
    });
    let refuses = Web::start(|_| Reply::of(404, ""));
    let moved = Web::start(|_| Reply::of(302, ""));
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    for (url, says) in [
        (&slow.url, "did not answer within less than a second"),
        (&refuses.url, "the watchdog answered 404"),
        (
            &gone,
            "[ping] url: the watchdog cannot be reached: Connection refused",
        ),
        (&moved.url, "the watchdog answered 302 Found: it has moved."),
    ] {
        let sections = format!("[ping]\nurl = \"{url}/HUSHHUSH\"\ntimeout = \"400ms\"\n");
        let dir = watched(&sections, "");
        let server = Server::start(&dir, &[]);
        let run = night(&dir, &server).finish().expect_exit(0);
        assert!(
            run.stderr.contains(says) && run.stderr.contains("warning: "),
            "{}",
            run.stderr
        );
        assert!(!run.stderr.contains("HUSH"), "{}", run.stderr);
    }
    for (url, says) in [
        (&refuses.url, "the gateway answered 404"),
        (&gone, "[metrics] push: the gateway cannot be reached: "),
    ] {
        let dir = watched(&format!("[metrics]\npush = \"{url}\"\n"), "");
        let server = Server::start(&dir, &[]);
        let run = night(&dir, &server).finish().expect_exit(0);
        assert!(run.stderr.contains(says), "{}", run.stderr);
    }
    // What cannot be meant is seen before the night, and said in it.
    let dir = watched("[ping]\nstyle = \"healthchecks\"\n", "");
    let server = Server::start(&dir, &[]);
    let run = night(&dir, &server).finish().expect_exit(0);
    let says = "warning: the watchdog: [ping] style is given, and url is not";
    assert_eq!(run.stderr.matches(says).count(), 1, "{}", run.stderr);
    let checked = dir
        .run(&["sync", "--check-config"])
        .at(&server)
        .finish()
        .expect_exit(2);
    assert!(
        checked
            .stdout
            .contains("[ping] style is given, and url is not"),
        "{}",
        checked.stdout
    );
    let dir = watched("[ping]\nurl = \"http://h.example/HUSHHUSH\"\n", "");
    let checked = dir
        .run(&["sync", "--check-config"])
        .at(&server)
        .finish()
        .expect_exit(2);
    assert!(
        checked
            .stdout
            .contains("[ping] url: plain http to h.example: whoever reads the address"),
        "{}",
        checked.stdout
    );
}

#[test]
fn a_gateway_gets_the_metrics_of_each_job() {
    let web = Web::start(|_| Reply::of(202, ""));
    let dir = watched(&format!("[metrics]\npush = \"{}/\"\n", web.url), "");
    let server = Server::start(&dir, &[]);
    night(&dir, &server).finish().expect_exit(0);
    assert_eq!(calls(&web), ["POST /metrics/job/accounts"]);
    let body = &web.asked()[0].body;
    for line in [
        "# TYPE partner_sync_rows gauge\n",
        "partner_sync_rows{job=\"accounts\",outcome=\"created\"} 3\n",
        "partner_sync_run_exit_code{job=\"accounts\"} 0\n",
    ] {
        assert!(body.contains(line), "{line}{body}");
    }
}

#[test]
fn a_command_runs_after_each_end() {
    let script = "echo \\\"$JOB_NAME $JOB_EXIT\\\" >> ends; ls \\\"$JOB_REPORT\\\" > files; echo password=HUSHHUSH >&2; exit 7";
    let hook = crate::hook::Hook::start();
    let sections = format!(
        "[notify]\nurl = \"{}\"\non = [\"success\", \"failure\"]\n",
        hook.url
    );
    let after = format!("after = [\"sh\", \"-c\", \"{script}\"]\nmin_rows = 2\n");
    let dir = watched(&sections, &after);
    let server = Server::start(&dir, &[]);
    let run = night(&dir, &server).finish().expect_exit(0);
    assert!(
        run.stderr
            .contains("warning: the after command failed (exit status: 7)"),
        "{}",
        run.stderr
    );
    assert_eq!(
        job(&run, 0)["notes"][0],
        "the after command failed (exit status: 7)"
    );
    assert!(dir.read("files").contains("summary.json"));
    assert!(!run.stderr.contains("HUSH") && !hook.told().to_string().contains("HUSH"));
    dir.write("exports/a-1.csv", plain(1));
    night(&dir, &server).finish().expect_exit(3);
    night(&dir, &server).args(&["--dry-run"]).finish();
    assert_eq!(dir.read("ends"), "accounts 0\naccounts 3\n");
    let config = dir.read("partner-sync.toml");
    let at = config.find("after = ").unwrap();
    let end = at + config[at..].find('\n').unwrap();
    let slow = "after = [\"sleep\", \"60\"]\nafter_timeout = \"300ms\"";
    dir.write("partner-sync.toml", config.replace(&config[at..end], slow));
    let run = night(&dir, &server).finish().expect_exit(3);
    assert!(
        run.stderr.contains("did not end within less than a second"),
        "{}",
        run.stderr
    );
}

#[test]
fn paths_may_hold_variables() {
    let dir = watched("", "");
    let config = dir.read("partner-sync.toml");
    dir.write(
        "partner-sync.toml",
        config.replace("exports/a", "${CRM_EXPORTS}/a"),
    );
    let server = Server::start(&dir, &[]);
    night(&dir, &server)
        .env("CRM_EXPORTS", "exports")
        .finish()
        .expect_exit(0);
    let run = night(&dir, &server).finish().expect_exit(2);
    assert!(
        run.stderr
            .contains("the environment variable CRM_EXPORTS is not set"),
        "{}",
        run.stderr
    );
}
