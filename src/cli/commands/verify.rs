//! `verify`: partners are read back and compared with the source, field by field.

use crate::cli::args::{Shared, VerifyArgs};
use crate::cli::context::Context;
use crate::cli::exit::CommandResult;
use crate::cli::session::SessionParts;
use crate::ops;

pub(super) fn run(args: &VerifyArgs, shared: &Shared, context: &Context) -> CommandResult {
    let parts = SessionParts::new(shared, context)?;
    let request = args.request(&parts.config, &parts.session(), parts.report())?;
    let mut kept = shared.read_files(&parts.settings.state);
    kept.extend(request.export.all_files());
    let each_row = args.combined.as_deref();
    let sink = each_row.map(|path| context.output.sink(Some(path), &kept, false));
    let sink = sink.transpose()?;
    let found = ops::verify(&request, &parts.session())?;
    // One that was stopped has compared only some.
    if let (Some(mut sink), Some(rows)) = (sink, &found.rows) {
        sink.put(&ops::signed_rows(rows))?;
        sink.finish()?;
    }
    Ok(context.output.summary(&found.report, shared.json.json))
}
