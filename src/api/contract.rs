//! The trait: create, list, get, health. Everything that talks to the API is one of these.

use std::future::Future;

use bytes::Bytes;
use serde_json::Value;

use super::error::ApiError;
use crate::partner::{CreateOutcome, ExternalId, PartnerId, Query, SensitiveValues};

/// The documented filters of the list. Source: the documentation page's list request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListFilter {
    /// Name and value of each query parameter, in order, but for `skip` and `take`.
    pub parameters: Vec<(&'static str, String)>,
}

/// All documented values of `status`. Source: the documentation page's list request, where they are the default.
const STATUSES: &str = "Active,Inactive,Suspended,Restored";

impl ListFilter {
    /// All partners, whatever their status: a server whose default is another than the documented one hides none.
    #[must_use]
    pub fn any_status() -> Self {
        Self {
            parameters: vec![("status", STATUSES.to_owned())],
        }
    }

    /// The same with one more parameter.
    #[must_use]
    pub fn and(mut self, name: &'static str, value: &str) -> Self {
        self.parameters.push((name, value.to_owned()));
        self
    }
}

/// A partner as the API shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct RemotePartner {
    /// The API's own id: what [`PartnersApi::get`] takes.
    pub id: PartnerId,
    /// `party.legacyIdentifier`, where the answer carries `party`.
    pub legacy_identifier: Option<String>,
    /// When it was made, as written: the oldest of several is the first.
    pub created_at: Option<String>,
    /// The whole answer as JSON, for fields that are compared or shown.
    pub raw: Value,
}

impl RemotePartner {
    /// Reads what is needed out of an answer; none without an id.
    #[must_use]
    pub fn from_json(raw: Value) -> Option<Self> {
        let text = |v: &Value| match v {
            Value::String(s) if !s.is_empty() => Some(s.clone()),
            Value::Number(n) => Some(n.to_string()),
            _ => None,
        };
        let id = id_of(raw.get("id")?)?;
        let party = raw.get("party");
        Some(Self {
            id,
            legacy_identifier: party.and_then(|p| p.get("legacyIdentifier")).and_then(text),
            created_at: raw.pointer("/auditInfo/createdAt").and_then(text),
            raw,
        })
    }

    /// `businessName`, where the answer has it.
    #[must_use]
    pub fn business_name(&self) -> Option<&str> {
        self.raw.get("businessName").and_then(Value::as_str)
    }

    /// Whether the answer carries `party`, without which it cannot be recognised.
    #[must_use]
    pub fn has_party(&self) -> bool {
        self.raw.get("party").is_some_and(Value::is_object)
    }
}

/// A partner's id as the API writes it: a text, or a number.
fn id_of(value: &Value) -> Option<PartnerId> {
    match value {
        Value::String(s) if !s.is_empty() => Some(PartnerId::new(s.as_str())),
        Value::Number(n) => Some(PartnerId::new(n.to_string())),
        _ => None,
    }
}

/// One page of the list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// Its partners; answers without an id are left out.
    pub items: Vec<RemotePartner>,
    /// How many items the answer had, those without an id too.
    pub length: usize,
    /// `currentPageNumber`, from 1, where the answer has it.
    pub number: Option<u64>,
    /// `recordsPerPage`: how many the server puts on a page, which may be fewer than asked for.
    pub per_page: Option<u64>,
    /// `totalPages` at the moment of the answer.
    pub total_pages: Option<u64>,
    /// `totalRecords` at the moment of the answer: what a complete walk has to have seen.
    pub total_records: Option<u64>,
}

/// A partner to create. Clones share the body. It holds bank data, so it is never shown.
#[derive(Debug, Clone)]
pub struct CreateRequest {
    /// The request body, as JSON.
    pub body: Bytes,
    /// The create flags.
    pub query: Query,
    /// The `legacyIdentifier` in the body: an answer that names another one is not this partner's.
    pub legacy_identifier: ExternalId,
    /// The row's sensitive values: what the API says is shown without them.
    pub sensitive: SensitiveValues,
}

/// The API. Futures are `Send`, so that workers can run them on any thread.
pub trait PartnersApi: Send + Sync + 'static {
    /// Posts a partner once.
    fn create(&self, request: CreateRequest) -> impl Future<Output = CreateOutcome> + Send;

    /// Reads one page of the list; `skip` counts pages.
    fn list(
        &self,
        filter: &ListFilter,
        skip: u64,
        take: u64,
    ) -> impl Future<Output = Result<Page, ApiError>> + Send;

    /// Reads one partner; none where the API says 404.
    fn get(
        &self,
        id: &PartnerId,
        include: &[String],
    ) -> impl Future<Output = Result<Option<RemotePartner>, ApiError>> + Send;

    /// Asks the cheapest question that only a working API answers, once: one partner of the list.
    fn probe(&self) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { self.list(&ListFilter::default(), 0, 1).await.map(|_| ()) }
    }

    /// Asks whether the service is well; an answer of 404 counts as well, since not every server has it.
    fn health(&self) -> impl Future<Output = Result<(), ApiError>> + Send;
}

/// A server that asks for a pause in answers that are no refusals: `RateLimit` headers of a spent quota.
pub trait Backpressure {
    /// For how long nothing should be sent, as the answers since the last call asked for; each request for a pause
    /// is returned once.
    fn take_backpressure(&self) -> Option<std::time::Duration>;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_partner_is_read_in_every_spelling_of_its_identifiers() {
        for (id, legacy, read) in [
            (json!("a"), json!("L"), Some(("a", Some("L")))),
            (json!(7), json!(12.5), Some(("7", Some("12.5")))),
            (json!("a"), json!(""), Some(("a", None))),
            (json!("a"), json!(null), Some(("a", None))),
            (json!("a"), json!(["L"]), Some(("a", None))),
            (json!(""), json!("L"), None),
            (json!(null), json!("L"), None),
            (json!({"id": "a"}), json!("L"), None),
        ] {
            let raw = json!({
                "id": id,
                "businessName": "Name",
                "party": {"legacyIdentifier": legacy},
                "auditInfo": {"createdAt": legacy},
            });
            let partner = RemotePartner::from_json(raw);
            let found = partner
                .as_ref()
                .map(|p| (p.id.as_str(), p.legacy_identifier.as_deref()));
            assert_eq!(found, read);
            if let Some(partner) = &partner {
                assert_eq!(partner.created_at, partner.legacy_identifier);
                assert_eq!(partner.business_name(), Some("Name"));
                assert!(partner.has_party());
            }
        }
        for (raw, has_party) in [
            (json!({"id": "a"}), false),
            (json!({"id": "a", "party": null}), false),
            (json!({"id": "a", "party": {}}), true),
        ] {
            let partner = RemotePartner::from_json(raw).unwrap();
            assert_eq!(partner.legacy_identifier, None);
            assert_eq!(partner.has_party(), has_party);
            assert_eq!(partner.business_name(), None);
        }
        assert_eq!(RemotePartner::from_json(json!({"party": {}})), None);
    }
}
