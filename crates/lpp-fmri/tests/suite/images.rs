//! Images as nibabel reads them, and mirrored as nilearn mirrors them.

use crate::common::{affine, counts, fixture, items, manifest};
use lpp_fmri::{Grid, Image, ImageReader, swap_hemispheres};
use lpp_testkit::{Tolerance, assert_close, load_npy};
use ndarray::{Array2, Array3, ArrayD, Axis, IxDyn};

#[test]
fn every_kind_of_image_is_read_as_by_nibabel() {
    for case in items(&manifest()["images"]) {
        let name = case["file"].as_str().unwrap();
        let image = Image::load(&fixture("images").join(name)).unwrap();
        assert_eq!(
            image.values().element_type().name(),
            case["dtype"].as_str().unwrap(),
            "{name}"
        );
        assert_eq!(image.values().shape(), counts(&case["shape"]), "{name}");
        assert_eq!(image.time_step(), case["time_step"].as_f64().unwrap(), "{name}");
        let stem = name.split('.').next().unwrap();
        let values: ArrayD<f64> = load_npy(fixture("images").join(format!("{stem}.npy")));
        assert_close(&image.values().to_f64(), &values, Tolerance::exact());
        let flat = |a: &lpp_fmri::Affine| Array2::from_shape_fn((4, 4), |(r, c)| a[r][c]);
        // nibabel takes the quaternion's root in extended precision: sizes of 3 mm differ in the last bits.
        let tolerance = Tolerance::absolute(1e-13);
        assert_close(
            &flat(image.grid().affine()),
            &flat(&affine(&case["affine"])),
            tolerance,
        );
    }
}

#[test]
fn volume_by_volume_is_the_same_as_whole() {
    for name in [
        "both_f8_4d.nii.gz",
        "f4_scaled_4d.nii.gz",
        "nifti2_i4.nii.gz",
        "plain_f4.nii",
        "one_volume_u4.nii",
    ] {
        let path = fixture("images").join(name);
        let whole = Image::load(&path).unwrap();
        let mut reader = ImageReader::open(&path).unwrap();
        assert_eq!(reader.n_volumes(), whole.n_volumes(), "{name}");
        for expected in whole.to_f64_volumes().unwrap().axis_iter(Axis(3)) {
            let volume = reader.next_volume().unwrap().unwrap();
            assert_eq!(volume.element_type(), whole.values().element_type(), "{name}");
            assert_close(&volume.to_f64(), &expected.into_dyn(), Tolerance::exact());
        }
        assert!(reader.next_volume().unwrap().is_none(), "{name}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    for case in items(&manifest()["images"]) {
        let image = Image::load(&fixture("images").join(case["file"].as_str().unwrap())).unwrap();
        for name in ["again.nii", "again.nii.gz"] {
            let path = folder.path().join(name);
            image.save(&path).unwrap();
            let again = Image::load(&path).unwrap();
            assert!(image.grid().matches(again.grid()));
            assert_eq!(image.values().element_type(), again.values().element_type());
            assert_eq!(image.values().shape(), again.values().shape());
            assert_eq!(image.time_step(), again.time_step());
            assert_close(
                &again.values().to_f64(),
                &image.values().to_f64(),
                Tolerance::exact(),
            );
        }
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        2,
        "no temporary file is left"
    );
}

#[test]
fn only_gz_names_are_compressed() {
    let folder = tempfile::tempdir().unwrap();
    let image = Image::new(Grid::working(), Array3::<i8>::ones((37, 46, 38)).into_dyn()).unwrap();
    for (name, magic) in [("a.nii", [0x5c, 1]), ("a.nii.gz", [0x1f, 0x8b])] {
        image.save(&folder.path().join(name)).unwrap();
        assert_eq!(std::fs::read(folder.path().join(name)).unwrap()[..2], magic);
    }
}

#[test]
fn volumes_are_mirrored_as_by_nilearn() {
    let case = &manifest()["swap"];
    let volume: Array3<f64> = load_npy(fixture("images/swap_in.npy"));
    let expected: Array3<f64> = load_npy(fixture("images/swap_out.npy"));
    let grid = Grid::new([3, 4, 5], affine(&case["affine"])).unwrap();
    let (swapped_grid, swapped) = swap_hemispheres(&grid, &volume).unwrap();
    assert_close(&swapped, &expected, Tolerance::exact());
    assert_eq!(*swapped_grid.affine(), affine(&case["swapped_affine"]));
    let image = Image::new(grid, volume.mapv(|v| v as f32).into_dyn())
        .unwrap()
        .swap_hemispheres()
        .unwrap();
    assert_eq!(*image.grid(), swapped_grid);
    assert_close(&image.values().to_f64(), &expected.into_dyn(), Tolerance::exact());
}

#[test]
fn an_image_must_lie_on_its_grid() {
    for shape in [&[37, 46][..], &[37, 46, 39], &[37, 46, 38, 1, 1]] {
        assert!(Image::new(Grid::working(), ArrayD::<f32>::zeros(IxDyn(shape))).is_err());
    }
}
