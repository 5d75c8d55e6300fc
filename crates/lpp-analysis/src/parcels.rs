//! Parcels of an atlas: a left one and its right counterpart.

use lpp_fmri::{Atlas, LabelTable, Parcel};
use lpp_stats::{LateralScore, MeanScore, TTest, VoxelSet, t_test_pooled};

use crate::regression::{SimpleRegression, log_parameters, with_regressions};
use crate::{AnalysisError, Brain, Column, ModelScores, Table};

/// A parcel of the left hemisphere and its counterpart on the right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParcelPair {
    /// Name, that of the left parcel without "Left".
    pub name: String,
    /// Its voxels on the left.
    pub left: VoxelSet,
    /// Those on the right; empty if the mask holds none.
    pub right: VoxelSet,
}

impl ParcelPair {
    /// Pairs the parcels of an atlas whose odd labels are left, each followed by its counterpart on the right, as the
    /// Harvard–Oxford atlas split by hemisphere.
    ///
    /// A pair of which the mask holds one side only is kept: its differences are empty cells. (The paper's notebook takes
    /// the labels from 1 to the number of distinct labels, which is the same as long as no label lies outside the mask.)
    ///
    /// ```
    /// use lpp_analysis::ParcelPair;
    /// use lpp_fmri::Parcel;
    /// let parcel = |label, name: &str, voxel| Parcel { label, name: name.to_owned(), voxels: vec![voxel] };
    /// let pairs = ParcelPair::of(&[parcel(1, "Left Pole", 0), parcel(2, "Right Pole", 5)]);
    /// assert_eq!((pairs.len(), pairs[0].name.as_str()), (1, "Pole"));
    /// ```
    #[must_use]
    pub fn of(parcels: &[Parcel]) -> Vec<Self> {
        let mut pairs: Vec<(u32, Self)> = Vec::new();
        for parcel in parcels {
            let pair = parcel.label.div_ceil(2);
            if pairs.last().is_none_or(|(last, _)| *last != pair) {
                let empty = Self {
                    name: String::new(),
                    left: VoxelSet::default(),
                    right: VoxelSet::default(),
                };
                pairs.push((pair, empty));
            }
            let Some((_, found)) = pairs.last_mut() else {
                continue;
            };
            let voxels = VoxelSet::at(parcel.voxels.clone());
            if parcel.label % 2 == 1 {
                parcel
                    .name
                    .trim_start_matches("Left ")
                    .clone_into(&mut found.name);
                found.left = voxels;
            } else {
                if found.name.is_empty() {
                    parcel
                        .name
                        .trim_start_matches("Right ")
                        .clone_into(&mut found.name);
                }
                found.right = voxels;
            }
        }
        pairs.into_iter().map(|(_, pair)| pair).collect()
    }

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
/// [`AnalysisError`] naming the image or the table that cannot be read.
pub(crate) fn load_pairs(
    atlas: &std::path::Path,
    labels: Option<&std::path::Path>,
    brain: &Brain,
) -> Result<Vec<ParcelPair>, AnalysisError> {
    let table = labels.map(LabelTable::load).transpose()?.unwrap_or_default();
    Ok(ParcelPair::of(&Atlas::load(atlas, brain.mask())?.parcels(&table)))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(label: u32, name: &str) -> Parcel {
        Parcel {
            label,
            name: name.to_owned(),
            voxels: vec![label as usize],
        }
    }

    #[test]
    fn a_parcel_may_lack_its_counterpart() {
        let pairs = ParcelPair::of(&[
            parcel(2, "Right A"),
            parcel(3, "Left B"),
            parcel(7, "7"),
            parcel(8, "8"),
        ]);
        let found: Vec<_> = pairs
            .iter()
            .map(|pair| (pair.name.as_str(), pair.left.len(), pair.right.len()))
            .collect();
        assert_eq!(found, [("A", 0, 1), ("B", 1, 0), ("7", 1, 1)]);
    }
}
