//! Progress: a bar on a terminal, plain lines elsewhere, never on standard output.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::args::ProgressMode;
use super::output::Output;
use super::screen::{AroundBar, Screen, json_line};
use crate::report::{Counters, Pace};
use crate::telemetry::{Level, LogFormat};

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
    pub(crate) fn start(mode: ProgressMode, output: &Output, counters: Arc<Counters>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        // A bar is no line of JSON.
        let format = output.format;
        let terminal = format == LogFormat::Text && io::IsTerminal::is_terminal(&io::stderr());
        let (bar, lines) = match mode {
            ProgressMode::Never => (false, false),
            ProgressMode::Auto if output.quiet => (false, false),
            ProgressMode::Auto | ProgressMode::Always => (terminal, !terminal),
        };
        if !bar && !lines {
            return Self { stop, thread: None };
        }
        let (flag, screen) = (Arc::clone(&stop), output.screen.clone());
        let thread = std::thread::Builder::new()
            .name("progress".to_owned())
            .spawn(move || {
                if bar {
                    draw(&screen, &counters, &flag);
                } else {
                    print(&screen, &counters, &flag, format);
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

fn draw(screen: &Screen, counters: &Counters, stop: &AtomicBool) {
    let bar = screen.0.add(ProgressBar::no_length());
    let counting = ProgressStyle::with_template("{spinner} {wide_msg}");
    let running = ProgressStyle::with_template("{bar:20} {wide_msg}");
    if let Ok(style) = counting {
        bar.set_style(style);
    }
    let (begin, mut pace, mut known) = (Instant::now(), Pace::default(), false);
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
        bar.set_message(pace.words(counters, begin.elapsed()));
        if known {
            bar.set_position(counters.reached());
        } else {
            bar.tick();
        }
        std::thread::park_timeout(TICK);
    }
    bar.finish_and_clear();
}

fn print(screen: &Screen, counters: &Counters, stop: &AtomicBool, format: LogFormat) {
    let (begin, mut last, mut pace) = (Instant::now(), Instant::now(), Pace::default());
    while !stop.load(Ordering::SeqCst) {
        std::thread::park_timeout(TICK);
        // The first row that is sent begins the measure, so each look counts.
        let words = pace.words(counters, begin.elapsed());
        if last.elapsed() < LINE_EVERY {
            continue;
        }
        let line = match format {
            LogFormat::Json => json_line(Level::Info, &words) + "\n",
            LogFormat::Text => words + "\n",
        };
        let _ = io::Write::write_all(&mut AroundBar(screen.clone()), line.as_bytes());
        last = Instant::now();
    }
}
