//! The token and its renewal, once for all workers.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::RwLock;

use super::error::ApiError;
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

/// A token with its number: who finds number 3 refused renews it only if it is still number 3.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) secret: Secret,
    pub(super) number: u64,
}

/// The token that all workers share.
#[derive(Debug, Clone)]
pub struct Auth {
    source: TokenSource,
    current: Arc<RwLock<Token>>,
}

impl Auth {
    /// Reads the first token.
    pub fn new(source: TokenSource) -> Result<Self, ApiError> {
        let secret = source.read().map_err(ApiError::NoToken)?;
        Ok(Self {
            source,
            current: Arc::new(RwLock::new(Token { secret, number: 1 })),
        })
    }

    pub(super) async fn token(&self) -> Token {
        self.current.read().await.clone()
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
        let source = self.source.clone();
        let read = tokio::task::spawn_blocking(move || source.read()).await;
        match read {
            Ok(Ok(secret)) if secret.expose() != refused.secret.expose() => {
                tracing::info!("the token was renewed");
                *current = Token {
                    secret,
                    number: refused.number + 1,
                };
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
        let auth = Auth::new(TokenSource::File(path.clone())).unwrap();
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
}
