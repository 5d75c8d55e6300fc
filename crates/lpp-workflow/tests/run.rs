//! Running a plan with programs that a test has made: shell scripts that put prepared files into place.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lpp_files::write_atomically;
use lpp_fmri::{REFERENCE_RADIUS_MM, SphereCentre};
use lpp_steps::{Artefact, Making, Software};
use lpp_study::Study;
use lpp_workflow::{
    Lineage, PlanOptions, PlanReport, RunJob, State, StopRequest, Verification, WorkflowError, plan,
};
use tempfile::TempDir;

const CONFIG: &str = "annotation_corrections = \"none\"\nbaselines = { en = [\"glove\"] }\n";

/// A study with the inputs of two steps, and programs that make their outputs.
struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new() -> Self {
        let scene = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        scene.write("lpp.toml", CONFIG);
        scene.write("annotation/EN/lppEN_word_information.csv", "word\nthe\n");
        scene.write("glove/vectors.txt", "the 1 2 3\n");
        scene.write("masks/mask_lpp_en.nii.gz", "mask");
        for run in 0..9 {
            scene.write(
                &format!("average_subject/en/run-{run}.npy"),
                &format!("scans {run}"),
            );
        }
        scene.prepare("lpp-glove");
        scene.prepare("lpp-fit");
        scene
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("study")
    }

    fn study(&self) -> Study {
        Study::open(self.root()).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.root().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn program(&self, name: &str, script: &str) {
        let path = self.folder.path().join("programs").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Makes the outputs that the plan asks of a program, and a script that copies them to their places.
    fn prepare(&self, program: &'static str) {
        let study = self.study();
        let software = Software {
            program,
            version: env!("CARGO_PKG_VERSION"),
            commit: None,
        };
        let place = self.folder.path().join("prepared").join(program);
        // What another program makes is not in the study yet.
        let there = |input: &PathBuf| {
            let places = [self.root(), self.folder.path().join("prepared/lpp-glove")];
            let mut places = places.into_iter().map(|place| place.join(input));
            places.find(|path| path.exists()).unwrap()
        };
        let steps = plan(&study, &self.job().plan).unwrap().steps;
        let outputs = steps
            .iter()
            .filter(|step| step.program == program)
            .flat_map(|step| &step.outputs);
        for output in outputs {
            let made = Artefact {
                path: place.join(&output.path),
                inputs: output.inputs.iter().map(there).collect(),
                parameters: output.parameters.clone(),
                is_later: output.is_later,
            };
            write_atomically(
                &made.path,
                format!("{} by {program}", output.path.display()).as_bytes(),
            )
            .unwrap();
            // The scans say the repetition time, which the plan does not know.
            let made = made.with("tr_s", study.config().tr_or_reference_s());
            Making::of(software, made).unwrap().finish().unwrap();
        }
        self.program(program, &format!("cp -R '{}/.' .", place.display()));
    }

    fn job(&self) -> RunJob {
        RunJob {
            plan: PlanOptions {
                languages: vec![],
                threads: 1,
                memory_bytes: 1 << 30,
                fetch: false,
                subjects_per_step: None,
            },
            programs: self.folder.path().join("programs"),
            jobs: 2,
            memory_bytes: 1 << 30,
            only: vec!["fit:glove".into()],
            keep_going: false,
            commit: None,
            stop: StopRequest::default(),
        }
    }

    fn n_run(&self) -> usize {
        self.job().run(&self.study()).unwrap().n_run
    }

    /// Names of steps that are not done, and why.
    fn open(&self) -> Vec<String> {
        let report = PlanReport::of(&self.study(), &self.job(), true).unwrap();
        let open = report.steps.iter().filter(|step| step.state != State::Done);
        open.map(|step| format!("{} {}: {}", step.step.id, step.state.name(), step.state.reason()))
            .collect()
    }
}

#[test]
fn what_is_missing_is_made_once() {
    let scene = Scene::new();
    assert_eq!(
        scene.open(),
        [
            "glove:en to do: activations/glove_en.safetensors does not exist",
            "fit:glove:en to do: scores/glove_en.npy does not exist"
        ]
    );
    assert_eq!(scene.n_run(), 2);
    assert_eq!(scene.open(), Vec::<String>::new());
    assert_eq!(scene.n_run(), 0);
    fs::remove_file(scene.root().join("scores/glove_en.json")).unwrap();
    assert_eq!(
        scene.open(),
        ["fit:glove:en to do: scores/glove_en.json does not exist"]
    );
    assert_eq!(scene.n_run(), 1);
    let log = fs::read_to_string(scene.root().join("run/log.jsonl")).unwrap();
    assert_eq!(log.matches("\"event\":\"end\"").count(), 3);
}

#[test]
fn a_change_leads_to_what_depends_on_it() {
    let scene = Scene::new();
    scene.n_run();
    scene.write("lpp.toml", &format!("trim_scans = 4\n{CONFIG}"));
    assert_eq!(scene.open(), ["fit:glove:en stale: trim_scans is 4, was 10"]);
    scene.write("lpp.toml", &format!("alphas = \"1,10\"\n{CONFIG}"));
    let [reason] = &scene.open()[..] else {
        panic!("one step")
    };
    assert!(
        reason.contains("alphas is [1.0,10.0], was [100.0,215.") && reason.ends_with('…'),
        "{reason}"
    );
    scene.write("lpp.toml", CONFIG);
    scene.write("average_subject/en/run-3.npy", "other scans");
    assert_eq!(
        scene.open(),
        ["fit:glove:en stale: average_subject/en/run-3.npy has changed"]
    );
    scene.prepare("lpp-fit");
    assert_eq!(scene.n_run(), 1);
    scene.write("glove/vectors.txt", "the 4 5 6\n");
    assert_eq!(
        scene.open(),
        [
            "glove:en stale: glove/vectors.txt has changed",
            "fit:glove:en stale: activations/glove_en.safetensors will be remade"
        ]
    );
    // The program makes the same vectors again: the fit needs not be repeated.
    scene.prepare("lpp-glove");
    assert_eq!(scene.n_run(), 1);
    scene.write("scores/glove_en.npy", "spoiled");
    assert_eq!(
        scene.open(),
        ["fit:glove:en stale: scores/glove_en.npy was changed after it was made"]
    );
}

#[test]
fn what_the_study_has_of_its_own_is_never_made_again() {
    let scene = Scene::new();
    scene.write("activations/glove_en.safetensors", "mine");
    scene.write("words_en.csv", "mine");
    let report = PlanReport::of(&scene.study(), &scene.job(), true).unwrap();
    let ids: Vec<&str> = report.steps.iter().map(|step| step.step.id.as_str()).collect();
    assert_eq!(ids, ["fit:glove:en"]);
    let text = report.lines().join("\n");
    for line in [
        "activations/glove_en.safetensors",
        "words_en.csv",
        "masks/mask_lpp_en.nii.gz",
    ] {
        let line = format!("given    {line}: belongs to the study");
        assert!(text.contains(&line), "{line} is not in {text}");
    }
    assert!(text.contains("average_subject/en/run-0.npy and 8 more"), "{text}");
    // A record of this program's makes it one of the plan's again, whether it is up to date or not.
    scene.write("activations/glove_en.safetensors.json", "");
    assert_eq!(
        scene.open()[0],
        "glove:en stale: activations/glove_en.safetensors has no record of how it was made"
    );
}

#[test]
fn a_region_that_is_left_out_is_not_the_end_of_the_study() {
    for regions in [&["TP", "BA44"][..], &["BA45"], &[]] {
        let scene = Scene::new();
        let place = scene.folder.path().join("prepared/lpp-rois");
        let prepare = || {
            fs::create_dir_all(place.join("roi_masks")).unwrap();
            for region in regions {
                let path = place.join(format!("roi_masks/{region}.nii.gz"));
                fs::write(&path, "region").unwrap();
                let software = Software {
                    program: "lpp-rois",
                    version: env!("CARGO_PKG_VERSION"),
                    commit: None,
                };
                let mask = scene.root().join("masks/mask_lpp_en.nii.gz");
                let region = SphereCentre::reference_set()
                    .into_iter()
                    .find(|c| c.name == **region)
                    .unwrap();
                let made = Artefact::new(&path)
                    .input(&mask)
                    .with("centre_mm", region.centre_mm)
                    .with("radius_mm", REFERENCE_RADIUS_MM);
                Making::of(software, made).unwrap().finish().unwrap();
            }
            scene.program("lpp-rois", &format!("cp -R '{}/.' .", place.display()));
        };
        prepare();
        let mut job = scene.job();
        job.only = vec!["rois".into()];
        let run = |job: &RunJob| job.run(&scene.study()).unwrap().n_run;
        assert_eq!((run(&job), run(&job)), (1, 0), "{regions:?}");
        // Another mask may hold it.
        scene.write("masks/mask_lpp_en.nii.gz", "another mask");
        prepare();
        assert_eq!((run(&job), run(&job)), (1, 0), "{regions:?}");
    }
}

#[test]
fn a_near_name_is_offered() {
    let scene = Scene::new();
    let mut job = scene.job();
    for (pattern, hint) in [
        ("fit:golve", "did you mean"),
        ("glvoe", "did you mean glove?"),
        ("nalyze", ""),
    ] {
        job.only = vec![pattern.to_owned()];
        let error = PlanReport::of(&scene.study(), &job, false);
        match error {
            Ok(_) => assert_eq!(pattern, "nalyze"),
            Err(error) => assert!(error.to_string().contains(hint), "{error}"),
        }
    }
    scene.n_run();
    let error = Lineage::of(&scene.study(), Path::new("scores/golve_en.npy"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("make it with lpp-fit; did you mean glove?"),
        "{error}"
    );
}

#[test]
fn a_failure_names_step_and_reason() {
    let scene = Scene::new();
    scene.program(
        "lpp-glove",
        "echo working; echo 'error: glove/vectors.txt: found nonsense' >&2; exit 1",
    );
    let error = scene.job().run(&scene.study()).unwrap_err();
    assert!(
        matches!(&error, WorkflowError::Failed { step, how, .. } if step == "glove:en" && how == "exit 1")
    );
    let text = error.to_string();
    assert!(
        text.contains("found nonsense") && text.contains("run/steps/glove_en.log"),
        "{text}"
    );
    scene.program("lpp-glove", "kill -9 $$");
    let text = scene.job().run(&scene.study()).unwrap_err().to_string();
    assert!(text.contains("signal 9"), "{text}");
    scene.program("lpp-glove", "true");
    let error = scene.job().run(&scene.study()).unwrap_err();
    assert!(matches!(&error, WorkflowError::NotDone { .. }), "{error}");
    fs::remove_file(scene.folder.path().join("programs/lpp-glove")).unwrap();
    let error = scene.job().run(&scene.study()).unwrap_err();
    assert!(matches!(&error, WorkflowError::NoProgram { .. }), "{error}");
    scene.prepare("lpp-glove");
    assert_eq!(scene.n_run(), 2);
    fs::remove_file(scene.root().join("masks/mask_lpp_en.nii.gz")).unwrap();
    fs::remove_file(scene.root().join("scores/glove_en.npy")).unwrap();
    let error = scene.job().run(&scene.study()).unwrap_err();
    assert!(
        error.to_string().contains("masks/mask_lpp_en.nii.gz is missing"),
        "{error}"
    );
}

#[test]
fn a_step_that_takes_too_much_memory_is_stopped() {
    let scene = Scene::new();
    scene.program(
        "lpp-glove",
        "exec python3 -c \"import time; x = b'1' * 400_000_000; time.sleep(60)\"",
    );
    let mut job = scene.job();
    job.memory_bytes = 200 << 20;
    let started = Instant::now();
    let text = job.run(&scene.study()).unwrap_err().to_string();
    assert!(
        text.contains("the limit is 200 MiB") && text.contains("signal 9"),
        "{text}"
    );
    assert!(started.elapsed() < Duration::from_secs(50));
    job.memory_bytes = 1 << 20;
    let error = job.run(&scene.study()).unwrap_err();
    assert!(matches!(&error, WorkflowError::DoesNotFit { .. }), "{error}");
}

#[test]
fn programs_of_a_killed_run_are_waited_for() {
    let scene = Scene::new();
    scene.n_run();
    let lock = File::options()
        .read(true)
        .write(true)
        .open(scene.root().join("run/lock"))
        .unwrap();
    lock.lock().unwrap();
    let mut left = Command::new("sleep")
        .arg("1")
        .stdin(Stdio::from(lock.try_clone().unwrap()))
        .spawn()
        .unwrap();
    drop(lock);
    let started = Instant::now();
    assert_eq!(scene.n_run(), 0);
    assert!(started.elapsed() > Duration::from_millis(500));
    left.wait().unwrap();
}

#[test]
fn a_lineage_goes_down_to_what_came_from_outside() {
    let scene = Scene::new();
    scene.n_run();
    let lineage = Lineage::of(&scene.study(), Path::new("scores/glove_en.npy")).unwrap();
    let made = lineage.made.as_ref().unwrap();
    assert_eq!(made.software, format!("lpp-fit {}", env!("CARGO_PKG_VERSION")));
    assert_eq!(made.inputs.len(), 12);
    let text = lineage.lines().join("\n");
    assert!(
        text.contains("made by lpp-glove") && text.contains("glove/vectors.txt"),
        "{text}"
    );
    assert!(!text.contains("CHANGED"), "{text}");
    assert_eq!(
        Verification::of(&scene.study()).unwrap().differences,
        Vec::<String>::new()
    );
    scene.write("glove/vectors.txt", "the 7 8 9\n");
    let text = Lineage::of(&scene.study(), Path::new("scores/glove_en.npy"))
        .unwrap()
        .lines()
        .join("\n");
    assert!(text.contains("CHANGED SINCE"), "{text}");
    fs::remove_file(scene.root().join("average_subject/en/run-8.npy")).unwrap();
    scene.write("words_en.csv", "spoiled");
    let found = Verification::of(&scene.study()).unwrap();
    assert!(
        found
            .differences
            .iter()
            .any(|d| d.starts_with("words_en.csv: changed after")),
        "{found:?}"
    );
    assert!(
        found
            .differences
            .iter()
            .any(|d| d.contains("made from a different glove/vectors.txt")),
        "{found:?}"
    );
    assert_eq!(found.n_artefacts, 6);
    assert!(Lineage::of(&scene.study(), Path::new("scores/none.npy")).is_err());
}
