//! Left against right (results A1 to A4).

use lpp_tables::{Identity, Lateralization, LateralizationLines, LateralizationRegression, Regression};

use super::gallery::{by_size, some_values, trend};
use super::{Look, Sketch};
use crate::plot::{HorizontalAxis, Panel, Scatter, Series, Sheet, SidesPlot};
use crate::report_tables::ReportTables;
use crate::theme::DOUBLE_MM;
use crate::undrawn::Undrawn;

/// A measure of the table.
pub(super) struct Measure {
    /// End of its columns' names.
    pub(super) name: &'static str,
    /// What it is over.
    voxels: &'static str,
    /// Name of the value.
    value: &'static str,
    /// Left, right, left minus right.
    columns: fn(&Lateralization) -> [f64; 3],
}

/// The measures, in the paper's order.
pub(super) const MEASURES: [Measure; 4] = [
    Measure {
        name: "all",
        voxels: "all voxels",
        value: "mean correlation",
        columns: |row| [row.left_all, row.right_all, row.l_minus_r_all],
    },
    Measure {
        name: "percentile_90",
        voxels: "90th percentile of each side",
        value: "correlation",
        columns: |row| {
            [
                row.left_percentile_90,
                row.right_percentile_90,
                row.l_minus_r_percentile_90,
            ]
        },
    },
    Measure {
        name: "reliable",
        voxels: "reliable voxels",
        value: "mean correlation",
        columns: |row| [row.left_reliable, row.right_reliable, row.l_minus_r_reliable],
    },
    Measure {
        name: "isc_normalized",
        voxels: "normalised by reliability",
        value: "mean score / ISC",
        columns: |row| {
            [
                row.left_isc_normalized,
                row.right_isc_normalized,
                row.l_minus_r_isc_normalized,
            ]
        },
    },
];

/// Left and right against size, and their difference.
pub(super) fn lateralization(
    measure: &Measure,
    tables: &ReportTables,
    look: &Look,
) -> Result<Sketch, Undrawn> {
    let fits = tables.rows::<LateralizationRegression>()?;
    let lines = tables.rows::<LateralizationLines>()?;
    let rows: Vec<(Identity, [f64; 3])> = tables
        .filled::<Lateralization>()?
        .into_iter()
        .filter(|row| row.id.kind == "model")
        .map(|row| (row.id.clone(), (measure.columns)(&row)))
        .collect();
    let Measure {
        name, voxels, value, ..
    } = measure;
    let fit_of = |outcome: &str| fits.iter().find(|row| row.outcome == outcome).map(|row| &row.fit);
    let series = |side: usize, way: &str| -> Result<Series, Undrawn> {
        let outcome = format!("{way}_{name}");
        let points: Vec<_> = rows
            .iter()
            .map(|(id, values)| by_size(id, values[side]))
            .collect();
        some_values(&points, &outcome)?;
        let line = lines.iter().filter(|row| row.outcome == outcome);
        let trend = trend(fit_of(&outcome), line.map(|row| &row.at), &outcome)?;
        Ok(Series { points, trend })
    };
    let Series { points, trend } = series(2, "l_minus_r")?;
    let sides = SidesPlot {
        title: "Left and right hemisphere".to_owned(),
        x: HorizontalAxis::parameters(),
        y_name: (*value).to_owned(),
        left: series(0, "left")?,
        right: series(1, "right")?,
        difference: fit_of(&format!("l_minus_r_{name}")).map(Regression::summary),
        level: None,
    };
    let difference = Scatter {
        title: "Left minus right".to_owned(),
        x: HorizontalAxis::parameters(),
        y_name: format!("difference ({value})"),
        points,
        trend,
        families: look.families.clone(),
        named: true,
    };
    let sheet = Sheet {
        title: format!("Left and right brain score, {voxels}"),
        panels: vec![Panel::Sides(sides), Panel::Scatter(difference)],
        columns: 2,
        width_mm: DOUBLE_MM,
        panel_mm: 74.0,
    };
    let caption = format!(
        "Brain score of the left and of the right hemisphere ({voxels}) against model size, and their difference. Lines: \
         regressions on the logarithm of the number of parameters; bands: 95 % of 1000 bootstrap lines."
    );
    Ok(Sketch::new(format!("l_minus_r_{name}"), caption, sheet))
}
