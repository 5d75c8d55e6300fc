//! A figure of one or several panels with a common legend.

use super::crosses::Crosses;
use super::curves::Curves;
use super::density::DensityPlot;
use super::families::Families;
use super::legend::{Entry, Legend, Symbol, family_lines, family_marks, sides};
use super::rect::Rect;
use super::rows::RowPlot;
use super::scatter::Scatter;
use super::sides::SidesPlot;
use super::specifications::Specifications;
use super::svg::Svg;
use crate::theme::{ONE_AND_A_HALF_MM, SINGLE_MM, TITLE_MM, Theme};

/// White space around and between panels, mm.
const MARGIN_MM: f64 = 2.0;
const GAP_MM: f64 = 3.0;
/// Height of a sheet's own title, mm.
const SHEET_TITLE_MM: f64 = 5.0;

/// A plot that can stand in a figure.
#[derive(Debug, Clone, PartialEq)]
pub enum Panel {
    /// Models, one value each.
    Scatter(Scatter),
    /// Models, left and right.
    Sides(SidesPlot),
    /// Models, several values each.
    Curves(Curves),
    /// Densities.
    Density(DensityPlot),
    /// Rows of bars or dots.
    Rows(RowPlot),
    /// Points with intervals.
    Crosses(Crosses),
    /// Slopes under many choices.
    Specifications(Specifications),
}

impl Panel {
    /// What the panel shows, in words and numbers.
    #[must_use]
    pub fn alt_text(&self) -> String {
        match self {
            Self::Scatter(plot) => plot.alt_text(),
            Self::Sides(plot) => plot.alt_text(),
            Self::Curves(plot) => plot.alt_text(),
            Self::Density(plot) => plot.alt_text(),
            Self::Rows(plot) => plot.alt_text(),
            Self::Crosses(plot) => plot.alt_text(),
            Self::Specifications(plot) => plot.alt_text(),
        }
    }

    fn height(&self, usual: f64) -> f64 {
        match self {
            Self::Rows(plot) => plot.height(),
            Self::Specifications(plot) => plot.height(),
            _ => usual,
        }
    }

    fn draw(&self, svg: &mut Svg, area: Rect) {
        match self {
            Self::Scatter(plot) => plot.draw(svg, area),
            Self::Sides(plot) => plot.draw(svg, area),
            Self::Curves(plot) => plot.draw(svg, area),
            Self::Density(plot) => plot.draw(svg, area),
            Self::Rows(plot) => plot.draw(svg, area),
            Self::Crosses(plot) => plot.draw(svg, area),
            Self::Specifications(plot) => plot.draw(svg, area),
        }
    }
}

/// Panels in rows, with one legend below.
///
/// ```
/// use lpp_report::Theme;
/// use lpp_report::plot::{Panel, Row, RowPlot, RowStyle, Sheet};
/// let rows = RowPlot {
///     title: "Baselines".into(),
///     value_name: "mean correlation".into(),
///     rows: vec![Row::new("GloVe", vec![0.04])],
///     style: RowStyle::Dots,
///     show_names: true,
/// };
/// let sheet = Sheet { width_mm: 88.0, ..Sheet::single(Panel::Rows(rows)) };
/// assert!(sheet.to_svg(Theme::Dark).contains("width=\"88mm\""));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// Title over all panels; none if empty.
    pub title: String,
    /// The panels, row by row.
    pub panels: Vec<Panel>,
    /// Panels in a row, at least 1.
    pub columns: usize,
    /// Width, mm.
    pub width_mm: f64,
    /// Height of a panel, mm; panels of rows have their own.
    pub panel_mm: f64,
}

impl Sheet {
    /// A figure of one panel, 120 mm wide.
    #[must_use]
    pub fn single(panel: Panel) -> Self {
        Self {
            title: String::new(),
            panels: vec![panel],
            columns: 1,
            width_mm: ONE_AND_A_HALF_MM,
            panel_mm: 76.0,
        }
    }

    /// What the figure shows, in words and numbers.
    #[must_use]
    pub fn alt_text(&self) -> String {
        let panels: Vec<String> = self.panels.iter().map(Panel::alt_text).collect();
        let text = panels.join(". ");
        if self.title.is_empty() {
            text
        } else {
            format!("{}. {text}", self.title)
        }
    }

    /// Draws the figure.
    #[must_use]
    pub fn to_svg(&self, theme: Theme) -> String {
        let columns = self.columns.clamp(1, self.panels.len().max(1));
        // Fewer panels than columns: a narrower figure, of the next journal width that holds them.
        let needed = self.width_mm * columns as f64 / self.columns.max(1) as f64;
        let page_mm = [SINGLE_MM, ONE_AND_A_HALF_MM]
            .into_iter()
            .find(|width| needed <= *width + 1e-9)
            .unwrap_or(self.width_mm)
            .min(self.width_mm);
        let inner = page_mm - 2.0 * MARGIN_MM;
        let width = (inner - (columns - 1) as f64 * GAP_MM) / columns as f64;
        let legend = Legend::new(self.entries(), inner);
        let head = MARGIN_MM / 2.0
            + if self.title.is_empty() {
                0.0
            } else {
                SHEET_TITLE_MM
            };
        let heights: Vec<f64> = self
            .panels
            .chunks(columns)
            .map(|row| {
                row.iter()
                    .map(|panel| panel.height(self.panel_mm))
                    .fold(0.0, f64::max)
            })
            .collect();
        let panels_mm = heights.iter().map(|height| height + GAP_MM).sum::<f64>();
        let height = head + panels_mm + legend.height() + MARGIN_MM / 2.0;
        let mut svg = Svg::new(theme, page_mm, height, self.alt_text());
        if !self.title.is_empty() {
            svg.title(
                (MARGIN_MM + 1.0, MARGIN_MM / 2.0 + 3.6),
                TITLE_MM * 1.1,
                &self.title,
                inner - 1.0,
            );
        }
        let mut top = head;
        for (row, height) in self.panels.chunks(columns).zip(&heights) {
            for (column, panel) in row.iter().enumerate() {
                let left = MARGIN_MM + column as f64 * (width + GAP_MM);
                panel.draw(&mut svg, Rect::new(left, top, width, *height));
            }
            top += height + GAP_MM;
        }
        legend.draw(&mut svg, MARGIN_MM + 1.0, top);
        svg.finish()
    }

    /// What the legend explains: only what some panel shows.
    fn entries(&self) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut add = |more: Vec<Entry>| {
            for entry in more {
                if !entries.iter().any(|known| known.name == entry.name) {
                    entries.push(entry);
                }
            }
        };
        for panel in &self.panels {
            match panel {
                Panel::Scatter(plot) => {
                    let shown = plot.shown();
                    let there = |name: &str| shown.iter().any(|point| point.family == name);
                    add(some_of(&plot.families, there, family_marks));
                }
                Panel::Curves(plot) => {
                    let there = |name: &str| plot.curves.iter().any(|curve| curve.family == name);
                    let style = if plot.marked { family_marks } else { family_lines };
                    add(some_of(&plot.families, there, style));
                }
                Panel::Crosses(plot) => {
                    let there = |name: &str| plot.points.iter().any(|point| point.family == name);
                    add(some_of(&plot.families, there, family_marks));
                }
                Panel::Sides(plot) => {
                    add(sides());
                    add(plot.level.iter().map(level_entry).collect());
                }
                Panel::Density(plot) if plot.curves.len() > 1 => {
                    let explained = plot.curves.iter().filter(|curve| curve.explained);
                    add(explained.map(curve_entry).collect());
                }
                Panel::Rows(plot) if plot.paired() => add(sides()),
                Panel::Density(_) | Panel::Rows(_) | Panel::Specifications(_) => {}
            }
        }
        entries
    }
}

fn some_of(
    families: &Families,
    there: impl Fn(&str) -> bool,
    style: fn(&Families) -> Vec<Entry>,
) -> Vec<Entry> {
    style(families)
        .into_iter()
        .filter(|entry| !entry.name.is_empty() && there(&entry.name))
        .collect()
}

fn level_entry(level: &super::sides::Level) -> Entry {
    Entry {
        symbol: Symbol::Line("currentColor".to_owned(), true),
        name: level.name.clone(),
    }
}

fn curve_entry(curve: &super::density::DensityCurve) -> Entry {
    Entry {
        symbol: Symbol::Line(curve.colour.clone(), curve.dashed),
        name: curve.name.clone(),
    }
}
