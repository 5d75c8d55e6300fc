//! Which runs train, validate and test, with equal inner training sets met only once.

use crate::runs::RunLayout;
use crate::{Formulation, InnerValidation};

/// One fold validated by one run of an inner set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validation {
    /// The test run whose penalty is being chosen.
    pub(crate) fold: usize,
    /// The run that is predicted.
    pub(crate) run: usize,
}

/// Training runs of the inner loop, and what they predict.
///
/// Leaving out {a, b} serves fold a validated by b and fold b validated by a.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InnerSet {
    /// Training runs, ascending.
    pub(crate) train: Vec<usize>,
    /// Validations, in the order of their rows in the stacked operators.
    pub(crate) validations: Vec<Validation>,
}

/// The inner sets of nested leave-one-run-out validation.
pub(crate) fn inner_sets(n_runs: usize, inner: InnerValidation) -> Vec<InnerSet> {
    let mut sets = Vec::new();
    for a in 0..n_runs {
        for b in a + 1..n_runs {
            let validations: Vec<_> = [Validation { fold: a, run: b }, Validation { fold: b, run: a }]
                .into_iter()
                .filter(|v| inner == InnerValidation::All || v.run == first_training_run(v.fold))
                .collect();
            if !validations.is_empty() {
                sets.push(InnerSet {
                    train: others(n_runs, &[a, b]),
                    validations,
                });
            }
        }
    }
    sets
}

fn first_training_run(fold: usize) -> usize {
    usize::from(fold == 0)
}

/// All runs but those, ascending.
pub(crate) fn others(n_runs: usize, left_out: &[usize]) -> Vec<usize> {
    (0..n_runs).filter(|r| !left_out.contains(r)).collect()
}

/// Whether to solve features by features.
///
/// Compares multiplications per target: both forms apply an operator to each validation run, once per penalty,
/// and each test run, with as many columns as features (primal) or training scans (dual); the primal form also needs
/// `XᵀY`, in the validation and again in the test pass.
pub(crate) fn is_primal(
    formulation: Formulation,
    n_features: usize,
    layout: &RunLayout,
    sets: &[InnerSet],
    n_alphas: usize,
) -> bool {
    match formulation {
        Formulation::Primal => return true,
        Formulation::Dual => return false,
        Formulation::Cheaper => {}
    }
    let (mut predicted, mut dual) = (0, 0);
    for set in sets {
        let rows: usize = set.validations.iter().map(|v| layout.len(v.run)).sum();
        predicted += rows * n_alphas;
        dual += rows * n_alphas * layout.total(&set.train);
    }
    for test in 0..layout.n_runs() {
        predicted += layout.len(test);
        dual += layout.len(test) * (layout.n_scans() - layout.len(test));
    }
    n_features * (2 * layout.n_scans() + predicted) <= dual
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_scheme_shares_one_inner_set() {
        let sets = inner_sets(9, InnerValidation::First);
        assert_eq!(sets.len(), 8);
        assert_eq!(sets[0].train, [2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(
            sets[0].validations,
            [Validation { fold: 0, run: 1 }, Validation { fold: 1, run: 0 }]
        );
        assert_eq!(sets[7].train, [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(sets[7].validations, [Validation { fold: 8, run: 0 }]);
    }

    #[test]
    fn full_validation_covers_every_ordered_pair() {
        let sets = inner_sets(5, InnerValidation::All);
        assert_eq!(sets.len(), 10);
        assert_eq!(sets.iter().map(|s| s.validations.len()).sum::<usize>(), 20);
    }

    #[test]
    fn few_features_are_primal_and_many_dual() {
        let layout = RunLayout::new([280; 9]);
        let sets = inner_sets(9, InnerValidation::First);
        let primal = |p| is_primal(Formulation::Cheaper, p, &layout, &sets, 16);
        assert!(primal(768) && !primal(5120));
        assert!(is_primal(Formulation::Primal, 5120, &layout, &sets, 16));
    }
}
