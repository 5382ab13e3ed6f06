//! `partners.csv`: the source's own rows that have their partner, with its id, and the way back in.

use std::collections::BTreeMap;
use std::process::Stdio;

use crate::support::{Finished, Server, Workdir, repository, text};

/// The id of each key's partner.
fn ids(server: &Server) -> BTreeMap<String, String> {
    let of = |p: &serde_json::Value| (text(p, "/party/legacyIdentifier"), text(p, "/id"));
    server.partners().iter().map(of).collect()
}

/// Rows of a file, by the csv crate.
fn rows(dir: &Workdir, name: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_path(dir.path(name))
        .unwrap();
    let rows = reader.records().map(|r| r.unwrap());
    rows.map(|r| r.iter().map(str::to_owned).collect())
        .collect()
}

const MAPPING: &str = "name = \"x\"\nkey = \"Id\"\n[organization]\nbusinessName = \"=Name\"\nsignOnDate = \"Since\"\n";

fn import(dir: &Workdir, server: &Server, file: &str, out: &str, more: &[&str]) -> Finished {
    dir.run(&["import", file, "-m", "m.toml", "--json", "--report", out])
        .args(more)
        .at(server)
        .finish()
}

#[test]
fn every_row_with_a_partner_is_in_it_and_feeding_it_back_changes_nothing() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.write("m.toml", MAPPING);
    // Formulas, an invalid row, and two rows with one key.
    dir.write(
        "e.csv",
        "Id,=Name,Since,Note\nA,Alpha,2026-03-04,=1+1\n-B,\"Beta, Inc\",2026-03-04,'=x\nC,Gamma,2026-02-31,\"two\nlines\"\nD,Delta,2026-03-04,\nD,Delta,2026-03-04,\n",
    );
    import(&dir, &server, "e.csv", "out", &[]).expect_exit(1);
    let made = ids(&server);
    let header = ["Id", "'=Name", "Since", "Note", "_partner_id"];
    let alpha = ["A", "Alpha", "2026-03-04", "'=1+1", &made["A"]];
    let beta = ["'-B", "Beta, Inc", "2026-03-04", "''=x", &made["-B"]];
    assert_eq!(rows(&dir, "out/partners.csv"), [header, alpha, beta]);

    // Repaired rejects give the source's own row its partner; of rows that share a key, nobody knows which has it.
    dir.write(
        "r.csv",
        "Id,=Name,Since\nC,Gamma,2026-02-28\nD,Delta,2026-03-04\n",
    );
    import(&dir, &server, "r.csv", "out2", &[]).expect_exit(0);
    import(&dir, &server, "e.csv", "out", &[]).expect_exit(1);
    let made = ids(&server);
    let gamma = ["C", "Gamma", "2026-02-31", "two\nlines", &made["C"]];
    let all = [header, alpha, beta, gamma].map(|row| row.map(str::to_owned).to_vec());
    assert_eq!(rows(&dir, "out/partners.csv"), all);

    // It is read as it was written, and written as it was read.
    std::fs::copy(dir.path("out/partners.csv"), dir.path("fed.csv")).unwrap();
    let fed = import(&dir, &server, "fed.csv", "out3", &[]).expect_exit(0);
    assert_eq!(fed.summary().get("skipped"), 3);
    assert!(!fed.stderr.contains("_partner_id"), "{}", fed.stderr);
    assert_eq!(dir.read("out3/partners.csv"), dir.read("fed.csv"));
    // Rows that changed have their partner all the same; an id of somebody else gives way.
    dir.write(
        "changed.csv",
        "Id,=Name,_partner_id,Since\nA,Other,old-1,2026-03-04\nE,Echo,,\n",
    );
    import(&dir, &server, "changed.csv", "out4", &["--limit", "0"]).expect_exit(3);
    let other = ["A", "Other", "2026-03-04", &made["A"]];
    assert_eq!(
        rows(&dir, "out4/partners.csv"),
        [["Id", "'=Name", "Since", "_partner_id"], other]
    );
    server.assert_each_once(4);

    // Not of a dry run, and not without values.
    import(&dir, &server, "e.csv", "dry", &["--dry-run"]).expect_exit(1);
    import(&dir, &server, "e.csv", "bare", &["--no-source-values"]).expect_exit(1);
    for folder in ["dry", "bare"] {
        assert!(dir.path(&format!("{folder}/problems.csv")).exists());
        assert!(!dir.path(&format!("{folder}/partners.csv")).exists());
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let found = std::fs::metadata(dir.path("out/partners.csv")).unwrap();
        assert_eq!(found.permissions().mode() & 0o777, 0o600);
    }
}

/// The exports of the shipped mappings, as text and as workbooks.
#[test]
fn what_is_written_of_a_workbook_is_skipped_too() {
    for (file, mapping) in [
        ("salesforce-accounts.xlsx", "salesforce"),
        ("hubspot-companies.xlsx", "hubspot"),
        ("zoho-accounts.xlsx", "zoho"),
        ("dynamics-accounts.xlsx", "dynamics"),
        ("pipedrive-organizations.xlsx", "pipedrive"),
        ("pipedrive-organizations.csv", "pipedrive"),
    ] {
        let dir = Workdir::new();
        let mapping = repository(&format!("mappings/{mapping}.toml"));
        let mapping = mapping.to_str().unwrap();
        std::fs::copy(repository("samples").join(file), dir.path(file)).unwrap();
        let import = |file: &str, out: &str| {
            let run = ["import", file, "-m", mapping, "--json", "--report", out];
            let run = dir.run(&run).args(&["--sandbox", "--rate", "unlimited"]);
            run.finish().expect_exit(0).summary()
        };
        let rows = import(file, "out").get("created");
        let fed = import("out/partners.csv", "out2");
        assert_eq!(
            (fed.get("skipped"), fed.get("warnings")),
            (rows, 0),
            "{file}"
        );
    }
}

#[test]
fn each_file_has_its_own_and_standard_input_has_one_too() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.write("m.toml", crate::support::SIMPLE_MAPPING);
    dir.write("a.csv", "Id,Name,Note\nA,Alpha,1\n");
    dir.write("b.csv", "Name;Id\nBeta;B\n;C\n");
    let run = import(&dir, &server, "a.csv", "out", &["b.csv"]).expect_exit(1);
    let made = ids(&server);
    let first = format!("Id,Name,Note,_partner_id\nA,Alpha,1,{}\n", made["A"]);
    assert_eq!(dir.read("out/partners.csv"), first);
    let second = format!("Name;Id;_partner_id\nBeta;B;{}\n", made["B"]);
    assert_eq!(dir.read("out/partners-2.csv"), second);
    // The next run into the folder moves both away.
    let input = std::fs::File::open(dir.path("b.csv")).unwrap();
    let again = dir
        .run(&["import", "-", "-m", "m.toml", "--json", "--report", "out"])
        .stdin(Stdio::from(input))
        .at(&server);
    again.finish().expect_exit(1);
    assert_eq!(dir.read("out/partners.csv"), second);
    assert!(!dir.path("out/partners-2.csv").exists());
    let earlier = format!(
        "out/previous/{}/partners-2.csv",
        text(run.summary().value(), "/run")
    );
    assert_eq!(dir.read(&earlier), second);
}

/// Whatever keeps a run from sending, the rows that have their partner are written.
#[test]
fn a_run_that_stops_or_is_refused_writes_it_too() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.write("m.toml", MAPPING);
    dir.write(
        "e.csv",
        "Id,=Name,Since\nA,Alpha,2026-02-31\nB,Beta,2026-03-04\nC,Gamma,2026-03-04\nD,,2026-03-04\n",
    );
    dir.write("r.csv", "Id,=Name,Since\nA,Alpha,2026-02-28\n");
    import(&dir, &server, "r.csv", "out", &[]).expect_exit(0);
    let keys = |name: &str| -> Vec<String> {
        let rows = rows(&dir, name).into_iter().skip(1);
        rows.map(|row| row[0].clone()).collect()
    };
    // A row that was repaired is not invalid, also where nothing is sent: one invalid row is left.
    let refused = import(&dir, &server, "e.csv", "out", &["--max-errors", "0"]).expect_exit(1);
    let counts = ["skipped", "invalid", "deferred", "created"].map(|c| refused.summary().get(c));
    assert_eq!(counts, [1, 1, 2, 0], "{}", refused.stderr);
    let problems = dir.read("out/problems.csv");
    assert!(problems.contains(",row.repaired,"), "{problems}");
    assert!(!problems.contains(",date.invalid,"), "{problems}");
    assert_eq!(keys("out/partners.csv"), ["A"]);
    import(
        &dir,
        &server,
        "e.csv",
        "out",
        &["--limit", "1", "--max-errors", "1"],
    )
    .expect_exit(3);
    assert_eq!(keys("out/partners.csv"), ["A", "B"]);
    import(&dir, &server, "e.csv", "out", &[]).expect_exit(1);
    assert_eq!(keys("out/partners.csv"), ["A", "B", "C"]);
    // Of two rows with the key of a partner, both are invalid.
    dir.write(
        "two.csv",
        "Id,=Name,Since\nA,Alpha,2026-02-31\nA,Alpha,2026-03-04\n",
    );
    let refused = import(&dir, &server, "two.csv", "out", &["--max-errors", "1"]).expect_exit(1);
    assert!(
        refused.stderr.contains("--max-errors"),
        "{}",
        refused.stderr
    );
    assert_eq!(refused.summary().get("invalid"), 2);
    assert!(keys("out/partners.csv").is_empty());
}

#[test]
fn columns_of_bank_data_are_left_out_of_it() {
    let dir = Workdir::new();
    let mapping = repository("mappings/apptivo.toml");
    let mapping = mapping.to_str().unwrap();
    let sample = repository("samples/apptivo-customers.csv");
    std::fs::copy(&sample, dir.path("e.csv")).unwrap();
    let import = |file: &str, out: &str| {
        let run = ["import", file, "-m", mapping, "--json", "--report", out];
        dir.run(&run)
            .args(&["--sandbox", "--rate", "unlimited"])
            .finish()
    };
    import("e.csv", "out").expect_exit(0);
    let (source, written) = (rows(&dir, "e.csv"), rows(&dir, "out/partners.csv"));
    let is_bank = |name: &String| ["Account No", "ABA"].contains(&name.as_str());
    let banks: Vec<usize> = (0..source[0].len())
        .filter(|c| is_bank(&source[0][*c]))
        .collect();
    assert!(!banks.is_empty(), "{:?}", source[0]);
    let kept = |row: &Vec<String>| -> Vec<String> {
        let kept = row.iter().enumerate().filter(|(c, _)| !banks.contains(c));
        kept.map(|(_, cell)| cell.clone()).collect()
    };
    let columns = |row: &Vec<String>| row[..row.len() - 1].to_vec();
    assert_eq!(columns(&written[0]), kept(&source[0]));
    assert_eq!(written.len(), source.len());
    // Without these columns it is no export: partners without a bank account could be created of it.
    let refused = import("out/partners.csv", "out2").expect_exit(2);
    assert!(
        refused.stderr.contains("read the export itself"),
        "{}",
        refused.stderr
    );
}

/// Reports beyond the number that is kept go, oldest first; what somebody changed or put there stays.
#[test]
fn earlier_reports_are_let_go() {
    let dir = Workdir::new();
    dir.simple_export(2);
    dir.write("c.toml", "[report]\ndir = \"out\"\nkeep = 2\n");
    let check = || {
        let run = dir.run(&["check", "e.csv", "-m", "m.toml", "-c", "c.toml", "--json"]);
        text(run.finish().expect_exit(0).summary().value(), "/run")
    };
    let runs: Vec<String> = (0..3).map(|_| check()).collect();
    dir.write(&format!("out/previous/{}/notes.txt", runs[0]), "mine");
    let more: Vec<String> = (0..3).map(|_| check()).collect();
    let mut left: Vec<String> = std::fs::read_dir(dir.path("out/previous"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left.len(), 3, "{left:?}");
    for run in [&runs[0], &more[0], &more[1]] {
        assert!(left.contains(run), "{run}: {left:?}");
    }
    let kept = format!("out/previous/{}", runs[0]);
    for file in ["notes.txt", "summary.json", "report.html"] {
        assert!(dir.path(&format!("{kept}/{file}")).exists(), "{file}");
    }
    assert!(dir.read("out/summary.json").contains(&more[2]));
}
