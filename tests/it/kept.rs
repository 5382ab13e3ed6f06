//! docs/data-protection.md: every file that a run leaves is in it, with its mode.

#[cfg(unix)]
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::support::{Server, Workdir, repository};

fn all_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            all_files(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

#[cfg(unix)]
#[test]
fn every_file_that_is_left_is_in_the_document() {
    let dir = Workdir::new();
    let document = std::fs::read_to_string(repository("docs/data-protection.md")).unwrap();
    let given = ["e.csv", "m.toml", "c.toml"];
    dir.write("e.csv", "Id,Name\nK-1,One\nK-2,\n");
    dir.write("m.toml", crate::support::SIMPLE_MAPPING);
    dir.write(
        "c.toml",
        "[report]\ndir = \"reports\"\n[metrics]\ntextfile = \"m.prom\"\n[[job]]\nname = \"j\"\nfile = \"e.csv\"\nmapping = \"m.toml\"\n",
    );
    let quick = ["--rate", "unlimited", "--settle", "10ms"];
    let import = [
        "import",
        "e.csv",
        "-m",
        "m.toml",
        "--yes",
        "--sandbox",
        "--report",
        "r",
    ];
    for (arguments, exit) in [
        (
            &["check", "e.csv", "-m", "m.toml", "--report", "checked"][..],
            1,
        ),
        (
            &[
                "import",
                "e.csv",
                "-m",
                "m.toml",
                "--dry-run",
                "--sandbox",
                "--report",
                "dry",
            ],
            1,
        ),
        (&[&import[..], &quick].concat(), 1),
        (
            &[&["sync", "-c", "c.toml", "--sandbox"][..], &quick].concat(),
            1,
        ),
        (
            &[
                "verify",
                "e.csv",
                "-m",
                "m.toml",
                "--sandbox",
                "--report",
                "verified",
            ],
            1,
        ),
        (&["state", "backup", "copy.db"], 0),
    ] {
        dir.run(arguments).finish().expect_exit(exit);
    }
    let mut files = Vec::new();
    all_files(&dir.path(""), &mut files);
    assert!(files.len() > 20, "{files:?}");
    for path in files {
        let name = path.file_name().unwrap().to_str().unwrap();
        if given.contains(&name) {
            continue;
        }
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        let (known, expected) = match name {
            "m.prom" => ("the file of `[metrics]`", 0o644),
            "copy.db" => ("`state backup`", 0o600),
            "partner-sync.db-wal" => ("`-wal`", 0o600),
            "partner-sync.db-shm" => ("`-shm`", 0o600),
            name => (&*format!("`{name}`"), 0o600),
        };
        assert!(
            document.contains(known),
            "{} is not in the document",
            path.display()
        );
        assert_eq!(mode, expected, "{}", path.display());
        let folder = path.parent().unwrap();
        // The folder of the test is not of the program's making.
        if folder.file_name() != dir.path("").file_name() {
            let mode = std::fs::metadata(folder).unwrap().permissions().mode() & 0o077;
            assert_eq!(mode, 0, "{}", folder.display());
        }
    }
}

/// What nobody watches is mailed and kept in journals: it names places and codes, and no cell.
#[test]
fn a_night_prints_no_value_of_a_cell() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--fault", "409=0.5", "--seed", "3"]);
    let mut export = String::from("Id,Name,Routing,Signed,Mail\n");
    for n in 0..20 {
        export.push_str(&format!(
            "NEEDLE-K{n},NEEDLE-N{n},98765432{n},NEEDLE-D{n},NEEDLE-M{n}\n"
        ));
    }
    for n in 0..20 {
        export.push_str(&format!("NEEDLE-V{n},NEEDLE-W{n},,,\n"));
    }
    export.push_str("NEEDLE-Z,,,,\n\nNEEDLE-Total,,,,\n");
    dir.write("e.csv", export);
    dir.write(
        "m.toml",
        "name = \"m\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nsignOnDate = \"Signed\"\n[vendorAccount.bankAccount]\nroutingNumber = \"Routing\"\n",
    );
    dir.write("c.toml", "[report]\ndir = \"reports\"\n[[job]]\nname = \"j\"\nfile = \"e.csv\"\nmapping = \"m.toml\"\n");
    for more in [&[][..], &["-q"], &["--json"], &["-v", "--dry-run"]] {
        let arguments = [
            "sync",
            "-c",
            "c.toml",
            "--rate",
            "unlimited",
            "--settle",
            "10ms",
        ];
        let run = dir
            .run(&[&arguments[..], more].concat())
            .at(&server)
            .finish();
        let printed = format!("{}{}", run.stdout, run.stderr);
        assert!(run.exit == 1 || run.exit == 2, "{printed}");
        assert!(
            !printed.contains("NEEDLE") && !printed.contains("98765432"),
            "{more:?}: {printed}"
        );
        if run.exit == 1 {
            assert!(printed.contains("date.invalid"), "{more:?}: {printed}");
        }
    }
}
