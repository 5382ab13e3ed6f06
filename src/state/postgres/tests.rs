//! The contract's cases, and what this room keeps beyond them, against a Postgres of the tests' own.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use super::super::suite;
use super::*;
use crate::clock::Clock;
use crate::partner::{ExternalId, Fingerprint, PartnerId, RowKey};
use crate::state::{
    Begun, Claim, Event, OpenRows, RecordState, RunEnd, RunId, RunStart, Settlement, StateError,
    Store, Upkeep,
};

#[path = "../../../tests/it/support/postgres.rs"]
mod harness;

mod imports;
mod limits;
mod machines;
mod pace;

/// A state in a database of its own.
struct Room {
    cluster: &'static harness::Cluster,
    address: String,
    folder: tempfile::TempDir,
    server: Arc<Server>,
    leases: RefCell<Vec<Lease>>,
}

impl Room {
    fn new(cluster: &'static harness::Cluster) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = cluster.database();
        let server = server(&address, &folder, None);
        let leases = RefCell::default();
        Self {
            cluster,
            address,
            folder,
            server,
            leases,
        }
    }

    fn ask(&self, sql: &str) -> String {
        self.cluster.ask(&self.address, sql)
    }

    /// Ends whatever lease there is, by the database's clock.
    fn expire(&self) {
        if !self
            .ask("SELECT to_regclass('partner_sync.machine')")
            .is_empty()
        {
            self.ask(
                "UPDATE partner_sync.machine SET until = clock_timestamp() WHERE ended IS NULL",
            );
        }
    }

    fn take(&self) -> Result<(), StateError> {
        self.expire();
        let lease = Lease::take(&self.server, &Clock::System)?;
        self.leases.borrow_mut().push(lease);
        Ok(())
    }
}

fn server(address: &str, folder: &tempfile::TempDir, lease: Option<Duration>) -> Arc<Server> {
    let settings = ServerSettings {
        key_file: Some(harness::key_file(folder.path())),
        lease,
        ..ServerSettings::default()
    };
    let address = ServerAddress::parse(address).unwrap().unwrap();
    Arc::new(Server::new(address, settings))
}

impl suite::Store for Room {
    fn door(&self) -> Store {
        Store::Postgres(Arc::clone(&self.server))
    }

    fn begin(&self, start: &RunStart, clock: &Clock) -> Result<Begun, StateError> {
        self.take()?;
        begin(
            &self.server,
            self.leases.borrow().last().unwrap(),
            start,
            clock,
        )
    }

    fn begin_again(&self, start: &RunStart, clock: &Clock) -> Result<Begun, StateError> {
        let leases = self.leases.borrow();
        begin(&self.server, leases.last().unwrap(), start, clock)
    }

    fn upkeep(&self) -> Result<Upkeep, StateError> {
        // It takes the state from nobody who has it.
        if self.leases.borrow().is_empty() {
            self.take()?;
        }
        Ok(Upkeep::new(PostgresUpkeep::open(
            &self.server,
            self.leases.borrow().last().unwrap(),
        )?))
    }

    fn become_older(&self) {
        self.expire();
        let columns = |table: &str, names: &[&str]| {
            let drops: Vec<_> = names.iter().map(|n| format!("DROP COLUMN {n}")).collect();
            format!("ALTER TABLE partner_sync.{table} {};", drops.join(", "))
        };
        let of_machines = [
            "holder", "process", "alone", "gen", "until", "batch", "lost_at", "died", "ended",
            "run", "import", "idle", "created", "adopted", "rejected", "done", "settled", "ahead",
        ];
        self.ask(&format!(
            "DROP TABLE partner_sync.pace; DROP TABLE partner_sync.piece; DROP TABLE partner_sync.import; {} {} {}
             CREATE TABLE partner_sync.lease (name text PRIMARY KEY, machine text NOT NULL, holder text NOT NULL,
                 gen bigint NOT NULL, until timestamptz NOT NULL, batch bigint NOT NULL);
             INSERT INTO partner_sync.lease VALUES ('writer', 'm', 'process 1', 1, clock_timestamp(), 0);
             UPDATE partner_sync.meta SET value = '2' WHERE name = 'version'",
            columns("machine", &of_machines),
            columns("record", &["lost_at", "lost_machines"]),
            columns("late", &["status", "reported"]),
        ));
    }

    fn become_newer(&self) {
        self.ask("UPDATE partner_sync.meta SET value = '99' WHERE name = 'version'");
    }

    fn hold_as_another_program(&self) -> Box<dyn std::any::Any> {
        self.ask("UPDATE partner_sync.lease SET until = clock_timestamp() + interval '1 hour', gen = gen + 1, machine = 'another'");
        Box::new(Held(self.cluster, self.address.clone()))
    }
}

/// Lets go of the lease again.
struct Held(&'static harness::Cluster, String);
impl Drop for Held {
    fn drop(&mut self) {
        self.0.ask(
            &self.1,
            "UPDATE partner_sync.lease SET until = clock_timestamp()",
        );
    }
}

#[test]
fn postgres_keeps_the_contract() {
    let Some(cluster) = harness::cluster() else {
        return;
    };
    suite::run(&|| Box::new(Room::new(cluster)));
}

fn start() -> RunStart {
    RunStart {
        open: OpenRows::MayExist,
        id: RunId::new(&Clock::System),
        command: "import",
        target: "t".to_owned(),
        mapping: "m".to_owned(),
        files: String::new(),
    }
}

fn claim(key: &str) -> Claim {
    Claim {
        key: RowKey::new(key),
        fingerprint: Fingerprint([7; 16]),
        legacy_identifier: ExternalId::new(key),
        business_name: format!("Name of {key}"),
    }
}

fn made(key: &str) -> Settlement {
    let mut made = Settlement::new(RowKey::new(key), Event::Created);
    made.partner = Some(PartnerId::new(format!("id-{key}")));
    made
}

#[tokio::test]
async fn an_answer_that_comes_after_a_takeover_is_kept() {
    let Some(cluster) = harness::cluster() else {
        return;
    };
    let room = Room::new(cluster);
    let run = || suite::Store::begin(&room, &start(), &Clock::System).unwrap();
    let (first, _, _) = run();
    first.claim(vec![claim("a"), claim("b")]).await.unwrap();
    let (second, doubts, _) = run();
    assert_eq!(doubts.len(), 2);
    // The first one wakes: what it was answered is known from then on, and it does nothing else.
    let refused = first.settle(vec![made("a")]).await;
    assert!(
        matches!(refused, Err(StateError::Taken { .. })),
        "{refused:?}"
    );
    assert!(first.claim(vec![claim("c")]).await.is_err());
    let known = second
        .known(["a", "b", "c"].map(RowKey::new).to_vec())
        .await
        .unwrap();
    let states: Vec<_> = known.iter().map(|k| k.as_ref().map(|k| k.state)).collect();
    assert_eq!(
        states,
        [Some(RecordState::Created), Some(RecordState::InDoubt), None]
    );
    assert_eq!(
        room.ask("SELECT key, partner, gen FROM partner_sync.late"),
        "a|id-a|1"
    );
    let leases = room.leases.borrow();
    assert_eq!(leases[0].may_send(), None);
    assert_eq!(leases[1].may_send(), Some(true));
}

#[tokio::test]
async fn a_crash_of_the_database_is_waited_for_while_the_lease_holds() {
    let Some(cluster) = harness::own() else {
        return;
    };
    let room = Room::new(cluster);
    let (state, _, _) = suite::Store::begin(&room, &start(), &Clock::System).unwrap();
    state.claim(vec![claim("a")]).await.unwrap();
    cluster.crash();
    let settling = tokio::spawn({
        let state = state.clone();
        async move { state.settle(vec![made("a")]).await }
    });
    tokio::task::spawn_blocking(|| cluster.restart())
        .await
        .unwrap();
    settling.await.unwrap().unwrap();
    state.claim(vec![claim("b")]).await.unwrap();
    let known = state
        .known(["a", "b"].map(RowKey::new).to_vec())
        .await
        .unwrap();
    let states: Vec<_> = known.iter().flatten().map(|k| k.state).collect();
    assert_eq!(states, [RecordState::Created, RecordState::InFlight]);
}

#[tokio::test]
async fn commits_that_the_database_lost_stop_the_run() {
    let Some(cluster) = harness::cluster() else {
        return;
    };
    // What a failover to a standby does that had not got everything yet: the last batch, or all of the run.
    for lost in [
        "UPDATE partner_sync.machine SET batch = batch - 1; DELETE FROM partner_sync.record WHERE key = 'b'",
        "DELETE FROM partner_sync.record; DELETE FROM partner_sync.machine",
    ] {
        let room = Room::new(cluster);
        let (state, _, _) = suite::Store::begin(&room, &start(), &Clock::System).unwrap();
        state.claim(vec![claim("a")]).await.unwrap();
        state.claim(vec![claim("b")]).await.unwrap();
        room.ask(lost);
        let refused = state.settle(vec![made("b")]).await;
        assert!(
            matches!(refused, Err(StateError::CommitsLost { .. })),
            "{lost}: {refused:?}"
        );
    }
}

#[test]
fn a_lease_that_is_not_renewed_ends() {
    let Some(cluster) = harness::cluster() else {
        return;
    };
    let room = Room::new(cluster);
    let second = Duration::from_secs(1);
    let short = server(&room.address, &room.folder, Some(second));
    let held = Lease::take(&short, &Clock::System).unwrap();
    let refused = Lease::take(&room.server, &Clock::System);
    assert!(
        matches!(refused, Err(StateError::Locked { .. })),
        "{refused:?}"
    );
    // A run that is killed renews nothing.
    std::mem::forget(held);
    room.ask("UPDATE partner_sync.machine SET id = 'killed'");
    room.ask("SELECT pg_sleep(1.1)");
    let next = Lease::take(&room.server, &Clock::System).unwrap();
    assert_eq!(next.may_send(), Some(true));
    drop(next);
    // One that ends gives it back.
    Lease::take(&room.server, &Clock::System).unwrap();
}

/// A run that is suspended inside a transaction has rows locked: nobody waits for it to wake.
#[test]
fn a_run_that_sleeps_in_a_transaction_holds_nobody_up() {
    let Some(cluster) = harness::cluster() else {
        return;
    };
    let room = Room::new(cluster);
    let held = Lease::take(&room.server, &Clock::System).unwrap();
    let length = Duration::from_secs(30);
    let sleeping = link::Link::new(Arc::clone(&room.server));
    let (locked, is_locked) = std::sync::mpsc::channel();
    let (wake, is_awake) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let slept = sleeping.with(move |client| {
                let mut t = link::locking(client, length).unwrap();
                let shown = t.query_one("SHOW idle_in_transaction_session_timeout", &[]);
                t.batch_execute("SELECT 1 FROM partner_sync.machine FOR UPDATE")
                    .unwrap();
                locked.send(shown.unwrap().get::<_, String>(0)).unwrap();
                let _ = is_awake.recv_timeout(Duration::from_mins(1));
                Ok(())
            });
            slept.unwrap();
        });
        // The server ends it, as long after as a lease lasts.
        assert_eq!(is_locked.recv().unwrap(), "30s");
        let begin = std::time::Instant::now();
        let refused = Lease::take(&room.server, &Clock::System);
        wake.send(()).unwrap();
        assert!(
            matches!(
                &refused,
                Err(StateError::Locked {
                    holder: Some(_),
                    ..
                })
            ),
            "{refused:?}"
        );
        assert!(begin.elapsed() < Duration::from_secs(20));
    });
    drop(held);
}

#[tokio::test]
async fn a_key_that_is_lost_is_told_and_another_one_is_made() {
    let Some(cluster) = harness::cluster() else {
        return;
    };
    let room = Room::new(cluster);
    let run = || {
        suite::Store::begin(&room, &start(), &Clock::System)
            .unwrap()
            .0
    };
    let first = run();
    first.claim(vec![claim("a")]).await.unwrap();
    first.settle(vec![made("a")]).await.unwrap();
    assert!(first.lost_key().is_none());
    std::fs::remove_file(harness::key_file(room.folder.path())).unwrap();
    let second = run();
    assert_eq!(second.lost_key().unwrap().rows, 1);
    let known = second
        .known(vec![RowKey::new("a")])
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    assert_eq!(known.fingerprint, None);
    second.end(RunEnd::default()).await.unwrap();
    std::fs::write(harness::key_file(room.folder.path()), "no key").unwrap();
    let refused = suite::Store::begin(&room, &start(), &Clock::System);
    assert!(
        matches!(refused, Err(StateError::Key { .. })),
        "{refused:?}"
    );
    let nowhere = ServerSettings::default();
    let address = ServerAddress::parse(&room.address).unwrap().unwrap();
    let refused = Lease::take(&Arc::new(Server::new(address, nowhere)), &Clock::System);
    assert!(
        matches!(refused, Err(StateError::NoKeyFile { .. })),
        "{refused:?}"
    );
}
