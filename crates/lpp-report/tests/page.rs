//! The page and the figures of a toy study.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../lpp-analysis/tests/common/mod.rs"]
mod common;

mod made;

use common::ToyStudy;
use lpp_files::Silent;
use lpp_report::{ReportError, ReportJob};
use lpp_study::ModelKind;
use lpp_tables::number::compact;
use made::{SOFTWARE, analyse, page_of, report};

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
fn findings_are_cells_of_a_table() {
    let toy = ToyStudy::full();
    let html = page_of(&toy);
    let path = toy.path().join("results/corrected_families_en.csv");
    let mut csv = csv::Reader::from_path(path).unwrap();
    let columns = csv.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    let value = |text: &str, name: &str| {
        let (_, rest) = text.split_once(&format!("{name}=\"")).unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    let mut n_cells = 0;
    for finding in html.split("<tr data-outcome").skip(1) {
        let finding = format!("data-outcome{}", finding.split("</tr>").next().unwrap());
        let (outcome, rule) = (value(&finding, "data-outcome"), value(&finding, "data-rule"));
        let row = rows
            .iter()
            .find(|row| row[0] == outcome && row[1] == rule)
            .unwrap();
        for cell in finding.split("<td").filter(|cell| cell.contains("data-column")) {
            let column = value(cell, "data-column");
            let place = columns.iter().position(|name| name == column).unwrap();
            let shown: f64 = value(cell, "data-v").parse().unwrap();
            let written: f64 = row[place].parse().unwrap_or(f64::NAN);
            assert!(
                shown.to_bits() == written.to_bits() || (shown.is_nan() && written.is_nan()),
                "{outcome}, {column}: {shown} on the page, {written} in the table"
            );
            n_cells += 1;
        }
        let written = |column: &str| &row[columns.iter().position(|name| name == column).unwrap()];
        let number = |column: &str| written(column).parse::<f64>().ok().map(compact);
        let interval = match (number("runs_ci_low"), number("runs_ci_high")) {
            (Some(low), Some(high)) => format!("{low} to {high}"),
            _ => "–".to_owned(),
        };
        assert!(
            finding.contains(&format!("<span class=\"whole\">{interval}</span>")),
            "{outcome}: {interval}"
        );
        let n_models = format!("<p class=\"hint\">{} models of ", written("n_models"));
        assert!(html.contains(&n_models), "{n_models}");
    }
    assert!(n_cells >= 20, "{n_cells}");
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
fn a_table_that_is_not_computed_is_named_with_its_command() {
    let toy = ToyStudy::full();
    analyse(&toy);
    let results = toy.path().join("results");
    for name in ["lateralization_lines", "rois_isc"] {
        std::fs::remove_file(results.join(format!("{name}_en.csv"))).unwrap();
    }
    let html = std::fs::read_to_string(report(&toy).run(SOFTWARE, &Silent).unwrap().page).unwrap();
    for (figure, table) in [
        ("l_minus_r_all", "lateralization_lines"),
        ("l_minus_r_reliable", "lateralization_lines"),
        ("rois_sides", "rois_isc"),
    ] {
        assert!(!html.contains(&format!("id=\"figure-{figure}\"")), "{figure}");
        let line = format!(
            "<li><code>{figure}</code>: the table {table} has not been computed: run `lpp-analyze all --study {} --lang en`.</li>",
            toy.path().display()
        );
        assert!(html.contains(&line), "{line}");
    }
    assert!(html.contains("id=\"figure-scaling_score_all\""));
    assert!(html.contains("have not been computed: lateralization lines, rois isc;"));
    // What the study does not have is said too.
    assert!(html.contains("<li><code>atlas_isc</code>: the table atlas has no rows.</li>"));
}

#[test]
fn every_table_is_shown_with_its_meaning() {
    let toy = ToyStudy::full();
    let html = page_of(&toy);
    let without_rows = html.split_once("the study has nothing: ").unwrap().1;
    let (without_rows, _) = without_rows.split_once(".</p>").unwrap();
    let without_rows: Vec<&str> = without_rows.split(", ").collect();
    for declaration in lpp_tables::declarations() {
        let name = declaration.name.replace('_', " ");
        let path = toy.path().join(format!("results/{}_en.csv", declaration.name));
        let n_rows = std::fs::read_to_string(&path).unwrap().lines().count() - 1;
        if n_rows == 0 {
            assert!(without_rows.contains(&name.as_str()), "{name}");
        } else {
            let meaning = declaration.meaning.replace('\'', "&#39;");
            // Long tables are left to their files.
            let head = if n_rows > 2000 {
                format!(
                    "The table {name} has {n_rows} rows, too many for this page; it is in the study’s results/ folder. {meaning}"
                )
            } else {
                format!("<summary>{name} ({n_rows} rows)</summary>\n<p class=\"hint\">{meaning}</p>")
            };
            assert!(html.contains(&head), "{head}");
        }
    }
    for corrected in [
        "delta",
        "corrected families",
        "corrected laterality",
        "corrected voxel tests",
    ] {
        assert!(html.contains(&format!("<summary>{corrected} (")), "{corrected}");
    }
}

#[test]
fn names_cannot_break_out_of_the_page() {
    let toy = ToyStudy::new().with_model("x", ModelKind::Model, Some(1_000), 0.1, 0.01);
    analyse(&toy);
    let path = toy.path().join("results/scaling_en.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    let hostile = text.replace(",x,", ",</td><script>alert(1)</script>,");
    assert_ne!(hostile, text);
    std::fs::write(&path, hostile).unwrap();
    let html = std::fs::read_to_string(report(&toy).run(SOFTWARE, &Silent).unwrap().page).unwrap();
    assert!(!html.contains("<script>alert") && html.contains("&#60;script&#62;alert"));
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
