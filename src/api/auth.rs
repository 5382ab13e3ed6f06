//! The token and its renewal, once for all workers.

use std::sync::Arc;

use http::HeaderValue;
use tokio::sync::{RwLock, watch};

use super::error::{ApiError, MissingToken};
use super::token::{TokenSource, expiry};
use crate::clock::{Clock, Timestamp};
use crate::secret::Secret;

/// A token with its number: who finds number 3 refused renews it only if it is still number 3.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) secret: Secret,
    /// The header that shows it.
    pub(super) bearer: HeaderValue,
    pub(super) number: u64,
    /// When it says that it runs out; nobody checked that, so it only makes us ask earlier.
    expires: Option<Timestamp>,
    /// Whether a new one was asked for because of that, in vain.
    asked_early: bool,
    /// How often its source was asked for a newer one, in vain.
    failures: u32,
    /// When that was the last time, where it had been refused.
    failed_at: Option<Timestamp>,
    /// Why it was in vain the last time, where there is more to say than that there is no newer one.
    reason: Option<Arc<str>>,
}

/// There is no newer token, and why, where the source says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NotRenewed(pub(super) Option<Arc<str>>);

impl Token {
    fn new(secret: Secret, number: u64) -> Self {
        let expires = expiry(secret.expose());
        // Where it is read, a token is refused that no header can have.
        let bearer = HeaderValue::try_from(format!("Bearer {}", secret.expose()));
        let mut bearer = bearer.unwrap_or(HeaderValue::from_static("Bearer"));
        bearer.set_sensitive(true);
        Self {
            secret,
            bearer,
            number,
            expires,
            asked_early: false,
            failures: 0,
            failed_at: None,
            reason: None,
        }
    }
}

/// A token that runs out within this time is renewed before it is used.
const EARLY_MILLIS: i64 = 30_000;

/// For so long a renewal that failed answers those too whose request left after it, since they waited for it and were given the old
/// token: by then a run that this stops has stopped.
const SAME_QUESTION_MILLIS: i64 = 10_000;

/// Why a newer token is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// The present one runs out soon.
    Early,
    /// It was refused.
    Refused,
}

/// The token that all workers share.
#[derive(Debug, Clone)]
pub struct Auth {
    source: TokenSource,
    current: Arc<RwLock<Arc<Token>>>,
    clock: Clock,
    stop: watch::Receiver<bool>,
}

impl Auth {
    /// Reads the first token from `source`; `clock` says when one is about to run out. Once `stop` is true, no source is
    /// waited for, now or later.
    ///
    /// # Errors
    /// [`ApiError::NoToken`] where the file cannot be read, the command fails, or what they give is no token;
    /// [`ApiError::Stopped`] where a stop came first.
    pub fn new(
        source: TokenSource,
        clock: Clock,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, ApiError> {
        let secret = source.read(&stop)?;
        let current = Arc::new(RwLock::new(Arc::new(Token::new(secret, 1))));
        Ok(Self {
            source,
            current,
            clock,
            stop,
        })
    }

    /// The present token; one that is about to run out is renewed first.
    pub(super) async fn token(&self) -> Arc<Token> {
        let token = self.current.read().await.clone();
        let soon = token
            .expires
            .is_some_and(|at| at.0 - self.clock.now().0 < EARLY_MILLIS);
        if !soon || token.asked_early {
            return token;
        }
        match self.ask(&token, Asked::Early).await {
            Ok(new) => new,
            // As it is now: whoever finds it refused later asks once more.
            Err(_) => self.current.read().await.clone(),
        }
    }

    /// A token newer than `refused`, or none where there is none to be had. Only the first worker that comes renews; the
    /// others wait for it and take what it found, also where it found none: one failure answers all whose token was
    /// handed out before it, or some seconds after it.
    pub(super) async fn renew(&self, refused: &Token) -> Result<Arc<Token>, NotRenewed> {
        self.ask(refused, Asked::Refused).await
    }

    async fn ask(&self, refused: &Token, why: Asked) -> Result<Arc<Token>, NotRenewed> {
        if matches!(self.source, TokenSource::Given(_)) {
            return Err(NotRenewed(None));
        }
        let mut current = self.current.write().await;
        if current.number != refused.number {
            return Ok(current.clone());
        }
        let since = |at: Timestamp| self.clock.now().0 - at.0;
        let is_answered = current
            .failed_at
            .is_some_and(|at| since(at) < SAME_QUESTION_MILLIS);
        if current.failures > refused.failures || is_answered {
            return Err(NotRenewed(current.reason.clone()));
        }
        Arc::make_mut(&mut current).asked_early = true;
        let (source, stop) = (self.source.clone(), self.stop.clone());
        let read = tokio::task::spawn_blocking(move || source.read(&stop)).await;
        let reason = match read {
            Ok(Ok(secret)) if secret.expose() != current.secret.expose() => {
                tracing::info!("the token was renewed");
                *current = Arc::new(Token::new(secret, refused.number + 1));
                return Ok(current.clone());
            }
            Ok(Ok(_)) => {
                tracing::warn!(
                    "the API refuses the token, and its source returns the same one again"
                );
                None
            }
            Ok(Err(MissingToken::Stopped)) => None,
            Ok(Err(MissingToken::Because(words))) => Some(words),
            Err(error) => Some(error.to_string()),
        };
        if let Some(words) = &reason {
            tracing::warn!("the token cannot be renewed: {words}");
        }
        let current = Arc::make_mut(&mut current);
        current.failures += 1;
        if why == Asked::Refused {
            current.failed_at = Some(self.clock.now());
        }
        current.reason = reason.map(Arc::from);
        Err(NotRenewed(current.reason.clone()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicI64;
    use std::sync::atomic::Ordering::SeqCst;

    use super::super::token::tests::jwt;
    use super::*;

    fn manual() -> (Clock, Arc<AtomicI64>) {
        let now = Arc::new(AtomicI64::new(1_000_000_000));
        (Clock::Manual(Arc::clone(&now)), now)
    }

    fn never() -> watch::Receiver<bool> {
        watch::channel(false).1
    }

    #[tokio::test]
    async fn a_refused_token_is_renewed_once_for_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "first\n").unwrap();
        let (clock, now) = manual();
        let auth = Auth::new(TokenSource::File(path.clone()), clock, never()).unwrap();
        let refused = auth.token().await;
        assert_eq!(refused.secret.expose(), "first");
        assert!(
            auth.renew(&refused).await.is_err(),
            "the same token is no renewal"
        );
        now.fetch_add(10_000, SeqCst);
        // What was sent since then is a new question.
        let refused = auth.token().await;
        std::fs::write(&path, "second").unwrap();
        let first = auth.renew(&refused).await.unwrap();
        std::fs::write(&path, "third").unwrap();
        let second = auth.renew(&refused).await.unwrap();
        assert_eq!(
            (first.secret.expose(), second.secret.expose()),
            ("second", "second")
        );
    }

    /// However many there were since: who was handed an older one takes the newest.
    #[tokio::test]
    async fn each_token_has_a_number_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "0").unwrap();
        let auth = Auth::new(TokenSource::File(path.clone()), Clock::System, never()).unwrap();
        let mut handed_out = vec![auth.token().await];
        for n in 1..4 {
            std::fs::write(&path, n.to_string()).unwrap();
            let newest = auth.renew(handed_out.last().unwrap()).await.unwrap();
            assert_eq!(newest.secret.expose(), n.to_string());
            for older in &handed_out {
                std::fs::write(&path, "not asked for").unwrap();
                let taken = auth.renew(older).await.unwrap();
                assert_eq!(taken.secret.expose(), n.to_string());
            }
            handed_out.push(newest);
        }
    }

    #[tokio::test]
    async fn a_token_that_runs_out_soon_is_renewed_before_it_is_used() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let (clock, now) = manual();
        let (first, second) = (jwt(1_000_100), jwt(1_003_600));
        std::fs::write(&path, &first).unwrap();
        let auth = Auth::new(TokenSource::File(path.clone()), clock, never()).unwrap();
        std::fs::write(&path, &second).unwrap();
        assert_eq!(
            auth.token().await.secret.expose(),
            first,
            "it has 100 seconds left"
        );
        now.store(1_000_070_000, SeqCst);
        assert_eq!(
            auth.token().await.secret.expose(),
            first,
            "it has 30 seconds left"
        );
        now.store(1_000_070_001, SeqCst);
        assert_eq!(auth.token().await.secret.expose(), second);
        now.store(1_003_590_000, SeqCst);
        assert_eq!(
            auth.token().await.secret.expose(),
            second,
            "there is no newer one"
        );
    }

    /// A command that counts its runs and fails: whoever was sent before the failure is answered by it.
    #[cfg(unix)]
    #[tokio::test]
    async fn one_failed_renewal_answers_all_workers() {
        let dir = tempfile::tempdir().unwrap();
        let runs = dir.path().join("runs");
        let script = format!(
            "echo x >> {0}; [ $(wc -l < {0}) = 1 ] && echo first || {{ echo sealed >&2; exit 1; }}",
            runs.display()
        );
        let words = ["sh", "-c", &script].map(str::to_owned).to_vec();
        let (clock, now) = manual();
        let auth = Auth::new(TokenSource::Command(words), clock, never()).unwrap();
        let count = || std::fs::read_to_string(&runs).unwrap().lines().count();
        let refused = auth.token().await;
        let late = refused.clone();
        let all = (0..64).map(|_| {
            let (auth, refused) = (auth.clone(), refused.clone());
            tokio::spawn(async move { auth.renew(&refused).await })
        });
        for worker in all.collect::<Vec<_>>() {
            let NotRenewed(reason) = worker.await.unwrap().unwrap_err();
            assert!(reason.is_some_and(|r| r.contains("sealed")));
        }
        assert_eq!(count(), 2, "one run for the first token, one to renew it");
        // Its answer was under way for longer than the renewal took.
        assert!(auth.renew(&late).await.is_err());
        assert_eq!(count(), 2);
        // So is one that waited for it, and was sent with the same token.
        now.fetch_add(9_999, SeqCst);
        let refused = auth.token().await;
        assert!(auth.renew(&refused).await.is_err());
        assert_eq!(count(), 2);
        now.fetch_add(1, SeqCst);
        let refused = auth.token().await;
        assert!(auth.renew(&refused).await.is_err());
        assert_eq!(count(), 3, "later it is another question");
    }
}
