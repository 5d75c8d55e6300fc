//! Parcels of an atlas: a left one and its right counterpart.

use lpp_fmri::Parcel;
use lpp_stats::{LateralScore, LineScale, MeanScore, VoxelSet, t_test_pooled};
use lpp_tables::{Atlas, AtlasLines, AtlasRegions, AtlasRegression, Point, Row};

use crate::inputs::Inputs;
use crate::lines::line;
use crate::need::Need;
use crate::parcel_pairs::STRAY;
use crate::part::{Made, Part};
use crate::regression::{SimpleRegression, log_parameters};
use crate::{AnalysisError, Brain, ModelScores, ParcelPair};

impl ParcelPair {
    /// Means of `values` over both sides.
    fn sides(&self, values: &[f64]) -> Result<LateralScore, AnalysisError> {
        Ok(LateralScore {
            left: MeanScore::over(values, &self.left)?,
            right: MeanScore::over(values, &self.right)?,
        })
    }
}

/// One row per pair of parcels, one per parcel of any place, and how parcels relate to their reliability.
pub(crate) struct ParcelsPart;

impl Part for ParcelsPart {
    fn needs(&self) -> &'static [Need] {
        &[Need::AverageSubject, Need::Atlas]
    }

    fn tables(&self) -> &'static [&'static str] {
        &[
            Atlas::NAME,
            AtlasRegions::NAME,
            AtlasRegression::NAME,
            AtlasLines::NAME,
        ]
    }

    fn compute(&self, inputs: &Inputs<'_>) -> Result<Made, AnalysisError> {
        let average = inputs.average()?;
        let trained = average.trained();
        let (parcels, pairs) = inputs.parcels()?;
        let regions = region_rows(&parcels, &average.brain, &trained)?;
        let rows = pairs.iter().map(|pair| row(pair, &average.brain, &trained));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let (fits, lines) = relations(&rows, inputs.seed())?;
        Ok(Made::default()
            .with(&rows)
            .with(&regions)
            .with(&fits)
            .with(&lines))
    }
}

/// One row per parcel as the atlas has it.
fn region_rows(
    parcels: &[Parcel],
    brain: &Brain,
    trained: &[&ModelScores],
) -> Result<Vec<AtlasRegions>, AnalysisError> {
    let (places, by_x) = (brain.mask().world_coordinates(), brain.sides().by_x());
    let sizes = log_parameters(trained);
    let mut rows = Vec::with_capacity(parcels.len());
    for Parcel { label, name, voxels } in parcels {
        let set = VoxelSet::at(voxels.clone());
        let of_models = trained
            .iter()
            .map(|model| Ok(MeanScore::over(&model.best, &set)?.mean));
        let of_models = of_models.collect::<Result<Vec<f64>, AnalysisError>>()?;
        let growth = SimpleRegression::of(&sizes, &of_models);
        let isc = brain.isc().map(|isc| MeanScore::over(isc, &set)).transpose()?;
        let centre =
            |axis: usize| voxels.iter().map(|&voxel| places[voxel][axis]).sum::<f64>() / voxels.len() as f64;
        let n_left = set.intersection(by_x.left()).len();
        let n_right = set.intersection(by_x.right()).len();
        rows.push(AtlasRegions {
            label: *label as usize,
            region: name.clone(),
            side: side_of(n_left, n_right).to_owned(),
            n_voxels: voxels.len(),
            n_left,
            n_right,
            x_mm: centre(0),
            y_mm: centre(1),
            z_mm: centre(2),
            isc: isc.map_or(f64::NAN, |isc| isc.mean),
            score: of_models.iter().sum::<f64>() / of_models.len() as f64,
            slope_per_ln_parameter: growth.slope(|c| c.estimate),
            slope_p: growth.slope(|c| c.p),
        });
    }
    Ok(rows)
}

/// The side of a parcel, which may reach over the midline by a few voxels.
fn side_of(n_left: usize, n_right: usize) -> &'static str {
    let few = |n: usize| n as f64 <= STRAY * (n_left + n_right) as f64;
    match (n_left, n_right) {
        (0, 0) => "midline",
        _ if few(n_right) => "left",
        _ if few(n_left) => "right",
        _ => "both",
    }
}

fn row(pair: &ParcelPair, brain: &Brain, trained: &[&ModelScores]) -> Result<Atlas, AnalysisError> {
    let (mut isc, mut test) = ([f64::NAN; 2], None);
    if let Some(values) = brain.isc() {
        let means = pair.sides(values)?;
        isc = [means.left.mean, means.right.mean];
        test = t_test_pooled(&known(&pair.left, values)?, &known(&pair.right, values)?).ok();
    }
    let scores = trained.iter().map(|model| pair.sides(&model.best));
    let scores = scores.collect::<Result<Vec<LateralScore>, _>>()?;
    let over_models =
        |cell: fn(&LateralScore) -> f64| scores.iter().map(cell).sum::<f64>() / scores.len() as f64;
    let differences: Vec<f64> = scores.iter().map(LateralScore::difference).collect();
    let growth = SimpleRegression::of(&log_parameters(trained), &differences);
    Ok(Atlas {
        parcel: pair.name.clone(),
        n_voxels_left: pair.left.len(),
        n_voxels_right: pair.right.len(),
        isc_left: isc[0],
        isc_right: isc[1],
        isc_l_minus_r: isc[0] - isc[1],
        isc_t: test.map_or(f64::NAN, |test| test.t),
        isc_p: test.map_or(f64::NAN, |test| test.p),
        isc_stars: test.map_or(String::new(), |test| test.stars().to_owned()),
        score_left: over_models(|s| s.left.mean),
        score_right: over_models(|s| s.right.mean),
        slope_l_minus_r_per_ln_parameter: growth.slope(|c| c.estimate),
        slope_p: growth.slope(|c| c.p),
    })
}

/// The values of a set without NaN.
fn known(set: &VoxelSet, values: &[f64]) -> Result<Vec<f64>, AnalysisError> {
    let mut known = set.select(values)?;
    known.retain(|value| !value.is_nan());
    Ok(known)
}

/// Over parcels: growth of L − R with L − R of the reliability, mean score with reliability.
fn relations(rows: &[Atlas], seed: u64) -> Result<(Vec<AtlasRegression>, Vec<AtlasLines>), AnalysisError> {
    let column = |cell: fn(&Atlas) -> f64| rows.iter().map(cell).collect::<Vec<_>>();
    let both = |cell: fn(&Atlas) -> [f64; 2]| rows.iter().flat_map(cell).collect::<Vec<_>>();
    let growth = column(|row| row.slope_l_minus_r_per_ln_parameter);
    let related = [
        (
            "slope_l_minus_r",
            "isc_l_minus_r",
            growth,
            column(|row| row.isc_l_minus_r),
        ),
        (
            "score_left",
            "isc_left",
            column(|row| row.score_left),
            column(|row| row.isc_left),
        ),
        (
            "score_right",
            "isc_right",
            column(|row| row.score_right),
            column(|row| row.isc_right),
        ),
        (
            "score",
            "isc",
            both(|row| [row.score_left, row.score_right]),
            both(|row| [row.isc_left, row.isc_right]),
        ),
    ];
    let (mut fits, mut lines) = (Vec::new(), Vec::new());
    for (outcome, predictor, y, x) in related {
        fits.push(AtlasRegression {
            outcome: outcome.to_owned(),
            predictor: predictor.to_owned(),
            fit: SimpleRegression::of(&x, &y).into(),
        });
        let line: Vec<Point> = line(&x, &y, LineScale::Linear, seed)?;
        lines.extend(line.into_iter().map(|at| AtlasLines {
            outcome: outcome.to_owned(),
            predictor: predictor.to_owned(),
            at,
        }));
    }
    Ok((fits, lines))
}
