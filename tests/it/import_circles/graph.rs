//! Modules → which file uses which, and the circles among them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Component, Path, PathBuf};

use super::parser::{Import, ParsedModule, parse};

/// A whole crate: path of each file within the source folder, and its text.
pub(super) type Tree = BTreeMap<String, String>;

/// One file names something that another defines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Use {
    /// Who names it.
    pub(super) from: String,
    /// Where, from 1.
    pub(super) line: usize,
    /// What is named, as written.
    pub(super) what: String,
    /// Who defines it.
    pub(super) to: String,
}

/// Files each of which leads to each other one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Circle {
    /// Sorted.
    pub(super) files: Vec<String>,
    /// The uses between them.
    pub(super) uses: Vec<Use>,
}

impl std::fmt::Display for Circle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.files.join(", "))?;
        for Use {
            from,
            line,
            what,
            to,
        } in &self.uses
        {
            writeln!(f, "    {from}:{line} names {what}, which is in {to}")?;
        }
        Ok(())
    }
}

struct Module {
    file: String,
    parent: usize,
    children: BTreeMap<String, usize>,
    parsed: ParsedModule,
}

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Module(usize),
    /// Something that this file defines.
    Item(String),
}

/// How many names in a row may be handed on: more is a re-export that leads back to itself.
const MOST_STEPS: usize = 32;

/// The modules of a crate; the first is the root.
#[derive(Default)]
struct Crate {
    modules: Vec<Module>,
    seen: BTreeSet<String>,
}

impl Crate {
    fn of(tree: &Tree) -> Self {
        let mut all = Self::default();
        for root in ["lib.rs", "main.rs"] {
            if tree.contains_key(root) {
                all.add_file(tree, root.to_owned(), 0);
            }
        }
        all
    }

    fn add_file(&mut self, tree: &Tree, file: String, parent: usize) -> usize {
        let parsed = parse(&tree[&file]);
        self.seen.insert(file.clone());
        self.add(tree, file, parent, parsed)
    }

    fn add(&mut self, tree: &Tree, file: String, parent: usize, mut parsed: ParsedModule) -> usize {
        let folder = folder_of_children(&file);
        self.leave_out_tests(tree, &file, &parsed);
        let (names, inline) = (
            std::mem::take(&mut parsed.children),
            std::mem::take(&mut parsed.inline),
        );
        let at = self.modules.len();
        self.modules.push(Module {
            file: file.clone(),
            parent,
            children: BTreeMap::new(),
            parsed,
        });
        for name in names {
            let inner = candidates(&folder, &name)
                .into_iter()
                .find(|f| tree.contains_key(f))
                .unwrap_or_else(|| panic!("{file}: no file for mod {name}"));
            let inner = self.add_file(tree, inner, at);
            self.modules[at].children.insert(name, inner);
        }
        for (name, inner) in inline {
            let inner = self.add(tree, file.clone(), at, inner);
            self.modules[at].children.insert(name, inner);
        }
        at
    }

    /// Files that only tests see, with all that these declare, are known and not looked into.
    fn leave_out_tests(&mut self, tree: &Tree, file: &str, parsed: &ParsedModule) {
        let folder = folder_of_children(file);
        let mut left_out: Vec<String> = Vec::new();
        for (name, path) in &parsed.test_only {
            left_out.extend(match path {
                Some(path) => vec![joined(Path::new(file).parent().unwrap(), path)],
                None => candidates(&folder, name),
            });
        }
        while let Some(file) = left_out.pop() {
            let Some(text) = tree.get(&file) else {
                continue;
            };
            let parsed = parse(text);
            let folder = folder_of_children(&file);
            for name in &parsed.children {
                left_out.extend(candidates(&folder, name));
            }
            self.seen.insert(file);
        }
    }

    /// What `path`, written in module `at`, leads to; none for another crate.
    fn resolve(&self, at: usize, path: &[String], steps: usize) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        let mut target = match first.as_str() {
            "crate" | "partner_sync" => Target::Module(0),
            "self" => Target::Module(at),
            "super" => Target::Module(self.modules[at].parent),
            name => self.lookup(at, name, steps)?,
        };
        for segment in rest {
            let Target::Module(at) = target else {
                break;
            };
            let module = &self.modules[at];
            target = match segment.as_str() {
                "self" => target,
                "super" => Target::Module(module.parent),
                // What a macro defines is not seen.
                name => self
                    .lookup(at, name, steps)
                    .unwrap_or_else(|| Target::Item(module.file.clone())),
            };
        }
        Some(target)
    }

    /// What a name means in a module.
    fn lookup(&self, at: usize, name: &str, steps: usize) -> Option<Target> {
        if steps >= MOST_STEPS {
            return None;
        }
        let module = &self.modules[at];
        if let Some(child) = module.children.get(name) {
            return Some(Target::Module(*child));
        }
        let imports = &module.parsed.imports;
        let named = imports.iter().find(|i| i.name.as_deref() == Some(name));
        if let Some(import) = named {
            return self.resolve(at, &import.path, steps + 1);
        }
        if module.parsed.items.contains(name) {
            return Some(Target::Item(module.file.clone()));
        }
        let globs = imports.iter().filter(|i| i.name.is_none());
        globs
            .filter_map(|glob| self.resolve(at, &glob.path, steps + 1))
            .find_map(|target| match target {
                Target::Module(inner) if inner != at => self.lookup(inner, name, steps + 1),
                _ => None,
            })
    }

    /// Whether an import only hands on what a child defines: then the parent does not need the child, it names it.
    fn only_hands_on(&self, at: usize, import: &Import) -> bool {
        let module = &self.modules[at];
        let path = match import.path.split_first() {
            Some((first, rest)) if first == "self" => rest,
            _ => &import.path[..],
        };
        let of_child = path
            .first()
            .is_some_and(|p| module.children.contains_key(p));
        let is_used = import
            .name
            .as_ref()
            .is_none_or(|name| module.parsed.words.contains(name));
        import.is_public && of_child && !is_used
    }

    fn uses(&self) -> BTreeSet<Use> {
        let mut uses = BTreeSet::new();
        for (at, module) in self.modules.iter().enumerate() {
            let parsed = &module.parsed;
            // `Kind::Check` after `use model::Kind` would say the same thing again.
            let begins_with_module = |path: &Vec<String>| {
                !matches!(self.resolve(at, &path[..1], 0), Some(Target::Item(_)))
            };
            let paths = parsed.paths.iter();
            let mut named: Vec<(Vec<String>, usize)> = paths
                .filter(|(path, _)| begins_with_module(path))
                .cloned()
                .collect();
            for import in &parsed.imports {
                match &import.name {
                    Some(_) if self.only_hands_on(at, import) => {}
                    Some(_) => named.push((import.path.clone(), import.line)),
                    // Of all names that a glob brings, those that are written here.
                    None => named.extend(parsed.words.iter().map(|word| {
                        let path = import.path.iter().chain([word]).cloned().collect();
                        (path, import.line)
                    })),
                }
            }
            for (path, line) in named {
                // A module that is imported is no use yet: what is named in it is.
                if let Some(Target::Item(to)) = self.resolve(at, &path, 0)
                    && to != module.file
                {
                    uses.insert(Use {
                        from: module.file.clone(),
                        line,
                        what: path.join("::"),
                        to,
                    });
                }
            }
        }
        uses
    }
}

/// Where the files of a file's children lie.
fn folder_of_children(file: &str) -> PathBuf {
    let path = Path::new(file);
    let folder = path.parent().unwrap();
    match path.file_stem().and_then(|s| s.to_str()) {
        Some("lib" | "main" | "mod") | None => folder.to_owned(),
        Some(stem) => folder.join(stem),
    }
}

fn joined(folder: &Path, path: &str) -> String {
    let mut parts = Vec::new();
    for part in folder.join(path).components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            Component::Normal(part) => parts.push(part.to_str().unwrap().to_owned()),
            _ => {}
        }
    }
    parts.join("/")
}

fn candidates(folder: &Path, name: &str) -> Vec<String> {
    vec![
        joined(folder, &format!("{name}.rs")),
        joined(folder, &format!("{name}/mod.rs")),
    ]
}

/// Files that no `mod` of the crate leads to: nothing is known of their imports.
pub(super) fn unreached(tree: &Tree) -> Vec<String> {
    let all = Crate::of(tree);
    let files = tree.keys().filter(|file| !all.seen.contains(*file));
    files.cloned().collect()
}

/// The circles of a crate.
pub(super) fn circles(tree: &Tree) -> Vec<Circle> {
    let uses = Crate::of(tree).uses();
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for u in &uses {
        next.entry(&u.from).or_default().insert(&u.to);
    }
    let reached: BTreeMap<&str, BTreeSet<&str>> = next
        .keys()
        .map(|from| (*from, reached_from(from, &next)))
        .collect();
    let leads = |from: &str, to: &str| reached.get(from).is_some_and(|r| r.contains(to));
    let mut circles: Vec<Circle> = Vec::new();
    for &file in reached.keys().filter(|file| leads(file, file)) {
        if circles.iter().any(|c| c.files.iter().any(|f| f == file)) {
            continue;
        }
        let files: Vec<String> = reached
            .keys()
            .filter(|other| leads(file, other) && leads(other, file))
            .map(|f| (*f).to_owned())
            .collect();
        let inside = |u: &&Use| files.contains(&u.from) && files.contains(&u.to);
        let uses = uses.iter().filter(inside).cloned().collect();
        circles.push(Circle { files, uses });
    }
    circles
}

fn reached_from<'f>(from: &str, next: &BTreeMap<&'f str, BTreeSet<&'f str>>) -> BTreeSet<&'f str> {
    let mut reached = BTreeSet::new();
    let mut queue: VecDeque<&str> = VecDeque::from([from]);
    while let Some(file) = queue.pop_front() {
        for to in next.get(file).into_iter().flatten() {
            if reached.insert(*to) {
                queue.push_back(to);
            }
        }
    }
    reached
}
