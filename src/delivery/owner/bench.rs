//! For tests: a delivery against an API that does what the test says, with a real state file.

use std::borrow::Cow;
use std::sync::Mutex;

use super::*;
use crate::api::{ApiError, CreateRequest, ListFilter, Outage, Page, RemotePartner};
use crate::clock::Clock;
use crate::delivery::RowsInLog;
use crate::diagnostic::Code;
use crate::partner::{
    ApiWords, Body, CreateOutcome, DoubtCause, ExternalId, Fingerprint, Link, Origin, PartnerId,
    Query, SourceCells, SourceValue,
};
use crate::state::{Event, RecordRow, Store, test_run};

/// What the API does with a create.
#[derive(Clone)]
pub(super) enum Create {
    /// The partner is there and the answer says so.
    Answered,
    /// The partner is there, is listed after this time, and the answer is lost.
    Lost(Duration),
    /// The same, but what was posted first is listed only this time after the second post.
    LostUntilTheSecond(Duration),
    /// The partner is not there, and the answer is lost.
    Vanished,
}

/// The answer that is lost.
fn lost() -> CreateOutcome {
    CreateOutcome::InDoubt {
        cause: DoubtCause::Unproved,
        status: None,
        words: ApiWords::new("reset"),
        retry_after: None,
    }
}

pub(super) struct FakeApi {
    pub(super) create: Create,
    /// What every list is answered with instead of its partners.
    pub(super) list_error: Option<ApiError>,
    /// What every search is answered with instead; the whole list is shown.
    pub(super) search_error: Option<ApiError>,
    /// A row whose create is never answered.
    pub(super) takes_for_ever: Option<String>,
    /// Each body that was posted, in order.
    posts: Mutex<Vec<String>>,
    /// Keys of partners, each with the time from which it is listed.
    partners: Mutex<Vec<(String, Instant)>>,
}

impl FakeApi {
    pub(super) fn new(create: Create) -> Self {
        Self {
            create,
            list_error: None,
            search_error: None,
            takes_for_ever: None,
            posts: Mutex::default(),
            partners: Mutex::default(),
        }
    }

    pub(super) fn add(&self, key: &str, listed_after: Duration) {
        let partner = (key.to_owned(), Instant::now() + listed_after);
        self.partners.lock().unwrap().push(partner);
    }

    pub(super) fn posts(&self) -> Vec<String> {
        self.posts.lock().unwrap().clone()
    }
}

impl PartnersApi for FakeApi {
    async fn create(&self, request: CreateRequest) -> CreateOutcome {
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        let key = body.split(' ').next().unwrap().to_owned();
        if self.takes_for_ever.as_ref() == Some(&key) {
            std::future::pending::<()>().await;
        }
        let before = self.posts().len();
        self.posts.lock().unwrap().push(body);
        match &self.create {
            Create::Answered => {
                self.add(&key, Duration::ZERO);
                CreateOutcome::Created(PartnerId::new(format!("id-{key}")))
            }
            Create::Lost(listed_after) => {
                self.add(&key, *listed_after);
                lost()
            }
            Create::LostUntilTheSecond(listed_after) => {
                if before > 0 {
                    self.add(&key, Duration::ZERO);
                    self.add(&key, *listed_after);
                }
                lost()
            }
            Create::Vanished => lost(),
        }
    }

    async fn list(&self, filter: &ListFilter, _: u64, _: u64) -> Result<Page, ApiError> {
        let of_searches = self.search_error.as_ref();
        let of_searches =
            of_searches.filter(|_| filter.parameters.iter().any(|p| p.0 == "searchTerm"));
        if let Some(error) = of_searches.or(self.list_error.as_ref()) {
            return Err(error.clone());
        }
        let now = Instant::now();
        let partners = self.partners.lock().unwrap();
        let items: Vec<RemotePartner> = partners
            .iter()
            .enumerate()
            .filter(|(_, (_, listed))| *listed <= now)
            .map(|(at, (key, _))| {
                let twins = partners[..at].iter().filter(|(k, _)| k == key).count();
                twin(key, twins)
            })
            .collect();
        Ok(Page {
            length: items.len(),
            total_pages: Some(1),
            total_records: Some(items.len() as u64),
            items,
            ..Page::default()
        })
    }

    async fn get(&self, _: &PartnerId, _: &[String]) -> Result<Option<RemotePartner>, ApiError> {
        Ok(None)
    }

    async fn health(&self) -> Result<(), ApiError> {
        Ok(())
    }
}

pub(super) fn remote(key: &str) -> RemotePartner {
    twin(key, 0)
}

/// A partner of a row that has so many before it.
fn twin(key: &str, before: usize) -> RemotePartner {
    let id = if before == 0 {
        format!("id-{key}")
    } else {
        format!("id-{key}-{}", before + 1)
    };
    let raw = serde_json::json!({"id": id, "party": {"legacyIdentifier": key}});
    RemotePartner::from_json(raw).unwrap()
}

#[derive(Debug)]
struct NoCells;

impl SourceCells for NoCells {
    fn cells(&self, _: u32) -> Vec<Cow<'_, str>> {
        Vec::new()
    }

    fn each_value(&self, _: u32, _: &mut dyn FnMut(usize, SourceValue<'_>)) {}
}

/// A row whose body is its key and, where it has a parent, a blank and the parent's id.
pub(in crate::delivery) fn row(number: u32, parent: Option<u32>) -> PreparedPartner {
    let key = format!("K{number}");
    let body = format!("{key} ");
    let links = parent.map(|parent| Link {
        field: "organization.parentId".into(),
        key: RowKey::new(format!("K{parent}")),
        at: body.len(),
    });
    PreparedPartner {
        key: RowKey::new(key.as_str()),
        legacy_identifier: ExternalId::new(key.as_str()),
        business_name: key.into(),
        body: Body::new(body.into_bytes()),
        links: links.into_iter().collect(),
        query: Query::default(),
        fingerprint: Fingerprint([1; 16]),
        origin: Origin {
            file: 0,
            ordinal: number,
            row: u64::from(number),
            batch: Arc::new(NoCells),
            index: 0,
        },
        sensitive_columns: Arc::default(),
    }
}

/// The settling time of these tests, and a time that is clearly within it.
pub(super) const SETTLE: Duration = Duration::from_millis(400);
pub(super) const WITHIN: Duration = Duration::from_millis(150);

/// A state file, the run that has it open, and what the delivery tells.
pub(super) struct Bench {
    dir: tempfile::TempDir,
    pub(super) api: Arc<FakeApi>,
    pub(super) stop: Stop,
    /// How long an API that does not answer is waited for.
    pub(super) patience: Duration,
    state: Option<StateWriter>,
    pub(super) doubts: Vec<Doubt>,
    results: mpsc::Receiver<Vec<RowResult>>,
    /// The codes of what was reported by the last run.
    pub(super) codes: Vec<Code>,
    teller: mpsc::Sender<Vec<RowResult>>,
}

impl Bench {
    pub(super) fn new(api: FakeApi) -> Self {
        let (teller, results) = mpsc::channel(1000);
        let mut bench = Self {
            dir: tempfile::tempdir().unwrap(),
            api: Arc::new(api),
            stop: Stop::default(),
            patience: Duration::ZERO,
            state: None,
            doubts: Vec::new(),
            results,
            codes: Vec::new(),
            teller,
        };
        bench.begin();
        bench
    }

    /// Begins a run; one before it ends as if it had been killed.
    pub(super) fn begin(&mut self) {
        self.state = None;
        let (state, doubts) = test_run::begin(&self.dir.path().join("s.db"));
        self.state = Some(state);
        self.doubts = doubts;
    }

    pub(super) async fn claim(&self, rows: &[PreparedPartner]) {
        let claims = rows.iter().map(claim_of).collect();
        self.state.as_ref().unwrap().claim(claims).await.unwrap();
    }

    /// A partner of an earlier run, by which look-ups can be tried.
    pub(super) async fn has_partner(&self, number: u32) {
        let key = row(number, None).key;
        self.has_partner_of(number, &format!("id-{key}")).await;
        self.api.add(key.as_str(), Duration::ZERO);
    }

    /// A row has a partner with this id, as the state knows.
    pub(super) async fn has_partner_of(&self, number: u32, id: &str) {
        let row = row(number, None);
        self.claim(std::slice::from_ref(&row)).await;
        let mut created = Settlement::new(row.key.clone(), Event::Created);
        created.partner = Some(PartnerId::new(id));
        let state = self.state.as_ref().unwrap();
        state.settle(vec![created]).await.unwrap();
    }

    /// The API refuses a row that was claimed.
    pub(super) async fn refuse(&self, number: u32) {
        let key = row(number, None).key;
        let mut refused = Settlement::new(key, Event::Rejected);
        refused.status = Some(400);
        let state = self.state.as_ref().unwrap();
        state.settle(vec![refused]).await.unwrap();
    }

    pub(super) fn delivery(&mut self) -> Delivery<FakeApi> {
        let options = Options {
            shares: false,
            log: RowsInLog::Named,
            workers: 4,
            settle: SETTLE,
            retry_rejected: false,
            settles_for_a_person: false,
            may_send: None,
            outage: Outage::new(self.patience, self.stop.flag(), Clock::System),
        };
        Delivery::new(
            Arc::clone(&self.api),
            self.state.clone().unwrap(),
            options,
            std::mem::take(&mut self.doubts),
            self.teller.clone(),
            self.stop.clone(),
        )
    }

    /// Runs a delivery over one pass; returns what the pass left, and each row's outcome and partner by its key.
    pub(super) async fn run(
        &mut self,
        delivery: Delivery<FakeApi>,
        batches: Vec<Input>,
    ) -> (PassEnd, HashMap<String, (RowOutcome, Option<String>)>) {
        let (input, rows) = mpsc::channel(100);
        for batch in batches {
            input.send(batch).await.unwrap();
        }
        let (reply, end) = oneshot::channel();
        input.send(Input::EndOfPass(reply)).await.unwrap();
        drop(input);
        delivery.run(rows).await;
        let mut told = HashMap::new();
        self.codes.clear();
        while let Ok(results) = self.results.try_recv() {
            for result in results {
                self.codes.extend(result.diagnostics.iter().map(|d| d.code));
                let partner = result.partner.map(|p| p.as_str().to_owned());
                let key = result.key.unwrap().as_str().to_owned();
                assert_eq!(told.insert(key, (result.outcome, partner)), None);
            }
        }
        (end.await.unwrap(), told)
    }

    /// What is reported next.
    pub(super) async fn told(&mut self) -> Vec<RowResult> {
        self.results.recv().await.unwrap()
    }

    pub(super) fn record(&self, key: &str) -> RecordRow {
        let view = Store::Sqlite(self.dir.path().join("s.db")).view().unwrap();
        view.rows_of(key).unwrap().remove(0)
    }
}
