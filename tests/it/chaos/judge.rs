//! What has to hold once all machines have ended, whatever happened to them.

use std::collections::HashMap;

use super::machines::Story;
use super::{ROWS, SETTLE};
use crate::support::{Finished, Server, Workdir, text};

/// What does not hold; all of it is said at once, with what happened.
struct Judge<'a> {
    dir: &'a Workdir,
    server: &'a Server,
    url: &'a str,
    log: String,
    faults: Vec<String>,
}

/// `server` tells the truth by now.
pub(super) fn judge(dir: &Workdir, server: &Server, url: &str, log: String, story: &Story) {
    let mut judge = Judge {
        dir,
        server,
        url,
        log,
        faults: Vec::new(),
    };
    for (number, run) in &story.ended {
        judge.machine(*number, run);
    }
    judge.machines_add_up(story);
    let (number, last) = story.ended.last().unwrap();
    judge.last(*number, last);
    judge.once("before it is reconciled");
    judge.afterwards();
    judge.once("at the end");
    judge.state_and_parents();
    let faults = judge.faults.join("\n");
    let place = dir.path("");
    assert!(
        faults.is_empty(),
        "{}\n\n{faults}\n{}",
        story.text(),
        place.display()
    );
}

impl Judge<'_> {
    fn fault(&mut self, words: impl Into<String>) {
        self.faults.push(words.into());
    }

    /// Each machine that was not killed ends well, with problems, or because of its state; and reports nothing that is not so.
    fn machine(&mut self, number: usize, run: &Finished) {
        if !matches!(run.exit, 0 | 1 | 3) {
            self.fault(format!("machine {number}: {run:?}"));
        }
        let problems = self.dir.path(&format!("out-{number}/problems.csv"));
        let problems = std::fs::read_to_string(problems).unwrap_or_default();
        let said = format!("{}{}{problems}", run.stdout, run.stderr);
        for never in ["panicked", "api.duplicate", "has lost commits", "Illegal"] {
            if let Some(line) = said.lines().find(|line| line.contains(never)) {
                self.fault(format!("machine {number}: {never}: {line}"));
            }
        }
        if !run.stdout.is_empty() {
            let summary = run.summary();
            let has_reason = run.exit != 3 || summary.value()["stopped"].is_string();
            if summary.get("rows") != ROWS as u64 || !has_reason {
                self.fault(format!("machine {number}: {}", run.stdout));
            }
        }
    }

    /// No two machines say of the same row that they have created it, and the partner is the API's.
    fn machines_add_up(&mut self, story: &Story) {
        let partners = self.ids();
        let mut creators: HashMap<String, usize> = HashMap::new();
        for (number, run) in &story.ended {
            let created = self.dir.path(&format!("out-{number}/created.csv"));
            let created = std::fs::read_to_string(created).unwrap_or_default();
            let rows = created.lines().skip(1);
            let count = rows.clone().count() as u64;
            let said = serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap_or_default();
            let counted = ["created", "adopted"].map(|n| said[n].as_u64().unwrap_or(0));
            if counted.iter().sum::<u64>() != count {
                self.fault(format!("machine {number} lists {count}: {said}"));
            }
            for row in rows {
                let cells: Vec<&str> = row.split(',').map(|c| c.trim_matches('"')).collect();
                if let Some(other) = creators.insert(cells[0].to_owned(), *number) {
                    self.fault(format!("machines {other} and {number} both created {row}"));
                }
                if partners.get(cells[0]).map(String::as_str) != Some(cells[2]) {
                    self.fault(format!("machine {number}: the API has another: {row}"));
                }
            }
        }
    }

    /// What the last run left is in doubt, or waits for such a row, and is reported.
    fn last(&mut self, number: usize, run: &Finished) {
        let summary = run.summary();
        let left = summary.get("in_doubt") + summary.get("blocked");
        let done = summary.get("created") + summary.get("skipped") + summary.get("adopted");
        let problems = self.dir.read(&format!("out-{number}/problems.csv"));
        let told = problems.matches("delivery.in_doubt").count() as u64;
        let is_told = told == summary.get("in_doubt");
        if left + done != ROWS as u64 || run.exit != i32::from(left > 0) || !is_told {
            self.fault(format!("the last run: {run:?}\n{problems}"));
        }
    }

    /// Once the API tells the truth, `reconcile` settles what is in doubt, and a run creates the rest.
    fn afterwards(&mut self) {
        let reconcile = self.dir.run(&["reconcile", "--settle", SETTLE]);
        let reconcile = reconcile.at_url(self.url).finish();
        let import = ["import", "e.csv", "-m", "m.toml", "--settle", SETTLE];
        let import = self.dir.run(&import).args(&["--json"]);
        let import = import.at_url(self.url).finish();
        if reconcile.exit != 0 || import.exit != 0 {
            self.fault(format!("{reconcile:?}\n{import:?}"));
        }
        let more = self.server.count("POST");
        let again = self.dir.run(&["import", "e.csv", "-m", "m.toml", "--json"]);
        let again = again.at_url(self.url).finish();
        if again.exit != 0 || again.summary().get("skipped") != ROWS as u64 {
            self.fault(format!("{again:?}"));
        }
        if self.server.count("POST") != more {
            self.fault("a run that has nothing to do sends something");
        }
    }

    fn ids(&self) -> HashMap<String, String> {
        let partners = self.server.partners();
        let row = |p: &serde_json::Value| (text(p, "/party/legacyIdentifier"), text(p, "/id"));
        partners.iter().map(row).collect()
    }

    fn once(&mut self, when: &str) {
        let by_key = self.server.by_key();
        for (key, _) in by_key.iter().filter(|(_, count)| **count > 1) {
            let requests = self.log.lines();
            let requests = requests.filter(|line| line.contains(&format!("\"{key}\"")));
            let requests: Vec<&str> = requests.collect();
            let ask = |sql: &str| self.dir.ask_database(&sql.replace("KEY", key));
            let story = ask("SELECT * FROM partner_sync.story WHERE key = 'KEY' ORDER BY id");
            let record = ask("SELECT * FROM partner_sync.record WHERE key = 'KEY'");
            let late = ask("SELECT * FROM partner_sync.late WHERE key = 'KEY'");
            let requests = requests.join("\n");
            self.fault(format!(
                "{key} is there twice {when}:\n{requests}\n{story}\n{record}\n{late}"
            ));
        }
        if when == "at the end" && by_key.len() != ROWS {
            self.fault(format!("there are {} partners", by_key.len()));
        }
    }

    /// The state has the API's partners, and so have the children.
    fn state_and_parents(&mut self) {
        let partners = self.ids();
        let records = self
            .dir
            .ask_database("SELECT key || ' ' || state || ' ' || partner FROM partner_sync.record");
        if records.lines().count() != ROWS {
            self.fault(format!("the state has {} rows", records.lines().count()));
        }
        for record in records.lines() {
            let words: Vec<&str> = record.split(' ').collect();
            if partners.get(words[0]).map(String::as_str) != Some(words[2]) {
                self.fault(format!("the state has another partner: {record}"));
            }
        }
        let csv = self.dir.read("e.csv");
        let parents: HashMap<&str, &str> = csv
            .lines()
            .skip(1)
            .filter_map(|line| Some((line.split(',').next()?, line.rsplit(',').next()?)))
            .collect();
        for partner in self.server.partners() {
            let key = text(&partner, "/party/legacyIdentifier");
            let parent = parents[key.as_str()];
            let expected = partners.get(parent).cloned().unwrap_or_default();
            if text(&partner, "/parentPartner/id") != expected {
                self.fault(format!("{key} has another parent: {partner}"));
            }
        }
    }
}
