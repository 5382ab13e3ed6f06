use super::super::answer_words::BodyWords;
use super::*;
use crate::partner::SensitiveValues;
use crate::secret::Secret;

const ID: &str = "7f4c2f5e-9a43-4b7e-8f6e-0d5f3c1b2a90";

fn answer(status: u16, location: Option<&str>, body: &str) -> Reached {
    Reached::Answered(Answer {
        status,
        location: location.map(str::to_owned),
        redirect: None,
        retry_after: None,
        body: Ok(Bytes::copy_from_slice(body.as_bytes())),
    })
}

/// The verdict on an answer to a request whose token is `token` and whose row has no sensitive values.
fn verdict(query: Query, sent: &ExternalId, reached: Reached) -> CreateOutcome {
    let redaction = Redaction {
        token: &Secret::new("s3cr3t-token"),
        values: None,
        body: BodyWords::Shown,
    };
    super::verdict(query, sent, reached, redaction)
}

/// In a word, what a create of row K without create flags is judged to be.
fn judge(query: Query, reached: Reached) -> &'static str {
    match verdict(query, &ExternalId::new("K"), reached) {
        CreateOutcome::Created(id) if id.as_str() == ID => "created",
        CreateOutcome::Created(_) => "created under a wrong id",
        CreateOutcome::Rejected { .. } => "rejected",
        CreateOutcome::NotCreated(_) => "not created",
        CreateOutcome::InDoubt { cause, .. } => match cause {
            DoubtCause::Unproved => "in doubt",
            DoubtCause::OtherRow => "in doubt, of another row",
            DoubtCause::Redirected => "redirected",
            DoubtCause::Refused(_) => "in doubt, refused",
        },
    }
}

/// The table "What an answer proves", statuses: with and without a create flag, and what absence then means.
#[test]
fn each_status_proves_what_the_table_says() {
    let rejected = ("rejected", "rejected", false);
    let not_created = ("not created", "in doubt, refused", false);
    let doubt_else_rejected = ("in doubt", "in doubt", true);
    let doubt_else_unsent = ("in doubt", "in doubt", false);
    let flags = |apptivo, bill_com| Query {
        create_apptivo_account: apptivo,
        create_bill_com_profile: bill_com,
    };
    for status in 100..=599 {
        let (plain, flagged, refuses) = match status {
            401 | 403 | 407 | 429 => not_created,
            400 | 404 | 405 | 406 | 410 | 411 | 414 | 415 | 422 | 431 => rejected,
            408 | 421 | 423 | 425 | 499 => doubt_else_unsent,
            400..500 => doubt_else_rejected,
            _ => doubt_else_unsent,
        };
        let of = |query| judge(query, answer(status, None, ""));
        assert_eq!(of(flags(false, false)), plain, "{status}");
        for (apptivo, bill_com) in [(true, false), (false, true), (true, true)] {
            assert_eq!(of(flags(apptivo, bill_com)), flagged, "{status}");
        }
        assert_eq!(rejects_if_absent(status), refuses, "{status}");
    }
    assert!(
        [409, 413, 402, 418, 451]
            .iter()
            .all(|s| rejects_if_absent(*s))
    );
}

#[test]
fn a_request_that_did_not_leave_made_nothing_and_a_lost_answer_proves_nothing() {
    let flags = Query {
        create_apptivo_account: true,
        create_bill_com_profile: true,
    };
    for query in [Query::default(), flags] {
        let not_sent = Reached::NotSent(Said::Other("refused".to_owned()));
        assert_eq!(judge(query, not_sent), "not created");
        let lost = Reached::NoAnswer(Said::Other("timeout".to_owned()));
        assert_eq!(judge(query, lost), "in doubt");
    }
}

/// A body with this id and this `legacyIdentifier`, both as JSON.
fn body(id: &str, legacy: &str) -> String {
    format!(r#"{{"id":{id},"status":"Active","party":{{"legacyIdentifier":{legacy}}}}}"#)
}

/// Judges each case under several statuses: what it is, its `Location`, its body and the verdict.
fn judge_each(cases: &[(&str, Option<&str>, String, &str)]) {
    for status in [200, 201, 202, 204, 299] {
        for (name, location, body, expected) in cases {
            let reached = answer(status, *location, body);
            assert_eq!(
                judge(Query::default(), reached),
                *expected,
                "{status}, {name}"
            );
        }
    }
}

const OTHER_ROW: &str = "in doubt, of another row";

#[test]
#[rustfmt::skip]
fn a_success_counts_only_for_the_row_whose_identifier_it_names() {
    let id = &format!("\"{ID}\"");
    let at = format!("/api/v2/partners/{ID}");
    judge_each(&[
        ("an id and the identifier", None, body(id, "\"K\""), "created"),
        ("no party", None, format!("{{\"id\":{id}}}"), "created"),
        ("no identifier", None, body(id, "null"), "created"),
        ("an empty one", None, body(id, "\"\""), "created"),
        ("a party that is a list", None, format!("{{\"id\":{id},\"party\":[\"L\"]}}"), "created"),
        ("nested without end", None, format!("{{\"id\":{id},\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000)), "created"),
        ("a party of words", None, format!("{{\"id\":{id},\"party\":\"x\"}}"), "created"),
        ("another identifier", None, body(id, "\"L\""), OTHER_ROW),
        ("in another case", None, body(id, "\"k\""), OTHER_ROW),
        ("with a blank", None, body(id, "\"K \""), OTHER_ROW),
        ("a number", None, body(id, "5"), OTHER_ROW),
        ("no text", None, body(id, "{}"), OTHER_ROW),
        ("another one beside a good Location", Some(&at), body("null", "\"L\""), OTHER_ROW),
    ]);
}

#[test]
#[rustfmt::skip]
fn a_success_counts_only_with_an_id_that_is_plain_text() {
    let long = format!("\"{}\"", "x".repeat(129));
    let long_enough = "\"7c9e6679\"";
    judge_each(&[
        ("no id", None, "{}".to_owned(), "in doubt"),
        ("a null", None, body("null", "\"K\""), "in doubt"),
        ("an empty id", None, body("\"\"", "\"K\""), "in doubt"),
        ("no JSON", None, "Created".to_owned(), "in doubt"),
        ("nothing", None, String::new(), "in doubt"),
        ("a list of texts", None, format!("[{long_enough},{long_enough}]"), "in doubt"),
        ("a list with an object", None, format!("[{}]", body("\"a\"", "\"K\"")), "in doubt"),
        ("a text", None, long_enough.to_owned(), "in doubt"),
        ("nested without end", None, format!("{{\"x\":{}", "[".repeat(100_000)), "in doubt"),
        ("an id that is no text", None, body("[1]", "\"K\""), OTHER_ROW),
        ("true", None, body("true", "\"K\""), OTHER_ROW),
        ("a blank in it", None, body("\"a b\"", "\"K\""), OTHER_ROW),
        ("a slash in it", None, body("\"a/b\"", "\"K\""), OTHER_ROW),
        ("a letter beyond ASCII", None, body("\"é\"", "\"K\""), OTHER_ROW),
        ("too long", None, body(&long, "\"K\""), OTHER_ROW),
    ]);
}

#[test]
#[rustfmt::skip]
fn an_id_at_the_end_of_location_counts_where_the_body_has_none() {
    let located = &format!("https://api.example/api/v2/partners/{ID}");
    let id = &format!("\"{ID}\"");
    let (slash, query, fragment) = (format!("{located}/"), format!("{located}?a=/b"), format!("{located}#c"));
    let (path, relative) = (format!("/partners/{ID}"), format!("partners/{ID}"));
    let none = String::new;
    judge_each(&[
        ("Location alone", Some(located), none(), "created"),
        ("and no JSON", Some(located), "Created".to_owned(), "created"),
        ("and no id", Some(located), body("null", "\"K\""), "created"),
        ("with a slash behind", Some(&slash), none(), "created"),
        ("with a query", Some(&query), none(), "created"),
        ("with a fragment", Some(&fragment), none(), "created"),
        ("a path", Some(&path), none(), "created"),
        ("a relative path", Some(&relative), none(), "created"),
        ("the body's id comes first", Some("/partners/other"), body(id, "\"K\""), "created"),
        ("of the collection", Some("/api/v2/partners"), none(), "in doubt"),
        ("of the collection, with a slash", Some("/api/v2/partners/"), none(), "in doubt"),
        ("of something else", Some("/login"), none(), "in doubt"),
        ("an empty one", Some(""), none(), "in doubt"),
        ("no plain text in it", Some("/partners/a%20b"), none(), OTHER_ROW),
    ]);
}

#[test]
fn ids_of_all_allowed_letters_and_of_the_greatest_length_are_taken() {
    for id in ["a", "42", "aZ09-_.:", &"x".repeat(128)] {
        let outcome = verdict(
            Query::default(),
            &ExternalId::new("K"),
            answer(201, None, &format!("{{\"id\":\"{id}\"}}")),
        );
        assert_eq!(outcome, CreateOutcome::Created(PartnerId::new(id)));
    }
    let number = verdict(
        Query::default(),
        &ExternalId::new("5"),
        answer(201, None, r#"{"id":42,"party":{"legacyIdentifier":5}}"#),
    );
    assert_eq!(number, CreateOutcome::Created(PartnerId::new("42")));
}

/// What was not read may have named another row.
#[test]
fn a_body_that_was_not_read_to_its_end_proves_nothing_of_a_success() {
    for (status, expected) in [(201, "in doubt"), (400, "rejected"), (403, "not created")] {
        let reached = Reached::Answered(Answer {
            status,
            location: Some(format!("/api/v2/partners/{ID}")),
            redirect: None,
            retry_after: None,
            body: Err(Said::Other("the answer broke off".to_owned())),
        });
        assert_eq!(judge(Query::default(), reached), expected, "{status}");
    }
}

#[test]
fn an_id_of_another_row_is_a_doubt_of_another_row() {
    let outcome = id_of_another_row(&PartnerId::new("p"));
    let CreateOutcome::InDoubt { cause, words, .. } = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(cause, DoubtCause::OtherRow);
    assert!(words.as_str().contains("the id p"), "{words}");
}

#[test]
fn a_429_or_503_in_doubt_pauses_for_a_second_unless_it_says_for_how_long() {
    let flags = Query {
        create_apptivo_account: true,
        create_bill_com_profile: false,
    };
    let pause = |status, retry_after| {
        let reached = Reached::Answered(Answer {
            status,
            location: None,
            redirect: None,
            retry_after,
            body: Ok(Bytes::new()),
        });
        match verdict(flags, &ExternalId::new("K"), reached) {
            CreateOutcome::InDoubt {
                retry_after,
                status: seen,
                ..
            } => {
                assert_eq!(seen, Some(status));
                retry_after
            }
            outcome => panic!("{outcome:?}"),
        }
    };
    let asked = Some(Duration::from_secs(7));
    for status in [429, 503] {
        assert_eq!(pause(status, None), Some(DEFAULT_PAUSE));
        assert_eq!(pause(status, asked), asked);
    }
    for status in [200, 408, 500] {
        assert_eq!(pause(status, None), None, "{status}");
    }
}

/// What refuses the sender is told apart by its status, with the API's words; a web page is known as one.
#[test]
fn a_refusal_says_why_and_a_web_page_is_known_as_one() {
    let (json, page) = (r#"{"message":"why"}"#, "<!DOCTYPE html><p>why</p>");
    for (body, is_page) in [(json, false), (page, true)] {
        let sent = ExternalId::new("K");
        let of = |status| verdict(Query::default(), &sent, answer(status, None, body));
        let CreateOutcome::NotCreated(NotCreated::Unauthorised(of_401)) = of(401) else {
            panic!("401");
        };
        let CreateOutcome::NotCreated(NotCreated::Forbidden(of_403)) = of(403) else {
            panic!("403");
        };
        let CreateOutcome::NotCreated(NotCreated::ProxyAuthentication(of_407)) = of(407) else {
            panic!("407");
        };
        assert_eq!(
            of(429),
            CreateOutcome::NotCreated(NotCreated::Throttled { retry_after: None })
        );
        let CreateOutcome::Rejected { words: of_422, .. } = of(422) else {
            panic!("422");
        };
        let CreateOutcome::InDoubt { words: of_500, .. } = of(500) else {
            panic!("500");
        };
        for words in [of_401, of_403, of_407, of_422, of_500] {
            assert!(words.as_str().contains("why"), "{words}");
            assert_eq!(words.is_page(), is_page, "{words}");
        }
    }
}

/// Whatever an answer proves, its words hold neither the row's sensitive values nor the token, and where they are to be left
/// out nothing of its body.
#[test]
fn no_words_hold_what_nobody_may_see() {
    let (token, sent) = (Secret::new("s3cr3t-token"), ExternalId::new("K"));
    let values = SensitiveValues::of_body(
        br#"{"vendorAccount":{"accountNumber":"482913","bankAccount":{"routingNumber":"0042"}}}"#,
    );
    let said = r#"{"id":"!","message":"Acme: 48-29 13, 0042, s3cr3t-token is wrong"}"#;
    let page = "<html><title>48-29 13 0042 s3cr3t-token is wrong, Acme</title></html>";
    let flags = Query {
        create_apptivo_account: true,
        create_bill_com_profile: false,
    };
    for status in 200..=599 {
        for (query, text) in [(Query::default(), said), (flags, said), (flags, page)] {
            for body in [BodyWords::Shown, BodyWords::LeftOut] {
                let redaction = Redaction {
                    token: &token,
                    values: Some(&values),
                    body,
                };
                let outcome = super::verdict(query, &sent, answer(status, None, text), redaction);
                let shown = format!("{outcome:?}");
                for secret in ["48-29", "4829", "0042", "s3cr3t"] {
                    assert!(!shown.contains(secret), "{status}: {shown}");
                }
                let has_words = shown.contains("is wrong");
                assert!(!has_words || body == BodyWords::Shown, "{shown}");
                assert!(
                    !shown.contains("Acme") || body == BodyWords::Shown,
                    "{shown}"
                );
                if matches!(status, 400 | 422) {
                    assert_eq!(has_words, body == BodyWords::Shown, "{shown}");
                }
            }
        }
    }
}
