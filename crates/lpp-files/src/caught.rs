//! Panics of libraries that read untrusted files.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::shortened;

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
}

/// Largest number of characters of a panic message to report.
const TOLD: usize = 200;

/// Calls a library that panics on some broken files instead of returning an error; the panic message is returned as the
/// error.
///
/// Do not use anything changed by the call after an error.
///
/// # Errors
/// The message of the panic, in one line.
///
/// ```
/// let result = lpp_files::caught(|| "text".parse::<u8>().unwrap());
/// assert!(result.is_err_and(|message| message.contains("InvalidDigit")));
/// assert_eq!(lpp_files::caught(|| 7), Ok(7));
/// ```
pub fn caught<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    let before = CATCHING.replace(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    CATCHING.set(before);
    result.map_err(|payload| {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned());
        let text = text.unwrap_or_else(|| "unknown".to_owned());
        shortened(&text.split_whitespace().collect::<Vec<_>>().join(" "), TOLD).into_owned()
    })
}

/// Whether a panic of this thread will be [`caught`] and need not be reported.
#[must_use]
pub fn panics_are_caught() -> bool {
    CATCHING.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::panic, reason = "what is caught")]
    fn the_flag_holds_for_the_call_alone() {
        assert!(!panics_are_caught());
        assert_eq!(caught(panics_are_caught), Ok(true));
        let nested = caught(|| (caught(|| panic!("inner\n  line")), panics_are_caught()));
        assert_eq!(nested, Ok((Err::<(), _>("inner line".to_owned()), true)));
        assert!(!panics_are_caught());
        let long = caught(|| panic!("{}", "a".repeat(1 << 20))).unwrap_err();
        assert!(long.len() < 300);
    }
}
