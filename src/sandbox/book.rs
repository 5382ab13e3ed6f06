//! The partners that were made, in memory and, where asked for, in a file of one JSON line each.
//!
//! Bank data is not kept: the documented answers do not show it, so nothing here needs it.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::sync::RwLock;

use serde_json::{Map, Value, json};

/// What the list filters and sorts by, beside the answer itself.
#[derive(Debug, Clone)]
pub(super) struct Partner {
    pub(super) id: String,
    /// Milliseconds since 1970.
    pub(super) created: i64,
    /// Lower-case businessName and displayName, for the search.
    pub(super) names: String,
    pub(super) status: String,
    pub(super) criteria_status: String,
    pub(super) payout_status: String,
    pub(super) type_id: Option<String>,
    pub(super) parent: Option<String>,
    pub(super) flags: [Option<bool>; 3],
    /// The answer, serialized.
    pub(super) json: String,
}

#[derive(Debug, Default)]
struct Pages {
    partners: Vec<Partner>,
    by_id: HashMap<String, usize>,
}

#[derive(Debug)]
pub(super) struct Book {
    pages: RwLock<Pages>,
    file: Option<std::sync::Mutex<File>>,
    /// What distinguishes this book from any other: a target of its own for the client's state.
    name: String,
}

impl Book {
    /// A book in memory, or one that continues a file.
    pub(super) fn open(path: Option<&Path>) -> io::Result<Self> {
        let Some(path) = path else {
            return Ok(Self {
                pages: RwLock::default(),
                file: None,
                name: new_id(),
            });
        };
        let mut options = OpenOptions::new();
        options.create(true).append(true).read(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut file = options.open(path)?;
        let mut pages = Pages::default();
        let mut name = None;
        let mut torn = false;
        for line in BufReader::new(File::open(path)?).split(b'\n') {
            let line = line?;
            torn = false;
            match serde_json::from_slice::<Value>(&line) {
                Ok(Value::Object(head)) if head.contains_key("book") => {
                    name = head.get("book").and_then(Value::as_str).map(str::to_owned);
                }
                Ok(value) => pages.add(Partner::of_answer(&value)),
                // The last line of a server that was killed.
                Err(_) => torn = !line.is_empty(),
            }
        }
        if torn {
            file.write_all(b"\n")?;
        }
        let name = if let Some(name) = name {
            name
        } else {
            let name = new_id();
            file.write_all(format!("{}\n", json!({ "book": name })).as_bytes())?;
            name
        };
        Ok(Self {
            pages: RwLock::new(pages),
            file: Some(std::sync::Mutex::new(file)),
            name,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Makes a partner out of a checked body; returns its answer.
    pub(super) fn make(&self, body: &Value, status: &str, now: i64) -> String {
        let answer = answer_of(body, &new_id(), status, now);
        let partner = Partner::of_answer(&answer);
        let json = partner.json.clone();
        if let Some(file) = &self.file
            && let Ok(mut file) = file.lock()
        {
            // One write a line: a kill leaves whole lines, but for the last.
            let _ = file.write_all(format!("{json}\n").as_bytes());
        }
        if let Ok(mut pages) = self.pages.write() {
            pages.add(partner);
        }
        json
    }

    pub(super) fn get(&self, id: &str) -> Option<Partner> {
        let pages = self.pages.read().ok()?;
        pages
            .by_id
            .get(id)
            .map(|index| pages.partners[*index].clone())
    }

    /// Runs `look` over all partners, oldest first.
    pub(super) fn with<T>(&self, look: impl FnOnce(&[Partner]) -> T) -> Option<T> {
        self.pages.read().ok().map(|pages| look(&pages.partners))
    }
}

impl Pages {
    fn add(&mut self, partner: Partner) {
        self.by_id.insert(partner.id.clone(), self.partners.len());
        self.partners.push(partner);
    }
}

fn new_id() -> String {
    uuid::Uuid::new_v4().hyphenated().to_string()
}

fn text_at(value: &Value, pointer: &str) -> String {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or("")
        .to_owned()
}

impl Partner {
    fn of_answer(answer: &Value) -> Self {
        let optional = |pointer: &str| Some(text_at(answer, pointer)).filter(|t| !t.is_empty());
        Self {
            id: text_at(answer, "/id"),
            created: text_at(answer, "/auditInfo/createdAt")
                .parse::<jiff::Timestamp>()
                .map_or(0, jiff::Timestamp::as_millisecond),
            names: format!(
                "{}\n{}",
                text_at(answer, "/businessName"),
                text_at(answer, "/displayName")
            )
            .to_lowercase(),
            status: text_at(answer, "/status"),
            criteria_status: text_at(answer, "/partnerCriteria/status"),
            payout_status: text_at(answer, "/partnerCriteria/commissionPayoutStatus"),
            type_id: optional("/partnerCriteria/partnerType/id"),
            parent: optional("/parentPartner/id"),
            flags: ["w9Submitted", "enableCommissions", "isW2"].map(|name| {
                answer
                    .pointer(&format!("/partnerCriteria/{name}"))
                    .and_then(Value::as_bool)
            }),
            json: answer.to_string(),
        }
    }
}

/// The answer to a create. Source: the documented response example; what the request does not say is left out.
fn answer_of(body: &Value, id: &str, status: &str, now: i64) -> Value {
    let organization = body.get("organization").unwrap_or(&Value::Null);
    let history = history(now);
    let mut answer = Map::new();
    answer.insert("id".into(), json!(id));
    answer.insert("status".into(), json!(status));
    let kept = [
        "type",
        "hcoXrefId",
        "businessName",
        "displayName",
        "integrationMetadata",
        "originationSource",
        "onBoardingStatus",
        "organizationStatus",
        "rrmsSiteGroupId",
        "timezoneId",
        "actionPlanCode",
    ];
    answer.extend(taken(organization, &kept));
    answer.extend(history.clone());
    let mut party = Map::new();
    party.insert("id".into(), json!(new_id()));
    let kept = ["legacyIdentifier", "phoneNumbers", "addresses"];
    party.extend(taken(organization, &kept));
    party.extend(history);
    answer.insert("party".into(), Value::Object(party));
    if let Some(date) = organization.get("signOnDate") {
        answer.insert("signOnDate".into(), midnight(date));
    }
    if let Some(Value::Object(criteria)) = body.get("partnerCriteria") {
        answer.insert("partnerCriteria".into(), criteria_of(criteria));
    }
    for (from, to) in [
        ("parentId", "parentPartner"),
        ("onBoardingPartnerId", "onBoardingPartner"),
    ] {
        if let Some(parent) = organization.get(from) {
            answer.insert(to.into(), json!({ "id": parent }));
        }
    }
    if let Some(Value::Array(ids)) = organization.get("vendorProfileIds") {
        let profiles = ids.iter().map(|id| json!({ "id": id })).collect();
        answer.insert("vendorProfiles".into(), Value::Array(profiles));
    }
    Value::Object(answer)
}

/// When something was created, and that it is neither archived nor inactive.
fn history(now: i64) -> Map<String, Value> {
    let moment = jiff::Timestamp::from_millisecond(now)
        .map(|t| t.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
        .unwrap_or_default();
    Map::from_iter([
        (
            "archiveInfo".to_owned(),
            json!({"archived": false, "archivedStatusChangedAt": moment}),
        ),
        (
            "auditInfo".to_owned(),
            json!({"createdAt": moment, "updatedAt": moment}),
        ),
        (
            "activeInfo".to_owned(),
            json!({"active": true, "activeStatusChangedAt": moment}),
        ),
    ])
}

/// Those of the named members that are there.
fn taken<'v>(from: &'v Value, names: &'v [&str]) -> impl Iterator<Item = (String, Value)> + 'v {
    names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), from.get(name)?.clone())))
}

/// The API shows dates as moments.
fn midnight(date: &Value) -> Value {
    let text = date.as_str().unwrap_or("");
    let day = text.split_once('T').map_or(text, |(day, _)| day);
    json!(format!("{day}T00:00:00.000Z"))
}

fn criteria_of(asked: &Map<String, Value>) -> Value {
    let mut criteria = Map::new();
    criteria.insert("id".into(), json!(new_id()));
    for (name, value) in asked {
        match name.as_str() {
            "partnerTypeId" => criteria.insert("partnerType".into(), json!({ "id": value })),
            name if name.ends_with("Date") => criteria.insert(name.into(), midnight(value)),
            name => criteria.insert(name.into(), value.clone()),
        };
    }
    Value::Object(criteria)
}
