use super::*;
use crate::partner::{ApiWords, PartnerId};

fn doubt() -> CreateOutcome {
    doubt_by(DoubtCause::Unproved)
}

fn doubt_by(cause: DoubtCause) -> CreateOutcome {
    CreateOutcome::InDoubt {
        cause,
        status: Some(500),
        words: ApiWords::new("x"),
        retry_after: None,
    }
}

fn created() -> CreateOutcome {
    CreateOutcome::Created(PartnerId::new("p"))
}

fn rejection(status: u16) -> CreateOutcome {
    CreateOutcome::Rejected {
        status,
        words: ApiWords::new("no"),
    }
}

/// Looks at `times` outcomes, of which none may stop the run.
fn pass(breaker: &mut Breaker, times: usize, outcome: &CreateOutcome) {
    for n in 1..=times {
        let sign = breaker.see(outcome, false);
        assert!(
            matches!(sign, None | Some(Sign::Works)),
            "{outcome:?} number {n}: {sign:?}"
        );
    }
}

fn stops(breaker: &mut Breaker, outcome: &CreateOutcome) -> bool {
    let sign = breaker.see(outcome, false);
    matches!(sign, Some(Sign::Stop(StopReason::ApiDown(_))))
}

/// Whether the API seems not to answer, and whether it was itself that said so.
fn seems_down(breaker: &mut Breaker, outcome: &CreateOutcome) -> Option<bool> {
    match breaker.see(outcome, false) {
        Some(Sign::Outage { answers, .. }) => Some(answers),
        _ => None,
    }
}

#[test]
fn doubts_in_a_row_open_it_and_an_answer_between_closes_it() {
    let mut breaker = Breaker::new(1);
    // Any answer that can be trusted shows that the API works, a refusal too.
    for answer in [created(), rejection(400), rejection(404)] {
        pass(&mut breaker, 19, &doubt());
        pass(&mut breaker, 1, &answer);
    }
    pass(&mut breaker, 19, &doubt());
    assert_eq!(seems_down(&mut breaker, &doubt()), Some(true));
}

#[test]
fn more_workers_may_have_more_doubts_in_a_row() {
    for (workers, doubts) in [(1, 20), (6, 20), (16, 48), (64, 192)] {
        let mut breaker = Breaker::new(workers);
        pass(&mut breaker, doubts - 1, &doubt());
        assert_eq!(
            seems_down(&mut breaker, &doubt()),
            Some(true),
            "{workers} workers"
        );
    }
}

#[test]
fn a_doubt_whose_partner_was_found_is_a_success() {
    let mut breaker = Breaker::new(1);
    pass(&mut breaker, 19, &doubt());
    breaker.found();
    pass(&mut breaker, 19, &doubt());
    assert_eq!(seems_down(&mut breaker, &doubt()), Some(true));
}

#[test]
fn three_404s_in_a_row_are_a_wrong_address() {
    for status in [404, 405] {
        let mut breaker = Breaker::new(4);
        assert_eq!(breaker.standing(Suspect::NotFound), Standing::OfRows);
        pass(&mut breaker, 2, &rejection(status));
        assert_eq!(breaker.standing(Suspect::NotFound), Standing::Unproved);
        // An answer that the API need not have given itself says nothing of the address.
        let unsent = CreateOutcome::NotCreated(NotCreated::Stopped);
        for other in [doubt(), unsent] {
            pass(&mut breaker, 1, &other);
            assert_eq!(breaker.standing(Suspect::NotFound), Standing::Unproved);
        }
        assert!(stops(&mut breaker, &rejection(status)), "{status}");
        // What is still under way changes nothing of it.
        for late in [created(), rejection(400)] {
            pass(&mut breaker, 1, &late);
            assert_eq!(breaker.standing(Suspect::NotFound), Standing::OfAll);
        }
    }
    for answer in [created(), rejection(400)] {
        let mut breaker = Breaker::new(4);
        for _ in 0..20 {
            pass(&mut breaker, 2, &rejection(404));
            pass(&mut breaker, 1, &answer);
            assert_eq!(breaker.standing(Suspect::NotFound), Standing::OfRows);
        }
    }
    // Another refusal is of its row alone.
    pass(&mut Breaker::new(4), 50, &rejection(400));
}

#[test]
fn three_answers_for_other_rows_stop_the_run_whatever_comes_between() {
    let mut breaker = Breaker::new(4);
    for _ in 0..2 {
        pass(&mut breaker, 1, &doubt_by(DoubtCause::OtherRow));
        pass(&mut breaker, 5, &created());
        pass(&mut breaker, 5, &doubt());
    }
    let sign = breaker.see(&doubt_by(DoubtCause::OtherRow), false);
    let Some(Sign::Stop(stop)) = sign else {
        panic!("{sign:?}")
    };
    assert!(
        stop.to_string().contains("the API answers for other rows"),
        "{stop}"
    );
}

/// A create flag makes a doubt of a refusal; the run stops for it all the same.
#[test]
fn a_refusal_in_doubt_stops_as_a_refusal_does() {
    let words = || ApiWords::new("x");
    let refused = |why| doubt_by(DoubtCause::Refused(why));
    for why in [
        NotCreated::Unauthorised(words()),
        NotCreated::ProxyAuthentication(words()),
    ] {
        let stop = Breaker::new(4).see(&refused(why), false);
        assert!(
            matches!(stop, Some(Sign::Stop(StopReason::NotAuthorised(_)))),
            "{stop:?}"
        );
    }
    // These pass: they are doubts like any other.
    for why in [
        NotCreated::Renewed(words()),
        NotCreated::Throttled { retry_after: None },
    ] {
        let mut breaker = Breaker::new(1);
        pass(&mut breaker, 19, &refused(why.clone()));
        assert!(stops(&mut breaker, &refused(why)));
    }
}

#[test]
fn what_no_further_try_can_help_stops_at_once() {
    let words = || ApiWords::new("x");
    let mut breaker = Breaker::new(4);
    let throttled = CreateOutcome::NotCreated(NotCreated::Throttled { retry_after: None });
    assert!(stops(&mut breaker, &throttled));
    let long = CreateOutcome::NotCreated(NotCreated::AsksToWait(words()));
    assert!(stops(&mut breaker, &long));
    for refused in [
        NotCreated::Unauthorised(words()),
        NotCreated::ProxyAuthentication(words()),
    ] {
        assert!(matches!(
            breaker.see(&CreateOutcome::NotCreated(refused), false),
            Some(Sign::Stop(StopReason::NotAuthorised(_)))
        ));
    }
    let redirected = breaker.see(&doubt_by(DoubtCause::Redirected), false);
    assert!(
        matches!(redirected, Some(Sign::Stop(StopReason::Redirected(_)))),
        "{redirected:?}"
    );
    pass(
        &mut breaker,
        5,
        &CreateOutcome::NotCreated(NotCreated::Stopped),
    );
}

#[test]
fn an_api_that_cannot_be_reached_is_an_outage_and_one_that_answers_nonsense_is_not() {
    let with = |status, words| CreateOutcome::InDoubt {
        cause: DoubtCause::Unproved,
        status,
        words,
        retry_after: None,
    };
    let unsent = CreateOutcome::NotCreated(NotCreated::NotSent(ApiWords::new("refused")));
    assert_eq!(seems_down(&mut Breaker::new(4), &unsent), Some(false));
    let plain = || ApiWords::new("x");
    for (status, words, down) in [
        (None, plain(), Some(false)),
        (
            Some(502),
            ApiWords::new("Bad Gateway").of_page(),
            Some(false),
        ),
        (Some(503), plain(), Some(false)),
        (Some(504), plain(), Some(false)),
        (Some(500), plain(), Some(true)),
        (Some(599), plain(), Some(true)),
        (Some(200), plain(), None),
        (Some(408), plain(), None),
    ] {
        let outcome = with(status, words);
        let mut breaker = Breaker::new(1);
        pass(&mut breaker, 19, &outcome);
        assert_eq!(seems_down(&mut breaker, &outcome), down, "{status:?}");
        // While rows are tried after an outage, one is enough.
        let sign = Breaker::new(1).see(&outcome, true);
        let holds =
            matches!(&sign, Some(Sign::Outage { seen, .. }) if seen.starts_with("1 create had no"));
        assert_eq!(holds, down.is_some(), "{status:?}");
    }
}

/// 403, with a create flag too, and web pages instead of the API's answers: each is of its row, five in a row are not.
#[test]
fn five_answers_of_something_in_between_stop_the_run() {
    let page = || ApiWords::new("Access denied").of_page();
    let no = || ApiWords::new("no permission");
    let doubt_with = |status, words| CreateOutcome::InDoubt {
        cause: DoubtCause::Unproved,
        status: Some(status),
        words,
        retry_after: None,
    };
    let rejected_by = |words| CreateOutcome::Rejected { status: 406, words };
    let all = [
        CreateOutcome::NotCreated(NotCreated::Forbidden(no())),
        CreateOutcome::NotCreated(NotCreated::Forbidden(page())),
        doubt_by(DoubtCause::Refused(NotCreated::Forbidden(page()))),
        doubt_with(200, page()),
        doubt_with(413, page()),
        rejected_by(page()),
    ];
    for outcome in &all {
        for answer in [created(), rejection(400)] {
            let mut breaker = Breaker::new(4);
            for _ in 0..20 {
                pass(&mut breaker, 4, outcome);
                pass(&mut breaker, 1, &answer);
                assert_eq!(breaker.standing(Suspect::Page), Standing::OfRows);
            }
            pass(&mut breaker, 4, outcome);
            // Silence decides nothing.
            pass(&mut breaker, 3, &doubt());
            let sign = breaker.see(outcome, false);
            assert!(matches!(sign, Some(Sign::Stop(_))), "{outcome:?}: {sign:?}");
            pass(&mut breaker, 1, &created());
            assert_eq!(breaker.standing(Suspect::Page), Standing::OfAll);
        }
    }
    let mut breaker = Breaker::new(4);
    for outcome in &all[..4] {
        pass(&mut breaker, 1, outcome);
    }
    let sign = breaker.see(&all[4], false);
    assert!(matches!(sign, Some(Sign::Stop(StopReason::ApiDown(_)))));
    // A gateway's page says that the API behind it does not answer, and an answer of the API is no page.
    for status in [300, 408, 425, 499, 502] {
        pass(&mut Breaker::new(4), 19, &doubt_with(status, page()));
    }
    let mut breaker = Breaker::new(4);
    for _ in 0..20 {
        pass(&mut breaker, 4, &doubt_with(200, page()));
        breaker.found();
    }
    pass(&mut Breaker::new(4), 50, &rejected_by(no()));
}

#[test]
fn five_look_ups_in_a_row_that_are_refused_stop_the_run() {
    let mut breaker = Breaker::new(4);
    for _ in 0..20 {
        for _ in 0..4 {
            assert_eq!(breaker.look_up_refused("403"), None);
        }
        breaker.looked();
    }
    for _ in 0..4 {
        assert_eq!(breaker.look_up_refused("403"), None);
    }
    let stop = breaker.look_up_refused("403");
    assert!(
        matches!(stop, Some(StopReason::NotAuthorised(_))),
        "{stop:?}"
    );
}
