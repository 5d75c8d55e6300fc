//! The page and the figures of a toy study.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../lpp-analysis/tests/common/mod.rs"]
mod common;

mod made;

use common::ToyStudy;
use lpp_files::Silent;
use lpp_report::{ReportError, ReportJob};
use lpp_study::ModelKind;
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
    // Fonts, pictures inside figures, and clip paths of the same file.
    let html = html
        .replace("href=\"data:image/png;base64,", "")
        .replace("url(data:font/woff2;base64,", "")
        .replace("url(#clip-", "");
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
    let drawn: String = shown
        .split("base64,")
        .enumerate()
        .map(|(i, part)| {
            if i == 0 {
                part
            } else {
                part.split_once('"').map_or("", |(_, rest)| rest)
            }
        })
        .collect();
    assert!(html.contains("n = 1") && !drawn.contains("NaN"));
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
