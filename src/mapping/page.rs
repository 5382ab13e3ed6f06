//! Pages of `docs/` whose tables are made by tests.

/// Compares a page's table with what the tests made, or writes it with `UPDATE_DOCS=1`.
pub(super) fn assert_current(page: &str, table: &str) {
    const BEGIN: &str = "<!-- table: made by a test -->\n";
    const END: &str = "<!-- end of the table -->";
    let path = format!("{}/docs/{page}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let current = format!("{before}{BEGIN}{table}\n{END}{after}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &current).unwrap();
        return;
    }
    assert!(
        text == current,
        "docs/{page} is not current: run UPDATE_DOCS=1 cargo test and commit it"
    );
}
