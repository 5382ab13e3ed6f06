//! An interleaving in words, as `docs/several-machines.md` has them.

use super::world::{Act, Said};

/// What happens, in a few words.
pub(super) fn words(act: Act) -> String {
    let name = |m: u8| if m == 0 { "A" } else { "B" };
    let of = |m: u8, what: &str| format!("{} {what}", name(m));
    match act {
        Act::Join(m) => of(m, "joins"),
        Act::Renew(m) => of(m, "renews its lease"),
        Act::LearnsOfLoss(m) => of(m, "wakes and learns that its lease was taken over"),
        Act::Claim(m) => of(m, "claims the row"),
        Act::Check(m) => of(m, "looks at its lease"),
        Act::Connect(m) => of(m, "connects"),
        Act::CheckOnceMore(m) => of(m, "looks at its lease on the connection"),
        Act::WriteHalf(m) => of(m, "writes half of the request"),
        Act::WriteAll(m) => of(m, "writes the request to its end"),
        Act::Fail(m) => of(m, "gets no answer"),
        Act::Settle(m) => of(m, "records what it heard"),
        Act::SettleTwice(m) => of(
            m,
            "records what it heard, once more, as the database did not answer",
        ),
        Act::Look(m) => of(m, "looks the partner up"),
        Act::SettleLook(m) => of(m, "records that there is none"),
        Act::SettleLookTwice(m) => of(
            m,
            "records that there is none, once more, as the database did not answer",
        ),
        Act::End(m) => of(m, "ends"),
        Act::Kill(m) => of(m, "is killed"),
        Act::Restart(m) => of(m, "is started again, and takes over what it had"),
        Act::TakeOver(m) => of(m, "takes over the other machine's lease"),
        Act::Adopt(m) => of(m, "sees to the rows"),
        Act::Deliver(_) => "a request reaches the API".to_owned(),
        Act::Process(_, Said::Made) => "the API creates a partner".to_owned(),
        Act::Process(..) => "the API refuses for now".to_owned(),
        Act::LateStatement => "the first of the two statements executes after all".to_owned(),
        Act::Tick(None) => "time passes".to_owned(),
        Act::Tick(Some(m)) => of(m, "is suspended while time passes"),
        Act::ClockJumps => "the database's clock is set ahead".to_owned(),
        Act::LoseCommit => "a standby takes over that does not have the claim".to_owned(),
    }
}
