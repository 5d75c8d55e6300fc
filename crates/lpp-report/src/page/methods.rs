//! The methods paragraph, from what was run.

use std::collections::BTreeMap;
use std::fmt::Write;

use lpp_analysis::number::{grouped, magnitude};
use lpp_analysis::{HemisphereRule, Table};
use lpp_study::{ModelKind, ScoresInfo};

use super::facts::{Facts, agreed, range};
use super::references::{self as works, Reference};
use crate::plot::escape;

/// The methods in sentences and the works they cite, as HTML. Only what summary and records show to have been done is told.
pub(crate) fn methods(summary: &Table, rule: HemisphereRule, facts: &Facts) -> String {
    let mut story = Story {
        summary,
        facts,
        text: String::new(),
        cited: Vec::new(),
    };
    story.models();
    story.features();
    story.fits();
    story.scores();
    story.sides(rule);
    story.statistics();
    story.programs();
    story.into_html()
}

struct Story<'a> {
    summary: &'a Table,
    facts: &'a Facts,
    text: String,
    cited: Vec<&'static Reference>,
}

impl Story<'_> {
    fn quantity(&self, name: &str) -> Option<f64> {
        let row = self
            .summary
            .texts("quantity")
            .iter()
            .position(|known| known == name)?;
        self.summary.numbers("value").get(row).copied().flatten()
    }

    fn tell(&mut self, sentence: &str) {
        self.text.push_str(sentence);
        self.text.push(' ');
    }

    /// The citation in the text; the work goes on the list.
    fn cite(&mut self, work: &'static Reference) -> &'static str {
        if !self.cited.contains(&work) {
            self.cited.push(work);
        }
        work.short
    }

    /// Models by family, then what they are compared with.
    fn models(&mut self) {
        if self.facts.simulated {
            self.tell("<strong>This is a simulated study: text, models and scans were made by lpp-simulate, with planted effects.</strong>");
        }
        let facts = self.facts;
        let trained: Vec<&ScoresInfo> = of_kind(facts, ModelKind::Model);
        let mut families: BTreeMap<&str, usize> = BTreeMap::new();
        for info in &trained {
            *families
                .entry(info.family.as_deref().unwrap_or("unknown"))
                .or_default() += 1;
        }
        let families: Vec<String> = families
            .into_iter()
            .map(|(name, n)| match works::family(name) {
                Some((name, work)) => format!("{name} ({n}; {})", self.cite(work)),
                None => format!("{} ({n})", escape(name)),
            })
            .collect();
        let sizes: Vec<f64> = trained
            .iter()
            .filter_map(|info| Some(info.n_parameters? as f64))
            .collect();
        let sizes = match (
            sizes.iter().copied().reduce(f64::min),
            sizes.iter().copied().reduce(f64::max),
        ) {
            (Some(low), Some(high)) if low < high => {
                format!(", with {} to {} parameters", magnitude(low), magnitude(high))
            }
            (Some(only), _) => format!(", with {} parameters", magnitude(only)),
            _ => String::new(),
        };
        match trained.len() {
            0 => self.tell("No trained language model was compared."),
            1 => self.tell(&format!(
                "One language model was examined, of the family {}{sizes}.",
                families.join(", ")
            )),
            n => self.tell(&format!(
                "{n} language models were compared, of the families {}{sizes}.",
                families.join(", ")
            )),
        }
        self.baselines();
    }

    fn baselines(&mut self) {
        let facts = self.facts;
        let baselines = of_kind(facts, ModelKind::Baseline);
        let count = |prefix: &str| {
            baselines
                .iter()
                .filter(|info| info.model.starts_with(prefix))
                .count()
        };
        let (glove, vectors, embeddings) =
            (count("glove"), count("random_vector"), count("random_embedding"));
        let untrained = of_kind(facts, ModelKind::Untrained).len();
        let mut parts = Vec::new();
        if glove > 0 {
            parts.push(format!("GloVe word vectors ({})", self.cite(&works::GLOVE)));
        }
        for (n, name) in [
            (vectors, "random vectors, new for every word"),
            (embeddings, "random embeddings, fixed for each word form"),
        ] {
            if n > 0 {
                parts.push(format!("{name} ({n} sets)"));
            }
        }
        let others = baselines.len() - glove - vectors - embeddings;
        if others > 0 {
            parts.push(format!("{others} other baselines"));
        }
        if untrained > 0 {
            parts.push(format!("{untrained} untrained models"));
        }
        if !parts.is_empty() {
            self.tell(&format!("They stand beside {}.", parts.join("; ")));
        }
    }

    /// From text to word vectors.
    fn features(&mut self) {
        let facts = self.facts;
        let records = &facts.activations;
        if agreed(records, "corrections").is_some_and(|value| value == "published") && !facts.simulated {
            let work = self.cite(&works::CORPUS);
            self.tell(&format!(
                "Subjects listened to <em>Le Petit Prince</em> in the scanner ({work})."
            ));
        }
        if let Some((low, high)) = range(records, "window") {
            let window = if low < high {
                format!("{low} to {high}")
            } else {
                low.to_string()
            };
            let overlap = range(records, "overlap")
                .map_or_else(String::new, |(low, _)| format!(" that overlap by {low}"));
            self.tell(&format!(
                "Models read the text in windows of {window} tokens{overlap}; a word's vector in a layer is the mean over its tokens."
            ));
        }
        if let Some(high_pass) = facts
            .average
            .as_ref()
            .and_then(|record| record.parameters.get("high_pass_hz")?.as_f64())
        {
            self.tell(&format!(
                "The signals of all subjects were detrended, high-pass filtered at {high_pass:.4} Hz, standardised and averaged."
            ));
        }
    }

    /// From word vectors to scores.
    fn fits(&mut self) {
        let facts = self.facts;
        let n_voxels = count(self.quantity("n_voxels").unwrap_or(0.0));
        let ridge = self.cite(&works::RIDGE);
        let paper = self.cite(&works::PAPER);
        let n_runs = facts
            .infos
            .first()
            .map(|info| info.n_runs)
            .filter(|n| facts.infos.iter().all(|info| info.n_runs == *n));
        let runs = n_runs.map_or_else(String::new, |n| format!(", leaving out each of {n} runs in turn"));
        if !facts.fits.is_empty() {
            let response = self.cite(&works::RESPONSE);
            let tr = agreed(&facts.fits, "tr_s").and_then(serde_json::Value::as_f64);
            let tr = tr.map_or_else(String::new, |tr| format!(", sampled every {tr} s"));
            self.tell(&format!(
                "The vectors of a layer, convolved with a haemodynamic response ({response}){tr}, are its features."
            ));
        }
        if let Some(trim) = agreed(&facts.fits, "trim_scans") {
            self.tell(&format!("{trim} scans were cut at both ends of each run, and features and signals standardised per run."));
        }
        self.tell(&format!(
            "Each layer's features predicted the time course of each of {n_voxels} voxels by ridge regression ({ridge}){runs} ({paper})."
        ));
        if let Some(penalties) = self.penalties() {
            self.tell(&penalties);
        }
        if let Some(precision) = agreed(&facts.fits, "precision").and_then(serde_json::Value::as_str) {
            self.tell(&format!(
                "Products over voxels were in {} precision.",
                escape(&precision.to_lowercase())
            ));
        }
    }

    fn penalties(&self) -> Option<String> {
        let alphas = &self.facts.infos.first()?.alphas;
        let same = self.facts.infos.iter().all(|info| info.alphas == *alphas);
        let (low, high) = (
            alphas.iter().copied().reduce(f64::min)?,
            alphas.iter().copied().reduce(f64::max)?,
        );
        if !same {
            return Some("The penalties that were tried differ between models.".to_owned());
        }
        let inner = match agreed(&self.facts.fits, "inner").and_then(serde_json::Value::as_str) {
            Some("First") => ", the best on the first of the other runs",
            Some("All") => ", the best over the other runs in turn",
            _ => "",
        };
        let search = match agreed(&self.facts.fits, "alpha_search").and_then(serde_json::Value::as_str) {
            Some("Exhaustive") => ", all of them tried on all voxels",
            Some(search) if search.starts_with("Screened") => {
                ", found by a race over growing samples of voxels"
            }
            _ => "",
        };
        Some(if alphas.len() == 1 {
            format!("The penalty was {low}.")
        } else {
            format!(
                "The penalty, one for all voxels, was chosen among {} from {low} to {high}{inner}{search}.",
                alphas.len()
            )
        })
    }

    /// From correlations to scores of models.
    fn scores(&mut self) {
        self.tell(
            "The correlation of prediction and signal, averaged over held-out runs, is the layer's brain score; a voxel's score is \
             that of its best layer, a model's score the mean over voxels. Voxels without a score are left out.",
        );
        let Some(threshold) = self.quantity("isc_percentile_75") else {
            return;
        };
        let reliable = count(self.quantity("n_reliable").unwrap_or(0.0));
        let trials = self
            .facts
            .isc
            .as_ref()
            .and_then(|record| record.parameters.get("n_trials")?.as_u64());
        let trials = trials.map_or_else(String::new, |n| {
            format!(" (subjects of one half predicted from the other, {n} random halves)")
        });
        self.tell(&format!(
            "Reliable voxels are the {reliable} whose inter-subject correlation{trials} lies above its 75th percentile, {threshold:.3}."
        ));
    }

    fn sides(&mut self, rule: HemisphereRule) {
        self.tell(match rule {
            HemisphereRule::Halves => {
                "Left and right are the two halves of the masked array, as in the paper; this cut divides the midline column between \
                 both."
            }
            HemisphereRule::WorldX => "Left is x &lt; 0, right is x &gt; 0; the midline is left out.",
        });
        let n_rois = self.quantity("n_rois").unwrap_or(0.0);
        if n_rois > 0.0 {
            let spheres =
                range(&self.facts.rois, "radius_mm").filter(|(low, high)| (high - low).abs() < 1e-9);
            let spheres =
                spheres.map_or_else(String::new, |(radius, _)| format!(", spheres of {radius} mm,"));
            self.tell(&format!(
                "{n_rois} regions of interest{spheres} and their mirror images were averaged alike."
            ));
        }
    }

    fn statistics(&mut self) {
        // Two points have no error, and one has no line.
        if self.quantity("n_models").unwrap_or(0.0) < 3.0 {
            return;
        }
        let bootstrap = self.cite(&works::BOOTSTRAP);
        self.tell(&format!(
            "Scores were related to the natural logarithm of the number of parameters by Pearson correlation and ordinary least \
             squares; bands are the 2.5th to 97.5th percentiles of 1000 bootstrap lines ({bootstrap})."
        ));
    }

    fn programs(&mut self) {
        let programs = self.facts.programs();
        if !programs.is_empty() {
            self.tell(&format!("Computed with {}.", escape(&programs.join(", "))));
        }
    }

    fn into_html(self) -> String {
        let mut html = format!(
            "<p>{}</p>\n<h3>References</h3>\n<ul class=\"references\">\n",
            self.text.trim_end()
        );
        let mut works = self.cited;
        works.sort_by_key(|work| work.full);
        for work in works {
            // Writing to a string cannot fail.
            let _ = writeln!(html, "<li>{}</li>", escape(work.full));
        }
        html.push_str("</ul>\n");
        html
    }
}

/// A count as people read it.
fn count(number: f64) -> String {
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
    use lpp_analysis::Column;
    use lpp_study::Language;

    fn summary() -> Table {
        Table::new("summary")
            .text("quantity", ["n_models", "n_voxels"])
            .unwrap()
            .with("value", Column::Number(vec![Some(3.0), Some(100.0)]))
            .unwrap()
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
            alphas: alphas.to_vec(),
            alpha_index: Vec::new(),
            fold_means: Vec::new(),
            n_nan_voxels: Vec::new(),
            wall_s: Vec::new(),
        }
    }

    #[test]
    fn only_what_was_done_is_told() {
        let text = methods(&summary(), HemisphereRule::WorldX, &Facts::default());
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
        let text = methods(&summary(), HemisphereRule::Halves, &facts);
        for part in [
            "2 language models",
            "&lt;my&gt; family (1)",
            "GPT-2 (1; Radford et al., 2019)",
            "124M parameters",
            "Pennington et al., 2014",
            "among 2 from 1 to 10",
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
}
