use serde_json::{Value, json};

use crate::support::{Server, Workdir, text};

const TOKEN: &str = "Bearer token";

fn client() -> (tokio::runtime::Runtime, reqwest::Client) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let client = partner_sync::http_client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .unwrap();
    (runtime, client)
}

fn call(
    url: &str,
    method: reqwest::Method,
    token: Option<&str>,
    body: Option<Value>,
) -> Result<(u16, Value), String> {
    let (runtime, client) = client();
    runtime.block_on(async {
        let mut request = client.request(method, url);
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.map_err(|e| e.to_string())?;
        let status = response.status().as_u16();
        let text = response.text().await.map_err(|e| e.to_string())?;
        Ok((
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        ))
    })
}

fn get(url: String) -> (u16, Value) {
    call(&url, reqwest::Method::GET, Some(TOKEN), None).unwrap()
}

fn post(server: &Server, body: Value) -> (u16, Value) {
    call(
        &format!("{}/api/v2/partners", server.url),
        reqwest::Method::POST,
        Some(TOKEN),
        Some(body),
    )
    .unwrap()
}

fn partner(name: &str) -> Value {
    json!({"organization": {"businessName": name, "legacyIdentifier": name}})
}

#[test]
fn it_is_the_api_as_documented() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    let example = include_str!("support/documented_example.json");
    let (status, made) = post(&server, serde_json::from_str(example).unwrap());
    assert_eq!(status, 201);
    assert_eq!(
        text(&made, "/party/legacyIdentifier"),
        "ae23fba4-f740-4d74-bbd6-80beee24f8f2"
    );
    assert_eq!(text(&made, "/signOnDate"), "2026-03-04T00:00:00.000Z");
    assert!(
        made.get("vendorAccount").is_none(),
        "the documented answer shows no bank data"
    );
    let id = text(&made, "/id");
    let (status, got) = get(format!("{}/api/v2/partners/{id}", server.url));
    assert_eq!((status, text(&got, "/id")), (200, id));
    let (status, error) = get(format!("{}/api/v2/partners/nobody", server.url));
    assert_eq!(
        (status, text(&error, "/error")),
        (404, "Not Found".to_owned())
    );
    let (status, health) = call(
        &format!("{}/healthcheck", server.url),
        reqwest::Method::GET,
        None,
        None,
    )
    .unwrap();
    assert_eq!((status, text(&health, "/status")), (200, "ok".to_owned()));
}

#[test]
fn it_wants_a_bearer_token_and_a_valid_body() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--token", "right"]);
    let url = format!("{}/api/v2/partners", server.url);
    for token in [None, Some("Bearer wrong"), Some("right"), Some("Bearer ")] {
        let (status, error) = call(&url, reqwest::Method::POST, token, Some(partner("A"))).unwrap();
        assert_eq!(
            (status, error["statusCode"].as_u64()),
            (401, Some(401)),
            "{token:?}"
        );
    }
    let (status, error) = call(
        &url,
        reqwest::Method::POST,
        Some("Bearer right"),
        Some(json!({"organization": {}})),
    )
    .unwrap();
    assert_eq!(status, 400);
    assert_eq!(
        error,
        json!({"statusCode": 400, "message": ["organization.businessName should not be empty"], "error": "Bad Request"})
    );
}

#[test]
fn a_create_posted_twice_makes_two_partners() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    assert_eq!(post(&server, partner("Twin")).0, 201);
    assert_eq!(post(&server, partner("Twin")).0, 201);
    assert_eq!(server.by_key()["Twin"], 2);
}

#[test]
fn the_list_pages_and_filters() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    let type_id = "e8d2d255-3e62-413f-9275-e8929eced814";
    let mut ids = Vec::new();
    for (name, criteria) in [
        (
            "Acme Inc",
            json!({"status": "on-boarded", "isW2": true, "partnerTypeId": type_id}),
        ),
        (
            "Acme GmbH",
            json!({"status": "active", "commissionPayoutStatus": "active", "w9Submitted": true}),
        ),
        ("Beta & Söhne", json!({"enableCommissions": false})),
    ] {
        let mut body = partner(name);
        body["partnerCriteria"] = criteria;
        ids.push(text(&post(&server, body).1, "/id"));
    }
    let names = |query: &str| -> Vec<String> {
        let (status, page) = get(format!("{}/api/v2/partners?{query}", server.url));
        assert_eq!(status, 200, "{query}: {page}");
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| text(p, "/businessName"))
            .collect()
    };
    let all = ["Acme Inc", "Acme GmbH", "Beta & Söhne"];
    for (query, expected) in [
        ("", &all[..]),
        ("order_by=DESC", &["Beta & Söhne", "Acme GmbH", "Acme Inc"]),
        ("take=2", &all[..2]),
        ("take=2&skip=1", &all[2..]),
        ("take=2&skip=2", &[]),
        ("searchTerm=acme", &all[..2]),
        ("searchTerm=beta%20%26%20s%C3%B6", &all[2..]),
        ("status=Suspended", &[]),
        ("status=Active,Suspended", &all),
        ("partnerStatus=on-boarded", &all[..1]),
        ("commissionPayoutStatus=active", &all[1..2]),
        ("isW2=true", &all[..1]),
        ("w9Submitted=true", &all[1..2]),
        ("enableCommissions=false", &all[2..]),
        (
            &format!("partnerIds={},{}", ids[0], ids[2]),
            &["Acme Inc", "Beta & Söhne"],
        ),
        (
            &format!("include=partner-type&partnerTypeIds={type_id}"),
            &all[..1],
        ),
    ] {
        assert_eq!(names(query), expected, "{query}");
    }
    let (status, error) = get(format!(
        "{}/api/v2/partners?partnerTypeIds={type_id}&take=x&colour=red",
        server.url
    ));
    assert_eq!(status, 400);
    assert_eq!(error["message"].as_array().unwrap().len(), 3, "{error}");
    let page = get(format!("{}/api/v2/partners?take=2", server.url)).1;
    assert_eq!(
        [
            "currentPageNumber",
            "recordsPerPage",
            "totalRecords",
            "totalPages"
        ]
        .map(|n| page[n].as_u64().unwrap()),
        [1, 2, 3, 2]
    );
}

#[test]
fn each_fault_does_what_it_is_called() {
    for (fault, status, made) in [
        ("reset-before", None, 0),
        ("reset-after", None, 1),
        ("500-after", Some(500), 1),
        ("502-after", Some(502), 1),
        ("503", Some(503), 0),
        ("429", Some(429), 0),
        ("bad-body", Some(201), 1),
        ("408-after", Some(408), 1),
        ("409-after", Some(409), 1),
        ("409", Some(409), 0),
        ("fixed-201", Some(201), 1),
        ("other-identifier", Some(201), 1),
        ("location-only", Some(201), 1),
        ("long-body", Some(201), 1),
        ("404-first=1", Some(404), 0),
        ("expire-token-after=1", Some(201), 1),
    ] {
        let dir = Workdir::new();
        let server = Server::start(&dir, &["--fault", fault]);
        let url = format!("{}/api/v2/partners", server.url);
        let answer = call(&url, reqwest::Method::POST, Some(TOKEN), Some(partner("A")));
        assert_eq!(
            answer.as_ref().ok().map(|a| a.0),
            status,
            "{fault}: {answer:?}"
        );
        assert_eq!(server.partners().len(), made, "{fault}");
        if fault == "fixed-201" {
            let body = || call(&url, reqwest::Method::POST, Some(TOKEN), Some(partner("B")));
            assert_eq!(body().unwrap(), answer.clone().unwrap());
            assert_eq!(server.partners().len(), 1, "{fault}");
        }
        if fault.starts_with("404") {
            let second = call(&url, reqwest::Method::POST, Some(TOKEN), Some(partner("B")));
            assert_eq!(second.unwrap().0, 201);
        }
        if fault == "bad-body" {
            assert!(answer.unwrap().1.is_string(), "the body cannot be read");
        }
        if fault.starts_with("expire") {
            assert_eq!(
                call(&url, reqwest::Method::POST, Some(TOKEN), Some(partner("B")))
                    .unwrap()
                    .0,
                401
            );
            assert_eq!(
                call(
                    &url,
                    reqwest::Method::POST,
                    Some("Bearer new"),
                    Some(partner("B"))
                )
                .unwrap()
                .0,
                201
            );
        }
    }
}

#[test]
fn a_list_that_lags_hides_the_newest() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--list-lag", "1h"]);
    post(&server, partner("New"));
    let page = get(format!("{}/api/v2/partners", server.url)).1;
    assert_eq!(page["totalRecords"], 0);
}

#[test]
fn a_book_is_continued_by_the_next_server() {
    let dir = Workdir::new();
    let first = Server::start(&dir, &[]);
    post(&first, partner("Old"));
    drop(first);
    let second = Server::start(&dir, &[]);
    post(&second, partner("New"));
    assert_eq!(
        get(format!("{}/api/v2/partners", second.url)).1["totalRecords"],
        2
    );
}
