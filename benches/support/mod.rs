//! What all benches share: an export of thirty columns from a seed, its mapping, and the hand-written reference that
//! reads, types and serializes the same thirty columns.
#![allow(dead_code, reason = "each bench takes what it needs")]

pub mod pipeline;
pub mod reference;
pub mod state;
pub mod upserts;

use std::io::{BufWriter, Write as _};
use std::path::Path;

/// The mapping of the thirty columns.
pub const MAPPING: &str = r#"name = "bench"
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

/// The thirty columns.
pub const HEADER: [&str; 30] = [
    "Id",
    "Name",
    "Trading As",
    "Stage",
    "Signed",
    "Zone",
    "Plan",
    "Owner",
    "Lead Source",
    "Rating",
    "Note",
    "Street",
    "Street 2",
    "City",
    "State",
    "Zip",
    "Country",
    "Phone",
    "Status",
    "Onboarded",
    "Cut Off",
    "Left",
    "Commissions",
    "W2",
    "W9",
    "Currency",
    "Email",
    "Account Name",
    "ABA",
    "Account",
];

/// Numbers from a seed: xorshift64.
pub struct Seeded(u64);

impl Seeded {
    pub fn new() -> Self {
        Self(20_261_124)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % n
    }

    pub fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}

/// What is wrong with a row.
#[derive(Clone, Copy, PartialEq)]
enum Wrong {
    Nothing,
    Date,
    Currency,
    Routing,
    Name,
    Email,
}

/// One row's cells.
#[expect(clippy::too_many_lines, reason = "a column a line")]
pub fn row(random: &mut Seeded, i: u64, dirty: bool) -> Vec<String> {
    let wrong = if dirty {
        random.of(&[
            Wrong::Date,
            Wrong::Currency,
            Wrong::Routing,
            Wrong::Name,
            Wrong::Email,
        ])
    } else {
        Wrong::Nothing
    };
    let unless = |kind: Wrong, right: String, bad: &str| {
        if wrong == kind { bad.to_owned() } else { right }
    };
    let (city, state, zip, area) = random.of(&[
        ("San Diego", "CA", "92075", 619),
        ("Austin", "TX", "73301", 512),
        ("Boston", "MA", "02108", 617),
        ("Seattle", "WA", "98101", 206),
    ]);
    let (day, month, year) = (
        random.below(28) + 1,
        random.below(12) + 1,
        random.below(37) + 1990,
    );
    let name = format!(
        "{} {} No. {i}",
        random.of(&[
            "Harbor", "Summit", "Müller", "Prairie", "Old Town", "Lakeside"
        ]),
        random.of(&[
            "Physical Therapy",
            "Dental",
            "Logistics GmbH",
            "Foods",
            "& Sons"
        ]),
    );
    let signed = format!("{month}/{day}/{year}");
    let onboarded = format!("{year}-{month:02}-{day:02}");
    vec![
        format!("K-{i}"),
        unless(Wrong::Name, name.clone(), ""),
        String::new(),
        random
            .of(&["Not Started", "Welcome Call", "Completed", "Kick-off"])
            .to_owned(),
        unless(Wrong::Date, signed, "31/31/2026"),
        random
            .of(&["America/Los_Angeles", "America/Chicago", "America/New_York"])
            .to_owned(),
        format!("110{}", random.below(9)),
        format!("owner{}", random.below(40)),
        random.of(&["Web", "Referral", "Trade show"]).to_owned(),
        random.of(&["Hot", "Warm", "Cold"]).to_owned(),
        format!(
            "{}, a note of some length",
            random.of(&["Call back", "Key account", "Moved"])
        ),
        format!("{} Main Street", random.below(20_000)),
        format!("Suite {}", random.below(300)),
        city.to_owned(),
        state.to_owned(),
        zip.to_owned(),
        "US".to_owned(),
        format!(
            "({area}) {}-{:04}",
            random.below(600) + 220,
            random.below(10_000)
        ),
        random.of(&["active", "pending"]).to_owned(),
        onboarded.clone(),
        onboarded,
        String::new(),
        random.of(&["yes", "no"]).to_owned(),
        random.of(&["yes", "no"]).to_owned(),
        random.of(&["true", "false"]).to_owned(),
        unless(Wrong::Currency, "USD".to_owned(), "Dollars"),
        unless(
            Wrong::Email,
            format!("info{i}@example.com"),
            "info at example",
        ),
        name,
        unless(Wrong::Routing, "021000021".to_owned(), "021000022"),
        format!("{}", random.below(900_000_000) + 100_000_000),
    ]
}

/// Writes an export of `rows` rows; of a hundred rows `dirty` are wrong.
pub fn export(path: &Path, rows: u64, dirty: u64) {
    let mut out = csv::Writer::from_writer(BufWriter::new(std::fs::File::create(path).unwrap()));
    out.write_record(HEADER).unwrap();
    let mut random = Seeded::new();
    for i in 0..rows {
        out.write_record(row(&mut random, i, i % 100 < dirty))
            .unwrap();
    }
    out.into_inner().unwrap().flush().unwrap();
}

/// The same as a workbook, all cells as text.
pub fn workbook(path: &Path, rows: u64) {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet_with_constant_memory().unwrap();
    for (column, name) in (0..).zip(HEADER) {
        sheet.write_string(0, column, name).unwrap();
    }
    let mut random = Seeded::new();
    for i in 0..rows {
        let at = u32::try_from(i).unwrap() + 1;
        for (column, cell) in (0..).zip(row(&mut random, i, false)) {
            sheet.write_string(at, column, &cell).unwrap();
        }
    }
    book.save(path).unwrap();
}

/// The bare loop of the csv crate: every record, and nothing else. Returns its rows.
pub fn bare(path: &Path) -> u64 {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let mut record = csv::ByteRecord::new();
    let mut seen = 0;
    while reader.read_byte_record(&mut record).unwrap() {
        seen += 1;
    }
    seen
}

/// calamine's bare cells reader: every cell, and nothing else. Returns their number.
pub fn bare_cells(path: &Path) -> u64 {
    let mut book: calamine::Xlsx<_> = calamine::open_workbook(path).unwrap();
    let name = calamine::Reader::sheet_names(&book)[0].clone();
    let mut cells = book.worksheet_cells_reader(&name).unwrap();
    let mut seen = 0;
    while let Some(cell) = cells.next_cell().unwrap() {
        std::hint::black_box(cell.get_value());
        seen += 1;
    }
    seen
}
