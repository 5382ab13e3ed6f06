//! The catalogue of diagnostic codes: stable names, levels, and how a person repairs each.

use std::fmt;

/// Whether a row with this diagnostic can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It is reported, and the row is sent.
    Warning,
    /// The row is not sent.
    Error,
}

impl Severity {
    /// The word in reports: `warning` or `error`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

macro_rules! codes {
    ($($variant:ident, $name:literal, $severity:ident, $meaning:literal, $repair:literal;)*) => {
        /// A kind of finding. The text form is stable: scripts and `[validation]` name it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            /// The stable name, `area.what`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }

            /// The level it has unless a mapping's `[validation]` changes it.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Code::$variant => Severity::$severity,)* }
            }

            /// What it means, in a sentence.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Code::$variant => $meaning,)* }
            }

            /// How a person repairs it.
            #[must_use]
            pub fn repair(self) -> &'static str {
                match self { $(Code::$variant => $repair,)* }
            }
        }
    };
}

codes! {
    RowRagged, "row.ragged", Error, "The row has more or fewer cells than the header.",
        "Look for a delimiter or quote that is missing or stands in a value; give the row as many cells as the header.";
    RowShort, "row.short", Warning, "The row has fewer cells than the header; those that are missing at its end are taken as empty.",
        "Nothing has to be done if the last columns are empty in this row; else look for a delimiter that is missing.";
    RowQuoting, "row.quoting", Error, "The row's quotes do not fit: where its cells begin and end is not sure.",
        "Double each quote that stands inside a quoted cell, and close each cell that a quote opens. For a whole file that is written otherwise, in the mapping: [source] escape = \"backslash\", or quote = \"none\" where quotes are text.";
    RowUndecodable, "row.encoding", Error, "The row holds bytes that are no text in the file's encoding.",
        "Write the cell again in the system that exports it, or in a copy of the file saved as UTF-8. The other rows are not touched.";
    RowTorn, "row.torn", Error, "The file ends inside a cell.",
        "The export was cut off or a quote is not closed: export it again.";
    RowTotal, "row.total", Error, "The row looks like a total, not a record.",
        "Delete the row, or leave it out in the mapping: [source] except = { Name = [\"Total*\"] }. If it is a partner: [validation] allow = [\"row.total\"].";
    RowSecondHeader, "row.second_header", Error, "The row looks like a second header, not a record.",
        "Delete the row. In the mapping: [source] header_row = 2 where it is the better header. If it is a partner: [validation] allow = [\"row.second_header\"].";
    RowSeparator, "row.separator", Error, "The row is a line of dashes or other signs, not a record.",
        "Delete the row. If it is a partner: [validation] allow = [\"row.separator\"].";
    KeyMissing, "key.missing", Error, "The row's key is empty.",
        "Fill the key column: without it a rerun cannot recognise the row.";
    KeyDuplicate, "key.duplicate", Error, "Another row has the same key; neither is sent.",
        "Keep one of the rows, or give each its own key.";
    KeyDecimal, "key.decimal", Error, "A program has made a number with a decimal point of the key: 1001.0 for 1001.",
        "Export the column as text or as whole numbers (in pandas: dtype=\"string\" or \"Int64\"). If the keys are really written so: [validation] allow = [\"key.decimal\"].";
    IdentifierDuplicate, "key.legacy_duplicate", Error, "Another row has the same legacyIdentifier; neither is sent.",
        "Give each row its own legacyIdentifier: it is how a partner is recognised on the API.";
    RowRepaired, "row.repaired", Warning, "The row cannot be sent as it stands, but its partner was created before, from a repaired row.",
        "Correct the row in the system that the export comes from, so that the next export has no problem.";
    RowAlike, "row.alike", Warning, "Another row holds the same in all mapped columns but the key.",
        "If it is one partner under two keys, keep one of the rows.";
    DatesReversed, "date.reversed", Error, "The day of deactivation lies before the day of onboarding.",
        "Correct one of the two dates.";
    BankIncomplete, "bank.incomplete", Error, "The bank account has a routing number and no account number, or the other way round.",
        "Fill both cells, or clear both.";
    RequiredMissing, "required.missing", Error, "A required field has no value.",
        "Fill the cell, or give the field a default in the mapping.";
    DateAmbiguous, "date.ambiguous", Error, "The date can be read in more than one way and the column does not decide.",
        "Set [source] date_order = \"mdy\" or \"dmy\" in the mapping, or write the cell as yyyy-MM-dd.";
    DateInvalid, "date.invalid", Error, "The value is not a date.",
        "Write the date as yyyy-MM-dd, or name its format in the mapping: formats = [\"%d %b %Y\"].";
    DateContradicts, "date.contradicts_column", Warning, "The date decides itself, but other dates of its column decide the other way.",
        "Check that the column was not pasted together from two sources.";
    DateMixed, "date.mixed", Error, "A spreadsheet understood only a part of the column's dates and may have exchanged day and month in this one.",
        "Write the date as text, 2026-03-04. Or set [source] date_order in the mapping to the order in which the column was written, \"dmy\" or \"mdy\".";
    DateExchanged, "date.exchanged", Warning, "A spreadsheet had exchanged day and month of the date; they are exchanged back, by the order that the mapping names.",
        "Compare a few of these dates with their source.";
    DateTwoDigitYear, "date.two_digit_year", Warning, "The year has two digits: 00 to 68 are read as 20xx, 69 to 99 as 19xx.",
        "Export with four-digit years.";
    DateSentinel, "date.sentinel", Warning, "The date is a placeholder of the exporting system; the field is left out.",
        "Clear the cell if there is no date.";
    DateFarAway, "date.out_of_range", Warning, "The date lies outside 1900 to 2100.",
        "Check the year.";
    NumberInvalid, "number.invalid", Error, "The value is not a whole number.",
        "Write a whole number without units.";
    BooleanInvalid, "boolean.invalid", Error, "The value is neither yes nor no.",
        "Write yes or no, true or false, 1 or 0, or leave the cell empty; other words go into the rule's map.";
    WordUnknown, "word.unknown", Error, "The value is none of the field's words.",
        "Use one of the field's words, or translate it in the mapping: map = { \"Kick-off\" = \"Welcome Call\" }.";
    MapMissed, "map.missed", Error, "The value is not in the rule's map.",
        "Add the value to the rule's map, or give the rule a default.";
    MapDefaulted, "map.defaulted", Warning, "The value is not in the rule's map; the rule's default is sent.",
        "Add the value to the rule's map, so that nothing is decided by default.";
    UuidInvalid, "uuid.invalid", Error, "The value is not a UUID.",
        "Write it as 8-4-4-4-12 hexadecimal digits.";
    EmailInvalid, "email.invalid", Error, "The value is not an e-mail address.",
        "Write one address, name@example.com.";
    EmailName, "email.name_cut", Warning, "A name stands around the e-mail address; the address is sent without it.",
        "Write the address alone, name@example.com.";
    CountryUnknown, "country.unknown", Error, "The value is no ISO 3166 country code or name.",
        "Write the two-letter code, US.";
    CountryAmbiguous, "country.ambiguous", Error, "The name is that of several countries.",
        "Write the two-letter code of the one that is meant, or translate the name in the mapping: map = { \"Korea\" = \"KR\" }.";
    StateUnknown, "state.unknown", Warning, "The state or province is not known; it is sent as written.",
        "Write the state's code, CA.";
    StateCountry, "state.country", Warning, "A country stands beside the state, and the row's own country is empty; only the state is sent.",
        "Write the country into its own column.";
    PostalZeroRestored, "postal.zero_restored", Warning, "The postal code had lost its leading zero, which its state proves; it is sent with the zero.",
        "Format the column as text before saving it, so that the zero stays.";
    PostalUnusual, "postal.unusual", Warning, "The postal code has not the digits that its country's codes have; it is sent as written.",
        "Look at the code: a leading zero is often gone.";
    PhoneRegionUnknown, "phone.region_unknown", Warning, "The telephone number has no country code and no region is known; it is sent as written.",
        "Write the number with its country code, +1. A mapping can name the region: [source] phone_region = \"address\" or \"US\".";
    PhoneWords, "phone.words", Warning, "Words stand beside the telephone number; the number is sent without them.",
        "Write the number alone, and the words into a field of their own.";
    PhoneSecondNumber, "phone.second_number", Warning, "Two telephone numbers stand in one cell; it is sent as written.",
        "Write one number into the cell; another one can be an entry of its own.";
    PhoneInvalid, "phone.invalid", Warning, "It is not a valid telephone number of its region; it is sent as written.",
        "Look at the number; one of another country needs its country code, +44.";
    TimeZoneUnknown, "timezone.unknown", Warning, "The value is no name of a time zone; it is sent as written.",
        "Write an IANA name, America/Los_Angeles.";
    CurrencyUnknown, "currency.unknown", Error, "The value is no ISO 4217 currency code.",
        "Write the three-letter code, USD.";
    RoutingInvalid, "routing.invalid", Error, "The value is not an ABA routing number: nine digits with a valid checksum.",
        "Copy the routing number from a cheque or the bank's page; keep leading zeros.";
    NumberAsText, "cell.number_as_text", Warning, "A numeric cell fills a text identifier: leading zeros may be gone.",
        "Format the column as text before typing the values.";
    CellError, "cell.error", Error, "The cell holds a spreadsheet error, or the text of one.",
        "Repair the formula, or clear the cell.";
    CellNullWord, "cell.null_word", Warning, "The cell holds a word of a database or a program for an empty cell; the field is left out.",
        "Clear the cell. In the mapping: [source] null = [\"NULL\"]; where it is a value, [validation] allow = [\"cell.null_word\"] sends it.";
    CellNoCachedValue, "cell.formula_without_value", Error, "The cell holds a formula without a stored result.",
        "Open the workbook in Excel and save it, or paste the values.";
    CellPrecision, "cell.precision", Error, "The number has more than the 15 digits that a spreadsheet keeps.",
        "Format the column as text, and type or paste the number again from where it comes from.";
    CellScientific, "cell.scientific", Error, "The identifier is a number in scientific notation: its last digits are gone.",
        "Format the column as text, paste the identifiers again from where they come from, and export once more.";
    CellDecimal, "cell.decimal", Warning, "A program has made a number with a decimal point of the identifier: 10115.0 for 10115; it is sent as written.",
        "Export the column as text or as whole numbers (in pandas: dtype=\"string\" or \"Int64\"). In the mapping, for single values: map = { \"1001.0\" = \"1001\" }.";
    CellType, "cell.type", Error, "A date, a time or a true/false cell stands where an identifier belongs.",
        "Format the cell as text and type the identifier again: a spreadsheet took it for a date.";
    DateAsText, "cell.date_as_text", Warning, "A date or time cell fills a text field; it is sent as 2026-03-04 or 14:30.",
        "If it should be a text, format the cell as text and type it again: a spreadsheet took it for a date.";
    TextControl, "text.control", Error, "The value holds a control character.",
        "Remove the invisible character from the cell.";
    TextLostCharacter, "text.lost_character", Error, "The value holds U+FFFD, which stands for a character that was lost before the file was written.",
        "Write the character again in the cell; the system that exports it, or a conversion before, has lost it.";
    TextDoubleEncoded, "text.double_encoded", Warning, "The value looks like UTF-8 that was read as another encoding before it was exported; it is sent as written.",
        "Correct the cell where it comes from: the characters were spoilt before the file was written.";
    TextFormula, "text.formula", Warning, "The value is a spreadsheet's formula, which is not evaluated; it is sent as written.",
        "Write the value in place of the formula.";
    TextGuard, "text.guard", Warning, "The value begins with an apostrophe that may be a mark for text or a quote; it is sent as written.",
        "Remove the apostrophe if it is no part of the value.";
    TextHtml, "text.html", Warning, "The text holds a character reference of HTML, &amp; or &#039;; it is sent as written.",
        "Export the plain text, or decode it in the mapping: transform = \"html\".";
    TextTooLong, "text.too_long", Error, "The value has more than 1,048,576 bytes.",
        "Look at the cell: a quote that is not closed, or a whole document, has ended up in it.";
    TextTrimmed, "text.trimmed", Warning, "Invisible characters around the value were taken off.",
        "Nothing has to be done; clean the export where the value is compared elsewhere.";
    TemplateFailed, "template.failed", Error, "The template could not be filled for this row.",
        "Look at the template in the mapping.";
    ReferenceMissing, "reference.missing", Error, "The partner that the row refers to is neither in the file nor known.",
        "Add the parent's row to the file, or clear the reference.";
    ReferenceUnchecked, "reference.unchecked", Warning, "The partner that the row refers to is not in the file; it is looked for on the API when the row is imported.",
        "Nothing has to be done; the import tells where there is no such partner.";
    ReferenceSelf, "reference.self", Error, "The row refers to itself.",
        "Clear the reference.";
    ReferenceCycle, "reference.cycle", Error, "The rows refer to each other in a circle.",
        "Clear one reference of the circle.";
    ReferenceBlocked, "reference.blocked", Error, "The partner that the row refers to was not created.",
        "Repair the parent's row; this row is created by a later run.";
    ApiRejected, "api.rejected", Error, "The API refused the row.",
        "Read the API's words, repair the row, and run again.";
    RowForbidden, "api.forbidden", Error, "The row was answered 403, by the API or by a firewall before it; nothing was created, and the other rows were sent.",
        "Run again, which sends the row again; if it is refused again, have the firewall let it pass, or give the token the permission partners.create.";
    InDoubt, "delivery.in_doubt", Error, "It is not known whether the partner was made; it is not sent again by itself.",
        "Run again, or run `partner-sync reconcile`, when the API answers look-ups.";
    DuplicateOnApi, "api.duplicate", Error, "The API holds several partners with this legacyIdentifier.",
        "Remove the younger ones on the API.";
    PartnerDiffers, "api.differs", Warning, "A field of the partner on the API is not as the source has it.",
        "Change the partner on the API, or the source; the API documents no update.";
    PartnerGone, "api.gone", Error, "The partner that was made for the row is no longer on the API.",
        "If it was deleted on purpose, remove the row; to make it again, `partner-sync state forget KEY`.";
    RowGone, "source.row_gone", Warning, "A partner of this mapping is on the API, and the source has no row for it any more.",
        "Look whether the partner is to be separated on the API; `partner-sync state forget KEY` stops telling it.";
    PartnerNone, "api.none", Warning, "The row has no partner yet.",
        "Import the row.";
    ColumnNew, "drift.column_new", Warning, "The export has a column that it had not at the last good run.",
        "Look whether it is to be mapped.";
    ColumnGone, "drift.column_gone", Warning, "The export has lost a column that it had at the last good run.",
        "Ask who changed the export.";
    WordNew, "drift.word_new", Warning, "A column of fixed words has a word that it had not at the last good run.",
        "Look whether the mapping translates it as it should.";
    ShareFell, "drift.share_fell", Warning, "A field is filled in far fewer rows than at the last good run.",
        "Ask who changed the export.";
    KeyLost, "state.key_lost", Warning, "The state's key is not beside it: whether rows that were sent before have changed cannot be told, so they count as unchanged.",
        "Put the state's .key file back beside it, from where the state came from. Without it, `partner-sync verify` compares the rows with the API.";
    Changed, "row.changed", Warning, "The partner exists and the row differs from what was sent; the API documents no update.",
        "Change the partner on the API by hand.";
}

impl Code {
    /// The code of a stable name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.as_str() == name)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_have_an_area() {
        let names: HashSet<_> = Code::ALL.iter().map(|c| c.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        assert!(names.iter().all(|n| n.contains('.')));
    }
}
