//! Parcels: a label image on the grid of a mask, and the names of its labels.

use std::collections::BTreeMap;
use std::path::Path;

use lpp_files::BidsName;
use ndarray::{Array3, ArrayD};

use crate::FmriError;
use crate::affine::transform;
use crate::brain_mask::BrainMask;
use crate::csv_table::CsvTable;
use crate::grid::Grid;
use crate::hemisphere::Reordered;
use crate::image::Image;
use crate::mask::Mask;
use crate::numeric::NumArray;
use crate::resample::Resampler;
use crate::sampling::Interpolation;
use crate::surface::{Grayordinates, SurfaceLabels};

/// Voxels nearer to x = 0 than this are on neither side.
const MIDLINE_MM: f64 = 1e-3;

/// A label image: a whole number at every voxel, 0 for background.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelImage {
    grid: Grid,
    labels: Array3<u32>,
}

impl LabelImage {
    /// Reads an image. NaN is background; labels that differ from whole numbers only by rounding are rounded.
    ///
    /// # Errors
    /// [`FmriError`] naming the file if it is not a 3-D image of whole numbers of 0 or more.
    pub fn load(path: &Path) -> Result<Self, FmriError> {
        let expected = "one volume of labels: whole numbers, 0 or more";
        let image = Image::load(path)?;
        let volume = image.to_f64_volume().map_err(|_| {
            let found = format!("an image of shape {:?}", image.values().shape());
            FmriError::malformed(path, found, expected)
        })?;
        if let Some(wrong) = volume.iter().find(|v| to_label(**v).is_none()) {
            let expected = format!(
                "{expected}; labels are resampled with nearest neighbours (lpp-resample --interpolation nearest)"
            );
            return Err(FmriError::malformed(path, format!("the value {wrong}"), expected));
        }
        Ok(Self {
            grid: *image.grid(),
            labels: volume.mapv(|v| to_label(v).unwrap_or(0)),
        })
    }

    /// Number of voxels of each label but the background: left of x = 0, on it, and right of it.
    #[must_use]
    pub fn voxels_by_side(&self) -> BTreeMap<u32, [usize; 3]> {
        let mut counts: BTreeMap<u32, [usize; 3]> = BTreeMap::new();
        for ((i, j, k), &label) in self.labels.indexed_iter().filter(|(_, label)| **label != 0) {
            let [x, ..] = transform(self.grid.affine(), [i, j, k].map(|index| index as f64));
            // Affines are stored as f32: a voxel on the midline may differ from 0 by their rounding.
            let side = if x.abs() < MIDLINE_MM {
                1
            } else {
                2 * usize::from(x > 0.0)
            };
            counts.entry(label).or_default()[side] += 1;
        }
        counts
    }
}

/// Labels of the voxels of a mask.
///
/// Any label image can be used. The reference study uses the Harvard–Oxford atlas, `cortl-maxprob-thr0-2mm`, from the
/// data folder of FSL or nilearn.
///
/// ```no_run
/// use lpp_fmri::{Atlas, BrainMask, LabelTable};
///
/// # fn main() -> Result<(), lpp_fmri::FmriError> {
/// let mask = BrainMask::load("masks/mask_lpp_en.nii.gz".as_ref())?;
/// let table = LabelTable::load("HarvardOxford-Cortical-Lateralized.xml".as_ref())?;
/// let image = "HarvardOxford-cortl-maxprob-thr0-2mm.nii.gz";
/// for parcel in Atlas::load(image.as_ref(), &mask)?.parcels(&table) {
///     println!("{}: {} voxels", parcel.name, parcel.voxels.len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Atlas {
    labels: Vec<u32>,
    /// Names that the file itself gives.
    names: LabelTable,
}

/// A labelled region inside a mask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Its value in the label image.
    pub label: u32,
    /// Its name, or the number of the label if the table has no name.
    pub name: String,
    /// Indices of its voxels in masked arrays, ascending.
    pub voxels: Vec<usize>,
}

impl Atlas {
    /// Reads a label image, reorders its axes to x, y, z, and resamples it to the mask's grid by nearest neighbour; of a mask
    /// on surfaces, the labels of its vertices and voxels.
    ///
    /// NaN is background. Labels that differ from whole numbers only by rounding are rounded.
    ///
    /// # Errors
    /// [`FmriError`] naming the file if it is not a 3-D image of whole numbers of 0 or more, or does not overlap the
    /// mask.
    ///
    /// # References
    /// nilearn 0.10.4, `fetch_atlas_harvard_oxford` and `resample_to_img` with nearest interpolation
    pub fn load(path: &Path, mask: &BrainMask) -> Result<Self, FmriError> {
        match mask {
            BrainMask::Surface(_) if BidsName::of(path).is_volume() => {
                let expected = "a .dlabel.nii or .label.gii, as the scans are on surfaces";
                Err(FmriError::malformed(path, "a volume of labels", expected))
            }
            BrainMask::Surface(mask) => {
                let file = SurfaceLabels::load(path)?;
                Ok(Self {
                    labels: file.at(mask.places(), path)?,
                    names: LabelTable { names: file.names },
                })
            }
            BrainMask::Volume(mask) => Self::of_volume(path, mask),
        }
    }

    /// The structures of grayordinates as parcels: both cortices, subcortical structures, the cerebellum.
    #[must_use]
    pub fn of_structures(places: &Grayordinates) -> Self {
        let (mut labels, mut names) = (Vec::with_capacity(places.len()), BTreeMap::new());
        for (label, model) in (1..).zip(places.models()) {
            let name = model.structure.trim_start_matches("CIFTI_STRUCTURE_");
            names.insert(label, name.to_lowercase().replace('_', " "));
            labels.extend(vec![label; model.places.len()]);
        }
        Self {
            labels,
            names: LabelTable { names },
        }
    }

    fn of_volume(path: &Path, mask: &Mask) -> Result<Self, FmriError> {
        let names = LabelTable::default();
        let image = LabelImage::load(path)?;
        let (grid, labels) = upright(image.grid, image.labels.into_dyn())?;
        let resampler = Resampler::new(&grid, mask.grid(), Interpolation::Nearest)
            .map_err(|e| FmriError::malformed(path, e.to_string(), "an atlas that reaches the mask"))?;
        if let Some(shift) = resampler.shift() {
            return Ok(Self {
                names,
                labels: mask
                    .voxels()
                    .iter()
                    .map(|&voxel| moved(&labels, voxel, shift))
                    .collect(),
            });
        }
        let on_mask = Image::new(*mask.grid(), resampler.volume(NumArray::U32(labels))?)?.to_f64_volume()?;
        Ok(Self {
            names,
            labels: mask.apply(&on_mask)?.into_iter().filter_map(to_label).collect(),
        })
    }

    /// The label of every voxel, in the order of masked arrays; 0 is background.
    #[must_use]
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// The parcels that have voxels, by ascending label.
    #[must_use]
    pub fn parcels(&self, table: &LabelTable) -> Vec<Parcel> {
        let mut voxels: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (voxel, &label) in self.labels.iter().enumerate().filter(|(_, label)| **label != 0) {
            voxels.entry(label).or_default().push(voxel);
        }
        voxels
            .into_iter()
            .map(|(label, voxels)| Parcel {
                label,
                name: match table.names.get(&label) {
                    Some(name) => name.clone(),
                    None => self.names.name(label),
                },
                voxels,
            })
            .collect()
    }
}

/// The label of a value: the whole number that it equals to 1e-4 and the precision of a scaled integer. NaN, which some
/// tools write outside the brain, is background.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "compared with the value"
)]
fn to_label(value: f64) -> Option<u32> {
    if value.is_nan() {
        return Some(0);
    }
    let label = value.round() as u32;
    // Relative to the label, which is finite: an infinite value is next to nothing.
    ((f64::from(label) - value).abs() <= 1e-4 + 1e-6 * f64::from(label)).then_some(label)
}

/// The label at a voxel of a grid that differs from the atlas' grid by whole voxels. (The reference may displace the
/// content it copies, see [`crate::crop`].)
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole numbers; a negative one becomes none"
)]
fn moved(labels: &ArrayD<u32>, voxel: [usize; 3], shift: [f64; 3]) -> u32 {
    let place = [0, 1, 2].map(|axis| voxel[axis] as f64 + shift[axis]);
    if place.iter().any(|at| *at < 0.0) {
        return 0;
    }
    labels.get(&place.map(|at| at as usize)[..]).copied().unwrap_or(0)
}

/// Axes in x, y, z order with positive steps, unless they are oblique.
fn upright(grid: Grid, labels: ArrayD<u32>) -> Result<(Grid, ArrayD<u32>), FmriError> {
    let found = labels.shape().to_vec();
    let volume = labels.into_dimensionality().map_err(|_| FmriError::Shape {
        what: "the atlas",
        found,
        expected: grid.shape().to_vec(),
    })?;
    match Reordered::new(&grid, &volume) {
        Ok(upright) => Ok((upright.grid, upright.volume.into_dyn())),
        Err(FmriError::RotatedAffine { .. }) => Ok((grid, volume.into_dyn())),
        Err(other) => Err(other),
    }
}

/// Names of the labels of an atlas.
///
/// ```
/// # fn main() -> Result<(), lpp_fmri::FmriError> {
/// # let path = std::env::temp_dir().join(format!("lpp-doc-labels-{}.xml", std::process::id()));
/// std::fs::write(&path, r#"<label index="0" x="1" y="2" z="3">Left Frontal Pole</label>"#).unwrap();
/// let table = lpp_fmri::LabelTable::load(&path)?;
/// // FSL counts from 0 in the table and from 1 in the image.
/// assert_eq!((table.name(1).as_str(), table.name(7).as_str()), ("Left Frontal Pole", "7"));
/// # std::fs::remove_file(&path).ok();
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabelTable {
    names: BTreeMap<u32, String>,
}

impl LabelTable {
    /// Reads FSL's `.xml`, in which label L names the value L + 1 of the image, or a CSV file with columns `label` and
    /// `name`, in which labels are the values themselves.
    ///
    /// # Errors
    /// [`FmriError`] naming the file if it cannot be read, has no label, or has a label twice.
    pub fn load(path: &Path) -> Result<Self, FmriError> {
        let rows = if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("xml")) {
            xml_labels(path)?
        } else {
            csv_labels(path)?
        };
        let mut names = BTreeMap::new();
        for (label, name) in rows {
            if names.insert(label, name).is_some() {
                return Err(FmriError::malformed(
                    path,
                    format!("two names of label {label}"),
                    "one name for each label",
                ));
            }
        }
        Ok(Self { names })
    }

    /// The name of a label; its number if it has no name.
    #[must_use]
    pub fn name(&self, label: u32) -> String {
        self.names
            .get(&label)
            .cloned()
            .unwrap_or_else(|| label.to_string())
    }

    /// Number of names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether the table is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

fn csv_labels(path: &Path) -> Result<Vec<(u32, String)>, FmriError> {
    let table = CsvTable::load(path)?;
    let labels = table.text("label")?.into_iter().map(|text| {
        text.parse().map_err(|_| {
            FmriError::malformed(path, format!("the label {text:?}"), "a whole number of 0 or more")
        })
    });
    let labels = labels.collect::<Result<Vec<u32>, _>>()?;
    Ok(labels.into_iter().zip(table.text("name")?).collect())
}

/// The `label` elements of an FSL atlas. The files are flat lists, so a full XML parser is not needed.
fn xml_labels(path: &Path) -> Result<Vec<(u32, String)>, FmriError> {
    let expected = "elements <label index=\"N\" ...>NAME</label>";
    let text = lpp_files::read_input_text(path).map_err(FmriError::read(path))?;
    let label = |element: &str| {
        let (attributes, rest) = element.split_once('>')?;
        let (name, _) = rest.split_once("</label")?;
        let (_, index) = attributes.split_once("index=")?;
        let quote = index.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let index: u32 = index[1..].split(quote).next()?.trim().parse().ok()?;
        Some((index.checked_add(1)?, unescaped(name.trim())))
    };
    let elements = text
        .split("<label")
        .skip(1)
        .filter(|e| e.starts_with(char::is_whitespace));
    let labels: Option<Vec<_>> = elements.map(label).collect();
    match labels {
        Some(labels) if !labels.is_empty() => Ok(labels),
        Some(_) => Err(FmriError::malformed(path, "no label", expected)),
        None => Err(FmriError::malformed(path, "a damaged label", expected)),
    }
}

fn unescaped(text: &str) -> String {
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&apos;", "'"),
        ("&quot;", "\""),
        ("&amp;", "&"),
    ];
    entities.iter().fold(text.to_owned(), |text, (entity, plain)| {
        text.replace(entity, plain)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affine::diagonal_affine;
    use ndarray::Array3;

    fn mask() -> Mask {
        let grid = Grid::new([3, 2, 2], diagonal_affine([4.0; 3], [-4.0, 0.0, 0.0])).unwrap();
        Mask::new(grid, Array3::from_elem((3, 2, 2), true)).unwrap()
    }

    /// Labels on a 2 mm grid whose x runs from right to left, as FSL's do.
    fn atlas_of(labels: &Array3<i16>) -> Result<Atlas, FmriError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("atlas.nii.gz");
        let (i, j, k) = labels.dim();
        let grid = Grid::new([i, j, k], diagonal_affine([-2.0, 2.0, 2.0], [4.0, 0.0, 0.0])).unwrap();
        Image::new(grid, labels.clone().into_dyn().mapv(i32::from))
            .unwrap()
            .save(&path)
            .unwrap();
        Atlas::load(&path, &BrainMask::Volume(mask()))
    }

    #[test]
    fn labels_reach_the_voxels_of_the_mask() {
        // x = 4, 2, 0, −2, −4 along i.
        let labels =
            Array3::from_shape_fn((5, 3, 3), |(i, j, _)| if j == 2 { 0 } else { [9, 8, 5, 2, 1][i] });
        let atlas = atlas_of(&labels).unwrap();
        assert_eq!(atlas.labels(), [1, 1, 0, 0, 5, 5, 0, 0, 9, 9, 0, 0]);
        let table = LabelTable::default();
        let parcels = atlas.parcels(&table);
        assert_eq!(parcels.iter().map(|p| p.label).collect::<Vec<_>>(), [1, 5, 9]);
        assert_eq!(parcels[1].voxels, [4, 5]);
    }

    #[test]
    fn negative_labels_are_refused() {
        let error = atlas_of(&Array3::from_elem((5, 3, 3), -1))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("atlas.nii.gz") && error.contains("the value -1"),
            "{error}"
        );
    }

    #[test]
    fn tables_come_as_xml_or_csv() {
        let folder = tempfile::tempdir().unwrap();
        let load = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            LabelTable::load(&path)
        };
        let xml = "<atlas><data>\n<label index=\"0\" x=\"3\">Left A &amp; B</label>\n<label index='1'>Right</label></data>";
        let table = load("a.xml", xml).unwrap();
        assert_eq!(
            (table.len(), table.name(1), table.name(2)),
            (2, "Left A & B".into(), "Right".into())
        );
        let table = load("a.csv", "label,name\n3,X\n").unwrap();
        assert_eq!((table.name(3), table.name(4)), ("X".into(), "4".into()));
        for (name, text, part) in [
            ("b.xml", "<atlas></atlas>", "no label"),
            ("b.xml", "<label index=\"x\">A</label>", "a damaged label"),
            ("b.xml", "<label index=\"1\">A", "a damaged label"),
            ("b.csv", "label,name\n-3,X\n", "the label \"-3\""),
            ("b.csv", "label,name\n3,X\n3,Y\n", "two names of label 3"),
            ("b.csv", "name\nX\n", "a column label"),
        ] {
            let message = load(name, text).unwrap_err().to_string();
            assert!(message.contains(part) && message.contains(name), "{message}");
        }
    }

    #[test]
    fn sides_of_labels_are_those_of_their_voxels() {
        // x = 4.0005, 2.0005, …, −3.9995 mm along i: the middle slab is 0 but for rounding.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.nii");
        let grid = Grid::new([5, 2, 1], diagonal_affine([-2.0, 2.0, 2.0], [4.0005, 0.0, 0.0])).unwrap();
        let labels: Array3<u8> =
            Array3::from_shape_fn((5, 2, 1), |(i, j, _)| [[7, 7, 7, 7, 0], [3, 7, 0, 3, 3]][j][i]);
        Image::new(grid, labels.into_dyn().mapv(f32::from))
            .unwrap()
            .save(&path)
            .unwrap();
        let counts = LabelImage::load(&path).unwrap().voxels_by_side();
        // Of label 3: one at 4 mm, two at −2 and −4 mm.
        assert_eq!(
            counts.into_iter().collect::<Vec<_>>(),
            [(3, [2, 0, 1]), (7, [1, 1, 3])]
        );
    }

    #[test]
    fn labels_are_whole_numbers_up_to_rounding() {
        for (value, label) in [
            (0.0, Some(0)),
            (f64::NAN, Some(0)),
            (7.0, Some(7)),
            (7.00009, Some(7)),
            (6.9999, Some(7)),
            (1000.001, Some(1000)),
            (-0.00005, Some(0)),
            (7.0002, None),
            (1000.0012, None),
            (-1.0, None),
            (f64::INFINITY, None),
            (f64::NEG_INFINITY, None),
            (5e9, None),
        ] {
            assert_eq!(to_label(value), label, "{value}");
        }
        // The tolerance itself counts.
        assert_eq!(to_label(-1e-4), Some(0));
        assert_eq!(to_label(-1e-4_f64.next_up()), None);
    }

    #[test]
    fn a_mask_may_reach_beyond_an_atlas_of_its_own_voxels() {
        // The atlas lies one voxel higher in x, two lower in y.
        let labels = ArrayD::from_shape_fn(vec![2, 3, 1], |p| u32::try_from(10 * p[0] + p[1] + 1).unwrap());
        let at = |i: usize, j: usize, k: usize| moved(&labels, [i, j, k], [-1.0, 2.0, 0.0]);
        assert_eq!(
            [at(0, 0, 0), at(1, 0, 0), at(2, 0, 0), at(3, 0, 0)],
            [0, 3, 13, 0]
        );
        assert_eq!([at(1, 1, 0), at(1, 0, 1)], [0, 0]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("atlas.nii");
        let grid = Grid::new([3, 2, 2], diagonal_affine([4.0; 3], [0.0, 0.0, 0.0])).unwrap();
        let image = Array3::from_shape_fn((3, 2, 2), |(i, ..)| [5.0_f32, 6.0, 7.0][i]);
        Image::new(grid, image.into_dyn()).unwrap().save(&path).unwrap();
        let atlas = Atlas::load(&path, &BrainMask::Volume(mask())).unwrap();
        // x = −4 mm is beside it.
        assert_eq!(atlas.labels(), [0, 0, 0, 0, 5, 5, 5, 5, 6, 6, 6, 6]);
    }

    #[test]
    fn names_come_from_the_table_or_are_the_numbers() {
        let empty = LabelTable::default();
        assert_eq!((empty.len(), empty.is_empty()), (0, true));
        let table = LabelTable {
            names: BTreeMap::from([(9, "Nine".to_owned())]),
        };
        assert!(!table.is_empty());
        let labels =
            Array3::from_shape_fn((5, 3, 3), |(i, j, _)| if j == 2 { 0 } else { [9, 8, 5, 2, 1][i] });
        let names: Vec<String> = atlas_of(&labels)
            .unwrap()
            .parcels(&table)
            .into_iter()
            .map(|parcel| parcel.name)
            .collect();
        assert_eq!(names, ["1", "5", "Nine"]);
        assert_eq!(unescaped("a &lt;&gt;&apos;&quot;&amp;lt; b"), "a <>'\"&lt; b");
    }

    #[test]
    fn a_volume_of_labels_is_no_atlas_of_surfaces() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("atlas.nii.gz");
        let places = Grayordinates::of_hemispheres([2, 2], &path).unwrap();
        let name = Path::new("mask.dscalar.nii");
        let mask = crate::surface::SurfaceMask::new(places, &[true; 4], name).unwrap();
        let error = Atlas::load(&path, &BrainMask::Surface(mask))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("atlas.nii.gz: found a volume of labels"),
            "{error}"
        );
    }
}
