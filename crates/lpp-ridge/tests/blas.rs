//! The tests of every backend, on BLAS.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on should panic; rounding to f32 is meant"
)]

mod common;

common::suite::backend_tests!(lpp_ridge::Blas);
