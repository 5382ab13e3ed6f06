//! `PgBouncer` in transaction mode before a server, with few connections to it.

use std::path::Path;
use std::process::{Child, Stdio};

use super::{Cluster, done, fed, free_port};

/// It ends when the pipe to it is closed.
pub(crate) struct Pooler {
    port: u16,
    _keeper: Child,
}

/// Connections to the server for each database: fewer than a run has.
const CONNECTIONS: u32 = 2;

impl Pooler {
    #[allow(
        clippy::print_stderr,
        reason = "what is left out is said; in unit tests printing is allowed anyway"
    )]
    pub(super) fn start(of: &Cluster) -> Option<Self> {
        if !Path::new("/usr/sbin/pgbouncer").exists() {
            eprintln!("left out: there is no PgBouncer here (Debian: pgbouncer)");
            return None;
        }
        let (user, port) = (of.programs.user, free_port());
        let mut folder = user.command("mktemp");
        folder
            .args(["-d", "-p"])
            .arg(&of.folder)
            .arg("poolerXXXXXX");
        let folder = done(folder).trim().to_owned();
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={} user=postgres
            [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any
            pool_mode = transaction\ndefault_pool_size = {CONNECTIONS}\nmax_client_conn = 100\nlogfile = {folder}/log\n",
            of.port
        );
        let settings: Vec<_> = settings.lines().map(str::trim_start).collect();
        let mut write = user.command("sh");
        write.args(["-c", "cat > \"$0/ini\"", &folder]);
        fed(write, &settings.join("\n"));
        let script = "/usr/sbin/pgbouncer -q \"$0/ini\" & cat; kill $!; rm -rf \"$0\"";
        let mut keeper = user.command("sh");
        keeper
            .args(["-c", script, &folder])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut keeper, 0);
        let keeper = keeper.spawn().unwrap();
        for _ in 0..3000 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(Self {
                    port,
                    _keeper: keeper,
                });
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("PgBouncer did not begin");
    }

    /// The address of a database of the server by way of the pooler.
    pub(crate) fn address(&self, of: &str) -> String {
        let (_, database) = of.rsplit_once('/').unwrap();
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }
}
