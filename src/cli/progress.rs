//! Progress: a bar on a terminal, plain lines elsewhere, never on standard output.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::ProgressMode;
use crate::diagnostic::{Colours, harmless};
use crate::partner::RowOutcome;
use crate::report::Counters;

/// Bars of the process; log lines are written around them.
#[derive(Debug, Clone)]
pub(crate) struct Screen(MultiProgress);

impl Screen {
    pub(crate) fn new() -> Self {
        Self(MultiProgress::with_draw_target(
            ProgressDrawTarget::stderr_with_hz(10),
        ))
    }
}

impl Screen {
    /// Takes the bar away for as long as `write` writes to standard error.
    pub(crate) fn around(&self, write: impl FnOnce()) {
        self.0.suspend(write);
    }
}

/// A log writer that takes the bar away while it writes.
pub(crate) struct AroundBar(Screen);

impl io::Write for AroundBar {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A log that nobody can read (a terminal that was closed) ends nothing.
        let text = String::from_utf8_lossy(bytes);
        let text = harmless(&text, Colours::Kept);
        let _ = self.0.0.suspend(|| io::stderr().write_all(text.as_bytes()));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl<'w> tracing_subscriber::fmt::MakeWriter<'w> for Screen {
    type Writer = AroundBar;

    fn make_writer(&'w self) -> AroundBar {
        AroundBar(self.clone())
    }
}

/// Plain lines come this often.
const LINE_EVERY: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_millis(100);

/// A display that lives on its own thread until it is finished.
pub(crate) struct Progress {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// Starts a display of `counters`.
    pub(crate) fn start(
        mode: ProgressMode,
        quiet: bool,
        screen: &Screen,
        counters: Arc<Counters>,
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let terminal = io::IsTerminal::is_terminal(&io::stderr());
        let (bar, lines) = match mode {
            ProgressMode::Never => (false, false),
            ProgressMode::Auto if quiet => (false, false),
            ProgressMode::Auto | ProgressMode::Always => (terminal, !terminal),
        };
        if !bar && !lines {
            return Self { stop, thread: None };
        }
        let (flag, screen) = (Arc::clone(&stop), screen.clone());
        let thread = std::thread::Builder::new()
            .name("progress".to_owned())
            .spawn(move || {
                if bar {
                    draw(&screen, &counters, &flag);
                } else {
                    print(&screen, &counters, &flag);
                }
            })
            .ok();
        Self { stop, thread }
    }
}

impl Drop for Progress {
    /// Takes the display away.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

fn outcomes(counters: &Counters) -> String {
    RowOutcome::ALL
        .into_iter()
        .filter(|o| counters.get(*o) > 0)
        .map(|o| format!("{} {}", counters.get(o), o.as_str()))
        .collect::<Vec<_>>()
        .join(", ")
}

fn draw(screen: &Screen, counters: &Counters, stop: &AtomicBool) {
    let bar = screen.0.add(ProgressBar::no_length());
    let counting = ProgressStyle::with_template("{spinner} reading: {pos} rows");
    let running =
        ProgressStyle::with_template("{bar:30} {pos}/{len} rows, {per_sec}, {eta} left  {msg}");
    if let Ok(style) = counting {
        bar.set_style(style);
    }
    let mut known = false;
    while !stop.load(Ordering::SeqCst) {
        let total = counters.total.load(Ordering::Relaxed);
        if total > 0 && !known {
            known = true;
            if let Ok(style) = &running {
                bar.set_style(style.clone());
            }
            bar.reset();
            bar.set_length(total);
        }
        if known {
            bar.set_position(counters.done());
            bar.set_message(outcomes(counters));
        } else {
            bar.set_position(counters.surveyed.load(Ordering::Relaxed));
            bar.tick();
        }
        std::thread::park_timeout(TICK);
    }
    bar.finish_and_clear();
}

fn print(screen: &Screen, counters: &Counters, stop: &AtomicBool) {
    let mut last = Instant::now();
    let mut last_done = 0;
    while !stop.load(Ordering::SeqCst) {
        std::thread::park_timeout(TICK);
        let elapsed = last.elapsed();
        if elapsed < LINE_EVERY {
            continue;
        }
        let total = counters.total.load(Ordering::Relaxed);
        let done = counters.done();
        #[expect(clippy::cast_precision_loss, reason = "a display of rows a second")]
        let rate = done.saturating_sub(last_done) as f64 / elapsed.as_secs_f64();
        let line = if total == 0 {
            format!(
                "reading: {} rows\n",
                counters.surveyed.load(Ordering::Relaxed)
            )
        } else {
            #[expect(clippy::cast_precision_loss, reason = "a display of the time left")]
            let left = total.saturating_sub(done) as f64 / rate;
            let left = if left.is_finite() {
                format!(", about {left:.0} s left")
            } else {
                String::new()
            };
            format!(
                "{done} of {total} rows, {rate:.1} rows/s{left}: {}\n",
                outcomes(counters)
            )
        };
        let _ = io::Write::write_all(&mut AroundBar(screen.clone()), line.as_bytes());
        last = Instant::now();
        last_done = done;
    }
}
