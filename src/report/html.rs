//! `report.html`: one file without network for the owner of the data.
//!
//! What was run and the verdict stand on top, then the counts, what was detected, and the problems, grouped
//! by kind and column, most frequent first. Every value is escaped, and a strict content security policy
//! lets nothing run but the page's own script. Problems are embedded up to a number; the counts are whole.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::escape::{inert, shown};
use super::folder::{ReportError, ReportFile, ReportFolder};
use super::groups::GroupKey;
use super::model::{Kind, ProblemGroup, RunReport};
use super::next::next_step;
use super::sections;
use super::terminal::verdict;
use crate::diagnostic::{Diagnostic, column_letter, listed, thousands};

/// Problems that a page holds: what a browser opens in a moment.
const MOST_PROBLEMS: u64 = 100_000;

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// The problems of a page under way, as JSON in a file of their own.
#[derive(Debug)]
pub(super) struct PageProblems {
    file: ReportFile,
    groups: HashMap<GroupKey, usize>,
    files: Vec<Arc<str>>,
    count: u64,
}

impl PageProblems {
    pub(super) fn begin(folder: &ReportFolder) -> Result<Self, ReportError> {
        Ok(Self {
            file: folder.begin("report.html.problems")?,
            groups: HashMap::new(),
            files: Vec::new(),
            count: 0,
        })
    }

    pub(super) fn add(&mut self, group: GroupKey, d: &Diagnostic) -> Result<(), ReportError> {
        if self.count >= MOST_PROBLEMS {
            return Ok(());
        }
        let number = self.groups.len();
        let group = *self.groups.entry(group).or_insert(number);
        let name = d.at.file.clone().unwrap_or_else(|| "".into());
        let file = match self.files.iter().position(|f| *f == name) {
            Some(at) => at,
            None => {
                self.files.push(name);
                self.files.len() - 1
            }
        };
        let row = d.at.row.unwrap_or(0);
        let column = d.at.column.as_ref();
        let cell = column.map_or(String::new(), |c| {
            format!("{}{row} {}", column_letter(c.index), c.name)
        });
        let value = d.value.as_deref().unwrap_or("");
        let line = (group, file, row, &cell, value, &d.message);
        // Texts and numbers can always be written as JSON.
        let line = serde_json::to_string(&line).unwrap_or_default();
        let comma = if self.count > 0 { ",\n" } else { "" };
        self.count += 1;
        self.file.put(format!("{comma}{}", inert(&line)).as_bytes())
    }

    /// What the page is made of.
    pub(super) fn finish(self) -> Result<PageParts, ReportError> {
        Ok(PageParts {
            problems: self.file.take()?,
            groups: self.groups,
            files: self.files,
        })
    }
}

/// The problems of a whole run.
#[derive(Debug)]
pub struct PageParts {
    problems: Vec<u8>,
    groups: HashMap<GroupKey, usize>,
    files: Vec<Arc<str>>,
}

/// Writes `report.html` and returns its path.
pub fn write(
    folder: &ReportFolder,
    report: &RunReport,
    parts: &PageParts,
) -> Result<PathBuf, ReportError> {
    // Not a secret: it only has to be one that no cell of the export can know.
    let nonce = blake3::hash(format!("{} {}", report.run, parts.problems.len()).as_bytes());
    let nonce = &nonce.to_hex()[..32];
    let mut file = folder.begin("report.html")?;
    file.put(head(report, nonce).as_bytes())?;
    file.put(counts(report).as_bytes())?;
    file.put(sections::timeline(report).as_bytes())?;
    file.put(problems(report, parts).as_bytes())?;
    file.put(sections::fields(report).as_bytes())?;
    file.put(sections::dates(report).as_bytes())?;
    file.put(sections::samples(report).as_bytes())?;
    file.put(detected(report).as_bytes())?;
    let next = next_step(report);
    if !next.is_empty() {
        file.put(format!("<section aria-labelledby=\"next\"><h2 id=\"next\">What to do next</h2><p>{}</p></section>\n", shown(&capital(next))).as_bytes())?;
    }
    file.put(b"</main>\n<footer><p class=\"soft\">Made by partner-sync. Sensitive values show their last two characters at most. This file needs no network.</p></footer>\n")?;
    let files = serde_json::json!(parts.files.iter().map(|f| &**f).collect::<Vec<_>>());
    file.put(
        format!(
            "<script type=\"application/json\" id=\"problems\">{{\"files\":{},\"problems\":[",
            inert(&files.to_string())
        )
        .as_bytes(),
    )?;
    file.put(&parts.problems)?;
    file.put(
        format!("]}}</script>\n<script nonce=\"{nonce}\">{SCRIPT}</script>\n</body>\n</html>\n")
            .as_bytes(),
    )?;
    file.finish()
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

fn head(report: &RunReport, nonce: &str) -> String {
    let verdict = shown(&verdict(report));
    let mut facts = format!(
        "{}, mapping <strong>{}</strong>",
        report.kind.as_str(),
        shown(&report.mapping)
    );
    if !report.files.is_empty() {
        let _ = write!(facts, ", {}", shown(&report.files.join(", ")));
    }
    if let Some(target) = &report.target {
        let _ = write!(facts, ", to {}", shown(target));
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{verdict}</title>\n<style nonce=\"{nonce}\">{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>{verdict}</h1>\n<p>{facts}</p>\n<p class=\"soft\">Run {}, {:.1} seconds, exit code {}.</p>\n</header>\n<main>\n",
        shown(&report.run),
        report.seconds,
        report.ending.code()
    )
}

fn counts(report: &RunReport) -> String {
    let rows = report.rows();
    let mut bar = String::new();
    let mut lines = String::new();
    let mut from = 0.0;
    for line in report.lines() {
        if line.count == 0 {
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "a share of a bar")]
        let share = line.count as f64 * 1000.0 / rows.max(1) as f64;
        let (class, words, count) = (line.class, shown(line.meaning), thousands(line.count));
        let _ = write!(
            bar,
            "<rect class=\"{class}\" x=\"{from:.2}\" y=\"0\" width=\"{share:.2}\" height=\"28\"><title>{words}: {count}</title></rect>"
        );
        from += share;
        let _ = writeln!(
            lines,
            "<tr><td class=\"number\">{count}</td><td><svg class=\"key\" viewBox=\"0 0 1 1\" aria-hidden=\"true\"><rect class=\"{class}\" width=\"1\" height=\"1\"/></svg>{words}</td></tr>"
        );
    }
    let mut more = report.verified.map_or(String::new(), |v| {
        format!(
            " Partners on the API whose row the source has no longer: {}.",
            thousands(v.only_api)
        )
    });
    if report.left_out() > 0 {
        let _ = write!(
            more,
            " Left out beside them: {} (see \u{201c}How the file was read\u{201d}).",
            thousands(report.left_out())
        );
    }
    format!(
        "<section aria-labelledby=\"rows\">\n<h2 id=\"rows\">{} rows</h2>\n\
         <svg class=\"bar\" viewBox=\"0 0 1000 28\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Rows by outcome; the table below has the same numbers\">{bar}</svg>\n\
         <table class=\"counts\"><thead><tr><th scope=\"col\" class=\"number\">Rows</th><th scope=\"col\">Outcome</th></tr></thead><tbody>\n{lines}</tbody></table>\n\
         <p class=\"soft\">Every row is one of these: they add up to {}.{more}</p>\n</section>\n",
        thousands(rows),
        thousands(rows)
    )
}

fn detected(report: &RunReport) -> String {
    if report.detected.is_empty() {
        return String::new();
    }
    let mut out = String::from(
        "<section aria-labelledby=\"read\">\n<h2 id=\"read\">How the file was read</h2>\n",
    );
    for one in &report.detected {
        let _ = writeln!(
            out,
            "<h3>{}</h3>\n<div class=\"scroll\"><table><thead><tr><th scope=\"col\">What</th><th scope=\"col\">Found</th><th scope=\"col\">Change it with</th></tr></thead><tbody>",
            shown(&one.file)
        );
        for decision in &one.decisions {
            let _ = writeln!(
                out,
                "<tr><td>{}</td><td>{}</td><td><code>[source] {}</code></td></tr>",
                shown(&decision.subject),
                shown(&decision.found),
                decision.setting
            );
        }
        out.push_str("</tbody></table></div>\n");
        for note in &one.all_notes(report.values) {
            let _ = writeln!(out, "<p>{}</p>", shown(note));
        }
        if !one.unused.is_empty() {
            let _ = writeln!(
                out,
                "<p class=\"soft\">Columns that no rule uses: {}</p>",
                shown(&listed(one.unused.iter().map(String::as_str), ", "))
            );
        }
    }
    out.push_str("</section>\n");
    out
}

fn problems(report: &RunReport, parts: &PageParts) -> String {
    let mut out =
        String::from("<section aria-labelledby=\"found\">\n<h2 id=\"found\">Problems</h2>\n");
    if report.groups.is_empty() {
        out.push_str("<p>None.</p>\n");
    } else {
        let _ = writeln!(
            out,
            "<p>{} errors and {} warnings.{}</p>",
            thousands(report.errors),
            thousands(report.warnings),
            if report.kind == Kind::Verify {
                ""
            } else {
                " Rows with an error are not sent. Rows with only warnings are sent; please look at them."
            }
        );
    }
    let mut columns: Vec<&str> = report
        .groups
        .iter()
        .filter_map(|g| g.column.as_deref())
        .collect();
    columns.sort_unstable();
    columns.dedup();
    let options: String = columns.iter().fold(String::new(), |mut all, c| {
        let _ = write!(all, "<option>{}</option>", shown(c));
        all
    });
    let _ = writeln!(
        out,
        "<form id=\"filter\" hidden role=\"search\" aria-label=\"Filter the problems\">\
         <label>Text<input id=\"text\" type=\"search\" autocomplete=\"off\"></label>\
         <label>Level<select id=\"severity\"><option value=\"\">errors and warnings</option><option value=\"error\">errors</option><option value=\"warning\">warnings</option></select></label>\
         <label>Column<select id=\"column\"><option value=\"\">all</option>{options}</select></label>\
         <span id=\"status\" role=\"status\" class=\"soft\"></span></form>"
    );
    // The data names a group by its number; a group of which nothing is embedded gets one of its own.
    let mut ordered: Vec<(usize, &ProblemGroup)> = Vec::new();
    let mut rest = parts.groups.len();
    for group in &report.groups {
        let number = parts.groups.get(&(group.code, group.column.clone()));
        ordered.push((
            number.copied().unwrap_or_else(|| {
                rest += 1;
                rest - 1
            }),
            group,
        ));
    }
    for (number, group) in ordered {
        let column = group.column.as_deref().unwrap_or("");
        let at = if column.is_empty() {
            String::new()
        } else {
            format!(" in “{}”", shown(column))
        };
        let _ = writeln!(
            out,
            "<details class=\"{0}\" data-group=\"{number}\" data-severity=\"{0}\" data-column=\"{1}\" data-count=\"{2}\">\
             <summary><strong>{3}</strong> × <span class=\"level\">{0}</span> <code>{4}</code>{at}: {5}</summary>\
             <div class=\"inside\"><p><strong>How to repair it:</strong> {6}</p><noscript><p>{7}</p></noscript><div class=\"table\"></div></div></details>",
            group.severity.as_str(),
            shown(column),
            group.count,
            thousands(group.count),
            group.code.as_str(),
            shown(group.code.meaning()),
            shown(group.hint.as_deref().unwrap_or(group.code.repair())),
            shown(&group.example),
        );
    }
    out.push_str("</section>\n");
    out
}
