//! The tests of every engine, with LAPACK.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on should panic; rounding to f32 is meant"
)]

mod common;

common::suite::engine_tests!(lpp_ridge::Engine::Blas);
