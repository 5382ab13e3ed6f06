//! Tokens of a file → its modules: what each declares, defines, imports and names. What is compiled for tests only is left out.

use std::collections::BTreeSet;

use super::lexer::{Token, tokens};

/// A name brought into a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Import {
    /// The path as written; the last segment of a glob is left out.
    pub(super) path: Vec<String>,
    /// The name it has here; none for a glob.
    pub(super) name: Option<String>,
    /// Whether it is handed on (`pub use`).
    pub(super) is_public: bool,
    /// Where, from 1.
    pub(super) line: usize,
}

/// A module, or a part of a file in braces.
#[derive(Debug, Default)]
pub(super) struct ParsedModule {
    /// Names of `mod child;`.
    pub(super) children: Vec<String>,
    /// `mod child { … }`.
    pub(super) inline: Vec<(String, ParsedModule)>,
    /// Files that only tests see: `mod` with `#[cfg(test)]`, and the name given by `#[path]`.
    pub(super) test_only: Vec<(String, Option<String>)>,
    /// `use`.
    pub(super) imports: Vec<Import>,
    /// Names of functions, types, constants.
    pub(super) items: BTreeSet<String>,
    /// Paths of two segments or more outside `use`, with their lines.
    pub(super) paths: Vec<(Vec<String>, usize)>,
    /// All words outside `use`.
    pub(super) words: BTreeSet<String>,
}

/// Reads a file.
pub(super) fn parse(source: &str) -> ParsedModule {
    let tokens = tokens(source);
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
    };
    let mut module = ParsedModule::default();
    parser.module(&mut module);
    module
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
}

/// What the attributes before an item say.
#[derive(Default)]
struct Attributes {
    for_tests: bool,
    path: Option<String>,
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

impl<'t> Parser<'t> {
    fn peek(&self, ahead: usize) -> &'t str {
        self.tokens
            .get(self.at + ahead)
            .map_or("", |t| t.text.as_str())
    }

    /// Reads up to the brace that closes the module.
    fn module(&mut self, module: &mut ParsedModule) {
        let mut depth = 0;
        let mut attributes = Attributes::default();
        let mut is_public = false;
        while self.at < self.tokens.len() {
            match self.peek(0) {
                "#" => {
                    self.attribute(&mut attributes);
                    continue;
                }
                "pub" => {
                    is_public = true;
                    self.at += 1;
                    if self.peek(0) == "(" && matches!(self.peek(1), "crate" | "super" | "in") {
                        self.group();
                    }
                    continue;
                }
                _ if attributes.for_tests => self.skip_item(module, attributes.path.take()),
                "use" if self.peek(1) != "<" => self.import(module, is_public),
                "mod" if self.peek(2) == ";" => {
                    module.children.push(self.peek(1).to_owned());
                    self.at += 3;
                }
                "mod" if self.peek(2) == "{" => {
                    let name = self.peek(1).to_owned();
                    self.at += 3;
                    let mut inner = ParsedModule::default();
                    self.module(&mut inner);
                    module.inline.push((name, inner));
                }
                "{" => {
                    depth += 1;
                    self.at += 1;
                }
                "}" if depth == 0 => {
                    self.at += 1;
                    return;
                }
                "}" => {
                    depth -= 1;
                    self.at += 1;
                }
                word if is_word(word) => self.word(module),
                _ => self.at += 1,
            }
            attributes = Attributes::default();
            is_public = false;
        }
    }

    /// Steps over `( … )`, `[ … ]` or `{ … }`.
    fn group(&mut self) -> &'t [Token] {
        let from = self.at;
        let mut depth = 0;
        while self.at < self.tokens.len() {
            match self.peek(0) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                break;
            }
        }
        &self.tokens[from..self.at]
    }

    fn attribute(&mut self, attributes: &mut Attributes) {
        self.at += 1;
        if self.peek(0) == "!" {
            self.at += 1;
        }
        if self.peek(0) != "[" {
            return;
        }
        let words: Vec<&str> = self.group().iter().map(|t| t.text.as_str()).collect();
        match words.get(1) {
            Some(&"cfg") if words.contains(&"test") && !words.contains(&"not") => {
                attributes.for_tests = true;
            }
            Some(&"path") => {
                attributes.path = words
                    .get(3)
                    .map(|text| text.trim_start_matches('"').to_owned());
            }
            _ => {}
        }
    }

    /// Steps over an item that only tests see: up to its semicolon or behind its braces.
    fn skip_item(&mut self, module: &mut ParsedModule, path: Option<String>) {
        if self.peek(0) == "mod" && self.peek(2) == ";" {
            module.test_only.push((self.peek(1).to_owned(), path));
        }
        while self.at < self.tokens.len() {
            match self.peek(0) {
                ";" => {
                    self.at += 1;
                    return;
                }
                "{" => {
                    self.group();
                    return;
                }
                "(" | "[" => {
                    self.group();
                }
                _ => self.at += 1,
            }
        }
    }

    fn import(&mut self, module: &mut ParsedModule, is_public: bool) {
        self.at += 1;
        self.tree(&mut Vec::new(), module, is_public);
    }

    /// One branch of a `use`: segments, then a name, a glob, or braces with more branches.
    fn tree(&mut self, before: &mut Vec<String>, module: &mut ParsedModule, is_public: bool) {
        let length = before.len();
        loop {
            let line = self.tokens.get(self.at).map_or(0, |t| t.line);
            match self.peek(0) {
                "::" => self.at += 1,
                "{" => {
                    self.at += 1;
                    while !matches!(self.peek(0), "}" | "") {
                        self.tree(before, module, is_public);
                        if self.peek(0) == "," {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    break;
                }
                "*" => {
                    self.at += 1;
                    module.imports.push(Import {
                        path: before.clone(),
                        name: None,
                        is_public,
                        line,
                    });
                    break;
                }
                word if is_word(word) => {
                    self.at += 1;
                    // `use a::{self}` is `use a`.
                    if word != "self" || before.is_empty() {
                        before.push(word.to_owned());
                    }
                    if self.peek(0) == "::" {
                        continue;
                    }
                    let mut name = before.last().cloned();
                    if self.peek(0) == "as" {
                        name = Some(self.peek(1).to_owned());
                        self.at += 2;
                    }
                    module.imports.push(Import {
                        path: before.clone(),
                        name,
                        is_public,
                        line,
                    });
                    break;
                }
                _ => break,
            }
        }
        before.truncate(length);
    }

    /// A word outside `use`: a definition, a path, or a name.
    fn word(&mut self, module: &mut ParsedModule) {
        let word = self.peek(0);
        let (next, line) = (self.peek(1), self.tokens[self.at].line);
        let defines = [
            "fn", "struct", "enum", "trait", "type", "const", "static", "union",
        ];
        if defines.contains(&word) && is_word(next) && !defines.contains(&next) {
            module.items.insert(next.to_owned());
            self.at += 2;
            return;
        }
        if word == "macro_rules" && next == "!" {
            module.items.insert(self.peek(2).to_owned());
            self.at += 3;
            return;
        }
        let before = self.at.checked_sub(1).map(|b| &*self.tokens[b].text);
        let mut path = vec![word.to_owned()];
        self.at += 1;
        while self.peek(0) == "::" && is_word(self.peek(1)) {
            path.push(self.peek(1).to_owned());
            self.at += 2;
        }
        // A field or method is looked up by its type; a path that begins with `::` leads to another crate.
        if matches!(before, Some("." | "::")) {
            return;
        }
        module.words.insert(word.to_owned());
        if path.len() > 1 {
            module.paths.push((path, line));
        }
    }
}
