//! Weights of one language or study on the words of another: what is planned.
#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers included"
)]

use std::fs;
use std::path::Path;

use lpp_study::{FitTerms, KeptModel, ModelSource, Study};
use lpp_workflow::{Call, PlanOptions, WorkflowError, plan};

/// A study `own` of two languages with models, masks and average subjects, beside the kept model of another study.
fn study(folder: &Path, transfer: &str) -> Result<Vec<Call>, WorkflowError> {
    let root = folder.join("own");
    let mut files = Vec::new();
    for lang in ["en", "fr"] {
        files.push(format!("masks/mask_lpp_{lang}.nii.gz"));
        files.push(format!("words_{lang}.csv"));
        files.extend(["toy", "big"].map(|model| format!("activations/{model}_{lang}.safetensors")));
        files.extend((0..2).map(|run| format!("average_subject/{lang}/run-{run}.npy")));
    }
    for name in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "own").unwrap();
    }
    let text = "languages = [\"en\", \"fr\"]\nregions = false\nmodels = { en = [\"toy\", \"big\"], fr = [\"toy\"] }\n";
    fs::write(root.join("lpp.toml"), format!("{text}{transfer}")).unwrap();
    let source = ModelSource {
        study: "Other story".to_owned(),
        lang: "de".parse().unwrap(),
        subject: "average".to_owned(),
        words_sha256: None,
    };
    let kept = folder.join("other/scores/toy_de_model");
    fs::create_dir_all(&kept).unwrap();
    KeptModel::new(source, "toy", FitTerms::default())
        .save(&kept.join("model.json"))
        .unwrap();
    let options = PlanOptions {
        languages: vec![],
        threads: 2,
        memory_bytes: 16 << 30,
        fetch: false,
        subjects_per_step: None,
    };
    Ok(plan(&Study::open(&root)?, &options)?.steps)
}

fn ids(steps: &[Call]) -> Vec<&str> {
    steps.iter().map(|step| step.id.as_str()).collect()
}

#[test]
fn sources_are_kept_and_applied_after_all_fits() {
    let folder = tempfile::tempdir().unwrap();
    let steps = study(
        folder.path(),
        "[transfer]\nfr = [\"en\", \"../other/scores/toy_de_model\"]\n",
    )
    .unwrap();
    assert_eq!(
        ids(&steps),
        [
            "fit:toy:en",
            "fit:big:en",
            "analyze:en",
            "report:en",
            "fit:toy:fr",
            "analyze:fr",
            "report:fr",
            "transfer-own-en:toy:fr",
            "transfer-Other-story-de:toy:fr",
            "analyze-transfer",
        ]
    );
    let step = |id: &str| steps.iter().find(|step| step.id == id).unwrap();
    let keeps = |id: &str| step(id).arguments.contains(&"--keep-model".to_owned());
    assert!(keeps("fit:toy:en") && !keeps("fit:big:en") && !keeps("fit:toy:fr"));
    let own = step("transfer-own-en:toy:fr");
    let kept = "scores/toy_en_model/model.json";
    assert!(
        step("fit:toy:en")
            .outputs
            .iter()
            .any(|output| output.path == Path::new(kept))
    );
    assert!(own.inputs.contains(&kept.into()));
    assert_eq!(own.arguments[own.arguments.len() - 2..], ["--apply", kept]);
    assert!(
        own.outputs
            .iter()
            .any(|output| output.path == Path::new("scores/transfer-own-en/toy_fr.npy"))
    );
    let other = step("transfer-Other-story-de:toy:fr");
    assert!(
        other
            .inputs
            .contains(&"../other/scores/toy_de_model/model.json".into())
    );
    let table = step("analyze-transfer");
    assert!(table.inputs.contains(&"scores/transfer-own-en/toy_fr.npy".into()));
    assert!(
        table
            .inputs
            .contains(&"scores/transfer-Other-story-de/toy_fr.npy".into())
    );
}

#[test]
fn nothing_is_kept_unless_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let steps = study(folder.path(), "").unwrap();
    let all = steps.iter().flat_map(|step| &step.arguments);
    assert!(
        all.clone()
            .all(|argument| argument != "--keep-model" && argument != "--apply")
    );
    assert!(ids(&steps).iter().all(|id| !id.contains("transfer")));
}

#[test]
fn sources_that_are_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (transfer, said) in [
        (
            "[transfer]\nfr = [\"de\"]\n",
            "found \"de\" for fr under [transfer], expected another language",
        ),
        ("[transfer]\nfr = [\"../none\"]\n", "found \"../none\" for fr"),
        (
            "[transfer]\nde = [\"en\"]\n",
            "found de under [transfer], expected a language",
        ),
    ] {
        let error = study(folder.path(), transfer).unwrap_err().to_string();
        assert!(error.contains("lpp.toml: ") && error.contains(said), "{error}");
    }
}
