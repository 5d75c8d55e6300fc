//! Draws the power curves of the tests from what `lpp-stats`' example `validation` wrote.
//!
//!     cargo run --release -p lpp-stats --example validation -- 2000 20251125 validation.csv
//!     cargo run --release -p lpp-report --example power_curves -- validation.csv docs/images [FORMAT]
//!
//! The format is svg unless said; png and pdf are for looking at.

use std::error::Error;
use std::path::PathBuf;

use lpp_analysis::load_table;
use lpp_report::plot::{Curve, Curves, Families, HorizontalAxis, Panel, Sheet};
use lpp_report::{Format, Theme, export};
use lpp_tables::Row;

lpp_tables::table! {
    /// How often a test finds an effect.
    Rate: "validation" {
        /// The test and its data.
        study: String,
        /// What it promises.
        promise: String,
        /// True effect.
        effect: f64,
        /// Data sets.
        n: usize,
        /// Share of them with p at most 0.05.
        rate: f64,
    }
}

/// A figure: file name, title, unit of the effect, and its tests with the names in the legend.
struct Figure {
    file: &'static str,
    title: &'static str,
    effect: &'static str,
    tests: &'static [(&'static str, &'static str)],
}

const FIGURES: [Figure; 5] = [
    Figure {
        file: "power_families.svg",
        title: "Slope over 28 models of 8 families",
        effect: "true slope, standard deviations",
        tests: &[
            ("OLS slope p, 28 models of 8 families", "OLS (no level)"),
            (
                "family bootstrap, percentile, the same",
                "family bootstrap (no level)",
            ),
            ("mixed model t, the same", "mixed model t"),
            ("cluster-robust t (CR2), the same", "cluster-robust t"),
        ],
    },
    Figure {
        file: "power_series.svg",
        title: "Two slow series, 300 scans",
        effect: "true coefficient",
        tests: &[
            ("Pearson p of AR(1) 0.8 series, 300 scans", "Pearson p (no level)"),
            ("circular shifts, every offset, the same", "circular shifts"),
            ("permuted blocks of 20 scans of the same", "permuted blocks"),
        ],
    },
    Figure {
        file: "power_means.svg",
        title: "Mean of 20 exponential values",
        effect: "shift, units of the mean",
        tests: &[
            (
                "bootstrap mean, percentile, 20 exponential",
                "percentile (no level)",
            ),
            ("bootstrap mean, BCa, the same", "BCa (no level)"),
            ("bootstrap mean, studentised, the same", "studentised"),
        ],
    },
    Figure {
        file: "power_subjects.svg",
        title: "Few subjects",
        effect: "true mean, standard deviations",
        tests: &[
            ("random effects (t), 5 subjects", "t, 5 subjects"),
            ("one-sample t, 8 normal", "t, 8 subjects"),
            (
                "max-t over 60 correlated tests, 12 subjects",
                "largest t of 60 tests, 12 subjects",
            ),
        ],
    },
    Figure {
        file: "power_maps.svg",
        title: "Correlation of smooth maps, 48 parcels",
        effect: "true correlation",
        tests: &[
            ("Pearson p of smooth maps, 48 parcels", "Pearson p (no level)"),
            ("variogram null of the same", "variogram null"),
        ],
    },
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(csv), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("expected the CSV file of the validation and a folder for the figures".into());
    };
    let format: Format = match std::env::args().nth(3) {
        Some(name) => name.parse()?,
        None => Format::Svg,
    };
    let rates = load_table(&csv, Rate::declaration())?.rows::<Rate>()?;
    for figure in &FIGURES {
        let path = folder.join(figure.file).with_extension(format.to_string());
        std::fs::write(path, export(&drawing(figure, &rates)?, format, 150)?)?;
    }
    Ok(())
}

fn drawing(figure: &Figure, rates: &[Rate]) -> Result<String, Box<dyn Error>> {
    let mut curves = Vec::new();
    for (study, name) in figure.tests {
        let rows: Vec<&Rate> = rates.iter().filter(|rate| rate.study == *study).collect();
        if rows.is_empty() {
            return Err(format!("no rates of {study:?} in the file").into());
        }
        curves.push(Curve {
            name: (*name).to_owned(),
            family: (*name).to_owned(),
            x: rows.iter().map(|row| row.effect).collect(),
            y: rows.iter().map(|row| row.rate).collect(),
            ..Curve::default()
        });
    }
    // The level itself, from end to end.
    let largest = curves
        .iter()
        .flat_map(|curve| &curve.x)
        .copied()
        .fold(0.0, f64::max);
    curves.push(Curve {
        name: "level, 5 %".to_owned(),
        family: "level, 5 %".to_owned(),
        x: vec![0.0, largest],
        y: vec![0.05, 0.05],
        ..Curve::default()
    });
    let families: Vec<String> = curves.iter().map(|curve| curve.family.clone()).collect();
    let plot = Curves {
        title: figure.title.to_owned(),
        x: HorizontalAxis::linear(figure.effect),
        y_name: "share of data sets with p \u{2264} 0.05".to_owned(),
        families: Families::of(families.iter().map(String::as_str)),
        marked: true,
        curves,
    };
    let n = plot.curves.len();
    let svg = Sheet::single(Panel::Curves(plot)).to_svg(Theme::Light);
    // The plot layer counts models; here a curve is a test, and the legend names them all.
    Ok(svg.replace(&format!("{n} models"), &format!("{n} curves")))
}
