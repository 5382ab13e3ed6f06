//! A workbook of problems, repaired in `LibreOffice` as a person does it, in two languages: what is typed is what is read.

use std::path::Path;
use std::process::Command;

use crate::support::{Server, Workdir};

/// The system's Python, where `LibreOffice` can be driven by it.
fn python_with_uno() -> Option<&'static str> {
    const PYTHON: &str = "/usr/bin/python3";
    let asked = Command::new(PYTHON).args(["-c", "import uno"]).output();
    let has_uno = asked.is_ok_and(|run| run.status.success());
    let office = std::env::var_os("PATH")?;
    let has_office = std::env::split_paths(&office).any(|f| f.join("soffice").is_file());
    (has_uno && has_office).then_some(PYTHON)
}

#[test]
fn what_is_typed_in_libreoffice_is_what_is_read() {
    let Some(python) = python_with_uno() else {
        eprintln!("left out: there is no LibreOffice with UNO here");
        return;
    };
    let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/libreoffice.py");
    for locale in ["en-US", "en-GB"] {
        let dir = Workdir::new();
        let server = Server::start(&dir, &[]);
        dir.write(
            "e.csv",
            "Id,Name,Since,Fax\nA,Alpha,31/31/2025,\nB,Beta,13/04/2025,\nC,,05/06/2025,\nD,Delta,99/99/2025,\n",
        );
        dir.write(
            "m.toml",
            "name = \"x\"\nkey = \"Id\"\n[source]\ndate_order = \"dmy\"\n[organization]\nbusinessName = \"Name\"\nsignOnDate = \"Since\"\nhcoXrefId = \"Fax\"\n",
        );
        let import = |file: &str, out: &str| {
            dir.run(&["import", file, "-m", "m.toml", "--json", "--report", out])
                .at(&server)
                .finish()
        };
        import("e.csv", "out").expect_exit(1);
        let typed = Command::new(python)
            .arg(&driver)
            .arg(locale)
            .args([dir.path("out/report.xlsx"), dir.path("repaired.xlsx")])
            .arg("Rows")
            // Month and day that could be taken for each other, a name like a date, and a number with zeros.
            .args([
                "Since=Id=A=3/4/2025",
                "Name=Id=C=1/2",
                "Since=Id=D=2025-04-03",
            ])
            .arg("Fax=Id=A=00501")
            .output()
            .unwrap();
        assert!(typed.status.success(), "{typed:?}");
        let second = import("repaired.xlsx", "out2").expect_exit(0);
        assert_eq!(second.summary().get("created"), 3, "{locale}");
        let partner = |key: &str| {
            let all = server.partners();
            let is =
                |p: &&serde_json::Value| crate::support::text(p, "/party/legacyIdentifier") == key;
            all.iter().find(is).unwrap().clone()
        };
        let shown = |key: &str, field: &str| crate::support::text(&partner(key), field);
        let since = |key: &str| shown(key, "/signOnDate")[..10].to_owned();
        assert_eq!(since("A"), "2025-04-03", "{locale}");
        assert_eq!(shown("A", "/hcoXrefId"), "00501", "{locale}");
        assert_eq!(shown("C", "/businessName"), "1/2", "{locale}");
        assert_eq!(since("C"), "2025-06-05", "{locale}");
        assert_eq!(since("D"), "2025-04-03", "{locale}");
    }
}
