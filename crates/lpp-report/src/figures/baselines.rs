//! Word vectors, random vectors and untrained models beside the trained ones (results B1, B2).

use lpp_tables::{BaselineGroups, Scaling};

use super::Sketch;
use super::gallery::without_values;
use crate::plot::{Panel, Row, RowPlot, RowStyle, Sheet};
use crate::report_tables::ReportTables;
use crate::theme::{DOUBLE_MM, ONE_AND_A_HALF_MM};
use crate::undrawn::Undrawn;

/// More models than this are too many rows: some of all sizes are shown.
const MOST_MODELS: usize = 40;

/// Mean scores of baselines and models in rows.
pub(super) fn baselines(tables: &ReportTables) -> Result<Sketch, Undrawn> {
    let groups = tables.filled::<BaselineGroups>()?;
    let models = tables.rows::<Scaling>()?;
    let step = models.len().div_ceil(MOST_MODELS).max(1);
    let panel = |title: &str, of_group: fn(&BaselineGroups) -> f64, of_model: fn(&Scaling) -> f64| {
        let seeds = |group: &BaselineGroups| match group.n_seeds {
            0 | 1 => String::new(),
            n => format!("{n} seeds"),
        };
        let groups = groups.iter().map(|group| Row {
            note: seeds(group),
            ..row(&group.group, of_group(group))
        });
        let models = models.iter().step_by(step);
        let models = models.map(|model| row(&model.id.model, of_model(model)));
        panel(
            title,
            "mean correlation",
            groups.chain(models).collect(),
            RowStyle::Dots,
        )
    };
    let panels = [
        panel(
            "All voxels",
            |group| group.measures.score_all,
            |model| model.score_all,
        ),
        panel(
            "Reliable voxels",
            |group| group.measures.score_reliable,
            |model| model.score_reliable,
        ),
    ];
    let shown = if step > 1 {
        format!(" ({} of {})", models.len().div_ceil(step), models.len())
    } else {
        String::new()
    };
    let caption = format!(
        "Brain score of word vectors, random vectors and untrained models (means over seeds), then of the trained models by \
         size{shown}."
    );
    let sheet = sheet("Baselines and models", panels, 70.0)?;
    Ok(Sketch::new("baselines", caption, sheet))
}

/// Left minus right of the baselines (B2).
pub(super) fn baseline_asymmetry(tables: &ReportTables) -> Result<Sketch, Undrawn> {
    let groups = tables.filled::<BaselineGroups>()?;
    let panel = |title: &str, of: fn(&BaselineGroups) -> f64| {
        let rows = groups.iter().map(|group| row(&group.group, of(group)));
        panel(
            title,
            "left minus right (mean correlation)",
            rows.collect(),
            RowStyle::Bars,
        )
    };
    let panels = [
        panel("All voxels", |group| group.measures.l_minus_r_all),
        panel("Reliable voxels", |group| group.measures.l_minus_r_reliable),
    ];
    let caption = "Left minus right brain score of word vectors, random vectors and untrained models, means over seeds.";
    let sheet = sheet("Left minus right of the baselines", panels, 40.0)?;
    Ok(Sketch::new("baselines_l_minus_r", caption, sheet))
}

fn row(name: &str, value: f64) -> Row {
    Row::new(name.replace('_', " "), vec![value])
}

/// A panel; `None` of rows without a value.
fn panel(title: &str, value_name: &str, rows: Vec<Row>, style: RowStyle) -> Option<Panel> {
    let known = rows.iter().any(|row| row.values[0].is_finite());
    known.then(|| {
        Panel::Rows(RowPlot {
            title: title.to_owned(),
            value_name: value_name.to_owned(),
            rows,
            style,
            show_names: true,
        })
    })
}

fn sheet(title: &str, panels: [Option<Panel>; 2], panel_mm: f64) -> Result<Sheet, Undrawn> {
    let panels: Vec<Panel> = panels.into_iter().flatten().collect();
    if panels.is_empty() {
        return Err(without_values("baselines"));
    }
    Ok(Sheet {
        title: title.to_owned(),
        columns: panels.len(),
        width_mm: if panels.len() > 1 {
            DOUBLE_MM
        } else {
            ONE_AND_A_HALF_MM
        },
        panels,
        panel_mm,
    })
}
