//! What the tests of lpp-rs share: fixtures, tolerances, how a program must fail, servers that go wrong, a browser for pages.
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
mod fake_hub;
mod fixture;
mod program;
mod server;

pub use browser::Browser;
pub use close::{Tolerance, assert_close, largest_deviation};
pub use fake_hub::{FakeHub, FakeRepo, git_sha1, sha256};
pub use fixture::{data_folder, fixture, load_npy};
pub use program::{assert_fails, assert_succeeds, assert_usage_error};
pub use server::{Answer, Request, TestServer};
