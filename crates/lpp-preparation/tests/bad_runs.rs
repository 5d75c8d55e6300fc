//! Runs that the jobs must refuse with a message that names the file, leaving nothing behind.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers included"
)]

use std::path::{Path, PathBuf};

use lpp_files::Silent;
use lpp_fmri::{CleaningParams, FmriError, Grid, Image, Interpolation, diagonal_affine};
use lpp_preparation::{CleanJob, MaskJob, RepetitionTime, ResampleJob};
use lpp_steps::{CleanStep, MaskStep, ResampleStep, Software};
use lpp_study::Language;
use ndarray::ArrayD;

const SOFTWARE: Software = Software {
    program: "test",
    version: "0",
    commit: None,
};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A run with a bright middle, its first voxel at `origin` mm.
    fn run(&self, name: &str, n_scans: usize, origin: f64) -> PathBuf {
        let values = ArrayD::from_shape_fn(vec![12, 12, 12, n_scans], |p| {
            let far = (0..3).map(|axis| p[axis].abs_diff(6).pow(2)).sum::<usize>();
            (if far < 25 { 1000.0 } else { 50.0 }) + (p[0] * 7 + p[1] * 5 + p[3] * 3) as f32 % 11.0
        });
        let grid = Grid::new([12; 3], diagonal_affine([4.0; 3], [origin; 3])).unwrap();
        let path = self.path(name);
        Image::new(grid, values).unwrap().save(&path).unwrap();
        path
    }

    fn mask_job(&self, runs: Vec<PathBuf>) -> MaskJob {
        MaskJob {
            step: MaskStep {
                lang: Language::English,
                runs,
                symmetric: true,
                output: self.path("out/mask.nii.gz"),
            },
            run_masks: None,
            force: false,
        }
    }

    fn clean_job(&self, image: PathBuf, mask: PathBuf) -> CleanJob {
        CleanJob {
            step: CleanStep {
                image: Some(image),
                mask,
                smoothing_fwhm_mm: None,
                cleaning: CleaningParams::reference(),
                confounds: None,
                tr_s: None,
                output: self.path("out/ts.npy"),
            },
            tr: RepetitionTime::default(),
            force: false,
        }
    }

    fn assert_nothing_written(&self) {
        assert!(!self.path("out").exists());
    }
}

fn resample_job(image: PathBuf, output: PathBuf) -> ResampleJob {
    ResampleJob {
        step: ResampleStep {
            subject: None,
            images: vec![(image, output)],
            are_known: true,
            target: Grid::working(),
            interpolation: Interpolation::Cubic,
        },
        force: false,
    }
}

fn says(error: &FmriError, parts: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

fn truncate(path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
}

#[test]
fn runs_on_different_grids_have_no_common_mask() {
    let folder = Folder::new();
    let runs = vec![folder.run("a.nii.gz", 3, -22.0), folder.run("b.nii.gz", 3, -18.0)];
    let error = folder.mask_job(runs).run(SOFTWARE, &Silent).unwrap_err();
    says(&error, &["b.nii.gz", "the grid of the first run"]);
    folder.assert_nothing_written();
}

#[test]
fn a_truncated_run_is_named() {
    let folder = Folder::new();
    let runs = vec![
        folder.run("a.nii.gz", 3, -22.0),
        folder.run("b.nii.gz", 30, -22.0),
    ];
    truncate(&runs[1]);
    says(
        &folder.mask_job(runs.clone()).run(SOFTWARE, &Silent).unwrap_err(),
        &["b.nii.gz", "truncated"],
    );
    let job = resample_job(runs[1].clone(), folder.path("out/b.nii.gz"));
    says(
        &job.run(SOFTWARE, &Silent).unwrap_err(),
        &["b.nii.gz", "truncated"],
    );
    folder.assert_nothing_written();
}

#[test]
fn no_run_and_no_brain_are_errors() {
    let folder = Folder::new();
    assert!(matches!(
        folder.mask_job(Vec::new()).run(SOFTWARE, &Silent),
        Err(FmriError::NoRuns)
    ));
    let run = |name: &str, values: ArrayD<f32>| {
        let grid = Grid::new([16; 3], diagonal_affine([4.0; 3], [-30.0; 3])).unwrap();
        let path = folder.path(name);
        Image::new(grid, values).unwrap().save(&path).unwrap();
        path
    };
    for (name, value, part) in [
        ("zero.nii", 0.0, "constant image"),
        ("seven.nii", 7.0, "constant image"),
        ("nan.nii", f32::NAN, "no finite value"),
    ] {
        let path = run(name, ArrayD::from_elem(vec![16, 16, 16, 3], value));
        let error = folder.mask_job(vec![path]).run(SOFTWARE, &Silent).unwrap_err();
        says(&error, &[name, part]);
    }
    // Rounding around 0, as means of demeaned runs are.
    let noise = ArrayD::from_shape_fn(vec![16, 16, 16, 2], |p| {
        ((p[0] * 37 + p[1] * 101 + p[2] * 53) % 97) as f32 * 1e-7 - 48e-7
    });
    let error = folder
        .mask_job(vec![run("demeaned.nii", noise)])
        .run(SOFTWARE, &Silent)
        .unwrap_err();
    says(&error, &["1 of 1 runs have no brain", "demeaning"]);
    folder.assert_nothing_written();
}

#[test]
fn a_brain_cut_out_before_is_found_in_its_zeros() {
    let folder = Folder::new();
    let grid = Grid::new([24; 3], diagonal_affine([4.0; 3], [-46.0; 3])).unwrap();
    for (name, background, scale) in [("a.nii", 0.0, 1.0), ("b.nii", 20.0, 1.0), ("c.nii", 0.0, 1e-4)] {
        let inside = |p: &[usize]| p[..3].iter().map(|i| (2 * i).abs_diff(23).pow(2)).sum::<usize>() < 100;
        let values = ArrayD::from_shape_fn(vec![24, 24, 24, 4], |p| {
            let p = [p[0], p[1], p[2], p[3]];
            let value = if inside(&p) {
                900.0 + (p[0] * 3 + p[3] * 5) as f32
            } else {
                background
            };
            scale * value
        });
        let n = ndarray::indices((24, 24, 24))
            .into_iter()
            .filter(|&(i, j, k)| inside(&[i, j, k]))
            .count();
        let path = folder.path(name);
        Image::new(grid, values).unwrap().save(&path).unwrap();
        let mut job = folder.mask_job(vec![path]);
        job.step.output = folder.path(&format!("{name}.mask.nii"));
        let found = job.run(SOFTWARE, &Silent).unwrap().mask.n_voxels();
        assert!(
            found > n * 8 / 10 && found < n * 12 / 10,
            "{name}: {found} of {n}"
        );
    }
}

#[test]
fn an_oblique_mask_has_no_symmetric_part() {
    let folder = Folder::new();
    let run = folder.run("a.nii.gz", 1, -22.0);
    let image = Image::load(&run).unwrap();
    let mut affine = *image.grid().affine();
    affine[0][1] = 0.5;
    let grid = Grid::new([12; 3], affine).unwrap();
    Image::new(grid, image.into_values()).unwrap().save(&run).unwrap();
    let mut job = folder.mask_job(vec![run]);
    assert!(matches!(
        job.run(SOFTWARE, &Silent),
        Err(FmriError::NoMirror { .. })
    ));
    folder.assert_nothing_written();
    job.step.symmetric = false;
    assert!(job.run(SOFTWARE, &Silent).is_ok());
}

#[test]
fn images_beside_the_target_grid_cannot_be_resampled() {
    let folder = Folder::new();
    let run = folder.run("far.nii.gz", 1, -900.0);
    let job = |output: PathBuf| resample_job(run.clone(), output);
    let error = job(folder.path("out/far.nii.gz"))
        .run(SOFTWARE, &Silent)
        .unwrap_err();
    says(&error, &["far.nii.gz", "field of view"]);
    // On the other side, in metres, in micrometres, and a slice between planes.
    let image = Image::load(&run).unwrap();
    let placed = |name: &str, voxel_mm: f64, origin: f64, shape: [usize; 3]| {
        let grid = Grid::new(shape, diagonal_affine([voxel_mm; 3], [origin; 3])).unwrap();
        let path = folder.path(name);
        let values = image.to_f64_volumes().unwrap();
        let values = values
            .slice(ndarray::s![..shape[0], ..shape[1], ..shape[2], ..])
            .to_owned();
        Image::new(grid, values.into_dyn()).unwrap().save(&path).unwrap();
        path
    };
    for (path, part) in [
        (placed("right.nii", 4.0, 500.0, [12; 3]), "500.0 to 544.0 mm"),
        (
            placed("metres.nii", 0.004, 0.301, [12; 3]),
            "is its unit millimetres?",
        ),
        (
            placed("micro.nii", 4000.0, 3000.0, [12; 3]),
            "is its unit millimetres?",
        ),
        (
            placed("slice.nii", 4.0, -21.0, [12, 12, 1]),
            "one slice thick along its axis k",
        ),
    ] {
        let job = resample_job(path.clone(), folder.path("out/x.nii"));
        let error = job.run(SOFTWARE, &Silent).unwrap_err();
        says(&error, &[path.file_name().unwrap().to_str().unwrap(), part]);
        assert!(error.to_string().len() < 500, "{error}");
    }
    let error = job(run.clone()).run(SOFTWARE, &Silent).unwrap_err();
    says(&error, &["far.nii.gz", "give another output file"]);
    folder.assert_nothing_written();
}

#[test]
fn cleaning_checks_grid_length_and_settings() {
    let folder = Folder::new();
    let mask = folder.path("mask.nii.gz");
    let run = folder.run("a.nii.gz", 20, -22.0);
    let short = folder.run("short.nii.gz", 18, -22.0);
    let shifted = folder.run("shifted.nii.gz", 20, -18.0);
    let mut job = folder.mask_job(vec![run.clone()]);
    job.step.output.clone_from(&mask);
    job.run(SOFTWARE, &Silent).unwrap();
    let error = folder.clean_job(shifted, mask.clone()).run(SOFTWARE).unwrap_err();
    says(
        &error,
        &["shifted.nii.gz", "another grid", "the grid of the mask"],
    );
    let error = folder.clean_job(short, mask.clone()).run(SOFTWARE).unwrap_err();
    says(&error, &["short.nii.gz", "18 scans", "19 or more"]);
    let mut job = folder.clean_job(run.clone(), mask.clone());
    job.step.cleaning.high_pass_hz = Some(0.25);
    says(&job.run(SOFTWARE).unwrap_err(), &["cut-off", "0.25"]);
    job.step.cleaning = CleaningParams::default();
    job.step.smoothing_fwhm_mm = Some(-4.0);
    says(&job.run(SOFTWARE).unwrap_err(), &["smoothing width", "-4"]);
    folder.assert_nothing_written();
    job.step.smoothing_fwhm_mm = Some(4.0);
    let report = job.run(SOFTWARE).unwrap().unwrap();
    assert_eq!((report.n_scans, report.n_constant), (20, 0));
    assert!(job.run(SOFTWARE).unwrap().is_none(), "up to date");
}
