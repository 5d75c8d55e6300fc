//! Checkpoints on batteries of items.

use lpp_competence::item_files;
use lpp_steps::{BatteryStep, FetchModelStep};
use lpp_study::{BatteryKind, ConfiguredBattery, FeatureSource};

use super::features::unique;
use super::planner::Planner;
use crate::call::Call;

impl Planner<'_> {
    /// A step for each checkpoint and battery of the language.
    pub(super) fn competence(&self, steps: &mut Vec<Call>) {
        let config = self.study.config();
        let of_lang = |models: Option<&Vec<String>>| models.cloned().unwrap_or_default();
        let models = of_lang(config.training.get(&self.lang)).into_iter();
        let models = unique(models.chain(of_lang(config.competence.models.get(&self.lang))));
        let batteries = config.competence.batteries.iter();
        for battery in batteries.filter(|battery| battery.language == self.lang) {
            let files = self.items(battery);
            for name in &models {
                steps.extend(self.scored(battery, name, &files));
            }
        }
    }

    /// The files of a battery as far as they are known; those that are missing are told when the step is run.
    fn items(&self, battery: &ConfiguredBattery) -> Vec<std::path::PathBuf> {
        let Some(path) = &battery.path else {
            return vec![self.annotation().path];
        };
        let path = self.study.root().join(path);
        match battery.kind {
            BatteryKind::Pairs => {
                let one = std::slice::from_ref(&path);
                item_files(one).unwrap_or_else(|_| one.to_vec())
            }
            // The texts of a folder are found by the program.
            BatteryKind::Text if path.is_dir() => Vec::new(),
            _ => vec![path],
        }
    }

    fn scored(&self, battery: &ConfiguredBattery, name: &str, files: &[std::path::PathBuf]) -> Vec<Call> {
        let FeatureSource::Model { model, seed } = FeatureSource::of_name(name) else {
            return Vec::new();
        };
        let of_model = (model.as_str(), name, seed);
        let stream = self.is_larger_than_memory(&model);
        let steps = BatteryStep::of_study(self.study, battery, of_model, files, stream);
        let call = |step: &BatteryStep| Call {
            needs_model: Some(FetchModelStep {
                model: model.clone(),
                weights: seed.is_none(),
            }),
            ..self.call(step)
        };
        steps.iter().map(call).collect()
    }
}
