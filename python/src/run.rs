//! Runs a fit without blocking the interpreter: the lock is released, and Ctrl-C stops the fit.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lpp_ridge::RidgeError;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// How often signals are checked.
const PATIENCE: Duration = Duration::from_millis(50);

/// Converts an error of the fit to a Python exception.
#[allow(clippy::needless_pass_by_value, reason = "the signature that map_err wants")]
pub(crate) fn value_error(error: RidgeError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// Runs `work` in a separate thread and checks signals; `stop` ends the work between two blocks of targets.
pub(crate) fn interruptible<R: Send>(
    py: Python<'_>,
    stop: &Arc<AtomicBool>,
    work: impl FnOnce() -> Result<R, RidgeError> + Send,
) -> PyResult<R> {
    let (done, result) = sync_channel(1);
    let result = Mutex::new(result); // read by this thread alone, without the lock of the interpreter
    std::thread::scope(|scope| {
        let worker = scope.spawn(move || {
            // Nobody waits any more after an interruption.
            let _ = done.send(work());
        });
        loop {
            let waited = py.detach(|| {
                result
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .recv_timeout(PATIENCE)
            });
            match waited {
                Ok(found) => return found.map_err(value_error),
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(interruption) = py.check_signals() {
                        stop.store(true, Ordering::Relaxed);
                        py.detach(|| drop(result.lock().unwrap_or_else(PoisonError::into_inner).recv()));
                        return Err(interruption);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    drop(worker.join()); // what a panic has to say is on standard error already
                    return Err(pyo3::exceptions::PyRuntimeError::new_err(
                        "the fit ended without a result; please report it",
                    ));
                }
            }
        }
    })
}
