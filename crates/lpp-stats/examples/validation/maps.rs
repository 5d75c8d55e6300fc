//! Smooth maps of parcels: their correlation.

use lpp_stats::{StatsError, VariogramNull, VariogramSettings, pearson};
use ndarray::Array2;
use rand_chacha::ChaCha8Rng;

use super::{ALPHA, N_NULL, normals};

/// Distances of 48 parcels on a grid of 8 × 6.
fn parcel_distances() -> Array2<f64> {
    let place = |i: usize| ((i % 8) as f64, (i / 8) as f64);
    Array2::from_shape_fn((48, 48), |(i, j)| {
        (place(i).0 - place(j).0).hypot(place(i).1 - place(j).1)
    })
}

/// Averages of white noise with weights that fall off with distance.
fn smooth_map(distances: &Array2<f64>, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let noise = normals(distances.nrows(), 0.0, 1.0, rng);
    let average = |row: ndarray::ArrayView1<'_, f64>| {
        let weights = row.iter().map(|distance| (-distance / 1.5).exp());
        let (sum, squares) = weights
            .zip(&noise)
            .fold((0.0, 0.0), |(sum, squares), (weight, value)| {
                (sum + weight * value, squares + weight * weight)
            });
        sum / f64::sqrt(squares)
    };
    distances.rows().into_iter().map(average).collect()
}

fn two_maps(effect: f64, rng: &mut ChaCha8Rng) -> (Vec<f64>, Vec<f64>, Array2<f64>) {
    let distances = parcel_distances();
    let (a, b) = (smooth_map(&distances, rng), smooth_map(&distances, rng));
    let b = a
        .iter()
        .zip(&b)
        .map(|(a, b)| effect * a + (1.0 - effect * effect).sqrt() * b)
        .collect();
    (a, b, distances)
}

pub(super) fn maps_pearson(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    let (a, b, _) = two_maps(effect, rng);
    Ok(pearson(&a, &b)?.p <= ALPHA)
}

pub(super) fn maps_variogram(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    let (a, b, distances) = two_maps(effect, rng);
    let null = VariogramNull::new(&a, &distances, &VariogramSettings::default())?;
    Ok(null.correlation_test(&b, N_NULL, rng)?.p <= ALPHA)
}
