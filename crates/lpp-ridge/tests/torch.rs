//! The tests of every engine, with libtorch. `LPP_TORCH_DEVICE=cuda` runs them on the first GPU.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on should panic; rounding to f32 is meant"
)]

mod common;

use common::Study;
use lpp_ridge::tch::{Cuda, Device};
use lpp_ridge::{Engine, RidgeCv, RidgeError};

fn torch() -> Engine {
    let asked = std::env::var("LPP_TORCH_DEVICE").unwrap_or_default();
    Engine::Torch(match asked.as_str() {
        "cuda" => Device::Cuda(0),
        "" | "cpu" => Device::Cpu,
        other => panic!("LPP_TORCH_DEVICE is {other}, expected cpu or cuda"),
    })
}

common::suite::engine_tests!(crate::torch());

#[test]
fn a_device_that_is_not_there_is_an_error() {
    let study = Study::new(23, &[30, 26, 33, 29], 5, 3);
    let absent = Device::Cuda(usize::try_from(Cuda::device_count()).unwrap());
    let model = RidgeCv::params().engine(Engine::Torch(absent)).check().unwrap();
    let refusal = model.prepare(&study.x).unwrap_err();
    assert!(matches!(refusal, RidgeError::Torch { .. }), "{refusal}");
    assert!(!refusal.to_string().contains('\n'), "{refusal}");
    assert!(std::error::Error::source(&refusal).is_none());
}
