//! Signals that end a run, so that the programs it has started end with it.

use std::io;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag::{register_conditional_default, register_usize};

/// What a program may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether the user or the system asks the run to end. The default is never asked.
#[derive(Debug, Clone, Default)]
pub struct StopRequest {
    /// No program is running, so that the signal may end this process at once.
    idle: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl StopRequest {
    /// Asked by SIGTERM, SIGHUP or SIGINT. While no program is running, these signals have their usual effect.
    ///
    /// # Errors
    /// If the system refuses the handlers.
    pub fn on_signals() -> io::Result<Self> {
        let request = Self::default();
        request.idle.store(true, Ordering::SeqCst);
        for (signal, number) in [(SIGTERM, 15), (SIGHUP, 1), (SIGINT, 2)] {
            register_conditional_default(signal, Arc::clone(&request.idle))?;
            register_usize(signal, Arc::clone(&request.signal), number)?;
        }
        Ok(request)
    }

    /// Tells whether a program is running.
    pub(crate) fn set_idle(&self, idle: bool) {
        self.idle.store(idle, Ordering::SeqCst);
    }

    /// The signal that asked.
    pub(crate) fn signal(&self) -> Option<i32> {
        let signal = self.signal.load(Ordering::SeqCst);
        i32::try_from(signal).ok().filter(|signal| *signal != 0)
    }
}

/// Ends a program, and waits until it is gone.
///
/// # Errors
/// If the system refuses.
pub(crate) fn end(child: &mut Child) -> io::Result<()> {
    if let Some(process) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        kill_process(process, Signal::TERM)?;
    }
    let asked = Instant::now();
    while child.try_wait()?.is_none() {
        if asked.elapsed() > PATIENCE {
            child.kill()?;
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
