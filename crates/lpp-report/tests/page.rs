//! The page and the figures of a toy study.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../lpp-analysis/tests/common/mod.rs"]
mod common;

mod made;

use common::ToyStudy;
use lpp_report::plot::{Scatter, ScatterPoint};
use lpp_report::{ReportError, ReportJob};
use lpp_study::{ModelKind, Silent};
use made::{SOFTWARE, page_of, report};

#[test]
fn the_page_needs_nothing_else() {
    let html = page_of(&ToyStudy::full());
    // The only address is the name of the SVG language, which is never fetched.
    let addresses: Vec<&str> = html
        .split("http")
        .skip(1)
        .filter(|rest| rest.starts_with("://") || rest.starts_with("s://"))
        .collect();
    assert!(
        addresses
            .iter()
            .all(|rest| rest.starts_with("://www.w3.org/2000/svg\"")),
        "{addresses:?}"
    );
    assert_eq!(html.matches("href=").count(), html.matches("href=\"#").count());
    for forbidden in [" src=", "@import", "url(", "<link", "<iframe", "fetch("] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    assert!(html.contains("default-src 'none'"));
}

#[test]
fn every_figure_is_described_and_every_table_shown() {
    let html = page_of(&ToyStudy::full());
    let figures = html.matches("<figure ").count();
    // The two views of the viewer are pictures too; their script describes them.
    assert_eq!(html.matches("role=\"img\"").count(), figures + 2);
    assert_eq!(html.matches("<svg aria-label=\"").count(), figures);
    assert!(figures >= 10, "{figures}");
    for table in [
        "scaling regression",
        "lateralization",
        "baseline groups",
        "rois voxel slopes",
    ] {
        assert!(html.contains(&format!("<summary>{table} (")), "{table}");
    }
}

#[test]
fn numbers_on_the_page_are_those_of_the_tables() {
    let toy = ToyStudy::full();
    let html = page_of(&toy);
    let csv = std::fs::read_to_string(toy.path().join("results/scaling_en.csv")).unwrap();
    let score = csv.lines().nth(1).unwrap().split(',').nth(6).unwrap();
    assert!(html.contains(&format!("data-v=\"{score}\"")), "{score}");
}

#[test]
fn the_page_is_the_same_each_time() {
    let toy = ToyStudy::full();
    let first = page_of(&toy);
    let again = report(&toy);
    assert!(again.run(SOFTWARE, &Silent).unwrap().up_to_date);
    let forced = ReportJob { force: true, ..again }.run(SOFTWARE, &Silent).unwrap();
    assert_eq!(std::fs::read_to_string(forced.page).unwrap(), first);
}

#[test]
fn a_poor_study_still_has_a_page() {
    let toy = ToyStudy::new().with_model("only", ModelKind::Model, Some(1_000), 0.1, 0.01);
    let html = page_of(&toy);
    let (shown, _) = html.split_once("<script").unwrap();
    assert!(html.contains("n = 1") && !shown.contains("NaN"));
    let baselines = ToyStudy::new().with_model("glove", ModelKind::Baseline, None, 0.1, 0.0);
    assert!(page_of(&baselines).contains("glove"));
}

#[test]
fn scores_that_changed_since_the_analysis_are_named() {
    let toy = ToyStudy::full();
    page_of(&toy);
    let toy = toy.with_model("gpt2-m", ModelKind::Model, Some(5_000), 0.3, 0.0);
    let error = report(&toy).run(SOFTWARE, &Silent).unwrap_err().to_string();
    assert!(
        error.contains("gpt2-m_en.npy") && error.contains("lpp-analyze all"),
        "{error}"
    );
}

#[test]
fn without_tables_the_command_is_named() {
    let toy = ToyStudy::full();
    let error = report(&toy).run(SOFTWARE, &Silent).unwrap_err();
    assert!(matches!(error, ReportError::MissingResult { .. }));
    assert!(error.to_string().contains("lpp-analyze all"));
}

#[test]
fn a_scatter_has_its_parts() {
    let points: Vec<ScatterPoint> = (0..28)
        .map(|i| ScatterPoint {
            name: format!("model-{i}"),
            family: format!("family{}", i % 8),
            n_parameters: 1e8 * 1.2_f64.powi(i),
            value: 0.05 + 0.001 * f64::from(i) + 0.002 * f64::from(i % 3),
        })
        .collect();
    let svg = Scatter {
        title: "Brain score".into(),
        y_name: "mean correlation".into(),
        points,
    }
    .to_svg();
    assert_eq!(svg.matches("class=\"point\"").count(), 28);
    assert_eq!(svg.matches("class=\"legend\"").count(), 8);
    assert_eq!(svg.matches("class=\"regression\"").count(), 1);
    assert_eq!(svg.matches("class=\"band\"").count(), 1);
    // Crowded points lose their names rather than overlap, but most have one.
    assert!(svg.matches("class=\"label\"").count() >= 20);
    for text in [
        "Brain score",
        "mean correlation",
        "parameters (log scale)",
        "n = 28",
        "1B",
        "font-family=\"sans-serif\"",
    ] {
        assert!(svg.contains(text), "{text}");
    }
    assert!(svg.contains("width=\"120mm\""));
}
