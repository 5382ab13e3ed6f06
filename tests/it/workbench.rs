//! The workbench as a server: who may come in, what is saved, when it ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use crate::support::{Workdir, binary, wait_until};

/// A workbench in a process of its own.
pub(crate) struct Workbench {
    process: Child,
    /// `127.0.0.1:4711`.
    pub(crate) host: String,
    /// The address that works once, without the host.
    pub(crate) key: String,
    /// The folder of all addresses, with its slashes.
    pub(crate) folder: String,
}

/// An answer: status, head and body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Workbench {
    pub(crate) fn start(dir: &Workdir, arguments: &[&str]) -> Self {
        let mut process = Command::new(binary())
            .current_dir(dir.path(""))
            .args(["map", "--no-open"])
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let rest = line.trim().strip_prefix("http://").expect("an address");
        let (host, key) = rest.split_at(rest.find('/').unwrap());
        let folder = key.split("open/").next().unwrap();
        Self {
            host: host.to_owned(),
            key: key.to_owned(),
            folder: folder.to_owned(),
            process,
        }
    }

    pub(crate) fn address(&self) -> String {
        format!("http://{}{}", self.host, self.key)
    }

    /// Sends a request as it is written, and reads the answer.
    pub(crate) fn raw(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").expect("an answer");
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn get(&self, path: &str, more: &str) -> Answer {
        let host = &self.host;
        self.raw(&format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}Connection: close\r\n\r\n"
        ))
    }

    /// Takes the cookie that the key is exchanged for.
    pub(crate) fn enter(&self) -> String {
        let answer = self.get(&self.key, "");
        assert_eq!(answer.status, 303, "{}", answer.body);
        let line = answer.head.lines().find(|l| l.starts_with("set-cookie: "));
        let cookie = line.unwrap().strip_prefix("set-cookie: ").unwrap();
        for word in [
            "httponly",
            "samesite=strict",
            &format!("path={}", self.folder),
        ] {
            assert!(cookie.contains(word), "{cookie}");
        }
        cookie.split(';').next().unwrap().to_owned()
    }

    pub(crate) fn page(&self, cookie: &str) -> Answer {
        self.get(&self.folder, &format!("Cookie: {cookie}\r\n"))
    }

    pub(crate) fn post(&self, cookie: &str, path: &str, form: &str) -> Answer {
        self.raw(&self.posting(cookie, path, form, ""))
    }

    pub(crate) fn posting(&self, cookie: &str, path: &str, form: &str, more: &str) -> String {
        let (host, folder) = (&self.host, &self.folder);
        format!(
            "POST {folder}{path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {cookie}\r\n{more}\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{form}",
            form.len()
        )
    }

    fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Workbench {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The token that the forms of a page have.
pub(crate) fn token(page: &str) -> &str {
    let rest = page
        .split("name=\"token\" value=\"")
        .nth(1)
        .expect("a form");
    rest.split('"').next().unwrap()
}

const EXPORT: &str = "Id,Name,Stage\nA-1,Acme,Completed\nA-2,Birch,Kick-off\n";
const MAPPING: &str = "# ours\nname = \"m\"\nkey = \"Id\"   # the number\n\n[organization]\nbusinessName = \"Name\"\n";

fn export_and_mapping() -> Workdir {
    let dir = Workdir::new();
    dir.write("export.csv", EXPORT);
    dir.write("m.toml", MAPPING);
    dir
}

#[test]
fn requests_that_are_not_the_pages_own_are_refused() {
    let dir = export_and_mapping();
    let bench = Workbench::start(&dir, &["export.csv", "-m", "m.toml"]);
    let (host, folder) = (bench.host.clone(), bench.folder.clone());
    // Before the key was used: nothing is shown, and a guess opens nothing.
    assert_eq!(bench.get(&folder, "").status, 403);
    assert_eq!(bench.get(&format!("{folder}open/0000"), "").status, 403);
    let cookie = bench.enter();
    assert_eq!(bench.get(&bench.key, "").status, 403, "the key works once");
    let page = bench.page(&cookie);
    assert_eq!(page.status, 200, "{}", page.body);
    let token = token(&page.body).to_owned();
    let form = format!("token={token}&do=value&field=organization.originationSource&value=CRM");
    let good = bench.posting(&cookie, "change", &form, "Sec-Fetch-Site: same-origin\r\n");
    let without = |what: &str, by: &str| {
        assert!(good.contains(what), "{what}");
        good.replacen(what, by, 1)
    };
    let origin = format!("Origin: http://{host}\r\n");
    let named = format!("Host: {host}\r\n");
    let port = host.split_once(':').unwrap().1;
    for (status, request) in [
        (421, without(&named, "Host: localhost\r\n")),
        (421, without(&named, &format!("Host: localhost:{port}\r\n"))),
        (
            421,
            without(&named, &format!("Host: rebound.example:{port}\r\n")),
        ),
        (403, without(&origin, "")),
        (
            403,
            without(&origin, "Origin: null\r\n").replace("Sec-Fetch-Site: same-origin\r\n", ""),
        ),
        (
            403,
            without(&origin, "Origin: null\r\n").replace("same-origin", "cross-site"),
        ),
        (403, without(&origin, "Origin: https://evil.example\r\n")),
        (403, without("Site: same-origin", "Site: cross-site")),
        (403, without("Site: same-origin", "Site: same-site")),
        (403, without(&cookie, "partner_sync_map=0")),
        (403, without(&format!("Cookie: {cookie}\r\n"), "")),
        (403, without(&token, &"0".repeat(token.len()))),
        (
            415,
            without("application/x-www-form-urlencoded", "text/plain"),
        ),
        (404, without(&format!("{folder}change"), "/change")),
        (
            404,
            without(&format!("{folder}change"), &format!("{folder}../m.toml")),
        ),
        (404, without("POST", "PUT")),
    ] {
        let answer = bench.raw(&request);
        assert_eq!(answer.status, status, "{request}\n{}", answer.body);
        assert!(!answer.body.contains("Acme"));
        assert!(
            answer
                .head
                .contains("content-security-policy: default-src 'none'")
        );
    }
    // A request without a host is none that the server takes at all.
    let no_host = bench.raw(&without(&named, ""));
    assert!(matches!(no_host.status, 400 | 421), "{}", no_host.status);
    assert!(!bench.page(&cookie).body.contains("originationSource = "));
    assert_eq!(bench.raw(&good).status, 303);
    let changed = bench.page(&cookie);
    assert!(
        changed
            .body
            .contains("originationSource = { value = &quot;CRM&quot; }"),
        "{}",
        changed.body
    );
    for header in [
        "referrer-policy: no-referrer",
        "x-content-type-options: nosniff",
        "cache-control: no-store",
        "frame-ancestors 'none'",
        "cross-origin-resource-policy: same-origin",
    ] {
        assert!(changed.head.contains(header), "{header}: {}", changed.head);
    }
    // Nothing was written: nobody has saved.
    assert_eq!(dir.read("m.toml"), MAPPING);
}

#[test]
fn saving_changes_one_line_and_never_what_somebody_else_wrote() {
    let dir = export_and_mapping();
    let bench = Workbench::start(&dir, &["export.csv", "-m", "m.toml"]);
    let cookie = bench.enter();
    let token = token(&bench.page(&cookie).body).to_owned();
    let give = format!("token={token}&do=give&column=2&from=&field=organization.onBoardingStatus");
    assert_eq!(bench.post(&cookie, "change", &give).status, 303);
    let word = format!(
        "token={token}&do=words&column=2&field=organization.onBoardingStatus&word.0=&word.1=Welcome+Call"
    );
    assert_eq!(bench.post(&cookie, "change", &word).status, 303);
    let page = bench.page(&cookie).body;
    assert!(page.contains("Welcome Call"), "{page}");
    let save = format!("token={token}");
    assert_eq!(bench.post(&cookie, "save", &save).status, 303);
    let saved = dir.read("m.toml");
    let mut lines: Vec<&str> = saved.lines().collect();
    let new: Vec<&str> = lines
        .iter()
        .filter(|l| l.contains("onBoardingStatus"))
        .copied()
        .collect();
    assert_eq!(new.len(), 1, "{saved}");
    lines.retain(|l| !l.contains("onBoardingStatus"));
    assert_eq!(lines.join("\n") + "\n", MAPPING, "comments stay: {saved}");
    dir.run(&["check", "export.csv", "-m", "m.toml"])
        .finish()
        .expect_exit(0);
    // Changed on the disk meanwhile.
    dir.write("m.toml", "# theirs\n");
    let undo = bench.post(&cookie, "undo", &save);
    assert_eq!(undo.status, 303);
    assert_eq!(bench.post(&cookie, "save", &save).status, 303);
    assert!(bench.page(&cookie).body.contains("has changed on the disk"));
    assert_eq!(dir.read("m.toml"), "# theirs\n");
    // Nothing else lies in the folder.
    let mut names: Vec<_> = std::fs::read_dir(dir.path(""))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["export.csv", "m.toml"]);
}

#[test]
fn a_proposal_is_saved_beside_the_export_only_when_it_is_asked_for() {
    let dir = Workdir::new();
    dir.write("accounts.csv", EXPORT);
    let bench = Workbench::start(&dir, &["accounts.csv"]);
    let cookie = bench.enter();
    let page = bench.page(&cookie).body;
    assert!(!dir.path("accounts.toml").exists());
    let save = format!("token={}", token(&page));
    assert_eq!(bench.post(&cookie, "save", &save).status, 303);
    assert!(
        dir.read("accounts.toml")
            .contains("businessName = \"Name\"")
    );
}

#[test]
fn bank_data_is_masked_on_the_page_and_shapes_stand_for_values_where_that_is_asked_for() {
    let dir = Workdir::new();
    dir.write(
        "export.csv",
        "Id,Name,Bank Account,SSN,Free\nA-1,Acme,4417123456789113,123-45-6789,DE89370400440532013000\n",
    );
    let secrets = [
        "4417123456789113",
        "123-45-6789",
        "DE89370400440532013000",
        "370400440532013000",
    ];
    for (arguments, shown) in [
        (&["export.csv"][..], "Acme"),
        (&["export.csv", "--no-source-values"], "Aaaa"),
    ] {
        let bench = Workbench::start(&dir, arguments);
        let cookie = bench.enter();
        for column in 0..5 {
            let page = bench
                .get(
                    &format!("{}?column={column}", bench.folder),
                    &format!("Cookie: {cookie}\r\n"),
                )
                .body;
            for secret in secrets {
                assert!(!page.contains(secret), "{arguments:?}: {secret} in {page}");
            }
            assert!(page.contains(shown), "{page}");
            assert_eq!(page.contains("Acme"), shown == "Acme");
        }
    }
}

/// Killed at any moment while it saves: the file is the old mapping or the new one.
#[cfg(unix)]
#[test]
fn a_kill_while_saving_leaves_the_old_mapping_or_the_new_one() {
    let dir = export_and_mapping();
    let long: String = (0..20_000).fold(String::from(MAPPING), |text, n| {
        text + &format!("# line {n}\n")
    });
    for turn in 0..12 {
        dir.write("m.toml", MAPPING);
        let mut bench = Workbench::start(&dir, &["export.csv", "-m", "m.toml"]);
        let cookie = bench.enter();
        let token = token(&bench.page(&cookie).body).to_owned();
        let mut form = form_urlencoded::Serializer::new(format!("token={token}"));
        form.append_pair("text", &long);
        assert_eq!(bench.post(&cookie, "text", &form.finish()).status, 303);
        let saving = bench.posting(&cookie, "save", &format!("token={token}"), "");
        let mut stream = TcpStream::connect(&bench.host).unwrap();
        stream.write_all(saving.as_bytes()).unwrap();
        if turn > 0 {
            std::thread::sleep(std::time::Duration::from_micros(turn * 400));
        }
        bench.kill();
        let found = dir.read("m.toml");
        assert!(
            found == MAPPING || found == long,
            "turn {turn}: {} bytes",
            found.len()
        );
    }
}

#[test]
fn it_ends_when_its_time_is_over_and_with_a_signal() {
    let dir = export_and_mapping();
    let mut bench = Workbench::start(&dir, &["export.csv", "-m", "m.toml", "--for", "1s"]);
    wait_until("the workbench has ended", || {
        bench.process.try_wait().unwrap().is_some()
    });
    assert_eq!(bench.process.wait().unwrap().code(), Some(0));
    let mut bench = Workbench::start(&dir, &["export.csv", "-m", "m.toml"]);
    let interrupt = Command::new("kill")
        .args(["-INT", &bench.process.id().to_string()])
        .status();
    assert!(interrupt.unwrap().success());
    wait_until("the workbench has ended", || {
        bench.process.try_wait().unwrap().is_some()
    });
}

#[test]
fn a_practice_import_leaves_nothing_behind() {
    let dir = export_and_mapping();
    let bench = Workbench::start(&dir, &["export.csv", "-m", "m.toml"]);
    let cookie = bench.enter();
    let token = token(&bench.page(&cookie).body).to_owned();
    assert_eq!(
        bench
            .post(&cookie, "practise", &format!("token={token}"))
            .status,
        303
    );
    let mut page = String::new();
    wait_until("the practice is over", || {
        page = bench.page(&cookie).body;
        page.contains("<b>Practice:</b>")
    });
    assert!(page.contains("2 created"), "{page}");
    let mut names: Vec<_> = std::fs::read_dir(dir.path(""))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["export.csv", "m.toml"]);
}
