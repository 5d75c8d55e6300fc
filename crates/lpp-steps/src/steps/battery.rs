//! `lpp-score` as a step of a study: one checkpoint on one battery.

use std::path::PathBuf;

use lpp_study::{BatteryKind, ConfiguredBattery, Study};

use super::{place, words};
use crate::{Artefact, Cost, Dtype, Estimator, GenerateSettings, ScoreStep, Step};

/// One checkpoint on one battery of `lpp.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct BatteryStep {
    /// The name of the tables: that of the battery, or of one of its two sets of texts.
    pub battery: String,
    /// The model as requested.
    pub model: String,
    /// The name of the model's results: with the seed of an untrained control.
    pub name: String,
    /// Seed of an untrained control.
    pub seed: Option<u64>,
    /// What is computed.
    pub score: ScoreStep,
    /// The output, as the program sees it.
    pub output: PathBuf,
    /// The battery as it is configured.
    pub configured: ConfiguredBattery,
    /// Share of the distribution that texts are drawn from.
    pub top_p: Option<f64>,
    /// Whether only one block is held in memory at a time.
    pub stream_layers: bool,
}

impl BatteryStep {
    /// The steps of a battery: one, or two for texts, which are also drawn from the whole distribution: cuts would hide what a bad
    /// model says. `files` are its items.
    #[must_use]
    pub fn of_study(
        study: &Study,
        configured: &ConfiguredBattery,
        (model, name, seed): (&str, &str, Option<u64>),
        files: &[PathBuf],
        stream_layers: bool,
    ) -> Vec<Self> {
        let default = GenerateSettings::default();
        let variants = match configured.kind {
            BatteryKind::Generate => vec![
                (configured.name.clone(), Some(default.top_p)),
                (format!("{}_p1", configured.name), Some(1.0)),
            ],
            _ => vec![(configured.name.clone(), None)],
        };
        let lang = configured.language;
        let step = |(battery, top_p): (String, Option<f64>)| {
            let output = study.competence(name, lang, &battery);
            let output = match configured.kind {
                BatteryKind::Generate => output.with_extension("jsonl"),
                _ => output,
            };
            let settings = match configured.kind {
                BatteryKind::Pairs => ScoreStep::of_pairs("auto", false, None),
                BatteryKind::Choices => {
                    let format = configured.format.as_deref().unwrap_or_default();
                    ScoreStep::of_choices(format, "characters", "auto")
                }
                BatteryKind::Text => ScoreStep::of_text("none", false, &lang.to_string(), None),
                BatteryKind::Generate => GenerateSettings {
                    top_p: top_p.unwrap_or(default.top_p),
                    ..default
                }
                .with_prefix("auto"),
            };
            Self {
                score: ScoreStep {
                    measure: configured.kind.command(),
                    files: files.to_vec(),
                    seed: seed.unwrap_or(0),
                    dtype: Dtype::default(),
                    settings,
                    output: output.clone(),
                    tokens: None,
                },
                battery,
                model: model.to_owned(),
                name: name.to_owned(),
                seed,
                output: output.strip_prefix(study.root()).unwrap_or(&output).to_owned(),
                configured: configured.clone(),
                top_p,
                // Each token of a text would read all weights.
                stream_layers: stream_layers && configured.kind != BatteryKind::Generate,
            }
        };
        variants.into_iter().map(step).collect()
    }
}

impl Step for BatteryStep {
    const PROGRAM: &'static str = "lpp-score";

    fn id(&self) -> String {
        format!(
            "score:{}:{}:{}",
            self.battery, self.name, self.configured.language
        )
    }

    fn arguments(&self) -> Vec<String> {
        let ConfiguredBattery {
            kind, path, format, ..
        } = &self.configured;
        let mut arguments = words([kind.command()]);
        let flag = match kind {
            BatteryKind::Text => Some("--text"),
            BatteryKind::Generate => Some("--prompts"),
            BatteryKind::Pairs | BatteryKind::Choices => None,
        };
        if let Some(path) = path {
            arguments.extend(flag.map(str::to_owned));
            arguments.push(path.display().to_string());
        }
        for (flag, value) in [
            ("--format", format.clone()),
            ("--top-p", self.top_p.map(|p| p.to_string())),
            ("--seed", self.seed.map(|seed| seed.to_string())),
        ] {
            if let Some(value) = value {
                arguments.extend(words([flag, &value]));
            }
        }
        arguments.extend(words(["--model", &self.model]));
        arguments.extend(place(self.configured.language));
        arguments.extend(words(["-o", &self.output.display().to_string()]));
        if self.stream_layers {
            arguments.extend(words(["--stream-layers"]));
        }
        arguments
    }

    fn artefacts(&self) -> Vec<Artefact> {
        self.score.artefacts()
    }

    /// As long as the activations of the study: an assumption, since the items are not read for it.
    fn cost(&self, estimator: &Estimator) -> Cost {
        let size = estimator.model_size(&self.model);
        let of_study = size.map(|size| estimator.extract(&size, self.stream_layers));
        Cost {
            disk_bytes: 0,
            scratch_bytes: 0,
            ..of_study.unwrap_or_default()
        }
    }
}
