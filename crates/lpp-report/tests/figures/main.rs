//! What the figures are made of, that no text lies on another, and that they look as they did.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../lpp-analysis/tests/common/mod.rs"]
mod common;
mod images;
mod overlap;
mod parsed;
mod structure;
mod studies;
mod surfaces;
