//! Exchanges of the sides of whole runs, for the homotopic pairs of a map.

use lpp_ridge::{RidgeCvFit, RidgeError, SideSwaps};
use lpp_stats::{HomotopicPairs, RunSwaps, StatsError};
use ndarray::{Array2, Axis};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::EncodingError;
use crate::pieces::Pieces;
use crate::prepared::Prepared;

/// The patterns of exchanged runs, and the pairs.
pub(crate) struct Exchanges {
    pub(crate) runs: RunSwaps,
    swaps: SideSwaps,
}

impl Exchanges {
    /// The exchanges of some pairs; all pieces of a run are exchanged together.
    ///
    /// # Errors
    /// [`EncodingError::Stats`] with fewer than two runs, [`EncodingError::Settings`] without pairs.
    pub(crate) fn of(pairs: &HomotopicPairs, pieces: &Pieces, seed: u64) -> Result<Self, EncodingError> {
        let run_of_piece = pieces.runs();
        let n_runs = run_of_piece.last().map_or(0, |run| run + 1);
        let runs = RunSwaps::new(n_runs, &mut ChaCha8Rng::seed_from_u64(seed))?;
        let of_pieces = runs.patterns().select(Axis(1), &run_of_piece);
        let swaps = SideSwaps::new(pairs.left().to_vec(), pairs.right().to_vec(), &of_pieces)
            .map_err(EncodingError::Settings)?;
        Ok(Self { runs, swaps })
    }

    /// Left and right score of each pair under each pattern, averaged over the tests of `folds`: each (`n_pairs`,
    /// `n_patterns`).
    pub(crate) fn scores(
        &self,
        prepared: &Prepared,
        fit: &RidgeCvFit,
        y: &[Array2<f32>],
        folds: &[usize],
    ) -> Result<[Array2<f32>; 2], RidgeError> {
        prepared.swap_scores(fit, y, &self.swaps, folds)
    }

    /// Whether a p of 5 % or less can be reached.
    pub(crate) fn is_testable(&self) -> bool {
        self.runs.smallest_p() <= 0.05
    }

    /// The p of mean differences, one per pattern, and what to say of it: there is none if it could not be 5 % or less.
    pub(crate) fn p(&self, means: &[f64]) -> (Option<f64>, String) {
        let (n, n_runs) = self.runs.patterns().dim();
        if !self.is_testable() {
            let least = self.runs.smallest_p();
            let why = format!("not testable: {n} patterns of {n_runs} runs, p of at least {least}");
            return (None, why);
        }
        (
            Some(self.runs.p(means)).filter(|p| !p.is_nan()),
            format!("{n} patterns of {n_runs} runs"),
        )
    }
}

/// Means of the folds of each run.
pub(crate) fn by_run(of_folds: &[f64], pieces: &Pieces) -> Result<Vec<f64>, StatsError> {
    let run_of_piece = pieces.runs();
    if of_folds.len() != run_of_piece.len() {
        return Err(StatsError::LengthMismatch {
            left_name: "folds",
            left: of_folds.len(),
            right_name: "pieces",
            right: run_of_piece.len(),
        });
    }
    let n_runs = run_of_piece.last().map_or(0, |run| run + 1);
    let mean = |run| {
        let own: Vec<f64> = of_folds
            .iter()
            .zip(&run_of_piece)
            .filter(|(_, of)| **of == run)
            .map(|(d, _)| *d)
            .collect();
        own.iter().sum::<f64>() / own.len() as f64
    };
    Ok((0..n_runs).map(mean).collect())
}
