//! The order in which candidates for the weights of the bands are tried.

use ndarray::{Array1, Array2};

/// The candidates of a list, or a descent from the first of them.
pub(super) struct Walk {
    listed: std::vec::IntoIter<Array1<f64>>,
    descent: Option<Descent>,
}

impl Walk {
    /// Goes through the rows of `weights`; with `descent`, descends from the first of them until that many candidates
    /// were tried.
    pub(super) fn new(weights: &Array2<f64>, descent: Option<usize>) -> Self {
        let mut listed: Vec<Array1<f64>> = weights.outer_iter().map(|row| row.to_owned()).collect();
        let descent = descent.map(|n_candidates| {
            listed.truncate(1);
            Descent::new(listed[0].len(), n_candidates)
        });
        Self {
            listed: listed.into_iter(),
            descent,
        }
    }

    /// The next candidate. The score of the previous one must have been passed to [`tell`](Self::tell).
    pub(super) fn next(&mut self) -> Option<Array1<f64>> {
        match &mut self.descent {
            Some(descent) => descent.next(),
            None => self.listed.next(),
        }
    }

    /// Reports the score of the last candidate.
    pub(super) fn tell(&mut self, score: f64) {
        if let Some(descent) = &mut self.descent {
            descent.tell(score);
        }
    }
}

/// First factor by which the weight of a band is changed.
const FIRST_FACTOR: f64 = 10.0;

/// Smallest factor tried: penalties of two grids are rarely closer.
const LAST_FACTOR: f64 = 1.2;

/// Coordinate descent on the logarithms of the weights. The weight of one band after the other is multiplied or divided
/// by a factor, as long as the score rises. If no band improves it, the factor is replaced by its square root.
struct Descent {
    n_left: usize,
    best: Array1<f64>,
    best_score: f64,
    factor: f64,
    /// Candidates tried, as rounded logarithms: with two bands, raising one weight or lowering the other gives the same
    /// ratio.
    tried: Vec<Vec<i64>>,
    /// Remaining moves of the round: a band, and whether its weight is raised.
    moves: Vec<(usize, bool)>,
    improved: bool,
    pending: Array1<f64>,
}

impl Descent {
    fn new(n_bands: usize, n_candidates: usize) -> Self {
        let equal = Array1::from_elem(n_bands, 1.0 / n_bands as f64);
        Self {
            n_left: n_candidates,
            pending: equal.clone(),
            best: equal,
            best_score: f64::NAN,
            factor: FIRST_FACTOR,
            tried: Vec::new(),
            moves: Vec::new(),
            improved: true,
        }
    }

    fn next(&mut self) -> Option<Array1<f64>> {
        if self.n_left == 0 {
            return None;
        }
        self.n_left -= 1;
        if self.tried.is_empty() {
            self.tried.push(key(&self.pending));
            return Some(self.pending.clone());
        }
        loop {
            let Some((band, heavier)) = self.moves.pop() else {
                if !self.improved {
                    self.factor = self.factor.sqrt();
                }
                if self.factor < LAST_FACTOR {
                    return None;
                }
                self.improved = false;
                let bands = (0..self.best.len()).rev();
                self.moves = bands.flat_map(|band| [(band, false), (band, true)]).collect();
                continue;
            };
            let mut weights = self.best.clone();
            weights[band] *= if heavier { self.factor } else { self.factor.recip() };
            weights /= weights.sum();
            let key = key(&weights);
            if !self.tried.contains(&key) {
                self.tried.push(key);
                self.pending.assign(&weights);
                return Some(weights);
            }
        }
    }

    fn tell(&mut self, score: f64) {
        if score > self.best_score || (self.best_score.is_nan() && !score.is_nan()) {
            self.best_score = score;
            self.best.assign(&self.pending);
            self.improved = true;
        }
    }
}

/// Ratios of the weights to the last one, in thousandths of a natural logarithm.
#[expect(clippy::cast_possible_truncation, reason = "logarithms of weights are small")]
fn key(weights: &Array1<f64>) -> Vec<i64> {
    let last = weights[weights.len() - 1];
    weights
        .iter()
        .map(|w| ((w / last).ln() * 1000.0).round() as i64)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_list_is_walked_through_in_its_order() {
        let mut walk = Walk::new(&array![[1.0, 0.0], [0.5, 0.5]], None);
        assert_eq!(walk.next(), Some(array![1.0, 0.0]));
        walk.tell(0.3);
        assert_eq!(walk.next(), Some(array![0.5, 0.5]));
        assert_eq!(walk.next(), None);
    }

    #[test]
    fn a_descent_climbs_to_the_best_ratios_and_repeats_none() {
        // Best where the first band has 30 times, the third a tenth of the weight of the second.
        let goal = |w: &Array1<f64>| -(w[0] / w[1] / 30.0).ln().powi(2) - (w[2] / w[1] / 0.1).ln().powi(2);
        let mut walk = Walk::new(&Array2::from_elem((1, 3), 1.0 / 3.0), Some(60));
        let (mut best, mut seen) = (f64::NEG_INFINITY, Vec::new());
        while let Some(weights) = walk.next() {
            assert!((weights.sum() - 1.0).abs() < 1e-12 && !seen.contains(&weights));
            best = best.max(goal(&weights));
            walk.tell(goal(&weights));
            seen.push(weights);
        }
        assert!(best > -0.1, "{best}"); // from -17 at equal weights, to the last factor
        assert!(seen.len() <= 60);
    }
}
