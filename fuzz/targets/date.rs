//! Dates: any text under any hint is a date of the calendar, written yyyy-MM-dd, or is refused.

#![no_main]

use libfuzzer_sys::fuzz_target;
use partner_sync::mapping::date::{Hints, Locale, Order, Verdict, read_text, settle};

fuzz_target!(|input: (u8, &str)| {
    let (choice, text) = input;
    let hints = Hints {
        order: [None, Some(Order::DayFirst), Some(Order::MonthFirst), Some(Order::YearFirst)]
            [usize::from(choice % 4)],
        locale: Locale::ALL.get(usize::from(choice / 4 % 8)).map(|(l, _, _)| *l),
        ..Hints::default()
    };
    let verdict = [Verdict::Silent, Verdict::DayFirst, Verdict::MonthFirst, Verdict::Contradicts]
        [usize::from(choice / 32 % 4)];
    if let Ok(settled) = read_text(text, &hints).and_then(|r| settle(&r, verdict, &hints)) {
        let written = settled.date.to_string();
        assert_eq!(written.len(), 10, "{written}");
        assert!(
            written.bytes().enumerate().all(|(i, b)| matches!(i, 4 | 7) == (b == b'-')
                && (b == b'-' || b.is_ascii_digit())),
            "{written}"
        );
    }
});
