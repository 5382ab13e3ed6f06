//! A program for exactly this export, as one would write it by hand: a record, typed structs, `serde_json` into a
//! reused buffer. It tells nothing of what is wrong, and stops at it.

#![allow(
    clippy::struct_field_names,
    reason = "the names are those of the request body"
)]

use std::path::Path;

use jiff::civil::Date;
use serde::Serialize;

#[derive(Serialize)]
struct Body<'a> {
    organization: Organization<'a>,
    #[serde(rename = "partnerCriteria")]
    criteria: Criteria<'a>,
    #[serde(rename = "vendorAccount")]
    vendor: Vendor<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Organization<'a> {
    legacy_identifier: &'a str,
    business_name: &'a str,
    display_name: &'a str,
    integration_metadata: Metadata<'a>,
    origination_source: &'a str,
    on_boarding_status: i64,
    sign_on_date: Day,
    timezone_id: &'a str,
    action_plan_code: &'a str,
    addresses: [Address<'a>; 1],
    phone_numbers: [Phone; 1],
}

#[derive(Serialize)]
struct Metadata<'a> {
    crm: Crm<'a>,
}

#[derive(Serialize)]
struct Crm<'a> {
    note: &'a str,
    owner: &'a str,
    rating: &'a str,
    source: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Address<'a> {
    address_line1: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    address_line2: &'a str,
    city: &'a str,
    state_province_code: &'a str,
    postal_code: &'a str,
    country_code: &'a str,
    address_type: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Phone {
    phone_number: String,
    phone_type: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Criteria<'a> {
    status: &'a str,
    onboarding_date: Day,
    sales_cut_off_date: Day,
    #[serde(skip_serializing_if = "Option::is_none")]
    deactivated_date: Option<Day>,
    enable_commissions: bool,
    is_w2: bool,
    w9_submitted: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Vendor<'a> {
    currency: &'a str,
    email: &'a str,
    bank_account: Bank<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bank<'a> {
    name_on_account: &'a str,
    routing_number: &'a str,
    account_number: &'a str,
}

struct Day(Date);

impl Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&self.0)
    }
}

fn month_first(text: &str) -> Day {
    let mut parts = text.split('/').map(|p| p.parse::<i16>().unwrap());
    let (month, day, year) = (
        parts.next().unwrap(),
        parts.next().unwrap(),
        parts.next().unwrap(),
    );
    Day(Date::new(
        year,
        i8::try_from(month).unwrap(),
        i8::try_from(day).unwrap(),
    )
    .unwrap())
}

fn year_first(text: &str) -> Day {
    let mut parts = text.split('-').map(|p| p.parse::<i16>().unwrap());
    let (year, month, day) = (
        parts.next().unwrap(),
        parts.next().unwrap(),
        parts.next().unwrap(),
    );
    Day(Date::new(
        year,
        i8::try_from(month).unwrap(),
        i8::try_from(day).unwrap(),
    )
    .unwrap())
}

fn yes(text: &str) -> bool {
    match text {
        "yes" | "true" => true,
        "no" | "false" => false,
        other => panic!("{other}"),
    }
}

fn e164(text: &str) -> String {
    let mut number = String::with_capacity(12);
    number.push_str("+1");
    number.extend(text.chars().filter(char::is_ascii_digit));
    assert_eq!(number.len(), 12);
    number
}

/// Reads, types and serializes all rows; returns their number and the bytes made.
pub fn run(path: &Path, mut each: impl FnMut(&[u8])) -> (u64, u64) {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let mut record = csv::StringRecord::new();
    let mut out = Vec::new();
    let (mut rows, mut bytes) = (0, 0);
    while reader.read_record(&mut record).unwrap() {
        let c = |i: usize| record[i].trim();
        let body = Body {
            organization: Organization {
                legacy_identifier: c(0),
                business_name: c(1),
                display_name: if c(2).is_empty() { c(1) } else { c(2) },
                integration_metadata: Metadata {
                    crm: Crm {
                        note: c(10),
                        owner: c(7),
                        rating: c(9),
                        source: c(8),
                    },
                },
                origination_source: "CRM",
                on_boarding_status: match c(3) {
                    "Not Started" => 1,
                    "Kick-off" | "Welcome Call" => 2,
                    "Completed" => 4,
                    other => panic!("{other}"),
                },
                sign_on_date: month_first(c(4)),
                timezone_id: c(5),
                action_plan_code: c(6),
                addresses: [Address {
                    address_line1: c(11),
                    address_line2: c(12),
                    city: c(13),
                    state_province_code: c(14),
                    postal_code: c(15),
                    country_code: c(16),
                    address_type: 1,
                }],
                phone_numbers: [Phone {
                    phone_number: e164(c(17)),
                    phone_type: 1,
                }],
            },
            criteria: Criteria {
                status: c(18),
                onboarding_date: year_first(c(19)),
                sales_cut_off_date: year_first(c(20)),
                deactivated_date: (!c(21).is_empty()).then(|| year_first(c(21))),
                enable_commissions: yes(c(22)),
                is_w2: yes(c(23)),
                w9_submitted: yes(c(24)),
            },
            vendor: Vendor {
                currency: c(25),
                email: c(26),
                bank_account: Bank {
                    name_on_account: c(27),
                    routing_number: c(28),
                    account_number: c(29),
                },
            },
        };
        out.clear();
        serde_json::to_writer(&mut out, &body).unwrap();
        rows += 1;
        bytes += out.len() as u64;
        each(&out);
    }
    (rows, bytes)
}
