//! How cells of the marked-up workbook look: by their mark, and whether they are dates or texts.

use rust_xlsxwriter::{Color, Format};

/// How a cell is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// As it is.
    None,
    /// There is a warning on it.
    Warning,
    /// There is an error on it.
    Error,
}

/// Numbers of the formats in the workbook's table of styles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Styles([u32; 8]);

impl Styles {
    /// Numbers in the order of [`formats`].
    pub(super) fn new(numbers: [u32; 8]) -> Self {
        Self(numbers)
    }

    /// That of a cell; 0 is none.
    pub(super) fn plain(self, mark: Mark) -> u32 {
        match mark {
            Mark::None => 0,
            Mark::Warning => self.0[0],
            Mark::Error => self.0[1],
        }
    }

    /// That of a date.
    pub(super) fn date(self, mark: Mark) -> u32 {
        match mark {
            Mark::None => self.0[2],
            Mark::Warning => self.0[3],
            Mark::Error => self.0[4],
        }
    }

    /// That of a text, and of an empty cell.
    pub(super) fn text(self, mark: Mark) -> u32 {
        match mark {
            Mark::None => self.0[5],
            Mark::Warning => self.0[6],
            Mark::Error => self.0[7],
        }
    }
}

/// A text: what is typed into such a cell is never turned into a date or a number. Source: Excel's format `@`.
pub(super) fn text_format() -> Format {
    Format::new().set_num_format("@")
}

/// The formats of [`Styles`], in their order.
pub(super) fn formats() -> [Format; 8] {
    let warning = |format: Format| format.set_background_color(Color::RGB(0x00FF_EB9C));
    let error = |format: Format| {
        format
            .set_background_color(Color::RGB(0x00FF_C7CE))
            .set_bold()
    };
    let date = Format::new().set_num_format("yyyy-mm-dd");
    [
        warning(Format::new()),
        error(Format::new()),
        date.clone(),
        warning(date.clone()),
        error(date),
        text_format(),
        warning(text_format()),
        error(text_format()),
    ]
}
