//! Scans of subjects: what lpp-average, lpp-mask, lpp-clean and lpp-resample read.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::{Study, centred};
use crate::files::{Array, Content, Element, Image, Number, c_order};
use crate::random::Draw;

/// Cleaned time courses of three subjects in folders, twelve runs each that have different lengths.
pub(crate) fn subject_arrays(seed: u64) -> Study {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut study = Study::default();
    let (n_runs, n_voxels) = (12, 5);
    let lengths: Vec<usize> = rng.shuffled(n_runs).into_iter().map(|k| 44 + k).collect();
    let shared: Vec<Vec<Vec<f64>>> = lengths
        .iter()
        .map(|n| (0..*n).map(|_| rng.normals(n_voxels)).collect())
        .collect();
    for subject in 1..=3 {
        for (run, shared) in shared.iter().enumerate() {
            let own = |row: &Vec<f64>| row.iter().map(|v| v + 0.4 * rng.normal()).collect();
            let rows: Vec<Vec<f64>> = shared.iter().map(own).collect();
            let path = format!(
                "in/sub-{subject}/sub-{subject}_task-a_run-{:02}_bold.npy",
                run + 1
            );
            study
                .files
                .put(path, Content::Array(Array::of_rows(&rows, Element::F32)));
        }
    }
    study.give("subjects", (1..=3).map(|s| format!("in/sub-{s}")).collect());
    study
}

/// Scans of three subjects on one small grid, three runs each, and a mask.
pub(crate) fn subject_images(seed: u64) -> Study {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut study = Study::default();
    let tr_s = rng.pick(&[2.0, 1.5]);
    let shape = [6, 5, 4];
    for run in 0..3 {
        let n_scans = 50 + 4 * run + rng.below(4);
        let shared: Vec<Vec<f64>> = (0..120).map(|_| walk(&mut rng, n_scans)).collect();
        for subject in 1..=3 {
            let own = |s: &Vec<f64>| {
                s.iter()
                    .map(|v| 500.0 + 9.0 * v + 6.0 * rng.normal())
                    .collect::<Vec<_>>()
            };
            let data: Vec<f64> = shared.iter().flat_map(own).collect();
            let path = format!(
                "in/sub-{subject}/func/sub-{subject}_task-a_run-{}_bold.nii.gz",
                run + 1
            );
            study
                .files
                .put(path, Content::image(scans(shape, n_scans, data, tr_s)));
        }
    }
    study.files.put("mask.nii.gz", Content::image(mask_of(shape)));
    study.files.put_text("lpp.toml", format!("tr_s = {tr_s:?}\n"));
    study.give("subjects", (1..=3).map(|s| format!("in/sub-{s}")).collect());
    study.give("tr", vec![tr_s.to_string()]);
    study
}

/// One run with slow drifts, and a mask on its grid.
pub(crate) fn one_run(seed: u64) -> Study {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut study = Study::default();
    let shape = [6, 5, 4];
    let (n_scans, tr_s) = (90 + rng.below(20), rng.pick(&[2.0, 1.5]));
    let courses = (0..120).flat_map(|_| walk(&mut rng, n_scans));
    let data: Vec<f64> = courses.map(|v| 500.0 + 8.0 * v).collect();
    let mut noisy = scans(shape, n_scans, data, tr_s);
    noisy.each_voxel(|_, course| course.iter_mut().for_each(|v| *v += 5.0 * rng.normal()));
    study.files.put("bold.nii.gz", Content::image(noisy));
    study.files.put("mask.nii.gz", Content::image(mask_of(shape)));
    study.files.put_text("lpp.toml", format!("tr_s = {tr_s:?}\n"));
    study.give("tr", vec![tr_s.to_string()]);
    study
}

/// Runs of two subjects in which a ball around the origin is bright.
pub(crate) fn ball_runs(seed: u64) -> Study {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut study = Study::default();
    let shape = [12, 12, 11];
    for subject in ["a", "b"] {
        for run in 1..=2 {
            let path = format!("in/{subject}/{subject}_run-{run}_bold.nii.gz");
            study
                .files
                .put(path, Content::image(ball(&mut rng, shape, 4.0, 16.0, 24)));
        }
    }
    study.give("runs", study.files.under("in/", ".nii.gz"));
    study
}

/// Scans as fMRIPrep lays them out: two subjects, three runs, one task and space.
pub(crate) fn derivatives(seed: u64) -> Study {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut study = Study::default();
    study
        .files
        .put_text("lpp.toml", "languages = [\"en\"]\ntr_s = 2.0\n");
    // A field of view that holds the working grid, so that the background is noise and not zeros.
    let shape = [20, 26, 20];
    for subject in ["EN01", "EN02"] {
        for run in 1..=3 {
            let folder = format!("derivatives/sub-{subject}/func");
            let name =
                format!("sub-{subject}_task-lppEN_run-{run}_space-MNIColin27_desc-preproc_bold.nii.gz");
            let mut image = ball(&mut rng, shape, 8.0, 40.0, 22 + 2 * run);
            image.affine = [
                [8.0, 0.0, 0.0, -76.0],
                [0.0, 8.0, 0.0, -110.0],
                [0.0, 0.0, 8.0, -68.0],
            ];
            study.files.put(format!("{folder}/{name}"), Content::image(image));
        }
    }
    study
}

/// A bright ball in noise.
fn ball(rng: &mut ChaCha8Rng, shape: [usize; 3], step_mm: f64, radius_mm: f64, n_scans: usize) -> Image {
    let mut image = scans(
        shape,
        n_scans,
        vec![0.0; shape.iter().product::<usize>() * n_scans],
        2.0,
    );
    image.affine = centred(shape, step_mm);
    image.each_voxel(|place, course| {
        let bright = place.iter().map(|v| v * v).sum::<f64>() < radius_mm * radius_mm;
        for value in course {
            *value = if bright { 1000.0 } else { 300.0 } + 5.0 * rng.normal();
        }
    });
    image
}

fn scans(shape: [usize; 3], n_scans: usize, data: Vec<f64>, tr_s: f64) -> Image {
    let mut image = Image::new([shape[0], shape[1], shape[2], n_scans], centred(shape, 4.0), data);
    image.time = (tr_s as f32, 8);
    image
}

/// All voxels but a corner and its mirror image.
fn mask_of(shape: [usize; 3]) -> Image {
    let corner = |[x, y, z]: [usize; 3]| (x == 0 || x + 1 == shape[0]) && y < 2 && z == 0;
    let data = c_order(shape).map(|voxel| f64::from(!corner(voxel))).collect();
    let mut mask = Image::new([shape[0], shape[1], shape[2], 1], centred(shape, 4.0), data);
    mask.number = Number::U8;
    mask
}

/// A random walk.
fn walk(rng: &mut ChaCha8Rng, n: usize) -> Vec<f64> {
    let mut sum = 0.0;
    (0..n)
        .map(|_| {
            sum += rng.normal();
            sum
        })
        .collect()
}
