//! A study as BIDS derivatives, and back.
#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers included"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lpp_files::{WordTable, npy};
use lpp_fmri::surface::{
    BrainModel, Cifti, Grayordinates, NewRows, Places, SurfaceMask, load_hemispheres, save_cifti,
    save_hemispheres,
};
use lpp_fmri::{BrainMask, Grid, Image, Mask, diagonal_affine};
use lpp_study::{Language, RunKind, RunsTable, Scores, Study};
use lpp_testkit::{assert_fails, assert_succeeds};
use ndarray::{Array2, Array3, ArrayD, Axis};
use tempfile::TempDir;

const SHAPE: [usize; 3] = [4, 3, 2];
const N_SCANS: [usize; 2] = [30, 28];

fn program(study: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-import"));
    command.args(arguments).arg("--study").arg(study);
    command
}

fn write(path: PathBuf, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn noise(a: usize, b: usize) -> f32 {
    (((a * 7919 + b * 104_729) as f32) * 0.618).sin()
}

fn mask() -> Mask {
    let grid = Grid::new(SHAPE, diagonal_affine([3.0; 3], [-4.5, 0.0, 0.0])).unwrap();
    Mask::new(
        grid,
        Array3::from_shape_fn(SHAPE, |(i, j, k)| (i + j + k) % 3 != 0),
    )
    .unwrap()
}

/// Scores of two layers.
fn scores(path: &Path, model: &str, subject: &str, mask: &Path) {
    let n_voxels = BrainMask::load(mask).unwrap().n_voxels();
    let info = serde_json::json!({
        "model": model, "lang": "de", "subject": subject, "kind": "model", "family": null, "n_parameters": null,
        "n_hidden": [4, 4], "n_runs": 2, "n_voxels": n_voxels, "mask_sha256": lpp_files::sha256_of_file(mask).unwrap(),
        "alphas": [1.0], "alpha_index": [[0, 0], [0, 0]], "fold_means": [[0.1, 0.1], [0.1, 0.1]],
        "n_nan_voxels": [0, 0], "wall_s": [0.1, 0.1],
    });
    let mut values = Array2::from_shape_fn((2, n_voxels), |(layer, voxel)| noise(layer, voxel));
    values[[1, 2]] = f32::NAN;
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let info = serde_json::from_value(info).unwrap();
    Scores { values, info }.save(path).unwrap();
}

fn is_same(found: f64, expected: f64) -> bool {
    found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan())
}

/// Two subjects who heard two stories in two sessions; both have cleaned runs, the first one and the average have scores.
fn study() -> (TempDir, Study, Language) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let lang: Language = "de".parse().unwrap();
    let mut table = "subject,session,task,run,lang,story,kind,space,path,tr_s,start_s\n".to_owned();
    for subject in ["01", "02"] {
        for run in [1, 2] {
            let path = format!("scans/sub-{subject}_{run}.nii.gz");
            let row = format!("{subject},{run},owl,{run},de,story{run},volume,T1w,{path},1.5,0.25\n");
            table.push_str(&row);
            let values = ArrayD::<f32>::zeros(vec![SHAPE[0], SHAPE[1], SHAPE[2], N_SCANS[run - 1]]);
            fs::create_dir_all(root.join("scans")).unwrap();
            let image = Image::new(*mask().grid(), values).unwrap().with_time_step(1.5);
            image.save(&root.join(path)).unwrap();
        }
    }
    write(root.join("runs.csv"), &table);
    write(root.join("lpp.toml"), "languages = [\"de\"]\ntr_s = 1.5\n");
    let words = "run,word_index,word,onset_s,offset_s\n0,0,ein,0.5,0.8\n0,1,Kauz,1.1,1.4\n1,0,rief,0.7,1.0\n";
    write(root.join("words_de.csv"), words);
    let study = Study::open(root).unwrap();
    for subject in ["sub-01", "sub-02"] {
        mask().save(&study.subject_mask(subject)).unwrap();
        for (run, n_scans) in N_SCANS.into_iter().enumerate() {
            let mut scans = Array2::from_shape_fn((n_scans, mask().n_voxels()), |(i, j)| noise(i + run, j));
            scans.row_mut(3).fill(f32::NAN);
            npy::save(&study.subject_run(subject, lang, run), &scans).unwrap();
        }
    }
    mask().save(&study.mask(lang)).unwrap();
    scores(
        &study.scores("gpt2-xl", lang),
        "gpt2-xl",
        "average",
        &study.mask(lang),
    );
    let own = study.subject_scores("sub-01", "gpt2-xl", lang);
    scores(&own, "gpt2-xl", "sub-01", &study.subject_mask("sub-01"));
    (dir, study, lang)
}

fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(place) = open.pop() {
        for entry in fs::read_dir(&place).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_written_study_is_read_back() {
    let (dir, study, lang) = study();
    let out = dir.path().join("out");
    let export = || program(study.root(), &["export", out.to_str().unwrap(), "--lang", "de"]);
    let said = assert_succeeds(&mut export());
    assert!(said.contains("3 subjects, 4 runs, 2 score maps"), "{said}");
    let found = files(&out);
    for name in [
        "dataset_description.json",
        "README.md",
        ".bidsignore",
        "descriptions.tsv",
        "sub-01/ses-1/func/sub-01_ses-1_task-owl_run-1_space-T1w_desc-clean_bold.nii.gz",
        "sub-01/ses-1/func/sub-01_ses-1_task-owl_run-1_space-T1w_desc-clean_bold.json",
        "sub-01/ses-1/func/sub-01_ses-1_task-owl_run-1_events.tsv",
        "sub-01/ses-2/func/sub-01_ses-2_task-owl_space-T1w_desc-brain_mask.nii.gz",
        "sub-01/func/sub-01_task-owl_space-T1w_desc-gpt2xl_statmap.nii.gz",
        "sub-average/func/sub-average_task-owl_space-T1w_desc-gpt2xl_statmap.nii.gz",
        "sub-average/func/sub-average_task-owl_space-T1w_desc-gpt2xl_statmap.json",
    ] {
        assert!(found.iter().any(|file| file == name), "{name} of {found:#?}");
    }
    // Four for the data set; four runs with sidecar, events, mask and its sidecar; two maps with sidecars.
    assert_eq!(found.len(), 4 + 4 * 5 + 2 * 2);
    let about = fs::read_to_string(out.join("dataset_description.json")).unwrap();
    let about: serde_json::Value = serde_json::from_str(&about).unwrap();
    assert_eq!(
        (&about["DatasetType"], &about["GeneratedBy"][0]["Name"]),
        (&"derivative".into(), &"lpp-rs".into())
    );

    let copy = dir.path().join("copy");
    write(copy.join("lpp.toml"), "languages = [\"de\"]\n");
    let arguments = [
        "bids",
        out.to_str().unwrap(),
        "--desc",
        "clean",
        "--lang",
        "de",
        "--words",
        "events",
    ];
    assert_succeeds(&mut program(&copy, &arguments));
    let (runs, own) = [&copy, &study.root().to_owned()]
        .map(|root| RunsTable::load(&root.join("runs.csv")).unwrap())
        .into();
    assert_eq!(runs.runs().len(), 4);
    for (run, own) in runs.runs().iter().zip(own.runs()) {
        assert_eq!(run.labels(), own.labels());
        assert_eq!(
            (run.tr_s, run.start_s, run.space.as_str()),
            (Some(1.5), Some(0.25), "T1w")
        );
        let place = usize::from(run.session == "2");
        assert_eq!(run.n_scans, Some(N_SCANS[place]));
        let read = Mask::load(run.mask.as_ref().unwrap()).unwrap();
        assert_eq!(read.voxels(), mask().voxels());
        let series = read.apply_image(&Image::load(&run.path).unwrap()).unwrap();
        let array =
            npy::load_f64_matrix(&study.subject_run(&format!("sub-{}", run.subject), lang, place)).unwrap();
        for (found, expected) in series.iter().zip(&array) {
            assert!(is_same(*found, *expected));
        }
    }
    let words = |root: &Path| WordTable::load(&root.join("words_de.csv")).unwrap();
    assert_eq!(words(&copy).sha256(), words(study.root()).sha256());

    let map = out.join("sub-average/func/sub-average_task-owl_space-T1w_desc-gpt2xl_statmap.nii.gz");
    let image = Image::load(&map).unwrap().to_f64_volumes().unwrap();
    let own = Scores::load(&study.scores("gpt2-xl", lang)).unwrap();
    for (layer, values) in own.values.rows().into_iter().enumerate() {
        let volume = image.index_axis(Axis(3), layer).to_owned();
        let inside = mask().apply(&volume).unwrap();
        for (found, expected) in inside.iter().zip(values) {
            assert!(is_same(*found, f64::from(*expected)));
        }
    }
    assert_succeeds(export().arg("--no-runs"));
}

#[test]
fn what_cannot_be_written_is_refused() {
    let (dir, study, lang) = study();
    let out = dir.path().join("out");
    let export = || program(study.root(), &["export", out.to_str().unwrap(), "--lang", "de"]);
    write(out.join("notes.txt"), "mine");
    assert_fails(
        &mut export(),
        &[
            "files that lpp-import export did not write",
            "give an empty folder",
        ],
    );
    fs::remove_file(out.join("notes.txt")).unwrap();
    // Two models whose names differ in a hyphen only.
    scores(
        &study.scores("gpt2xl", lang),
        "gpt2xl",
        "average",
        &study.mask(lang),
    );
    assert_fails(
        &mut export(),
        &[
            "gpt2xl_de.npy: found the name",
            "gpt2-xl_de.npy, expected sources whose names differ",
        ],
    );
    for ending in ["npy", "json"] {
        fs::remove_file(study.scores("gpt2xl", lang).with_extension(ending)).unwrap();
    }
    let run = study.subject_run("sub-02", lang, 1);
    fs::rename(&run, run.with_extension("away")).unwrap();
    assert_fails(
        &mut export(),
        &[
            "run-1.npy: found 1 of 2 cleaned runs of sub-02",
            "lpp-fit --subject",
        ],
    );
    fs::rename(run.with_extension("away"), &run).unwrap();
    let mut inside = mask().inside().to_owned();
    let voxel = mask().voxels()[0];
    inside[voxel] = false;
    inside[[0, 0, 0]] = true;
    Mask::new(*mask().grid(), inside)
        .unwrap()
        .save(&study.mask(lang))
        .unwrap();
    assert_fails(
        &mut export(),
        &["gpt2-xl_de.npy: found scores with another mask", "fit again"],
    );
    let mut empty = program(
        study.root(),
        &["export", dir.path().join("fr").to_str().unwrap(), "--lang", "fr"],
    );
    assert_fails(&mut empty, &["fr"]);
}

/// Seven vertices of two hemispheres; a CIFTI file has two voxels of the brain stem too.
fn places(kind: RunKind) -> Grayordinates {
    if kind == RunKind::Surface {
        return Grayordinates::of_hemispheres([4, 3], Path::new("made")).unwrap();
    }
    let model = |structure: &str, places| BrainModel {
        structure: format!("CIFTI_STRUCTURE_{structure}"),
        places,
    };
    let vertices = |vertices: &[usize]| Places::Vertices {
        n_mesh: 9,
        vertices: vertices.to_vec(),
    };
    let models = vec![
        model("CORTEX_LEFT", vertices(&[0, 2, 5, 8])),
        model("CORTEX_RIGHT", vertices(&[1, 2, 7])),
        model("BRAIN_STEM", Places::Voxels(vec![[1, 1, 0], [2, 1, 1]])),
    ];
    Grayordinates::new(models, Some(*mask().grid()), Path::new("made")).unwrap()
}

/// The rows of a file of surfaces or grayordinates.
fn rows_of(path: &Path, kind: RunKind) -> (Array2<f32>, Grayordinates) {
    if kind == RunKind::Surface {
        let right = path.to_string_lossy().replace("hemi-L", "hemi-R");
        return load_hemispheres(path, Path::new(&right)).unwrap();
    }
    let Cifti { values, columns, .. } = Cifti::load(path).unwrap();
    (values, columns)
}

/// A subject who heard two stories; places 1 and 4 are outside the mask.
fn surface_study(kind: RunKind) -> (TempDir, Study, Language) {
    let dir = tempfile::tempdir().unwrap();
    let (root, lang) = (dir.path(), "de".parse().unwrap());
    let (name, ending) = match kind {
        RunKind::Surface => ("surface", "hemi-L_space-fsLR_bold.func.gii"),
        _ => ("cifti", "space-fsLR_bold.dtseries.nii"),
    };
    let mut table = "subject,task,run,lang,kind,space,path,tr_s\n".to_owned();
    fs::create_dir_all(root.join("scans")).unwrap();
    for run in [1, 2] {
        let path = format!("scans/sub-01_task-owl_run-{run}_{ending}");
        let row = format!("01,owl,{run},de,{name},fsLR,{path},1.5\n");
        table.push_str(&row);
        let (path, scans) = (
            root.join(path),
            Array2::zeros((N_SCANS[run - 1], places(kind).len())),
        );
        if kind == RunKind::Surface {
            let right = path.to_string_lossy().replace("hemi-L", "hemi-R");
            save_hemispheres([&path, Path::new(&right)], &places(kind), &scans, &[]).unwrap();
        } else {
            save_cifti(&path, &places(kind), &scans, NewRows::Scans { tr_s: 1.5 }).unwrap();
        }
    }
    write(root.join("runs.csv"), &table);
    write(root.join("lpp.toml"), "languages = [\"de\"]\n");
    let study = Study::open(root).unwrap();
    let mut inside = vec![true; places(kind).len()];
    (inside[1], inside[4]) = (false, false);
    let path = study.subject_mask("sub-01");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    SurfaceMask::new(places(kind), &inside, &path)
        .unwrap()
        .save(&path)
        .unwrap();
    for (run, n_scans) in N_SCANS.into_iter().enumerate() {
        let scans = Array2::from_shape_fn((n_scans, inside.len() - 2), |(i, j)| noise(i + run, j));
        npy::save(&study.subject_run("sub-01", lang, run), &scans).unwrap();
    }
    scores(
        &study.subject_scores("sub-01", "gpt2-xl", lang),
        "gpt2-xl",
        "sub-01",
        &path,
    );
    (dir, study, lang)
}

#[test]
fn a_study_on_surfaces_is_written_on_its_meshes() {
    for (kind, runs_end, maps_end) in [
        (
            RunKind::Surface,
            "hemi-L_space-fsLR_desc-clean_bold.func.gii",
            "hemi-L_space-fsLR_desc-gpt2xl_statmap.func.gii",
        ),
        (
            RunKind::Cifti,
            "space-fsLR_desc-clean_bold.dtseries.nii",
            "space-fsLR_desc-gpt2xl_statmap.dscalar.nii",
        ),
    ] {
        let (dir, study, lang) = surface_study(kind);
        let out = dir.path().join("out");
        let said = assert_succeeds(&mut program(
            study.root(),
            &["export", out.to_str().unwrap(), "--lang", "de"],
        ));
        assert!(said.contains("1 subject, 2 runs, 1 score maps"), "{said}");
        let func = out.join("sub-01/func");
        let (maps, places_of_maps) = rows_of(&func.join(format!("sub-01_task-owl_{maps_end}")), kind);
        assert_eq!(places_of_maps, places(kind));
        let own = Scores::load(&study.subject_scores("sub-01", "gpt2-xl", lang))
            .unwrap()
            .values;
        let columns: Vec<usize> = (0..maps.ncols())
            .filter(|column| ![1, 4].contains(column))
            .collect();
        for (found, expected) in maps.select(Axis(1), &columns).iter().zip(&own) {
            assert!(is_same(f64::from(*found), f64::from(*expected)));
        }
        assert!(
            maps.column(1)
                .iter()
                .chain(maps.column(4))
                .all(|value| value.is_nan())
        );
        let path = func.join(format!("sub-01_task-owl_run-2_{runs_end}"));
        let (scans, _) = rows_of(&path, kind);
        let cleaned = npy::load_f32_matrix(&study.subject_run("sub-01", lang, 1)).unwrap();
        assert_eq!(scans.select(Axis(1), &columns), cleaned);
        assert!(scans.column(1).iter().all(|value| value.abs() < f32::EPSILON));
        let mask =
            BrainMask::load(&func.join("sub-01_task-owl_space-fsLR_desc-brain_mask.dscalar.nii")).unwrap();
        assert_eq!(mask.n_voxels(), columns.len());

        let copy = dir.path().join("copy");
        write(copy.join("lpp.toml"), "languages = [\"de\"]\n");
        let arguments = ["bids", out.to_str().unwrap(), "--desc", "clean", "--lang", "de"];
        assert_succeeds(&mut program(&copy, &arguments));
        let runs = RunsTable::load(&copy.join("runs.csv")).unwrap();
        let back: Vec<_> = runs
            .runs()
            .iter()
            .map(|run| (run.kind, run.tr_s, run.n_scans))
            .collect();
        assert_eq!(back, N_SCANS.map(|n| (kind, Some(1.5), Some(n))));
    }
}
