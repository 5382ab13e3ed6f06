//! Detection of encoding, delimiter, header and footer, and all rows: any bytes are read or refused.

#![no_main]

use std::io::Write as _;

use libfuzzer_sys::fuzz_target;
use partner_sync::source::{Flow, Source, SourceOptions};

fuzz_target!(|bytes: &[u8]| {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("a written file");
    let Ok(source) = Source::open(file.path(), &SourceOptions::default()) else {
        return;
    };
    let width = source.header().len();
    let mut last = 0;
    let _ = source.read(&mut |batch| {
        for row in batch.rows() {
            assert!(row.row() > last, "rows go up");
            last = row.row();
            assert!(row.fault().is_some() || row.width() <= width, "a row is as wide as its header");
            let _ = row.texts();
        }
        Flow::More
    });
});
