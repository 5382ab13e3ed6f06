use super::page;
use super::trial::Trial;
use std::fmt::Write as _;

/// A number as written, the number and the extension that are sent, and the codes of what is reported.
struct Case(&'static str, &'static str, &'static str, &'static str);

/// Spellings under one region.
struct Section {
    title: &'static str,
    why: &'static str,
    /// `[source] phone_region`; none where it is empty.
    region: &'static str,
    /// The country of the row's address.
    country: &'static str,
    cases: &'static [Case],
}

const TABLE: &[Section] = &[
    Section {
        title: "With a country code",
        why: "A number with a plus or `00` has its country code and depends on no region. Here none is set.",
        region: "",
        country: "",
        cases: &[
            Case("+49 30 123456", "+4930123456", "", ""),
            Case("+49 (0)30 123456", "+4930123456", "", ""),
            Case("0049 30 123456", "+4930123456", "", ""),
            Case("+1 (619) 555-0134", "+16195550134", "", ""),
            Case("tel:+1-619-555-0134", "+16195550134", "", ""),
            Case("+39 06 6982 1234", "+390669821234", "", ""),
            Case("+999 123456", "+999 123456", "", "phone.invalid"),
            Case("030 123456", "030 123456", "", "phone.region_unknown"),
        ],
    },
    Section {
        title: "`[source] phone_region = \"address\"`, of a row in Germany",
        why: "A number without a country code is one of the row's own country.",
        region: "address",
        country: "Germany",
        cases: &[
            Case("030 123456", "+4930123456", "", ""),
            Case("(030) 123 45-6", "+4930123456", "", ""),
            Case("030 1234567-12", "+4930123456712", "", ""),
            Case("030/123456", "+4930123456", "", ""),
            Case("+1 619 555 0134", "+16195550134", "", ""),
            Case("123", "123", "", "phone.invalid"),
        ],
    },
    Section {
        title: "The same of a row without a country",
        why: "",
        region: "address",
        country: "",
        cases: &[Case("030 123456", "030 123456", "", "phone.region_unknown")],
    },
    Section {
        title: "`[source] phone_region = \"US\"`",
        why: "",
        region: "US",
        country: "",
        cases: &[
            Case("(619) 555-0134", "+16195550134", "", ""),
            Case("1-619-555-0134", "+16195550134", "", ""),
            Case("619.555.0134", "+16195550134", "", ""),
            Case("011 49 30 123456", "+4930123456", "", ""),
            Case("+49 151 23456789", "+4915123456789", "", ""),
            Case("1-800-FLOWERS", "+18003569377", "", ""),
            Case("619-FLOWERS", "619-FLOWERS", "", "phone.invalid"),
            Case("555-0134", "555-0134", "", "phone.invalid"),
        ],
    },
    Section {
        title: "Extensions",
        why: "Sent in their own field; not a digit of them is dialled.",
        region: "US",
        country: "",
        cases: &[
            Case("619-555-0134 x12", "+16195550134", "12", ""),
            Case("619-555-0134x12", "+16195550134", "12", ""),
            Case("619-555-0134 ext. 12", "+16195550134", "12", ""),
            Case("619-555-0134 Ext: 12", "+16195550134", "12", ""),
            Case("619-555-0134 ext-12", "+16195550134", "12", ""),
            Case("619-555-0134, Extension 12", "+16195550134", "12", ""),
            Case("619-555-0134 (ext 12)", "+16195550134", "12", ""),
            Case("619-555-0134 #12", "+16195550134", "12", ""),
            Case("619-555-0134,12", "+16195550134", "12", ""),
            Case("+1-619-555-0134;ext=12", "+16195550134", "12", ""),
            Case("+39 02 1234567 int. 44", "+39021234567", "44", ""),
            Case("+49 30 123456 DW 12", "+4930123456", "12", ""),
            Case("+49 30 123456 - Durchwahl: 12", "+4930123456", "12", ""),
            Case("+33 1 42 68 53 00 poste 12", "+33142685300", "12", ""),
            Case("+7 495 123-45-67 доб. 12", "+74951234567", "12", ""),
        ],
    },
    Section {
        title: "What else is in the cell",
        why: "Words are cut off and reported. What may be a part of the number, or another number, leaves the text as it is; so do digits\n\
            of a note among those of the number: in brackets that are no area code, before words, as an hour or a counter. A comma\n\
            makes an extension only behind a whole number that is none with the digits behind it.",
        region: "DE",
        country: "",
        cases: &[
            Case("030 123456 (Max)", "+4930123456", "", "phone.words"),
            Case("Tel. 030 123456", "+4930123456", "", "phone.words"),
            Case("030 123456 mobil", "+4930123456", "", "phone.words"),
            Case(
                "030 123456 / 030 654321",
                "030 123456 / 030 654321",
                "",
                "phone.second_number",
            ),
            Case(
                "030 123456 oder 030 654321",
                "030 123456 oder 030 654321",
                "",
                "phone.second_number",
            ),
            Case("030 1234567/68", "030 1234567/68", "", "phone.invalid"),
            Case(
                "030 123456 Raum 12",
                "030 123456 Raum 12",
                "",
                "phone.invalid",
            ),
            Case(
                "(24/7) 030 1234567",
                "(24/7) 030 1234567",
                "",
                "phone.invalid",
            ),
            Case("2) 030 1234567", "2) 030 1234567", "", "phone.invalid"),
            Case("030 1234567 (2)", "030 1234567 (2)", "", "phone.invalid"),
            Case("030 1234567 8.30", "030 1234567 8.30", "", "phone.invalid"),
            Case(
                "030 1234567 9-17 Uhr",
                "030 1234567 9-17 Uhr",
                "",
                "phone.invalid",
            ),
            Case("030 1234567 24h", "030 1234567 24h", "", "phone.invalid"),
            Case(
                "030 1234567 2. Stock",
                "030 1234567 2. Stock",
                "",
                "phone.invalid",
            ),
            Case(
                "030 1234567 3 Max",
                "030 1234567 3 Max",
                "",
                "phone.invalid",
            ),
            Case("030,123456", "030,123456", "", "phone.invalid"),
            Case("030 123,456", "030 123,456", "", "phone.invalid"),
            Case("auf Anfrage", "auf Anfrage", "", "phone.invalid"),
            Case("０３０ １２３４５６", "+4930123456", "", ""),
            Case("+٤٩ ٣٠ ١٢٣٤٥٦", "+4930123456", "", ""),
            Case("０３０ １２３４５６ ab", "+4930123456", "", "phone.words"),
            // A country code without its plus, or an area code without its zero.
            Case("49 30 123456", "49 30 123456", "", "phone.invalid"),
            Case(
                "https://wa.me/4930123456",
                "https://wa.me/4930123456",
                "",
                "phone.invalid",
            ),
            Case("30 123456", "+4930123456", "", ""),
            Case("NULL", "", "", "cell.null_word"),
            Case("+4930123456.0", "+4930123456.0", "", "cell.decimal"),
            Case("4915123456789.0", "4915123456789.0", "", "cell.decimal"),
        ],
    },
];

impl Section {
    fn trial(&self) -> Trial {
        let source = match self.region {
            "" => String::new(),
            region => format!("phone_region = \"{region}\""),
        };
        let rule = "[[organization.addresses]]\ncountryCode = \"W\"\n[[organization.phoneNumbers]]\nphoneNumber = \"V\"";
        Trial::new(&source, rule)
    }
}

/// The tables of docs/phones.md are these, and what the program says of each number.
#[test]
fn the_documented_numbers_are_the_tested_ones() {
    let mut page = String::new();
    let mut wrong = Vec::new();
    for section in TABLE {
        let _ = writeln!(page, "\n### {}\n", section.title);
        if !section.why.is_empty() {
            let _ = writeln!(page, "{}\n", section.why);
        }
        let _ = writeln!(
            page,
            "| in the cell | number | extension | what is reported |\n|---|---|---|---|"
        );
        let mut trial = section.trial();
        for Case(text, number, extension, codes) in section.cases {
            let became = trial.text(text, section.country);
            let at = |field| {
                let pointer = format!("/organization/phoneNumbers/0/{field}");
                became.at(&pointer).unwrap_or_default()
            };
            let sent = (at("phoneNumber"), at("extension"), became.codes.join(" "));
            let expected = (*number, *extension, *codes);
            if (sent.0.as_str(), sent.1.as_str(), sent.2.as_str()) != expected {
                wrong.push(format!("{text:?}: {sent:?}"));
            }
            let code = |t: &str| match t {
                "" => String::new(),
                t => format!("`{t}`"),
            };
            let words = became.words.join(" ");
            let _ = writeln!(
                page,
                "| `{text}` | {} | {} | {} |",
                code(number),
                code(extension),
                format!("{words} {}", code(codes)).trim()
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    page.push_str(&regions());
    page::assert_current("phones.md", &page);
}

/// How many numbers of which part of the world the comparison with Google's library covers.
fn regions() -> String {
    const ZONES: [(&str, &str); 8] = [
        ("1", "North America and the Caribbean (+1)"),
        ("2", "Africa (+2)"),
        ("34", "Europe (+3, +4)"),
        ("5", "Middle and South America (+5)"),
        ("6", "South East Asia and Oceania (+6)"),
        ("7", "Russia and Kazakhstan (+7)"),
        ("8", "East Asia and services (+8)"),
        ("9", "South, West and Central Asia (+9)"),
    ];
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/phones.tsv");
    let text = std::fs::read_to_string(path).unwrap();
    let numbers: Vec<(&str, &str)> = (text.lines().filter(|l| !l.starts_with('#')))
        .map(|line| {
            let mut fields = line.split('\t');
            (fields.next().unwrap(), fields.next().unwrap())
        })
        .collect();
    let mut table = "\n### Compared with Google's library\n\n\
        Valid numbers by the Python package `phonenumbers`, each with its country code, with `00` before it and in its national\n\
        spelling. None is sent as another number, and none is called invalid.\n\n\
        | part of the world | regions | numbers |\n|---|---|---|\n"
        .to_owned();
    let mut counted = 0;
    for (digits, name) in ZONES {
        let of_zone = |number: &str| number.get(1..2).is_some_and(|d| digits.contains(d));
        let of_zone: Vec<_> = numbers.iter().filter(|(_, n)| of_zone(n)).collect();
        let mut regions: Vec<&str> = of_zone.iter().map(|(region, _)| *region).collect();
        regions.sort_unstable();
        regions.dedup();
        counted += of_zone.len();
        let _ = writeln!(table, "| {name} | {} | {} |", regions.len(), of_zone.len());
    }
    assert_eq!(counted, numbers.len());
    table
}
