//! The programs that make the files of a study.

use std::path::Path;

use crate::FeatureSource;

/// The program that makes a file, as a sentence; empty for a file that no program makes.
#[must_use]
pub fn maker_of(path: &Path) -> String {
    let file = lossy(path.file_name());
    let folders: Vec<String> = path
        .ancestors()
        .skip(1)
        .take(4)
        .map(|p| lossy(p.file_name()))
        .collect();
    let within = |name: &str| file == name || folders.iter().any(|folder| folder == name);
    let published = "lpp-fetch precomputed brings the published one";
    if within("activations") && file.ends_with(".safetensors") {
        return feature_maker(&file);
    }
    let of_folder = [
        ("scores", "lpp-fit makes it"),
        ("resampled", "lpp-resample makes it of scans in derivatives"),
        ("individual_subjects", "lpp-fit --subject makes it"),
        (
            "derivatives",
            "lpp-fetch data --kind derivatives brings the published scans",
        ),
        ("results", "lpp-analyze all makes it"),
        ("figures", "lpp-report makes it"),
        ("roi_masks", "lpp-rois makes it"),
        (
            "annotation",
            "lpp-fetch data --kind words brings the published one",
        ),
        ("glove", "lpp-fetch glove brings it"),
    ];
    if within("average_subject") || within("isc") {
        return format!("lpp-average makes it of scans in resampled, {published}");
    }
    if within("masks") {
        return format!("lpp-mask makes it of scans in resampled, {published}");
    }
    if within("text") {
        return published.to_owned();
    }
    if file.starts_with("words_") && path.extension().is_some_and(|ending| ending == "csv") {
        return "lpp-extract, lpp-glove, lpp-random and lpp-controls make it".to_owned();
    }
    if file == "lpp.toml" {
        return "lpp-run init writes one".to_owned();
    }
    let known = of_folder.into_iter().find(|(folder, _)| within(folder));
    known.map_or_else(String::new, |(_, sentence)| sentence.to_owned())
}

/// The maker of `NAME_LANG.safetensors`.
fn feature_maker(file: &str) -> String {
    let stem = file.trim_end_matches(".safetensors");
    let name = stem.rsplit_once('_').map_or(stem, |(name, _)| name);
    let source = FeatureSource::of_name(name);
    let program = source.program();
    match source {
        FeatureSource::Model { model, seed } => {
            let seed = seed.map_or_else(String::new, |seed| format!(" --seed {seed}"));
            format!(
                "{program} --model {}{seed} makes it",
                model.replacen("--", "/", 1)
            )
        }
        FeatureSource::Control { name } => format!("{program} --controls {name} makes it"),
        _ => format!("{program} makes it"),
    }
}

fn lossy(name: Option<&std::ffi::OsStr>) -> String {
    name.unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_artefact_has_its_maker() {
        let folder = tempfile::tempdir().unwrap();
        for (name, says) in [
            (
                "activations/gpt2_en.safetensors",
                "lpp-extract --model gpt2 makes it",
            ),
            (
                "activations/org--tiny_en.safetensors",
                "lpp-extract --model org/tiny",
            ),
            (
                "activations/gpt2_untrained_seed2_en.safetensors",
                "--model gpt2 --seed 2",
            ),
            (
                "activations/control_wordrate_en.safetensors",
                "lpp-controls --controls wordrate",
            ),
            ("activations/glove_en.safetensors", "lpp-glove makes it"),
            (
                "activations/random_vector_300d_seed1_en.safetensors",
                "lpp-random makes it",
            ),
            ("words_en.csv", "lpp-extract, lpp-glove"),
            ("masks/mask_lpp_en.nii.gz", "lpp-mask makes it"),
            ("average_subject/en/run-0.npy", "lpp-average makes it"),
            ("isc/isc_en.npy", "lpp-average makes it"),
            ("scores/gpt2_en.npy", "lpp-fit makes it"),
            ("scores", "lpp-fit makes it"),
            ("scores/sub-EN001/gpt2_en.npy", "lpp-fit makes it"),
            ("resampled/en", "lpp-resample makes it"),
            ("results/summary_en.csv", "lpp-analyze all makes it"),
            (
                "annotation/EN/lppEN_word_information.csv",
                "lpp-fetch data --kind words",
            ),
            ("text/lpp_en_text.zip", "lpp-fetch precomputed"),
            ("roi_masks/TP.nii.gz", "lpp-rois makes it"),
            ("lpp.toml", "lpp-run init"),
        ] {
            let found = maker_of(&folder.path().join(name));
            assert!(found.contains(says), "{name}: {found}");
        }
    }
}
