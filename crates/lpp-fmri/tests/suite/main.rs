//! Tests of the public interface: golden cases of the reference libraries, identities, bad input, real data.

mod bad_images;
mod common;
mod images;
mod joblib_dumps;
mod properties;
mod real_data;
mod regressors;
mod spheres;
