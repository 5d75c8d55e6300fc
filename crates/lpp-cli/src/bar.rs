//! Progress on stderr: a bar on a terminal, otherwise a line from time to time.

use std::io::{self, IsTerminal};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use lpp_files::{Progress, Silent};

use crate::CommonArgs;
use crate::message::printable;

/// Time between two lines if stderr is not a terminal.
const LINE_EVERY: Duration = Duration::from_secs(15);

/// The progress report for stderr and the flags.
#[must_use]
pub fn progress(common: &CommonArgs) -> ProgressReport {
    ProgressReport(match (common.quiet(), io::stderr().is_terminal()) {
        (true, _) => Kind::Silent(Silent),
        (false, true) => Kind::Bar(Mutex::new(ProgressBar::hidden())),
        (false, false) => Kind::Lines(Mutex::new(None)),
    })
}

/// A [`Progress`] on stderr.
#[derive(Debug)]
pub struct ProgressReport(Kind);

#[derive(Debug)]
enum Kind {
    Silent(Silent),
    Bar(Mutex<ProgressBar>),
    Lines(Mutex<Option<Stage>>),
}

/// The progress of a stage reported in lines.
#[derive(Debug)]
struct Stage {
    what: String,
    done: u64,
    total: u64,
    started: Instant,
    last_line: Instant,
}

impl Stage {
    fn advance(&mut self, parts: u64) {
        self.done += parts;
        if self.last_line.elapsed() >= LINE_EVERY && self.done < self.total {
            self.last_line = Instant::now();
            let elapsed = self.started.elapsed().as_secs_f64();
            let left = elapsed * (self.total - self.done) as f64 / self.done.max(1) as f64;
            tracing::info!("{}: {} of {}, {left:.0} s left", self.what, self.done, self.total);
        }
    }
}

impl Progress for ProgressReport {
    fn start(&self, what: &str, total: u64) {
        match &self.0 {
            Kind::Silent(silent) => silent.start(what, total),
            Kind::Bar(bar) => *lock(bar) = new_bar(what, total),
            Kind::Lines(stage) => {
                let now = Instant::now();
                *lock(stage) = Some(Stage {
                    what: what.to_owned(),
                    done: 0,
                    total,
                    started: now,
                    last_line: now,
                });
            }
        }
    }

    fn advance(&self, parts: u64) {
        match &self.0 {
            Kind::Silent(silent) => silent.advance(parts),
            Kind::Bar(bar) => lock(bar).inc(parts),
            Kind::Lines(stage) => {
                if let Some(stage) = lock(stage).as_mut() {
                    stage.advance(parts);
                }
            }
        }
    }

    fn finish(&self) {
        match &self.0 {
            Kind::Silent(silent) => silent.finish(),
            Kind::Bar(bar) => lock(bar).finish_and_clear(),
            Kind::Lines(stage) => *lock(stage) = None,
        }
    }
}

fn new_bar(what: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total).with_message(printable(what));
    if let Ok(style) = ProgressStyle::with_template("{msg} [{wide_bar}] {pos}/{len} {elapsed} ETA {eta}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

/// A poisoned lock only means that another thread panicked while counting; the count is still valid.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
