//! `test`: the `[[test]]` tables of mappings.

use crate::cli::args::TestArgs;
use crate::cli::context::Context;
use crate::cli::exit::CommandResult;
use crate::config::ConfigFile;
use crate::ops;

pub(super) fn run(args: &TestArgs, json: bool, context: &Context) -> CommandResult {
    let config = ConfigFile::find(args.config.as_deref(), &context.environment)?;
    let mappings = ops::mappings_to_test(&args.mappings, &config)?;
    let tried = ops::mapping_tests(&mappings);
    for wrong in &tried.unusable {
        context.output.error(wrong);
    }
    context.output.result(&tried.words(json));
    Ok(tried.ending())
}
