//! The configuration of the published study: is every step of its README planned?
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use lpp_study::Study;
use lpp_workflow::{Call, PAPER, Plan, PlanOptions, plan};

fn steps() -> Vec<Call> {
    steps_with(None)
}

fn steps_with(subjects_per_step: Option<usize>) -> Vec<Call> {
    steps_of(PAPER, subjects_per_step)
}

fn steps_of(configuration: &str, subjects_per_step: Option<usize>) -> Vec<Call> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("lpp.toml"), configuration).unwrap();
    let options = PlanOptions {
        languages: vec![],
        threads: 2,
        memory_bytes: 16 << 30,
        fetch: true,
        subjects_per_step,
    };
    plan(&Study::open(folder.path()).unwrap(), &options)
        .unwrap()
        .steps
}

/// What the README of the original runs, as names of steps: written down from its loops, not from the configuration.
fn readme() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut add = |name: String| assert!(names.insert(name.clone()), "{name} twice");
    let english = "gpt2 gpt2-medium gpt2-large gpt2-xl opt-125m opt-350m opt-1.3b opt-2.7b opt-6.7b opt-13b Llama-2-7b-hf \
                   Llama-2-13b-hf Qwen1.5-0.5B Qwen1.5-1.8B Qwen1.5-4B Qwen1.5-7B Qwen1.5-14B gemma-2b gemma-7b \
                   stablelm-2-1_6b stablelm-3b-4e1t stablelm-2-12b Mistral-7B-v0.1 mamba-130m-hf mamba-370m-hf \
                   mamba-790m-hf mamba-1.4b-hf mamba-2.8b-hf";
    let french = "gpt2-base-french Qwen2-0.5B Qwen2-1.5B Qwen2-7B";
    let chinese = "gpt2-tiny-chinese gpt2-base-chinese Qwen1.5-0.5B Qwen1.5-1.8B Qwen1.5-4B Qwen1.5-7B Qwen1.5-14B \
                   Qwen2-0.5B Qwen2-1.5B Qwen2-7B";
    let nine =
        "gpt2 gpt2-medium gpt2-large gpt2-xl Qwen1.5-0.5B Qwen1.5-1.8B Qwen1.5-4B Qwen1.5-7B Qwen1.5-14B";
    for (lang, models) in [("en", english), ("fr", french), ("cn", chinese)] {
        for model in models.split_whitespace() {
            add(format!("extract:{model}:{lang}"));
            add(format!("fit:{model}:{lang}"));
        }
        for kind in ["vector", "embedding"] {
            for dims in [300, 1024] {
                for seed in 1..=10 {
                    add(format!("random:{kind}_{dims}d_seed{seed}:{lang}"));
                    add(format!("fit:random_{kind}_{dims}d_seed{seed}:{lang}"));
                }
            }
        }
        for step in ["mask", "average", "analyze", "report"] {
            add(format!("{step}:{lang}"));
        }
    }
    add("rois".to_owned());
    add("glove:en".to_owned());
    add("fit:glove:en".to_owned());
    for model in nine.split_whitespace() {
        add(format!("extract:{model}_untrained_seed1:en"));
        add(format!("fit:{model}_untrained_seed1:en"));
        add(format!("fit-individuals:{model}:en"));
    }
    for step in [0, 1000, 14000, 36000, 72000, 143_000] {
        add(format!("extract:pythia-6.9b_step{step}:en"));
        add(format!("fit:pythia-6.9b_step{step}:en"));
    }
    names
}

#[test]
fn every_command_of_the_readme_is_a_step() {
    let steps = steps();
    let of_subjects = |step: &&Call| step.id.starts_with("resample:");
    // 49 English, 28 French and 35 Chinese subjects.
    assert_eq!(steps.iter().filter(of_subjects).count(), 112);
    let planned: BTreeSet<String> = steps
        .iter()
        .filter(|step| !step.id.starts_with("resample:") && !step.id.starts_with("fetch:"))
        .map(|step| step.id.clone())
        .collect();
    let expected = readme();
    assert_eq!(
        planned.difference(&expected).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
    assert_eq!(
        expected.difference(&planned).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
}

#[test]
fn what_is_missing_is_fetched() {
    let steps = steps();
    let fetched: BTreeSet<&str> = steps
        .iter()
        .filter_map(|step| step.id.strip_prefix("fetch:"))
        .collect();
    for name in [
        "words:en",
        "words:cn",
        "scans:fr",
        "precomputed:en",
        "glove",
        "model:gpt2",
        "model:pythia-6.9b_step0",
    ] {
        assert!(fetched.contains(name), "{name} is not in {fetched:?}");
    }
    // 28 English, 4 French and 7 more Chinese models (5 are among the English, 3 among the French), 6 moments of Pythia.
    assert_eq!(
        fetched.iter().filter(|name| name.starts_with("model:")).count(),
        28 + 4 + 2 + 6
    );
    let scans = steps.iter().find(|step| step.id == "fetch:scans:en").unwrap();
    assert!(
        scans.brings_inputs
            && scans
                .arguments
                .iter()
                .any(|argument| argument.starts_with("EN057,EN058"))
    );
}

#[test]
fn subjects_are_shared_out_to_steps() {
    let steps = steps_with(Some(2));
    let groups: Vec<&Call> = steps
        .iter()
        .filter(|step| step.id.starts_with("fit-individuals:gpt2-xl:"))
        .collect();
    let names: Vec<&str> = groups.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(
        names,
        [
            "fit-individuals:gpt2-xl:1of3:en",
            "fit-individuals:gpt2-xl:2of3:en",
            "fit-individuals:gpt2-xl:3of3:en"
        ]
    );
    assert!(groups[2].arguments.contains(&"sub-EN062".to_owned()));
    assert_eq!(groups[1].after, ["fit-individuals:gpt2:2of3:en"]);
}

#[test]
fn individuals_are_the_five_of_the_paper() {
    let steps = steps();
    let step = steps
        .iter()
        .find(|step| step.id == "fit-individuals:gpt2-xl:en")
        .unwrap();
    let subjects: Vec<&String> = step
        .arguments
        .iter()
        .filter(|argument| argument.starts_with("sub-EN"))
        .collect();
    assert_eq!(
        subjects,
        ["sub-EN057", "sub-EN058", "sub-EN059", "sub-EN061", "sub-EN062"]
    );
    let large = steps
        .iter()
        .find(|step| step.id == "extract:Qwen1.5-14B:en")
        .unwrap();
    assert!(
        large.arguments.contains(&"--stream-layers".to_owned()),
        "14 billion parameters in 16 GiB"
    );
    let untrained = steps
        .iter()
        .find(|step| step.id == "extract:gpt2_untrained_seed1:en")
        .unwrap();
    assert_eq!(untrained.arguments[..2], ["--model", "gpt2"]);
    assert!(
        untrained
            .arguments
            .ends_with(&["--seed".to_owned(), "1".to_owned()])
    );
}

#[test]
fn controls_are_made_unless_they_need_recordings() {
    let steps = steps_of(
        "baselines = { en = [\"control_wordrate\", \"control_envelope\"] }",
        None,
    );
    let step = |id: &str| steps.iter().find(|step| step.id == id);
    let made = step("controls:wordrate:en").unwrap();
    assert_eq!(
        (made.program, &made.arguments[..2]),
        (
            "lpp-controls",
            &["--controls".to_owned(), "wordrate".to_owned()][..]
        )
    );
    assert!(
        step("fit:control_wordrate:en")
            .unwrap()
            .inputs
            .contains(&made.outputs[0].path)
    );
    assert!(step("controls:envelope:en").is_none() && step("fit:control_envelope:en").is_some());
    assert!(!steps.iter().any(|step| step.program == "lpp-extract"));
}

#[test]
fn fits_carry_what_the_configuration_adds() {
    let configuration = "models = { en = [\"gpt2\"] }\nbaselines = { en = [\"random_vector_3d_seed1\"] }\n\
                         fits = { controls = [\"wordrate\", \"position\"], nulls = 1000 }";
    let steps = steps_of(configuration, None);
    let step = |id: &str| steps.iter().find(|step| step.id == id);
    let fit = step("fit:gpt2:en").unwrap();
    let call = fit.arguments.join(" ");
    assert!(
        call.contains("--nested-layer --controls wordrate,position --nulls 1000"),
        "{call}"
    );
    let outputs: Vec<String> = fit
        .outputs
        .iter()
        .map(|output| output.path.display().to_string())
        .collect();
    for what in ["nested", "joint", "nulls"] {
        assert!(
            outputs.contains(&format!("scores/gpt2_en_{what}.npy")),
            "{outputs:?}"
        );
        assert!(
            step("analyze:en")
                .unwrap()
                .inputs
                .iter()
                .any(|input| input.ends_with(format!("gpt2_en_{what}.npy")))
        );
    }
    let control = &step("controls:position:en").unwrap().outputs[0].path;
    assert!(fit.inputs.contains(control));
    assert!(
        step("fit:control_position:en").is_none(),
        "it stands beside models only"
    );
    assert_eq!(
        step("fit:random_vector_3d_seed1:en").unwrap().outputs.len(),
        4,
        "models only"
    );
}

/// A plan of a folder that holds these files, without a record of any of them.
fn plan_of_own(configuration: &str, files: &[&str]) -> Plan {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("lpp.toml"), configuration).unwrap();
    for name in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "own").unwrap();
    }
    let options = PlanOptions {
        languages: vec![],
        threads: 2,
        memory_bytes: 16 << 30,
        fetch: true,
        subjects_per_step: None,
    };
    plan(&Study::open(folder.path()).unwrap(), &options).unwrap()
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.id.as_str()).collect()
}

#[test]
fn what_is_the_studys_own_is_neither_made_nor_fetched() {
    let models = "models = { en = [\"mine\"] }";
    let scans = [
        "masks/mask_lpp_en.nii.gz",
        "average_subject/en/run-0.npy",
        "words_en.csv",
    ];
    let own = |more: &[&'static str]| [scans.as_slice(), more].concat();
    let plan = plan_of_own(models, &own(&["activations/mine_en.safetensors"]));
    assert_eq!(ids(&plan), ["rois", "fit:mine:en", "analyze:en", "report:en"]);
    assert!(
        plan.given
            .files
            .contains(&"activations/mine_en.safetensors".into())
    );
    assert!(plan.given.files.contains(&"words_en.csv".into()));

    let plan = plan_of_own(
        models,
        &own(&["scores/mine_en.npy", "activations/mine_en.safetensors"]),
    );
    assert_eq!(ids(&plan), ["rois", "analyze:en", "report:en"]);

    let plan = plan_of_own(
        models,
        &own(&["activations/mine_en.safetensors", "roi_masks/mine.nii.gz"]),
    );
    assert_eq!(ids(&plan), ["fit:mine:en", "analyze:en", "report:en"]);
    let analyze = plan.steps.iter().find(|step| step.id == "analyze:en").unwrap();
    assert!(analyze.optional_inputs.contains(&"roi_masks/mine.nii.gz".into()));

    // Regions can be left out as well.
    let without = format!("regions = false\n{models}");
    let plan = plan_of_own(&without, &own(&["activations/mine_en.safetensors"]));
    assert_eq!(ids(&plan), ["fit:mine:en", "analyze:en", "report:en"]);

    // Scans on the grid, a mask and averages of one's own; nothing of the published data set comes beside them.
    let subjects = "subjects = { en = [\"EN001\", \"EN002\", \"EN003\"] }\nbaselines = { en = [\"random_vector_3d_seed1\"] }";
    let scans = [
        "resampled/en/sub-EN001/run-1.nii.gz",
        "resampled/en/sub-EN002/run-1.nii.gz",
        "resampled/en/sub-EN003/run-1.nii.gz",
    ];
    let plan = plan_of_own(subjects, &scans);
    assert!(ids(&plan).contains(&"mask:en") && ids(&plan).contains(&"average:en"));
    let with_mask = [scans.as_slice(), &["masks/mask_lpp_en.nii.gz"]].concat();
    let plan = plan_of_own(subjects, &with_mask);
    assert!(!ids(&plan).contains(&"mask:en") && ids(&plan).contains(&"average:en"));
    let with_isc = [with_mask.as_slice(), &["isc/isc_en.npy"]].concat();
    let plan = plan_of_own(subjects, &with_isc);
    let average = plan.steps.iter().find(|step| step.id == "average:en").unwrap();
    assert!(average.arguments.ends_with(&["--isc-trials".into(), "0".into()]));
    assert!(
        !average
            .outputs
            .iter()
            .any(|output| output.path.ends_with("isc_en.npy"))
    );
    let with_average = [with_isc.as_slice(), &["average_subject/en/run-0.npy"]].concat();
    let plan = plan_of_own(subjects, &with_average);
    assert!(!ids(&plan).contains(&"average:en"), "{:?}", ids(&plan));
    assert!(
        !ids(&plan).iter().any(|id| id.starts_with("fetch:")),
        "{:?}",
        ids(&plan)
    );
}

#[test]
fn a_model_has_one_file_however_it_is_spelt() {
    for (spelling, name, file) in [
        ("org1/tiny", "org1/tiny", "org1--tiny"),
        ("org1--tiny", "org1/tiny", "org1--tiny"),
        ("openai-community/gpt2", "gpt2", "gpt2"),
        ("someone/gpt2", "someone/gpt2", "someone--gpt2"),
    ] {
        let plan = plan_of_own(&format!("models = {{ en = [\"{spelling}\"] }}"), &[]);
        let step = |id: String| plan.steps.iter().find(|step| step.id == id).unwrap();
        let extract = step(format!("extract:{name}:en"));
        let output = &extract.outputs[0];
        assert_eq!(
            output.path,
            PathBuf::from(format!("activations/{file}_en.safetensors"))
        );
        assert_eq!(output.parameters["model"], name);
        assert_eq!(extract.arguments[..2], ["--model", name]);
        let fit = step(format!("fit:{name}:en"));
        assert!(fit.inputs.contains(&output.path), "{:?}", fit.inputs);
        assert_eq!(
            fit.outputs[0].path,
            PathBuf::from(format!("scores/{file}_en.npy"))
        );
        step(format!("fetch:model:{name}"));
    }
}

#[test]
fn scores_that_were_made_by_hand_are_analysed_too() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path();
    fs::write(study.join("lpp.toml"), "baselines = { en = [\"glove\"] }").unwrap();
    fs::create_dir(study.join("scores")).unwrap();
    for name in [
        "mine_en.npy",
        "mine_en_joint.npy",
        "glove_en_nested.npy",
        "canary_en.npy",
        "canary_en_nulls.npy",
    ] {
        fs::write(study.join("scores").join(name), "x").unwrap();
    }
    let options = PlanOptions {
        languages: vec![],
        threads: 2,
        memory_bytes: 16 << 30,
        fetch: false,
        subjects_per_step: None,
    };
    let steps = plan(&Study::open(study).unwrap(), &options).unwrap().steps;
    let analyze = steps.iter().find(|step| step.id == "analyze:en").unwrap();
    let has = |name: &str| analyze.inputs.iter().any(|input| input.ends_with(name));
    assert!(
        has("mine_en.npy") && has("mine_en_joint.npy") && has("glove_en_nested.npy") && has("glove_en.npy")
    );
    assert!(
        !has("canary_en.npy") && !has("canary_en_nulls.npy"),
        "every fit makes them"
    );
}

#[test]
fn a_study_of_other_stories_is_planned_from_its_table_of_runs() {
    let runs = |subjects: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let rows = subjects.iter().flat_map(|subject| {
            (1..=12).map(move |run| {
                format!(
                    "{subject},{},{run},de,volume,x/{subject}_{run}.nii\n",
                    1 + run / 7
                )
            })
        });
        write(
            "runs.csv",
            &format!("subject,session,run,lang,kind,path\n{}", rows.collect::<String>()),
        );
        let words = (0..12).map(|run| format!("{run},0,ja,1,2\n"));
        write(
            "words_de.csv",
            &format!(
                "run,word_index,word,onset_s,offset_s\n{}",
                words.collect::<String>()
            ),
        );
        write(
            "lpp.toml",
            "languages = [\"de\"]\nbaselines = { de = [\"random_vector_3d_seed1\"] }\n[cv]\nfolds = \"stories\"\n",
        );
        let options = PlanOptions {
            languages: vec![],
            threads: 1,
            memory_bytes: 16 << 30,
            fetch: true,
            subjects_per_step: None,
        };
        plan(&Study::open(folder.path()).unwrap(), &options).unwrap()
    };
    let three = runs(&["01", "02", "03"]);
    let steps = [
        "mask:de",
        "average:de",
        "rois",
        "random:vector_3d_seed1:de",
        "fit:random_vector_3d_seed1:de",
    ];
    assert_eq!(ids(&three)[..5], steps, "neither resampled nor fetched");
    let step = |plan: &Plan, id: &str| plan.steps.iter().find(|step| step.id == id).unwrap().clone();
    let average = step(&three, "average:de");
    assert_eq!(
        average.outputs.len(),
        15,
        "twelve runs and three arrays of correlations"
    );
    assert!(
        average.outputs[9]
            .inputs
            .ends_with(&["masks/mask_lpp_de.nii.gz".into()])
    );
    assert!(
        average.outputs[9].inputs.contains(&"x/02_10.nii".into()),
        "in the order of the numbers"
    );
    let random = step(&three, "random:vector_3d_seed1:de");
    assert_eq!(random.inputs, [PathBuf::from("words_de.csv")]);
    assert_eq!(random.outputs.len(), 1, "the words are the study's own");
    let fit = step(&three, "fit:random_vector_3d_seed1:de");
    assert_eq!(fit.outputs[0].parameters["folds"], "stories");

    let two = runs(&["01", "02"]);
    assert!(!ids(&two).contains(&"average:de"), "{:?}", ids(&two));
    let fit = step(&two, "fit-individuals:random_vector_3d_seed1:de");
    assert!(fit.outputs.iter().any(|output| {
        output
            .path
            .ends_with("scores/sub-02/random_vector_3d_seed1_de.npy")
    }));
    for id in ["rois:sub-01", "analyze:sub-02:de", "report:sub-02:de"] {
        assert!(ids(&two).contains(&id), "{id}");
    }
}

#[test]
fn nothing_is_downloaded_to_a_place_outside_of_the_study() {
    const REST: &str = "baselines = { en = [\"glove\"] }\nmodels = { en = [\"gpt2\"] }\n";
    let fetched = |steps: &[Call]| -> BTreeSet<String> {
        let ids = steps.iter().filter_map(|step| step.id.strip_prefix("fetch:"));
        ids.map(str::to_owned).collect()
    };
    let all = fetched(&steps_of(REST, None));
    let elsewhere = tempfile::tempdir().unwrap();
    let place = |folder: &str| format!("{folder}/new");
    for place in [place(&elsewhere.path().display().to_string()), place("..")] {
        for (key, lost) in [
            ("paths.annotation", "words:en"),
            ("paths.text", "precomputed:en"),
            ("corpus.text", "precomputed:en"),
            ("paths.glove", "glove"),
        ] {
            let steps = steps_of(&format!("{key} = \"{place}\"\n{REST}"), None);
            let left = fetched(&steps);
            let missing: Vec<&String> = all.difference(&left).collect();
            assert_eq!(missing, [lost], "{key}");
        }
    }
}

#[test]
fn a_plan_may_have_thousands_of_models() {
    let names: Vec<String> = (0..2500).map(|n| format!("\"a{n}\"")).collect();
    let names = names.join(",");
    let text = format!(
        "languages = [\"en\", \"fr\"]\n[models]\nen = [{names}]\nfr = [{names}]\n[transfer]\nfr = [\"en\"]\n"
    );
    assert!(steps_of(&text, None).len() > 12_500);
}
