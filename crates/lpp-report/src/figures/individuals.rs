//! Individual subjects (result I1).

use lpp_tables::{Individuals, IndividualsLines, IndividualsRegression, Regression};

use super::gallery::{distinct, sized, some_values, trend, without_values};
use super::{Look, Sketch};
use crate::plot::{HorizontalAxis, Panel, Scatter, ScatterPoint, Series, Sheet, SidesPlot, Trend};
use crate::report_tables::ReportTables;
use crate::theme::DOUBLE_MM;
use crate::undrawn::Undrawn;

/// Subjects of a page; the paper has five.
const MOST_SUBJECTS: usize = 12;

/// Score, its 90th percentile, both sides and their difference against size: a row of panels a subject.
pub(super) fn individuals(tables: &ReportTables, look: &Look) -> Result<Sketch, Undrawn> {
    let rows = tables.filled::<Individuals>()?;
    let fits = tables.rows::<IndividualsRegression>()?;
    let lines = tables.rows::<IndividualsLines>()?;
    let mut panels = Vec::new();
    for subject in distinct(&rows, |row| &row.subject)
        .into_iter()
        .take(MOST_SUBJECTS)
    {
        let of = OfSubject {
            rows: rows.iter().filter(|row| row.subject == subject).collect(),
            fits: fits.iter().filter(|row| row.subject == subject).collect(),
            lines: lines.iter().filter(|row| row.subject == subject).collect(),
        };
        if some_values(&of.points(|row| row.score_all), subject).is_ok() {
            panels.extend(of.panels(subject.trim_start_matches("sub-"), look)?);
        }
    }
    if panels.is_empty() {
        return Err(without_values("single subjects"));
    }
    let sheet = Sheet {
        title: "Individual subjects".to_owned(),
        panels,
        columns: 4,
        width_mm: DOUBLE_MM,
        panel_mm: 46.0,
    };
    let caption = "Each subject's brain score, its 90th percentile, both hemispheres and their difference against model size.";
    Ok(Sketch::new("individuals", caption, sheet))
}

/// The rows of one subject.
struct OfSubject<'a> {
    rows: Vec<&'a Individuals>,
    fits: Vec<&'a IndividualsRegression>,
    lines: Vec<&'a IndividualsLines>,
}

impl OfSubject<'_> {
    fn points(&self, of: fn(&Individuals) -> f64) -> Vec<ScatterPoint> {
        let rows = self.rows.iter();
        rows.map(|row| sized(&row.model, &row.family, row.n_parameters, of(row)))
            .collect()
    }

    fn trend(&self, outcome: &str) -> Result<Trend, Undrawn> {
        let fit = self.fits.iter().find(|row| row.outcome == outcome);
        let line = self.lines.iter().filter(|row| row.outcome == outcome);
        trend(fit.map(|row| &row.fit), line.map(|row| &row.at), outcome)
    }

    fn series(&self, outcome: &str, of: fn(&Individuals) -> f64) -> Result<Series, Undrawn> {
        Ok(Series {
            points: self.points(of),
            trend: self.trend(outcome)?,
        })
    }

    fn panels(&self, subject: &str, look: &Look) -> Result<[Panel; 4], Undrawn> {
        let scatter = |outcome: &str, of: fn(&Individuals) -> f64, title: &str, value: &str| {
            Ok::<_, Undrawn>(Panel::Scatter(Scatter {
                title: format!("{subject}: {title}"),
                x: HorizontalAxis::parameters(),
                y_name: value.to_owned(),
                points: self.points(of),
                trend: self.trend(outcome)?,
                families: look.families.clone(),
                named: false,
            }))
        };
        let difference = self.fits.iter().find(|row| row.outcome == "l_minus_r_all");
        Ok([
            scatter("score_all", |row| row.score_all, "score", "mean correlation")?,
            scatter(
                "score_percentile_90",
                |row| row.score_percentile_90,
                "90th percentile",
                "correlation",
            )?,
            Panel::Sides(SidesPlot {
                title: format!("{subject}: left, right"),
                x: HorizontalAxis::parameters(),
                y_name: "mean correlation".to_owned(),
                left: self.series("left_all", |row| row.left_all)?,
                right: self.series("right_all", |row| row.right_all)?,
                difference: difference.map(|row| row.fit.summary()),
                level: None,
            }),
            scatter("l_minus_r_all", |row| row.l_minus_r_all, "L − R", "difference")?,
        ])
    }
}
