//! The kinds of workbooks.

/// What kind of workbook it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Office Open XML.
    Xlsx,
    /// The same in binary parts.
    Xlsb,
    /// Excel 97 to 2003.
    Xls,
    /// `OpenDocument`.
    Ods,
}

impl Kind {
    /// Its usual name in upper case, as messages show it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Xlsx => "XLSX",
            Kind::Xlsb => "XLSB",
            Kind::Xls => "XLS",
            Kind::Ods => "ODS",
        }
    }
}
