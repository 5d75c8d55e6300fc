//! What the figures are made of, that no text lies on another, and that they look as they did.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test fails by panicking; shapes in fixtures are small whole numbers"
)]

#[path = "../../../lpp-analysis/tests/common/mod.rs"]
mod common;
mod images;
mod overlap;
mod parsed;
mod structure;
mod studies;
mod surfaces;
