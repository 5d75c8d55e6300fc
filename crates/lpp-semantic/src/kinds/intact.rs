//! No damage at all: the numbers of intact studies, computed here once more.

use crate::answer::same;
use crate::figures::{Figures, place_name};
use crate::files::Content;
use crate::kind::Kind;
use crate::ridge_twin::nested_scores;
use crate::scenes::{ATLAS, AVERAGE, ISC, MASK, PLAN, REGRESSORS, RIDGE, TABLES, WORDS};
use crate::study::{MODELS, N_RIDGE_RUNS, Study, band, response};

pub(crate) fn kinds() -> Vec<Kind> {
    vec![
        Kind::new("intact-isc", &ISC, same(1e-5, 1e-5), |_, _| {}).expecting_part(isc_by_hand),
        Kind::new("intact-atlas", &ATLAS, same(1e-5, 1e-5), |_, _| {}).expecting_part(parcels_by_hand),
        Kind::new("intact-tables", &TABLES, same(1e-5, 0.0), |_, _| {}).expecting_part(|_, _| {
            let mut figures = Figures::default();
            for model in MODELS {
                figures.set(format!("left less right of {model}, table against scores"), 0.0);
            }
            figures
        }),
        // f32 against f64
        Kind::new("intact-ridge", &RIDGE, same(2e-5, 0.0), |_, _| {}).expecting_part(ridge_by_hand),
        Kind::new("intact-average", &AVERAGE, same(1e-4, 0.0), |_, _| {}).expecting_part(average_by_hand),
        // The programs' fine grid of a fiftieth of a scan, against an integral.
        Kind::new("intact-regressors", &REGRESSORS, same(0.06, 0.0), |_, _| {})
            .expecting_part(features_by_hand),
        Kind::new("intact-words", &WORDS, same(1e-6, 1e-6), |_, _| {})
            .expecting_part(super::tables::words_as_written),
        Kind::new("intact-mask", &MASK, same(0.0, 0.0), |_, _| {}).expecting_part(|intact, _| {
            // Every voxel in the middle of the ball, and its mirror image.
            let mut figures = Figures::default();
            for x in [-2, 2, -6, 6] {
                figures.set(format!("inside at {}", place_name([f64::from(x), 2.0, 0.0])), 1.0);
            }
            assert!(!intact.is_empty());
            figures
        }),
        // Activations, scores and masks without a record are the user's own: nothing is fetched or made anew.
        Kind::new("intact-plan", &PLAN, same(0.0, 0.0), |_, _| {}).expecting(|intact, _| {
            intact.only(|name| !name.contains("fetch:") && !name.contains("extract:"))
        }),
    ]
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Mean ISC of every voxel with its place.
fn isc_of(study: &Study) -> Vec<([f64; 3], f64)> {
    let Some(Content::Array(isc)) = study.files.get("isc/isc_en.npy") else {
        return Vec::new();
    };
    let rows = isc.rows();
    let places = study.masked(super::shared::MASK);
    let voxel = |v: usize| mean(&rows.iter().map(|row| row[v]).collect::<Vec<_>>());
    places
        .into_iter()
        .enumerate()
        .map(|(v, place)| (place, voxel(v)))
        .collect()
}

fn isc_by_hand(_: &Figures, study: &Study) -> Figures {
    let voxels = isc_of(study);
    let side = |left: bool| -> Vec<f64> {
        voxels
            .iter()
            .filter(|(p, _)| (p[0] < 0.0) == left)
            .map(|(_, v)| *v)
            .collect()
    };
    let (left, right) = (side(true), side(false));
    let mut figures = Figures::default();
    figures.set("n_voxels", voxels.len() as f64);
    figures.set("by_x.n_left", left.len() as f64);
    figures.set("by_x.n_right", right.len() as f64);
    figures.set("by_x.isc_left", mean(&left));
    figures.set("by_x.isc_right", mean(&right));
    figures.set("by_x.isc_left_minus_right", mean(&left) - mean(&right));
    figures.set("halves.isc_left_minus_right", mean(&left) - mean(&right));
    figures
}

fn parcels_by_hand(_: &Figures, study: &Study) -> Figures {
    let voxels = isc_of(study);
    let mut figures = Figures::default();
    for parcel in 0..4 {
        let side = |left: bool| -> f64 {
            let inside = voxels
                .iter()
                .filter(|(p, _)| band(p[1]) == parcel && (p[0] < 0.0) == left);
            mean(&inside.map(|(_, v)| *v).collect::<Vec<_>>())
        };
        let name = |column: &str| format!("atlas, Band{} 0, {column}", parcel + 1);
        figures.set(name("isc_left"), side(true));
        figures.set(name("isc_right"), side(false));
        figures.set(name("isc_l_minus_r"), side(true) - side(false));
    }
    figures
}

fn ridge_by_hand(_: &Figures, study: &Study) -> Figures {
    let matrix = |path: String| match study.files.get(&path) {
        Some(Content::Array(array)) => array.rows(),
        _ => Vec::new(),
    };
    let runs: Vec<_> = (0..N_RIDGE_RUNS)
        .map(|r| (matrix(format!("x{r}.npy")), matrix(format!("y{r}.npy"))))
        .collect();
    let mut figures = Figures::default();
    for (target, score) in nested_scores(&runs).into_iter().enumerate() {
        figures.set(format!("score of target {target}"), score);
    }
    figures
}

/// The mean of the subjects, standardised.
fn average_by_hand(_: &Figures, study: &Study) -> Figures {
    let mut figures = Figures::default();
    for run in 0..12 {
        let subjects: Vec<Vec<Vec<f64>>> = (1..=3)
            .filter_map(|s| {
                study
                    .files
                    .get(&format!("in/sub-{s}/sub-{s}_task-a_run-{:02}_bold.npy", run + 1))
            })
            .filter_map(|content| {
                if let Content::Array(array) = content {
                    Some(array.rows())
                } else {
                    None
                }
            })
            .collect();
        for voxel in 0..5 {
            let scans = subjects[0].len();
            let course: Vec<f64> = (0..scans)
                .map(|t| mean(&subjects.iter().map(|s| s[t][voxel]).collect::<Vec<_>>()))
                .collect();
            let centre = mean(&course);
            let spread = mean(&course.iter().map(|v| (v - centre).powi(2)).collect::<Vec<_>>()).sqrt();
            for (scan, value) in course.iter().enumerate() {
                figures.set(
                    format!("average run {run} row {scan} column {voxel}"),
                    (value - centre) / spread,
                );
            }
        }
    }
    figures
}

fn features_by_hand(_: &Figures, study: &Study) -> Figures {
    let (Some(Content::Table(events)), Some(Content::Array(activations))) =
        (study.files.get("events.csv"), study.files.get("activations.npy"))
    else {
        return Figures::default();
    };
    let tr_s: f64 = study.one("tr").parse().unwrap_or(2.0);
    let n_scans: usize = study.one("n_scans").parse().unwrap_or(0);
    let number = |cell: &String| cell.parse::<f64>().unwrap_or(0.0);
    let times: Vec<(f64, f64)> = events
        .rows
        .iter()
        .map(|row| (number(&row[0]), number(&row[1])))
        .collect();
    let mut figures = Figures::default();
    for scan in 0..n_scans {
        let at = (scan as f64 + 0.5) * tr_s;
        for feature in 0..2 {
            let word = |((on, off), row): (&(f64, f64), Vec<f64>)| {
                (response(at - on) - response(at - off)) * row[feature]
            };
            let value: f64 = times.iter().zip(activations.rows()).map(word).sum();
            figures.set(format!("feature row {scan} column {feature}"), value);
        }
    }
    figures
}
