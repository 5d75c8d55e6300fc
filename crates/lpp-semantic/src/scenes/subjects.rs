//! From scans of subjects to masks, cleaned signals and the average subject.

use super::matrix;
use crate::bench::{Bench, Stop};
use crate::figures::{Figures, place_name};
use crate::files::{Content, Table};
use crate::kind::Scene;
use crate::study::{Study, ball_runs, derivatives, one_run, subject_arrays, subject_images};

/// The average of arrays.
pub(crate) static AVERAGE: Scene = Scene {
    name: "lpp-average",
    make: subject_arrays,
    run: |bench, study| {
        average(bench, study, &[])?;
        let mut figures = Figures::default();
        for run in runs_of(bench, "average")? {
            matrix(
                &format!("average run {run}"),
                &bench.array(&format!("average/run-{run}.npy"))?,
                &mut figures,
            );
        }
        Ok(figures)
    },
};

/// The average of images, by place.
pub(crate) static AVERAGE_IMAGES: Scene = Scene {
    name: "lpp-average --mask",
    make: subject_images,
    run: |bench, study| {
        average(bench, study, &["--mask", "mask.nii.gz"])?;
        let places = study.masked("mask.nii.gz");
        by_place(bench, "average", &places, |_| true)
    },
};

fn average(bench: &mut Bench, study: &Study, more: &[&str]) -> Result<(), Stop> {
    let mut arguments: Vec<&str> = vec!["--isc-trials", "0", "-o", "average"];
    arguments.extend(more);
    arguments.push("--subject");
    arguments.extend(study.given("subjects").iter().map(String::as_str));
    bench.call("lpp-average", &arguments)?;
    Ok(())
}

/// Numbers of the runs in a folder.
fn runs_of(bench: &Bench, folder: &str) -> anyhow::Result<Vec<usize>> {
    let names = bench.listed(folder)?;
    let number = |name: &String| name.strip_prefix("run-")?.strip_suffix(".npy")?.parse().ok();
    Ok(names.iter().filter_map(number).collect())
}

/// Average runs, by scan and place.
fn by_place(
    bench: &Bench,
    folder: &str,
    places: &[[f64; 3]],
    keep: impl Fn([f64; 3]) -> bool,
) -> Result<Figures, Stop> {
    let mut figures = Figures::default();
    for run in runs_of(bench, folder)? {
        let rows = bench.array(&format!("{folder}/run-{run}.npy"))?.rows();
        for (scan, row) in rows.iter().enumerate() {
            for (place, value) in places.iter().zip(row).filter(|(place, _)| keep(**place)) {
                let name = format!("average run {run} scan {scan} at {}", place_name(*place));
                figures.set(name, *value);
            }
        }
    }
    Ok(figures)
}

/// Cleaned signals of one run, by place.
pub(crate) static CLEAN: Scene = Scene {
    name: "lpp-clean",
    make: one_run,
    run: |bench, study| {
        let image = study.given("image").first().map_or("bold.nii.gz", String::as_str);
        let mask = study.given("mask").first().map_or("mask.nii.gz", String::as_str);
        let output = study.given("output").first().map_or("clean.npy", String::as_str);
        let mut arguments = vec![image, "--mask", mask, "-o", output];
        arguments.extend(["--detrend", "--standardize", "--high-pass", "0.0078125"]);
        bench.call("lpp-clean", &arguments)?;
        let places = study.masked(mask);
        let mut figures = Figures::default();
        for (scan, row) in bench.array(output)?.rows().iter().enumerate() {
            for (place, value) in places.iter().zip(row) {
                figures.set(format!("cleaned scan {scan} at {}", place_name(*place)), *value);
            }
        }
        Ok(figures)
    },
};

/// The brain mask of four runs, by place.
pub(crate) static MASK: Scene = Scene {
    name: "lpp-mask",
    make: ball_runs,
    run: |bench, study| {
        let mut arguments: Vec<&str> = study.given("runs").iter().map(String::as_str).collect();
        arguments.extend(["-o", "mask.nii.gz"]);
        bench.call("lpp-mask", &arguments)?;
        let mut figures = Figures::default();
        for place in bench.image("mask.nii.gz")?.inside() {
            figures.set(format!("inside at {}", place_name(place)), 1.0);
        }
        Ok(figures)
    },
};

/// One run on another grid, by place: that of the mask, moved by half a voxel.
pub(crate) static RESAMPLE: Scene = Scene {
    name: "lpp-resample",
    make: |seed| {
        let mut study = one_run(seed);
        let like = study.files.image("mask.nii.gz");
        for axis in 0..3 {
            like.affine[axis][3] += 2.0;
            like.shape[axis] -= 1;
        }
        let n = like.shape.iter().product();
        like.data = vec![1.0; n];
        study.files.image("bold.nii.gz").cut(0..5);
        study
    },
    run: |bench, study| {
        let image = study.given("image").first().map_or("bold.nii.gz", String::as_str);
        bench.call(
            "lpp-resample",
            &[image, "--like", "mask.nii.gz", "--out", "resampled"],
        )?;
        let name = image.rsplit('/').next().unwrap_or(image);
        let found = bench.image(&format!("resampled/{name}"))?;
        let mut figures = Figures::default();
        for scan in 0..found.n_scans() {
            for (place, value) in found.volume(scan) {
                figures.set(format!("scan {scan} at {}", place_name(place)), value);
            }
        }
        // In seconds, whatever the header's unit.
        let (step, unit) = found.time;
        let factor = match unit {
            8 => 1.0,
            16 => 1e-3,
            24 => 1e-6,
            _ => f64::NAN,
        };
        figures.set("time step in s", f64::from(step) * factor);
        Ok(figures)
    },
};

/// Two images on one grid; sums of the outputs from the smallest on, whatever they are called.
pub(crate) static TWO_IMAGES: Scene = Scene {
    name: "lpp-resample of two images",
    make: |seed| {
        let mut study = (RESAMPLE.make)(seed);
        study.files.copy("bold.nii.gz", "a/first.nii.gz");
        study.files.rename("bold.nii.gz", "b/second.nii.gz");
        study
            .files
            .image("b/second.nii.gz")
            .data
            .iter_mut()
            .for_each(|v| *v += 20.0);
        study.give(
            "images",
            ["a/first.nii.gz", "b/second.nii.gz"].map(str::to_owned).to_vec(),
        );
        study
    },
    run: |bench, study| {
        let mut arguments: Vec<&str> = study.given("images").iter().map(String::as_str).collect();
        arguments.extend(["--like", "mask.nii.gz", "--out", "resampled"]);
        bench.call("lpp-resample", &arguments)?;
        let mut sums = Vec::new();
        for name in bench.listed_below("resampled")? {
            if name.ends_with(".nii.gz") {
                sums.push(bench.image(&name)?.volume(0).iter().map(|(_, v)| v).sum());
            }
        }
        Ok(ranked("sum", sums))
    },
};

/// The mask of each of four runs; their sizes from the smallest on.
pub(crate) static TWO_RUN_MASKS: Scene = Scene {
    name: "lpp-mask --run-masks",
    make: ball_runs,
    run: |bench, study| {
        let mut arguments: Vec<&str> = study.given("runs").iter().map(String::as_str).collect();
        arguments.extend(["-o", "mask.nii.gz", "--run-masks", "masks"]);
        bench.call("lpp-mask", &arguments)?;
        let mut sizes = Vec::new();
        for name in bench.listed_below("masks")? {
            if name.ends_with(".nii.gz") {
                sizes.push(bench.image(&name)?.inside().len() as f64);
            }
        }
        Ok(ranked("voxels", sizes))
    },
};

fn ranked(what: &str, mut values: Vec<f64>) -> Figures {
    values.sort_by(f64::total_cmp);
    let mut figures = Figures::default();
    for (rank, value) in values.into_iter().enumerate() {
        figures.set(format!("{what} of output {rank}"), value);
    }
    figures
}

/// Spheres of a mask, by place.
pub(crate) static SPHERES: Scene = Scene {
    name: "lpp-rois",
    make: |seed| {
        let mut study = one_run(seed);
        study.files.remove("bold.nii.gz");
        let cells = |name: &str, place: [i32; 3]| {
            let [x, y, z] = place.map(|v| v.to_string());
            vec![name.to_owned(), x, y, z]
        };
        let rows = vec![
            cells("near", [-6, -4, 2]),
            cells("back", [-6, 4, -2]),
            cells("right", [7, 1, 1]),
        ];
        let table = Table::new(&["name", "x", "y", "z"], rows);
        study.files.put("spheres.csv", Content::Table(table));
        study
    },
    run: |bench, study| {
        let radius = study.given("radius").first().map_or("5", String::as_str);
        let arguments = [
            "--mask",
            "mask.nii.gz",
            "--coords",
            "spheres.csv",
            "--radius",
            radius,
            "-o",
            "rois",
        ];
        bench.call("lpp-rois", &arguments)?;
        let mut figures = Figures::default();
        for path in bench
            .listed_below("rois")?
            .iter()
            .filter(|path| path.ends_with(".nii.gz"))
        {
            for place in bench.image(path)?.inside() {
                figures.set(format!("{path} inside at {}", place_name(place)), 1.0);
            }
        }
        Ok(figures)
    },
};

/// A study's derivatives through resampling, mask and average: where there is signal, by place.
pub(crate) static FOLDERS: Scene = Scene {
    name: "lpp-resample, lpp-mask, lpp-average",
    make: derivatives,
    run: |bench, _| {
        bench.call("lpp-resample", &["--study", "."])?;
        bench.call("lpp-mask", &["--study", "."])?;
        bench.call("lpp-average", &["--study", ".", "--isc-trials", "0"])?;
        let places = bench.image("masks/mask_lpp_en.nii.gz")?.inside();
        // Some thousand of the numbers will do.
        let coarse = |place: [f64; 3]| place.iter().all(|v| v.rem_euclid(16.0) < 4.0);
        by_place(bench, "average_subject/en", &places, coarse)
    },
};
