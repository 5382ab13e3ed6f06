//! Points at which a test stops this process exactly, as `SIGSTOP` does at a moment that nobody chooses. They exist in test builds
//! only: a program that is released has none of them, and looks at no variable for them.

#[cfg(all(debug_assertions, unix))]
mod points {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    static AT: OnceLock<(String, AtomicU32)> = OnceLock::new();

    /// From now on the process stops when it has passed a point so many times: `checked:20`.
    pub fn arm(at: &str) {
        if let Some((point, times)) = at.split_once(':')
            && let Ok(times) = times.parse()
        {
            let _ = AT.set((point.to_owned(), AtomicU32::new(times)));
        }
    }

    /// Whether the process is to stop at a point.
    #[must_use]
    pub fn is_armed(point: &str) -> bool {
        AT.get().is_some_and(|(at, _)| at == point)
    }

    /// A point.
    pub fn here(point: &str) {
        let Some((at, left)) = AT.get() else { return };
        if at == point && left.fetch_sub(1, Ordering::SeqCst) == 1 {
            let this = rustix::process::getpid();
            let _ = rustix::process::kill_process(this, rustix::process::Signal::STOP);
            // Another thread may be the one that takes the signal: until all are stopped, this one must not go on.
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

#[cfg(not(all(debug_assertions, unix)))]
mod points {
    /// Nothing.
    pub fn arm(_: &str) {}

    /// Never.
    #[must_use]
    pub fn is_armed(_: &str) -> bool {
        false
    }

    /// Nothing.
    pub fn here(_: &str) {}
}

pub use points::{arm, here, is_armed};
