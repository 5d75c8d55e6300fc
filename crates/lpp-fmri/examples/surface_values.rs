//! Values of a surface or CIFTI file for `tests/check_surfaces.py`, which compares them with nibabel's.
//!
//! `surface_values FILE OUT.npy [COPY]` writes the values, (`n_maps`, `n_places`), and a copy of the file by our own writers.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example that talks to a script"
)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lpp_fmri::FmriError;
use lpp_fmri::surface::{Cifti, CiftiRows, NewRows, load_curvature, load_gifti, save_cifti, save_gifti};
use ndarray::Array2;

fn main() -> ExitCode {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [file, out, copy @ ..] = paths.as_slice() else {
        eprintln!("usage: surface_values FILE OUT.npy [COPY]");
        return ExitCode::from(2);
    };
    match values(file, copy.first().map(PathBuf::as_path))
        .and_then(|values| Ok(lpp_files::npy::save(out, &values)?))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn values(file: &Path, copy: Option<&Path>) -> Result<Array2<f32>, FmriError> {
    let name = file.to_string_lossy();
    if name.ends_with(".nii") {
        let cifti = Cifti::load(file)?;
        let names: Vec<String> = (0..cifti.rows.len()).map(|row| format!("row {row}")).collect();
        let rows = match cifti.rows {
            CiftiRows::Series {
                step_s: Some(tr_s), ..
            } => NewRows::Scans { tr_s },
            _ => NewRows::Maps(&names),
        };
        copy.map_or(Ok(()), |copy| {
            save_cifti(copy, &cifti.columns, &cifti.values, rows)
        })?;
        println!(
            "{:?} {}",
            cifti.columns.sides().map(|side| side.len()),
            cifti.columns.len()
        );
        Ok(cifti.values)
    } else if name.ends_with(".gii") || name.ends_with(".gii.gz") {
        let values = load_gifti(file)?;
        copy.map_or(Ok(()), |copy| {
            save_gifti(copy, "CortexLeft", &values, &["first".to_owned()])
        })?;
        Ok(values)
    } else {
        let values: Vec<f64> = load_curvature(file)?;
        #[expect(clippy::cast_possible_truncation, reason = "the files hold f32")]
        Ok(Array2::from_shape_fn((1, values.len()), |(_, vertex)| {
            values[vertex] as f32
        }))
    }
}
