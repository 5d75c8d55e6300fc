//! Tests: one factorisation serves twenty subjects.

use std::collections::BTreeMap;

use ndarray::Array2;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{Element, Formulation, PreparedFeatures, RidgeCv, standardise_columns};

const N_SUBJECTS: u64 = 20;

/// White noise of four runs, standardised.
fn noise<A: Element>(seed: u64, n_columns: usize) -> Vec<Array2<A>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut run =
        |n| Array2::from_shape_simple_fn((n, n_columns), || A::from_double(rng.random_range(-1.0..1.0)));
    [31, 26, 33, 29].map(|n| standardise_columns(&run(n))).into()
}

/// Where each inner operator lies in memory.
fn places<A: Element>(prepared: &PreparedFeatures<A>) -> Vec<*const A> {
    prepared.inner.iter().flatten().map(Array2::as_ptr).collect()
}

fn twenty_subjects<A: Element>(formulation: Formulation) {
    let x: Vec<Array2<A>> = noise(100, 40);
    let model = RidgeCv::params()
        .alphas([1.0, 30.0, 1000.0])
        .formulation(formulation)
        .check()
        .unwrap();
    let prepared = model.prepare(&x).unwrap();
    let (inner, bytes) = (places(&prepared), prepared.operator_bytes());
    let mut test = BTreeMap::new();
    for subject in 0..N_SUBJECTS {
        let y = noise(subject, 50 + usize::try_from(subject).unwrap()); // more than the block before, or fewer
        let (shared, alone) = (prepared.score(&y).unwrap(), model.fit(&x, &y).unwrap());
        assert_eq!(shared.fold_scores, alone.fold_scores, "subject {subject}");
        assert_eq!(
            shared.validation_curves, alone.validation_curves,
            "subject {subject}"
        );
        assert_eq!(shared.alpha_choice, alone.alpha_choice, "subject {subject}");
        for (fold, &alpha) in shared.alpha_index().unwrap().iter().enumerate() {
            // An operator that was ever made is found at the same place: it was not made again.
            let place = prepared.test_operator(fold, alpha).unwrap().as_ptr();
            assert_eq!(
                *test.entry((fold, alpha)).or_insert(place),
                place,
                "subject {subject}"
            );
        }
        // What is kept depends on the penalties that were chosen, not on how many subjects chose them.
        assert_eq!(prepared.test.n_kept(), test.len());
    }
    assert!(test.len() <= 4 * 3);
    assert_eq!(places(&prepared), inner);
    assert_eq!(prepared.operator_bytes(), bytes);
}

#[test]
fn further_subjects_score_as_if_alone_and_leave_nothing_behind() {
    for formulation in [Formulation::Primal, Formulation::Dual] {
        twenty_subjects::<f32>(formulation);
        twenty_subjects::<f64>(formulation);
    }
}
