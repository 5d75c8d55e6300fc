//! The methods paragraph, from what was run. Its words are in `templates/methods.html`.

use std::cell::RefCell;
use std::collections::BTreeMap;

use askama::Template;
use lpp_analysis::HemisphereRule;
use lpp_study::{AlphaScope, FitTerms, FoldRule, Metric, ModelKind, ScoresInfo};
use lpp_tables::Summary;
use lpp_tables::number::{grouped, magnitude};
use serde_json::Value;

use super::facts::{Facts, agreed, range};
use super::references::{self as works, Reference};
use crate::ReportError;

/// The methods in sentences and the works they cite, as HTML. Only what summary and records show to have been done is told.
///
/// # Errors
/// [`ReportError::Page`] if the template fails, which it does not.
pub(crate) fn methods(
    summary: &[Summary],
    rule: HemisphereRule,
    facts: &Facts,
) -> Result<String, ReportError> {
    Ok(Methods::of(summary, rule, facts).render()?)
}

/// What the template tells.
#[derive(Template)]
#[template(path = "methods.html")]
struct Methods<'a> {
    facts: &'a Facts,
    rule: HemisphereRule,
    cited: RefCell<Vec<&'static Reference>>,
    n_models: usize,
    families: Vec<Family>,
    sizes: Option<String>,
    baselines: Vec<(String, Option<&'static Reference>)>,
    /// Whether the text is that of the published corpus.
    story: bool,
    window: Option<String>,
    overlap: Option<f64>,
    high_pass_hz: Option<String>,
    tr_s: Option<f64>,
    trim_scans: Option<&'a Value>,
    n_voxels: String,
    n_runs: Option<usize>,
    /// Response, metric and folds, which lpp-analyze does not mix.
    terms: FitTerms,
    penalties: Penalties,
    precision: Option<String>,
    reliable_above: Option<String>,
    n_reliable: String,
    n_trials: Option<u64>,
    n_rois: Option<f64>,
    radius_mm: Option<f64>,
    n_in_summary: f64,
    programs: Vec<String>,
}

/// A model family, how many models are of it, and its paper.
struct Family {
    name: String,
    n: usize,
    work: Option<&'static Reference>,
}

/// The penalties that were tried.
enum Penalties {
    Unknown,
    Differ,
    One(f64),
    Several { n: usize, low: f64, high: f64 },
}

impl<'a> Methods<'a> {
    fn of(summary: &[Summary], rule: HemisphereRule, facts: &'a Facts) -> Self {
        let quantity = |name: &str| {
            summary
                .iter()
                .find(|row| row.quantity == name)
                .map(|row| row.value)
        };
        let count = |name: &str| grouped_count(quantity(name).unwrap_or(0.0));
        let records = &facts.activations;
        let number = |name: &str| agreed(&facts.fits, name).and_then(Value::as_f64);
        let trained = of_kind(facts, ModelKind::Model);
        let published = agreed(records, "corrections").is_some_and(|value| value == "published");
        Self {
            rule,
            cited: RefCell::default(),
            n_models: trained.len(),
            families: families(&trained),
            sizes: sizes(&trained),
            baselines: baselines(facts),
            story: published && !facts.simulated,
            window: range(records, "window").map(|(low, high)| span(low, high)),
            overlap: range(records, "overlap").map(|(low, _)| low),
            high_pass_hz: facts
                .average
                .as_ref()
                .and_then(|record| record.parameters.get("high_pass_hz")?.as_f64())
                .map(|hz| format!("{hz:.4}")),
            tr_s: number("tr_s"),
            trim_scans: agreed(&facts.fits, "trim_scans"),
            n_voxels: count("n_voxels"),
            n_runs: facts
                .infos
                .first()
                .map(|info| info.n_runs)
                .filter(|n| facts.infos.iter().all(|info| info.n_runs == *n)),
            terms: terms(&facts.infos),
            penalties: penalties(&facts.infos),
            precision: agreed(&facts.fits, "precision")
                .and_then(Value::as_str)
                .map(str::to_lowercase),
            reliable_above: quantity("isc_percentile_75").map(|threshold| format!("{threshold:.3}")),
            n_reliable: count("n_reliable"),
            n_trials: facts
                .isc
                .as_ref()
                .and_then(|record| record.parameters.get("n_trials")?.as_u64()),
            n_rois: quantity("n_rois").filter(|n| *n > 0.0),
            radius_mm: range(&facts.rois, "radius_mm")
                .filter(|(low, high)| (high - low).abs() < 1e-9)
                .map(|(radius, _)| radius),
            n_in_summary: quantity("n_models").unwrap_or(0.0),
            programs: facts.programs(),
            facts,
        }
    }

    /// The haemodynamic response in words.
    fn response(&self) -> String {
        let filtered = if self.terms.filter_features {
            ", then detrended and high-passed at 1/128 Hz"
        } else {
            ""
        };
        let response = match self.terms.hrf.as_deref() {
            Some("spm") => "the canonical haemodynamic response of SPM".to_owned(),
            Some("glover+derivative") => "a haemodynamic response and its derivative".to_owned(),
            Some(name) if name.starts_with("fir:") => {
                format!(
                    "finite impulse responses at delays of {} scans",
                    &name[4..].replace(',', ", ")
                )
            }
            _ => "a haemodynamic response".to_owned(),
        };
        format!("{response}{filtered}")
    }

    fn is_glover(&self) -> bool {
        self.terms
            .hrf
            .as_ref()
            .is_none_or(|name| name.starts_with("glover"))
    }

    fn tests_runs(&self) -> bool {
        matches!(self.terms.folds, FoldRule::Runs | FoldRule::Stories)
    }

    /// What was left out in each fold, if it is known.
    fn folds(&self) -> Option<String> {
        let gap = match self.terms.gap_scans {
            0 => String::new(),
            n => format!(" and the {n} scans on both sides of it"),
        };
        match &self.terms.folds {
            FoldRule::Runs | FoldRule::Stories => self
                .n_runs
                .map(|n| format!("leaving out each of {n} runs in turn")),
            FoldRule::Chunks(k) => Some(format!(
                "leaving out each of {k} pieces of every run in turn{gap}"
            )),
            FoldRule::Test(names) => Some(format!("leaving out the stories {}", names.join(", "))),
        }
    }

    /// The citation in the text; the work goes on the list.
    fn cite(&self, work: &'static Reference) -> &'static str {
        let mut cited = self.cited.borrow_mut();
        if !cited.contains(&work) {
            cited.push(work);
        }
        work.short
    }

    /// The works that were cited, by author.
    fn cited(&self) -> Vec<&'static Reference> {
        let mut works = self.cited.borrow().clone();
        works.sort_by_key(|work| work.full);
        works
    }

    /// Whether all fits had a setting whose name begins so.
    fn setting(&self, name: &str, start: &str) -> bool {
        let value = agreed(&self.facts.fits, name).and_then(Value::as_str);
        value.is_some_and(|value| value.starts_with(start))
    }
}

/// Models by family.
fn families(trained: &[&ScoresInfo]) -> Vec<Family> {
    let mut families: BTreeMap<&str, usize> = BTreeMap::new();
    for info in trained {
        *families
            .entry(info.family.as_deref().unwrap_or("unknown"))
            .or_default() += 1;
    }
    let family = |(name, n)| match works::family(name) {
        Some((name, work)) => Family {
            name: name.to_owned(),
            n,
            work: Some(work),
        },
        None => Family {
            name: name.to_owned(),
            n,
            work: None,
        },
    };
    families.into_iter().map(family).collect()
}

fn sizes(trained: &[&ScoresInfo]) -> Option<String> {
    let sizes = || trained.iter().filter_map(|info| Some(info.n_parameters? as f64));
    let (low, high) = (sizes().reduce(f64::min)?, sizes().reduce(f64::max)?);
    let (low, high) = (magnitude(low), magnitude(high));
    Some(if low == high {
        low
    } else {
        format!("{low} to {high}")
    })
}

/// What models are compared with.
fn baselines(facts: &Facts) -> Vec<(String, Option<&'static Reference>)> {
    let baselines = of_kind(facts, ModelKind::Baseline);
    let count = |prefix: &str| {
        let names = baselines.iter().map(|info| info.model.as_str());
        names.filter(|name| name.starts_with(prefix)).count()
    };
    let (glove, vectors, embeddings) = (count("glove"), count("random_vector"), count("random_embedding"));
    let others = baselines.len() - glove - vectors - embeddings;
    let untrained = of_kind(facts, ModelKind::Untrained).len();
    let parts = [
        (glove, "GloVe word vectors".to_owned(), Some(&works::GLOVE)),
        (
            vectors,
            format!("random vectors, new for every word ({vectors} sets)"),
            None,
        ),
        (
            embeddings,
            format!("random embeddings, fixed for each word form ({embeddings} sets)"),
            None,
        ),
        (others, format!("{others} other baselines"), None),
        (untrained, format!("{untrained} untrained models"), None),
    ];
    let known = parts.into_iter().filter(|(n, ..)| *n > 0);
    known.map(|(_, what, work)| (what, work)).collect()
}

/// Those of the first fit with a response.
fn terms(infos: &[ScoresInfo]) -> FitTerms {
    let with_response = infos.iter().find(|info| info.terms.hrf.is_some());
    with_response.map_or_else(FitTerms::default, |info| info.terms.clone())
}

fn penalties(infos: &[ScoresInfo]) -> Penalties {
    let Some(alphas) = infos.first().map(|info| &info.alphas) else {
        return Penalties::Unknown;
    };
    let low = alphas.iter().copied().reduce(f64::min);
    let (Some(low), Some(high)) = (low, alphas.iter().copied().reduce(f64::max)) else {
        return Penalties::Unknown;
    };
    if infos.iter().any(|info| info.alphas != *alphas) {
        return Penalties::Differ;
    }
    match alphas.len() {
        1 => Penalties::One(low),
        n => Penalties::Several { n, low, high },
    }
}

fn span(low: f64, high: f64) -> String {
    if low < high {
        format!("{low} to {high}")
    } else {
        low.to_string()
    }
}

/// A count as people read it.
fn grouped_count(number: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "counts of voxels")]
    let number = number as i64;
    grouped(number)
}

fn of_kind(facts: &Facts, kind: ModelKind) -> Vec<&ScoresInfo> {
    facts.infos.iter().filter(|info| info.kind == kind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lpp_study::Language;

    fn summary() -> Vec<Summary> {
        let row = |quantity: &str, value| Summary {
            quantity: quantity.to_owned(),
            value,
        };
        vec![row("n_models", 3.0), row("n_voxels", 100.0)]
    }

    fn info(model: &str, kind: ModelKind, family: Option<&str>, alphas: &[f64]) -> ScoresInfo {
        ScoresInfo {
            model: model.to_owned(),
            lang: Language::English,
            subject: "average".to_owned(),
            kind,
            family: family.map(str::to_owned),
            n_parameters: family.map(|_| 124_000_000),
            n_hidden: vec![4],
            n_runs: 9,
            n_voxels: 100,
            mask_sha256: None,
            words_sha256: None,
            transfer: None,
            alphas: alphas.to_vec(),
            alpha_index: Vec::new(),
            alpha_counts: Vec::new(),
            test_folds: Vec::new(),
            terms: lpp_study::FitTerms::default(),
            fold_means: Vec::new(),
            n_nan_voxels: Vec::new(),
            wall_s: Vec::new(),
        }
    }

    #[test]
    fn only_what_was_done_is_told() {
        let text = methods(&summary(), HemisphereRule::WorldX, &Facts::default()).unwrap();
        assert!(text.contains("100 voxels") && text.contains("midline is left out"));
        for absent in [
            "Reliable",
            "regions",
            "GloVe",
            "haemodynamic",
            "Petit Prince",
            "penalty",
            "simulated",
        ] {
            assert!(!text.contains(absent), "{absent}: {text}");
        }
    }

    #[test]
    fn models_and_baselines_are_cited() {
        let facts = Facts {
            infos: vec![
                info("gpt2", ModelKind::Model, Some("gpt2"), &[1.0, 10.0]),
                info("mine", ModelKind::Model, Some("<my> family"), &[1.0, 10.0]),
                info("glove", ModelKind::Baseline, None, &[1.0, 10.0]),
            ],
            ..Facts::default()
        };
        let text = methods(&summary(), HemisphereRule::Halves, &facts).unwrap();
        for part in [
            "2 language models were compared, of the families",
            "&#60;my&#62; family (1), GPT-2 (1; Radford et al., 2019), with 124M parameters.",
            "GloVe word vectors (Pennington et al., 2014).",
            "among 2 from 1 to 10.",
            "each of 9 runs",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(
            text.contains("<li>A. Radford")
                && text.contains("<li>J. Pennington")
                && !text.contains("<li>S. Zhang")
        );
    }

    #[test]
    fn other_settings_of_the_fits_are_told() {
        let mut info = info("gpt2", ModelKind::Model, Some("gpt2"), &[1.0, 10.0]);
        info.terms = FitTerms {
            metric: Metric::R2,
            hrf: Some("fir:1,2".to_owned()),
            alpha_scope: AlphaScope::Target,
            folds: FoldRule::Chunks(4),
            gap_scans: 5,
            filter_features: false,
            projection: None,
        };
        let facts = Facts {
            infos: vec![info],
            ..Facts::default()
        };
        let text = methods(&summary(), HemisphereRule::Halves, &facts).unwrap();
        for part in [
            "leaving out each of 4 pieces of every run in turn and the 5 scans on both sides of it",
            "The penalty, one for each voxel,",
            "The coefficient of determination of the prediction (R²), averaged over held-out folds",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("correlation of prediction"));
    }
}
