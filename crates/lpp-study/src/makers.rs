//! The programs that make the files of a study.

use std::path::Path;

use crate::FeatureSource;

/// How to make a file, as advice; empty for a file that no program makes.
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
    let published = "download the published one with lpp-fetch precomputed";
    if within("activations") && file.ends_with(".safetensors") {
        return feature_maker(&file);
    }
    let of_folder = [
        ("scores", "make it with lpp-fit"),
        ("resampled", "make it with lpp-resample from scans in derivatives"),
        ("individual_subjects", "make it with lpp-fit --subject"),
        (
            "derivatives",
            "download the published scans with lpp-fetch data --kind derivatives",
        ),
        ("results", "make it with lpp-analyze all"),
        ("figures", "make it with lpp-report"),
        ("roi_masks", "make it with lpp-rois"),
        (
            "annotation",
            "download the published one with lpp-fetch data --kind words",
        ),
        ("glove", "download it with lpp-fetch glove"),
    ];
    if within("average_subject") || within("isc") {
        return format!("make it with lpp-average from scans in resampled, or {published}");
    }
    if within("masks") {
        return format!("make it with lpp-mask from scans in resampled, or {published}");
    }
    if within("text") {
        return published.to_owned();
    }
    if file.starts_with("words_") && path.extension().is_some_and(|ending| ending == "csv") {
        return "import it with lpp-import words, or make it from an annotation with lpp-extract, lpp-glove, lpp-random or \
                lpp-controls"
            .to_owned();
    }
    if file == "runs.csv" {
        return "write it with lpp-import bids, or by hand".to_owned();
    }
    if file == "lpp.toml" {
        return "write one with lpp-run init".to_owned();
    }
    let known = of_folder.into_iter().find(|(folder, _)| within(folder));
    known.map_or_else(String::new, |(_, advice)| advice.to_owned())
}

/// How to make `NAME_LANG.safetensors`.
fn feature_maker(file: &str) -> String {
    let stem = file.trim_end_matches(".safetensors");
    let name = stem.rsplit_once('_').map_or(stem, |(name, _)| name);
    let source = FeatureSource::of_name(name);
    let program = source.program();
    if let Some(model) = source.model_of_control() {
        return format!(
            "make it with {program} --surprisal --model {}",
            model.replacen("--", "/", 1)
        );
    }
    match source {
        FeatureSource::Model { model, seed } => {
            let seed = seed.map_or_else(String::new, |seed| format!(" --seed {seed}"));
            format!(
                "make it with {program} --model {}{seed}",
                model.replacen("--", "/", 1)
            )
        }
        FeatureSource::Control { name } => format!("make it with {program} --controls {name}"),
        _ => format!("make it with {program}"),
    }
}

fn lossy(name: Option<&std::ffi::OsStr>) -> String {
    name.unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_has_its_maker() {
        let folder = tempfile::tempdir().unwrap();
        for (name, says) in [
            (
                "activations/gpt2_en.safetensors",
                "make it with lpp-extract --model gpt2",
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
            (
                "activations/control_surprisal_of_previous_org--tiny_en.safetensors",
                "lpp-extract --surprisal --model org/tiny",
            ),
            ("activations/glove_en.safetensors", "make it with lpp-glove"),
            (
                "activations/random_vector_300d_seed1_en.safetensors",
                "make it with lpp-random",
            ),
            ("words_en.csv", "lpp-extract, lpp-glove"),
            ("words_de.csv", "lpp-import words"),
            ("runs.csv", "lpp-import bids"),
            ("masks/mask_lpp_en.nii.gz", "make it with lpp-mask"),
            ("average_subject/en/run-0.npy", "make it with lpp-average"),
            ("isc/isc_en.npy", "make it with lpp-average"),
            ("scores/gpt2_en.npy", "make it with lpp-fit"),
            ("scores", "make it with lpp-fit"),
            ("scores/sub-EN001/gpt2_en.npy", "make it with lpp-fit"),
            ("resampled/en", "make it with lpp-resample"),
            ("results/summary_en.csv", "make it with lpp-analyze all"),
            (
                "annotation/EN/lppEN_word_information.csv",
                "lpp-fetch data --kind words",
            ),
            ("text/lpp_en_text.zip", "lpp-fetch precomputed"),
            ("roi_masks/TP.nii.gz", "make it with lpp-rois"),
            ("lpp.toml", "lpp-run init"),
        ] {
            let found = maker_of(&folder.path().join(name));
            assert!(found.contains(says), "{name}: {found}");
        }
    }
}
