//! The page's sections on what the rows hold and how they went over time.

use std::fmt::Write as _;

use super::escape::shown;
use super::model::RunReport;
use crate::diagnostic::thousands;

/// Rows over time, with the times in which the API asked to be left alone.
pub(super) fn timeline(report: &RunReport) -> String {
    let Some(timeline) = report.timeline.as_ref().filter(|t| !t.rows.is_empty()) else {
        return String::new();
    };
    let most = timeline.rows.iter().copied().max().unwrap_or(0).max(1);
    let steps = timeline.rows.len();
    let length = (steps as u64).saturating_mul(timeline.step).max(1);
    let seconds = |ms: u64| match ms {
        0..1000 => format!("{ms} ms"),
        _ => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
    };
    #[expect(clippy::cast_precision_loss, reason = "a place in a picture")]
    let x = |ms: u64| ms.min(length) as f64 * 1000.0 / length as f64;
    let mut picture = String::new();
    for pause in &timeline.pauses {
        let why = if pause.throttled {
            "the API throttled"
        } else {
            "the API asked to wait, or did not answer"
        };
        let _ = write!(
            picture,
            "<rect class=\"pause\" x=\"{:.2}\" y=\"0\" width=\"{:.2}\" height=\"100\"><title>{} to {}: {why}</title></rect>",
            x(pause.from),
            (x(pause.to) - x(pause.from)).max(1.0),
            seconds(pause.from),
            seconds(pause.to)
        );
    }
    #[expect(clippy::cast_precision_loss, reason = "a height in a picture")]
    for (step, rows) in timeline.rows.iter().enumerate().filter(|(_, r)| **r > 0) {
        let (width, height) = (1000.0 / steps as f64, *rows as f64 * 100.0 / most as f64);
        let from = step as u64 * timeline.step;
        let _ = write!(
            picture,
            "<rect class=\"done\" x=\"{:.2}\" y=\"{:.2}\" width=\"{:.2}\" height=\"{height:.2}\"><title>{} to {}: {} rows</title></rect>",
            step as f64 * width,
            100.0 - height,
            width * 0.9,
            seconds(from),
            seconds(from + timeline.step),
            thousands(*rows)
        );
    }
    let all: u64 = timeline.rows.iter().sum();
    let paused: u64 = timeline.pauses.iter().map(|p| p.to - p.from).sum();
    let throttled = timeline.pauses.iter().filter(|p| p.throttled).count();
    let told = if timeline.pauses.is_empty() {
        "The API did not slow the run down.".to_owned()
    } else {
        format!(
            "The shaded times are pauses in which the API asked to wait or did not answer: {} in {}, {throttled} of them because it throttled.",
            thousands(timeline.pauses.len() as u64),
            seconds(paused)
        )
    };
    format!(
        "<section aria-labelledby=\"time\">\n<h2 id=\"time\">Rows over time</h2>\n\
         <svg class=\"timeline\" viewBox=\"0 0 1000 100\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Rows that the API answered over time; the text below says the same\">{picture}</svg>\n\
         <p>{} rows were answered by the API within {}, at most {} in {}. {told}</p>\n</section>\n",
        thousands(all),
        seconds(length),
        thousands(most),
        seconds(timeline.step)
    )
}

/// How full each mapped field is.
pub(super) fn fields(report: &RunReport) -> String {
    if report.contents.fields.is_empty() {
        return String::new();
    }
    let mut lines = String::new();
    for field in &report.contents.fields {
        let rows = (field.filled + field.empty + field.invalid).max(1);
        #[expect(clippy::cast_precision_loss, reason = "a share of a bar")]
        let share = |n: u64| n as f64 * 100.0 / rows as f64;
        let (filled, invalid) = (share(field.filled), share(field.invalid));
        let _ = writeln!(
            lines,
            "<tr><td>{}</td><td><code>{}</code></td><td class=\"wide\"><svg class=\"share\" viewBox=\"0 0 100 1\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
             <rect class=\"done\" width=\"{filled:.2}\" height=\"1\"/><rect class=\"bad\" x=\"{filled:.2}\" width=\"{invalid:.2}\" height=\"1\"/></svg></td>\
             <td class=\"number\">{filled:.1} %</td><td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
            field
                .column
                .as_deref()
                .map_or_else(|| "—".to_owned(), shown),
            shown(&field.field),
            thousands(field.filled),
            thousands(field.empty),
            thousands(field.invalid)
        );
    }
    format!(
        "<section aria-labelledby=\"full\">\n<h2 id=\"full\">Field coverage</h2>\n<div class=\"scroll\"><table><thead><tr>\
         <th scope=\"col\">Column</th><th scope=\"col\">Field</th><th scope=\"col\">Share</th><th scope=\"col\" class=\"number\">Filled</th>\
         <th scope=\"col\" class=\"number\">Rows filled</th><th scope=\"col\" class=\"number\">Empty</th><th scope=\"col\" class=\"number\">Invalid</th>\
         </tr></thead><tbody>\n{lines}</tbody></table></div>\n</section>\n"
    )
}

/// Date columns: the order that was found, and the range.
pub(super) fn dates(report: &RunReport) -> String {
    let mut lines = String::new();
    for field in &report.contents.fields {
        let Some(order) = &field.order else { continue };
        let (from, to) = field
            .dates
            .as_ref()
            .map_or(("—", "—"), |(a, b)| (a.as_str(), b.as_str()));
        let _ = writeln!(
            lines,
            "<tr><td>{}</td><td><code>{}</code></td><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
            field
                .column
                .as_deref()
                .map_or_else(|| "—".to_owned(), shown),
            shown(&field.field),
            shown(order),
            shown(from),
            shown(to)
        );
    }
    if lines.is_empty() {
        return lines;
    }
    format!(
        "<section aria-labelledby=\"dates\">\n<h2 id=\"dates\">Dates</h2>\n<div class=\"scroll\"><table><thead><tr>\
         <th scope=\"col\">Column</th><th scope=\"col\">Field</th><th scope=\"col\">Order of day and month</th>\
         <th scope=\"col\" class=\"number\">Earliest</th><th scope=\"col\" class=\"number\">Latest</th></tr></thead><tbody>\n{lines}</tbody></table></div>\n</section>\n"
    )
}

/// A few payloads, indented.
pub(super) fn samples(report: &RunReport) -> String {
    if report.contents.samples.is_empty() {
        return String::new();
    }
    let mut out = String::from(
        "<section aria-labelledby=\"samples\">\n<h2 id=\"samples\">What is sent</h2>\n<p>The first rows as the API gets them. Bank data is masked on this page; the API gets the full values.</p>\n",
    );
    for sample in &report.contents.samples {
        let _ = writeln!(
            out,
            "<details class=\"plain\"><summary>Row {} of {}</summary><div class=\"inside\"><pre>{}</pre></div></details>",
            sample.row,
            shown(&sample.file),
            shown(&indented(&sample.body))
        );
    }
    out.push_str("</section>\n");
    out
}

/// JSON on many lines, its keys in their order.
fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for c in json.chars() {
        if quoted {
            out.push(c);
            quoted = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        let line = |out: &mut String, depth: usize| {
            out.push('\n');
            out.extend(std::iter::repeat_n("  ", depth));
        };
        match c {
            '{' | '[' => {
                depth += 1;
                out.push(c);
                line(&mut out, depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            '"' => {
                quoted = true;
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_in_its_own_order() {
        assert_eq!(
            indented(r#"{"b":{"x":"a, \"{"},"a":[1,true]}"#),
            "{\n  \"b\": {\n    \"x\": \"a, \\\"{\"\n  },\n  \"a\": [\n    1,\n    true\n  ]\n}"
        );
    }
}
