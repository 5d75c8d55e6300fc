//! Stopping a fit from another thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::RidgeError;

/// A flag that asks the fit to stop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Option<Arc<AtomicBool>>);

impl Stop {
    pub(crate) fn when(flag: Arc<AtomicBool>) -> Self {
        Self(Some(flag))
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    /// # Errors
    /// [`RidgeError::Stopped`] if the flag is set.
    pub(crate) fn check(&self) -> Result<(), RidgeError> {
        if self.is_set() {
            return Err(RidgeError::Stopped);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_flag_is_an_error() {
        for set in [false, true] {
            let stop = Stop::when(Arc::new(AtomicBool::new(set)));
            assert_eq!((stop.is_set(), stop.check().is_err()), (set, set));
        }
        assert!(Stop::default().check().is_ok());
    }
}
