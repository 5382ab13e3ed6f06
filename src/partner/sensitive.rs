//! The values of a row that nobody may see, for finding them in what others say.

use std::fmt;

use bytes::Bytes;
use serde_json::Value;

use super::catalogue::FIELDS;
use super::prepared::{Origin, PreparedPartner};

/// The sensitive values of a row: the cells of its sensitive columns, and what its body has in sensitive fields. They are read
/// when somebody asks for them; `Debug` shows none.
#[derive(Clone, Default)]
pub struct SensitiveValues {
    cells: Option<(Origin, std::sync::Arc<[usize]>)>,
    body: Bytes,
}

impl SensitiveValues {
    /// Those of a row with this body.
    #[must_use]
    pub fn of(row: &PreparedPartner, body: Bytes) -> Self {
        Self {
            cells: Some((row.origin.clone(), row.sensitive_columns.clone())),
            body,
        }
    }

    /// Those of a body alone.
    #[must_use]
    pub fn of_body(body: &[u8]) -> Self {
        Self {
            cells: None,
            body: Bytes::copy_from_slice(body),
        }
    }

    /// The values, as they are written in the source and as they are sent.
    #[must_use]
    pub fn values(&self) -> Vec<String> {
        let mut values = Vec::new();
        if let Some((origin, columns)) = &self.cells
            && !columns.is_empty()
        {
            let cells = origin.cells();
            let of_columns = columns.iter().filter_map(|c| cells.get(*c));
            values.extend(of_columns.map(|cell| cell.trim().to_owned()));
        }
        if let Ok(body) = serde_json::from_slice::<Value>(&self.body) {
            for field in FIELDS.iter().filter(|f| f.sensitive) {
                collect(&body, field.path, &mut values);
            }
        }
        values.retain(|v| !v.is_empty());
        values
    }
}

impl fmt::Debug for SensitiveValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SensitiveValues(***)")
    }
}

/// The texts at a field's path; `[]` stands for each element.
fn collect(value: &Value, path: &str, values: &mut Vec<String>) {
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    let inner = match name.strip_suffix("[]") {
        Some(name) => value.get(name).and_then(Value::as_array).map(Vec::as_slice),
        None => value.get(name).map(std::slice::from_ref),
    };
    for value in inner.unwrap_or_default() {
        match value {
            _ if !rest.is_empty() => collect(value, rest, values),
            Value::String(text) => values.push(text.clone()),
            Value::Number(number) => values.push(number.to_string()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_has_them_in_the_fields_of_the_catalogue() {
        let body = br#"{"organization":{"businessName":"A"},"vendorAccount":{"accountNumber":"11","currency":"USD","bankAccount":{
            "accountNumber":22,"routingNumber":"33","regulatoryFields":[{"name":"n","value":"44"},{"value":""},{"value":"55"}]}}}"#;
        let of = SensitiveValues::of_body;
        assert_eq!(of(body).values(), ["11", "22", "33", "44", "55"]);
        assert!(of(b"no JSON").values().is_empty());
        assert!(!format!("{:?}", of(body)).contains("11"));
    }
}
