//! A server that does nothing but answer: a create with 201, a body of 1.2 KB and an id of its own, a question with a list
//! of no partners. It tells what the client costs.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The word by which this program starts itself as the stub.
pub const STUB: &str = "--stub";

/// Serves until the process is ended; the address is the first line on standard output.
pub fn serve() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "http://{address}").unwrap();
        drop(out);
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            tokio::spawn(answer(stream));
        }
    });
}

/// Ids given so far: two rows with one id are an error to the client.
static IDS: AtomicU64 = AtomicU64::new(0);

/// A list without partners: nothing is there before the first create.
const EMPTY: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 80\r\n\r\n\
    {\"items\":[],\"currentPageNumber\":1,\"recordsPerPage\":1,\"totalRecords\":0,\"pages\":0}";

async fn answer(mut stream: TcpStream) {
    const START: &str = "7f4c2f5e-9a43-4b7e-8f6e-";
    let body = format!(
        r#"{{"id":"{START}000000000000","status":"Active","padding":"{}"}}"#,
        "x".repeat(1130)
    );
    let mut whole = format!(
        "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes();
    let number_at = memchr::memmem::find(&whole, START.as_bytes()).unwrap() + START.len();
    let mut buffer = Vec::with_capacity(16 * 1024);
    loop {
        let Some(head) = memchr::memmem::find(&buffer, b"\r\n\r\n") else {
            match stream.read_buf(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => continue,
            }
        };
        let end = head + 4 + content_length(&buffer[..head]);
        while buffer.len() < end {
            match stream.read_buf(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
        let is_question = buffer.starts_with(b"GET ");
        buffer.drain(..end);
        if is_question {
            if stream.write_all(EMPTY).await.is_err() {
                return;
            }
            continue;
        }
        let number = format!("{:012x}", IDS.fetch_add(1, Ordering::Relaxed));
        whole[number_at..number_at + 12].copy_from_slice(number.as_bytes());
        if stream.write_all(&whole).await.is_err() {
            return;
        }
    }
}

fn content_length(head: &[u8]) -> usize {
    let head = std::str::from_utf8(head).unwrap();
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.trim().parse().unwrap())
}

/// A server in a process of its own, ended with this value.
pub struct Server {
    child: Child,
    pub url: String,
}

impl Server {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut url)
            .unwrap();
        let url = url.trim().to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        Self { child, url }
    }

    pub fn stub() -> Self {
        Self::start(Command::new(std::env::current_exe().unwrap()).arg(STUB))
    }

    pub fn sandbox(latency: &str) -> Self {
        let binary = env!("CARGO_BIN_EXE_partner-sync");
        Self::start(Command::new(binary).args(["sandbox", "--latency", latency]))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
