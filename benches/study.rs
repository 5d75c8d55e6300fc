//! Made data of the study's size, shared by the benches of the ridge regression.

use lpp_ridge::standardise_columns;
use ndarray::Array2;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Scans of the nine English runs, trimmed by ten at both ends.
pub(crate) const N_SCANS: [usize; 9] = [262, 278, 320, 283, 245, 323, 305, 272, 348];

/// White noise of each run, standardised; `divide` takes a share of the scans.
pub(crate) fn noise(seed: u64, divide: usize, n_columns: usize) -> Vec<Array2<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut run = |n: &usize| Array2::from_shape_simple_fn((n / divide, n_columns), || rng.random::<f32>());
    N_SCANS.iter().map(|n| standardise_columns(&run(n))).collect()
}

/// Targets that one feature drives each, with three times as much noise: enough for a screened search to decide.
pub(crate) fn driven(seed: u64, x: &[Array2<f32>], divide: usize, n_targets: usize) -> Vec<Array2<f32>> {
    noise(seed, divide, n_targets)
        .into_iter()
        .zip(x)
        .map(|(mut y, x)| {
            for (j, mut column) in y.columns_mut().into_iter().enumerate() {
                column.zip_mut_with(&x.column(j % x.ncols()), |y, &x| *y = 3.0 * *y + x);
            }
            standardise_columns(&y)
        })
        .collect()
}
