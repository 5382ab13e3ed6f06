//! An API of prepared answers, for tests of what is put around one. A question without a prepared answer panics.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::contract::{Backpressure, CreateRequest, ListFilter, Page, PartnersApi, RemotePartner};
use super::error::ApiError;
use crate::partner::{CreateOutcome, ExternalId, PartnerId, Query, SensitiveValues};

/// Clones share their answers.
#[derive(Debug, Clone, Default)]
pub(super) struct Scripted(Arc<Mutex<Script>>);

#[derive(Debug, Default)]
struct Script {
    creates: VecDeque<CreateOutcome>,
    lists: VecDeque<Result<Page, ApiError>>,
    gets: VecDeque<Result<Option<RemotePartner>, ApiError>>,
    healths: VecDeque<Result<(), ApiError>>,
    backpressure: Option<Duration>,
    calls: Vec<String>,
    questions: Vec<(ListFilter, u64)>,
}

impl Scripted {
    pub(super) fn will_create(&self, outcome: CreateOutcome) {
        self.0.lock().unwrap().creates.push_back(outcome);
    }

    pub(super) fn will_list(&self, answer: Result<Page, ApiError>) {
        self.0.lock().unwrap().lists.push_back(answer);
    }

    /// The list in pages of a total.
    pub(super) fn will_list_pages(&self, pages: &[&[RemotePartner]], total: u64) {
        for items in pages {
            self.will_list(Ok(Page {
                total_pages: Some(pages.len() as u64),
                total_records: Some(total),
                ..page_of(items)
            }));
        }
    }

    pub(super) fn will_get(&self, answer: Result<Option<RemotePartner>, ApiError>) {
        self.0.lock().unwrap().gets.push_back(answer);
    }

    pub(super) fn will_be_well(&self, answer: Result<(), ApiError>) {
        self.0.lock().unwrap().healths.push_back(answer);
    }

    pub(super) fn will_ask_for_a_pause(&self, time: Duration) {
        self.0.lock().unwrap().backpressure = Some(time);
    }

    /// The filter and `take` of each list since the last time.
    pub(super) fn take_questions(&self) -> Vec<(ListFilter, u64)> {
        std::mem::take(&mut self.0.lock().unwrap().questions)
    }

    /// What was called since the last time, in order: `list 0`, `get ID`, `create`, `health`.
    pub(super) fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().calls)
    }
}

/// A create of no consequence.
pub(super) fn request() -> CreateRequest {
    CreateRequest {
        body: Bytes::new(),
        query: Query::default(),
        legacy_identifier: ExternalId::new("K"),
        sensitive: SensitiveValues::default(),
    }
}

/// A page with these partners that says nothing of the whole.
pub(super) fn page_of(items: &[RemotePartner]) -> Page {
    Page {
        length: items.len(),
        items: items.to_vec(),
        ..Page::default()
    }
}

/// A partner as the list shows it.
pub(super) fn partner(id: &str, legacy: &str, created_at: &str) -> RemotePartner {
    let raw = json!({
        "id": id,
        "party": {"legacyIdentifier": legacy},
        "auditInfo": {"createdAt": created_at},
    });
    RemotePartner::from_json(raw).unwrap()
}

/// A partner as a list shows it that leaves `party` out.
pub(super) fn bare_partner(id: &str) -> RemotePartner {
    RemotePartner::from_json(json!({"id": id, "name": Value::Null})).unwrap()
}

impl PartnersApi for Scripted {
    async fn create(&self, _: CreateRequest) -> CreateOutcome {
        let mut script = self.0.lock().unwrap();
        script.calls.push("create".to_owned());
        script.creates.pop_front().expect("no create is expected")
    }

    async fn list(&self, filter: &ListFilter, skip: u64, take: u64) -> Result<Page, ApiError> {
        let mut script = self.0.lock().unwrap();
        script.questions.push((filter.clone(), take));
        script.calls.push(format!("list {skip}"));
        script.lists.pop_front().expect("no list is expected")
    }

    async fn get(&self, id: &PartnerId, _: &[String]) -> Result<Option<RemotePartner>, ApiError> {
        let mut script = self.0.lock().unwrap();
        script.calls.push(format!("get {}", id.as_str()));
        script.gets.pop_front().expect("no get is expected")
    }

    async fn health(&self) -> Result<(), ApiError> {
        let mut script = self.0.lock().unwrap();
        script.calls.push("health".to_owned());
        script.healths.pop_front().expect("no health is expected")
    }
}

impl Backpressure for Scripted {
    fn take_backpressure(&self) -> Option<Duration> {
        self.0.lock().unwrap().backpressure.take()
    }
}
