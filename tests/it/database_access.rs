//! Who is let in by a database, and what a user may do there: passwords, rights, limits, and a pooler in between.

use std::path::Path;

use crate::leaks::Looked;
use crate::support::{Finished, Run, Server, Workdir, postgres, wait_until};

/// With what is special in a password file and in a shell.
const PASSWORD: &str = r"hush:hu\sh 'ü";
const WRONG: &str = "not-this-one";
const CONFIG: &str = "[state]\nlease = \"2s\"\ntakeover = \"1s\"\n";

/// A folder with an export of ten rows, and a state that a user of an address has.
struct Client {
    dir: Workdir,
    api: Server,
    address: String,
}

impl Client {
    fn at(address: String) -> Self {
        let dir = Workdir::new();
        let api = Server::start(&dir, &[]);
        dir.simple_export(10);
        Self { dir, api, address }
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let run = self.dir.run(arguments).at(&self.api);
        run.env("PARTNER_SYNC_STATE", &self.address)
            .env("PARTNER_SYNC_STATE_KEY_FILE", "state.key")
    }

    fn import(&self) -> Run {
        let import = ["import", "e.csv", "-m", "m.toml", "-vv", "--report", "out"];
        self.run(&import)
    }

    /// It ends like that and says all that; nothing is sent.
    fn stops(&self, run: Run, exit: i32, words: &[&str]) -> Finished {
        let before = self.api.count("POST");
        let run = run.finish().expect_exit(exit);
        for words in words {
            assert!(run.stderr.contains(words), "{words}: {run:?}");
        }
        assert_eq!(self.api.count("POST"), before);
        run
    }

    #[cfg(unix)]
    fn write_for_me(&self, name: &str, text: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.dir.write(name, text);
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(path, mode).unwrap();
    }
}

/// `postgres://USER@127.0.0.1:PORT/DATABASE` for another user of a database.
fn for_user(address: &str, user: &str) -> String {
    address.replace("//postgres@", &format!("//{user}@"))
}

#[cfg(unix)]
#[test]
fn a_password_comes_from_a_file_or_a_command_and_is_shown_nowhere() {
    let access = "host all all 127.0.0.1/32 scram-sha-256";
    let setup = postgres::Setup {
        access,
        ..postgres::Setup::default()
    };
    let Some(cluster) = postgres::with(&setup) else {
        return;
    };
    let address = cluster.database();
    let (_, database) = address.rsplit_once('/').unwrap();
    let made = format!(
        "CREATE ROLE app LOGIN PASSWORD '{}'; GRANT CREATE ON DATABASE {database} TO app",
        PASSWORD.replace('\'', "''")
    );
    cluster.ask(&address, &made);
    let client = Client::at(for_user(&address, "app"));
    let mut looked = Looked::default();
    let mut note = |name: &str, run: &Finished| looked.run(name, run);
    let port = cluster.port();
    let place = format!("127.0.0.1:{port}:{database}:app:");

    let line = format!("{place}PASSWORD");
    let unnamed = [
        "it asks for a password, and there is none",
        &line,
        "PGPASSFILE",
    ];
    note("none", &client.stops(client.import(), 2, &unnamed));
    let with_file = |name: &str| client.import().env("PGPASSFILE", name);
    let escaped = PASSWORD.replace('\\', "\\\\").replace(':', "\\:");
    client.write_for_me("open", &format!("{place}{escaped}\n"), 0o644);
    let open = client.stops(
        with_file("open"),
        2,
        &["may be read by others", "chmod 600"],
    );
    note("open", &open);
    client.write_for_me("wrong", &format!("*:*:*:*:{WRONG}\n"), 0o600);
    let words = ["password authentication failed", "PGPASSFILE"];
    note("wrong", &client.stops(with_file("wrong"), 2, &words));
    let command = |script: &str| {
        let words = serde_json::json!(["sh", "-c", script]);
        let config = format!("[state]\npassword_command = {words}\n");
        client.dir.write("c.toml", config);
        client.import().args(&["-c", "c.toml"])
    };
    let failing = format!("echo '{WRONG}' >&2; echo '{WRONG}'; exit 7");
    let failed = ["the password command failed", "exit status: 7"];
    note("failing", &client.stops(command(&failing), 2, &failed));
    let empty = ["printed no password", "it is empty"];
    note("empty", &client.stops(command("true"), 2, &empty));
    let words = ["password authentication failed", "password_command"];
    let told = client.stops(command(&format!("echo {WRONG}")), 2, &words);
    note("wrong command", &told);

    // A mounted secret holds the password alone, and its group may read it.
    let alone = |text: &str| {
        client.write_for_me("secret", text, 0o640);
        client
            .dir
            .write("f.toml", "[state]\npassword_file = \"secret\"\n");
        client.import().args(&["-c", "f.toml"])
    };
    let told = client.stops(
        alone(&format!("{WRONG}\n")),
        2,
        &["authentication failed", "password_file"],
    );
    note("wrong secret", &told);
    let empty = ["the password file secret holds no password"];
    note("empty secret", &client.stops(alone("\n"), 2, &empty));
    note(
        "secret",
        &alone(&format!("{PASSWORD}\n")).finish().expect_exit(0),
    );

    // The first line that fits decides; another database's comes before.
    let file =
        format!("# passwords\nother:*:*:*:{WRONG}\n127.0.0.1:*:*:app:{escaped}\n*:*:*:*:{WRONG}\n");
    client.write_for_me("right", &file, 0o600);
    note("file", &with_file("right").finish().expect_exit(0));
    client.write_for_me(".pgpass", &file, 0o600);
    let at_home = client
        .run(&["status"])
        .env("HOME", client.dir.path("").to_str().unwrap());
    note("home", &at_home.finish().expect_exit(0));
    client.dir.write("password", PASSWORD);
    let printed = "echo asked >> asked; cat password";
    note("command", &command(printed).finish().expect_exit(0));
    // Not for each connection: a vault makes a new account each time, or asks a person.
    assert_eq!(client.dir.read("asked").lines().count(), 1);
    client.api.assert_each_once(10);

    looked.folder(client.dir.path("").as_path(), &|path: &Path| {
        let ours = [
            "right", "wrong", "open", ".pgpass", "password", "secret", "c.toml",
        ];
        !ours.iter().any(|name| path.ends_with(name))
    });
    assert!(looked.has("standard error") && looked.holds("wrong", "authentication failed"));
    looked.holds_none_of(
        &["hushhush".to_owned(), "notthisone".to_owned()],
        "password",
    );
}

#[test]
fn what_a_user_may_not_do_is_said_with_what_to_do() {
    let Some(cluster) = postgres::cluster() else {
        return;
    };
    let address = cluster.database();
    let (_, database) = address.rsplit_once('/').unwrap();
    let user = format!("u_{database}");
    cluster.ask(&address, &format!("CREATE ROLE {user} LOGIN"));
    let client = Client::at(for_user(&address, &user));
    client.dir.write("partner-sync.toml", CONFIG);
    let may = |sql: &str| cluster.ask(&address, &sql.replace("USER", &user));

    // It may not make the tables; the DBA does, and forgets the rights, and gives some.
    let schema = ["permission denied", "partner-sync state schema"];
    client.stops(client.import(), 2, &schema);
    let tables = client.run(&["state", "schema"]).finish().expect_exit(0);
    may(&tables.stdout);
    let rights = ["permission denied", "GRANT USAGE ON SCHEMA partner_sync"];
    client.stops(client.import(), 2, &rights);
    may(
        "GRANT USAGE ON SCHEMA partner_sync TO USER; GRANT SELECT ON ALL TABLES IN SCHEMA partner_sync TO USER",
    );
    client.stops(client.import(), 2, &rights);
    client.run(&["status"]).finish().expect_exit(0);
    may("GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA partner_sync TO USER");
    client.import().finish().expect_exit(0);
    client.api.assert_each_once(10);
    client.dir.simple_export(12);

    // Limits of the server, of the user or of the database.
    for (set, unset, exit, words) in [
        (
            "ALTER ROLE USER CONNECTION LIMIT 1",
            "ALTER ROLE USER CONNECTION LIMIT -1",
            3,
            ["too many connections", "up to six"],
        ),
        (
            "ALTER ROLE USER SET default_transaction_read_only = on",
            "ALTER ROLE USER RESET ALL",
            3,
            ["read-only", "Name the primary"],
        ),
        (
            "UPDATE partner_sync.meta SET value = '99' WHERE name = 'version'",
            "UPDATE partner_sync.meta SET value = (SELECT value FROM before)",
            2,
            ["newer", "partner-sync"],
        ),
        (
            "ALTER ROLE USER NOLOGIN",
            "ALTER ROLE USER LOGIN",
            2,
            ["not permitted to log in", "Look at the user"],
        ),
    ] {
        may(
            "DROP TABLE IF EXISTS before; CREATE TABLE before AS SELECT value FROM partner_sync.meta WHERE name = 'version'",
        );
        may(set);
        client.stops(client.import(), exit, &words);
        may(unset
            .replace("before)", "before) WHERE name = 'version'")
            .as_str());
    }
    let nobody = for_user(&address, "nobody_of_this_name");
    let strange = client.import().env("PARTNER_SYNC_STATE", &nobody);
    client.stops(strange, 2, &["does not exist", "Look at the user"]);
    let (server, _) = client.address.rsplit_once('/').unwrap();
    let nowhere = format!("{server}/no_such_database");
    let strange = client.import().env("PARTNER_SYNC_STATE", &nowhere);
    client.stops(strange, 2, &["does not exist", "CREATE DATABASE"]);
    client.import().finish().expect_exit(0);
    client.api.assert_each_once(12);
}

/// What a DBA sets for a user stops nothing that is quick, and what is slow is named.
#[test]
fn a_statement_that_may_not_take_so_long_is_named() {
    let Some(cluster) = postgres::cluster() else {
        return;
    };
    let address = cluster.database();
    let client = Client::at(address.clone());
    client.import().finish().expect_exit(0);
    client.dir.simple_export(12);
    // Whoever reads the records waits for this one.
    let (_, database) = address.rsplit_once('/').unwrap();
    let limit = |value: &str| {
        let sql = format!("ALTER DATABASE {database} SET statement_timeout = '{value}'");
        cluster.ask(&address, &sql);
    };
    limit("1s");
    std::thread::scope(|scope| {
        let holding =
            "SET statement_timeout = 0; BEGIN; LOCK TABLE partner_sync.record; SELECT pg_sleep(30)";
        let state = &client.address;
        let held = scope.spawn(move || cluster.try_ask(state, holding));
        let waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'partner_sync.record'::regclass AND mode = 'AccessExclusiveLock' AND granted";
        wait_until("the table is locked", || {
            cluster.ask(&client.address, waiting) == "1"
        });
        let words = ["statement timeout", "ALTER ROLE ... SET statement_timeout"];
        client.stops(client.import(), 3, &words);
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)' AND pid <> pg_backend_pid() AND datname = current_database()";
        cluster.ask(&client.address, end);
        held.join().unwrap();
    });
    limit("10s");
    client.import().finish().expect_exit(0);
    client.api.assert_each_once(12);
}

/// `PgBouncer` in transaction mode, with fewer connections to the server than a run has to it: nothing of a session is relied on.
#[test]
fn a_pooler_in_transaction_mode_may_stand_between() {
    const ROWS: usize = 300;
    let Some(cluster) = postgres::cluster() else {
        return;
    };
    let Some(pooler) = cluster.pooler() else {
        return;
    };
    let dir = Workdir::new();
    let api = Server::start(&dir, &["--latency", "10ms"]);
    let state = pooler.address(&cluster.database());
    dir.write("partner-sync.toml", CONFIG);
    dir.simple_export(ROWS);
    let run = |arguments: &[&str]| {
        let run = dir.run(arguments).at(&api);
        run.env("PARTNER_SYNC_STATE", &state)
            .env("PARTNER_SYNC_STATE_KEY_FILE", "state.key")
    };
    let import = [
        "import",
        "e.csv",
        "-m",
        "m.toml",
        "--workers",
        "16",
        "--json",
    ];
    let import = || {
        let quick = ["--rate", "unlimited", "--settle", "300ms", "--wait", "1m"];
        run(&import).args(&quick)
    };
    for sent in [20, 40, 60] {
        let before = api.count("POST");
        let mut child = import().start();
        wait_until("some rows are sent, or all", || {
            api.count("POST") >= before + sent || child.try_wait().unwrap().is_some()
        });
        let _ = child.kill();
        child.wait().unwrap();
    }
    let whole = import().finish().expect_exit(0);
    let summary = whole.summary();
    let done = summary.get("created") + summary.get("skipped");
    assert_eq!(done, ROWS as u64, "{whole:?}");
    let again = import().finish().expect_exit(0).summary();
    assert_eq!(again.get("skipped"), ROWS as u64);
    let read = |arguments: &[&str]| run(arguments).finish().expect_exit(0).stdout;
    assert!(read(&["status", "--json"]).contains("\"created\":300"));
    assert_eq!(read(&["state", "export"]).lines().count(), ROWS + 1);
    api.assert_each_once(ROWS);
}
