//! Tests of the public interface: golden cases of the reference libraries, identities, bad input, real data.

#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test may stop where it fails, and compares what must be equal"
)]

mod bad_images;
mod common;
mod headers;
mod images;
mod joblib_dumps;
mod orientations;
mod preprocessing;
mod preprocessing_properties;
mod properties;
mod real_data;
mod regressors;
mod responses;
mod spheres;
