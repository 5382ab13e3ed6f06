//! `sync --check-config`: everything a night needs, looked at without sending a partner.

use super::import::Surroundings;
use super::job_file;
use crate::api::{ListFilter, PartnersApi as _};
use crate::cli::args::ExportArgs;
use crate::cli::connect;
use crate::cli::exit::{CliError, Exit};
use crate::config::{ConfigFile, Job, Resolved};
use crate::delivery::Stop;
use crate::mapping::Mapping;
use crate::notify;
use crate::report::ReportFolder;
use crate::state::StateView;

/// Looks at all of it and tells every finding, not only the first.
pub(super) fn run(
    jobs: &[&Job],
    config: &ConfigFile,
    settings: &Resolved,
    around: Surroundings<'_>,
) -> Exit {
    let mut findings = Findings::default();
    for job in jobs {
        let what = format!("job {}", job.name.0);
        findings.take(
            &what,
            "mapping",
            Mapping::read(&job.mapping).map(|m| m.name),
        );
        if let Some(most) = job.max_errors {
            findings.take(&what, "max_errors", Ok::<_, String>(most.to_string()));
        }
        match job_file::newest(&job.file) {
            // The night's export need not be there by day.
            Err(words) => findings.notes.push(format!("{what}: {words}")),
            Ok(file) => {
                let export = ExportArgs {
                    files: vec![file.clone()],
                    mapping: job.mapping.clone(),
                    max_errors: None,
                    create_apptivo_account: false,
                    create_bill_com_profile: false,
                };
                let opened = super::run::open(&export).map(|_| file.display().to_string());
                findings.take(&what, "file", opened);
            }
        }
    }
    if settings.state.exists() {
        let opened = StateView::open(&settings.state).map(|_| settings.state.display().to_string());
        findings.take("state", "path", opened);
    } else {
        findings.notes.push(format!(
            "state: {} is made by the first run",
            settings.state.display()
        ));
    }
    if let Some(folder) = &settings.report {
        let made = ReportFolder::create(folder).map(|_| folder.display().to_string());
        findings.take("report", "dir", made);
    }
    if let Some(path) = &config.metrics.textfile {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
        let there = folder.is_none_or(std::path::Path::is_dir);
        let found = if there {
            Ok(path.display().to_string())
        } else {
            Err(format!("the folder of {} is not there", path.display()))
        };
        findings.take("metrics", "textfile", found);
    }
    if let Some(url) = &config.notify.url {
        findings.take(
            "notify",
            "url",
            notify::check_address(url).map(|u| u.host_str().unwrap_or("").to_owned()),
        );
    }
    let broken = findings.broken;
    let mut api_down = false;
    let stop = Stop::default();
    let asked = around.runtime.block_on(async {
        let connection = connect::connect(around.shared, settings, &stop, around.desk).await?;
        connection.api.health().await?;
        let page = connection.api.list(&ListFilter::default(), 0, 1).await?;
        let partners = page
            .total_records
            .map_or_else(|| "an unknown number of".to_owned(), |n| n.to_string());
        Ok::<_, CliError>(format!("{}, {partners} partners", connection.target))
    });
    if let Err(error) = &asked {
        api_down = error.exit() != Exit::Usage;
    }
    findings.take("api", "health and list", asked);
    for line in &findings.lines {
        around.desk.output.result(&format!("{line}\n"));
    }
    for note in &findings.notes {
        around.desk.output.result(&format!("note  {note}\n"));
    }
    match (broken, findings.broken > broken, api_down) {
        (0, false, _) => Exit::Done,
        (0, true, true) => Exit::Stopped,
        _ => Exit::Usage,
    }
}

#[derive(Default)]
struct Findings {
    lines: Vec<String>,
    notes: Vec<String>,
    broken: u32,
}

impl Findings {
    fn take<E: std::fmt::Display>(&mut self, room: &str, what: &str, found: Result<String, E>) {
        self.lines.push(match found {
            Ok(words) => format!("ok    {room}: {what}: {words}"),
            Err(error) => {
                self.broken += 1;
                format!("WRONG {room}: {what}: {error}")
            }
        });
    }
}
