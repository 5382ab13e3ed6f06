//! A 401 is answered with a new token, once for all workers. A question is asked again; the outcome of a create says that
//! it can be sent again, since a 401 proves that nothing was made. Either goes through the limiter like any
//! other request.

use super::auth::Auth;
use super::contract::{CreateRequest, ListFilter, Page, PartnersApi, RemotePartner};
use super::error::ApiError;
use crate::partner::{CreateOutcome, DoubtCause, NotCreated, PartnerId};

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
    ($self:ident, $refused:pat, $call:expr) => {{
        let mut replays = 0;
        loop {
            let token = $self.auth.token().await;
            let answer = $call;
            if replays < REPLAYS
                && matches!(answer, $refused)
                && $self.auth.renew(&token).await.is_some()
            {
                replays += 1;
                continue;
            }
            break answer;
        }
    }};
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
            && self.auth.renew(&token).await.is_some()
        {
            *why = NotCreated::Renewed(std::mem::take(words));
        }
        outcome
    }

    async fn list(&self, filter: &ListFilter, skip: u64, take: u64) -> Result<Page, ApiError> {
        renewing!(
            self,
            Err(ApiError::Unauthorised(_)),
            self.inner.list(filter, skip, take).await
        )
    }

    async fn get(
        &self,
        id: &PartnerId,
        include: &[String],
    ) -> Result<Option<RemotePartner>, ApiError> {
        renewing!(
            self,
            Err(ApiError::Unauthorised(_)),
            self.inner.get(id, include).await
        )
    }

    async fn health(&self) -> Result<(), ApiError> {
        renewing!(
            self,
            Err(ApiError::Unauthorised(_)),
            self.inner.health().await
        )
    }
}
