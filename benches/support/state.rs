//! The state by itself: claims and outcomes, each answered when it is on the disk.

use partner_sync::clock::Clock;
use partner_sync::partner::{ExternalId, Fingerprint, PartnerId, RowKey};
use partner_sync::state::{
    Claim, Event, OpenRows, RunId, RunStart, ServerSettings, Settlement, StateAddress, StateLock,
    StateWriter, Store,
};

/// A state of its own, and the runtime that waits for it.
pub struct State {
    ledger: StateWriter,
    runtime: tokio::runtime::Runtime,
    _lock: StateLock,
    _folder: tempfile::TempDir,
}

impl State {
    /// In a file.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::begin(&Store::Sqlite(folder.path().join("s.db")), folder)
    }

    /// In a database of Postgres, which has none yet.
    pub fn in_database(address: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = ServerSettings {
            key_file: Some(folder.path().join("state.key")),
            ..ServerSettings::default()
        };
        let address = StateAddress::read(address.as_ref()).unwrap();
        Self::begin(&Store::at(&address, &settings), folder)
    }

    fn begin(store: &Store, folder: tempfile::TempDir) -> Self {
        let start = RunStart {
            open: OpenRows::MayExist,
            id: RunId::new(&Clock::System),
            command: "import",
            target: "bench".to_owned(),
            mapping: "bench".to_owned(),
            files: String::new(),
        };
        let lock = store.lock(&Clock::System).unwrap();
        let (ledger, doubts, _) = store.begin(&lock, &start, &Clock::System).unwrap();
        assert!(doubts.is_empty());
        Self {
            ledger,
            runtime: runtime(),
            _lock: lock,
            _folder: folder,
        }
    }

    pub fn claim(&self, from: u64, to: u64) {
        self.runtime
            .block_on(self.ledger.claim(claims(from, to)))
            .unwrap();
    }

    pub fn settle(&self, from: u64, to: u64) {
        self.runtime
            .block_on(self.ledger.settle(outcomes(from, to)))
            .unwrap();
    }

    /// Claims rows in parts, while the outcomes of those before come in, as in an import.
    pub fn claim_and_settle(&self, parts: u64, part: u64) {
        let (claimed, claims) = std::sync::mpsc::sync_channel(1);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let runtime = runtime();
                for at in claims {
                    let outcomes = outcomes(at, at + part);
                    runtime.block_on(self.ledger.settle(outcomes)).unwrap();
                }
            });
            for at in (0..parts).map(|n| n * part) {
                self.claim(at, at + part);
                claimed.send(at).unwrap();
            }
            drop(claimed);
        });
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
}

/// A UUID, as all ids of the API are.
pub fn partner_id(i: u64) -> String {
    format!("{i:08}-0000-4000-8000-000000000000")
}

fn claims(from: u64, to: u64) -> Vec<Claim> {
    (from..to)
        .map(|i| Claim {
            key: RowKey::new(format!("K-{i}")),
            fingerprint: Fingerprint([1; 16]),
            legacy_identifier: ExternalId::new(format!("K-{i}")),
            business_name: format!("Company {i}"),
        })
        .collect()
}

fn outcomes(from: u64, to: u64) -> Vec<Settlement> {
    (from..to)
        .map(|i| {
            let mut settlement = Settlement::new(RowKey::new(format!("K-{i}")), Event::Created);
            settlement.partner = Some(PartnerId::new(partner_id(i)));
            settlement
        })
        .collect()
}
