//! Where the state of a test lies. What is about never twice and never lost is tested over both.

use std::process::Child;

use super::Workdir;

/// Where the state of a test lies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum StateIn {
    File,
    Postgres,
}

/// Makes two tests of each function, which takes a [`StateIn`]: `NAME::in_a_file`, and `NAME::in_postgres`, which is left out
/// where there is no Postgres.
macro_rules! over_both_states {
    ($($(#[$attribute:meta])* $test:ident),* $(,)?) => {$(
        $(#[$attribute])*
        mod $test {
            use crate::support::{StateIn, postgres};

            #[test]
            fn in_a_file() {
                super::$test(StateIn::File);
            }

            #[test]
            fn in_postgres() {
                if postgres::cluster().is_some() {
                    super::$test(StateIn::Postgres);
                }
            }
        }
    )*};
}
pub(crate) use over_both_states;

impl StateIn {
    /// A folder with a state of its own.
    pub(crate) fn workdir(self) -> Workdir {
        match self {
            Self::File => Workdir::new(),
            Self::Postgres => Workdir::in_postgres().unwrap(),
        }
    }
}

/// Ends the leases of all holders, by the database's clock, whatever table has them.
const END_LEASES: &str = "DO $$ DECLARE t text; BEGIN
    FOR t IN SELECT table_name FROM information_schema.columns
        WHERE table_schema = 'partner_sync' AND column_name = 'until'
    LOOP EXECUTE format('UPDATE partner_sync.%I SET until = clock_timestamp()', t); END LOOP;
END $$";

impl Workdir {
    /// The state as messages name it.
    pub(crate) fn state(&self) -> String {
        let file = || "partner-sync.db".to_owned();
        self.database
            .as_ref()
            .map_or_else(file, |(_, at)| at.clone())
    }

    /// Kills a run and waits for its end. Its lease, which nobody renews any more, ends at once rather than after half a minute.
    pub(crate) fn kill(&self, child: &mut Child) {
        let _ = child.kill();
        child.wait().unwrap();
        self.end_leases();
    }

    /// Ends the leases of runs that have ended without giving them back.
    pub(crate) fn end_leases(&self) {
        if self.database.is_some() {
            self.ask_database(END_LEASES);
        }
    }

    /// Takes the state away, and leaves what lies beside it.
    pub(crate) fn lose_state(&self) {
        match self.database {
            None => std::fs::remove_file(self.path("partner-sync.db")).unwrap(),
            Some(_) => {
                self.ask_database("DROP SCHEMA partner_sync CASCADE");
            }
        }
    }

    /// A copy of the state as it is now, by its address.
    pub(crate) fn copy_of_state(&self, name: &str) -> String {
        match &self.database {
            None => {
                let backup = self.run(&["state", "backup", name]);
                backup.finish().expect_exit(0);
                name.to_owned()
            }
            Some((cluster, address)) => cluster.copy(address),
        }
    }

    /// The address of a state that is not there yet.
    pub(crate) fn another_state(&self, name: &str) -> String {
        match &self.database {
            None => name.to_owned(),
            Some((cluster, _)) => cluster.database(),
        }
    }

    /// What another database of the same server answers.
    pub(crate) fn ask_elsewhere(&self, address: &str, sql: &str) -> String {
        self.database.as_ref().unwrap().0.ask(address, sql)
    }

    /// Its folder stays, for whoever looks why something failed, unless it is let go.
    pub(crate) fn keep(&mut self) {
        self.folder.disable_cleanup(true);
    }

    /// It goes with the test again.
    pub(crate) fn let_go(&mut self) {
        self.folder.disable_cleanup(false);
    }

    /// The length of leases, for a test that waits for the end of one.
    pub(crate) fn with_lease(self, length: &str) -> Self {
        self.write(
            "partner-sync.toml",
            format!("[state]\nlease = \"{length}\"\ntakeover = \"1s\"\n"),
        );
        self
    }
}

impl Drop for Workdir {
    fn drop(&mut self) {
        if let Some((cluster, address)) = &self.database {
            cluster.forget(address);
        }
    }
}
