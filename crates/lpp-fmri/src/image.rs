//! NIfTI images, read whole or volume by volume.

use std::path::Path;

use ndarray::{Array3, Array4, ArrayD, Axis, Ix4, IxDyn, ShapeBuilder};

use crate::FmriError;
use crate::byte_source::ByteSource;
use crate::grid::Grid;
use crate::nifti_header::Header;
use crate::notes::warn_once;
use crate::numeric::{NumArray, with_element_type};
use crate::units::{TimeUnit, Units};

/// A 3-D or 4-D image: a grid and one number, or one per volume, at each of its voxels.
///
/// # Shapes
/// The array has axes (i, j, k) or (i, j, k, volume); in memory, as in the file, i varies fastest.
///
/// # Values
/// Without scaling the stored type is kept. With a slope s and an intercept c the values are v·s + c in `f64`,
/// whatever the stored type. A slope that is 0, NaN or infinite, or (s, c) = (1, 0), means no scaling.
///
/// # Units
/// Coordinates are in mm; those of a header in metres or micrometres are converted, with a warning. Time steps in
/// milliseconds or microseconds are converted to seconds. Units that a header does not give stay unknown, also when the
/// image is written again.
///
/// ```
/// use lpp_fmri::{Grid, Image};
/// use ndarray::Array3;
///
/// # fn main() -> Result<(), lpp_fmri::FmriError> {
/// # let folder = std::env::temp_dir().join(format!("lpp-doc-image-{}", std::process::id()));
/// let path = folder.join("ones.nii.gz");
/// let image = Image::new(Grid::working(), Array3::<f32>::ones((37, 46, 38)).into_dyn())?;
/// image.save(&path)?;
/// assert_eq!(Image::load(&path)?, image);
/// # std::fs::remove_dir_all(&folder).ok();
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    grid: Grid,
    values: NumArray,
    time_step: f64,
    time_unit: TimeUnit,
    in_mm: bool,
}

impl Image {
    /// An image of `values`, of shape (i, j, k) or (i, j, k, volumes), on `grid`, with a time step of 1.
    ///
    /// # Errors
    /// [`FmriError::Shape`] if the shape of the array is not that of the grid.
    pub fn new(grid: Grid, values: impl Into<NumArray>) -> Result<Self, FmriError> {
        let values = values.into();
        let shape = values.shape();
        if !matches!(shape.len(), 3 | 4) || shape[..3] != grid.shape() {
            return Err(FmriError::Shape {
                what: "the image",
                found: shape.to_vec(),
                expected: grid.shape().to_vec(),
            });
        }
        Ok(Self {
            grid,
            values,
            time_step: 1.0,
            time_unit: TimeUnit::Unknown,
            in_mm: false,
        })
    }

    /// The same image with a different step along the fourth axis: the repetition time of a run, in seconds.
    #[must_use]
    pub fn with_time_step(mut self, time_step: f64) -> Self {
        self.time_step = time_step;
        self.time_unit = TimeUnit::Seconds;
        self
    }

    /// The same image with the time step and units of its source.
    #[must_use]
    pub(crate) fn in_units_of(mut self, header: &Header) -> Self {
        self.time_step = header.time_step;
        self.time_unit = header.time_unit;
        self.in_mm = header.in_mm;
        self
    }

    /// Reads a `.nii` or `.nii.gz` file, NIfTI-1 or NIfTI-2, of either byte order.
    ///
    /// Compression is recognised by the first bytes, not by the name.
    ///
    /// # Errors
    /// [`FmriError`] naming the file if it cannot be read, is truncated or damaged, is not a NIfTI image of plain
    /// numbers, gives a size larger than the file can contain, or has an affine that cannot be inverted.
    pub fn load(path: &Path) -> Result<Self, FmriError> {
        let mut reader = ImageReader::open(path)?;
        let mut shape = reader.header.grid.shape().to_vec();
        shape.extend(reader.header.n_volumes);
        let values = reader.read_values(&shape)?;
        reader.source.drain()?;
        Ok(Self::new(reader.header.grid, values)?.in_units_of(&reader.header))
    }

    /// The grid of the voxels.
    #[must_use]
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The values, of 3 or 4 dimensions.
    #[must_use]
    pub fn values(&self) -> &NumArray {
        &self.values
    }

    /// The values without the grid, not copied.
    #[must_use]
    pub fn into_values(self) -> NumArray {
        self.values
    }

    /// Volumes along the fourth axis; 1 for a 3-D image.
    #[must_use]
    pub fn n_volumes(&self) -> usize {
        self.values.shape().get(3).copied().unwrap_or(1)
    }

    /// The step along the fourth axis from the header, in [`Image::time_unit`]. In files written by the reference it is
    /// 1 without a unit, not the repetition time.
    #[must_use]
    pub fn time_step(&self) -> f64 {
        self.time_step
    }

    /// The unit of the step along the fourth axis.
    #[must_use]
    pub fn time_unit(&self) -> TimeUnit {
        self.time_unit
    }

    /// The code of both units, as written to the header.
    pub(crate) fn units_code(&self) -> u8 {
        Units::code(self.in_mm, self.time_unit)
    }

    /// The values as `f64`, of shape (i, j, k, volumes).
    ///
    /// # Errors
    /// [`FmriError::Shape`]; never for an image created or read by this type.
    pub fn to_f64_volumes(&self) -> Result<Array4<f64>, FmriError> {
        let array = self.values.to_f64();
        let array = if array.ndim() == 3 {
            array.insert_axis(Axis(3))
        } else {
            array
        };
        let found = array.shape().to_vec();
        array.into_dimensionality::<Ix4>().map_err(|_| FmriError::Shape {
            what: "the image",
            found,
            expected: self.grid.shape().to_vec(),
        })
    }

    /// The values of a 3-D image, or of a 4-D image with one volume, as `f64`.
    ///
    /// # Errors
    /// [`FmriError::Shape`] if there are several volumes.
    pub fn to_f64_volume(&self) -> Result<Array3<f64>, FmriError> {
        if self.n_volumes() != 1 {
            return Err(FmriError::Shape {
                what: "the image",
                found: self.values.shape().to_vec(),
                expected: self.grid.shape().to_vec(),
            });
        }
        Ok(self.to_f64_volumes()?.remove_axis(Axis(3)))
    }
}

/// Reads an image volume by volume, so that a run of any length needs memory for only one volume.
///
/// ```no_run
/// # fn main() -> Result<(), lpp_fmri::FmriError> {
/// let mut reader = lpp_fmri::ImageReader::open("bold.nii.gz".as_ref())?;
/// while let Some(volume) = reader.next_volume()? {
///     println!("{:?}", volume.shape());
/// }
/// # Ok(())
/// # }
/// ```
pub struct ImageReader {
    source: ByteSource,
    header: Header,
    n_read: usize,
}

impl ImageReader {
    /// Reads the header of `path` and checks that the file can contain the data it describes.
    ///
    /// # Errors
    /// As [`Image::load`]; a truncated compressed stream is detected only while reading.
    pub fn open(path: &Path) -> Result<Self, FmriError> {
        let mut source = ByteSource::open(path)?;
        let header = Header::read(&mut source)?;
        let sizes = [header.n_volumes.unwrap_or(1), header.element.size()];
        let n_bytes = header
            .grid
            .shape()
            .iter()
            .chain(&sizes)
            .try_fold(1u64, |product, &n| product.checked_mul(u64::try_from(n).ok()?));
        // An overflowing product is larger than any file.
        source.require(n_bytes.unwrap_or(u64::MAX))?;
        for note in &header.notes {
            warn_once(path, note);
        }
        Ok(Self {
            source,
            header,
            n_read: 0,
        })
    }

    /// The grid of the voxels.
    #[must_use]
    pub fn grid(&self) -> &Grid {
        &self.header.grid
    }

    /// Volumes along the fourth axis; 1 for a 3-D image.
    #[must_use]
    pub fn n_volumes(&self) -> usize {
        self.header.n_volumes.unwrap_or(1)
    }

    /// The step along the fourth axis from the header, as [`Image::time_step`].
    #[must_use]
    pub fn time_step(&self) -> f64 {
        self.header.time_step
    }

    /// The repetition time of a run in seconds, if the header gives one. A step of 0, of 1 without a unit of time, or
    /// in a unit other than time, does not count.
    #[must_use]
    pub fn repetition_time_s(&self) -> Option<f64> {
        let step = self.header.time_step;
        let says = match self.header.time_unit {
            TimeUnit::Unknown => (step - 1.0).abs() > f64::EPSILON,
            TimeUnit::Seconds => true,
            TimeUnit::NotTime(_) => false,
        };
        (says && step > 0.0 && !self.is_3d()).then_some(step)
    }

    /// The unit of the step along the fourth axis.
    #[must_use]
    pub fn time_unit(&self) -> TimeUnit {
        self.header.time_unit
    }

    /// The header.
    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// Whether the image has no fourth axis; an axis of length 1 counts.
    #[must_use]
    pub fn is_3d(&self) -> bool {
        self.header.n_volumes.is_none()
    }

    /// The next volume, of shape (i, j, k), or `None` after the last; the last one also verifies the checksum of a
    /// compressed file.
    ///
    /// # Errors
    /// [`FmriError`] naming the file if the data end too early or are damaged.
    pub fn next_volume(&mut self) -> Result<Option<NumArray>, FmriError> {
        if self.n_read == self.n_volumes() {
            return Ok(None);
        }
        let shape = self.header.grid.shape();
        let volume = self.read_values(&shape)?;
        self.n_read += 1;
        if self.n_read == self.n_volumes() {
            self.source.drain()?;
        }
        Ok(Some(volume))
    }

    /// The next values, as many as `shape` has.
    fn read_values(&mut self, shape: &[usize]) -> Result<NumArray, FmriError> {
        let n = shape.iter().product();
        let values = with_element_type!(self.header.element, T => {
            let numbers: Vec<T> = self.source.read_numbers(n, self.header.big_endian)?;
            NumArray::from(self.shaped(numbers, shape)?)
        });
        Ok(match self.header.scaling {
            None => values,
            Some((slope, intercept)) => NumArray::F64(values.into_f64().mapv_into(|v| v * slope + intercept)),
        })
    }

    fn shaped<T>(&self, numbers: Vec<T>, shape: &[usize]) -> Result<ArrayD<T>, FmriError> {
        ArrayD::from_shape_vec(IxDyn(shape).f(), numbers).map_err(|e| {
            self.source
                .malformed(e.to_string(), format!("an array of shape {shape:?}"))
        })
    }
}
