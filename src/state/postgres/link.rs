//! A connection that is made when it is first needed, and again after it broke.
//!
//! The client waits on a runtime of its own, which must not happen on a thread of another one; and nobody outside knows of
//! that. So whatever asks the database does it on a thread of its own, for as long as the question takes.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use postgres::config::SslMode;
use postgres::error::SqlState;
use postgres::fallible_iterator::FallibleIterator as _;
use postgres::types::{ToSql, Type};
use postgres::{Client, NoTls, Row, Transaction};

use super::super::error::StateError;
use super::error::{Trouble, words};
use super::server::Server;
use super::tls::{self, Tls};

/// A value of a statement and its type: statements are sent unnamed, so that the server keeps nothing between them.
pub(super) type Value<'v> = (&'v (dyn ToSql + Sync), Type);

/// Values of a statement with their types.
macro_rules! values {
    ($($value:expr => $kind:ident),* $(,)?) => {
        [$((&$value as &(dyn postgres::types::ToSql + Sync), postgres::types::Type::$kind)),*]
    };
}
pub(super) use values;

/// How long a database that is away is left alone before it is tried again.
pub(super) const AGAIN: Duration = Duration::from_millis(250);
/// Rows that are handed over together.
const TOGETHER: usize = 1024;

/// What is committed is on the disk before the commit is answered, and on a synchronous standby where there is one, whatever the
/// server, the database or the role has as its default: a claim that a crash undoes lets a row be sent twice.
const ON_THE_DISK: &str = "SET LOCAL synchronous_commit = on";

/// Begins a transaction whose commit is on the disk once it is answered.
pub(super) fn lasting(client: &mut Client) -> Result<Transaction<'_>, postgres::Error> {
    let mut transaction = client.transaction()?;
    transaction.batch_execute(ON_THE_DISK)?;
    Ok(transaction)
}

/// The same, in which rows are locked. Who is suspended in it would hold up everybody else for as long as that
/// takes, so the server ends it when nothing was asked in it for `most`.
pub(super) fn locking(
    client: &mut Client,
    most: Duration,
) -> Result<Transaction<'_>, postgres::Error> {
    let mut transaction = client.transaction()?;
    let settings = format!(
        "{ON_THE_DISK}; SET LOCAL idle_in_transaction_session_timeout = {}",
        most.as_millis()
    );
    transaction.batch_execute(&settings)?;
    Ok(transaction)
}

/// A connection to the database.
pub(super) struct Link {
    server: Arc<Server>,
    client: Mutex<Option<Client>>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Link").field(&self.server.address).finish()
    }
}

impl Link {
    pub(super) fn new(server: Arc<Server>) -> Self {
        let client = Mutex::new(None);
        Self { server, client }
    }

    pub(super) fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// Does something with the connection, once.
    pub(super) fn with<T: Send>(
        &self,
        work: impl FnOnce(&mut Client) -> Result<T, Trouble> + Send,
    ) -> Result<T, Trouble> {
        std::thread::scope(|scope| {
            let working = scope.spawn(|| self.connected(work));
            working
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn connected<T>(
        &self,
        work: impl FnOnce(&mut Client) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let mut held = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        let mut client = match held.take().filter(|client| !client.is_closed()) {
            Some(client) => client,
            None => connect(&self.server)?,
        };
        let result = work(&mut client);
        // One that broke, or in which a transaction may be open, is not used again.
        if !matches!(result, Err(Trouble::Away(_))) && !client.is_closed() {
            *held = Some(client);
        }
        result
    }

    /// Asks something that changes nothing: where an idle connection turns out to be broken, or another transaction was in
    /// the way, it is asked again.
    pub(super) fn look<T: Send>(
        &self,
        work: impl Fn(&mut Client) -> Result<T, postgres::Error> + Send + Sync,
    ) -> Result<T, StateError> {
        /// A broken connection is found out at the first, a database that is away at the second.
        const TRIES: u32 = 3;
        let (state, begin) = (self.server.state(), Instant::now());
        let mut tries = 0;
        loop {
            let trouble =
                match self.with(|client| work(client).map_err(|e| Trouble::of(&e, &state))) {
                    Ok(answer) => return Ok(answer),
                    Err(Trouble::State(error)) => return Err(error),
                    Err(passing) => passing,
                };
            tries += 1;
            // One that was there before may come back while the state is still held; a wrong address never does.
            let is_away = matches!(trouble, Trouble::Away(_));
            let may_return =
                is_away && self.server.was_reached() && begin.elapsed() < self.server.lease();
            if tries >= TRIES && !may_return {
                return Err(trouble.settled(&state));
            }
            if is_away && tries > 1 {
                std::thread::park_timeout(AGAIN);
            }
        }
    }

    /// The rows of one statement, which sees one moment, handed over as they come.
    pub(super) fn each(
        &self,
        sql: &str,
        values: &[Value<'_>],
        each: &mut dyn FnMut(&Row),
    ) -> Result<(), StateError> {
        let state = self.server.state();
        // A connection that broke while idle is found out before the first row.
        self.look(|client| client.simple_query("").map(drop))?;
        std::thread::scope(|scope| {
            let (sender, receiver) = mpsc::sync_channel::<Vec<Row>>(2);
            let read = move |client: &mut Client| -> Result<(), postgres::Error> {
                let values = values.iter().map(|(value, kind)| (*value, kind.clone()));
                let mut rows = client.query_typed_raw(sql, values)?;
                let mut together = Vec::with_capacity(TOGETHER);
                while let Some(row) = rows.next()? {
                    together.push(row);
                    if together.len() == TOGETHER {
                        let _ = sender.send(std::mem::take(&mut together));
                    }
                }
                let _ = sender.send(together);
                Ok(())
            };
            let (link, state) = (self, &state);
            let reading = scope.spawn(move || {
                link.connected(|client| read(client).map_err(|e| Trouble::of(&e, state)))
            });
            for rows in receiver {
                rows.iter().for_each(&mut *each);
            }
            let read = reading
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            read.map_err(|trouble| trouble.settled(&self.server.state()))
        })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let client = self
            .client
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = client.take() {
            // Its end waits too.
            let _ = std::thread::spawn(move || drop(client)).join();
        }
    }
}

fn connect(server: &Server) -> Result<Client, Trouble> {
    let state = server.state();
    let refused = |reason: String| {
        Trouble::State(StateError::Refused {
            state: state.clone(),
            reason,
        })
    };
    let attempt = |anew: bool| {
        let mut config = server.address.config();
        let (password, is_new) = server.password(anew).map_err(refused)?;
        if let Some(password) = password {
            config.password(password.expose());
        }
        let connected = if config.get_ssl_mode() == SslMode::Disable {
            config.connect(NoTls)
        } else {
            let files = server.address.tls_files();
            config.connect(Tls::new(server.ca_file(), files).map_err(refused)?)
        };
        Ok::<_, Trouble>((connected, is_new))
    };
    let is_wrong = |error: &postgres::Error| error.code() == Some(&SqlState::INVALID_PASSWORD);
    let (mut connected, is_new) = attempt(false)?;
    // It may have changed since it was asked for.
    if connected.as_ref().is_err_and(is_wrong) && !is_new {
        connected = attempt(true)?.0;
    }
    let client = connected.map_err(|error| {
        // Neither a password that is missing nor a certificate that does not fit passes by itself.
        if let Some(reason) = tls::refusal(&error, &server.address.host()) {
            return refused(reason);
        }
        if words(&error).contains("password missing") {
            return refused(server.no_password());
        }
        Trouble::of(&error, &state)
    })?;
    server.is_reached();
    Ok(client)
}

/// The rows of one statement.
pub(super) fn query(
    client: &mut impl postgres::GenericClient,
    sql: &str,
    values: &[Value<'_>],
) -> Result<Vec<Row>, postgres::Error> {
    let values: Vec<_> = values.iter().map(|(v, kind)| (*v, kind.clone())).collect();
    client.query_typed(sql, &values)
}
