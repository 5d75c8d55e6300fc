//! Other responses, and cleaning with confounds and scrubbed scans, beside nilearn: `fixtures/responses/make.py`.

use lpp_fmri::{CleaningParams, Confounds, RegressorOperator};
use lpp_testkit::{Tolerance, assert_close};
use ndarray::{Array2, Axis};
use serde_json::Value;

fn case(part: &str) -> Value {
    let text = std::fs::read_to_string(lpp_testkit::fixture("responses/case.json")).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()[part].take()
}

fn vector(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

fn matrix(value: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = serde_json::from_value(value.clone()).unwrap();
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(i, j)| rows[i][j])
}

#[test]
fn responses_agree_with_nilearn() {
    let case = case("responses");
    let n_scans = usize::try_from(case["n_scans"].as_u64().unwrap()).unwrap();
    for (name, expected) in case["features"].as_object().unwrap() {
        let (onsets, offsets) = (vector(&case["onsets"]), vector(&case["offsets"]));
        let tr_s = case["tr_s"].as_f64().unwrap();
        let hrf = name.parse().unwrap();
        let operator = RegressorOperator::new(&onsets, &offsets, n_scans, tr_s, &hrf).unwrap();
        let found = operator.apply(&matrix(&case["activations"])).unwrap();
        assert_eq!(found.ncols(), 2 * hrf.n_columns(), "{name}");
        // nilearn's sums over the fine grid lose some 1e-14 of features of the size of 1.
        assert_close(&found, &matrix(expected), Tolerance::absolute(1e-12));
    }
}

#[test]
fn cleaning_with_confounds_agrees_with_nilearn() {
    let case = case("cleaning");
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("confounds.tsv");
    let confounds = matrix(&case["confounds"]);
    for case_of in case["cases"].as_array().unwrap() {
        let scrubbed: Vec<usize> = serde_json::from_value(case_of["scrubbed"].clone()).unwrap();
        let mut text = "a\tb\tc\td\te\tfd\n".to_owned();
        for (scan, row) in confounds.rows().into_iter().enumerate() {
            let row: Vec<String> = row.iter().map(ToString::to_string).collect();
            text += &format!("{}\t{}\n", row.join("\t"), u8::from(scrubbed.contains(&scan)));
        }
        std::fs::write(&table, text).unwrap();
        let scrub = "fd:0.5".parse().unwrap();
        let confounds =
            Confounds::load(&table, &[case_of["columns"].as_str().unwrap()], Some(&scrub)).unwrap();
        assert_eq!(confounds.scrubbed(), scrubbed);
        let params = CleaningParams {
            high_pass_hz: case_of["high_pass_hz"].as_f64(),
            tr_s: case["tr_s"].as_f64().unwrap(),
            ..CleaningParams::reference()
        };
        let cleaner = params.check().unwrap().removing(&confounds).unwrap();
        let found = cleaner.clean_double(&matrix(&case["signals"])).unwrap();
        let stays: Vec<usize> = (0..found.nrows())
            .filter(|scan| !scrubbed.contains(scan))
            .collect();
        assert!(
            scrubbed
                .iter()
                .all(|&scan| found.row(scan).iter().all(|v| v.is_nan()))
        );
        // The filter starts from a state that SciPy solves for with ten digits.
        let expected = matrix(&case_of["cleaned"]);
        assert_close(
            &found.select(Axis(0), &stays),
            &expected,
            Tolerance::absolute(1e-8),
        );
    }
}

#[test]
fn confounds_that_explain_everything_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("confounds.tsv");
    let header: Vec<String> = (0..29).map(|k| format!("c{k}")).collect();
    let mut text = header.join("\t") + "\n";
    for scan in 0..30_usize {
        let row: Vec<String> = (0..29_usize)
            .map(|k| ((scan * (k + 3)) as f64 * 0.37).sin().to_string())
            .collect();
        text += &(row.join("\t") + "\n");
    }
    std::fs::write(&table, text).unwrap();
    let cleaner = CleaningParams::default().check().unwrap();
    let load = |patterns: &[&str]| Confounds::load(&table, patterns, None).unwrap();
    let error = cleaner.removing(&load(&["*"])).unwrap_err().to_string();
    assert!(
        error.contains("confounds.tsv: found 29 independent confounds for 30 scans"),
        "{error}"
    );
    let few = cleaner.removing(&load(&["c1", "c2"])).unwrap();
    let error = few.clean_double(&Array2::zeros((31, 2))).unwrap_err().to_string();
    assert!(error.contains("31") && error.contains("30"), "{error}");
}
