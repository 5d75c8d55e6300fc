//! A first configuration, from what lies in the folder of a study.

use std::path::{Path, PathBuf};

use lpp_files::{FileError, WordTable, natural_path_order};
use lpp_steps::CanaryFeatures;
use lpp_study::{
    CheckpointName, ConfiguredFolds, EXPLAINABLE, FeatureName, FeatureSource, FoldRule, Language, RunsTable,
    Study, StudyConfig, StudyGrid,
};

/// Folds of a study of one or two runs.
const CHUNKS: usize = 5;
/// Scans this far apart no longer share the response to a word, in s: that of Glover (1999) is over.
const GAP_S: f64 = 20.0;
/// Confounds that are regressed out if there is a table of them for each run: head motion and two tissues.
const CONFOUNDS: [&str; 8] = [
    "trans_x",
    "trans_y",
    "trans_z",
    "rot_x",
    "rot_y",
    "rot_z",
    "csf",
    "white_matter",
];

/// The configuration for the runs, words, models, features and scores in a folder, and for `models` of the hub in each
/// language.
///
/// # Errors
/// [`FileError::Malformed`] if nothing tells the language of the study; as [`RunsTable::load`] for a broken table of runs.
pub fn initial_config(root: &Path, models: &[String]) -> Result<StudyConfig, FileError> {
    let study = Study::planned(root);
    let table = study.load_runs()?;
    let languages = languages(&study, table.as_ref())?;
    let mut config = StudyConfig {
        grid: table.is_some().then_some(StudyGrid::Native),
        ..StudyConfig::default()
    };
    for &lang in &languages {
        let mut found = Features::of(&study, lang);
        models.iter().for_each(|model| found.add(model));
        for (names, place) in [
            (found.models, &mut config.models),
            (found.baselines, &mut config.baselines),
            (found.untrained, &mut config.untrained),
            (found.training, &mut config.training),
        ] {
            if !names.is_empty() {
                place.insert(lang, names);
            }
        }
    }
    if let Some(table) = &table {
        let has_confounds = table.runs().iter().all(|run| run.confounds.is_some());
        config.clean.columns = CONFOUNDS
            .iter()
            .filter(|_| has_confounds)
            .map(ToString::to_string)
            .collect();
    }
    // Layers that the test runs choose make scores too high.
    config.fit.nested_layer = true;
    config.cv = folds(&study, table.as_ref(), &languages);
    config.languages = languages;
    Ok(config)
}

/// The languages of runs, words and annotations.
fn languages(study: &Study, table: Option<&RunsTable>) -> Result<Vec<Language>, FileError> {
    let mut found: Vec<Language> = Vec::new();
    for run in table
        .map_or(&[][..], RunsTable::runs)
        .iter()
        .filter(|run| !run.lang.is_empty())
    {
        found.push(run.lang.parse().map_err(|error: lpp_study::NameError| {
            FileError::malformed(
                &study.runs_table(),
                format!("lang {:?}", run.lang),
                error.to_string(),
            )
        })?);
    }
    let stems = |folder: &Path, before: &str, after: &str| -> Vec<Language> {
        let names = entries(folder)
            .into_iter()
            .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()));
        names
            .filter_map(|name| name.strip_prefix(before)?.strip_suffix(after)?.parse().ok())
            .collect()
    };
    found.extend(stems(study.root(), "words_", ".csv"));
    found.extend(stems(&study.annotation_dir(), "", ""));
    let mut languages = Vec::new();
    for lang in found {
        if !languages.contains(&lang) {
            languages.push(lang);
        }
    }
    if languages.is_empty() {
        let expected =
            "a table of words (lpp-import words FILE... --lang TAG), or --paper for the published study";
        return Err(FileError::malformed(
            study.root(),
            "no words of any language",
            expected,
        ));
    }
    Ok(languages)
}

/// Names of features by kind.
#[derive(Default)]
struct Features {
    models: Vec<String>,
    baselines: Vec<String>,
    untrained: Vec<String>,
    training: Vec<String>,
}

impl Features {
    /// The models in the study, and all features of which there are activations or scores.
    fn of(study: &Study, lang: Language) -> Self {
        let mut found = Self::default();
        let models = study.model_dir("model");
        for model in entries(models.parent().unwrap_or(study.root())) {
            if model.join("config.json").is_file() {
                found.add(&name_of(&model, ""));
            }
        }
        if study.glove().is_file() {
            found.add("glove");
        }
        for (folder, ending) in [("activations", "safetensors"), ("scores", "npy")] {
            for file in entries(&study.root().join(folder)) {
                found.add(&name_of(&file, &format!("_{lang}.{ending}")));
            }
        }
        found
    }

    /// Adds a name where it belongs; controls and additional files are made on request.
    fn add(&mut self, name: &str) {
        let Ok(name) = name.parse::<FeatureName>() else {
            return;
        };
        let list = match name.source() {
            FeatureSource::Control { .. } => return,
            FeatureSource::Glove | FeatureSource::Random { .. } => &mut self.baselines,
            FeatureSource::Model { seed: Some(_), .. } => &mut self.untrained,
            FeatureSource::Model { model, .. } if CheckpointName::of(&model).is_some() => &mut self.training,
            FeatureSource::Model { .. } => &mut self.models,
        };
        let name = name.to_string();
        let is_no_model = [CanaryFeatures::NAME, EXPLAINABLE].contains(&name.as_str());
        if !is_no_model && !list.contains(&name) {
            list.push(name);
        }
    }
}

/// The name of a file without its ending; empty for a file with another one.
fn name_of(path: &Path, ending: &str) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(ending).unwrap_or_default().to_owned()
}

/// What a folder holds, in natural order, without hidden files; nothing if there is no such folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let found = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = found.map(|entry| entry.path()).collect();
    paths.retain(|path| {
        !path
            .file_name()
            .unwrap_or_default()
            .as_encoded_bytes()
            .starts_with(b".")
    });
    paths.sort_by(|a, b| natural_path_order(a, b));
    paths
}

/// Whole runs if there are three or more, pieces of runs otherwise.
fn folds(study: &Study, table: Option<&RunsTable>, languages: &[Language]) -> ConfiguredFolds {
    let n_runs = |lang: &Language| match table {
        Some(table) => table.of_language(lang.code()).stories().len(),
        None => WordTable::load(&study.words(*lang)).map_or(usize::MAX, |words| words.n_runs()),
    };
    if languages
        .iter()
        .map(n_runs)
        .min()
        .is_none_or(|fewest| fewest >= 3)
    {
        return ConfiguredFolds::default();
    }
    let tr_s = table.and_then(|table| table.runs().iter().find_map(|run| run.tr_s));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few scans"
    )]
    let gap_scans = (GAP_S / tr_s.unwrap_or(StudyConfig::REFERENCE_TR_S)).ceil() as usize;
    ConfiguredFolds {
        folds: FoldRule::Chunks(CHUNKS),
        gap_scans,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_lies_in_a_folder_is_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let error = initial_config(folder.path(), &[]).unwrap_err().to_string();
        assert!(
            error.contains("--paper") && error.contains("lpp-import words"),
            "{error}"
        );
        write(
            "words_pt-BR.csv",
            "run,word_index,word,onset_s,offset_s\n0,0,oi,1,2\n",
        );
        for model in ["m-10", "m-2", "org--tiny"] {
            write(&format!("models/{model}/config.json"), "{}");
        }
        write("models/notes/README", "");
        for name in [
            "own",
            "own_untrained_seed1",
            "own_step20",
            "random_vector_3d_seed1",
            "control_wordrate",
        ] {
            write(&format!("activations/{name}_pt-BR.safetensors"), "");
        }
        write("activations/other_de.safetensors", "");
        write("scores/theirs_pt-BR.npy", "");
        write("scores/theirs_pt-BR_runs.npy", "");
        write("scores/explainable_pt-BR.npy", "");
        let lang: Language = "pt-BR".parse().unwrap();
        let asked = ["m-2", "gpt2"].map(ToOwned::to_owned);
        let config = initial_config(folder.path(), &asked).unwrap();
        assert_eq!(config.languages, [lang]);
        assert_eq!(
            config.models[&lang],
            ["m-2", "m-10", "org/tiny", "own", "theirs", "gpt2"]
        );
        assert_eq!(config.untrained[&lang], ["own_untrained_seed1"]);
        assert_eq!(config.training[&lang], ["own_step20"]);
        assert_eq!(config.baselines[&lang], ["random_vector_3d_seed1"]);
        assert_eq!(
            (config.cv.folds.to_string().as_str(), config.cv.gap_scans),
            ("chunks:5", 10)
        );
        assert!(config.fit.nested_layer);
        assert_eq!(config.grid, None);
        assert_eq!(config.to_toml().parse::<StudyConfig>().unwrap(), config);

        let rows = |confounds: &str| {
            let row = |run: usize| format!("01,{run},pt-br,volume,{run}.nii,1.5,{confounds}\n");
            format!(
                "subject,run,lang,kind,path,tr_s,confounds\n{}",
                (1..=3).map(row).collect::<String>()
            )
        };
        write("runs.csv", &rows("c.tsv"));
        let config = initial_config(folder.path(), &[]).unwrap();
        assert_eq!(
            (config.languages, config.grid),
            (vec![lang], Some(StudyGrid::Native))
        );
        assert_eq!(config.cv, ConfiguredFolds::default());
        assert_eq!(config.clean.columns.len(), 8);
        write("runs.csv", &rows(""));
        assert!(
            initial_config(folder.path(), &[])
                .unwrap()
                .clean
                .columns
                .is_empty()
        );
        write("runs.csv", &rows("").replace("pt-br", "brazilian"));
        let error = initial_config(folder.path(), &[]).unwrap_err().to_string();
        assert!(
            error.contains("runs.csv") && error.contains("brazilian"),
            "{error}"
        );
    }
}
