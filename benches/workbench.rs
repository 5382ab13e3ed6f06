//! The workbench: from a change on the page to the page with the answer of the whole file, over HTTP, and the memory that it takes.
//!
//! `cargo bench --bench workbench` prints a line for 10,000, 100,000 and 1,000,000 rows of the thirty columns; `-- --rows 2000` shows
//! that it runs.
#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    missing_docs,
    unreachable_pub,
    reason = "a measurement: what goes wrong may stop it"
)]

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Changes that are measured.
const TURNS: u32 = 9;

struct Bench {
    process: Child,
    host: String,
    folder: String,
    cookie: String,
    token: String,
}

impl Bench {
    fn start(dir: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_partner-sync"))
            .current_dir(dir)
            .args(["map", "export.csv", "-m", "m.toml", "--no-open"])
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let rest = line.trim().strip_prefix("http://").unwrap();
        let (host, key) = rest.split_at(rest.find('/').unwrap());
        let mut bench = Self {
            folder: key.split("open/").next().unwrap().to_owned(),
            host: host.to_owned(),
            process,
            cookie: String::new(),
            token: String::new(),
        };
        let opened = bench.get(key);
        let cookie = opened.split("set-cookie: ").nth(1).unwrap();
        cookie
            .split(';')
            .next()
            .unwrap()
            .clone_into(&mut bench.cookie);
        let page = bench.settled();
        let token = page.split("name=\"token\" value=\"").nth(1).unwrap();
        token
            .split('"')
            .next()
            .unwrap()
            .clone_into(&mut bench.token);
        bench
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn get(&self, path: &str) -> String {
        let (host, cookie) = (&self.host, &self.cookie);
        self.ask(&format!(
            "GET {path} HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n"
        ))
    }

    /// The page as soon as the file is checked.
    fn settled(&self) -> String {
        loop {
            let page = self.get(&self.folder);
            if page.contains("data-checking=\"false\"") {
                return page;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Changes the mapping, and waits for the page that has the answer.
    fn change(&self, default: u32) -> Duration {
        let form = format!(
            "token={}&do=more&field=organization.onBoardingStatus&default={}",
            self.token,
            ["Not+Started", "Completed"][default as usize % 2]
        );
        let (host, cookie) = (&self.host, &self.cookie);
        let began = Instant::now();
        let answer = self.ask(&format!(
            "POST {}change HTTP/1.1\r\nhost: {host}\r\norigin: http://{host}\r\ncookie: {cookie}\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
            self.folder,
            form.len()
        ));
        assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
        let page = self.settled();
        let took = began.elapsed();
        assert!(
            page.contains("The rule of Onboarding status is changed."),
            "{page}"
        );
        took
    }

    /// The processor's time that it has taken, in seconds: on a busy machine it says more than the clock.
    fn processor(&self) -> f64 {
        const TICKS: f64 = 100.0;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()));
        let stat = stat.unwrap_or_default();
        // Behind the name in brackets, which may hold anything; the times of user and system are the 14th and 15th field.
        let fields = stat.rsplit(')').next().unwrap_or("").split_whitespace();
        let ticks = fields
            .skip(11)
            .take(2)
            .filter_map(|n| n.parse::<f64>().ok());
        ticks.sum::<f64>() / TICKS
    }

    /// The most memory that it has had, in MiB.
    fn peak(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok());
        kilobytes.unwrap_or(0.0) / 1024.0
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn main() {
    let all: Vec<String> = std::env::args().collect();
    let rows = all.iter().position(|a| a == "--rows");
    let rows = rows
        .and_then(|at| all.get(at + 1))
        .map(|n| n.parse().unwrap());
    let sizes = rows.map_or_else(|| vec![10_000, 100_000, 1_000_000], |n: u64| vec![n]);
    let mut out = std::io::stdout().lock();
    writeln!(out, "| rows | change to answer, median | slowest of {TURNS} | processor a change | opened | processor to open | memory |\n|---|---|---|---|---|---|---|").unwrap();
    for rows in sizes {
        let dir = tempfile::tempdir().unwrap();
        support::export(&dir.path().join("export.csv"), rows, 0);
        std::fs::write(dir.path().join("m.toml"), support::MAPPING).unwrap();
        let began = Instant::now();
        let bench = Bench::start(dir.path());
        let opened = began.elapsed();
        let to_open = bench.processor();
        let mut took: Vec<Duration> = (1..=TURNS).map(|turn| bench.change(turn)).collect();
        let a_change = (bench.processor() - to_open) / f64::from(TURNS);
        took.sort();
        writeln!(
            out,
            "| {rows} | {:.0} ms | {:.0} ms | {:.0} ms | {:.1} s | {to_open:.1} s | {:.0} MiB |",
            took[took.len() / 2].as_secs_f64() * 1000.0,
            took[took.len() - 1].as_secs_f64() * 1000.0,
            a_change * 1000.0,
            opened.as_secs_f64(),
            bench.peak()
        )
        .unwrap();
        out.flush().unwrap();
    }
}
