//! Every row of the list of results on the simulated study of `fixtures/analysis/make.py`, beside what Python has for it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::File;
use std::path::Path;

use lpp_analysis::{
    Analysis, AnalysisJob, AnalysisOptions, AnalysisReport, CompareJob, HemisphereRule, LanguagesJob,
};
use lpp_files::Silent;
use lpp_steps::Software;
use lpp_study::Study;
use lpp_tables::Table;
use lpp_testkit::fixture;
use serde_json::Value;

const SOFTWARE: Software = Software {
    program: "lpp-test",
    version: "0.0.0",
    commit: None,
};

/// The study, unpacked.
fn unpacked() -> (tempfile::TempDir, Study) {
    let folder = tempfile::tempdir().unwrap();
    let file = File::open(fixture("analysis/study.zip")).unwrap();
    zip::ZipArchive::new(file)
        .unwrap()
        .extract(folder.path())
        .unwrap();
    let study = Study::open(folder.path()).unwrap();
    (folder, study)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn job(study: &Study, case: &Value) -> AnalysisJob {
    let lang = text(&case["lang"]).parse().unwrap();
    AnalysisJob {
        hemisphere: text(&case["hemisphere"]).parse().unwrap(),
        options: AnalysisOptions {
            layers: text(&case["layers"]).parse().unwrap(),
            ..AnalysisOptions::default()
        },
        ..AnalysisJob::new(study.clone(), lang, Analysis::All)
    }
}

/// Whether a cell of ours names the row that `wanted` does.
fn names(ours: &Value, wanted: &Value) -> bool {
    match (ours.as_f64(), wanted.as_f64()) {
        (Some(ours), Some(wanted)) => ours.to_bits() == wanted.to_bits(),
        _ => ours == wanted,
    }
}

/// What is wrong with a cell.
fn cell_fault(ours: &Value, wanted: &Value, limit: f64, relative: bool) -> Option<String> {
    if let Some(band) = wanted.as_array() {
        // The end of a bootstrap interval: within a share of its width, since two sets of draws never agree.
        let (end, width) = (band[1].as_f64().unwrap(), band[2].as_f64().unwrap());
        let far = (ours.as_f64().unwrap() - end).abs() / width;
        return (far.is_nan() || far > limit).then(|| format!("{far} of the width away"));
    }
    let Some(number) = wanted.as_f64() else {
        let empty = Value::from("");
        let same = ours == wanted || (wanted.is_null() && ours == &empty);
        return (!same).then(|| format!("{ours}, expected {wanted}"));
    };
    let least = if relative { f64::MIN_POSITIVE } else { 1e-3 };
    let far = ours.as_f64().map_or(f64::INFINITY, |ours| {
        (ours - number).abs() / number.abs().max(least)
    });
    (far > limit).then(|| format!("{ours}, expected {number}: {far:e} away"))
}

fn faults(table: &Table, expected: &Value) -> Vec<String> {
    let found = table.json_rows();
    let found = found.as_array().unwrap();
    let mut faults = Vec::new();
    if found.len() as u64 != expected["n_rows"].as_u64().unwrap() {
        return vec![format!(
            "{}: {} rows, expected {}",
            table.name(),
            found.len(),
            expected["n_rows"]
        )];
    }
    let keys: Vec<&str> = expected["keys"].as_array().unwrap().iter().map(text).collect();
    let every = usize::try_from(expected["every"].as_u64().unwrap()).unwrap();
    for (place, row) in expected["rows"].as_array().unwrap().iter().enumerate() {
        let ours = if keys.is_empty() {
            found.get(place * every)
        } else {
            found
                .iter()
                .find(|ours| keys.iter().all(|key| names(&ours[key], &row[key])))
        };
        let Some(ours) = ours else {
            faults.push(format!("{}: no row {row}", table.name()));
            continue;
        };
        for (column, wanted) in row.as_object().unwrap() {
            // The limits, with their reasons, are in fixtures/analysis/tolerance.py.
            let limit = expected["limits"][column].as_f64().unwrap_or(0.0);
            let relative = expected["exact_zero"]
                .as_array()
                .unwrap()
                .iter()
                .any(|name| name == column);
            if let Some(fault) = cell_fault(&ours[column], wanted, limit, relative) {
                faults.push(format!("{}: {column} is {fault} in {row}", table.name()));
            }
        }
    }
    faults
}

/// `tests/size.rs`, `check_spaces.py` of lpp-fit and `check_competence.py` check these.
const CHECKED_ELSEWHERE: [&str; 9] = [
    "growth_law",
    "variance_partition",
    "layer_dimensions",
    "score_given_dimension",
    "competence",
    "trajectories",
    "transitions",
    "transition_pairs",
    "surprisal",
];

#[test]
fn every_row_is_pythons() {
    let (_folder, study) = unpacked();
    let expected: Value =
        serde_json::from_reader(File::open(fixture("analysis/expected.json")).unwrap()).unwrap();
    let mut found = Vec::new();
    for case in expected["cases"].as_array().unwrap() {
        let report = job(&study, case).run(SOFTWARE, &Silent).unwrap();
        for (name, wanted) in case["tables"].as_object().unwrap() {
            found.extend(faults(report.table(name).unwrap(), wanted));
        }
        if case["hemisphere"] == "halves" && case["lang"] == "en" {
            let tables = case["tables"].as_object().unwrap();
            let unchecked: Vec<&str> = report
                .tables
                .iter()
                .map(Table::name)
                .filter(|name| !tables.contains_key(*name))
                // Beyond the paper's rows: tests/corrected.rs compares them with Python; the study has no canary and no truth.
                .filter(|name| !name.starts_with("corrected_") && !name.starts_with("specification_curve"))
                .filter(|name| !["delta", "canary", "planted"].contains(name))
                .filter(|name| !CHECKED_ELSEWHERE.contains(name))
                .collect();
            assert!(unchecked.is_empty(), "tables that are not checked: {unchecked:?}");
        }
    }
    assert!(
        found.is_empty(),
        "{} deviations:\n{}",
        found.len(),
        found[..found.len().min(20)].join("\n")
    );
}

fn languages(study: &Study) -> LanguagesJob {
    LanguagesJob {
        study: study.clone(),
        hemisphere: HemisphereRule::Halves,
        options: AnalysisOptions::default(),
        force: false,
    }
}

fn cells(report: &AnalysisReport, table: &str) -> Vec<Value> {
    report
        .table(table)
        .unwrap()
        .json_rows()
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn languages_stand_side_by_side() {
    let (_folder, study) = unpacked();
    let report = languages(&study).run(SOFTWARE, &Silent).unwrap();
    let rows = cells(&report, "languages");
    let voxels = rows
        .iter()
        .find(|row| row["quantity"] == "voxels in the mask")
        .unwrap();
    assert!(voxels["en"].as_f64().unwrap() > voxels["cn"].as_f64().unwrap());
    assert!(
        rows.iter().all(|row| row["fr"].is_null()),
        "there are no French scores"
    );
    for id in ["N1", "F1", "F2", "S1", "B1", "B2", "A3"] {
        assert!(
            rows.iter().any(|row| row["id"] == id && !row["cn"].is_null()),
            "{id}"
        );
    }
    assert!(report.files[0].ends_with(Path::new("results/languages.csv")));
}

#[test]
fn printed_numbers_stand_beside_ours() {
    let (folder, study) = unpacked();
    let job = CompareJob {
        languages: languages(&study),
    };
    let rows = cells(&job.run(SOFTWARE, &Silent).unwrap(), "compare");
    assert_eq!(rows.len(), lpp_analysis::published_numbers().unwrap().len());
    let row = |quantity: &str| rows.iter().find(|row| row["quantity"] == quantity).unwrap();
    assert_eq!(row("best model")["published"], "Qwen1.5-14B");
    for (quantity, published) in [
        ("best layer's relative depth on ln(parameters), r", "-0.56"),
        ("best layer's relative depth on HellaSwag, p", "5.9e-05"),
        ("score on perplexity, r", "-0.91"),
        ("score on HellaSwag, models above 3e9 parameters, p", "3.8e-04"),
        ("left minus right on ln(parameters), trained GPT-2, p", "8.3e-03"),
        (
            "left minus right on ln(parameters), untrained Qwen1.5, r",
            "-0.28",
        ),
        ("left minus right on ln(parameters), sub-EN057, p", "5.3e-03"),
        ("score with ISC, r", "0.93"),
    ] {
        let row = row(quantity);
        assert_eq!(row["published"], published, "{quantity}");
        // With one Qwen1.5 twin and few subjects some have no value, but each stands in a table that is made.
        let note = row["note"].as_str().unwrap_or_default();
        assert!(!note.contains("no table"), "{row}");
    }
    assert_eq!(row("degrees of freedom")["ours"], "10");
    assert_eq!(row("degrees of freedom")["difference"].as_f64(), Some(-16.0));
    assert_eq!(row("degrees of freedom")["agrees"], "no");
    // No region of that name in this study.
    let absent = rows
        .iter()
        .find(|row| row["id"] == "R1" && row["voxels"] == "BA47")
        .unwrap();
    assert!(absent["ours"].is_null() && absent["agrees"].is_null());
    assert!(text(&absent["note"]).contains("no row roi = BA47"));

    for file in std::fs::read_dir(folder.path().join("scores")).unwrap() {
        let path = file.unwrap().path();
        if path.to_string_lossy().contains("_cn.") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let rows = cells(&job.run(SOFTWARE, &Silent).unwrap(), "compare");
    let chinese = rows.iter().filter(|row| row["language"] == "cn");
    assert!(chinese.clone().count() > 0);
    assert!(
        chinese
            .into_iter()
            .all(|row| row["note"] == "the study has no scores of cn" && row["difference"].is_null())
    );
}

#[test]
fn single_subjects_need_no_average_subject() {
    let (folder, study) = unpacked();
    let lang = "en".parse().unwrap();
    std::fs::remove_dir_all(folder.path().join("isc")).unwrap();
    std::fs::remove_file(study.mask(lang)).unwrap();
    let job = AnalysisJob::new(study, lang, Analysis::Individuals);
    let report = job.run(SOFTWARE, &Silent).unwrap();
    assert_eq!(report.table("individuals_regression").unwrap().n_rows(), 2 * 8);
    assert!(job.run(SOFTWARE, &Silent).unwrap().up_to_date);
    std::fs::remove_file(folder.path().join("masks/sub-EN058.nii.gz")).unwrap();
    let error = job.run(SOFTWARE, &Silent).unwrap_err().to_string();
    assert!(error.contains("sub-EN058.nii.gz"), "{error}");
}

#[test]
fn maps_that_were_lost_are_made_again() {
    let (_folder, study) = unpacked();
    let job = AnalysisJob::new(study, "en".parse().unwrap(), Analysis::Baselines);
    let first = job.run(SOFTWARE, &Silent).unwrap();
    assert_eq!(first.maps.len(), 2);
    assert!(job.run(SOFTWARE, &Silent).unwrap().up_to_date);
    std::fs::remove_file(&first.maps[1]).unwrap();
    let again = job.run(SOFTWARE, &Silent).unwrap();
    assert!(!again.up_to_date && again.maps[1].exists());
}
