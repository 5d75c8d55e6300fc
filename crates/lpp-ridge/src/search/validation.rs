//! The inner loop: validation scores of every penalty that may still win.

use ndarray::{Array2, Array3, ArrayView2, Axis, Zip, s};

use super::block::Block;
use super::exact_sum::ExactSum;
use crate::design::plan::InnerSet;
use crate::systems::factored::Factored;
use crate::{Number, RidgeError};

/// The penalties to score in each fold.
#[derive(Debug, Clone)]
pub(crate) struct Candidates(pub(crate) Vec<Vec<usize>>);

impl Candidates {
    pub(crate) fn all(n_folds: usize, n_alphas: usize) -> Self {
        Self(vec![(0..n_alphas).collect(); n_folds])
    }

    /// Penalties needed by any fold of this inner set, ascending.
    fn of_set(&self, set: &InnerSet) -> Vec<usize> {
        let mut union: Vec<usize> = set
            .validations
            .iter()
            .flat_map(|v| self.0[v.fold].iter().copied())
            .collect();
        union.sort_unstable();
        union.dedup();
        union
    }
}

/// Validation scores of a block of targets.
pub(crate) struct BlockCurves {
    /// Mean over the validations, (`n_folds`, `n_alphas`, width); meaningful for candidates of usable targets.
    pub(crate) scores: Array3<f64>,
    /// Number of validations in each mean, (`n_folds`, width); 0 if the target is unusable.
    pub(crate) n_runs: Array2<u32>,
}

/// Scores the candidates on the targets of `block`, of which the first `n_used` columns are real.
pub(crate) fn validate<A: Number>(
    factored: &Factored<A>,
    block: &mut Block<'_, A>,
    n_used: usize,
    candidates: &Candidates,
) -> Result<BlockCurves, RidgeError> {
    let (n_folds, n_alphas) = (factored.n_folds(), factored.model.alphas().len());
    let mut curves = BlockCurves {
        scores: Array3::zeros((n_folds, n_alphas, n_used)),
        n_runs: Array2::zeros((n_folds, n_used)),
    };
    let most = factored
        .plan
        .sets
        .iter()
        .map(|set| set.validations.len())
        .max()
        .unwrap_or(0);
    let mut scratch = Array3::zeros((most, n_alphas, block.width()));
    for (index, set) in factored.plan.sets.iter().enumerate() {
        let wanted = candidates.of_set(set);
        if wanted.is_empty() {
            continue;
        }
        score_set(factored, block, index, &wanted, &mut scratch)?;
        for (which, validation) in set.validations.iter().enumerate() {
            let scores = scratch.index_axis(Axis(0), which);
            curves.add(validation.fold, &candidates.0[validation.fold], &scores);
        }
    }
    curves.average();
    Ok(curves)
}

/// Scores the penalties `wanted` in an inner set: `scores` is (its validations, `n_alphas`, width).
///
/// If all penalties of the basis are wanted, only these take a product; the predictions of the others are combined from
/// them.
fn score_set<A: Number>(
    factored: &Factored<A>,
    block: &mut Block<'_, A>,
    index: usize,
    wanted: &[usize],
    scores: &mut Array3<f64>,
) -> Result<(), RidgeError> {
    let (set, operators) = (&factored.plan.sets[index], &factored.inner[index]);
    let mut score = |block: &Block<'_, A>, mut top: usize, alpha: usize| {
        for (which, validation) in set.validations.iter().enumerate() {
            if let Some(out) = scores.slice_mut(s![which, alpha, ..]).as_slice_mut() {
                block.score(top, validation.scored, out)?;
            }
            top += factored.layout.total(&factored.plan.scored[validation.scored]);
        }
        Ok::<_, RidgeError>(())
    };
    block.train_on(&set.train)?;
    let combinations = factored.combinations[index]
        .as_ref()
        .filter(|c| c.basis.iter().all(|alpha| wanted.contains(alpha)));
    let Some(combinations) = combinations else {
        for &alpha in wanted {
            block.predict(&operators[alpha], &set.train)?;
            score(block, 0, alpha)?;
        }
        return Ok(());
    };
    let n_rows = operators[0].nrows();
    for (place, &alpha) in combinations.basis.iter().enumerate() {
        block.predict_below(place * n_rows, &operators[alpha], &set.train)?;
        score(block, place * n_rows, alpha)?;
    }
    block.combine(n_rows, &combinations.coefficients);
    for (place, alpha) in combinations
        .combined
        .iter()
        .enumerate()
        .filter(|(_, alpha)| wanted.contains(alpha))
    {
        score(block, (combinations.basis.len() + place) * n_rows, *alpha)?;
    }
    Ok(())
}

impl BlockCurves {
    /// Adds one validation of a fold. A target counts only if every candidate has a score, so that penalties are
    /// compared on the same targets.
    fn add(&mut self, fold: usize, candidates: &[usize], scores: &ArrayView2<'_, f64>) {
        if candidates.is_empty() {
            return;
        }
        for target in 0..self.n_runs.ncols() {
            if candidates.iter().any(|&a| scores[[a, target]].is_nan()) {
                continue;
            }
            self.n_runs[[fold, target]] += 1;
            for &alpha in candidates {
                self.scores[[fold, alpha, target]] += scores[[alpha, target]];
            }
        }
    }

    fn average(&mut self) {
        for (mut scores, n_runs) in self.scores.outer_iter_mut().zip(self.n_runs.outer_iter()) {
            for mut curve in scores.outer_iter_mut() {
                Zip::from(&mut curve).and(&n_runs).for_each(|s, &n| {
                    if n > 1 {
                        *s /= f64::from(n);
                    }
                });
            }
        }
    }
}

/// Validation scores summed over targets.
#[derive(Debug, Clone)]
pub(crate) struct Totals {
    sums: Array2<ExactSum>,
    n_usable: Vec<u64>,
    n_unusable: Vec<u64>,
}

impl Totals {
    pub(crate) fn new(n_folds: usize, n_alphas: usize) -> Self {
        Self {
            sums: Array2::default((n_folds, n_alphas)),
            n_usable: vec![0; n_folds],
            n_unusable: vec![0; n_folds],
        }
    }

    /// Adds the targets of a block.
    pub(crate) fn add(&mut self, curves: &BlockCurves) {
        for ((fold, target), &n) in curves.n_runs.indexed_iter() {
            if n == 0 {
                self.n_unusable[fold] += 1;
                continue;
            }
            self.n_usable[fold] += 1;
            for (sum, &score) in
                self.sums
                    .row_mut(fold)
                    .iter_mut()
                    .zip(curves.scores.slice(s![fold, .., target]))
            {
                sum.add(score);
            }
        }
    }

    /// Adds the targets of other blocks.
    pub(crate) fn merge(&mut self, other: &Self) {
        (0..self.n_usable.len()).for_each(|fold| self.merge_fold(other, fold));
    }

    /// Adds the targets of other blocks to one fold.
    pub(crate) fn merge_fold(&mut self, other: &Self, fold: usize) {
        let mut sums = self.sums.row_mut(fold);
        sums.zip_mut_with(&other.sums.row(fold), |a, &b| a.merge(b));
        self.n_usable[fold] += other.n_usable[fold];
        self.n_unusable[fold] += other.n_unusable[fold];
    }

    /// Number of targets with a validation score in a fold.
    pub(crate) fn n_usable(&self, fold: usize) -> u64 {
        self.n_usable[fold]
    }

    /// Mean score of one penalty in one fold over the usable targets; NaN if there is none.
    pub(crate) fn mean(&self, fold: usize, alpha: usize) -> f64 {
        match self.n_usable[fold] {
            0 => f64::NAN,
            n => self.sums[[fold, alpha]].value() / n as f64,
        }
    }

    /// Number of penalties.
    pub(crate) fn n_alphas(&self) -> usize {
        self.sums.ncols()
    }

    /// Number of targets without validation score in a fold.
    pub(crate) fn n_unusable(&self, fold: usize) -> u64 {
        self.n_unusable[fold]
    }
}

/// Index of the largest value among `candidates`, the first on ties; `None` if all are NaN.
pub(crate) fn first_best(candidates: &[usize], value: impl Fn(usize) -> f64) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for &candidate in candidates {
        let v = value(candidate);
        if !v.is_nan() && best.is_none_or(|(_, top)| v > top) {
            best = Some((candidate, v));
        }
    }
    best.map(|(candidate, _)| candidate)
}

#[cfg(test)]
mod tests {
    use super::first_best;

    #[test]
    fn the_first_of_equals_wins_and_nan_never_does() {
        let values = [f64::NAN, 0.3, 0.5, 0.5, f64::NAN];
        assert_eq!(first_best(&[0, 1, 2, 3, 4], |i| values[i]), Some(2));
        assert_eq!(first_best(&[3, 2], |i| values[i]), Some(3));
        assert_eq!(first_best(&[0, 4], |i| values[i]), None);
    }
}
