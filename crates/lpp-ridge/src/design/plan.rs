//! The rows for training, validation and testing, with equal training sets listed only once.
//!
//! Rows with the same role in all folds are consecutive in the stack of all runs and form a *piece*; everything else
//! refers to pieces. With leave-one-run-out folds, the pieces are the runs.

use super::layout::Layout;
use crate::{Formulation, InnerValidation};

/// Rows or pieces for training, and those to score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) train: Vec<usize>,
    pub(crate) score: Vec<usize>,
}

/// One fold: its training pieces, and the entry of [`Plan::scored`] that it tests; `None` for a fit of all data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fold {
    pub(crate) train: Vec<usize>,
    pub(crate) test: Option<usize>,
}

/// One fold validated on some pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validation {
    /// The fold whose penalty is chosen.
    pub(crate) fold: usize,
    /// The entry of [`Plan::scored`] that is predicted.
    pub(crate) scored: usize,
}

/// A training set of the inner loop, with its predictions.
///
/// The training set without runs {a, b} is used by fold a validated on b, and by fold b validated on a.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InnerSet {
    /// Training pieces, ascending.
    pub(crate) train: Vec<usize>,
    /// Validations, in the order of their rows in the stacked operators.
    pub(crate) validations: Vec<Validation>,
}

/// All folds and their inner validation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Plan {
    /// Sets of pieces that are scored, ascending each.
    pub(crate) scored: Vec<Vec<usize>>,
    pub(crate) folds: Vec<Fold>,
    pub(crate) sets: Vec<InnerSet>,
}

impl Plan {
    /// Outer folds, each validated with the inner splits restricted to its training set: all of them, or the first.
    ///
    /// An outer fold without anything to score is a fit of its training set. Splits refer to pieces.
    pub(crate) fn new(outer: &[Split], inner: &[Split], rule: InnerValidation) -> Self {
        let mut plan = Self::default();
        for (index, fold) in outer.iter().enumerate() {
            let test = (!fold.score.is_empty()).then(|| plan.scored_set(&fold.score));
            plan.folds.push(Fold {
                train: fold.train.clone(),
                test,
            });
            let validations = inner
                .iter()
                .filter_map(|split| within(split, &fold.train))
                .peekable();
            for split in validations {
                let scored = plan.scored_set(&split.score);
                plan.add(split.train, Validation { fold: index, scored });
                if rule == InnerValidation::First {
                    break;
                }
            }
        }
        plan
    }

    fn scored_set(&mut self, pieces: &[usize]) -> usize {
        if let Some(known) = self.scored.iter().position(|set| set == pieces) {
            return known;
        }
        self.scored.push(pieces.to_vec());
        self.scored.len() - 1
    }

    fn add(&mut self, train: Vec<usize>, validation: Validation) {
        match self.sets.iter_mut().find(|set| set.train == train) {
            Some(set) => set.validations.push(validation),
            None => self.sets.push(InnerSet {
                train,
                validations: vec![validation],
            }),
        }
    }

    /// The same folds, without validation.
    pub(crate) fn without_inner(&self) -> Self {
        Self {
            sets: Vec::new(),
            ..self.clone()
        }
    }

    /// The first fold without any inner validation.
    pub(crate) fn without_validation(&self) -> Option<usize> {
        let validated = |fold| {
            self.sets
                .iter()
                .any(|set| set.validations.iter().any(|v| v.fold == fold))
        };
        (0..self.folds.len()).find(|&fold| !validated(fold))
    }

    /// Whether fold k tests piece k and trains on all others.
    pub(crate) fn leaves_out_one_piece(&self, n_pieces: usize) -> bool {
        self.folds.len() == n_pieces
            && self.folds.iter().enumerate().all(|(k, fold)| {
                fold.test.is_some_and(|test| self.scored[test] == [k]) && fold.train == others(n_pieces, &[k])
            })
    }
}

/// A split restricted to a training set; `None` if one side is empty.
fn within(split: &Split, train: &[usize]) -> Option<Split> {
    let both =
        |pieces: &[usize]| -> Vec<usize> { pieces.iter().copied().filter(|p| train.contains(p)).collect() };
    let inside = Split {
        train: both(&split.train),
        score: both(&split.score),
    };
    (!inside.train.is_empty() && !inside.score.is_empty()).then_some(inside)
}

/// All other pieces, ascending.
pub(crate) fn others(n_pieces: usize, left_out: &[usize]) -> Vec<usize> {
    (0..n_pieces).filter(|p| !left_out.contains(p)).collect()
}

/// Whether to solve the primal systems (features by features).
///
/// Compares multiplications per target. Both forms apply an operator to each validation set, once per penalty, and to
/// each test set; it has as many columns as features (primal) or training scans (dual). The primal form also needs
/// `XᵀY`, in the validation and again in the test pass.
pub(crate) fn is_primal(
    formulation: Formulation,
    n_features: usize,
    layout: &Layout,
    plan: &Plan,
    n_alphas: usize,
) -> bool {
    match formulation {
        Formulation::Primal => return true,
        Formulation::Dual => return false,
        Formulation::Cheaper => {}
    }
    let (mut predicted, mut dual) = (0, 0);
    for set in &plan.sets {
        let scored = set.validations.iter().map(|v| &plan.scored[v.scored]);
        let rows: usize = scored.map(|pieces| layout.total(pieces)).sum();
        predicted += rows * n_alphas;
        dual += rows * n_alphas * layout.total(&set.train);
    }
    for fold in &plan.folds {
        let rows = fold.test.map_or(0, |test| layout.total(&plan.scored[test]));
        predicted += rows;
        dual += rows * layout.total(&fold.train);
    }
    n_features * (2 * layout.n_scans() + predicted) <= dual
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::splits::leave_one_out;

    fn nested(n: usize, rule: InnerValidation) -> Plan {
        let pieces: Vec<Vec<usize>> = (0..n).map(|p| vec![p]).collect();
        let splits = leave_one_out(&pieces);
        Plan::new(&splits, &splits, rule)
    }

    #[test]
    fn the_reference_scheme_shares_one_inner_set() {
        let plan = nested(9, InnerValidation::First);
        let scored = |v: &Validation| (v.fold, plan.scored[v.scored].clone());
        assert_eq!(plan.sets.len(), 8);
        assert_eq!(plan.sets[0].train, [2, 3, 4, 5, 6, 7, 8]);
        let first: Vec<_> = plan.sets[0].validations.iter().map(scored).collect();
        assert_eq!(first, [(0, vec![1]), (1, vec![0])]);
        assert_eq!(plan.sets[7].train, [1, 2, 3, 4, 5, 6, 7]);
        let last: Vec<_> = plan.sets[7].validations.iter().map(scored).collect();
        assert_eq!(last, [(8, vec![0])]);
        assert!(plan.leaves_out_one_piece(9));
    }

    #[test]
    fn full_validation_covers_every_ordered_pair() {
        let plan = nested(5, InnerValidation::All);
        assert_eq!(plan.sets.len(), 10);
        assert_eq!(plan.sets.iter().map(|s| s.validations.len()).sum::<usize>(), 20);
    }

    #[test]
    fn a_fit_of_all_data_is_validated_by_every_split() {
        let pieces: Vec<Vec<usize>> = (0..4).map(|p| vec![p]).collect();
        let all = Split {
            train: vec![0, 1, 2, 3],
            score: Vec::new(),
        };
        let plan = Plan::new(&[all], &leave_one_out(&pieces), InnerValidation::All);
        assert_eq!(plan.folds[0].test, None);
        assert_eq!(plan.sets.len(), 4);
        assert_eq!(plan.without_validation(), None);
        assert_eq!(nested(2, InnerValidation::All).without_validation(), Some(0));
    }

    #[test]
    fn few_features_are_primal_and_many_dual() {
        let layout = Layout::of_runs(&[280; 9]);
        let plan = nested(9, InnerValidation::First);
        let primal = |p| is_primal(Formulation::Cheaper, p, &layout, &plan, 16);
        assert!(primal(768) && !primal(5120));
        assert!(is_primal(Formulation::Primal, 5120, &layout, &plan, 16));
    }

    #[test]
    fn the_cheaper_system_is_that_with_fewer_multiplications() {
        let layout = Layout::of_runs(&[10, 20, 30]);
        let plan = nested(3, InnerValidation::First);
        let primal =
            |n_features, n_alphas| is_primal(Formulation::Cheaper, n_features, &layout, &plan, n_alphas);
        // Per penalty, the sets {2} and {1} predict 20 + 10 and 10 rows, from 30 and 20 scans: 1100 multiplications in the dual
        // form. The tests predict 10, 20 and 30 rows from 50, 40 and 30 scans: 2200. Per feature, the primal form takes
        // 40 per penalty, 60 for the tests, and twice the 60 scans.
        for (n_alphas, most) in [(1, 3300 / 220), (3, 5500 / 300), (16, 19800 / 820)] {
            assert!(
                primal(most, n_alphas) && !primal(most + 1, n_alphas),
                "{n_alphas}"
            );
        }
        assert!(is_primal(Formulation::Primal, 1000, &layout, &plan, 1));
        assert!(!is_primal(Formulation::Dual, 1, &layout, &plan, 1));
    }
}
