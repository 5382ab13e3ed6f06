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
        "Look for a missing or extra delimiter or quote in this row, and give it as many cells as the header.";
    RowShort, "row.short", Warning, "The row has fewer cells than the header; the missing cells at its end are read as empty.",
        "Nothing to do if the last columns are empty in this row. Otherwise look for a missing delimiter.";
    RowQuoting, "row.quoting", Error, "The quotes in the row do not match, so it is not clear where its cells begin and end.",
        "Double each quote inside a quoted cell, and close every quoted cell. If the whole file is written differently, in the mapping: [source] escape = \"backslash\", or quote = \"none\" if quotes are text.";
    RowUndecodable, "row.encoding", Error, "The row contains bytes that are not text in the file's encoding.",
        "Type the cell again in the system that exports it, or in a copy of the file saved as UTF-8. Where the whole file is in another encoding, name it: [source] encoding.";
    RowTorn, "row.torn", Error, "The file ends inside a cell.",
        "The export was cut off, or a quote is not closed. Export it again.";
    RowTotal, "row.total", Error, "The row looks like a total, not a record.",
        "Delete the row. In the mapping: [source] except = { Name = [\"Total*\"] } leaves it out; if it is a partner, [validation] allow = [\"row.total\"].";
    RowSecondHeader, "row.second_header", Error, "The row looks like a second header, not a record.",
        "Delete the row. In the mapping: [source] header_row = 2 if it is the better header; if it is a partner, [validation] allow = [\"row.second_header\"].";
    RowSeparator, "row.separator", Error, "The row is a line of dashes or other signs, not a record.",
        "Delete the row. In the mapping: if it is a partner, [validation] allow = [\"row.separator\"].";
    KeyMissing, "key.missing", Error, "The row has no key.",
        "Fill in the key column. Without a key, a later run cannot recognise the row.";
    KeyDuplicate, "key.duplicate", Error, "Another row has the same key, so neither is sent.",
        "Keep one of the rows, or give each its own key.";
    KeyDecimal, "key.decimal", Error, "A program has written the key as a number with a decimal point: 1001.0 for 1001.",
        "Export the column as text or as whole numbers (in pandas: dtype=\"string\" or \"Int64\"). In the mapping: if the keys are really written so, [validation] allow = [\"key.decimal\"].";
    IdentifierDuplicate, "key.legacy_duplicate", Error, "Another row has the same legacyIdentifier, so neither is sent.",
        "Give each row its own legacyIdentifier: the API recognises a partner by it.";
    RowRepaired, "row.repaired", Warning, "The row cannot be sent as it is, but its partner was already created, from an earlier export or a repaired row.",
        "Correct the row in the system that exports it, so that the next export has no problem.";
    RowAlike, "row.alike", Warning, "Another row has the same values in all mapped columns except the key.",
        "If both are the same partner, keep one of the rows.";
    RowSimilar, "row.similar", Warning, "Another row has the same business name, and the same phone number, e-mail address or postal code.",
        "If they are the same partner, keep one of the rows. In the mapping: if such rows are different partners, [validation] allow = [\"row.similar\"].";
    DatesReversed, "date.reversed", Error, "The deactivation date is before the onboarding date.",
        "Correct one of the two dates.";
    BankIncomplete, "bank.incomplete", Error, "The bank account has a routing number but no account number, or the other way round.",
        "Fill in both cells, or clear both.";
    RequiredMissing, "required.missing", Error, "A required field is empty.",
        "Fill in the cell. In the mapping: a default for the field.";
    DateAmbiguous, "date.ambiguous", Error, "The date can be read in more than one way, and the column does not show which is right.",
        "Type the date as yyyy-MM-dd, for example 2026-02-28. In the mapping: [source] date_order = \"mdy\" or \"dmy\", or the field's formats.";
    DateInvalid, "date.invalid", Error, "The value is not a date.",
        "Type the date as yyyy-MM-dd, for example 2026-02-28. In the mapping: formats = [\"%d %b %Y\"], where the column writes its dates in a way of its own.";
    DateContradicts, "date.contradicts_column", Warning, "The date can be read in one way only, but other dates in its column can only be read the other way.",
        "Check whether the column was pasted together from two sources.";
    DateMixed, "date.mixed", Error, "A spreadsheet understood only some of the column's dates and may have swapped day and month in this one.",
        "Type the date as text, for example 2026-03-04. In the mapping: [source] date_order = \"dmy\" or \"mdy\", the order in which the column was written.";
    DateExchanged, "date.exchanged", Warning, "A spreadsheet had swapped day and month; they are swapped back, following the order that the mapping names.",
        "Compare a few of these dates with the system they come from.";
    DateTwoDigitYear, "date.two_digit_year", Warning, "The year has two digits: 00 to 68 are read as 20xx, 69 to 99 as 19xx.",
        "Export with four-digit years.";
    DateSentinel, "date.sentinel", Warning, "The date is a placeholder of the exporting system; the field is left out.",
        "Clear the cell if there is no date.";
    DateFarAway, "date.out_of_range", Warning, "The date is outside 1900 to 2100.",
        "Check the year.";
    NumberInvalid, "number.invalid", Error, "The value is not a whole number.",
        "Type a whole number without units.";
    BooleanInvalid, "boolean.invalid", Error, "The value is neither yes nor no.",
        "Type yes or no, true or false, 1 or 0, or leave the cell empty. In the mapping: a map for other words.";
    WordUnknown, "word.unknown", Error, "The field does not accept this value.",
        "Use one of the values that the field accepts. In the mapping: map = { \"Kick-off\" = \"Welcome Call\" }.";
    MapMissed, "map.missed", Error, "The value is not in the mapping's value table (map).",
        "Check the spelling. In the mapping: add the value to the rule's map, or give the rule a default.";
    LookupMissed, "lookup.missed", Error, "The value is not in the mapping's lookup file.",
        "Type one of the values in the lookup file. In the mapping: add the value to that file, or to the rule's map.";
    MapDefaulted, "map.defaulted", Warning, "The value is not in the mapping's value table (map); the rule's default is sent.",
        "Check the spelling. In the mapping: add the value to the rule's map, so that nothing is decided by default.";
    UuidInvalid, "uuid.invalid", Error, "The value is not a UUID.",
        "Type it as 8-4-4-4-12 hexadecimal digits.";
    EmailInvalid, "email.invalid", Error, "The value is not an e-mail address.",
        "Type one address, for example name@example.com.";
    EmailName, "email.name_cut", Warning, "There is a name beside the e-mail address; the address is sent without it.",
        "Type the address alone, for example name@example.com.";
    CountryUnknown, "country.unknown", Error, "The value is not an ISO 3166 country code or name.",
        "Type the two-letter code, for example US.";
    CountryAmbiguous, "country.ambiguous", Error, "Several countries have this name.",
        "Type the two-letter code of the country. In the mapping: map = { \"Korea\" = \"KR\" }.";
    StateUnknown, "state.unknown", Warning, "The state or province is not known; it is sent as written.",
        "Check the spelling, or type the code of the state or province.";
    StateCountry, "state.country", Warning, "The cell names a country beside the state, and the row's country is empty; only the state is sent.",
        "Type the country into its own column.";
    PostalZeroRestored, "postal.zero_restored", Warning, "The postal code had lost its leading zero, as its state shows; it is sent with the zero.",
        "Format the column as text before saving it, so that the zero stays.";
    PostalUnusual, "postal.unusual", Warning, "The postal code does not look like one of its country; it is sent as written.",
        "Check the code: often a leading zero is missing.";
    PhoneRegionUnknown, "phone.region_unknown", Warning, "The phone number has no country code and no region is known; it is sent as written.",
        "Type the number with its country code, for example +1. In the mapping: [source] phone_region = \"address\" or \"US\".";
    PhoneWords, "phone.words", Warning, "There are words beside the phone number; the number is sent without them.",
        "Type the number alone, and the words into a field of their own.";
    PhoneSecondNumber, "phone.second_number", Warning, "The cell has two phone numbers; it is sent as written.",
        "Type one number into the cell; the other one can have an entry of its own.";
    PhoneInvalid, "phone.invalid", Warning, "The phone number is not valid in its region; it is sent as written.",
        "Check the number. A number of another country needs its country code, for example +44.";
    TimeZoneUnknown, "timezone.unknown", Warning, "The value is not the name of a time zone; it is sent as written.",
        "Type an IANA name, for example America/Los_Angeles.";
    CurrencyUnknown, "currency.unknown", Error, "The value is not an ISO 4217 currency code.",
        "Type the three-letter code, for example USD.";
    RoutingInvalid, "routing.invalid", Error, "The value is not an ABA routing number: nine digits with a valid checksum.",
        "Copy the routing number from a cheque or the bank's website, with its leading zeros.";
    NumberAsText, "cell.number_as_text", Warning, "An identifier is stored as a number: leading zeros may be missing.",
        "Format the column as text before typing the values.";
    CellError, "cell.error", Error, "The cell contains a spreadsheet error, or the text of one.",
        "Repair the formula, or clear the cell.";
    CellNullWord, "cell.null_word", Warning, "The cell contains a word that databases and programs write for an empty cell; the field is left out.",
        "Clear the cell. In the mapping: [source] null = [\"NULL\"]; if the word is a value, [validation] allow = [\"cell.null_word\"] sends it.";
    CellNoCachedValue, "cell.formula_without_value", Error, "The cell contains a formula without a stored result.",
        "Open the workbook in Excel and save it, or paste the values.";
    CellPrecision, "cell.precision", Error, "The number has more digits than the 15 that a spreadsheet stores.",
        "Format the column as text, then type or paste the number again from where it comes from.";
    CellRounded, "cell.rounded", Warning, "The number has more digits than the 15 that a spreadsheet shows, as calculations leave them; it is sent as a spreadsheet shows it.",
        "Round the number in the workbook, or format the column as text and type it again.";
    CellScientific, "cell.scientific", Error, "The identifier is a number in scientific notation, so its last digits are lost.",
        "Format the column as text, paste the identifiers again from where they come from, and export again.";
    CellDecimal, "cell.decimal", Warning, "A program has written the identifier as a number with a decimal point: 10115.0 for 10115; it is sent as written.",
        "Export the column as text or as whole numbers (in pandas: dtype=\"string\" or \"Int64\"). In the mapping, for single values: map = { \"1001.0\" = \"1001\" }.";
    CellUncertain, "cell.uncertain", Error, "The cell still has what a report gave back as uncertain, with the mark \u{26a0} before it.",
        "Type the right value, without the mark. If it is right as it stands, take the mark away.";
    CellType, "cell.type", Error, "The cell is a date, a time or true/false, but an identifier is expected.",
        "Format the cell as text and type the identifier again: a spreadsheet took it for something else.";
    DateAsText, "cell.date_as_text", Warning, "A date or time cell fills a text field; it is sent as 2026-03-04 or 14:30.",
        "If it should be text, format the cell as text and type it again: a spreadsheet took it for a date.";
    TextControl, "text.control", Error, "The value contains a control character, or a key or an identifier an invisible one.",
        "Remove the invisible character from the cell.";
    TextLostCharacter, "text.lost_character", Error, "The value contains U+FFFD, which replaces a character that was lost before the file was written.",
        "Type the character again. The system that exports the cell, or a conversion before it, has lost it.";
    TextDoubleEncoded, "text.double_encoded", Warning, "The value looks like UTF-8 that was read in another encoding before it was exported; it is sent as written.",
        "Correct the cell in the system it comes from: the characters were damaged before the file was written.";
    TextFormula, "text.formula", Warning, "The value is a spreadsheet formula, which is not evaluated; it is sent as written.",
        "Type the value in place of the formula.";
    TextGuard, "text.guard", Warning, "The value begins with an apostrophe that may be a mark for text or a quote; it is sent as written.",
        "Remove the apostrophe if it is not part of the value.";
    TextHtml, "text.html", Warning, "The text contains HTML, a character reference such as &amp; or a tag such as <br>; it is sent as written.",
        "Export the text without HTML. In the mapping: transform = \"html\" decodes character references.";
    TextJson, "text.json", Warning, "The value is JSON, as programs write lists and records; it is sent as written.",
        "Export the text alone, in a column of its own.";
    TextTooLong, "text.too_long", Error, "The value has more than 1,048,576 bytes.",
        "Look at the cell: a quote that is not closed, or a whole document, may have ended up in it.";
    TextTrimmed, "text.trimmed", Warning, "Invisible characters around the value were removed.",
        "Nothing to do for this import. Clean the export if the value is compared elsewhere.";
    TemplateFailed, "template.failed", Error, "The template could not be filled in for this row.",
        "Check the row's values. In the mapping: look at the template.";
    ReferenceMissing, "reference.missing", Error, "The row refers to a partner that is neither in the file nor known.",
        "Add that partner's row to the file, or clear the reference.";
    ReferenceUnchecked, "reference.unchecked", Warning, "The row refers to a partner that is not in the file; the import looks for it on the API.",
        "Nothing to do now; the import reports the row if there is no such partner.";
    ReferenceSelf, "reference.self", Error, "The row refers to itself.",
        "Clear the reference.";
    ReferenceCycle, "reference.cycle", Error, "The rows refer to each other in a circle.",
        "Clear one reference of the circle.";
    ReferenceBlocked, "reference.blocked", Error, "The row refers to a partner that is not created yet, so this row waits.",
        "Repair that partner's row; a later run then creates this one.";
    ApiRejected, "api.rejected", Error, "The API rejected the row.",
        "Read the API's reason, repair the row, and run again.";
    RowForbidden, "api.forbidden", Error, "The row was answered with 403 by the API or a firewall in front of it. Nothing was created for it; the other rows were sent.",
        "Run again to send the row again. If it is refused again, for the engineer: let it pass the firewall, or give the token the permission partners.create.";
    InDoubt, "delivery.in_doubt", Error, "It is not known whether the partner was created, so the row is not sent again unless a look-up shows that it is missing.",
        "Run again, or run `partner-sync reconcile`, when the API answers look-ups.";
    DuplicateOnApi, "api.duplicate", Error, "The API has several partners with this legacyIdentifier.",
        "Remove the newer ones on the API.";
    PartnerDiffers, "api.differs", Warning, "A field of the partner on the API has another value than the export.",
        "Change the partner on the API by hand, or correct the export: the API documents no update.";
    PartnerGone, "api.gone", Error, "The partner that was created for the row is no longer on the API.",
        "If it was deleted on purpose, remove the row from the export. To create it again: `partner-sync state forget KEY`, then import.";
    PartnerOfAnotherRow, "api.other_row", Error, "The partner that the row has by the state is that of another row: the API answered with the wrong id.",
        "Run `partner-sync state forget KEY`, then import: the row's own partner is looked for, and created where there is none.";
    RowGone, "source.row_gone", Warning, "The API has a partner of this mapping whose row is no longer in the export.",
        "Decide whether the partner is to be separated on the API. `partner-sync state forget KEY` stops this warning.";
    PartnerNone, "api.none", Warning, "The row has no partner yet.",
        "Import the row.";
    ColumnNew, "drift.column_new", Warning, "The export has a column that it did not have at the last good run.",
        "Decide whether the column should be mapped.";
    ColumnGone, "drift.column_gone", Warning, "The export has lost a column that it had at the last good run.",
        "Ask who changed the export.";
    WordNew, "drift.word_new", Warning, "A column with a fixed set of values has a value that it did not have at the last good run.",
        "Check that the mapping translates it as intended.";
    DateOrderChanged, "drift.date_order", Warning, "The dates of a column are read in another order of day and month than at the last good run.",
        "Compare a few dates of the report with the CRM. If somebody changed how it writes dates, all is well. If not, stop the job and name the order in the mapping: [source] date_order.";
    ShareFell, "drift.share_fell", Warning, "A field is filled in far fewer rows than at the last good run.",
        "Ask who changed the export.";
    KeyLost, "state.key_lost", Warning, "The key file beside the state is missing, so changed rows cannot be recognised; all rows sent before count as unchanged.",
        "Put the state's .key file back beside it, from where the state came from. Without it, `partner-sync verify` compares the rows with the API.";
    Changed, "row.changed", Warning, "The partner exists, and the row has changed since it was sent; the API documents no update.",
        "Change the partner on the API by hand, then run `partner-sync state accept KEY`.";
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
