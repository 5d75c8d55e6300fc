//! The tests of every backend, on libtorch, and what is its own. `LPP_TORCH_DEVICE=cuda` runs them on the first GPU.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on should panic; rounding to f32 is meant"
)]

mod common;

use std::num::NonZeroUsize;

use common::{Study, largest};
use lpp_ridge::tch::{Cuda, Device};
use lpp_ridge::{
    AlphaScope, Formulation, Metric, PreparedRidge, RidgeBackend, RidgeCv, RidgeCvParams, RidgeError, Torch,
};

fn torch() -> Torch {
    let asked = std::env::var("LPP_TORCH_DEVICE").unwrap_or_default();
    Torch::on(match asked.as_str() {
        "cuda" => Device::Cuda(0),
        "" | "cpu" => Device::Cpu,
        other => panic!("LPP_TORCH_DEVICE is {other}, expected cpu or cuda"),
    })
}

common::suite::backend_tests!(crate::torch());

#[test]
fn the_bound_on_memory_changes_no_score() {
    let study = Study::new(21, &[30, 26, 33, 29], 20, 101);
    for formulation in [Formulation::Primal, Formulation::Dual] {
        for scope in [AlphaScope::Global, AlphaScope::PerTarget] {
            let model = RidgeCv::params()
                .alphas([1.0, 100.0])
                .formulation(formulation)
                .alpha_scope(scope)
                .check()
                .unwrap();
            let fit = |bytes| {
                let prepared = torch().block_bytes(bytes).prepare(&model, &study.x).unwrap();
                prepared.score(&study.y).unwrap()
            };
            let whole = fit(usize::MAX);
            // One target at a time, and 101 targets in blocks that do not divide them: about 10 kB a target.
            for bytes in [0, 100_000] {
                let parts = fit(bytes);
                assert!(largest(&parts.fold_scores, &whole.fold_scores) < 1e-12); // another kernel, another order
                assert_eq!(parts.alpha_choice, whole.alpha_choice);
            }
        }
    }
}

#[test]
fn settings_that_torch_does_not_know_are_refused_not_ignored() {
    let study = Study::new(3, &[20; 4], 3, 2);
    let refused = |params: RidgeCvParams, part: &str| {
        let error = Torch::on(Device::Cpu)
            .prepare(&params.check().unwrap(), &study.x)
            .err()
            .unwrap();
        assert_eq!(
            error.to_string(),
            format!("the torch backend does not support {part}")
        );
    };
    refused(
        RidgeCv::params().metric(Metric::R2),
        "another metric than Pearson's correlation",
    );
    refused(RidgeCv::params().groups([0, 1, 2, 2]), "groups of runs");
    refused(
        RidgeCv::params().validation_scores(true),
        "keeping validation scores",
    );
    refused(
        RidgeCv::params().threads(NonZeroUsize::new(2)),
        "a number of threads of its own",
    );
}

#[test]
fn a_device_that_is_not_there_is_an_error() {
    let study = Study::new(23, &[30, 26, 33, 29], 5, 3);
    let absent = Device::Cuda(usize::try_from(Cuda::device_count()).unwrap());
    let model = RidgeCv::params().check().unwrap();
    let refusal = Torch::on(absent).prepare(&model, &study.x).unwrap_err();
    assert!(matches!(refusal, RidgeError::Torch { .. }), "{refusal}");
    assert!(!refusal.to_string().contains('\n'), "{refusal}");
}
