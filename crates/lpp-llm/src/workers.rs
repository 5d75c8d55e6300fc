//! Windows side by side: a thread takes one window at a time through a model.
//!
//! A product that several threads share ends with a barrier, at which each waits for the slowest; there are hundreds of
//! them in a window, and libtorch's threads spin while they wait. Threads that share no window share nothing but the order in
//! which results are delivered, and what a window gives does not depend on how many there are.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use tch::Device;

use crate::error::LlmError;
use crate::model::ModelParams;

/// Part of a window's time that is not divided among threads which share it.
const NOT_SHARED: f64 = 0.2;

/// Memory for all windows that are under way. It is reached by models of billions of parameters.
const WORKING_BYTES: usize = 2 << 30;

/// Stack of a thread, that of a main thread: libtorch's kernels count on it.
const STACK_BYTES: usize = 8 << 20;

/// How the threads of a job are divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Workers {
    /// Windows that are under way at the same time.
    n_at_once: usize,
    /// Threads of libtorch in each of them.
    n_threads: usize,
}

/// What is done with a window, given by its index, and its turns to deliver.
type Work<'w, S> = dyn Fn(usize, &Turns<'_, '_, S>) -> Result<(), LlmError> + Sync + 'w;

/// An error and the window in which it arose.
pub(crate) type WindowError = (usize, LlmError);

impl Workers {
    /// The division for `n_windows` windows that need `bytes` of working memory each.
    pub(crate) fn new(params: &ModelParams, device: Device, n_windows: usize, bytes: usize) -> Self {
        let current = || usize::try_from(tch::get_num_threads()).unwrap_or(1);
        let n_threads = params.n_threads.unwrap_or_else(current).max(1);
        if device != Device::Cpu {
            return Self {
                n_at_once: 1,
                n_threads,
            };
        }
        let most = (WORKING_BYTES / bytes.max(1)).min(n_windows).clamp(1, n_threads);
        if params.equal_bits {
            return Self {
                n_at_once: most,
                n_threads: 1,
            };
        }
        Self::fastest(n_threads, n_windows, most)
    }

    /// Of up to `most` windows at once, the number with which all are done first; the largest of equally fast ones.
    fn fastest(n_threads: usize, n_windows: usize, most: usize) -> Self {
        let of = |n_at_once: usize| Self {
            n_at_once,
            n_threads: n_threads / n_at_once,
        };
        let time = |workers: &Self| {
            let rounds = n_windows.div_ceil(workers.n_at_once) as f64;
            rounds * (NOT_SHARED + (1.0 - NOT_SHARED) / workers.n_threads as f64)
        };
        let all = (2..=most).rev().map(of);
        all.chain([of(1)])
            .min_by(|a, b| time(a).total_cmp(&time(b)))
            .unwrap_or(of(1))
    }

    /// Calls `work` for each window, several at the same time. What it delivers at its turns reaches `sink` in the order of
    /// the windows.
    ///
    /// # Errors
    /// Of the windows that fail, the error of the first. Later ones may not have been started.
    pub(crate) fn run<S: Send>(
        self,
        windows: Range<usize>,
        sink: &mut S,
        work: &Work<'_, S>,
    ) -> Result<(), WindowError> {
        let queue = Queue {
            next: AtomicUsize::new(windows.start),
            end: windows.end,
            first: windows.start,
            state: Mutex::new(State {
                sink,
                delivered: vec![0; windows.len()],
                failure: None,
            }),
            changed: Condvar::new(),
        };
        let take_windows = || {
            tch::set_num_threads(i32::try_from(self.n_threads).unwrap_or(i32::MAX));
            tch::no_grad(|| queue.work_off(work));
        };
        if self.n_at_once == 1 {
            take_windows();
        } else {
            thread::scope(|scope| {
                for _ in 0..self.n_at_once {
                    let thread = thread::Builder::new().stack_size(STACK_BYTES);
                    // Those that have started do the work alone if the system has no thread left.
                    if thread.spawn_scoped(scope, take_windows).is_err() {
                        take_windows();
                    }
                }
            });
        }
        let state = queue.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.failure.map_or(Ok(()), Err)
    }
}

/// The windows that are still to come, and what the others have delivered.
struct Queue<'a, S> {
    next: AtomicUsize,
    end: usize,
    first: usize,
    state: Mutex<State<'a, S>>,
    changed: Condvar,
}

struct State<'a, S> {
    sink: &'a mut S,
    /// Deliveries of each window so far; all that there will ever be, once it is done.
    delivered: Vec<usize>,
    /// The first window that failed.
    failure: Option<WindowError>,
}

impl<S> State<'_, S> {
    fn has_failed_before(&self, window: usize) -> bool {
        self.failure.as_ref().is_some_and(|(failed, _)| *failed < window)
    }
}

impl<'a, S> Queue<'a, S> {
    fn state(&self) -> MutexGuard<'_, State<'a, S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work_off(&self, work: &Work<'_, S>) {
        loop {
            let window = self.next.fetch_add(1, Ordering::Relaxed);
            if window >= self.end || self.state().has_failed_before(window) {
                return;
            }
            let turns = Turns { queue: self, window };
            if let Err(problem) = work(window, &turns) {
                let mut state = self.state();
                if !state.has_failed_before(window) {
                    state.failure = Some((window, problem));
                }
            }
        }
    }
}

/// The turns of one window to deliver.
pub(crate) struct Turns<'q, 'a, S> {
    queue: &'q Queue<'a, S>,
    window: usize,
}

impl<S> Turns<'_, '_, S> {
    /// Hands over a result, after the window before has handed over as many and one more, or all of its own. Nothing
    /// happens if an earlier window has failed.
    ///
    /// # Errors
    /// That of `hand_over`.
    pub(crate) fn deliver(
        &self,
        hand_over: impl FnOnce(&mut S) -> Result<(), LlmError>,
    ) -> Result<(), LlmError> {
        let place = self.window - self.queue.first;
        let mut state = self.queue.state();
        while place > 0 && state.delivered[place - 1] <= state.delivered[place] {
            if state.has_failed_before(self.window) {
                return Ok(());
            }
            state = self
                .queue
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if state.has_failed_before(self.window) {
            return Ok(());
        }
        hand_over(state.sink)?;
        state.delivered[place] += 1;
        self.queue.changed.notify_all();
        Ok(())
    }
}

/// A window that is done, in whichever way, holds up no other.
impl<S> Drop for Turns<'_, '_, S> {
    fn drop(&mut self) {
        self.queue.state().delivered[self.window - self.queue.first] = usize::MAX;
        self.queue.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workers(n_at_once: usize) -> Workers {
        Workers {
            n_at_once,
            n_threads: 1,
        }
    }

    /// Delivers twice, after some work that takes longer for every third window.
    fn twice(window: usize, turns: &Turns<'_, '_, Vec<[usize; 2]>>) -> Result<(), LlmError> {
        for step in 0..2 {
            if window.is_multiple_of(3) {
                thread::yield_now();
            }
            turns.deliver(|delivered| {
                delivered.push([step, window]);
                Ok(())
            })?;
        }
        Ok(())
    }

    #[test]
    fn deliveries_of_a_step_are_in_the_order_of_the_windows() {
        for n_at_once in 1..5 {
            let mut delivered = Vec::new();
            workers(n_at_once).run(3..50, &mut delivered, &twice).unwrap();
            for step in 0..2 {
                let of_step = delivered.iter().filter(|entry| entry[0] == step);
                assert!(of_step.map(|entry| entry[1]).eq(3..50));
            }
        }
    }

    #[test]
    fn of_several_failures_the_first_is_reported_and_nothing_after_it_delivered() {
        for n_at_once in 1..5 {
            let mut delivered = Vec::new();
            let failing = |window: usize, turns: &Turns<'_, '_, Vec<[usize; 2]>>| {
                if window >= 7 {
                    return Err(LlmError::Seed { seed: window as u64 });
                }
                twice(window, turns)
            };
            let (window, problem) = workers(n_at_once)
                .run(0..20, &mut delivered, &failing)
                .unwrap_err();
            assert!(window == 7 && matches!(problem, LlmError::Seed { seed: 7 }));
            assert_eq!(delivered.len(), 14);
        }
    }

    #[test]
    fn a_failed_delivery_stops_later_ones() {
        for n_at_once in 1..5 {
            let mut n_delivered = 0;
            let (window, _) = workers(n_at_once)
                .run(0..20, &mut n_delivered, &|window, turns| {
                    turns.deliver(|n: &mut i32| {
                        if window == 5 {
                            return Err(LlmError::EmptyWindow);
                        }
                        *n += 1;
                        Ok(())
                    })
                })
                .unwrap_err();
            assert_eq!((window, n_delivered), (5, 5));
        }
    }

    #[test]
    fn a_panic_holds_up_no_other_window() {
        let mut n_delivered = 0;
        let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            workers(3).run(0..9, &mut n_delivered, &|window, turns| {
                assert!(window != 4, "a fault of ours");
                turns.deliver(|n: &mut i32| {
                    *n += 1;
                    Ok(())
                })
            })
        }));
        assert!(run.is_err());
        assert_eq!(n_delivered, 8);
    }

    #[test]
    fn windows_share_threads_only_if_there_are_too_few() {
        for (n_threads, n_windows, most, expected) in [
            (1, 9, 1, (1, 1)),
            (2, 226, 2, (2, 1)),
            (2, 1, 1, (1, 2)),
            (2, 9, 2, (2, 1)),
            (2, 3, 2, (1, 2)),
            (8, 226, 8, (8, 1)),
            (8, 226, 2, (2, 4)),
            (16, 9, 9, (5, 3)),
            (4, 2, 2, (2, 2)),
        ] {
            let found = Workers::fastest(n_threads, n_windows, most);
            assert_eq!(
                (found.n_at_once, found.n_threads),
                expected,
                "{n_threads} threads, {n_windows} windows"
            );
        }
    }
}
