//! No file of `src/` is in a circle of imports with another: each can be read after what it names, and moved alone.
//!
//! A name that a `mod.rs` hands on counts as a use of the file that defines it. `mod child;` and `pub use child::X` of a
//! parent that does nothing more with `X` are no use: the parent lists the child, it does not need it.

mod graph;
mod lexer;
mod parser;

use std::path::Path;

use crate::support::repository;
use graph::{Circle, Tree, circles, unreached};

/// Circles that are still there, each with all its files. Whoever takes one apart takes it out of here.
const KNOWN: &[&[&str]] = &[];

/// Whether a circle is part of a known one: one that was cut once may leave smaller ones.
fn is_within(circle: &Circle, known: &[&str]) -> bool {
    circle.files.iter().all(|f| known.contains(&f.as_str()))
}

fn read(folder: &Path, inner: &str, tree: &mut Tree) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            read(&path, &format!("{inner}{name}/"), tree);
        } else if let Some(stem) = name.strip_suffix(".rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            tree.insert(format!("{inner}{stem}.rs"), text);
        }
    }
}

fn shown(circles: &[&Circle]) -> String {
    let texts: Vec<String> = circles.iter().map(ToString::to_string).collect();
    texts.join("\n")
}

#[test]
fn no_file_is_in_a_circle_of_imports() {
    let mut tree = Tree::new();
    read(&repository("src"), "", &mut tree);
    assert!(tree.len() > 50);
    assert_eq!(unreached(&tree), Vec::<String>::new());
    let found = circles(&tree);
    let new: Vec<&Circle> = found
        .iter()
        .filter(|c| !KNOWN.iter().any(|known| is_within(c, known)))
        .collect();
    assert!(new.is_empty(), "files import each other:\n{}", shown(&new));
    let gone: Vec<_> = KNOWN
        .iter()
        .filter(|known| !found.iter().any(|c| is_within(c, known)))
        .collect();
    assert!(
        gone.is_empty(),
        "KNOWN names circles that are gone: {gone:?}"
    );
}

fn planted(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let tree: Tree = files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    assert_eq!(unreached(&tree), Vec::<String>::new());
    circles(&tree).into_iter().map(|c| c.files).collect()
}

const NONE: [[&str; 0]; 0] = [];

#[test]
fn a_circle_is_found_through_super_and_through_a_path_in_the_code() {
    let tree = [
        ("lib.rs", "mod a;\nmod b;\nmod c;\n"),
        ("a.rs", "use super::b::B;\npub struct A(B);\n"),
        ("b.rs", "pub struct B;\nfn f() -> crate::c::C {}\n"),
        (
            "c.rs",
            "use crate::a::{self};\npub struct C;\nfn f(_: &a::A) {}\n",
        ),
    ];
    assert_eq!(planted(&tree), [["a.rs", "b.rs", "c.rs"]]);
    let mut without = tree;
    without[2].1 = "pub struct B;\n";
    assert_eq!(planted(&without), NONE);
}

#[test]
fn a_name_that_is_handed_on_leads_to_the_file_that_defines_it() {
    let tree = [
        ("lib.rs", "mod x;\nmod y;\n"),
        (
            "x/mod.rs",
            "mod inner;\nmod other;\npub use inner::Inner as Renamed;\npub use other::*;\n",
        ),
        ("x/inner.rs", "use crate::y::Y;\npub struct Inner(Y);\n"),
        ("x/other.rs", "pub struct Other;\n"),
        ("y.rs", "use crate::x::{Other, Renamed};\npub struct Y;\n"),
    ];
    assert_eq!(planted(&tree), [["x/inner.rs", "y.rs"]]);
    let mut without = tree;
    without[4].1 = "use crate::x::Other;\npub struct Y;\n";
    assert_eq!(planted(&without), NONE);
}

#[test]
fn a_parent_that_only_lists_its_child_is_in_no_circle() {
    let tree = [
        ("lib.rs", "mod x;\n"),
        (
            "x/mod.rs",
            "mod inner;\npub use inner::Inner;\npub struct Outer;\n",
        ),
        (
            "x/inner.rs",
            "use super::Outer;\npub struct Inner(Outer);\n",
        ),
    ];
    assert_eq!(planted(&tree), NONE);
    let mut using = tree;
    using[1].1 = "mod inner;\npub use inner::Inner;\npub struct Outer(Inner);\n";
    assert_eq!(planted(&using), [["x/inner.rs", "x/mod.rs"]]);
    let mut calling = tree;
    calling[1].1 = "mod inner;\npub struct Outer;\nfn f() { inner::g() }\n";
    assert_eq!(planted(&calling), [["x/inner.rs", "x/mod.rs"]]);
}

#[test]
fn a_glob_counts_by_the_names_that_are_written() {
    let tree = [
        ("lib.rs", "mod a;\nmod b;\n"),
        ("a.rs", "use super::b::*;\npub struct A;\nfn f(_: B) {}\n"),
        ("b.rs", "pub struct B(super::a::A);\n"),
    ];
    assert_eq!(planted(&tree), [["a.rs", "b.rs"]]);
    let mut without = tree;
    without[1].1 = "use super::b::*;\npub struct A;\n";
    assert_eq!(planted(&without), NONE);
}

#[test]
fn comments_texts_tests_and_other_crates_are_no_imports() {
    let tree = [
        (
            "lib.rs",
            "mod a;\nmod b;\n#[cfg(test)]\n#[path = \"far/t.rs\"]\nmod tests;\n#[cfg(test)]\nmod suite;\n",
        ),
        (
            "a.rs",
            concat!(
                "//! [`crate::b::B`] /* \n",
                "/* crate::b::B /* nested */ crate::b::B */\n",
                "const T: &str = \"crate::b::B \\\" crate::b::B\";\n",
                "const R: &str = r#\"\" crate::b::B\"#;\n",
                "fn f<'a>(c: char) -> bool { c == '\"' || c == '\\'' || ::b::B::is() }\n",
                "pub struct A;\n",
                "#[cfg(test)]\nuse crate::b::{B, C};\n",
                "#[cfg(test)]\nmod tests { use crate::b::B; fn f() { crate::b::B } }\n",
            ),
        ),
        ("b.rs", "use crate::a::A;\npub struct B(A);\n"),
        ("far/t.rs", "use crate::a::A;\n"),
        ("suite/mod.rs", "mod inner;\n"),
        ("suite/inner.rs", "use crate::b::B;\n"),
    ];
    assert_eq!(planted(&tree), NONE);
    let mut after = tree;
    let text = tree[1]
        .1
        .replace("pub struct A;", "pub struct A(crate::b::B);");
    after[1].1 = &text;
    assert_eq!(planted(&after), [["a.rs", "b.rs"]]);
}

#[test]
fn a_circle_is_shown_with_its_lines() {
    let tree = Tree::from([
        ("lib.rs".to_owned(), "mod a;\nmod b;\n".to_owned()),
        (
            "a.rs".to_owned(),
            "//! A.\nuse crate::b::B;\npub struct A;\n".to_owned(),
        ),
        (
            "b.rs".to_owned(),
            "pub struct B;\n\nfn f() -> super::a::A {}\n".to_owned(),
        ),
    ]);
    assert_eq!(
        circles(&tree)[0].to_string(),
        "a.rs, b.rs\n    a.rs:2 names crate::b::B, which is in b.rs\n    b.rs:3 names super::a::A, which is in a.rs\n"
    );
}
