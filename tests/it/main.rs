//! The behaviours of partner-sync: the real binary against the real sandbox over TCP.
#![allow(
    clippy::unwrap_used,
    clippy::format_push_string,
    clippy::needless_pass_by_value,
    clippy::cast_possible_truncation,
    clippy::too_many_lines,
    clippy::cast_precision_loss,
    reason = "in a test a panic is the message, and short beats fast"
)]

mod hook;
mod leaks;
mod support;

/// Every page under axe-core, where that and a browser are there.
mod accessibility;
/// What is on the API already is not created again.
mod adoption;
/// Rows that are judged while they are surveyed.
mod ahead;
/// Who may import whom.
mod architecture;
/// Exports that are put away after a good night.
mod archive;
/// Every command there is, looked through for bank data.
mod bank_commands;
/// Bank data and tokens that the API quotes, and that other fields are made of.
mod bank_data;
/// Nothing is created blind.
mod blind;
/// Rows that wait for others, and why.
mod blocked;
/// Inputs that would take the machine.
mod bounds;
/// When everything fails, throttles or refuses: hold back, or stop.
mod breaker;
/// Exports in a bucket of S3, Google Cloud Storage or Azure.
mod buckets;
/// The first partners, read back before the others are sent.
mod canary;
/// Seeded runs of three machines that are killed and suspended, over a database that crashes and an API with faults.
#[cfg(unix)]
mod chaos;
/// What `--help` says, and what the generated references hold.
mod cli;
/// Variables, patterns, files of results, quiet and JSON: the command line as a whole.
mod command_line;
/// What clouds hand to programs on their machines.
mod credentials;
/// Each line of docs/data-protection.md.
#[cfg(unix)]
mod data_protection;
/// Passwords, rights and limits of a database, and a pooler before it.
mod database_access;
/// A database that crashes, stays away, or loses what it had confirmed.
mod database_crashes;
/// Tables that may not be written, a database that becomes read-only, a standby, and no connection left.
mod database_limits;
/// TLS to a database of a state.
mod database_tls;
/// The examples under `deploy/`.
mod deploy;
/// README and docs: commands are run, messages exist, links lead somewhere.
mod documented;
/// Rows in doubt and what a look-up proves.
mod doubts;
/// A mapping changed in its text: nothing else moves.
mod editing;
/// Under every fault: each key once.
mod exactly_once;
/// Exports that a command of the user's fetches.
#[cfg(unix)]
mod fetch;
/// Names, values and links of somebody who means harm.
mod hostile;
/// The page for the owner of the data, in a real browser.
mod html;
/// From an export to partners, and a rerun.
mod import;
/// No file imports one that imports it.
mod import_circles;
/// Firewalls, proxies and redirects between a run and its API.
mod in_between;
/// What `init` proposes.
mod init;
/// How often `init` is right, over samples and exports.
mod init_measured;
/// Overlapping runs, signals, deadlines.
mod interruption;
/// One job of the configuration: what its guards let through.
mod jobs;
/// What a run leaves, and what docs/data-protection.md says of it.
mod kept;
/// Killed at any moment, run again.
mod killed;
/// The workbook of problems, repaired in a spreadsheet.
mod libreoffice;
/// Disk full, damage, a source that changes.
mod local_faults;
/// A list too long to be walked without a reason.
mod long_list;
/// Lists that hide, rewrite or miscount what the API has.
mod lookups;
/// A machine that is lost and may still be alive.
mod lost_machine;
/// From any CRM's columns to a valid partner; the shipped mappings.
mod mapping;
/// Each rule of a mapping, by one cell.
mod mapping_rules;
/// `test`: rows of a mapping and what they become.
mod mapping_tests;
/// Date cells that Excel exchanged.
mod mixed_dates;
/// No order of events and crashes makes a duplicate.
mod model;
/// What ends a night, or keeps a job from sending.
mod night_stops;
/// Several nights, and thirty.
mod nights;
/// Rows that are no records, rows and sheets that are chosen, and keys that a spreadsheet has changed.
mod no_records;
/// Servers that answer honestly, and otherwise than the example of the documentation.
mod odd_answers;
/// An API that does not answer, and how long it is waited for.
mod outage;
/// Two runs and one state, however the second one comes to it.
mod overlaps;
/// What each kind of page says on top, and the pages of a job's runs.
mod pages;
/// Exports behind an http or https address.
mod pages_elsewhere;
/// `partners.csv`, and how many earlier reports are kept.
mod partner_rows;
/// The API's read side.
mod partners;
/// A dry run, sealed.
mod plan;
mod posts;
/// No bank data at rest, in a log or in a report.
mod privacy;
/// Several machines and one row: every interleaving of a model.
mod protocol;
/// The rate that the server sees.
mod rate;
/// Exports as they really are: packed, piped, in any encoding, with a footer.
mod readers;
/// What `reconcile` reports, and a file that is another export.
mod reconciled;
/// Parents before children.
mod references;
/// Rows that cannot be sent, and their way back.
mod rejects;
/// Why a night stopped stands once on a screen, and says what to do for its cause.
mod said_once;
/// The practice server itself.
mod sandbox;
/// An import by a front that is no terminal.
mod second_front;
/// Several machines that share an import.
#[cfg(unix)]
mod several;
/// Limits and canaries of an import that several machines share.
#[cfg(target_os = "linux")]
mod several_limits;
/// Parents and children over several machines.
#[cfg(target_os = "linux")]
mod several_parents;
/// One rate for all machines that share a state, as the server counts it.
mod shared_rate;
/// Likely the same partner under two keys: what is reported, and what in honest files is not.
mod similar;
/// A state file that is half made, older or not a state at all.
mod state_file;
/// The key beside the state: lost, found again, moved out of older states.
#[cfg(unix)]
mod state_key;
/// A state that lacks its log, and one that was killed at any moment.
mod state_log;
/// A state in Postgres: its commands, its lease, and a database that crashes.
mod state_postgres;
/// Questions on a terminal.
mod terminal;
/// Text files with spoilt bytes, odd quotes and short rows.
mod text_files;
/// Tokens as people give them, and commands that print them.
mod token;
/// Everybody is informed how a night ended; results that cannot be written.
mod told;
/// The way to the API: TLS, certificates, plain http.
mod transport;
/// A night on two hosts.
mod two_hosts;
/// Looking after the state: backup, export, forget, versions.
mod upkeep;
/// Words from a file beside the mapping.
mod value_files;
/// What each answer to a create proves.
mod verdicts;
/// Partners read back and compared.
mod verify;
/// Every wait ends with a signal.
#[cfg(target_os = "linux")]
mod waits;
/// A machine that is suspended at an exact point, and wakes before or after others have taken it over.
#[cfg(target_os = "linux")]
mod wakes;
/// Was it sent? The table of cases.
mod was_it_sent;
/// Watchdogs, gateways and commands that are told how a night ended.
#[cfg(unix)]
mod watched;
/// One import by several machines, as one: progress of all, and one report from the state.
#[cfg(unix)]
mod whole_import;
/// The words that users read: those that were replaced do not come back.
mod words;
/// The workbench: who may come in, what is saved, when it ends.
mod workbench;
/// The workbench in a browser: from an unknown export to a mapping that `check` takes.
mod workbench_browser;
/// The workbench: a table of words in a file beside the mapping.
mod workbench_lookup;
/// The workbench in a browser: tests of rows, words from a file and repairs, with script and without, by keys, for axe.
mod workbench_steps;
/// The workbench: tests made of rows, and which of them fail after a change.
mod workbench_tests;
/// Workbooks and the dates in them.
mod workbooks;
/// Wrong input: exit 2, one clear message, no panic.
mod wrong_input;
