use super::{Evidence, Order, Verdict};

/// A file's pieces are counted by several threads: what they prove together is the sum.
#[test]
fn evidence_of_pieces_is_added_up() {
    let of = |n: u64| Evidence {
        values: n,
        day_first: n + 1,
        month_first: n + 2,
        undecided: n + 3,
        first_day_row: Some(n + 4),
        first_month_row: None,
        date_cells: n + 5,
        late_date_cells: n + 6,
        noted: (n > 10).then_some(Verdict::DayFirst),
    };
    let mut all = of(10);
    all.merge(&Evidence {
        first_month_row: Some(7),
        ..of(100)
    });
    let expected = Evidence {
        values: 110,
        day_first: 112,
        month_first: 114,
        undecided: 116,
        first_day_row: Some(14),
        first_month_row: Some(7),
        date_cells: 120,
        late_date_cells: 122,
        noted: Some(Verdict::DayFirst),
    };
    assert_eq!(all, expected);
}

/// What the whole column proved, a few of its rows cannot overrule; nor can they make more of it than it was.
#[test]
fn what_a_report_notes_counts_beside_what_its_rows_prove() {
    let (day, month) = (Verdict::DayFirst, Verdict::MonthFirst);
    let both = Verdict::Contradicts;
    let mixed = |order| Verdict::Mixed {
        order,
        whole: false,
    };
    let of = |day_first: bool, month_first: bool, cells: bool| {
        let proof = |is: bool| is.then_some(2);
        Evidence {
            values: 3,
            day_first: u64::from(day_first),
            first_day_row: proof(day_first),
            month_first: u64::from(month_first),
            first_month_row: proof(month_first),
            date_cells: u64::from(cells),
            ..Evidence::default()
        }
    };
    for (noted, own, verdict) in [
        (day, of(false, false, false), day),
        (day, of(true, false, false), day),
        (day, of(false, true, false), both),
        (day, of(true, true, false), both),
        (month, of(false, false, false), month),
        (month, of(true, false, false), both),
        (both, of(false, false, false), both),
        (both, of(true, false, false), both),
        // The whole column had later days in its date cells.
        (day, of(true, false, true), day),
        (day, of(false, true, true), both),
        (
            mixed(Some(Order::DayFirst)),
            of(false, false, true),
            mixed(Some(Order::DayFirst)),
        ),
        (
            mixed(Some(Order::DayFirst)),
            of(false, true, true),
            mixed(None),
        ),
        (mixed(None), of(true, false, false), mixed(None)),
    ] {
        let mut evidence = own;
        evidence.add_note(noted);
        assert_eq!(evidence.verdict(), verdict, "{noted:?} {own:?}");
        let says = evidence.describe();
        assert!(says.contains("as in the report"), "{says}");
        // Rows of two reports that say different things.
        evidence.add_note(if noted == day { month } else { day });
        assert!(
            matches!(evidence.verdict().of_texts(), Verdict::Contradicts),
            "{noted:?}"
        );
    }
}
