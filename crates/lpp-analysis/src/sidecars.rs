//! What the sidecars of scores say: facts that decide tables, and settings that must not be mixed.

use std::path::{Path, PathBuf};

use lpp_files::sha256_of_bytes;
use lpp_study::{FitTerms, Scores, ScoresInfo};
use serde_json::Value;

use crate::AnalysisError;

/// What the sidecars say of the models, as a hash. How long a fit took is there too, but decides nothing.
///
/// # Errors
/// [`AnalysisError::File`] if a sidecar cannot be read, [`AnalysisError::Malformed`] if scores have different metrics or
/// responses: their differences would be those of the settings.
pub(crate) fn facts<'a>(scores: impl Iterator<Item = &'a PathBuf>) -> Result<String, AnalysisError> {
    let mut facts = String::new();
    let mut first: Option<(PathBuf, FitTerms)> = None;
    for path in scores {
        let mut info = Scores::load_info(path)?;
        let (place, terms) = first.get_or_insert_with(|| (path.clone(), info.terms.clone()));
        if terms.hrf.is_none() {
            (*place, terms.hrf) = (path.clone(), info.terms.hrf.clone());
        }
        check_alike(path, &info.terms, place, terms)?;
        info.wall_s.clear();
        info.words_sha256 = None;
        facts += &described(&info);
    }
    Ok(sha256_of_bytes(facts.as_bytes()))
}

/// Features of scans are not convolved, so they can be compared with models of any response.
fn check_alike(
    path: &Path,
    found: &FitTerms,
    first: &Path,
    expected: &FitTerms,
) -> Result<(), AnalysisError> {
    let same_hrf = found.hrf.is_none() || found.hrf == expected.hrf;
    if found.metric == expected.metric && same_hrf {
        return Ok(());
    }
    let named = |terms: &FitTerms| {
        let metric = serde_json::to_value(terms.metric).unwrap_or_default();
        let hrf = terms.hrf.as_deref().unwrap_or("none");
        format!(
            "the metric {} and the response {hrf}",
            metric.as_str().unwrap_or_default()
        )
    };
    Err(AnalysisError::Malformed {
        path: path.to_owned(),
        found: format!("scores with {}", named(found)),
        expected: format!(
            "{} as in {}; fit all models alike, or keep other settings apart with lpp-fit --variant",
            named(expected),
            first.display()
        ),
    })
}

/// The sidecar as text, without what older versions did not write and what decides nothing, so that tables of older scores
/// stay up to date.
fn described(info: &ScoresInfo) -> String {
    // Names and numbers can always be JSON.
    let Ok(mut text) = serde_json::to_string(info) else {
        return String::new();
    };
    let plain = FitTerms::default();
    let folds = format!(",\"test_folds\":{}", Value::from(info.test_folds.clone()));
    text = text.replace(&folds, "");
    if info.terms == plain {
        let terms = serde_json::to_string(&plain).unwrap_or_default();
        let inner = terms.trim_start_matches('{').trim_end_matches('}');
        text = text.replace(&format!("{inner},"), "");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = r#"{"model":"toy","lang":"en","subject":"average","kind":"model","family":null,"n_parameters":null,"n_hidden":[4],"n_runs":9,"n_voxels":3,"mask_sha256":null,"alphas":[1.0],"alpha_index":[[0]],"fold_means":[[0.1]],"n_nan_voxels":[0],"wall_s":[]}"#;

    fn info() -> ScoresInfo {
        serde_json::from_str(OLD).unwrap()
    }

    #[test]
    fn an_older_sidecar_is_described_as_it_was() {
        assert_eq!(described(&info()), OLD);
        let mut new = info();
        new.test_folds = vec!["a \"b\"".into(), "1".into()];
        assert_eq!(described(&new), OLD);
        new.terms.gap_scans = 5;
        assert!(
            described(&new).contains("\"gap_scans\":5") && described(&new).contains("\"metric\":\"pearson\"")
        );
    }

    #[test]
    fn scores_of_other_settings_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, metric: &str, hrf: Value| {
            let mut sidecar = serde_json::to_value(info()).unwrap();
            (sidecar["metric"], sidecar["hrf"]) = (metric.into(), hrf);
            let path = folder.path().join(format!("{name}_en.npy"));
            std::fs::write(path.with_extension("json"), sidecar.to_string()).unwrap();
            path
        };
        let canary = write("canary", "pearson", Value::Null);
        let one = write("one", "pearson", "spm".into());
        let same = write("same", "pearson", "spm".into());
        assert!(facts([&canary, &one, &same].into_iter()).is_ok());
        let glover = write("glover", "pearson", "glover".into());
        let error = facts([&canary, &one, &glover].into_iter())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("glover_en.npy: found scores with the metric pearson and the response glover"),
            "{error}"
        );
        assert!(
            error.contains("response spm as in") && error.contains("one_en.npy"),
            "{error}"
        );
        let r2 = write("r2", "r2", "spm".into());
        assert!(
            facts([&one, &r2].into_iter())
                .unwrap_err()
                .to_string()
                .contains("metric r2")
        );
        assert!(facts([&canary, &r2].into_iter()).is_err());
    }
}
