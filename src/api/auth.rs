//! The token and its renewal, once for all workers.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::RwLock;

use super::error::ApiError;
use crate::clock::{Clock, Timestamp};
use crate::secret::Secret;

/// Where a token comes from.
#[derive(Debug, Clone)]
pub enum TokenSource {
    /// Given once; it cannot be renewed.
    Given(Secret),
    /// A file, read again for a new one.
    File(PathBuf),
    /// A command and its arguments, run again for a new one; its standard output is the token.
    Command(Vec<String>),
}

impl TokenSource {
    fn read(&self) -> Result<Secret, String> {
        let text = match self {
            TokenSource::Given(secret) => return Ok(secret.clone()),
            TokenSource::File(path) => std::fs::read_to_string(path)
                .map_err(|e| format!("cannot read the token file {}: {e}", path.display()))?,
            TokenSource::Command(words) => {
                let (program, arguments) =
                    words.split_first().ok_or("the token command is empty")?;
                let output = std::process::Command::new(program)
                    .args(arguments)
                    .stdin(std::process::Stdio::null())
                    .output()
                    .map_err(|e| format!("cannot run the token command {program}: {e}"))?;
                if !output.status.success() {
                    return Err(format!(
                        "the token command {program} failed ({})",
                        output.status
                    ));
                }
                String::from_utf8(output.stdout)
                    .map_err(|_| format!("the token command {program} printed no text"))?
            }
        };
        let token = text.trim();
        if token.is_empty() || token.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err("the token is empty or has blanks in it".to_owned());
        }
        Ok(Secret::new(token))
    }
}

impl TokenSource {
    /// When its present token says that it runs out; none where it does not say, or there is no token.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        expiry(self.read().ok()?.expose())
    }
}

/// A token with its number: who finds number 3 refused renews it only if it is still number 3.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) secret: Secret,
    pub(super) number: u64,
    /// When it says that it runs out; nobody checked that, so it only makes us ask earlier.
    expires: Option<Timestamp>,
    /// Whether a new one was asked for because of that, in vain.
    asked_early: bool,
}

impl Token {
    fn new(secret: Secret, number: u64) -> Self {
        let expires = expiry(secret.expose());
        Self {
            secret,
            number,
            expires,
            asked_early: false,
        }
    }
}

/// A token that runs out within this time is renewed before it is used.
const EARLY_MILLIS: i64 = 30_000;

/// The `exp` of a JWT, unverified. Source: RFC 7519, section 4.1.4: seconds since 1970.
fn expiry(token: &str) -> Option<Timestamp> {
    use base64::Engine as _;
    let payload = token.split('.').nth(1)?;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(payload.trim_end_matches('='))
        .ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    let seconds = claims.get("exp")?.as_f64()?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a time beyond i64 saturates and is never reached"
    )]
    Some(Timestamp((seconds * 1000.0) as i64))
}

/// The token that all workers share.
#[derive(Debug, Clone)]
pub struct Auth {
    source: TokenSource,
    current: Arc<RwLock<Token>>,
    clock: Clock,
}

impl Auth {
    /// Reads the first token from `source`; `clock` says when one is about to run out.
    ///
    /// # Errors
    /// [`ApiError::NoToken`] where the file cannot be read, the command fails, or what they give is no token.
    pub fn new(source: TokenSource, clock: Clock) -> Result<Self, ApiError> {
        let secret = source.read().map_err(ApiError::NoToken)?;
        let current = Arc::new(RwLock::new(Token::new(secret, 1)));
        Ok(Self {
            source,
            current,
            clock,
        })
    }

    /// The present token; one that is about to run out is renewed first.
    pub(super) async fn token(&self) -> Token {
        let token = self.current.read().await.clone();
        let soon = token
            .expires
            .is_some_and(|at| at.0 - self.clock.now().0 < EARLY_MILLIS);
        if !soon || token.asked_early {
            return token;
        }
        match self.renew(&token).await {
            Some(new) => new,
            None => token,
        }
    }

    /// A token newer than `refused`, or none where there is none to be had. Only the first worker that
    /// comes renews; the others wait for it and take what it found.
    pub(super) async fn renew(&self, refused: &Token) -> Option<Token> {
        if matches!(self.source, TokenSource::Given(_)) {
            return None;
        }
        let mut current = self.current.write().await;
        if current.number != refused.number {
            return Some(current.clone());
        }
        current.asked_early = true;
        let source = self.source.clone();
        let read = tokio::task::spawn_blocking(move || source.read()).await;
        match read {
            Ok(Ok(secret)) if secret.expose() != refused.secret.expose() => {
                tracing::info!("the token was renewed");
                *current = Token::new(secret, refused.number + 1);
                Some(current.clone())
            }
            Ok(Ok(_)) => {
                tracing::warn!(
                    "the API refuses the token, and its source gives the same one again"
                );
                None
            }
            Ok(Err(message)) => {
                tracing::warn!("the token cannot be renewed: {message}");
                None
            }
            Err(error) => {
                tracing::warn!("the token cannot be renewed: {error}");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_refused_token_is_renewed_once_for_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "first\n").unwrap();
        let auth = Auth::new(TokenSource::File(path.clone()), Clock::System).unwrap();
        let refused = auth.token().await;
        assert_eq!(refused.secret.expose(), "first");
        assert!(
            auth.renew(&refused).await.is_none(),
            "the same token is no renewal"
        );
        std::fs::write(&path, "second").unwrap();
        let first = auth.renew(&refused).await.unwrap();
        std::fs::write(&path, "third").unwrap();
        let second = auth.renew(&refused).await.unwrap();
        assert_eq!(
            (first.secret.expose(), second.secret.expose()),
            ("second", "second")
        );
    }

    fn jwt(seconds: i64) -> String {
        use base64::Engine as _;
        let encode = |text: String| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        format!(
            "{}.{}.x",
            encode("{}".to_owned()),
            encode(format!("{{\"exp\":{seconds}}}"))
        )
    }

    #[tokio::test]
    async fn a_token_that_runs_out_soon_is_renewed_before_it_is_used() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let now = Arc::new(std::sync::atomic::AtomicI64::new(1_000_000_000));
        let (first, second) = (jwt(1_000_100), jwt(1_003_600));
        std::fs::write(&path, &first).unwrap();
        let auth = Auth::new(
            TokenSource::File(path.clone()),
            Clock::Manual(Arc::clone(&now)),
        )
        .unwrap();
        std::fs::write(&path, &second).unwrap();
        assert_eq!(
            auth.token().await.secret.expose(),
            first,
            "it has 100 seconds left"
        );
        now.store(1_000_080_000, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(auth.token().await.secret.expose(), second);
        now.store(1_003_590_000, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(
            auth.token().await.secret.expose(),
            second,
            "there is no newer one"
        );
    }

    #[test]
    fn an_expiry_is_read_where_there_is_one() {
        assert_eq!(
            expiry(&jwt(1_772_645_225)),
            Some(Timestamp(1_772_645_225_000))
        );
        for text in ["", "a.b.c", "token", "a.e30.c"] {
            assert_eq!(expiry(text), None, "{text}");
        }
    }
}
