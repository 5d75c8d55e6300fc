//! What the tests of lpp-rs share: fixtures, tolerances, how a program must fail, and a browser for pages.
//!
//! Only ever a dev-dependency. Its functions panic where a test should fail.
//!
//! ```
//! use lpp_testkit::{Tolerance, assert_close};
//! use ndarray::array;
//!
//! assert_close(&array![1.0, f64::NAN], &array![1.0 + 1e-13, f64::NAN], Tolerance::relative(1e-12));
//! ```

mod browser;
mod close;
mod fixture;
mod program;

pub use browser::Browser;
pub use close::{Tolerance, assert_close, largest_deviation};
pub use fixture::{data_folder, fixture, load_npy};
pub use program::{assert_fails, assert_succeeds, assert_usage_error};
