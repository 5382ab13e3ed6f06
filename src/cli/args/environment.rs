//! Every option as an environment variable: `--token-file` is also `PARTNER_SYNC_TOKEN_FILE`.
//!
//! A variable is read as if its option stood at the end of what was typed. It is left out where that option was typed
//! itself, where the command has no such option, and where what was typed excludes it.

use std::collections::BTreeSet;
use std::ffi::OsString;

use clap::builder::{BoolishValueParser, TypedValueParser as _};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::unreadable::Unreadable;
use crate::config::{Environment, variable};

/// What was typed and what the environment adds to it.
pub(crate) struct Parsed {
    pub(crate) matches: ArgMatches,
    /// The variables that were used.
    pub(crate) variables: Vec<String>,
}

/// The variables of all options.
#[must_use]
pub(crate) fn variables(command: &Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter_map(name_of);
    let mut names: BTreeSet<String> = own.collect();
    for sub in command.get_subcommands() {
        names.extend(variables(sub));
    }
    names
}

/// The variable of an option; none for arguments without a long name, and for those that only show something.
pub(super) fn name_of(arg: &Arg) -> Option<String> {
    let shows = matches!(
        arg.get_action(),
        ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
    );
    // A variable is one text, and a command is a list of words.
    let is_list = arg.get_num_args().is_some_and(|n| n.max_values() > 1);
    arg.get_long().filter(|_| !shows && !is_list).map(variable)
}

/// An option that the environment gives a value.
struct Offered {
    variable: String,
    words: Vec<OsString>,
}

/// Reads what was typed, the program's name first, and what the environment adds.
pub(crate) fn parse(
    command: &Command,
    typed: &[OsString],
    environment: &Environment,
) -> Result<Parsed, Unreadable> {
    let read = |words: &[OsString]| command.clone().try_get_matches_from(words);
    let plain = read(typed);
    if let Err(error) = &plain
        && !matches!(
            error.kind(),
            ErrorKind::MissingRequiredArgument | ErrorKind::MissingSubcommand
        )
    {
        return finish(plain, Vec::new());
    }
    // Where something is missing that the environment may give, what is there has to be known all the same.
    let lenient = match &plain {
        Ok(matches) => Some(matches.clone()),
        Err(_) => command
            .clone()
            .ignore_errors(true)
            .try_get_matches_from(typed)
            .ok(),
    };
    let Some(lenient) = lenient else {
        return finish(plain, Vec::new());
    };
    let mut open = offered(command, &lenient, environment).map_err(|error| Unreadable {
        error,
        variables: Vec::new(),
    })?;
    let (mut words, mut used, mut read_so_far) = (typed.to_vec(), Vec::new(), plain);
    loop {
        let count = open.len();
        let mut left = Vec::new();
        for offer in open {
            let longer = joined(&words, &offer.words);
            match read(&longer) {
                Ok(fits) => {
                    (words, read_so_far) = (longer, Ok(fits));
                    used.push(offer.variable);
                }
                Err(error) if excludes(&error) => left.push(offer),
                Err(error) => return finish(Err(error), vec![offer.variable]),
            }
        }
        open = left;
        if open.len() == count || open.is_empty() {
            break;
        }
    }
    // One that goes with what was typed, but not with the other variables, is not left out silently.
    if read_so_far.is_ok() {
        for offer in open {
            if read(&joined(typed, &offer.words)).is_ok() {
                let both = read(&joined(&words, &offer.words));
                used.push(offer.variable);
                return finish(both, used);
            }
        }
    }
    finish(read_so_far, used)
}

fn finish(
    read: Result<ArgMatches, clap::Error>,
    variables: Vec<String>,
) -> Result<Parsed, Unreadable> {
    match read {
        Ok(matches) => Ok(Parsed { matches, variables }),
        Err(error) => Err(Unreadable { error, variables }),
    }
}

/// Whether an option cannot stand where it stands, rather than having a value that does not fit.
fn excludes(error: &clap::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ArgumentConflict
            | ErrorKind::MissingRequiredArgument
            | ErrorKind::MissingSubcommand
    )
}

/// What was typed, and more options behind it, before what takes all that follows.
fn joined(typed: &[OsString], more: &[OsString]) -> Vec<OsString> {
    let takes_all = |word: &OsString| word == "--" || word == "--fetch";
    let end = typed.iter().position(takes_all);
    let (front, back) = typed.split_at(end.unwrap_or(typed.len()));
    [front, more, back].concat()
}

/// The options of the chosen command that were not typed and that the environment has.
fn offered(
    command: &Command,
    matches: &ArgMatches,
    environment: &Environment,
) -> Result<Vec<Offered>, clap::Error> {
    let mut built = command.clone();
    built.build();
    let (mut chosen, mut matches) = (&built, matches);
    while let Some((name, more)) = matches.subcommand() {
        let Some(sub) = chosen.find_subcommand(name) else {
            break;
        };
        (chosen, matches) = (sub, more);
    }
    let mut offers = Vec::new();
    for arg in chosen.get_arguments() {
        let is_typed =
            matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
        let Some(variable) = name_of(arg).filter(|_| !is_typed) else {
            continue;
        };
        if let Some(value) = environment.get(&variable) {
            let words = words_of(arg, &variable, value, chosen)?;
            offers.extend((!words.is_empty()).then_some(Offered { variable, words }));
        }
    }
    Ok(offers)
}

/// An option with a value as it would be typed; nothing for one that is switched off.
fn words_of(
    arg: &Arg,
    variable: &str,
    value: &str,
    command: &Command,
) -> Result<Vec<OsString>, clap::Error> {
    let option = format!("--{}", arg.get_long().unwrap_or_default());
    let wrong = |expected: &str| {
        let text = format!("{variable} = \"{value}\": write {expected}\n");
        clap::Error::raw(ErrorKind::InvalidValue, text).with_cmd(command)
    };
    match arg.get_action() {
        ArgAction::SetTrue => {
            let is_on = BoolishValueParser::new()
                .parse_ref(command, None, value.as_ref())
                .map_err(|_| wrong("true or false"))?;
            Ok(if is_on {
                vec![option.into()]
            } else {
                Vec::new()
            })
        }
        ArgAction::Count => {
            let times: u8 = value.parse().map_err(|_| wrong("a number"))?;
            Ok(vec![option.into(); usize::from(times)])
        }
        _ => Ok(vec![format!("{option}={value}").into()]),
    }
}
