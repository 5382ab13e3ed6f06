//! Inputs that would take the machine: each is refused, or read, in bounded memory and with clear words.

use std::process::Command;

use crate::support::{Finished, SIMPLE_MAPPING, Workdir, binary};

/// A `check` that may take 1 GB of addresses: its threads' stacks and the allocator's own arenas count too.
fn check(dir: &Workdir, file: &str) -> Finished {
    let limit = if cfg!(target_os = "linux") {
        "ulimit -v 1000000; "
    } else {
        ""
    };
    let script = format!("{limit}exec {} check {file} -m m.toml --report r", binary());
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(dir.path(""))
        .output()
        .unwrap();
    Finished::of(output)
}

/// Five rows, the second of them strange.
fn around(strange: &str) -> String {
    format!("Id,Name\n1,A\n{strange}\n3,C\n4,D\n5,E\n")
}

#[test]
fn tables_that_are_none_are_refused_by_the_row() {
    let dir = Workdir::new();
    dir.write("m.toml", SIMPLE_MAPPING);
    let million = ",x".repeat(1_000_000);
    for (text, row, says) in [
        (
            around(&format!("2,B{million}")),
            3,
            "more than 262,144 cells",
        ),
        (
            around(&",".repeat(16_000_000)),
            3,
            "more than 262,144 cells",
        ),
        (
            format!("Id,Name{million}\n1,A\n"),
            1,
            "more than 262,144 cells",
        ),
        (
            format!("Id,Name{}\n1,A\n", ",x".repeat(70_000)),
            1,
            "more than 65,536 columns",
        ),
        (
            format!("Id,{}\n1,A\n", "N".repeat(15_000_000)),
            1,
            "column B has more than 32,767 bytes",
        ),
    ] {
        dir.write("e.csv", text);
        let run = check(&dir, "e.csv").expect_exit(2);
        let place = format!("e.csv, row {row}: ");
        assert!(
            run.stderr.contains(&place) && run.stderr.contains(says),
            "{}",
            run.stderr
        );
        assert!(run.stderr.len() < 1_000, "{}", run.stderr);
    }
}

#[test]
fn a_cell_may_hold_many_delimiters() {
    let dir = Workdir::new();
    dir.write("m.toml", SIMPLE_MAPPING);
    dir.write("e.csv", around(&format!("2,\"{}\"", ",".repeat(400_000))));
    check(&dir, "e.csv").expect_exit(0);
}

/// A workbook has 16,384 columns; the other reports have no such limit.
#[test]
fn a_table_wider_than_a_workbook_has_all_reports_but_the_workbook() {
    let dir = Workdir::new();
    dir.write("m.toml", SIMPLE_MAPPING);
    for (columns, has_workbook) in [(16_380, true), (16_381, false)] {
        let more: Vec<String> = (3..=columns).map(|n| format!(",c{n}")).collect();
        let more = more.concat();
        let cells = ",".repeat(columns - 2);
        dir.write("e.csv", format!("Id,Name{more}\n1,{cells}\n2,B{cells}\n"));
        let run = check(&dir, "e.csv").expect_exit(1);
        assert_eq!(
            dir.path("r/report.xlsx").is_file(),
            has_workbook,
            "{columns}"
        );
        assert_eq!(
            run.stderr.contains("no report.xlsx is written"),
            !has_workbook
        );
        assert!(run.stderr.contains("columns not used"), "{}", run.stderr);
        assert!(
            run.stderr.len() < 5_000,
            "the list of unused columns ends: {}",
            run.stderr.len()
        );
        let rejects = dir.read("r/rejects.csv");
        assert!(
            rejects.contains("\n1,,") && !rejects.contains("\n2,B"),
            "{columns}"
        );
        if has_workbook {
            std::fs::remove_dir_all(dir.path("r")).unwrap();
        }
    }
}

#[test]
fn a_mapping_of_one_endless_line_is_told_as_any_other() {
    let dir = Workdir::new();
    dir.simple_export(3);
    let head = "name = \"m\"\nkey = \"Id\"\n[organization]\n";
    let long = 100_000;
    for (line, says) in [
        (format!("businessName = {}", "[".repeat(long)), "m.toml:4:"),
        (
            format!("businessName = \"{}\"", "é".repeat(long)),
            "m.toml:4:16",
        ),
        (
            format!("foo{} = \"Name\"", "o".repeat(long)),
            "unknown field",
        ),
        (
            format!("{}businessName = 5", "\t".repeat(long)),
            "m.toml:4:100016",
        ),
        (
            (0..2_000)
                .map(|n| format!("x{n} = \"A\"\n"))
                .collect::<Vec<_>>()
                .concat(),
            "more; correct these first",
        ),
    ] {
        dir.write("m.toml", format!("{head}{line}\n"));
        let run = check(&dir, "e.csv").expect_exit(2);
        assert!(run.stderr.contains(says), "{}", run.stderr);
        assert!(run.stderr.len() < 20_000, "{}", run.stderr.len());
    }
    dir.write(
        "m.toml",
        format!(
            "{head}businessName = \"Name\"\n#{}",
            "x".repeat(4 * 1024 * 1024)
        ),
    );
    let run = check(&dir, "e.csv").expect_exit(2);
    assert!(run.stderr.contains("larger than 4 MiB"), "{}", run.stderr);
}

/// The script that measures memory over samples, hostile files and what was fuzzed runs; here over the samples alone.
#[test]
fn the_memory_of_every_sample_is_measured() {
    let script = crate::support::repository("scripts/peak-memory");
    let measured = |most: &str| {
        let run = Command::new("python3")
            .arg(&script)
            .args([binary(), "--samples", "--most", most])
            .output();
        run.map(Finished::of)
    };
    let Ok(run) = measured("512") else {
        let _ = std::io::Write::write_all(
            &mut std::io::stderr(),
            b"left out: python3 is not installed\n",
        );
        return;
    };
    let last = run.stdout.lines().last().unwrap_or_default().to_owned();
    assert!(
        run.exit == 0 && last.contains("512 MiB are allowed"),
        "{}{}",
        run.stdout,
        run.stderr
    );
    assert_eq!(measured("1").unwrap().exit, 1);
}
