use crate::support::{Server, Workdir, text};

const MAPPING: &str = "name = \"t\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\n[[organization.addresses]]\ncity = \"City\"\n";

/// Imports a file; the names and cities that were sent, by key, and `problems.csv` without its first line.
fn imported(bytes: &[u8], mapping: &str, exit: i32) -> (Vec<String>, String, String) {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.write("e.csv", bytes);
    dir.write("m.toml", mapping);
    let run = dir
        .run(&["import", "e.csv", "-m", "m.toml", "--report", "out"])
        .at(&server)
        .finish()
        .expect_exit(exit);
    let problems = dir.read("out/problems.csv");
    let problems = problems.lines().skip(1).collect::<Vec<_>>().join("\n");
    (sent(&server), problems, run.stderr)
}

fn sent(server: &Server) -> Vec<String> {
    let one = |p: &serde_json::Value| {
        format!(
            "{}|{}|{}",
            text(p, "/party/legacyIdentifier"),
            text(p, "/businessName"),
            text(p, "/party/addresses/0/city")
        )
    };
    let mut sent: Vec<String> = server.partners().iter().map(one).collect();
    sent.sort();
    sent
}

#[test]
fn a_spoilt_byte_is_a_problem_of_its_row() {
    let mut bytes = b"Id,Name,City\n".to_vec();
    for i in 10..60 {
        bytes.extend(format!("{i},M\u{fc}ller {i},K\u{f6}ln\n").bytes());
    }
    bytes.extend(
        b"60,Caf\xe9,K\xc3\xb6ln\n61,plain,plain\n62,Emoji \xed\xa0\xbd\xed\xb8\x80,Rom\n63,Z,Par",
    );
    bytes.push(0xc3);
    let (sent, problems, stderr) = imported(&bytes, MAPPING, 1);
    assert_eq!(sent.len(), 52);
    assert!(
        sent.contains(&"59|M\u{fc}ller 59|K\u{f6}ln".to_owned()),
        "{sent:?}"
    );
    assert!(
        sent.contains(&"62|Emoji \u{1f600}|Rom".to_owned()),
        "{sent:?}"
    );
    assert!(problems.contains("row.encoding"), "{problems}");
    assert!(problems.contains("row.torn"), "{problems}");
    assert!(!problems.contains("windows-1252"), "{problems}");
    assert!(
        stderr.contains("UTF-8 (valid in all but line 52"),
        "{stderr}"
    );

    // The other way round: a line of UTF-8 in a Latin-1 file.
    let latin =
        b"1,Caf\xe9,K\xf6ln\n2,Zo\xeb,Gen\xe8ve\n3,M\xfcller,Z\xfcrich\n4,Caf\xc3\xa9,Rom\n";
    let (sent, problems, _) = imported(&[b"Id,Name,City\n", latin.as_slice()].concat(), MAPPING, 1);
    assert_eq!(
        sent,
        [
            "1|Caf\u{e9}|K\u{f6}ln",
            "2|Zo\u{eb}|Gen\u{e8}ve",
            "3|M\u{fc}ller|Z\u{fc}rich"
        ]
    );
    assert!(
        problems.contains("UTF-8 text, and the file is in another encoding"),
        "{problems}"
    );
}

#[test]
fn a_byte_order_mark_counts_more_than_the_mapping() {
    let mapping = MAPPING.replace(
        "[organization]",
        "[source]\nencoding = \"windows-1252\"\n[organization]",
    );
    let (sent, _, stderr) = imported(
        "\u{feff}Id,Name,City\n1,Caf\u{e9},Rom\n".as_bytes(),
        &mapping,
        0,
    );
    assert_eq!(sent, ["1|Caf\u{e9}|Rom"]);
    assert!(stderr.contains("byte order mark of UTF-8"), "{stderr}");
    // Without one, what is UTF-8 beyond doubt is not sent as something else.
    let (sent, problems, _) = imported(
        "Id,Name,City\n1,Caf\u{e9},Rom\n2,B,C\n".as_bytes(),
        &mapping,
        1,
    );
    assert_eq!(sent, ["2|B|C"]);
    assert!(problems.contains("row.encoding"), "{problems}");
}

#[test]
fn quotes_that_do_not_fit_refuse_their_row_and_no_other() {
    let file = b"Id,Name,City\n1,\"Acme \"Best\" Ltd\",X\n2,\"Beta, Inc\",Y\n3,\"Gamma,Z\n4,\"Delta\",U\n5,E,V\n";
    let (sent, problems, _) = imported(file, MAPPING, 1);
    assert_eq!(sent, ["2|Beta, Inc|Y", "4|Delta|U", "5|E|V"]);
    assert_eq!(problems.matches("row.quoting").count(), 2, "{problems}");
}

#[test]
fn odd_quoting_is_detected_and_told_or_set() {
    let escaped = b"Id,Name,City\n1,\"Say \\\"Hi, there\\\" Ltd\",X\n2,\"C:\\\\x\",Y\n";
    let (sent, _, stderr) = imported(escaped, MAPPING, 0);
    assert_eq!(sent, ["1|Say \"Hi, there\" Ltd|X", "2|C:\\x|Y"]);
    assert!(stderr.contains("escaped by a backslash"), "{stderr}");
    // The mapping obliges.
    let with = |words: &str| {
        MAPPING.replace(
            "[organization]",
            &format!("[source]\n{words}\n[organization]"),
        )
    };
    let (sent, problems, _) = imported(escaped, &with("escape = \"double\""), 1);
    assert_eq!(sent, ["2|C:\\\\x|Y"]);
    assert!(problems.contains("row.quoting"), "{problems}");
    let (sent, ..) = imported(
        b"Id,Name,City\n1,\"A\",\"X\"\n",
        &with("quote = \"none\""),
        0,
    );
    assert_eq!(sent, ["1|\"A\"|\"X\""]);
    let (sent, ..) = imported(b"'Id','Name','City'\n'1','O''Brien, Ltd','X'\n", MAPPING, 0);
    assert_eq!(sent, ["1|O'Brien, Ltd|X"]);
}

/// What the mapping says of quotes holds for the rejects too.
#[test]
fn rejects_come_back_by_the_same_quotes() {
    for (words, row) in [
        ("quote = \"'\"", "'1','O''Brien, \"X\" Ltd','Rom'"),
        ("quote = \"none\"", "1,O'Brien \"X\" Ltd,Rom"),
        (
            "escape = \"backslash\"",
            "\"1\",\"O'Brien, \\\"X\\\" \\\\\\\\ Ltd\",\"Rom\"",
        ),
        (
            "quote = \"none\"\nescape = \"backslash\"",
            "1,O'Brien\\, \"X\" \\\\\\\\ Ltd,Rom",
        ),
    ] {
        let dir = Workdir::new();
        let server = Server::start(&dir, &[]);
        let mapping = MAPPING.replace(
            "[organization]",
            &format!("[source]\n{words}\n[organization]\nsignOnDate = \"Since\""),
        );
        let rows = format!("Id,Name,City,Since\n{row},2026-31-31\n");
        dir.write("m.toml", &mapping);
        dir.write("e.csv", &rows);
        dir.run(&["import", "e.csv", "-m", "m.toml", "--report", "out"])
            .at(&server)
            .finish()
            .expect_exit(1);
        dir.write(
            "again.csv",
            dir.read("out/rejects.csv")
                .replace("2026-31-31", "2026-03-31"),
        );
        dir.run(&["import", "again.csv", "-m", "m.toml"])
            .at(&server)
            .finish()
            .expect_exit(0);
        let partners = sent(&server);
        let [partner] = partners.as_slice() else {
            panic!("{words}: {partners:?}")
        };
        let name = partner.split('|').nth(1).unwrap();
        let plain = name.replace([',', '\\'], "");
        assert_eq!(
            plain.split_whitespace().collect::<Vec<_>>(),
            ["O'Brien", "\"X\"", "Ltd"],
            "{words}"
        );
        let has_both = name.contains("\\\\") && name.contains(',');
        assert_eq!(has_both, words.contains("backslash"), "{words}: {name}");
    }
}

#[test]
fn short_rows_are_filled_and_told_and_may_be_denied() {
    let rows = (10..30).fold(String::new(), |text, i| {
        text + &format!("{i},Company {i},Rom\n")
    });
    let file = format!("Id,Name,City,Fax,Note\n{rows}30,C,Rom,5,x\n");
    let (sent, problems, stderr) = imported(file.as_bytes(), MAPPING, 0);
    assert_eq!(sent.len(), 21);
    assert_eq!(problems.matches("row.short").count(), 20);
    // One line for all of them.
    assert!(
        stderr.lines().filter(|l| l.contains("row.short")).count() < 5,
        "{stderr}"
    );
    let denied = format!("{MAPPING}[validation]\ndeny = [\"row.short\"]\n");
    assert_eq!(imported(file.as_bytes(), &denied, 1).0, ["30|C|Rom"]);
    // A column without a name is missed by nobody.
    let (sent, problems, _) = imported(b"Id,Name,City,\n1,A,Rom\n2,B,Rom,\n3,C,Rom\n", MAPPING, 0);
    assert_eq!((sent.len(), problems.as_str()), (3, ""));
    let lone = "Id,Name,City,Fax\n1,A,Rom,5\n2,B Rom,6\n3,C,Rom,7\n";
    let (sent, problems, _) = imported(lone.as_bytes(), MAPPING, 1);
    assert_eq!(sent, ["1|A|Rom", "3|C|Rom"]);
    assert!(problems.contains("row.ragged"), "{problems}");
}

#[test]
fn marks_guards_and_breaks_of_other_programs_are_no_values() {
    let file = b"sep=;\r\n\xef\xbb\xbf\"Id\";\"Name\";\"City\"\r\n=\"0012\";'0034;'s-Gravenhage\r\n\x1f7;A\x0bB;\x00Rom\r\n'8;=SUM(A1);'47 Brand\r\n\x1a";
    let (sent, problems, stderr) = imported(file, MAPPING, 0);
    assert_eq!(
        sent,
        [
            "0012|0034|'s-Gravenhage",
            "7|A\nB|Rom",
            "8|=SUM(A1)|'47 Brand"
        ]
    );
    for code in ["text.trimmed", "text.formula", "text.guard"] {
        assert!(problems.contains(code), "{code}: {problems}");
    }
    assert!(
        stderr.contains("another byte order mark") && stderr.contains("Ctrl-Z"),
        "{stderr}"
    );
    // Rejects keep what the file has: a guard is there for a reason.
    let dir = Workdir::new();
    dir.write(
        "e.csv",
        "Id,Name,City\n=\"0012\",A\u{fffd},'0034\n2,Caf\u{c3}\u{a9},X\n",
    );
    dir.write("m.toml", MAPPING);
    dir.run(&["check", "e.csv", "-m", "m.toml", "--report", "out"])
        .finish()
        .expect_exit(1);
    assert!(
        dir.read("out/rejects.csv")
            .contains("\"=\"\"0012\"\"\",A\u{fffd},'0034,\"Name: The value contains U+FFFD"),
        "{}",
        dir.read("out/rejects.csv")
    );
    assert!(dir.read("out/problems.csv").contains("text.double_encoded"));
}

/// `É®` is a letter of UTF-8, too. What is not sure is said, and settled by `encoding`.
#[test]
fn a_word_that_two_encodings_can_read_is_told() {
    let file = b"Id,Name,City\n1,Plain,Bonn\n2,CAF\xc9\xae BAR,Paris\n";
    let (sent, problems, told) = imported(file, MAPPING, 0);
    assert_eq!(sent, ["1|Plain|Bonn", "2|CAFÉ® BAR|Paris"]);
    assert_eq!(problems, "");
    assert!(
        told.contains("\"CAFÉ®\" in line 3 would be \"CAFɮ\" in UTF-8"),
        "{told}"
    );
    let mapping = MAPPING.replace(
        "[organization]\n",
        "[source]\nencoding = \"utf-8\"\n[organization]\n",
    );
    let (sent, _, told) = imported(file, &mapping, 0);
    assert_eq!(sent[1], "2|CAFɮ BAR|Paris");
    assert!(!told.contains("not sure"), "{told}");
}

#[test]
fn a_rare_delimiter_is_found_shown_and_kept_in_the_rejects() {
    for (sign, shown) in [
        ("^", "UTF-8, \"^\", header row 1, 3 columns"),
        ("\u{1}", "UTF-8, start of heading, header row 1"),
        (":", "UTF-8, \":\", header row 1"),
    ] {
        let dir = Workdir::new();
        let server = Server::start(&dir, &[]);
        dir.write("m.toml", MAPPING);
        let export = "Id|Name|City\n1|A, B|Rom\n2||Oslo\n".replace('|', sign);
        dir.write("e.csv", &export);
        let args = ["import", "e.csv", "-m", "m.toml", "--report", "out"];
        let run = dir.run(&args).at(&server).finish().expect_exit(1);
        assert!(run.stderr.contains(shown), "{}", run.stderr);
        assert_eq!(sent(&server), ["1|A, B|Rom"]);
        let repaired = dir.read("out/rejects.csv").replacen(
            &format!("2{sign}{sign}"),
            &format!("2{sign}C{sign}"),
            1,
        );
        dir.write("repaired.csv", repaired);
        let args = ["import", "repaired.csv", "-m", "m.toml"];
        dir.run(&args).at(&server).finish().expect_exit(0);
        assert_eq!(sent(&server), ["1|A, B|Rom", "2|C|Oslo"]);
    }
}

/// Where words begin with capital letters of DOS, each cell for itself may look like a word: the file does not.
#[test]
fn rows_of_a_dos_file_are_refused_by_what_the_others_show() {
    let bytes = b"Id,Name,City\nK1,\x8erzte Haus,Berlin\nK2,\x9abung KG,Hamburg\nK3,\x99sterreich AG,Wien\nK4,plain,plain\n";
    let (sent, problems, stderr) = imported(bytes, MAPPING, 1);
    assert_eq!(sent, ["K4|plain|plain"]);
    assert_eq!(problems.matches("row.encoding").count(), 3, "{problems}");
    assert!(stderr.contains("1 of 3 lines"), "{stderr}");
}

#[test]
fn a_russian_file_of_iso_8859_5_is_read_as_that() {
    let line = |n| format!("K{n},ООО Компания {n},Санкт-Петербург\n");
    let text: String = "Id,Name,City\n".to_owned() + &(10..30).map(line).collect::<String>();
    let (bytes, _, _) = encoding_rs::ISO_8859_5.encode(&text);
    let (sent, problems, _) = imported(&bytes, MAPPING, 0);
    assert_eq!(problems, "");
    assert_eq!(sent[0], "K10|ООО Компания 10|Санкт-Петербург");
    assert_eq!(sent.len(), 20);
}

/// 81, 8D, 8F, 90 and 9D are letters of code page 850 and nothing in windows-1252: a value that begins or ends with one is
/// refused like one that has it inside, and so is a key.
#[test]
fn a_byte_that_is_no_text_is_refused_at_the_ends_too() {
    let mapping = MAPPING.replace(
        "[organization]",
        "[source]\nencoding = \"windows-1252\"\n[organization]",
    );
    let bytes = b"Id,Name,City\nK1,\x90cole,Rom\nK2,Max\x81,Rom\nK3,A\x8dB,Rom\n\x9dK4,D,Rom\nK5,Caf\xe9,\x8f\nK6,M\xfcller,Rom\n";
    let (sent, problems, _) = imported(bytes, &mapping, 1);
    assert_eq!(sent, ["K6|M\u{fc}ller|Rom"]);
    assert_eq!(problems.matches(",text.control,").count(), 5, "{problems}");
    assert!(!problems.contains("text.trimmed"), "{problems}");
}

/// `MySQL` writes a bit as the byte 0 or 1: neither is a yes or a no that somebody can read, and neither is nothing.
#[test]
fn a_cell_of_control_characters_is_no_empty_one() {
    let mapping = "name = \"t\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\ndisplayName = \"D\"\n[partnerCriteria]\nenableCommissions = \"Flag\"\n";
    let bytes =
        b"Id,Name,Flag,D\nK1,A,\x01,\nK22,B,\0,\nK3,C,yes,\x1f\nK4,D,yes,x\nK55,E,\0,\nK6,F, ,\n";
    let (sent, problems, _) = imported(bytes, mapping, 1);
    assert_eq!(sent, ["K4|D|", "K6|F|"]);
    assert_eq!(problems.matches(",text.control,").count(), 4, "{problems}");
}

/// Two keys that look alike would be two partners.
#[test]
fn a_key_with_a_character_that_nobody_sees_is_refused() {
    let invisible =
        "\u{200c}\u{200d}\u{fe0f}\u{34f}\u{115f}\u{1160}\u{3164}\u{180e}\u{2800}\u{e0041}\u{ffa0}";
    let mut export = "Id,Name,City\n".to_owned();
    for (at, c) in invisible.chars().enumerate() {
        export.push_str(&format!("K{c}{at},N{at},Rom\n"));
    }
    export.push_str("\u{645}\u{6cc}\u{200c}\u{62e},Z,Rom\n");
    let (sent, problems, _) = imported(export.as_bytes(), MAPPING, 1);
    assert_eq!(sent, ["\u{645}\u{6cc}\u{200c}\u{62e}|Z|Rom"]);
    assert_eq!(problems.matches(",text.control,").count(), 11, "{problems}");
}
