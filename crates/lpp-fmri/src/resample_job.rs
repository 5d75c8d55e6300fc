//! From files to files: runs on another grid.

use std::path::{Path, PathBuf};

use lpp_files::{Progress, check_outputs};
use lpp_study::{Software, Step};
use ndarray::{ArrayD, IxDyn, ShapeBuilder};

use crate::FmriError;
use crate::crop::{displaces, paste};
use crate::file_order::into_file_order;
use crate::grid::Grid;
use crate::image::{Image, ImageReader};
use crate::numeric::{Element, NumArray, with_array, with_element_type};
use crate::repetition_time::RepetitionTime;
use crate::resample::{Resampler, ValueRange, result_type};
use crate::sampling::Interpolation;
use crate::volume_stream::map_volumes;

/// Largest target grid: 1024 voxels along each axis, 4 GiB a volume in single precision.
const MAX_VOXELS: f64 = 1_073_741_824.0;

/// Share of a target grid below which so little of it lies inside an image that it was hardly meant.
const LITTLE: f64 = 0.05;

/// Images in, images on one grid out.
#[derive(Debug, Clone, PartialEq)]
pub struct ResampleJob {
    /// Each image and the file to write.
    pub images: Vec<(PathBuf, PathBuf)>,
    /// The grid of the results.
    pub target: Grid,
    /// How values between voxels are made.
    pub interpolation: Interpolation,
    /// Compute again what is up to date.
    pub force: bool,
}

impl ResampleJob {
    /// Writes the images and their provenance; returns, for each image, whether it was written (`true`) or up to date.
    ///
    /// Volumes are read one after the other and resampled in parallel. What is held in memory is the result and a
    /// few volumes, save where grids differ by whole voxels only: then the whole image.
    ///
    /// # Errors
    /// [`FmriError`] naming the file if an image cannot be read or does not reach the target grid, or if an output cannot be
    /// written; images before it stay written. Before anything is written: if an output is an input or that of two images.
    pub fn run(&self, software: Software, progress: &dyn Progress) -> Result<Vec<bool>, FmriError> {
        if self.images.is_empty() {
            return Err(FmriError::NoRuns);
        }
        check_size(&self.target)?;
        let (inputs, outputs): (Vec<_>, Vec<_>) = self.images.iter().cloned().unzip();
        check_outputs(&inputs, &outputs)?;
        progress.start("resampling", self.images.len() as u64);
        let mut written = Vec::with_capacity(self.images.len());
        for (input, output) in &self.images {
            written.push(self.resample(software, input, output)?);
            progress.advance(1);
        }
        progress.finish();
        Ok(written)
    }

    fn resample(&self, software: Software, input: &Path, output: &Path) -> Result<bool, FmriError> {
        let step = Step::new(software, output)
            .input(input)?
            .parameter("affine", self.target.affine())
            .parameter("shape", self.target.shape())
            .parameter("interpolation", format!("{:?}", self.interpolation));
        if step.is_done(self.force)? {
            return Ok(false);
        }
        // The file beside the image does not come along: what it alone says goes into the header.
        let tr_s = RepetitionTime::beside(input)?;
        let image = resample_file(input, &self.target, self.interpolation)?;
        match tr_s {
            Some(tr_s) => image.with_time_step(tr_s).save(output)?,
            None => image.save(output)?,
        }
        step.finish()?;
        Ok(true)
    }
}

/// Reads an image and resamples it to the grid `target`, clipped to the range of its values and 0.
///
/// The result has the type that [`Resampler`] describes and keeps time step and units of the image. A result of nothing but 0 is
/// a warning. An image that is on the
/// grid already comes back as it is.
///
/// # Errors
/// [`FmriError`] naming the file if it cannot be read or does not reach the target grid.
///
/// ```no_run
/// use lpp_fmri::{Grid, Interpolation, resample_file};
///
/// let run = resample_file("bold.nii.gz".as_ref(), &Grid::working(), Interpolation::Cubic)?;
/// run.save("bold_res-4mm.nii.gz".as_ref())?;
/// # Ok::<(), lpp_fmri::FmriError>(())
/// ```
pub fn resample_file(path: &Path, target: &Grid, interpolation: Interpolation) -> Result<Image, FmriError> {
    let mut reader = ImageReader::open(path)?;
    let in_file = |e: FmriError| match e {
        FmriError::NoOverlap { .. } => {
            FmriError::malformed(path, e.to_string(), "an image that reaches the target grid")
        }
        other => other,
    };
    let resampler = Resampler::new(reader.grid(), target, interpolation).map_err(in_file)?;
    if let Some(shift) = resampler.shift() {
        return shift_image(path, shift, target, interpolation);
    }
    let n_target = resampler.grid().n_voxels();
    let share = resampler.n_inside() as f64 / n_target as f64;
    if share < LITTLE {
        tracing::warn!(
            "{}: only {:.1} % of the target's voxels lie inside of the image, the others are 0",
            path.display(),
            100.0 * share
        );
    }
    let mut shape = resampler.grid().shape().to_vec();
    if !reader.is_3d() {
        shape.push(reader.n_volumes());
    }
    let mut range = ValueRange::default();
    let mut volumes = Vec::new();
    map_volumes(
        &mut reader,
        |volume| {
            let mut range = ValueRange::default();
            range.include(&volume);
            Ok((range, resampler.volume(volume)?))
        },
        |(of_volume, volume)| {
            range.merge(of_volume);
            volumes.push(volume);
            Ok(())
        },
    )?;
    let values = stack(volumes, &shape)?;
    let values = if resampler.is_identity() {
        values
    } else {
        range.clip(values)
    };
    warn_if_blank(path, &values, range);
    Ok(Image::new(*resampler.grid(), values)?.in_units_of(reader.header()))
}

/// Warns of a result without a value other than 0, and why it is so.
fn warn_if_blank(path: &Path, result: &NumArray, of_image: ValueRange) {
    let blank = |range: ValueRange| range == ValueRange::default();
    let mut of_result = ValueRange::default();
    of_result.include(result);
    if blank(of_result) {
        let why = if blank(of_image) {
            "as does the image itself"
        } else {
            "since what the image holds lies outside of the target grid"
        };
        tracing::warn!("{}: the result holds nothing but 0 or NaN, {why}", path.display());
    }
}

fn shift_image(
    path: &Path,
    shift: [f64; 3],
    target: &Grid,
    interpolation: Interpolation,
) -> Result<Image, FmriError> {
    let reader = ImageReader::open(path)?;
    let values = result_type(Image::load(path)?.into_values(), interpolation);
    let mut range = ValueRange::default();
    range.include(&values);
    if with_array!(&values, array => displaces(array, shift))? {
        tracing::warn!(
            "{}: its voxels are those of the target moved by whole steps, and the target begins inside of what it holds: as in nilearn, \
             the content is displaced; crop the image to the target first",
            path.display()
        );
    }
    let pasted = with_array!(values, array => paste(&array, shift, target.shape()).map(NumArray::from))?;
    warn_if_blank(path, &pasted, range);
    Ok(Image::new(*target, range.clip(pasted))?.in_units_of(reader.header()))
}

/// A mistyped shape should be an error, not an attempt to take all memory.
fn check_size(target: &Grid) -> Result<(), FmriError> {
    let n_voxels: f64 = target.shape().iter().map(|n| *n as f64).product();
    if n_voxels > MAX_VOXELS {
        return Err(FmriError::InvalidParameter {
            name: "the number of voxels of the target grid",
            value: n_voxels,
            expected: "2^30 or less",
        });
    }
    Ok(())
}

/// Volumes of one type, joined along the fourth axis.
fn stack(volumes: Vec<NumArray>, shape: &[usize]) -> Result<NumArray, FmriError> {
    let element = volumes
        .first()
        .map_or(crate::ElementType::F32, NumArray::element_type);
    with_element_type!(element, T => {
        let mut values: Vec<T> = Vec::with_capacity(shape.iter().product());
        for volume in volumes {
            values.extend(T::take(volume).map(into_file_order).unwrap_or_default());
        }
        let found = vec![values.len()];
        let array = ArrayD::from_shape_vec(IxDyn(shape).f(), values);
        array.map(NumArray::from).map_err(|_| FmriError::Shape { what: "the volumes", found, expected: shape.to_vec() })
    })
}
