//! How wide the terminal is.

/// Characters of a line on a terminal; none where it is no terminal, or does not say.
#[cfg(unix)]
#[must_use]
pub fn screen_width(terminal: &impl std::os::fd::AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(terminal).ok()?;
    // A terminal that does not know says 0.
    Some(usize::from(size.ws_col)).filter(|width| *width > 0)
}

/// Characters of a line on a terminal: not known here.
#[cfg(not(unix))]
#[must_use]
pub fn screen_width<T>(_: &T) -> Option<usize> {
    None
}
