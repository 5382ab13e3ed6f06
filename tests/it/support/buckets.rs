//! Buckets on loopback: moto for S3, Azurite for Azure, and a server of our own that speaks as Google Cloud Storage does.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::web::{Asked, Reply, Web};
use super::{Run, Workdir, wait_until};

/// A bucket `bucket` with nothing in it.
pub(crate) trait Bucket {
    /// The beginning of its addresses, with the bucket.
    fn address(&self) -> String;
    /// What a run needs to be let in.
    fn let_in(&self, run: Run) -> Run;
    fn put(&self, key: &str, text: &str);
    /// The names in it.
    fn keys(&self) -> Vec<String>;
}

/// A server that ends with the test.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Starts a server that listens on a port; none where it is not installed, or ends at once.
fn listening(command: &mut Command, port: u16) -> Option<Ends> {
    let started = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut server = Ends(started.ok()?);
    let mut has_ended = false;
    wait_until("the server listens", || {
        has_ended = server.0.try_wait().unwrap().is_some();
        has_ended || TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    (!has_ended).then_some(server)
}

/// What a request of plain http is answered.
fn ask(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let client = partner_sync::http_client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut request = client
            .request(method.parse().unwrap(), url)
            .body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    })
}

/// The texts of an element.
fn texts(xml: &str, element: &str) -> Vec<String> {
    let (begin, end) = (format!("<{element}>"), format!("</{element}>"));
    let all = xml.split(&begin).skip(1);
    all.filter_map(|rest| rest.split_once(&end))
        .map(|(text, _)| text.to_owned())
        .collect()
}

/// S3, by moto.
pub(crate) struct Moto {
    url: String,
    _server: Ends,
}

impl Moto {
    pub(crate) fn start() -> Option<Self> {
        let port = free_port();
        let url = format!("http://127.0.0.1:{port}");
        let mut command = Command::new("moto_server");
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        let Some(server) = listening(&mut command, port) else {
            super::browser::left_out("moto_server");
            return None;
        };
        let moto = Self {
            url,
            _server: server,
        };
        assert_eq!(moto.ask("PUT", "", "").0, 200);
        Some(moto)
    }

    fn ask(&self, method: &str, key: &str, body: &str) -> (u16, String) {
        let credential = "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
        let headers = [("authorization", credential)];
        ask(
            method,
            &format!("{}/bucket/{key}", self.url),
            &headers,
            body,
        )
    }
}

impl Bucket for Moto {
    fn address(&self) -> String {
        "s3://bucket".to_owned()
    }

    fn let_in(&self, run: Run) -> Run {
        run.env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_ACCESS_KEY_ID", "HUSHHUSHKEY")
            .env("AWS_SECRET_ACCESS_KEY", "HUSHHUSHSECRET")
    }

    fn put(&self, key: &str, text: &str) {
        assert_eq!(self.ask("PUT", key, text).0, 200);
    }

    fn keys(&self) -> Vec<String> {
        texts(&self.ask("GET", "?list-type=2", "").1, "Key")
    }
}

/// Azure, by Azurite.
pub(crate) struct Azurite {
    url: String,
    _server: Ends,
    _data: Workdir,
}

/// Azurite's own, known to everybody. Source: its documentation.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// Signs and sends: Azurite takes nothing unsigned.
const SIGNED: &str = r#"
import base64, email.utils, hashlib, hmac, http.client, sys, urllib.parse
method, host, path, query, account, key = sys.argv[1:7]
body = sys.stdin.buffer.read()
headers = {"x-ms-date": email.utils.formatdate(usegmt=True), "x-ms-version": "2021-12-02"}
if method == "PUT" and not query:
    headers["x-ms-blob-type"] = "BlockBlob"
length = str(len(body)) if body else ""
canonical = "".join(f"{n}:{v}\n" for n, v in sorted(headers.items()))
resource = f"/{account}{path}" + "".join(f"\n{n}:{v}" for n, v in sorted(urllib.parse.parse_qsl(query)))
text = "\n".join([method, "", "", length] + [""] * 8) + "\n" + canonical + resource
signature = base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()).decode()
headers["Authorization"] = f"SharedKey {account}:{signature}"
connection = http.client.HTTPConnection(host)
connection.request(method, path + ("?" + query if query else ""), body or None, headers)
answer = connection.getresponse()
print(answer.status)
print(answer.read().decode("utf-8-sig"))
"#;

impl Azurite {
    pub(crate) fn start() -> Option<Self> {
        let (port, data) = (free_port(), Workdir::new());
        let program = std::env::var_os("AZURITE_BLOB").unwrap_or_else(|| "azurite-blob".into());
        let mut command = Command::new(program);
        command.args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string()]);
        command.args([
            "--silent",
            "--skipApiVersionCheck",
            "--disableTelemetry",
            "--location",
        ]);
        command.arg(data.path("azurite"));
        let Some(server) = listening(&mut command, port) else {
            super::browser::left_out("azurite-blob");
            return None;
        };
        let azurite = Self {
            url: format!("http://127.0.0.1:{port}"),
            _server: server,
            _data: data,
        };
        assert_eq!(azurite.ask("PUT", "", "restype=container", "").0, 201);
        Some(azurite)
    }

    fn ask(&self, method: &str, key: &str, query: &str, body: &str) -> (u16, String) {
        use std::io::Write as _;
        let path = format!(
            "/{ACCOUNT}/bucket{}{key}",
            if key.is_empty() { "" } else { "/" }
        );
        let host = self.url.trim_start_matches("http://");
        let mut python = Command::new("python3")
            .args(["-c", SIGNED, method, host, &path, query, ACCOUNT, KEY])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        python
            .stdin
            .take()
            .unwrap()
            .write_all(body.as_bytes())
            .unwrap();
        let said = String::from_utf8(python.wait_with_output().unwrap().stdout).unwrap();
        let (status, text) = said.split_once('\n').unwrap();
        (status.parse().unwrap(), text.to_owned())
    }
}

impl Bucket for Azurite {
    fn address(&self) -> String {
        "az://bucket".to_owned()
    }

    fn let_in(&self, run: Run) -> Run {
        run.env("AZURE_STORAGE_ENDPOINT", &format!("{}/{ACCOUNT}", self.url))
            .env("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT)
            .env("AZURE_STORAGE_ACCOUNT_KEY", KEY)
    }

    fn put(&self, key: &str, text: &str) {
        let (status, words) = self.ask("PUT", key, "", text);
        assert_eq!(status, 201, "{words}");
    }

    fn keys(&self) -> Vec<String> {
        texts(
            &self.ask("GET", "", "comp=list&restype=container", "").1,
            "Name",
        )
    }
}

/// Google Cloud Storage, as its XML interface answers. Source: its documentation, "XML API".
pub(crate) struct Gcs {
    pub(crate) web: Web,
    objects: Arc<Mutex<Kept>>,
}

/// Objects by name: text, time in seconds since noon, and a number that each text has once.
type Kept = BTreeMap<String, (String, u32, u32)>;

impl Gcs {
    /// `meddle` is called before each answer, and may change what is there or what is said.
    pub(crate) fn start(
        meddle: impl Fn(&Asked, &mut Kept) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let objects = Arc::new(Mutex::new(Kept::new()));
        let kept = Arc::clone(&objects);
        let web = Web::start(move |asked| {
            let mut kept = kept.lock().unwrap();
            let asked = &Asked {
                path: plain(&asked.path),
                ..asked.clone()
            };
            meddle(asked, &mut kept).unwrap_or_else(|| answer(asked, &mut kept))
        });
        Self { web, objects }
    }
}

/// Puts an object that is newer than all others.
pub(crate) fn put(kept: &mut Kept, key: &str, text: &str) {
    let next = kept.values().map(|(_, at, _)| at + 1).max().unwrap_or(0);
    kept.insert(key.to_owned(), (text.to_owned(), next, next));
}

fn etag(object: &(String, u32, u32)) -> String {
    format!("\"g{}-{}\"", object.2, object.0.len())
}

/// What stands behind percent signs.
fn plain(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

fn answer(asked: &Asked, kept: &mut Kept) -> Reply {
    let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
    let key = path
        .trim_start_matches("/bucket")
        .trim_start_matches('/')
        .to_owned();
    match (asked.method.as_str(), key.as_str()) {
        ("GET", "") => {
            let value = |name: &str| {
                let all = query
                    .split('&')
                    .find_map(|p| p.strip_prefix(&format!("{name}=")));
                all.unwrap_or_default().to_owned()
            };
            let (prefix, delimiter) = (value("prefix"), value("delimiter"));
            let is_listed = |key: &str| {
                let rest = key.strip_prefix(&prefix);
                rest.is_some_and(|rest| delimiter.is_empty() || !rest.contains('/'))
            };
            let listed = kept.iter().filter(|(key, _)| is_listed(key));
            let entry = |(key, object): (&String, &(String, u32, u32))| {
                format!(
                    "<Contents><Key>{key}</Key><Size>{}</Size><LastModified>2026-11-25T12:{:02}:{:02}Z</LastModified><ETag>{}</ETag></Contents>",
                    object.0.len(),
                    object.1 / 60,
                    object.1 % 60,
                    etag(object)
                )
            };
            let entries = listed.map(entry).collect::<Vec<_>>().concat();
            Reply::of(
                200,
                format!("<ListBucketResult>{entries}</ListBucketResult>"),
            )
        }
        ("PUT", _) => {
            let from = plain(asked.header("x-goog-copy-source").unwrap_or_default());
            let from = from.trim_start_matches("bucket/");
            let copied = kept[from].clone();
            put(kept, &key, &copied.0);
            Reply::of(200, "")
        }
        ("DELETE", _) => {
            kept.remove(&key);
            Reply::of(204, "")
        }
        _ => match kept.get(&key) {
            None => Reply::of(404, "<Error><Code>NoSuchKey</Code></Error>"),
            Some(object) => {
                let tag = etag(object);
                if asked.header("if-match").is_some_and(|wanted| wanted != tag) {
                    return Reply::of(412, "");
                }
                Reply::of(200, object.0.clone())
                    .with("etag", &tag)
                    .with("last-modified", "Wed, 25 Nov 2026 12:00:00 GMT")
                    .part(asked)
            }
        },
    }
}

impl Bucket for Gcs {
    fn address(&self) -> String {
        "gs://bucket".to_owned()
    }

    fn let_in(&self, run: Run) -> Run {
        run.env("GOOGLE_BASE_URL", &self.web.url)
            // Without a signature: the library asks for a token even so, where it copies.
            .env(
                "GOOGLE_SERVICE_ACCOUNT_KEY",
                r#"{"client_email": "", "private_key": "", "private_key_id": "", "disable_oauth": true}"#,
            )
    }

    fn put(&self, key: &str, text: &str) {
        put(&mut self.objects.lock().unwrap(), key, text);
    }

    fn keys(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }
}

/// A second, so that two objects have two times: S3 and Azure keep no finer ones.
pub(crate) fn a_second() {
    std::thread::sleep(Duration::from_millis(1100));
}
