//! The published annotation, text and tokens through lpp-text, with the published corrections.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers included"
)]

mod common;
mod real_data;
mod reference;
