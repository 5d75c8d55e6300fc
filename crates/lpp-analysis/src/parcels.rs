//! Parcels of an atlas: a left one and its right counterpart.

use std::path::Path;

use lpp_fmri::{Atlas, LabelTable, warn_once};
use lpp_stats::{LateralScore, MeanScore, TTest, VoxelSet, t_test_pooled};

use crate::regression::{SimpleRegression, log_parameters, with_regressions};
use crate::{AnalysisError, Brain, Column, ModelScores, ParcelPair, Table};

impl ParcelPair {
    /// Means of `values` over both sides.
    fn sides(&self, values: &[f64]) -> Result<LateralScore, AnalysisError> {
        Ok(LateralScore {
            left: MeanScore::over(values, &self.left)?,
            right: MeanScore::over(values, &self.right)?,
        })
    }
}

/// Reads an atlas and pairs its parcels.
///
/// # Errors
/// [`AnalysisError`] naming the image or the table that cannot be read, or the label whose name tells another side than its voxels.
pub(crate) fn load_pairs(
    atlas: &Path,
    labels: Option<&Path>,
    brain: &Brain,
) -> Result<Vec<ParcelPair>, AnalysisError> {
    let table = labels.map(LabelTable::load).transpose()?.unwrap_or_default();
    let parcels = Atlas::load(atlas, brain.mask())?.parcels(&table);
    let places_mm = brain.mask().world_coordinates();
    let pairing = ParcelPair::of(&parcels, &places_mm, brain.sides().by_x()).map_err(|found| {
        AnalysisError::Malformed {
            path: labels.unwrap_or(atlas).to_owned(),
            found,
            expected: "labels on the side that their names tell (is the atlas mirrored, or the table another atlas')".to_owned(),
        }
    })?;
    for (names, what) in [
        (&pairing.parted, "lie on both sides and are parted at x = 0"),
        (&pairing.midline, "lie at x = 0 only and are left out"),
    ] {
        if let Some(first) = names.first() {
            warn_once(
                atlas,
                &format!("parcels that {what}: {}, {first:?} the first", names.len()),
            );
        }
    }
    Ok(pairing.pairs)
}

/// Names of the tables made here.
pub(crate) const TABLES: [&str; 2] = ["atlas", "atlas_regression"];

/// One row per pair of parcels, and how parcels relate to their reliability.
pub(crate) fn tables(
    brain: &Brain,
    pairs: &[ParcelPair],
    trained: &[&ModelScores],
) -> Result<Vec<Table>, AnalysisError> {
    let rows: Vec<Row> = pairs
        .iter()
        .map(|pair| Row::of(pair, brain, trained))
        .collect::<Result<_, _>>()?;
    Ok(vec![pair_table(pairs, &rows)?, regression_table(&rows)?])
}

/// What is known of a pair.
struct Row {
    isc: [f64; 2],
    test: Option<TTest>,
    score: [f64; 2],
    growth: SimpleRegression,
}

impl Row {
    fn of(pair: &ParcelPair, brain: &Brain, trained: &[&ModelScores]) -> Result<Self, AnalysisError> {
        let mut row = Self {
            isc: [f64::NAN; 2],
            test: None,
            score: [f64::NAN; 2],
            growth: SimpleRegression::of(&[], &[]),
        };
        if let Some(isc) = brain.isc() {
            let means = pair.sides(isc)?;
            row.isc = [means.left.mean, means.right.mean];
            row.test = t_test_pooled(&known(&pair.left, isc)?, &known(&pair.right, isc)?).ok();
        }
        let scores: Vec<LateralScore> = trained
            .iter()
            .map(|model| pair.sides(&model.best))
            .collect::<Result<_, _>>()?;
        let over_models =
            |cell: fn(&LateralScore) -> f64| scores.iter().map(cell).sum::<f64>() / scores.len() as f64;
        row.score = [over_models(|s| s.left.mean), over_models(|s| s.right.mean)];
        let differences: Vec<f64> = scores.iter().map(LateralScore::difference).collect();
        row.growth = SimpleRegression::of(&log_parameters(trained), &differences);
        Ok(row)
    }

    fn isc_difference(&self) -> f64 {
        self.isc[0] - self.isc[1]
    }
}

/// The values of a set without NaN.
fn known(set: &VoxelSet, values: &[f64]) -> Result<Vec<f64>, AnalysisError> {
    let mut known = set.select(values)?;
    known.retain(|value| !value.is_nan());
    Ok(known)
}

fn pair_table(pairs: &[ParcelPair], rows: &[Row]) -> Result<Table, AnalysisError> {
    let column = |cell: fn(&Row) -> f64| rows.iter().map(cell).collect::<Vec<_>>();
    let test = |cell: fn(&TTest) -> f64| {
        rows.iter()
            .map(|row| row.test.as_ref().map_or(f64::NAN, cell))
            .collect::<Vec<_>>()
    };
    let size = |side: fn(&ParcelPair) -> &VoxelSet| {
        pairs
            .iter()
            .map(|pair| i64::try_from(side(pair).len()).ok())
            .collect::<Vec<_>>()
    };
    let stars = rows
        .iter()
        .map(|row| row.test.map(|test| test.stars().to_owned()))
        .collect();
    let growth: Vec<&SimpleRegression> = rows.iter().map(|row| &row.growth).collect();
    Table::new("atlas")
        .text("parcel", pairs.iter().map(|pair| pair.name.as_str()))?
        .count("n_voxels_left", size(|pair| &pair.left))?
        .count("n_voxels_right", size(|pair| &pair.right))?
        .number("isc_left", column(|row| row.isc[0]))?
        .number("isc_right", column(|row| row.isc[1]))?
        .number("isc_l_minus_r", column(Row::isc_difference))?
        .number("isc_t", test(|test| test.t))?
        .number("isc_p", test(|test| test.p))?
        .with("isc_stars", Column::Text(stars))?
        .number("score_left", column(|row| row.score[0]))?
        .number("score_right", column(|row| row.score[1]))?
        .number(
            "slope_l_minus_r_per_ln_parameter",
            growth.iter().map(|growth| growth.slope()),
        )?
        .number("slope_p", growth.iter().map(|growth| growth.slope_p()))
}

/// Over parcels: growth of L − R with L − R of the reliability, mean score with reliability.
fn regression_table(rows: &[Row]) -> Result<Table, AnalysisError> {
    let column = |cell: fn(&Row) -> f64| rows.iter().map(cell).collect::<Vec<_>>();
    let both = |cell: fn(&Row) -> [f64; 2]| rows.iter().flat_map(cell).collect::<Vec<_>>();
    let fits = [
        (
            "slope_l_minus_r",
            "isc_l_minus_r",
            column(Row::isc_difference),
            column(|row| row.growth.slope()),
        ),
        (
            "score_left",
            "isc_left",
            column(|row| row.isc[0]),
            column(|row| row.score[0]),
        ),
        (
            "score_right",
            "isc_right",
            column(|row| row.isc[1]),
            column(|row| row.score[1]),
        ),
        ("score", "isc", both(|row| row.isc), both(|row| row.score)),
    ];
    let table = Table::new("atlas_regression")
        .text("outcome", fits.iter().map(|fit| fit.0))?
        .text("predictor", fits.iter().map(|fit| fit.1))?;
    let rows: Vec<_> = fits
        .iter()
        .map(|fit| SimpleRegression::of(&fit.2, &fit.3))
        .collect();
    with_regressions(table, "n_parcels", "slope", &rows)
}
