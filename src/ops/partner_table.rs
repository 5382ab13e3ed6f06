//! What is shown of a partner in a list.

use serde_json::Value;

use crate::api::RemotePartner;
use crate::diagnostic::guarded;

/// What is shown of a partner: a name and where it stands in the answer.
pub const PARTNER_COLUMNS: [(&str, &str); 7] = [
    ("id", "/id"),
    ("legacyIdentifier", "/party/legacyIdentifier"),
    ("businessName", "/businessName"),
    ("displayName", "/displayName"),
    ("status", "/status"),
    ("partnerStatus", "/partnerCriteria/status"),
    ("createdAt", "/auditInfo/createdAt"),
];

/// What the columns hold of a partner; empty where the API says nothing.
#[must_use]
pub fn partner_cells(partner: &RemotePartner) -> [String; 7] {
    PARTNER_COLUMNS.map(|(_, pointer)| match partner.raw.pointer(pointer) {
        Some(Value::String(s)) => s.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    })
}

/// A line of CSV, guarded against formulas.
#[must_use]
pub fn partner_line(cells: &[String]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_record(cells.iter().map(|c| guarded(c).into_owned()));
    writer
        .into_inner()
        .ok()
        .and_then(|b| String::from_utf8(b).ok())
        .unwrap_or_default()
}
