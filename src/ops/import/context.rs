//! One import under way: what all its parts need.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::request::ImportRequest;
use crate::delivery::Stop;
use crate::ops::conclude::{self, Heading};
use crate::ops::connect::Connection;
use crate::ops::error::OpError;
use crate::ops::export::{self, Opened};
use crate::ops::partner_rows::WithPartners;
use crate::ops::request::Rejected;
use crate::ops::session::Session;
use crate::prepare::{Exports, Survey};
use crate::report::{Collector, Detected, Kind, ReportFolder, RunEnding, RunReport};
use crate::state::{RunId, SharedImport, StateLock, StateReader};

/// One import under way.
pub(super) struct Import<'i> {
    pub(super) request: &'i ImportRequest,
    pub(super) session: &'i Session<'i>,
    pub(super) lock: &'i Arc<StateLock>,
    pub(super) opened: &'i Opened,
    pub(super) connection: Connection,
    pub(super) stop: Stop,
    pub(super) started: Instant,
    pub(super) folder: Option<ReportFolder>,
    pub(super) id: RunId,
    /// The import that this machine has joined already.
    pub(super) joined: Option<SharedImport>,
}

impl Import<'_> {
    pub(super) fn heading(&self, detected: &[Detected]) -> Heading {
        Heading {
            run: self.id.clone(),
            kind: Kind::Import,
            target: Some(self.connection.target.clone()),
            mapping: self.opened.mapping.name.clone(),
            files: export::file_names(&self.opened.exports),
            detected: detected.to_vec(),
            values: self.request.report.values,
            verified: None,
            counts: None,
            stopped: self.stop.reason().map(|r| conclude::stopped_by(&r)),
            started: self.started,
        }
    }

    pub(super) fn conclude(
        &self,
        heading: Heading,
        collector: &Arc<Mutex<Collector>>,
        survey: &Survey,
        ending: impl FnOnce(&RunReport) -> RunEnding,
    ) -> RunReport {
        let observer = self.session.observer;
        match self.reader() {
            Ok(reader) => WithPartners {
                exports: self.exports(),
                survey,
                reader: reader.as_ref(),
                folder: self.folder.as_ref(),
                values: self.request.report.values,
            }
            .write(collector),
            Err(error) => tracing::warn!("partners.csv is not written: {error}"),
        }
        conclude::conclude(heading, collector, self.folder.as_ref(), observer, ending)
    }

    pub(super) fn reader(&self) -> Result<Option<StateReader>, OpError> {
        let mapping = &self.opened.mapping.name;
        self.session.reader(&self.connection.target, mapping)
    }

    /// Whether rows that were rejected earlier are sent again.
    pub(super) fn retries_rejected(&self) -> bool {
        self.request.rejected == Rejected::SendAgain
    }

    pub(super) fn exports(&self) -> &Arc<Exports> {
        &self.opened.exports
    }
}

pub(super) fn lock(collector: &Mutex<Collector>) -> MutexGuard<'_, Collector> {
    collector.lock().unwrap_or_else(PoisonError::into_inner)
}
