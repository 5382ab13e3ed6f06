//! Rust source → words and signs with their lines; comments and the contents of literals are left out.

/// A word or a sign of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// The word, `::`, or one character; a text literal begins with its quote.
    pub(super) text: String,
    /// Its line, from 1.
    pub(super) line: usize,
}

struct Lexer<'s> {
    rest: &'s str,
    line: usize,
    tokens: Vec<Token>,
}

/// All tokens of a file.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        rest: source,
        line: 1,
        tokens: Vec::new(),
    };
    while !lexer.rest.is_empty() {
        lexer.step();
    }
    lexer.tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl<'s> Lexer<'s> {
    /// Takes `length` bytes.
    fn take(&mut self, length: usize) -> &'s str {
        let (taken, rest) = self.rest.split_at(length);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    fn push(&mut self, text: impl Into<String>) {
        let line = self.line;
        let text = text.into();
        self.tokens.push(Token { text, line });
    }

    fn step(&mut self) {
        let rest = self.rest;
        let first = rest.chars().next().unwrap();
        if first.is_whitespace() {
            self.take(first.len_utf8());
        } else if rest.starts_with("//") {
            self.take(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            self.block_comment();
        } else if let Some(hashes) = raw_string(rest) {
            self.raw_string(hashes);
        } else if first == '"' || rest.starts_with("b\"") || rest.starts_with("c\"") {
            self.string();
        } else if first == '\'' {
            self.quote();
        } else if is_word(first) {
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            if !first.is_ascii_digit() {
                self.push(&rest[..length]);
            }
            self.take(length);
        } else if rest.starts_with("::") {
            self.push("::");
            self.take(2);
        } else {
            self.push(first);
            self.take(first.len_utf8());
        }
    }

    /// Comments nest.
    fn block_comment(&mut self) {
        let mut depth = 0;
        loop {
            if self.rest.starts_with("/*") {
                depth += 1;
                self.take(2);
            } else if self.rest.starts_with("*/") {
                depth -= 1;
                self.take(2);
            } else if let Some(c) = self.rest.chars().next() {
                self.take(c.len_utf8());
            } else {
                return;
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn raw_string(&mut self, hashes: usize) {
        let quote = self.rest.find('"').unwrap();
        let end = format!("\"{}", "#".repeat(hashes));
        let body = &self.rest[quote + 1..];
        let length = body.find(&end).unwrap_or(body.len());
        self.push(format!("\"{}", &body[..length]));
        self.take((quote + 1 + length + end.len()).min(self.rest.len()));
    }

    fn string(&mut self) {
        let quote = self.rest.find('"').unwrap();
        let end = end_of_literal(&self.rest[quote + 1..], '"');
        self.push(format!("\"{}", &self.rest[quote + 1..quote + 1 + end]));
        self.take((quote + end + 2).min(self.rest.len()));
    }

    /// A character is left out with its quotes, of a lifetime only the quote and its word.
    fn quote(&mut self) {
        let body = &self.rest[1..];
        let word = body.find(|c| !is_word(c)).unwrap_or(body.len());
        let is_lifetime = word > 0 && !body[word..].starts_with('\'');
        if is_lifetime {
            self.take(1 + word);
        } else {
            let end = end_of_literal(body, '\'');
            self.take((end + 2).min(self.rest.len()));
        }
    }
}

/// Where the closing quote stands.
fn end_of_literal(body: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at,
            _ => {}
        }
    }
    body.len()
}

/// How many hashes a raw string here has.
fn raw_string(rest: &str) -> Option<usize> {
    let body = ["r", "br", "cr"]
        .iter()
        .find_map(|p| rest.strip_prefix(p))?;
    let hashes = body.find(|c| c != '#')?;
    body[hashes..].starts_with('"').then_some(hashes)
}
