//! What README and docs say is so: each command that is printed there is run, or read by the program's own parser; each
//! message that is quoted is one of its messages.
//!
//! In every page, a block that begins with ```` ```sh ```` is run, command by command, in the page's own folder with `samples/` and
//! `mappings/` in it; a comment behind a command, `# exit 1`, says how it ends. A block ```` ```sh no-run ```` is not, since it needs
//! a machine, a token or much time; the command lines of partner-sync in it, and those in the text, are only parsed.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Workdir, binary, repository};

/// A page, and what it is called.
struct Page {
    name: String,
    text: String,
}

/// A block of a page: its mark and its lines.
struct Block<'p> {
    mark: &'p str,
    line: usize,
    text: String,
}

fn pages() -> Vec<Page> {
    let mut paths: Vec<PathBuf> = ["README.md", "CONTRIBUTING.md", "SECURITY.md"]
        .map(repository)
        .to_vec();
    let docs = std::fs::read_dir(repository("docs")).unwrap();
    let docs = docs.map(|entry| entry.unwrap().path());
    paths.extend(docs.filter(|path| path.extension().is_some_and(|e| e == "md")));
    paths.sort();
    let page = |path: PathBuf| Page {
        name: path.file_name().unwrap().to_str().unwrap().to_owned(),
        text: std::fs::read_to_string(&path).unwrap(),
    };
    paths.into_iter().map(page).collect()
}

fn blocks(page: &Page) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut open: Option<Block<'_>> = None;
    for (number, line) in page.text.lines().enumerate() {
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some(block), _) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, Some(mark)) => {
                open = Some(Block {
                    mark,
                    line: number + 1,
                    text: String::new(),
                });
            }
            (None, None) => {}
        }
    }
    blocks
}

/// Command lines of a shell: joined where they go on, and with the lines that are their input.
fn commands(text: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let mut open = String::new();
    let mut input_ends = None;
    for line in text.lines() {
        if let Some(end) = &input_ends {
            open = open + "\n" + line;
            if line != end {
                continue;
            }
            input_ends = None;
        } else if line.trim().is_empty() || line.starts_with('#') {
            continue;
        } else {
            open.push_str(line);
            if open.ends_with('\\') {
                open.pop();
                continue;
            }
            input_ends = line
                .split_once("<<'")
                .map(|(_, end)| end[..end.len() - 1].to_owned());
            if input_ends.is_some() {
                continue;
            }
        }
        commands.push(std::mem::take(&mut open));
    }
    assert!(open.is_empty(), "not ended: {open}");
    commands
}

fn copy_folder(name: &str, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(repository(name)).unwrap().flatten() {
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// The exit that a command's comment names, 0 without one.
fn expected(command: &str) -> i32 {
    let named = command.lines().next().unwrap_or("").rsplit_once("# exit ");
    named.map_or(0, |(_, code)| {
        let digits: String = code.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap()
    })
}

#[test]
fn every_block_of_commands_can_be_run_as_it_is_printed() {
    let mut ran = 0;
    for page in pages() {
        let dir = Workdir::new();
        for folder in ["samples", "mappings"] {
            copy_folder(folder, &dir.path(folder));
        }
        let bin = Path::new(binary()).parent().unwrap().to_str().unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = format!("{bin}:{}", path.to_str().unwrap());
        for block in blocks(&page).iter().filter(|b| b.mark == "sh") {
            for command in commands(&block.text) {
                let run = Command::new("sh")
                    .args(["-c", &command])
                    .current_dir(dir.path(""))
                    .env_clear()
                    .env("PATH", &path)
                    .stdin(std::process::Stdio::null())
                    .output()
                    .unwrap();
                let place = format!("{}:{}", page.name, block.line);
                assert_eq!(
                    run.status.code(),
                    Some(expected(&command)),
                    "{place}: {command}\n{}\n{}",
                    String::from_utf8_lossy(&run.stdout),
                    String::from_utf8_lossy(&run.stderr),
                );
                ran += 1;
            }
        }
    }
    assert!(ran >= 15, "{ran} commands were run");
}

/// Command lines of partner-sync within a text of a shell.
fn of_partner_sync(text: &str) -> Vec<String> {
    let text = text.replace("cargo run --release -- ", "partner-sync ");
    let text = text.replace("$(date +%F)", "2026-11-26");
    // How help writes a usage is no command; a long example goes on in the next line, indented as it is.
    let mut text = text.replace("Usage: partner-sync", "");
    while let Some(folded) = folded_example(&text) {
        text.replace_range(folded..=folded, " ");
    }
    let parts = text.split(['\n', '|', ';']).flat_map(|l| l.split("&&"));
    let parts = parts.map(|part| part.split(" #").next().unwrap_or(""));
    parts.filter_map(arguments).map(str::to_owned).collect()
}

/// Where an example of help is folded.
fn folded_example(text: &str) -> Option<usize> {
    const EXAMPLE: &str = "  partner-sync ";
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        let next = text[at..].lines().next().unwrap_or("");
        if line.starts_with(EXAMPLE) && next.starts_with("  ") && !next.starts_with(EXAMPLE) {
            return Some(at - 1);
        }
    }
    None
}

/// What stands behind the program's name, where it is called: `sudo -u partner-sync partner-sync sync` calls it once.
fn arguments(command: &str) -> Option<&str> {
    let named = command.match_indices("partner-sync ").find(|(at, name)| {
        let before = command[..*at].trim_end_matches("/usr/local/bin/");
        let is_called =
            before.is_empty() || before.ends_with([' ', '(']) || before.ends_with("ExecStart=");
        let behind = &command[at + name.len()..];
        let first = behind.split(' ').next().unwrap_or("");
        is_called && !first.is_empty() && first.bytes().all(|b| b.is_ascii_lowercase())
    })?;
    Some(command[named.0 + named.1.len()..].trim())
}

/// The arguments of a command line, without what the shell takes for itself.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (word, behind) = match quote {
            Some(quote) => rest[1..].split_once(quote).unwrap_or((&rest[1..], "")),
            None => rest.split_once(' ').unwrap_or((rest, "")),
        };
        if word.starts_with(['>', '<', '(']) || word.starts_with("2>") {
            break;
        }
        words.push(word.replace('…', ""));
        rest = behind.trim_start();
    }
    words
}

/// Whether the program's own parser takes these arguments.
fn is_parsed(arguments: &str) -> bool {
    let mut words = words(arguments);
    // All that follows it belongs to the command that fetches.
    let end = words.iter().position(|word| word == "--fetch");
    words.insert(end.unwrap_or(words.len()), "--help".to_owned());
    let run = Command::new(binary())
        .args(words)
        .env_clear()
        .output()
        .unwrap();
    run.status.success()
}

#[test]
fn every_command_line_of_the_pages_is_understood() {
    let mut wrong = Vec::new();
    let mut parsed = 0;
    let mut all = pages();
    for name in ["deploy/crontab", "deploy/systemd/partner-sync.service"] {
        all.push(Page {
            name: name.to_owned(),
            text: format!(
                "```sh no-run\n{}\n```\n",
                std::fs::read_to_string(repository(name)).unwrap()
            ),
        });
    }
    for page in all {
        let blocks = blocks(&page);
        let mut lines: Vec<String> = Vec::new();
        for block in blocks
            .iter()
            .filter(|b| b.mark.starts_with("sh") || b.mark == "text")
        {
            lines.extend(of_partner_sync(&block.text));
        }
        // In the text, and in tables: `partner-sync check …`.
        for span in page.text.split('`').skip(1).step_by(2) {
            if let Some(arguments) = span.strip_prefix("partner-sync ") {
                let piped = arguments.split(" | ").next().unwrap_or(arguments);
                lines.push(piped.replace('\n', " "));
            }
        }
        for line in lines {
            parsed += 1;
            if !is_parsed(&line) {
                wrong.push(format!("{}: partner-sync {line}", page.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(parsed > 60, "{parsed} command lines");
}

/// Everything that the program can say, out of its source: texts of it, with what is filled in left open.
fn source_texts() -> String {
    fn gather(folder: &Path, into: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                gather(&path, into);
            } else if path.extension().is_some_and(|e| e == "rs") {
                into.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut all = String::new();
    gather(&repository("src"), &mut all);
    // Texts that go on in the next line, and quotes within them.
    let all = all.replace("\\\n", " ").replace("\\\"", "\"");
    all.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// In docs/troubleshooting.md a heading is a message, with `…` for what differs from case to case.
#[test]
fn every_quoted_message_is_one_of_the_program() {
    let page = std::fs::read_to_string(repository("docs/troubleshooting.md")).unwrap();
    let said = source_texts();
    let mut quoted = 0;
    for heading in page.lines().filter_map(|line| line.strip_prefix("### ")) {
        quoted += 1;
        for part in heading.trim_matches('`').split('…') {
            let part = part.trim_matches(|c: char| c == ' ' || c == '"');
            assert!(said.contains(part), "no message has \"{part}\": {heading}");
        }
    }
    assert!(quoted >= 20, "{quoted} messages");
    // Codes of problems, by the family before the dot: `date.invalid`.
    let codes = std::fs::read_to_string(repository("docs/diagnostics.md")).unwrap();
    let mut named = 0;
    for code in page.split(['`', '[', ']']) {
        let family = code.split_once('.').map_or("", |(family, _)| family);
        let is_code = !family.is_empty() && codes.contains(&format!("| `{family}."));
        if is_code && !code.contains(' ') {
            named += 1;
            assert!(
                codes.contains(&format!("| `{code}` |")),
                "there is no code {code}"
            );
        }
    }
    assert!(named >= 2, "{named} codes");
}

/// A page that exists is linked from the README, and every link between the pages leads somewhere.
#[test]
fn every_page_can_be_reached_and_every_link_leads_somewhere() {
    let readme = std::fs::read_to_string(repository("README.md")).unwrap();
    let mut wrong = Vec::new();
    for page in pages() {
        let is_doc = repository("docs").join(&page.name).exists();
        if is_doc && !readme.contains(&format!("docs/{}", page.name)) {
            wrong.push(format!("README.md does not name docs/{}", page.name));
        }
        let folder = repository(if is_doc { "docs" } else { "" });
        for link in page.text.split("](").skip(1) {
            let link = link.split(')').next().unwrap_or("");
            let file = link.split('#').next().unwrap_or("");
            if !file.is_empty() && !file.contains("://") && !folder.join(file).exists() {
                wrong.push(format!("{}: {link}", page.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
