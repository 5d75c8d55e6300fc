//! P1 with a spatial null: do parcels whose asymmetry grows have asymmetric signal?
//!
//! Parcels are cubes of the left hemisphere with their mirror images, so that no atlas is needed. On surfaces they are the vertices in
//! a cube, by their places on the middle or pial surface, with their homotopic ones.

use std::collections::BTreeMap;

use lpp_stats::{MeanScore, VariogramNull, VariogramSettings, ols, pearson};
use lpp_tables::CorrectedParcels;
use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::seed::SEED;
use super::why_empty::why_empty;
use super::{Ceiling, Sample};

/// Edge of a cube: a parcel of the cortical atlas has about this size.
const EDGE_MM: f64 = 20.0;
/// Pairs that a parcel must have.
const MIN_PAIRS: usize = 8;
/// Surrogate maps.
const N_SURROGATES: usize = 999;

/// Voxel pairs of one parcel.
struct Parcel {
    pairs: Vec<(usize, usize)>,
    centre_mm: [f64; 3],
}

/// One row per pair of parcel maps; none without split-half correlations or with too few parcels.
pub(crate) fn rows(sample: &Sample) -> Vec<CorrectedParcels> {
    let parcels = cubes(sample);
    let mut rows = Vec::new();
    if let Some(ceiling) = &sample.ceiling {
        let maps = maps(sample, ceiling, &parcels);
        let distances = Array2::from_shape_fn((parcels.len(), parcels.len()), |(i, j)| {
            let (a, b) = (parcels[i].centre_mm, parcels[j].centre_mm);
            (0..3).map(|axis| (a[axis] - b[axis]).powi(2)).sum::<f64>().sqrt()
        });
        for (name, a, b) in [
            (
                "slope of L-R against L-R of ISC",
                &maps.slope,
                &maps.isc_difference,
            ),
            ("mean score against ISC", &maps.score, &maps.isc),
        ] {
            let plain = pearson(a, b).ok();
            let mut rng = ChaCha8Rng::seed_from_u64(SEED);
            // Too few parcels or a NaN among them: no null.
            let null = VariogramNull::new(a, &distances, &VariogramSettings::default())
                .and_then(|null| null.correlation_test(b, N_SURROGATES, &mut rng))
                .ok();
            let row = CorrectedParcels {
                maps: name.to_owned(),
                n_parcels: parcels.len(),
                r: plain.map_or(f64::NAN, |c| c.r),
                p_parcels_independent: plain.map_or(f64::NAN, |c| c.p),
                p_variogram: null.map_or(f64::NAN, |c| c.p),
                note: String::new(),
            };
            let note = why_empty(&row, |_| "too few parcels or models, or a parcel without a score");
            rows.push(CorrectedParcels { note, ..row });
        }
    }
    rows
}

/// Pairs grouped by the cube that their left voxel lies in.
fn cubes(sample: &Sample) -> Vec<Parcel> {
    let mut cells: BTreeMap<[i64; 3], Vec<(usize, usize)>> = BTreeMap::new();
    let pairs = sample.pairs.left().iter().zip(sample.pairs.right());
    // Vertices have no place without their mesh.
    for (&left, &right) in pairs.filter(|(left, _)| sample.parcel_places_mm[**left][0].is_finite()) {
        #[expect(clippy::cast_possible_truncation, reason = "millimetres of a head over 20")]
        let cell = sample.parcel_places_mm[left].map(|mm| (mm / EDGE_MM).floor() as i64);
        cells.entry(cell).or_default().push((left, right));
    }
    let centre = |pairs: &[(usize, usize)]| -> [f64; 3] {
        std::array::from_fn(|axis| {
            pairs
                .iter()
                .map(|&(left, _)| sample.parcel_places_mm[left][axis])
                .sum::<f64>()
                / pairs.len() as f64
        })
    };
    cells
        .into_values()
        .filter(|pairs| pairs.len() >= MIN_PAIRS)
        .map(|pairs| Parcel {
            centre_mm: centre(&pairs),
            pairs,
        })
        .collect()
}

/// One value per parcel.
struct Maps {
    slope: Vec<f64>,
    score: Vec<f64>,
    isc: Vec<f64>,
    isc_difference: Vec<f64>,
}

fn maps(sample: &Sample, ceiling: &Ceiling, parcels: &[Parcel]) -> Maps {
    let sizes = sample.sizes();
    let slope = |parcel: &Parcel| {
        let y: Vec<f64> = sample
            .models
            .iter()
            .map(|model| parcel.difference(&model.best))
            .collect();
        ols(&y, &[&sizes]).map_or(f64::NAN, |fit| fit.slope().estimate)
    };
    let score = |parcel: &Parcel| {
        let means: Vec<f64> = sample
            .models
            .iter()
            .map(|model| parcel.mean(&model.best))
            .collect();
        MeanScore::of(&means).mean
    };
    Maps {
        slope: parcels.iter().map(slope).collect(),
        score: parcels.iter().map(score).collect(),
        isc: parcels.iter().map(|parcel| parcel.mean(&ceiling.isc)).collect(),
        isc_difference: parcels
            .iter()
            .map(|parcel| parcel.difference(&ceiling.isc))
            .collect(),
    }
}

impl Parcel {
    fn difference(&self, values: &[f64]) -> f64 {
        let differences: Vec<f64> = self.pairs.iter().map(|&(l, r)| values[l] - values[r]).collect();
        MeanScore::of(&differences).mean
    }

    /// Over both sides.
    fn mean(&self, values: &[f64]) -> f64 {
        let both: Vec<f64> = self
            .pairs
            .iter()
            .flat_map(|&(l, r)| [values[l], values[r]])
            .collect();
        MeanScore::of(&both).mean
    }
}
