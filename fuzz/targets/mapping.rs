//! Mapping files: any text is a mapping, or every problem in it is told.

#![no_main]

use libfuzzer_sys::fuzz_target;
use partner_sync::mapping::Mapping;

fuzz_target!(|text: &str| {
    if let Err(error) = Mapping::parse("m.toml", text) {
        assert!(!error.to_string().is_empty());
    }
});
