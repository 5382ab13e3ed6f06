//! TLS to a database: the certificate has to be of an authority that is trusted, and of the host that the address names.
//!
//! `hostaddr` says where a host is, so that no name has to be known to this machine: these hosts are not this machine, by
//! their names.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::support::{Finished, Server, Workdir, postgres};

type Ca = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Ca {
    let mut of_authority = CertificateParams::default();
    of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let common = rcgen::DnType::CommonName;
    of_authority.distinguished_name.push(common, name);
    CertifiedIssuer::self_signed(of_authority, KeyPair::generate().unwrap()).unwrap()
}

/// The PEM of a certificate of a host, and of its key.
fn certificate(by: &Ca, host: &str, is_over: bool) -> (String, String) {
    let mut of_host = CertificateParams::new(vec![host.to_owned()]).unwrap();
    let common = rcgen::DnType::CommonName;
    of_host.distinguished_name.push(common, host);
    if is_over {
        of_host.not_before = rcgen::date_time_ymd(2020, 1, 1);
        of_host.not_after = rcgen::date_time_ymd(2021, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let signed = of_host.signed_by(&key, by).unwrap();
    (signed.pem(), key.serialize_pem())
}

/// A server with a certificate.
fn with_tls(
    shown: &(String, String),
    clients: &str,
    access: &str,
) -> Option<&'static postgres::Cluster> {
    let files = [
        ("s.crt", shown.0.as_str()),
        ("s.key", shown.1.as_str()),
        ("c.crt", clients),
    ];
    let settings =
        "ssl = on\nssl_cert_file = 's.crt'\nssl_key_file = 's.key'\nssl_ca_file = 'c.crt'";
    postgres::with(&postgres::Setup {
        settings,
        access,
        files: &files,
    })
}

/// A folder whose export is imported into a state at addresses of one server.
struct Client {
    dir: Workdir,
    api: Server,
    database: String,
    port: u16,
}

impl Client {
    fn of(cluster: &postgres::Cluster) -> Self {
        let dir = Workdir::new();
        let api = Server::start(&dir, &[]);
        dir.simple_export(2);
        let address = cluster.database();
        let (_, database) = address.rsplit_once('/').unwrap();
        Self {
            dir,
            api,
            database: database.to_owned(),
            port: cluster.port(),
        }
    }

    fn import(&self, host: &str, more: &str) -> Finished {
        let address = format!(
            "postgres://postgres@{host}:{}/{}?hostaddr=127.0.0.1{more}",
            self.port, self.database
        );
        let run = ["import", "e.csv", "-m", "m.toml", "--state", &address];
        let key = postgres::key_file(Path::new("."));
        let run = self.dir.run(&run).at(&self.api);
        run.env("PARTNER_SYNC_STATE_KEY_FILE", key.to_str().unwrap())
            .finish()
    }

    /// Nothing is done, and the words say why and what to do.
    fn is_refused(&self, host: &str, more: &str, words: &[&str]) {
        let refused = self.import(host, more).expect_exit(2);
        for words in words {
            assert!(refused.stderr.contains(words), "{words}: {refused:?}");
        }
        assert_eq!(self.api.count("POST"), 0);
    }
}

const EVERYBODY: &str = "hostssl all all 127.0.0.1/32 trust";

#[test]
fn a_certificate_is_of_a_trusted_authority_and_of_the_host() {
    let (ours, other) = (authority("ours"), authority("another"));
    let shown = certificate(&ours, "db.example.com", false);
    let Some(cluster) = with_tls(&shown, &ours.pem(), EVERYBODY) else {
        return;
    };
    let client = Client::of(cluster);
    client.dir.write("ca.pem", ours.pem());
    client.dir.write("other.pem", other.pem());
    client.dir.write("empty.pem", "");
    let unknown = [
        "the certificate of db.example.com is of an authority that is not trusted here",
        "--ca-file",
    ];
    client.is_refused("db.example.com", "", &unknown);
    client.is_refused("db.example.com", "&sslmode=verify-full", &unknown);
    client.is_refused("db.example.com", "&sslrootcert=other.pem", &unknown);
    let name = [
        "not of db2.example.com",
        "Write the host as its certificate has it",
        "\"db.example.com\"",
    ];
    client.is_refused("db2.example.com", "&sslrootcert=ca.pem", &name);
    let empty = ["sslrootcert empty.pem: it holds no certificate"];
    client.is_refused("db.example.com", "&sslrootcert=empty.pem", &empty);
    let missing = ["sslrootcert none.pem"];
    client.is_refused("db.example.com", "&sslrootcert=none.pem", &missing);
    let named = "&sslmode=verify-full&sslrootcert=ca.pem";
    client.import("db.example.com", named).expect_exit(0);
    // So does the option that is for the API, too.
    client
        .dir
        .write("partner-sync.toml", "[api]\nca_file = \"ca.pem\"\n");
    client.import("db.example.com", "").expect_exit(0);
    client.api.assert_each_once(2);
}

#[test]
fn a_certificate_that_has_expired_is_refused() {
    let ours = authority("ours");
    let over = certificate(&ours, "db.example.com", true);
    let Some(cluster) = with_tls(&over, &ours.pem(), EVERYBODY) else {
        return;
    };
    let client = Client::of(cluster);
    client.dir.write("ca.pem", ours.pem());
    let expired = ["the certificate of db.example.com has expired", "renewed"];
    client.is_refused("db.example.com", "&sslrootcert=ca.pem", &expired);
}

/// Neither the rows nor a password leave this machine as plain text.
#[test]
fn a_server_without_tls_is_refused_where_it_is_another_machine() {
    let Some(cluster) = postgres::cluster() else {
        return;
    };
    let client = Client::of(cluster);
    let none = ["db.example.com offers no TLS", "ssl = on"];
    client.is_refused("db.example.com", "", &none);
    client.is_refused("db.example.com", "&sslmode=prefer", &none);
    client.is_refused("db.example.com", "&sslmode=disable", &["sslmode=disable"]);
}

#[test]
fn a_certificate_is_shown_where_the_server_asks_for_one() {
    let (ours, other) = (authority("ours"), authority("another"));
    let shown = certificate(&ours, "db.example.com", false);
    let access = "hostssl all all 127.0.0.1/32 cert";
    let Some(cluster) = with_tls(&shown, &ours.pem(), access) else {
        return;
    };
    let client = Client::of(cluster);
    client.dir.write("ca.pem", ours.pem());
    for (name, by) in [("c", &ours), ("x", &other)] {
        // The user's name is the certificate's.
        let (certificate, key) = certificate(by, "postgres", false);
        client.dir.write(&format!("{name}.pem"), certificate);
        client.dir.write(&format!("{name}.key"), key);
    }
    let trusted = "&sslrootcert=ca.pem";
    client.is_refused("db.example.com", trusted, &["valid client certificate"]);
    let strange = format!("{trusted}&sslcert=x.pem&sslkey=x.key");
    let words = ["does not accept this program's certificate", "sslcert="];
    client.is_refused("db.example.com", &strange, &words);
    let half = format!("{trusted}&sslcert=c.pem");
    client.is_refused("db.example.com", &half, &["sslcert and sslkey go together"]);
    let mixed = format!("{trusted}&sslcert=c.pem&sslkey=x.key");
    client.is_refused("db.example.com", &mixed, &["sslcert c.pem"]);
    let whole = format!("{trusted}&sslcert=c.pem&sslkey=c.key");
    client.import("db.example.com", &whole).expect_exit(0);
    client.api.assert_each_once(2);
}
