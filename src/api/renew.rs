//! A 401 is answered with a new token, once for all workers. A question is asked again; the outcome of a create says that
//! it can be sent again, since a 401 proves that nothing was made. Either goes through the limiter like any
//! other request.

use super::auth::{Auth, NotRenewed};
use super::contract::{CreateRequest, ListFilter, Page, PartnersApi, RemotePartner};
use super::error::ApiError;
use crate::partner::{ApiWords, CreateOutcome, DoubtCause, NotCreated, PartnerId};

/// Replays of one request. More than one is needed only when the token changes while it is on its way.
const REPLAYS: usize = 2;

/// An API whose token is renewed.
#[derive(Debug, Clone)]
pub struct Renewing<A> {
    inner: A,
    auth: Auth,
}

impl<A> Renewing<A> {
    /// Puts renewal by `auth` around `inner`, which must use the same `auth`.
    pub fn new(inner: A, auth: Auth) -> Self {
        Self { inner, auth }
    }
}

/// Calls, and calls again after a 401 with a new token. A macro, since the calls borrow different things.
macro_rules! renewing {
    ($self:ident, $call:expr) => {{
        let mut replays = 0;
        loop {
            let token = $self.auth.token().await;
            let answer = $call;
            let Err(ApiError::Unauthorised(words)) = &answer else {
                break answer;
            };
            if replays == REPLAYS {
                break answer;
            }
            match $self.auth.renew(&token).await {
                Ok(_) => replays += 1,
                Err(why) => break Err(ApiError::Unauthorised(with_reason(words, &why))),
            }
        }
    }};
}

/// What the API said of the token, and why there is no other one.
fn with_reason(words: &ApiWords, why: &NotRenewed) -> ApiWords {
    match &why.0 {
        Some(reason) => ApiWords::new(&format!("{words}; no new token: {reason}")),
        None => words.clone(),
    }
}

impl<A: PartnersApi> PartnersApi for Renewing<A> {
    /// A create is not sent again here, so that every attempt is counted by who sends it.
    async fn create(&self, request: CreateRequest) -> CreateOutcome {
        let token = self.auth.token().await;
        let mut outcome = self.inner.create(request).await;
        if let CreateOutcome::NotCreated(why)
        | CreateOutcome::InDoubt {
            cause: DoubtCause::Refused(why),
            ..
        } = &mut outcome
            && let NotCreated::Unauthorised(words) = why
        {
            *why = match self.auth.renew(&token).await {
                Ok(_) => NotCreated::Renewed(std::mem::take(words)),
                Err(reason) => NotCreated::Unauthorised(with_reason(words, &reason)),
            };
        }
        outcome
    }

    async fn list(&self, filter: &ListFilter, skip: u64, take: u64) -> Result<Page, ApiError> {
        renewing!(self, self.inner.list(filter, skip, take).await)
    }

    async fn get(
        &self,
        id: &PartnerId,
        include: &[String],
    ) -> Result<Option<RemotePartner>, ApiError> {
        renewing!(self, self.inner.get(id, include).await)
    }

    async fn health(&self) -> Result<(), ApiError> {
        renewing!(self, self.inner.health().await)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::super::scripted::{Scripted, request};
    use super::super::token::TokenSource;
    use super::*;
    use crate::clock::Clock;

    /// A refusal says that the token was renewed, also where a create flag makes a doubt of it.
    #[tokio::test]
    async fn a_refused_create_renews_the_token_and_is_not_sent_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let outcomes: [fn(NotCreated) -> CreateOutcome; 2] =
            [CreateOutcome::NotCreated, |why| CreateOutcome::InDoubt {
                cause: DoubtCause::Refused(why),
                status: Some(401),
                words: ApiWords::new("401"),
                retry_after: None,
            }];
        for outcome in outcomes {
            std::fs::write(&path, "first").unwrap();
            let never = tokio::sync::watch::channel(false).1;
            let now = Arc::new(AtomicI64::new(1_000_000_000));
            let clock = Clock::Manual(Arc::clone(&now));
            let auth = Auth::new(TokenSource::File(path.clone()), clock, never).unwrap();
            let api = Scripted::default();
            let renewing = Renewing::new(api.clone(), auth.clone());
            let words = || ApiWords::new("no");
            // The file has the same token still: there is no new one.
            api.will_create(outcome(NotCreated::Unauthorised(words())));
            let refused = renewing.create(request()).await;
            assert_eq!(refused, outcome(NotCreated::Unauthorised(words())));
            std::fs::write(&path, "second").unwrap();
            // Later it is another question.
            now.fetch_add(60_000, Ordering::SeqCst);
            api.will_create(outcome(NotCreated::Unauthorised(words())));
            let renewed = renewing.create(request()).await;
            assert_eq!(renewed, outcome(NotCreated::Renewed(words())));
            assert_eq!(auth.token().await.secret.expose(), "second");
            assert_eq!(api.take_calls(), ["create", "create"]);
        }
    }

    /// A token that is another one each time, as its source is asked.
    #[cfg(unix)]
    fn counting(runs: &std::path::Path) -> Auth {
        let script = format!("echo x >> {0}; wc -l < {0} | tr -d ' '", runs.display());
        let words = ["sh", "-c", &script].map(str::to_owned).to_vec();
        let never = tokio::sync::watch::channel(false).1;
        Auth::new(TokenSource::Command(words), Clock::System, never).unwrap()
    }

    /// So many refusals, and what becomes of a question of this kind.
    #[cfg(unix)]
    async fn asked(what: &str, auth: &Auth, refusals: usize) -> (bool, usize) {
        let api = Scripted::default();
        let renewing = Renewing::new(api.clone(), auth.clone());
        let refused = || ApiError::Unauthorised(ApiWords::new("no"));
        for _ in 0..refusals {
            api.will_list(Err(refused()));
            api.will_get(Err(refused()));
            api.will_be_well(Err(refused()));
        }
        api.will_list(Ok(Page {
            length: 7,
            ..Page::default()
        }));
        let partner = super::super::scripted::partner("p", "L", "1");
        api.will_get(Ok(Some(partner)));
        api.will_be_well(Ok(()));
        let error = match what {
            "list" => {
                let page = renewing.list(&ListFilter::default(), 0, 1).await;
                page.map(|p| assert_eq!(p.length, 7)).err()
            }
            "get" => {
                let partner = renewing.get(&PartnerId::new("p"), &[]).await;
                partner.map(|p| assert!(p.is_some())).err()
            }
            _ => renewing.health().await.err(),
        };
        if let Some(error) = &error {
            assert_eq!(*error, refused());
        }
        (error.is_none(), api.take_calls().len())
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_refused_question_is_asked_again_with_each_new_token() {
        let dir = tempfile::tempdir().unwrap();
        for what in ["list", "get", "health"] {
            let auth = counting(&dir.path().join(what));
            for (refusals, is_answered, calls) in
                [(0, true, 1), (1, true, 2), (2, true, 3), (3, false, 3)]
            {
                let end = asked(what, &auth, refusals).await;
                assert_eq!(end, (is_answered, calls), "{what} {refusals}");
            }
            let given = TokenSource::Given(crate::secret::Secret::new("token"));
            let never = tokio::sync::watch::channel(false).1;
            let given = Auth::new(given, Clock::System, never).unwrap();
            assert_eq!(asked(what, &given, 1).await, (false, 1), "{what}");
        }
    }
}
