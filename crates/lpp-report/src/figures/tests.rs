//! Every number of every figure is one of the tables'.

use std::collections::HashMap;
use std::fs::File;

use lpp_analysis::{Analysis, AnalysisJob};
use lpp_files::{Silent, npy};
use lpp_steps::Software;
use lpp_study::{Language, Scores, Study, beside_scores};
use lpp_tables::{
    Atlas, Cell, LateralizationLines, LateralizationRegression, Line, LinePoint, RegressionSummary, Row,
    Table,
};
use lpp_testkit::fixture;
use ndarray::{Array2, Axis};

use super::{Look, Sketch, sketches};
use crate::plot::{Families, Panel, Scatter, ScatterPoint, SidesPlot, Trend};
use crate::report_tables::ReportTables;
use crate::theme::Theme;
use crate::undrawn::Undrawn;

/// The simulated study of `fixtures/analysis` with all its tables.
fn study() -> (tempfile::TempDir, ReportTables) {
    let folder = tempfile::tempdir().unwrap();
    let file = File::open(fixture("analysis/study.zip")).unwrap();
    zip::ZipArchive::new(file)
        .unwrap()
        .extract(folder.path())
        .unwrap();
    let study = Study::open(folder.path()).unwrap();
    write_runs(&study);
    write_competence(&study);
    let software = Software {
        program: "lpp-test",
        version: "0.0.0",
        commit: None,
    };
    let job = AnalysisJob::new(study.clone(), Language::English, Analysis::All);
    job.run(software, &Silent).unwrap();
    let tables = ReportTables::load(&study, Language::English).unwrap();
    (folder, tables)
}

/// Scores of three runs whose mean is the best score over layers of each voxel, as `lpp-fit` writes them.
fn write_runs(study: &Study) {
    for path in Scores::list(&study.scores_dir(), Language::English).unwrap() {
        let best = Scores::load(&path)
            .unwrap()
            .values
            .fold_axis(Axis(0), f32::NAN, |a, b| a.max(*b));
        let of_run = |(run, voxel): (usize, usize)| {
            best[voxel] + [0.01, -0.01, 0.0][run] * ((voxel * 7 + path.as_os_str().len()) as f32).sin()
        };
        let runs = Array2::from_shape_fn((3, best.len()), of_run);
        npy::save(&beside_scores(&path, "runs"), &runs).unwrap();
    }
}

/// Minimal pairs of the checkpoints, of which more are right from step to step.
fn write_competence(study: &Study) {
    for (place, step) in [0, 1000, 14_000, 36_000, 72_000, 143_000].into_iter().enumerate() {
        let header = "set,item,phenomenon,n_tokens_good,n_tokens_bad,logp_good_nats,logp_bad_nats,correct,correct_mean";
        let mut rows = vec![header.to_owned()];
        for (set, item) in (0..4).flat_map(|set| (0..40).map(move |item| (set, item))) {
            let is_right = (item * 7 + set * 11) % 40 < 20 + 3 * place + set;
            let correct = u8::from(is_right);
            let [good, bad] = if is_right { [-8.5, -9.0] } else { [-9.0, -8.5] };
            rows.push(format!(
                "s{set},{item},p{},5,5,{good},{bad},{correct},{correct}",
                set % 2
            ));
        }
        let path = study.competence(&format!("pythia-6.9b_step{step}"), Language::English, "pairs");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, rows.join("\n") + "\n").unwrap();
    }
}

fn look(tables: &ReportTables) -> Look {
    let rows = tables.all::<lpp_tables::Scaling>().unwrap();
    Look {
        theme: Theme::Light,
        families: Families::of(rows.iter().map(|row| row.id.family.as_str())),
    }
}

/// The bits of a number; all NaN are one.
fn bits(value: f64) -> u64 {
    if value.is_nan() { u64::MAX } else { value.to_bits() }
}

/// A regression to the last digit.
type Fit = (usize, u64, u64);
/// What names a row: the texts and counts of its columns.
type Key = Vec<String>;

fn fit(of: &RegressionSummary) -> Fit {
    (of.n, bits(of.r), bits(of.p))
}

fn places(line: &[LinePoint]) -> Vec<[u64; 4]> {
    let place = |at: &LinePoint| [at.x, at.y, at.band[0], at.band[1]].map(bits);
    line.iter().map(place).collect()
}

/// All regressions and lines of the tables, and every number.
struct Numbers {
    /// Where a regression stands: table and key.
    fits: HashMap<Fit, Vec<(&'static str, Key)>>,
    lines: HashMap<(&'static str, Key), Vec<[u64; 4]>>,
    all: std::collections::HashSet<u64>,
}

impl Numbers {
    fn of(tables: &ReportTables) -> Self {
        let mut numbers = Self {
            fits: HashMap::new(),
            lines: HashMap::new(),
            all: std::collections::HashSet::new(),
        };
        for table in tables.each() {
            let cells = table.cells().iter().flatten().filter_map(Cell::number);
            numbers.all.extend(cells.map(bits));
            let column = |name: &str| table.numbers(name);
            let number = |value: Option<f64>| bits(value.unwrap_or(f64::NAN));
            if table.name().ends_with("_regression") || table.name() == "scaling_by_family" {
                let n = [column("n_models"), column("n_parcels")].concat();
                let (r, p) = (column("r"), column("p"));
                for row in 0..table.n_rows() {
                    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
                    let fit = (n[row].unwrap() as usize, number(r[row]), number(p[row]));
                    let of = (table.name(), key(table, row));
                    numbers.fits.entry(fit).or_default().push(of);
                }
            }
            if table.name().ends_with("_lines") {
                let x = [column("n_parameters"), column("x")].concat();
                let [value, low, high] = ["value", "band_low", "band_high"].map(column);
                for row in 0..table.n_rows() {
                    let place = [x[row], value[row], low[row], high[row]].map(number);
                    numbers
                        .lines
                        .entry((table.name(), key(table, row)))
                        .or_default()
                        .push(place);
                }
            }
        }
        numbers
    }

    /// A trend is one row of a table of regressions and the line of the same key, and of as many points as are shown.
    fn check(&self, trend: &Trend, shown: usize, what: &str) {
        let summary = fit(&trend.summary);
        let found = self
            .fits
            .get(&summary)
            .unwrap_or_else(|| panic!("{what}: {summary:?}"));
        let line = places(&trend.line);
        let of_line = |(table, key): &(&str, Key)| {
            let name = format!("{}_lines", table.trim_end_matches("_regression"));
            let known = self
                .lines
                .iter()
                .find(|((table, of), _)| **table == *name && of == key);
            known.map(|(_, line)| line.clone()).unwrap_or_default()
        };
        assert!(
            found.iter().any(|of| of_line(of) == line),
            "{what}: no line of {found:?}"
        );
        assert_eq!(trend.summary.n, shown, "{what}");
    }

    fn check_points<'a>(&self, points: impl Iterator<Item = &'a ScatterPoint>, what: &str) -> usize {
        let mut n = 0;
        for point in points.filter(|point| point.x.is_finite() && point.y.is_finite()) {
            assert!(
                self.all.contains(&bits(point.x)) && self.all.contains(&bits(point.y)),
                "{what}: {point:?}"
            );
            n += 1;
        }
        n
    }

    fn check_all(&self, values: impl IntoIterator<Item = f64>, what: &str) {
        for value in values.into_iter().filter(|value| value.is_finite()) {
            assert!(self.all.contains(&bits(value)), "{what}: {value}");
        }
    }

    fn check_panel(&self, panel: &Panel, what: &str) {
        match panel {
            Panel::Scatter(Scatter {
                points, trend, title, ..
            }) => {
                let what = format!("{what}, {title}");
                let n = self.check_points(points.iter(), &what);
                self.check(trend, n, &what);
            }
            Panel::Sides(SidesPlot {
                left,
                right,
                difference,
                level,
                title,
                ..
            }) => {
                for side in [left, right] {
                    let what = format!("{what}, {title}");
                    let n = self.check_points(side.points.iter(), &what);
                    self.check(&side.trend, n, &what);
                }
                if let Some(difference) = difference {
                    assert!(self.fits.contains_key(&fit(difference)), "{what}, {title}");
                }
                if let Some(level) = level {
                    self.check_all(level.sides, what);
                    self.check_all(level.intervals.iter().flat_map(|(low, high)| [*low, *high]), what);
                }
            }
            Panel::Curves(plot) => {
                for curve in &plot.curves {
                    self.check_all(curve.x.iter().chain(&curve.y).copied(), what);
                    self.check_all(curve.band.iter().flatten().copied(), what);
                }
            }
            Panel::Crosses(plot) => {
                for point in &plot.points {
                    self.check_all(point.x.into_iter().chain(point.y), what);
                }
            }
            Panel::Density(plot) => {
                for curve in &plot.curves {
                    self.check_all(curve.x.iter().chain(&curve.density).copied(), what);
                }
                self.check_all(plot.threshold.iter().map(|(value, _)| *value), what);
            }
            Panel::Rows(plot) => {
                for row in &plot.rows {
                    self.check_all(row.values.iter().copied(), what);
                }
            }
            Panel::Specifications(plot) => {
                let ends = plot.intervals.iter().flat_map(|(low, high)| [*low, *high]);
                self.check_all(plot.slopes.iter().copied().chain(ends), what);
            }
        }
    }
}

/// The texts of a row, and the seed of a twin.
fn key(table: &Table, row: usize) -> Key {
    let named = |name: &str, cell: &Cell| {
        let of_twin = name == "twin_seed" || (name == "seed" && table.name() == "training_regression");
        cell.is_text() || of_twin
    };
    let cells = table.columns().iter().zip(&table.cells()[row]);
    let cells = cells.filter(|(column, cell)| named(column.name, cell));
    cells.map(|(_, cell)| cell.plain()).collect()
}

#[test]
fn the_numbers_of_every_figure_are_those_of_the_tables() {
    let (_folder, tables) = study();
    let numbers = Numbers::of(&tables);
    let mut n_panels = 0;
    let all = sketches(&tables, &look(&tables));
    assert_eq!(
        all.iter().filter(|(id, _)| id.starts_with("competence_")).count(),
        4
    );
    for (id, sketch) in all {
        let Sketch { sheet, .. } = sketch.unwrap_or_else(|why| panic!("{id}: {why:?}"));
        for panel in &sheet.panels {
            numbers.check_panel(panel, &id);
            n_panels += 1;
        }
    }
    assert!(n_panels > 60, "{n_panels}");
}

#[test]
fn the_band_of_left_minus_right_is_that_of_its_table() {
    let (_folder, tables) = study();
    let lines = tables.all::<LateralizationLines>().unwrap();
    let fits = tables.all::<LateralizationRegression>().unwrap();
    let sketches: HashMap<String, _> = sketches(&tables, &look(&tables)).into_iter().collect();
    for measure in ["all", "percentile_90", "reliable", "isc_normalized"] {
        let outcome = format!("l_minus_r_{measure}");
        let sheet = &sketches[&outcome].as_ref().unwrap().sheet;
        let Panel::Scatter(Scatter { trend, .. }) = &sheet.panels[1] else {
            panic!("{outcome}: the second panel is the difference");
        };
        let rows: Vec<_> = lines.iter().filter(|row| row.outcome == outcome).collect();
        assert_eq!((trend.line.len(), rows.len()), (100, 100), "{outcome}");
        for (drawn, row) in trend.line.iter().zip(&rows) {
            assert_eq!(*drawn, row.at.point());
            assert_eq!(
                drawn.band.map(f64::to_bits),
                [row.at.band_low, row.at.band_high].map(f64::to_bits)
            );
            assert_eq!(row.at.seed, Some(1));
        }
        let fit = &fits.iter().find(|row| row.outcome == outcome).unwrap().fit;
        let drawn = [trend.summary.r, trend.summary.p].map(f64::to_bits);
        assert_eq!(drawn, [fit.r, fit.p].map(f64::to_bits), "{outcome}");
    }
}

#[test]
fn a_figure_without_its_table_is_left_out_by_name() {
    let (folder, _) = study();
    for name in ["atlas_lines", "isc_density"] {
        std::fs::remove_file(folder.path().join(format!("results/{name}_en.csv"))).unwrap();
    }
    let empty = Table::of::<Atlas>(&[]).to_csv();
    std::fs::write(folder.path().join("results/atlas_en.csv"), empty).unwrap();
    let study = Study::open(folder.path()).unwrap();
    let tables = ReportTables::load(&study, Language::English).unwrap();
    let mut left_out: HashMap<String, Undrawn> = sketches(&tables, &look(&tables))
        .into_iter()
        .filter_map(|(id, sketch)| Some((id, sketch.err()?)))
        .collect();
    assert!(matches!(
        left_out.remove("isc_density"),
        Some(Undrawn::Missing("isc_density"))
    ));
    let without_rows = format!("the table {} has no rows", Atlas::NAME);
    for id in ["atlas_isc", "atlas_relations"] {
        assert!(
            matches!(left_out.remove(id), Some(Undrawn::Without(why)) if why == without_rows),
            "{id}"
        );
    }
    assert!(left_out.is_empty(), "{left_out:?}");
}
