//! Every setting that a run would have, and where it comes from.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::env::{self, Environment};
use super::expand::expand;
use super::origin::Origin;
use super::resolve::{DEFAULT_RATE, Resolved, TokenSetting, Typed};
use crate::secret::{plain_address, without_address_secrets};
use crate::state::{StateAddress, Takeover};

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// Its name in the configuration file: `api.rate`, `job.apptivo.max_age`.
    pub name: String,
    /// Its value, or that there is one where it is a secret.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// What stands for a secret.
const HIDDEN: &str = "(set; not shown)";
/// What stands for a value that is not there.
const NONE: &str = "(none)";

/// All settings as one line of JSON.
#[must_use]
pub fn effective_json(all: &[Effective]) -> String {
    let each = all.iter().map(
        |s| serde_json::json!({"name": s.name, "value": s.value, "origin": s.origin.to_string()}),
    );
    let all: serde_json::Value = each.collect();
    format!("{all}\n")
}

/// All settings, in the order of the configuration file. `file` is that file, which was read before; `practice` says that a
/// practice API in this process is asked instead of the one of the settings.
#[must_use]
pub fn effective(
    typed: &Typed,
    environment: &Environment,
    resolved: &Resolved,
    file: Option<&Path>,
    practice: bool,
) -> Vec<Effective> {
    let text = file.and_then(|path| std::fs::read_to_string(path).ok());
    let mut all = of_text(typed, environment, resolved, file.zip(text.as_deref()));
    if practice {
        in_practice(&mut all, typed, resolved);
    }
    all
}

/// What is otherwise for a practice API: it is in this process, needs no token, and has no limit unless one is asked for.
fn in_practice(all: &mut Vec<Effective>, typed: &Typed, resolved: &Resolved) {
    all.retain(|setting| !setting.name.starts_with("api.token"));
    for setting in all {
        let value = match setting.name.as_str() {
            "api.url" => "the sandbox in this process",
            "api.rate" if resolved.rate.is_none() => "unlimited",
            _ => continue,
        };
        value.clone_into(&mut setting.value);
        setting.origin = typed.origin("sandbox");
    }
}

fn of_text(
    typed: &Typed,
    environment: &Environment,
    resolved: &Resolved,
    file: Option<(&Path, &str)>,
) -> Vec<Effective> {
    let written = Written::of(file, environment);
    let rows = api_rows(typed, resolved).into_iter();
    let rows = rows.chain(other_rows(typed, resolved));
    let mut all: Vec<Effective> = rows
        .map(|(name, option, is_typed, value)| Effective {
            name: name.to_owned(),
            value,
            origin: if is_typed {
                typed.origin(option)
            } else {
                written.origin(name)
            },
        })
        .collect();
    all.insert(1, token(typed, environment, resolved, &written));
    all.extend(written.others());
    all
}

/// A setting's name, its option, whether that was typed, and its value.
type Row = (&'static str, &'static str, bool, String);

fn api_rows(typed: &Typed, resolved: &Resolved) -> Vec<Row> {
    let time = |t| humantime::format_duration(t).to_string();
    let rate = resolved.rate.as_deref().unwrap_or(DEFAULT_RATE).to_owned();
    let burst = resolved.burst.map_or(NONE.to_owned(), |n| n.to_string());
    let (url, workers) = (
        plain_address(&resolved.api_url),
        resolved.workers.to_string(),
    );
    let (timeout, outage) = (time(resolved.timeout), time(resolved.outage));
    let (asked, used) = (&typed.transport, &resolved.transport);
    let insecure = used.insecure_http.to_string();
    let (ca, cert, key) = (&asked.ca_file, &asked.client_cert, &asked.client_key);
    vec![
        ("api.url", "api-url", typed.api_url.is_some(), url),
        ("api.rate", "rate", typed.rate.is_some(), rate),
        ("api.burst", "burst", typed.burst.is_some(), burst),
        ("api.workers", "workers", typed.workers.is_some(), workers),
        ("api.timeout", "timeout", typed.timeout.is_some(), timeout),
        ("api.outage", "outage", typed.outage.is_some(), outage),
        (
            "api.ca_file",
            "ca-file",
            ca.is_some(),
            shown(used.ca_file.as_deref()),
        ),
        (
            "api.client_cert",
            "client-cert",
            cert.is_some(),
            shown(used.client_cert.as_deref()),
        ),
        (
            "api.client_key",
            "client-key",
            key.is_some(),
            shown(used.client_key.as_deref()),
        ),
        (
            "api.insecure_http",
            "insecure-http",
            asked.insecure_http.is_some(),
            insecure,
        ),
    ]
}

fn other_rows(typed: &Typed, resolved: &Resolved) -> Vec<Row> {
    let (state, report) = (resolved.state.to_string(), resolved.report.as_deref());
    let keep = resolved.keep.to_string();
    let mut rows = vec![("state.path", "state", typed.state.is_some(), state)];
    // A state in a file is of one machine.
    if matches!(resolved.state, StateAddress::Server(_)) {
        let takeover = match resolved.database.takeover() {
            Takeover::After(time) => humantime::format_duration(time).to_string(),
            Takeover::Never => "never".to_owned(),
        };
        rows.push((
            "state.takeover",
            "takeover",
            typed.takeover.is_some(),
            takeover,
        ));
    }
    rows.extend([
        (
            "report.dir",
            "report",
            typed.report.is_some(),
            shown(report),
        ),
        ("report.keep", "", false, keep),
    ]);
    rows
}

fn shown(path: Option<&Path>) -> String {
    path.map_or(NONE.to_owned(), |p| p.display().to_string())
}

/// The token's source; never the token, nor a command, which may hold a password.
fn token(
    typed: &Typed,
    environment: &Environment,
    resolved: &Resolved,
    written: &Written,
) -> Effective {
    let (name, value) = match &resolved.token {
        None => ("api.token", NONE.to_owned()),
        Some(TokenSetting::Given(_)) => ("api.token", HIDDEN.to_owned()),
        Some(TokenSetting::File(path)) => ("api.token_file", path.display().to_string()),
        Some(TokenSetting::Command(_)) => ("api.token_command", HIDDEN.to_owned()),
    };
    let origin = if typed.token_file.is_some() {
        typed.origin("token-file")
    } else if typed.token_command.is_some() {
        typed.origin("token-command")
    } else if environment.get(env::TOKEN).is_some() {
        Origin::Variable(env::TOKEN.to_owned())
    } else {
        written.origin(name)
    };
    Effective {
        name: name.to_owned(),
        value,
        origin,
    }
}

/// Whether a key of the file holds a secret: who knows the address can write there, and a command may hold a password.
fn is_secret(name: &str) -> bool {
    name == "notify.url"
        || name == "metrics.push"
        || (name.starts_with("ping.") && name.ends_with("url"))
        || [".fetch", ".after"].iter().any(|key| name.ends_with(key))
}

/// The keys of the configuration file with their lines and values.
struct Written {
    path: std::path::PathBuf,
    keys: Vec<(String, usize, String)>,
}

impl Written {
    fn of(file: Option<(&Path, &str)>, environment: &Environment) -> Self {
        let (path, text) = file.unwrap_or((Path::new(""), ""));
        let (mut table, _) = DeTable::parse_recoverable(text);
        // What counts is what a run would use. Where a variable is missing, the text is shown as it is written.
        let _ = expand(table.get_mut(), environment);
        let mut written = Self {
            path: path.to_owned(),
            keys: Vec::new(),
        };
        written.add("", table.get_ref(), text);
        written.keys.sort_by_key(|(_, line, _)| *line);
        written
    }

    fn add(&mut self, within: &str, table: &DeTable<'_>, text: &str) {
        for (key, value) in table {
            let name = format!("{within}{}", key.get_ref());
            match value.get_ref() {
                DeValue::Table(table) => self.add(&format!("{name}."), table, text),
                DeValue::Array(all) if name == "job" => {
                    for job in all {
                        if let DeValue::Table(job) = job.get_ref() {
                            let called = job.get("name").and_then(|n| n.get_ref().as_str());
                            self.add(&format!("job.{}.", called.unwrap_or("?")), job, text);
                        }
                    }
                }
                _ => {
                    let line = text[..key.span().start].matches('\n').count() + 1;
                    let raw = text.get(value.span()).unwrap_or_default().trim();
                    let shown = match value.get_ref() {
                        DeValue::String(text) if raw.contains("${") => format!("\"{text}\""),
                        _ => raw.to_owned(),
                    };
                    self.keys.push((name, line, shown));
                }
            }
        }
    }

    fn origin(&self, name: &str) -> Origin {
        match self.keys.iter().find(|(key, ..)| key == name) {
            Some((_, line, _)) => Origin::File {
                path: self.path.clone(),
                line: Some(*line),
            },
            None => Origin::Default,
        }
    }

    /// What only the file can say: metrics, webhook, watchdog, jobs.
    fn others(&self) -> impl Iterator<Item = Effective> {
        let is_other = |name: &str| {
            ["metrics.", "notify.", "ping.", "job."]
                .iter()
                .any(|section| name.starts_with(section))
        };
        let keys = self.keys.iter().filter(move |(name, ..)| is_other(name));
        keys.map(|(name, line, value)| Effective {
            name: name.clone(),
            value: if is_secret(name) {
                HIDDEN.to_owned()
            } else {
                without_address_secrets(value)
            },
            origin: Origin::File {
                path: self.path.clone(),
                line: Some(*line),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::file::ConfigFile;
    use super::super::resolve::resolve;
    use super::*;

    fn lines(typed: &Typed, environment: &Environment, text: &str) -> Vec<String> {
        let file: ConfigFile = toml::from_str(text).unwrap();
        let resolved = resolve(typed.clone(), environment, file).unwrap();
        of_text(
            typed,
            environment,
            &resolved,
            Some((Path::new("c.toml"), text)),
        )
        .into_iter()
        .map(|s| format!("{} = {} ({})", s.name, s.value, s.origin))
        .collect()
    }

    /// A state in a file is of one machine: nothing is taken over.
    #[test]
    fn how_long_a_takeover_waits_is_shown_for_a_state_in_a_database() {
        let shown = |typed: Option<&str>, text: &str| {
            let typed = Typed {
                takeover: typed.map(str::to_owned),
                ..Typed::default()
            };
            let all = lines(&typed, &Environment::default(), text);
            all.into_iter()
                .find(|line| line.starts_with("state.takeover"))
        };
        let database = "[state]\npath = \"postgres://u@h/d\"\n";
        let in_file = format!("{database}takeover = \"never\"\n");
        for (typed, text, expected) in [
            (None, database, "state.takeover = 10m (default)"),
            (None, &in_file, "state.takeover = never (c.toml:3)"),
            (Some("7m"), &in_file, "state.takeover = 7m (--takeover)"),
        ] {
            assert_eq!(shown(typed, text).as_deref(), Some(expected));
        }
        assert_eq!(shown(Some("7m"), "[state]\npath = \"s.db\"\n"), None);
    }

    #[test]
    fn each_setting_has_its_origin() {
        let typed = Typed {
            rate: Some("5/s".to_owned()),
            state: Some("night.db".into()),
            variables: vec!["PARTNER_SYNC_STATE".to_owned()],
            ..Typed::default()
        };
        let text = "[api]\nurl = \"https://x\"\ntimeout = \"1m\"\n[[job]]\nname = \"a\"\nfile = \"*.csv\"\nmapping = \"m\"\n";
        let all = lines(&typed, &Environment::default(), text);
        for line in [
            "api.url = https://x (c.toml:2)",
            "api.rate = 5/s (--rate)",
            "api.timeout = 1m (c.toml:3)",
            "api.outage = 5m (default)",
            "api.workers = 8 (default)",
            "api.token = (none) (default)",
            "state.path = night.db (PARTNER_SYNC_STATE)",
            "report.keep = 30 (default)",
            "job.a.file = \"*.csv\" (c.toml:6)",
        ] {
            assert!(all.iter().any(|l| l == line), "{line}: {all:#?}");
        }
    }

    #[test]
    fn a_practice_api_has_no_limit_and_no_token() {
        let shown = |rate: Option<&str>| {
            let typed = Typed {
                rate: rate.map(str::to_owned),
                ..Typed::default()
            };
            let given = Environment::of(&[(env::TOKEN, "HUSH")]);
            let resolved = resolve(typed.clone(), &given, ConfigFile::default()).unwrap();
            let all = effective(&typed, &given, &resolved, None, true);
            all.iter()
                .map(|s| format!("{} = {} ({})", s.name, s.value, s.origin))
                .collect::<Vec<_>>()
        };
        let has = |all: &[String], line: &str| assert!(all.iter().any(|l| l == line), "{all:#?}");
        let all = shown(None);
        has(&all, "api.url = the sandbox in this process (--sandbox)");
        has(&all, "api.rate = unlimited (--sandbox)");
        assert!(!all.iter().any(|l| l.starts_with("api.token")), "{all:#?}");
        has(&shown(Some("5/s")), "api.rate = 5/s (--rate)");
    }

    #[test]
    fn what_a_variable_holds_is_shown() {
        let text = "[metrics]\ntextfile = \"${D}/m.prom\"\n[[job]]\nname = \"a\"\nmapping = \"m\"\nfile = \"https://h/${D}.csv?sig=${HUSH}\"\narchive = \"$${D}/a\"\nafter = [\"sh\", \"${D}\"]\n";
        let environment = Environment::of(&[("D", "/srv"), ("HUSH", "HUSH")]);
        let all = lines(&Typed::default(), &environment, text).join("\n");
        for says in [
            "metrics.textfile = \"/srv/m.prom\" (c.toml:2)",
            "job.a.file = \"https://h//srv.csv",
            "job.a.archive = \"${D}/a\" (c.toml:7)",
            "job.a.after = (set; not shown) (c.toml:8)",
        ] {
            assert!(all.contains(says), "{says}: {all}");
        }
        assert!(!all.contains("=HUSH"), "{all}");
    }

    #[test]
    fn no_secret_is_shown() {
        let text = "[api]\nurl = \"https://me:HUSH@x/orgs?key=HUSH\"\ntoken_command = [\"curl\", \"HUSH\"]\n[notify]\nurl = \"https://hook/HUSH\"\n[ping]\nurl = \"https://h/HUSH\"\n[metrics]\npush = \"http://HUSH@h\"\n[[job]]\nname = \"a\"\nmapping = \"m\"\nfile = \"https://h/a.csv?sig=HUSH\"\nfetch = [\"x\", \"HUSH\"]\n";
        let typed = Typed {
            token_command: Some("curl HUSH".to_owned()),
            ..Typed::default()
        };
        let given = Environment::of(&[(env::TOKEN, "HUSH")]);
        for (typed, environment, says) in [
            (
                &Typed::default(),
                &given,
                "api.token = (set; not shown) (PARTNER_SYNC_TOKEN)",
            ),
            (
                &typed,
                &given,
                "api.token_command = (set; not shown) (--token-command)",
            ),
            (
                &Typed::default(),
                &Environment::default(),
                "api.token_command = (set; not shown) (c.toml:3)",
            ),
        ] {
            let all = lines(typed, environment, text).join("\n");
            assert!(all.contains(says), "{all}");
            assert!(!all.contains("HUSH"), "{all}");
            assert!(all.contains("api.url = https://x/orgs (c.toml:2)"), "{all}");
            assert!(
                all.contains("notify.url = (set; not shown) (c.toml:5)"),
                "{all}"
            );
        }
    }
}
