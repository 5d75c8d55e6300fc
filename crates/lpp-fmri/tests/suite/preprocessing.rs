//! Masks, resampling and cleaning against nilearn, on the cases of `make_preprocessing.py`.

use std::fs::File;
use std::path::PathBuf;

use crate::common::{affine, counts, fixture, items};
use lpp_fmri::{
    CleaningParams, Grid, Image, Interpolation, Mask, MaskVotes, Signals, epi_mask, resample_file,
};
use lpp_testkit::{Tolerance, assert_close, load_npy};
use ndarray::{Array2, Array3, Array4, ArrayD, Axis};
use serde_json::Value;

fn cases(topic: &str) -> Value {
    let manifest: Value =
        serde_json::from_reader(File::open(fixture("preprocessing.json")).unwrap()).unwrap();
    manifest[topic].clone()
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap()
}

#[test]
fn masks_agree_with_nilearn_voxel_for_voxel() {
    for case in items(&cases("masks")) {
        let name = text(case, "name");
        let expected: Array4<u8> = load_npy(fixture(&format!("mask/{name}_runs.npy")));
        let mut votes = None;
        for (file, expected) in items(&case["files"]).iter().zip(expected.axis_iter(Axis(0))) {
            let run = epi_mask(&fixture(file.as_str().unwrap())).unwrap();
            assert_eq!(run.inside.mapv(u8::from), expected, "{name}");
            assert!(run.doubts.is_empty(), "{name}: {:?}", run.doubts);
            votes
                .get_or_insert_with(|| MaskVotes::new(run.grid))
                .add(&run.inside)
                .unwrap();
        }
        let group = votes.unwrap().majority().unwrap();
        let volume = |what: &str| load_npy::<u8, _>(fixture(&format!("mask/{name}_{what}.npy")));
        assert_eq!(group.inside().mapv(u8::from), volume("group"), "{name}");
        let both = group.symmetric_part().unwrap();
        assert_eq!(both.inside().mapv(u8::from), volume("symmetric"), "{name}");
    }
}

#[test]
fn resampled_images_agree_with_nilearn() {
    let topic = cases("resampling");
    let shape: [usize; 3] = counts(&topic["shape"]).try_into().unwrap();
    let target = Grid::new(shape, affine(&topic["target"])).unwrap();
    for case in items(&topic["cases"]) {
        let name = text(case, "name");
        let interpolation = match text(case, "interpolation") {
            "nearest" => Interpolation::Nearest,
            _ => Interpolation::Cubic,
        };
        let found = resample_file(&fixture(text(case, "file")), &target, interpolation).unwrap();
        assert_eq!(found.grid(), &target);
        assert_eq!(
            found.values().element_type().name(),
            text(case, "dtype"),
            "{name}"
        );
        let expected: ArrayD<f64> = load_npy(fixture(&format!("resample/{name}.npy")));
        // The same operations in the same order. Only the inverse of an affine that is not diagonal may differ in its
        // last bit, which moves values of a few hundred by 1e-12: no f32 but those next to 0.
        let tolerance = Tolerance::absolute(1e-10);
        assert_close(&found.values().to_f64(), &expected, tolerance);
    }
}

#[test]
fn cleaned_signals_agree_with_nilearn() {
    let mask = Mask::load(&fixture("clean/mask.nii")).unwrap();
    for case in items(&cases("cleaning")) {
        let name = text(case, "name");
        let raw = Signals::extract(&fixture(text(case, "file")), &mask, case["fwhm_mm"].as_f64()).unwrap();
        let clean = raw.clean(&CleaningParams::reference().check().unwrap()).unwrap();
        let load = |what: &str| -> Array2<f64> { load_npy(fixture(&format!("clean/{name}_{what}.npy"))) };
        let (single, raw, clean) = match (&raw, &clean) {
            (Signals::Single(raw), Signals::Single(clean)) => {
                (true, raw.mapv(f64::from), clean.mapv(f64::from))
            }
            (Signals::Double(raw), Signals::Double(clean)) => (false, raw.clone(), clean.clone()),
            _ => panic!("{name}: cleaning changed the type"),
        };
        assert_eq!(single, text(case, "dtype") == "float32", "{name}");
        // Extraction copies, and smoothing adds in the reference's order.
        assert_close(
            &raw,
            &load("raw"),
            Tolerance::relative(1e-6 * f64::from(u8::from(single)) + 1e-14),
        );
        // f32: BLAS sums the reference's slopes in another order, and the mean of a thousand quantises: two of its
        // spacings over the standard deviation, which smoothing makes as small as 3. f64: the filter's steady state
        // is tabulated, what remains is the same order of sums.
        let tolerance = if single { 1.3e-4 } else { 1e-8 };
        assert_close(&clean, &load("clean"), Tolerance::absolute(tolerance));
    }
}

#[test]
fn an_image_on_the_grid_comes_back_as_it_is() {
    let path = fixture("resample/diagonal_f4.nii");
    let image = Image::load(&path).unwrap();
    for interpolation in [Interpolation::Cubic, Interpolation::Nearest] {
        assert_eq!(resample_file(&path, image.grid(), interpolation).unwrap(), image);
    }
}

/// Saves an image on the working grid's affine.
fn saved(folder: &tempfile::TempDir, name: &str, values: ArrayD<f32>) -> PathBuf {
    let path = folder.path().join(name);
    let shape = [values.shape()[0], values.shape()[1], values.shape()[2]];
    let grid = Grid::new(shape, *Grid::working().affine()).unwrap();
    Image::new(grid, values).unwrap().save(&path).unwrap();
    path
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let values = ArrayD::from_shape_fn(vec![7, 6, 5, 23], |place| {
        ((place[0] * 31 + place[1] * 17 + place[2] * 7 + place[3] * 3) % 101) as f32
    });
    let path = saved(&folder, "run.nii.gz", values);
    let mask_grid = *Image::load(&path).unwrap().grid();
    let mask = Mask::new(mask_grid, Array3::from_elem((7, 6, 5), true)).unwrap();
    let target = Grid::new(
        [3, 3, 3],
        lpp_fmri::diagonal_affine([7.0; 3], [-70.0, -104.0, -62.0]),
    )
    .unwrap();
    let cleaner = CleaningParams::reference().check().unwrap();
    let all = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            (
                resample_file(&path, &target, Interpolation::Cubic).unwrap(),
                Signals::extract(&path, &mask, Some(5.0))
                    .unwrap()
                    .clean(&cleaner)
                    .unwrap(),
            )
        })
    };
    assert_eq!(all(1), all(5));
}

#[test]
fn nan_volumes_are_masked_resampled_and_cleaned_without_a_trace() {
    let folder = tempfile::tempdir().unwrap();
    let mut values = ArrayD::from_shape_fn(vec![8, 8, 8, 20], |p| (p[0] + p[3]) as f32);
    values.index_axis_mut(Axis(3), 4).fill(f32::NAN);
    let path = saved(&folder, "run.nii.gz", values);
    // The mean is NaN everywhere: there is no brain to be seen.
    let error = epi_mask(&path).unwrap_err().to_string();
    assert!(
        error.contains("run.nii.gz") && error.contains("no finite value"),
        "{error}"
    );
    let grid = *Image::load(&path).unwrap().grid();
    let mask = Mask::new(grid, Array3::from_elem((8, 8, 8), true)).unwrap();
    let signals = Signals::extract(&path, &mask, None).unwrap();
    assert!(signals.into_single().row(4).iter().all(|v| *v == 0.0));
    let target = Grid::new(
        [4; 3],
        lpp_fmri::diagonal_affine([3.0; 3], [-70.0, -104.0, -62.0]),
    )
    .unwrap();
    let image = resample_file(&path, &target, Interpolation::Cubic)
        .unwrap()
        .to_f64_volumes()
        .unwrap();
    for (t, volume) in image.axis_iter(Axis(3)).enumerate() {
        assert_eq!(volume.iter().all(|v| v.is_nan()), t == 4, "volume {t}");
        assert_eq!(volume.iter().any(|v| v.is_nan()), t == 4, "volume {t}");
    }
}
