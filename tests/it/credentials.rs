//! Credentials that clouds hand to programs on their machines: asked of a server on loopback that plays all of them.

use crate::support::web::{Asked, Reply, Web};
use crate::support::{SIMPLE_MAPPING, Workdir};

const KEYS: &str = r#"{"AccessKeyId":"HUSHKEY","SecretAccessKey":"HUSHSECRET","Token":"HUSHSESSION","Expiration":"2099-01-01T00:00:00Z","Code":"Success","LastUpdated":"2026-01-01T00:00:00Z","Type":"AWS-HMAC"}"#;
const TOKEN: &str = r#"{"access_token":"HUSHTOKEN","expires_in":3600,"expires_on":"4070908800","token_type":"Bearer","resource":"x"}"#;
const STS: &str = "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>HUSHKEY</AccessKeyId><SecretAccessKey>HUSHSECRET</SecretAccessKey><SessionToken>HUSHSESSION</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";

fn cloud() -> Web {
    Web::start(|asked: &Asked| {
        let path = asked.path.as_str();
        match path.split('?').next().unwrap_or_default() {
            "/latest/api/token" => Reply::of(200, "HUSHINSTANCE"),
            "/latest/meta-data/iam/security-credentials/" => Reply::of(200, "role"),
            "/latest/meta-data/iam/security-credentials/role" | "/container" => {
                Reply::of(200, KEYS)
            }
            "/" if path.contains("AssumeRoleWithWebIdentity") => Reply::of(200, STS),
            "/computeMetadata/v1/instance/service-accounts/default/token"
            | "/tenant/oauth2/v2.0/token"
            | "/msi" => Reply::of(200, TOKEN),
            _ => Reply::of(200, "Id,Name\n1,Acme\n")
                .with("etag", "\"e\"")
                .with("last-modified", "Wed, 25 Nov 2026 12:00:00 GMT"),
        }
    })
}

fn folder() -> Workdir {
    let dir = Workdir::new();
    dir.write("m.toml", SIMPLE_MAPPING);
    dir.write("token", "HUSHIDENTITY");
    dir
}

/// An address, variables, the paths that are asked for credentials, and what lets the run into the bucket.
type Way = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
);

const WAYS: &[Way] = &[
    (
        "s3://bucket/a.csv",
        "AWS_ENDPOINT_URL=URL AWS_ENDPOINT_URL_STS=URL AWS_ROLE_ARN=arn:aws:iam::1:role/r AWS_WEB_IDENTITY_TOKEN_FILE=token",
        &["/"],
        "Credential=HUSHKEY/",
    ),
    (
        "s3://bucket/a.csv",
        "AWS_ENDPOINT_URL=URL AWS_CONTAINER_CREDENTIALS_FULL_URI=URL/container AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=token",
        &["/container"],
        "Credential=HUSHKEY/",
    ),
    (
        "s3://bucket/a.csv",
        "AWS_ENDPOINT_URL=URL AWS_METADATA_ENDPOINT=URL",
        &[
            "/latest/api/token",
            "/latest/meta-data/iam/security-credentials/",
            "/latest/meta-data/iam/security-credentials/role",
        ],
        "Credential=HUSHKEY/",
    ),
    // With keys nobody is asked.
    (
        "s3://bucket/a.csv",
        "AWS_ENDPOINT_URL=URL AWS_METADATA_ENDPOINT=URL AWS_ACCESS_KEY_ID=HUSHOWN AWS_SECRET_ACCESS_KEY=HUSHSECRET",
        &[],
        "Credential=HUSHOWN/",
    ),
    (
        "az://bucket/a.csv",
        "AZURE_STORAGE_ENDPOINT=URL/account AZURE_STORAGE_ACCOUNT_NAME=account AZURE_AUTHORITY_HOST=URL AZURE_CLIENT_ID=client AZURE_TENANT_ID=tenant AZURE_FEDERATED_TOKEN_FILE=token",
        &["/tenant/oauth2/v2.0/token"],
        "Bearer HUSHTOKEN",
    ),
    (
        "az://bucket/a.csv",
        "AZURE_STORAGE_ENDPOINT=URL/account AZURE_STORAGE_ACCOUNT_NAME=account IDENTITY_ENDPOINT=URL/msi",
        &["/msi"],
        "Bearer HUSHTOKEN",
    ),
    (
        "gs://bucket/a.csv",
        "GOOGLE_BASE_URL=URL GCE_METADATA_HOST=HOST",
        &["/computeMetadata/v1/instance/service-accounts/default/token"],
        "Bearer HUSHTOKEN",
    ),
];

#[test]
fn clouds_are_asked_for_credentials() {
    for (address, variables, asked, lets_in) in WAYS {
        let (cloud, dir) = (cloud(), folder());
        let host = cloud.url.trim_start_matches("http://").to_owned();
        let mut run = dir.run(&["check", address, "-m", "m.toml", "-v"]);
        for variable in variables.split(' ') {
            let (name, value) = variable.split_once('=').unwrap();
            run = run.env(
                name,
                &value.replace("URL", &cloud.url).replace("HOST", &host),
            );
        }
        let run = run.finish().expect_exit(0);
        let all = cloud.asked();
        let (of_bucket, of_credentials): (Vec<_>, Vec<_>) =
            all.iter().partition(|a| a.path.contains("/bucket/"));
        let paths: Vec<&str> = of_credentials
            .iter()
            .map(|a| a.path.split('?').next().unwrap_or_default())
            .collect();
        assert_eq!(paths, *asked, "{variables}");
        assert!(!of_bucket.is_empty(), "{variables}");
        for asked in of_bucket {
            let header = asked.header("authorization").unwrap_or_default();
            assert!(header.contains(lets_in), "{variables}: {header}");
        }
        let said = run.stdout + &run.stderr;
        assert!(!said.contains("HUSH"), "{said}");
    }
}

/// The library panics on a token with a line end, and asks the instance where there is no token.
#[test]
fn a_containers_token_that_is_none_is_said() {
    for (token, says) in [
        (Some("HUSHIDENTITY\n"), "without a line end"),
        (Some(""), "without a line end"),
        (None, "without AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
    ] {
        let (cloud, dir) = (cloud(), folder());
        let mut run = dir
            .run(&["check", "s3://bucket/a.csv", "-m", "m.toml"])
            .env("AWS_ENDPOINT_URL", &cloud.url)
            .env(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                &format!("{}/container", cloud.url),
            );
        if let Some(token) = token {
            dir.write("token", token);
            run = run.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "token");
        }
        let run = run.finish().expect_exit(2);
        assert!(
            run.stderr.contains(says) && !run.stderr.contains("HUSH"),
            "{}",
            run.stderr
        );
        assert!(cloud.asked().is_empty());
    }
}
