//! Random projections of the activations of each layer to equally many features.

use lpp_files::sha256_of_bytes;
use lpp_study::Projection;
use ndarray::{Array2, ArrayRef2};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::prepared::to_f32;

/// The projections of a model's layers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Projector {
    pub(crate) model: String,
    pub(crate) projection: Projection,
}

impl Projector {
    /// The matrix of a layer of `width` features, (`width`, dims): independent normal numbers of variance 1/dims, drawn in row
    /// order from the generator with the seed as its key, and a stream for each model and layer.
    pub(crate) fn matrix(&self, layer: usize, width: usize) -> Array2<f64> {
        let dims = self.projection.dims;
        let mut rng = ChaCha8Rng::seed_from_u64(self.projection.seed);
        rng.set_stream(stream(&format!("{}\n{layer}", self.model)));
        let scale = (dims as f64).sqrt().recip();
        Array2::from_shape_simple_fn((width, dims), || {
            let normal: f64 = StandardNormal.sample(&mut rng);
            normal * scale
        })
    }

    /// The projected activations of a layer, (rows, dims).
    pub(crate) fn apply(&self, layer: usize, rows: &ArrayRef2<f32>) -> Array2<f32> {
        let projected = rows.mapv(f64::from).dot(&self.matrix(layer, rows.ncols()));
        projected.mapv(to_f32)
    }
}

/// A number for a text: the first 64 bits of its hash.
fn stream(text: &str) -> u64 {
    let hash = sha256_of_bytes(text.as_bytes());
    u64::from_str_radix(&hash[..16], 16).unwrap_or_else(|_| unreachable!("hashes are hexadecimal"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn projector(model: &str, dims: usize, seed: u64) -> Projector {
        Projector {
            model: model.to_owned(),
            projection: Projection { dims, seed },
        }
    }

    /// The relative error of all squared distances between rows is within the Johnson–Lindenstrauss bound.
    #[test]
    fn distances_between_words_are_kept_within_the_bound() {
        let (n, p, dims) = (60_usize, 400, 256);
        let words = Array2::from_shape_fn((n, p), |(i, j)| {
            let (i, j) = (i as f64, j as f64);
            to_f32((0.37 * (i + 2.0) * (j + 1.0)).sin() * (1.0 + 5.0 * (0.01 * j).cos()))
        });
        let squared = |rows: &Array2<f32>, a: usize, b: usize| {
            let differences = &rows.row(a) - &rows.row(b);
            differences.iter().map(|d| f64::from(*d).powi(2)).sum::<f64>()
        };
        // P(|error| > e) <= 2 exp(-D (e²/4 - e³/6)) for each pair: with all pairs and 10 projections at 0.1 %, e = 0.65.
        let n_pairs = (n * (n - 1) / 2 * 10) as f64;
        let bound = |e: f64| 2.0 * n_pairs * (-(dims as f64) * (e * e / 4.0 - e.powi(3) / 6.0)).exp();
        let (mut most, mut sum) = (0.0_f64, 0.0);
        for seed in 1..=10 {
            let projected = projector("tiny", dims, seed).apply(3, &words);
            for a in 0..n {
                for b in 0..a {
                    let error = squared(&projected, a, b) / squared(&words, a, b) - 1.0;
                    (most, sum) = (most.max(error.abs()), sum + error);
                }
            }
        }
        assert!(bound(most) > 1e-3, "largest error {most}: p {}", bound(most));
        // Distances are right on average, and not all kept exactly.
        assert!(
            (sum / n_pairs).abs() < 0.05 && most > 0.1,
            "{}, {most}",
            sum / n_pairs
        );
    }

    #[test]
    fn each_model_layer_and_seed_has_its_own_numbers() {
        let base = projector("tiny", 8, 1).matrix(0, 5);
        assert_eq!(base, projector("tiny", 8, 1).matrix(0, 5));
        for other in [
            projector("tiny", 8, 2).matrix(0, 5),
            projector("tiny", 8, 1).matrix(1, 5),
            projector("small", 8, 1).matrix(0, 5),
        ] {
            assert!(base.iter().zip(&other).all(|(a, b)| (a - b).abs() > 0.0));
        }
        // In row order: a wider layer begins with the same rows.
        let wider = projector("tiny", 8, 1).matrix(0, 9);
        assert_eq!(wider.slice(ndarray::s![..5, ..]), base);
    }
}
