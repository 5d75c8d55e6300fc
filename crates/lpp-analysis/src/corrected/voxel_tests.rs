//! How many voxels of a map survive which correction for their number.

use lpp_stats::FalseDiscovery::{BenjaminiHochberg, BenjaminiYekutieli};
use lpp_stats::{SignFlipMap, SlopeMap, StatsError, ols, student_t_two_sided_p};
use lpp_tables::CorrectedVoxelTests;
use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::sample::Sample;
use super::seed::SEED;
use super::why_empty::why_empty;
use crate::AnalysisError;

/// Permutations of the models' sizes.
const N_PERMUTATIONS: usize = 999;
/// Sign patterns of families; eight families have 256.
const N_FLIPS: usize = 999;
/// The paper's threshold for single voxels.
const PAPER_P: f64 = 1e-7;

/// A corrected map.
struct Row {
    map: &'static str,
    correction: &'static str,
    level: f64,
    /// Smallest p-value that the correction can reach; NaN if there is no lower limit.
    reachable: f64,
    /// p of every voxel after the correction.
    p: Vec<f64>,
    t: Vec<f64>,
}

/// One row per map and correction; a map without enough models or families has none.
pub(crate) fn rows(sample: &Sample) -> Result<Vec<CorrectedVoxelTests>, AnalysisError> {
    let mut rows = Vec::new();
    let scores = matrix(
        &sample
            .models
            .iter()
            .map(|model| &model.best[..])
            .collect::<Vec<_>>(),
    );
    let differences = sample
        .models
        .iter()
        .map(|model| sample.pairs.differences(&model.best))
        .collect::<Result<Vec<_>, _>>()?;
    let differences = matrix(&differences);
    for (map, values) in [("V1 slope", &scores), ("slope of L-R of pairs", &differences)] {
        rows.extend(by_models(sample, map, values)?);
        rows.extend(by_families(sample, map, values, family_slopes));
    }
    rows.extend(by_families(sample, "L-R of pairs", &differences, family_means));
    Ok(rows.iter().map(counted).collect())
}

/// Rows of equal length as a matrix, columns with a NaN left out.
fn matrix(rows: &[impl AsRef<[f64]>]) -> Array2<f64> {
    let rows: Vec<&[f64]> = rows.iter().map(AsRef::as_ref).collect();
    let n_columns = rows.first().map_or(0, |row| row.len());
    let known: Vec<usize> = (0..n_columns)
        .filter(|&column| rows.iter().all(|row| row[column].is_finite()))
        .collect();
    Array2::from_shape_fn((rows.len(), known.len()), |(i, j)| rows[i][known[j]])
}

/// Slopes with models as units, corrected in five ways.
fn by_models(sample: &Sample, map: &'static str, values: &Array2<f64>) -> Result<Vec<Row>, AnalysisError> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    // Unknown sizes, too few models or no voxel: no map.
    let Ok(slopes) = SlopeMap::of(&sample.sizes(), values, N_PERMUTATIONS, &mut rng) else {
        return Ok(Vec::new());
    };
    // Constant voxels have no t; they are no tests.
    let t: Vec<f64> = slopes.t.iter().copied().filter(|t| !t.is_nan()).collect();
    let p: Vec<f64> = t.iter().map(|&t| student_t_two_sided_p(t, slopes.df)).collect();
    let n = p.len() as f64;
    let row = |correction, level, p| Row {
        map,
        correction,
        level,
        reachable: f64::NAN,
        p,
        t: t.clone(),
    };
    Ok(vec![
        row("none, p < 1e-7 as in the paper", PAPER_P, p.clone()),
        row("Bonferroni", 0.05, p.iter().map(|p| (p * n).min(1.0)).collect()),
        row(
            "false discovery rate, Benjamini-Hochberg",
            0.05,
            BenjaminiHochberg.adjust(&p)?,
        ),
        row(
            "false discovery rate, Benjamini-Yekutieli",
            0.05,
            BenjaminiYekutieli.adjust(&p)?,
        ),
        Row {
            reachable: 1.0 / (1 + N_PERMUTATIONS) as f64,
            ..row("largest t, models permuted", 0.05, slopes.max.corrected_p(&t))
        },
    ])
}

/// One map per family, tested with families as units by flipping their signs; `None` of too few families.
fn by_families(
    sample: &Sample,
    map: &'static str,
    values: &Array2<f64>,
    per_family: fn(&Sample, &Array2<f64>) -> Vec<Vec<f64>>,
) -> Option<Row> {
    let maps = matrix(&per_family(sample, values));
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let flips: Result<SignFlipMap, StatsError> = SignFlipMap::of(&maps, N_FLIPS, &mut rng);
    let flips = flips.ok()?;
    Some(Row {
        map,
        correction: "largest t, families flipped",
        level: 0.05,
        // All signs flipped give the same size of t, so that two patterns of 2ⁿ are as extreme as the observed one.
        reachable: if flips.exact {
            0.5_f64.powf(maps.nrows() as f64 - 1.0)
        } else {
            1.0 / (1 + N_FLIPS) as f64
        },
        p: flips.max.corrected_p(&flips.t),
        t: flips.t,
    })
}

/// The slope of every voxel within each family of at least three models.
fn family_slopes(sample: &Sample, values: &Array2<f64>) -> Vec<Vec<f64>> {
    let (sizes, groups) = (sample.sizes(), sample.groups());
    let mut maps = Vec::new();
    for group in 0..groups.len() {
        let members = groups.members(group);
        let x: Vec<f64> = members.iter().map(|&i| sizes[i]).collect();
        // Weights of the least-squares slope; an error says that there is none.
        if ols(&x, &[&x]).is_err() {
            continue;
        }
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let norm: f64 = x.iter().map(|x| (x - mean).powi(2)).sum();
        let mut map = vec![0.0; values.ncols()];
        for (&model, x) in members.iter().zip(&x) {
            for (slope, value) in map.iter_mut().zip(values.row(model)) {
                *slope += (x - mean) / norm * value;
            }
        }
        maps.push(map);
    }
    maps
}

/// The mean of every voxel within each family.
fn family_means(sample: &Sample, values: &Array2<f64>) -> Vec<Vec<f64>> {
    let groups = sample.groups();
    (0..groups.len())
        .map(|group| {
            let members = groups.members(group);
            (0..values.ncols())
                .map(|voxel| members.iter().map(|&i| values[(i, voxel)]).sum::<f64>() / members.len() as f64)
                .collect()
        })
        .collect()
}

fn counted(row: &Row) -> CorrectedVoxelTests {
    let surviving = || {
        row.p
            .iter()
            .zip(&row.t)
            .filter(|(p, _)| **p <= row.level)
            .map(|(_, t)| *t)
    };
    let testable = row.reachable.is_nan() || row.reachable <= row.level;
    let count = |keep: fn(f64) -> bool| testable.then(|| surviving().filter(|t| keep(*t)).count());
    let row = CorrectedVoxelTests {
        map: row.map.to_owned(),
        correction: format!(
            "{}{}",
            row.correction,
            if testable { "" } else { " (not testable)" }
        ),
        level: row.level,
        n_tests: row.t.len(),
        n_positive: count(|t| t > 0.0),
        n_negative: count(|t| t < 0.0),
        smallest_t: surviving().map(f64::abs).fold(f64::NAN, f64::min),
        smallest_p: row.p.iter().copied().fold(f64::NAN, f64::min),
        smallest_reachable_p: row.reachable,
        note: String::new(),
    };
    let note = why_empty(&row, |column| match column {
        "n_positive" | "n_negative" => "counts: too few families for a p of 0.05",
        "smallest_t" => "smallest_t: no significant voxel",
        "smallest_reachable_p" => "smallest_reachable_p: there is no lower limit",
        _ => "no voxel has a score in every model",
    });
    CorrectedVoxelTests { note, ..row }
}
