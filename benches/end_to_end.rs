//! The real binary on generated exports, beside the csv crate's bare loop over the same file: ratios, medians of
//! turns that take turns, so that a noisy machine is noisy for both.
//!
//! `cargo bench --bench end_to_end` measures a million rows five times; `-- --rows 2000 --turns 1` only shows that it
//! runs. What each run found is checked, so that nothing is measured that did not do its work.
#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a measurement: what goes wrong may stop it"
)]

use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

const MAPPING: &str = r#"name = "bench"
key = "Id"
[source]
phone_region = "US"
[organization]
businessName = "Name"
displayName = { columns = ["Trading As", "Name"] }
originationSource = { value = "CRM" }
onBoardingStatus = { column = "Stage", map = { "Kick-off" = "Welcome Call" }, default = "Not Started" }
signOnDate = "Signed"
timezoneId = "Zone"
actionPlanCode = "Plan"
integrationMetadata.crm = { owner = "Owner", source = "Lead Source", rating = "Rating", note = "Note" }
[[organization.addresses]]
addressLine1 = "Street"
addressLine2 = "Street 2"
city = "City"
stateProvinceCode = "State"
postalCode = "Zip"
countryCode = { column = "Country", default = "US" }
addressType = { value = 1 }
[[organization.phoneNumbers]]
phoneNumber = "Phone"
phoneType = { value = 1 }
[partnerCriteria]
status = "Status"
onboardingDate = "Onboarded"
salesCutOffDate = "Cut Off"
deactivatedDate = "Left"
enableCommissions = "Commissions"
isW2 = "W2"
w9Submitted = "W9"
[vendorAccount]
currency = "Currency"
email = "Email"
[vendorAccount.bankAccount]
nameOnAccount = "Account Name"
routingNumber = "ABA"
accountNumber = "Account"
"#;

const HEADER: &str = "Id,Name,Trading As,Stage,Signed,Zone,Plan,Owner,Lead Source,Rating,Note,Street,Street 2,City,State,Zip,Country,Phone,Status,Onboarded,Cut Off,Left,Commissions,W2,W9,Currency,Email,Account Name,ABA,Account";

/// Thirty columns, from a seed; of a hundred rows `dirty` are wrong.
fn export(path: &Path, rows: u64, dirty: u64) {
    let mut out = BufWriter::new(std::fs::File::create(path).unwrap());
    writeln!(out, "{HEADER}").unwrap();
    let mut random = 20_261_124_u64;
    let words = ["Not Started", "Welcome Call", "Completed", "Kick-off"];
    let cities = [
        ("San Diego", "CA", "92075"),
        ("Austin", "TX", "73301"),
        ("Boston", "MA", "02108"),
    ];
    for i in 0..rows {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let (city, state, zip) = cities[usize::try_from(random % 3).unwrap()];
        let word = words[usize::try_from(random % 4).unwrap()];
        let (day, month, year) = (
            random % 28 + 1,
            random / 28 % 12 + 1,
            1990 + random / 336 % 37,
        );
        let wrong = i % 100 < dirty;
        let signed = if wrong {
            "31/31/2026".to_owned()
        } else {
            format!("{month}/{day}/{year}")
        };
        writeln!(
            out,
            "K-{i},Company number {i},,{word},{signed},America/Los_Angeles,110{},owner{},Web,Hot,\"a, note\",{i} Main Street,Suite {},{city},{state},{zip},US,(619) 555-{:04},active,{year}-{month:02}-{day:02},{year}-{month:02}-{day:02},,yes,no,yes,USD,info{i}@example.com,Company {i},021000021,12345678{:02}",
            random % 9,
            random % 40,
            random % 300,
            i % 10_000,
            i % 100
        )
        .unwrap();
    }
    out.flush().unwrap();
}

/// The bare loop: every record, and nothing else.
fn bare(path: &Path, rows: u64) -> f64 {
    let begin = Instant::now();
    let mut reader = csv::Reader::from_path(path).unwrap();
    let mut record = csv::ByteRecord::new();
    let mut seen = 0;
    while reader.read_byte_record(&mut record).unwrap() {
        seen += 1;
    }
    assert_eq!(seen, rows);
    begin.elapsed().as_secs_f64()
}

struct Bench {
    folder: PathBuf,
    sandbox: Child,
    url: String,
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = self.sandbox.kill();
        let _ = self.sandbox.wait();
    }
}

impl Bench {
    fn new(folder: &Path) -> Self {
        let mut sandbox = Command::new(env!("CARGO_BIN_EXE_partner-sync"))
            .arg("sandbox")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(sandbox.stdout.take().unwrap())
            .read_line(&mut url)
            .unwrap();
        Self {
            folder: folder.to_owned(),
            sandbox,
            url: url.trim().to_owned(),
        }
    }

    /// Seconds and the summary of a run.
    fn run(&self, arguments: &[&str], exit: i32) -> (f64, serde_json::Value) {
        let begin = Instant::now();
        let output = Command::new(env!("CARGO_BIN_EXE_partner-sync"))
            .args(arguments)
            .args(["--json", "-q", "--progress", "never"])
            .env("PARTNER_SYNC_API_URL", &self.url)
            .env("PARTNER_SYNC_TOKEN", "bench")
            .current_dir(&self.folder)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let seconds = begin.elapsed().as_secs_f64();
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {words}");
        (seconds, serde_json::from_slice(&output.stdout).unwrap())
    }

    /// The same, and the peak of its memory in MiB. Source: proc(5), `VmHWM`.
    fn peak(&self, arguments: &[&str]) -> f64 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_partner-sync"))
            .args(arguments)
            .args(["--json", "-q", "--progress", "never"])
            .current_dir(&self.folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let status = format!("/proc/{}/status", child.id());
        let mut peak = 0.0_f64;
        while child.try_wait().unwrap().is_none() {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
            let kib = line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<f64>().ok());
            peak = peak.max(kib.unwrap_or(0.0) / 1024.0);
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        peak
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn argument(name: &str, default: u64) -> u64 {
    let all: Vec<String> = std::env::args().collect();
    let at = all.iter().position(|a| a == name);
    at.and_then(|i| all.get(i + 1))
        .map_or(default, |n| n.parse().unwrap())
}

fn main() {
    let rows = argument("--rows", 1_000_000);
    let turns = argument("--turns", 5);
    let small = (rows / 100).max(100);
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::new(dir.path());
    std::fs::write(dir.path().join("m.toml"), MAPPING).unwrap();
    let path = |name: &str| dir.path().join(name);
    export(&path("clean.csv"), rows, 0);
    export(&path("dirty.csv"), rows, 20);
    export(&path("small.csv"), small, 0);
    export(&path("hundred.csv"), 100, 0);
    let check = |file: &str, exit, report: bool| {
        let mut arguments = vec!["check", file, "-m", "m.toml"];
        if report {
            arguments.extend(["--report", "out"]);
        }
        bench.run(&arguments, exit)
    };
    // Every row gets its partner, once, before the reruns are measured.
    let import = [
        "import",
        "clean.csv",
        "-m",
        "m.toml",
        "--rate",
        "unlimited",
        "--workers",
        "64",
    ];
    let (first, summary) = bench.run(&import, 0);
    assert_eq!(summary["created"], rows);
    let names = ["bare", "clean", "dirty", "rerun", "start"];
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); names.len()];
    let mut per_row: Vec<f64> = Vec::new();
    for _ in 0..turns {
        times[0].push(bare(&path("clean.csv"), rows));
        let (seconds, summary) = check("clean.csv", 0, false);
        assert_eq!(summary["valid"], rows);
        times[1].push(seconds);
        let (seconds, summary) = check("dirty.csv", 1, true);
        assert_eq!(summary["invalid"], rows / 5);
        times[2].push(seconds);
        let (seconds, summary) = bench.run(&import, 0);
        assert_eq!(summary["skipped"], rows);
        times[3].push(seconds);
        times[4].push(check("hundred.csv", 0, false).0);
        let (little, _) = check("small.csv", 0, false);
        per_row.push((little - times[4][times[4].len() - 1]).max(1e-6) / small as f64);
    }
    let medians: Vec<f64> = times.into_iter().map(median).collect();
    let rate = |seconds: f64| rows as f64 / seconds;
    let (much, little) = (
        bench.peak(&["check", "clean.csv", "-m", "m.toml"]),
        bench.peak(&["check", "small.csv", "-m", "m.toml"]),
    );
    let mut out = std::io::stdout().lock();
    let mut line = |work: &str, measured: String, ratio: String| {
        writeln!(out, "| {work} | {measured} | {ratio} |").unwrap();
    };
    line("work", "measured".to_owned(), "of the bare loop".to_owned());
    line("---", "---".to_owned(), "---".to_owned());
    let works = [
        "csv crate, bare `ByteRecord` loop",
        "`check`, clean",
        "`check`, 20 % dirty, all reports",
        "rerun of `import`, all skipped",
    ];
    for (work, seconds) in works.iter().zip(&medians) {
        line(
            work,
            format!("{:.0} rows/s", rate(*seconds)),
            format!("{:.2}", medians[0] / seconds),
        );
    }
    line(
        "first `import`, 64 workers, against the sandbox",
        format!("{:.0} rows/s", rate(first)),
        "one turn".to_owned(),
    );
    line(
        "`check` of 100 rows, start to exit",
        format!("{:.0} ms", medians[4] * 1000.0),
        "—".to_owned(),
    );
    let growth = rate(medians[1]) * median(per_row);
    line(
        &format!("growth: rows/s at {rows} against {small}"),
        format!("{growth:.2}"),
        "—".to_owned(),
    );
    line(
        &format!("memory of `check`: {rows} rows, {small} rows"),
        format!("{much:.0} MiB, {little:.0} MiB"),
        "—".to_owned(),
    );
}
