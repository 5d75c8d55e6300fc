//! What must hold for any data: properties over random sizes, seeds and settings.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on should panic; rounding to f32 is meant"
)]

mod common;

use common::{Study, largest};
use lpp_ridge::{AlphaScope, Formulation, InnerValidation, Metric, RidgeCv, RidgeCvFit, RidgeCvParams};
use ndarray::{Array2, Axis, concatenate};
use proptest::prelude::*;

const ALPHAS: [f64; 3] = [1.0, 30.0, 1000.0];

#[derive(Debug, Clone)]
struct Setting {
    study: Study,
    params: RidgeCvParams,
}

impl Setting {
    fn fit(&self, study: &Study) -> RidgeCvFit {
        fit(&self.params, study)
    }
}

fn fit(params: &RidgeCvParams, study: &Study) -> RidgeCvFit {
    params.clone().check().unwrap().fit(&study.x, &study.y).unwrap()
}

fn setting() -> impl Strategy<Value = Setting> {
    let sizes = (
        any::<u64>(),
        prop::collection::vec(6_usize..20, 3..6),
        1_usize..60,
        2_usize..40,
    );
    let options = (any::<bool>(), any::<bool>(), any::<bool>());
    (sizes, options).prop_map(
        |((seed, lengths, n_features, n_targets), (own, all, r2))| Setting {
            study: Study::new(seed, &lengths, n_features, n_targets),
            params: RidgeCv::params()
                .alphas(ALPHAS)
                .alpha_scope(if own {
                    AlphaScope::PerTarget
                } else {
                    AlphaScope::Global
                })
                .inner(if all {
                    InnerValidation::All
                } else {
                    InnerValidation::First
                })
                .metric(if r2 { Metric::R2 } else { Metric::Pearson }),
        },
    )
}

/// Whether two fits chose alike. Two penalties may be equally good to rounding, so this is asked only of fits whose
/// numbers are the same to the bit.
fn same_to_the_bit(a: &RidgeCvFit, b: &RidgeCvFit) -> bool {
    a.fold_scores == b.fold_scores && a.alpha_choice == b.alpha_choice
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn scaling_features_by_c_and_penalties_by_its_square_changes_no_score(
        setting in setting(), exponent in -6_i32..7
    ) {
        // Powers of two scale without rounding, so even the choice among equally good penalties is the same.
        let c = 2_f64.powi(exponent);
        let scaled = Study {
            x: setting.study.x.iter().map(|x| x * c).collect(),
            y: setting.study.y.clone(),
        };
        let alphas = setting.params.clone().alphas(ALPHAS.map(|a| a * c * c));
        // LAPACK's triangular solves divide and multiply by powers of two alike.
        prop_assert!(largest(&setting.fit(&setting.study).fold_scores, &fit(&alphas, &scaled).fold_scores) < 1e-12);
    }

    #[test]
    fn another_target_changes_no_score_under_penalties_of_their_own(setting in setting()) {
        let params = setting.params.clone().alpha_scope(AlphaScope::PerTarget);
        let wider = Study {
            x: setting.study.x.clone(),
            y: setting.study.y.iter().map(|y| {
                let extra = Array2::from_shape_fn((y.nrows(), 1), |(i, _)| (i as f64 * 0.7).sin());
                concatenate![Axis(1), *y, extra]
            }).collect(),
        };
        let n = setting.study.y[0].ncols();
        let (plain, more) = (fit(&params, &setting.study), fit(&params, &wider));
        prop_assert_eq!(plain.fold_scores, more.fold_scores.slice(ndarray::s![.., ..n]).to_owned());
    }

    #[test]
    fn permuting_targets_permutes_scores_to_the_bit(setting in setting(), shift in 1_usize..40) {
        let n = setting.study.y[0].ncols();
        let order: Vec<usize> = (0..n).rev().map(|i| (i + shift) % n).collect();
        let plain = setting.fit(&setting.study);
        let other = setting.fit(&setting.study.targets(&order));
        prop_assert_eq!(&plain.validation_curves, &other.validation_curves);
        prop_assert_eq!(plain.fold_scores.select(Axis(1), &order), other.fold_scores);
    }

    #[test]
    fn permuting_runs_permutes_folds_if_all_validate(setting in setting(), shift in 1_usize..5) {
        let n = setting.study.x.len();
        let order: Vec<usize> = (0..n).rev().map(|i| (i + shift) % n).collect();
        let permuted = Study {
            x: order.iter().map(|&r| setting.study.x[r].clone()).collect(),
            y: order.iter().map(|&r| setting.study.y[r].clone()).collect(),
        };
        // One penalty, since sums in another order may tip the choice between equally good ones.
        let params = setting.params.clone().inner(InnerValidation::All).alphas([30.0]);
        let (plain, other) = (fit(&params, &setting.study), fit(&params, &permuted));
        // R² reaches -10 here; the rest is sums of up to 60 terms in another order.
        prop_assert!(largest(&plain.fold_scores.select(Axis(0), &order), &other.fold_scores) < 1e-9);
        prop_assert!(
            largest(&plain.validation_curves.select(Axis(0), &order), &other.validation_curves) < 1e-9
        );
    }

    #[test]
    fn primal_and_dual_agree(
        seed in any::<u64>(), n in 8_usize..16, offset in -6_isize..7, r2 in any::<bool>()
    ) {
        // Around as many features as training scans: fewer, as many, more.
        let n_features = (3 * n).checked_add_signed(offset).unwrap();
        let study = Study::new(seed, &[n; 4], n_features, 5);
        let metric = if r2 { Metric::R2 } else { Metric::Pearson };
        let by = |formulation| {
            let params = RidgeCv::params().alphas([10.0]).metric(metric).formulation(formulation);
            fit(&params, &study)
        };
        let (primal, dual) = (by(Formulation::Primal), by(Formulation::Dual));
        prop_assert!(largest(&primal.fold_scores, &dual.fold_scores) < 1e-8); // what the specification asks for
    }

    #[test]
    fn the_thread_count_changes_no_bit(setting in setting(), threads in 2_usize..5) {
        let with = |n| fit(&setting.params.clone().threads(std::num::NonZeroUsize::new(n)), &setting.study);
        prop_assert!(same_to_the_bit(&with(1), &with(threads)));
    }
}
