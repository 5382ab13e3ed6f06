//! Named faults: what a network and a busy service do to a request.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// What can go wrong with a request, on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The connection is reset before anything is made.
    ResetBefore,
    /// The partner is made, then the connection is reset.
    ResetAfter,
    /// The partner is made, then the answer is 500.
    Status500After,
    /// The partner is made, then the answer is a proxy's 502 page.
    Status502After,
    /// 503 before anything is made.
    Status503,
    /// 429 before anything is made.
    Status429,
    /// The answer takes longer than clients wait; the partner is made before or after the wait.
    Slow,
    /// The partner is made, and the answer is cut off.
    BadBody,
    /// The partner is made, and the answer is 408.
    Status408After,
    /// The partner is made, and the answer is 409.
    Status409After,
    /// 409 before anything is made.
    Status409,
    /// 500 before anything is made.
    Status500,
    /// The first partner is made; all creates are answered with its 201, as a cache does, and without `party`.
    Fixed201,
    /// The partner is made, and the 201 names another `legacyIdentifier`.
    OtherIdentifier,
    /// The partner is made, and the 201 has a `Location` and no body.
    LocationOnly,
    /// The partner is made, and the 201 has a body of two megabytes.
    LongBody,
    /// The first creates are answered by a gateway's 404 page before anything is made.
    GatewayNotFound,
    /// 400 before anything is made.
    Status400,
    /// 401 before anything is made, whatever the token is.
    Status401,
    /// 403 before anything is made.
    Status403,
    /// A firewall's 403 page before anything is made.
    Page403,
    /// A page of something in between, with status 200, before anything is made.
    Page200,
    /// 301 to another address, whose query holds a secret.
    Redirect,
    /// A gateway's 502 page before anything is made.
    Status502,
    /// From the first create on, all requests are answered by a gateway's 502 page, for so many seconds.
    Status502For,
    /// After so many requests, the token that was good is refused.
    ExpireTokenAfter,
}

impl FaultKind {
    /// All of them by name.
    pub const ALL: &[(&str, FaultKind)] = &[
        ("reset-before", FaultKind::ResetBefore),
        ("reset-after", FaultKind::ResetAfter),
        ("500-after", FaultKind::Status500After),
        ("502-after", FaultKind::Status502After),
        ("503", FaultKind::Status503),
        ("429", FaultKind::Status429),
        ("slow", FaultKind::Slow),
        ("bad-body", FaultKind::BadBody),
        ("408-after", FaultKind::Status408After),
        ("409-after", FaultKind::Status409After),
        ("409", FaultKind::Status409),
        ("500", FaultKind::Status500),
        ("fixed-201", FaultKind::Fixed201),
        ("other-identifier", FaultKind::OtherIdentifier),
        ("location-only", FaultKind::LocationOnly),
        ("long-body", FaultKind::LongBody),
        ("404-first", FaultKind::GatewayNotFound),
        ("400", FaultKind::Status400),
        ("401", FaultKind::Status401),
        ("403", FaultKind::Status403),
        ("403-page", FaultKind::Page403),
        ("200-page", FaultKind::Page200),
        ("redirect", FaultKind::Redirect),
        ("502", FaultKind::Status502),
        ("502-for", FaultKind::Status502For),
        ("expire-token-after", FaultKind::ExpireTokenAfter),
    ];

    /// Whether it belongs to creates only; the others meet every request.
    fn is_of_creates(self) -> bool {
        match self {
            FaultKind::ResetBefore
            | FaultKind::Status503
            | FaultKind::Status429
            | FaultKind::Slow
            | FaultKind::Redirect
            | FaultKind::Status502For
            | FaultKind::ExpireTokenAfter => false,
            FaultKind::ResetAfter
            | FaultKind::Status500After
            | FaultKind::Status502After
            | FaultKind::BadBody
            | FaultKind::Status408After
            | FaultKind::Status409After
            | FaultKind::Status409
            | FaultKind::Status500
            | FaultKind::Fixed201
            | FaultKind::OtherIdentifier
            | FaultKind::LocationOnly
            | FaultKind::LongBody
            | FaultKind::Status400
            | FaultKind::Status401
            | FaultKind::Status403
            | FaultKind::Page403
            | FaultKind::Page200
            | FaultKind::Status502
            | FaultKind::GatewayNotFound => true,
        }
    }

    /// Whether its measure is no probability: a number of requests, or of seconds.
    fn counts(self) -> bool {
        matches!(
            self,
            FaultKind::ExpireTokenAfter | FaultKind::GatewayNotFound | FaultKind::Status502For
        )
    }
}

/// A fault and how often: a probability, or for `expire-token-after` and `404-first` a number of requests, and for `502-for` of
/// seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// How often, from 0 to 1; of faults that count, how many requests or seconds.
    pub measure: f64,
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, measure) = text.split_once('=').unwrap_or((text, "1"));
        let names = || {
            FaultKind::ALL
                .iter()
                .map(|(n, _)| *n)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let kind = FaultKind::ALL
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, k)| *k)
            .ok_or_else(|| format!("\"{name}\" is not a fault; known are {}", names()))?;
        let measure: f64 = measure
            .parse()
            .map_err(|_| format!("\"{measure}\" is not a number"))?;
        let fits = match kind {
            kind if kind.counts() => measure >= 1.0 && measure.fract() == 0.0,
            _ => (0.0..=1.0).contains(&measure),
        };
        if fits {
            Ok(Self { kind, measure })
        } else {
            Err(if kind.counts() {
                format!("{name} takes a whole number, 100")
            } else {
                format!("{name} takes a probability from 0 to 1")
            })
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = FaultKind::ALL
            .iter()
            .find(|(_, k)| *k == self.kind)
            .map_or("", |(n, _)| *n);
        write!(f, "{name}={}", self.measure)
    }
}

/// What the faults of creates meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    /// A create.
    Create,
    /// A create of a partner that they are not for, or any other request.
    Other,
}

/// Draws faults, in the order of requests, from one seed.
#[derive(Debug)]
pub(super) struct Faults {
    all: Vec<Fault>,
    random: Mutex<fastrand::Rng>,
    /// Creates that will yet meet a gateway.
    gateway_left: AtomicU64,
    /// When the outage began that lasts for a time.
    outage_began: OnceLock<Instant>,
}

impl Faults {
    pub(super) fn new(faults: Vec<Fault>, seed: u64) -> Self {
        let first = count_of(&faults, FaultKind::GatewayNotFound);
        Self {
            gateway_left: AtomicU64::new(first.unwrap_or(0)),
            outage_began: OnceLock::new(),
            all: faults,
            random: Mutex::new(fastrand::Rng::with_seed(seed)),
        }
    }

    /// The fault that meets the next request, if one does, and a random number beside it.
    pub(super) fn draw(&self, request: Request) -> Option<(FaultKind, f64)> {
        if self.all.is_empty() {
            return None;
        }
        let is_create = request == Request::Create;
        let take_one = |left: u64| left.checked_sub(1);
        if is_create
            && self
                .gateway_left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, take_one)
                .is_ok()
        {
            return Some((FaultKind::GatewayNotFound, 0.0));
        }
        if self.is_out(is_create) {
            return Some((FaultKind::Status502For, 0.0));
        }
        let mut random = self.random.lock().ok()?;
        for fault in &self.all {
            if fault.kind.counts() || (fault.kind.is_of_creates() && !is_create) {
                continue;
            }
            if random.f64() < fault.measure {
                return Some((fault.kind, random.f64()));
            }
        }
        None
    }

    /// The fault of whatever stands before the whole API, if there is one: it answers the health check, too.
    pub(super) fn draw_before_all(&self) -> Option<FaultKind> {
        if self.is_out(false) {
            return Some(FaultKind::Status502For);
        }
        let fault = self.all.iter().find(|f| f.kind == FaultKind::Redirect)?;
        (self.random.lock().ok()?.f64() < fault.measure).then_some(fault.kind)
    }

    /// Whether nothing answers at present; the first create begins that time.
    fn is_out(&self, is_create: bool) -> bool {
        let Some(seconds) = count_of(&self.all, FaultKind::Status502For) else {
            return false;
        };
        if is_create {
            self.outage_began.get_or_init(Instant::now);
        }
        self.outage_began
            .get()
            .is_some_and(|began| began.elapsed() < Duration::from_secs(seconds))
    }

    /// After how many requests the first token is refused.
    pub(super) fn token_expires_after(&self) -> Option<u64> {
        count_of(&self.all, FaultKind::ExpireTokenAfter)
    }
}

/// The number that a fault which counts is set to.
fn count_of(faults: &[Fault], kind: FaultKind) -> Option<u64> {
    let fault = faults.iter().find(|f| f.kind == kind)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked when it was read"
    )]
    Some(fault.measure as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_and_shown() {
        for (_, kind) in FaultKind::ALL {
            let measure = if kind.counts() { 5.0 } else { 0.5 };
            let fault = Fault {
                kind: *kind,
                measure,
            };
            assert_eq!(fault.to_string().parse::<Fault>(), Ok(fault));
        }
        for wrong in [
            "reset",
            "503=2",
            "503=x",
            "expire-token-after=0.5",
            "404-first=0",
        ] {
            assert!(wrong.parse::<Fault>().is_err(), "{wrong}");
        }
    }
}
