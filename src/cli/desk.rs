//! The world, as arguments of every command.

use super::output::Output;
use super::signals::Watcher;
use crate::clock::Clock;
use crate::config::Environment;

/// What every command is given: the world as arguments.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) environment: Environment,
    pub(crate) output: Output,
    pub(crate) clock: Clock,
    pub(crate) signals: Watcher,
}
