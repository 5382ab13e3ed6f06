//! The way to the API: certificates that are trusted and shown, and plain http that does not leave the machine.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::support::{Finished, Server, Workdir};

/// A CA, and certificates that it signed.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate of this name, and its key.
    fn sign(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        self.sign_from_to(name, 2000, 4000)
    }

    fn sign_from_to(&self, name: &str, from: i32, to: i32) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(to, 1, 1);
        (params.signed_by(&key, &self.0).unwrap(), key)
    }
}

/// An API behind TLS with an empty list; `clients` is whose certificates it asks for. Counts what it answers.
fn serve(authority: &Authority, clients: Option<&Authority>) -> (String, Arc<AtomicUsize>) {
    serve_as(authority.sign("localhost"), clients)
}

fn serve_as(
    signed: (rcgen::Certificate, KeyPair),
    clients: Option<&Authority>,
) -> (String, Arc<AtomicUsize>) {
    serve_saying(signed, clients, Ends::AfterSoMuch)
}

/// How an answer says where it ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// By its length.
    AfterSoMuch,
    /// Not at all: the connection is closed without a word.
    Unsaid,
}

fn serve_saying(
    (cert, key): (rcgen::Certificate, KeyPair),
    clients: Option<&Authority>,
    ends: Ends,
) -> (String, Arc<AtomicUsize>) {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.0.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let config = builder
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    let answered = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&answered);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            if answer(&mut stream, ends).is_some() {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    (url, answered)
}

/// Answers one request and closes.
fn answer(stream: &mut (impl Read + Write), ends: Ends) -> Option<()> {
    let mut lines = BufReader::new(&mut *stream).lines();
    while !lines.next()?.ok()?.is_empty() {}
    let body = r#"{"items":[],"totalRecords":0,"totalPages":0}"#;
    let length = match ends {
        Ends::AfterSoMuch => format!("content-length: {}\r\n", body.len()),
        Ends::Unsaid => String::new(),
    };
    let head = format!("HTTP/1.1 200 OK\r\n{length}connection: close\r\n\r\n");
    stream.write_all((head + body).as_bytes()).ok()?;
    stream.flush().ok()
}

fn list(dir: &Workdir, url: &str, more: &[&str]) -> Finished {
    dir.run(&[&["partners", "list"], more].concat())
        .at_url(url)
        .finish()
}

/// Somebody may have cut it off: it is not believed, and said in words.
#[test]
fn an_answer_whose_end_nobody_tells_is_not_believed() {
    let dir = Workdir::new();
    let authority = Authority::new();
    dir.write("ca.pem", authority.pem());
    let (url, answered) = serve_saying(authority.sign("localhost"), None, Ends::Unsaid);
    let run = list(&dir, &url, &["--ca-file", "ca.pem", "--outage", "0s"]);
    assert_ne!(run.exit, 0);
    let says = "the answer broke off: its server, or a proxy before it, ends connections without saying that the answer is complete";
    assert!(run.stderr.contains(says), "{}", run.stderr);
    assert!(!run.stderr.contains("rustls"), "{}", run.stderr);
    assert!(answered.load(Ordering::SeqCst) > 0);
}

/// Once, in words, with what to do; no library says it beside.
#[test]
fn a_certificate_that_does_not_fit_is_named_as_that() {
    let dir = Workdir::new();
    let authority = Authority::new();
    dir.write("ca.pem", authority.pem());
    for (cert, says) in [
        (
            authority.sign_from_to("localhost", 2000, 2001),
            "its certificate has expired. Whoever runs the API has to renew it",
        ),
        (
            authority.sign_from_to("localhost", 3000, 4000),
            "not valid yet: check this machine's clock",
        ),
        (
            authority.sign("example.com"),
            "for another name than --api-url has",
        ),
    ] {
        let (url, answered) = serve_as(cert, None);
        let run = list(&dir, &url, &["--ca-file", "ca.pem", "--outage", "0s"]);
        assert_ne!(run.exit, 0);
        assert!(run.stderr.contains(says), "{}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
        assert_eq!(answered.load(Ordering::SeqCst), 0);
    }
}

#[test]
fn a_private_ca_is_trusted_where_it_is_named() {
    let dir = Workdir::new();
    let authority = Authority::new();
    dir.write("ca.pem", authority.pem());
    dir.write("c.toml", "[api]\nca_file = \"ca.pem\"\n");
    let (url, answered) = serve(&authority, None);

    let run = list(&dir, &url, &[]);
    assert_ne!(run.exit, 0);
    assert!(run.stderr.contains("--ca-file"), "{}", run.stderr);
    assert!(!run.stderr.contains("builder error"), "{}", run.stderr);
    assert_eq!(answered.load(Ordering::SeqCst), 0);

    list(&dir, &url, &["--ca-file", "ca.pem"]).expect_exit(0);
    list(&dir, &url, &["-c", "c.toml"]).expect_exit(0);
    for variable in ["PARTNER_SYNC_CA_FILE", "SSL_CERT_FILE"] {
        let run = dir.run(&["partners", "list"]).at_url(&url);
        run.env(variable, "ca.pem").finish().expect_exit(0);
    }
    assert_eq!(answered.load(Ordering::SeqCst), 4);

    // Another CA's name is no proof.
    dir.write("other.pem", Authority::new().pem());
    assert_ne!(list(&dir, &url, &["--ca-file", "other.pem"]).exit, 0);
    assert_eq!(answered.load(Ordering::SeqCst), 4);
}

#[test]
fn an_api_that_asks_for_a_certificate_is_shown_one() {
    let dir = Workdir::new();
    let (authority, clients) = (Authority::new(), Authority::new());
    let (url, answered) = serve(&authority, Some(&clients));
    let (cert, key) = clients.sign("nightly");
    dir.write("ca.pem", authority.pem());
    dir.write("cert.pem", cert.pem());
    dir.write("key.pem", key.serialize_pem());
    let ca = ["--ca-file", "ca.pem"];
    assert_ne!(list(&dir, &url, &ca).exit, 0);
    assert_eq!(answered.load(Ordering::SeqCst), 0);
    let both = ["--client-cert", "cert.pem", "--client-key", "key.pem"];
    list(&dir, &url, &[&ca[..], &both].concat()).expect_exit(0);
    dir.write(
        "c.toml",
        "[api]\nca_file = \"ca.pem\"\nclient_cert = \"cert.pem\"\nclient_key = \"key.pem\"\n",
    );
    list(&dir, &url, &["-c", "c.toml"]).expect_exit(0);
    assert_eq!(answered.load(Ordering::SeqCst), 2);
}

/// Nothing is asked of the API with files that cannot be used, and nothing of a key is shown.
#[test]
fn files_that_cannot_be_used_are_refused_in_words() {
    let dir = Workdir::new();
    let authority = Authority::new();
    let (cert, key) = authority.sign("a");
    dir.write("ca.pem", authority.pem());
    dir.write("cert.pem", cert.pem());
    dir.write("key.pem", key.serialize_pem());
    dir.write("other.pem", KeyPair::generate().unwrap().serialize_pem());
    dir.write("cert.der", cert.der());
    dir.write("empty.pem", "");
    dir.write(
        "broken.pem",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    );
    dir.write(
        "no-base64.pem",
        "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n",
    );
    dir.write(
        "locked.pem",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    let url = "https://localhost:1";
    for (options, says) in [
        (
            &["--ca-file", "none.pem"][..],
            "cannot read --ca-file none.pem",
        ),
        (&["--ca-file", "."], "--ca-file ."),
        (&["--ca-file", "empty.pem"], "contains no certificate"),
        (&["--ca-file", "key.pem"], "contains no certificate"),
        (&["--ca-file", "cert.der"], "contains no certificate"),
        (&["--ca-file", "broken.pem"], "certificate 1 cannot be used"),
        (&["--ca-file", "no-base64.pem"], "not a PEM file"),
        (&["--client-cert", "cert.pem"], "client_key is not"),
        (&["--client-key", "key.pem"], "client_cert is not"),
        (
            &["--client-cert", "cert.pem", "--client-key", "cert.pem"],
            "contains no key",
        ),
        (
            &["--client-cert", "cert.pem", "--client-key", "locked.pem"],
            "without a passphrase",
        ),
        (
            &["--client-cert", "cert.pem", "--client-key", "other.pem"],
            "does not belong to the certificate",
        ),
        (
            &["--client-cert", "key.pem", "--client-key", "key.pem"],
            "contains no certificate",
        ),
    ] {
        let run = list(&dir, url, options).expect_exit(2);
        assert!(run.stderr.contains(says), "{options:?}: {}", run.stderr);
        for secret in key.serialize_pem().lines().filter(|l| !l.starts_with('-')) {
            assert!(!run.stderr.contains(secret), "{options:?}: {}", run.stderr);
        }
    }
    // The system has none, and none is named.
    let run = dir.run(&["partners", "list"]).at_url(url);
    let run = run
        .env("SSL_CERT_FILE", "empty.pem")
        .finish()
        .expect_exit(2);
    assert!(
        run.stderr.contains("no CA certificates") && run.stderr.contains("SSL_CERT_FILE"),
        "{}",
        run.stderr
    );
}

/// The token goes nowhere in the clear, through a proxy neither.
#[test]
fn plain_http_to_another_machine_is_refused_unless_it_is_allowed() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(2);
    let job = "[api]\nurl = \"http://partners.example\"\n[[job]]\nname = \"j\"\nfile = \"e.csv\"\nmapping = \"m.toml\"\n";
    dir.write("refused.toml", job);
    dir.write(
        "allowed.toml",
        job.replace("[[job]]", "insecure_http = true\n[[job]]"),
    );
    let import = [
        "import", "e.csv", "-m", "m.toml", "--yes", "--settle", "10ms",
    ];
    let at = |arguments: &[&str]| {
        let run = dir.run(arguments).env("HTTP_PROXY", &server.url);
        run.env("PARTNER_SYNC_TOKEN", "t")
    };
    for (arguments, name) in [
        (&import[..], "PARTNER_SYNC_API_URL"),
        (&["partners", "list"], "PARTNER_SYNC_API_URL"),
        (&["sync", "-c", "refused.toml"], ""),
        (&["sync", "-c", "refused.toml", "--check-config"], ""),
    ] {
        let run = at(arguments);
        let run = if name.is_empty() {
            run
        } else {
            run.env(name, "http://partners.example:8080")
        };
        let run = run.finish().expect_exit(2);
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(
            said.contains("partners.example") && said.contains("--insecure-http"),
            "{arguments:?}: {said}"
        );
    }
    assert!(server.requests().is_empty());

    let run = at(&[&import[..], &["--insecure-http"]].concat());
    run.env("PARTNER_SYNC_API_URL", "http://partners.example")
        .finish()
        .expect_exit(0);
    let run = at(&["partners", "list"]).env("PARTNER_SYNC_INSECURE_HTTP", "true");
    run.env("PARTNER_SYNC_API_URL", "http://partners.example")
        .finish()
        .expect_exit(0);
    at(&["sync", "-c", "allowed.toml"]).finish().expect_exit(0);
    assert!(!server.requests().is_empty());
}

/// A webhook's address is a secret, which plain http shows; a night is not begun whose end nobody would be informed of.
#[test]
fn a_webhook_over_plain_http_is_refused_like_the_api() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(2);
    let config = format!(
        "[api]\nurl = \"{}\"\n[notify]\nurl_file = \"hook\"\n[[job]]\nname = \"j\"\nfile = \"e.csv\"\nmapping = \"m.toml\"\n",
        server.url
    );
    dir.write("c.toml", config);
    let sync = |more: &[&str]| {
        let run = dir.run(&[&["sync", "-c", "c.toml", "--rate", "unlimited"], more].concat());
        run.env("PARTNER_SYNC_TOKEN", "token").finish()
    };
    for (hook, says) in [
        (Some("http://hooks.example/HUSH\n"), "--insecure-http"),
        (None, "url_file"),
    ] {
        match hook {
            Some(text) => drop(dir.write("hook", text)),
            None => std::fs::remove_file(dir.path("hook")).unwrap(),
        }
        for more in [&[][..], &["--check-config"]] {
            let run = sync(more).expect_exit(2);
            let said = format!("{}{}", run.stdout, run.stderr);
            assert!(said.contains(says) && !said.contains("HUSH"), "{said}");
        }
    }
    assert_eq!(server.partners().len(), 0);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let hook = std::thread::spawn({
        let listener = listener.try_clone().unwrap();
        move || answer(&mut listener.accept().unwrap().0, Ends::AfterSoMuch)
    });
    dir.write(
        "hook",
        format!("\u{feff}http://{}/hook\n", listener.local_addr().unwrap()),
    );
    std::fs::write(dir.path("e.csv"), "Id,Name\nK-1,A\nK-2,\n").unwrap();
    sync(&[]).expect_exit(1);
    assert_eq!(hook.join().unwrap(), Some(()), "it was called");
}
