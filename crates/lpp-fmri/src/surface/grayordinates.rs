//! Places of the brain that values belong to: vertices of two hemispheres, and voxels.

use std::collections::BTreeMap;
use std::path::Path;

use super::mesh::Mesh;
use crate::FmriError;
use crate::grid::Grid;
use crate::homotopic::HomotopicPair;
use crate::mask::Mask;

/// The places of one structure.
#[derive(Debug, Clone, PartialEq)]
pub enum Places {
    /// Vertices of a mesh.
    Vertices {
        /// Number of vertices of the whole mesh.
        n_mesh: usize,
        /// The vertices that have values.
        vertices: Vec<usize>,
    },
    /// Voxels of the volume.
    Voxels(Vec<[usize; 3]>),
}

impl Places {
    /// Number of places.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Vertices { vertices, .. } => vertices.len(),
            Self::Voxels(voxels) => voxels.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A structure of the brain and its places.
#[derive(Debug, Clone, PartialEq)]
pub struct BrainModel {
    /// The structure in the terms of CIFTI: `CIFTI_STRUCTURE_CORTEX_LEFT`.
    pub structure: String,
    /// Its places, in the order of the values.
    pub places: Places,
}

/// The side of a structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

impl BrainModel {
    /// The side, and the structure without it; `None` for one that has no side.
    fn sided(&self) -> Option<(Side, &str)> {
        let left = self
            .structure
            .strip_suffix("_LEFT")
            .map(|base| (Side::Left, base));
        left.or_else(|| {
            self.structure
                .strip_suffix("_RIGHT")
                .map(|base| (Side::Right, base))
        })
    }
}

/// The places of the columns of a table of values: all vertices of two hemispheres, or those vertices and voxels of a CIFTI
/// file.
#[derive(Debug, Clone, PartialEq)]
pub struct Grayordinates {
    models: Vec<BrainModel>,
    volume: Option<Grid>,
}

/// The structures of the two cortices.
pub(super) const CORTICES: [&str; 2] = ["CIFTI_STRUCTURE_CORTEX_LEFT", "CIFTI_STRUCTURE_CORTEX_RIGHT"];

impl Grayordinates {
    /// The structures in the order of their values, and the grid of their voxels.
    ///
    /// # Errors
    /// [`FmriError`] naming `file` if there is no place, a place is outside its mesh or grid or stands twice, or there are
    /// voxels without a grid.
    pub fn new(models: Vec<BrainModel>, volume: Option<Grid>, file: &Path) -> Result<Self, FmriError> {
        for model in &models {
            let fault = match &model.places {
                Places::Vertices { n_mesh, vertices } => {
                    fault_of(vertices.iter().map(|vertex| (*vertex, vertex < n_mesh)))
                }
                Places::Voxels(voxels) => match volume {
                    Some(grid) => fault_of(voxels.iter().map(|voxel| (*voxel, inside(&grid, *voxel)))),
                    None => Some("voxels without a volume".to_owned()),
                },
            };
            if let Some(fault) = fault {
                let found = format!("{fault} in {}", model.structure);
                return Err(FmriError::malformed(
                    file,
                    found,
                    "each place of a mesh or volume once",
                ));
            }
        }
        if models.iter().all(|model| model.places.is_empty()) {
            return Err(FmriError::malformed(
                file,
                "no vertex and no voxel",
                "places of the brain",
            ));
        }
        Ok(Self { models, volume })
    }

    /// All vertices of two meshes, left before right.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_hemispheres(n_vertices: [usize; 2], file: &Path) -> Result<Self, FmriError> {
        let models = CORTICES
            .iter()
            .zip(n_vertices)
            .map(|(structure, n_mesh)| BrainModel {
                structure: (*structure).to_owned(),
                places: Places::Vertices {
                    n_mesh,
                    vertices: (0..n_mesh).collect(),
                },
            });
        Self::new(models.collect(), None, file)
    }

    /// The places at some columns, in ascending order; structures without one are left out.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub(super) fn only(&self, columns: &[usize], file: &Path) -> Result<Self, FmriError> {
        let mut models = Vec::new();
        for (start, model) in self.with_starts() {
            let end = start + model.places.len();
            let own = columns.iter().filter(|column| (start..end).contains(*column));
            let own: Vec<usize> = own.map(|column| column - start).collect();
            let places = match &model.places {
                Places::Vertices { n_mesh, vertices } => Places::Vertices {
                    n_mesh: *n_mesh,
                    vertices: own.iter().map(|&at| vertices[at]).collect(),
                },
                Places::Voxels(voxels) => Places::Voxels(own.iter().map(|&at| voxels[at]).collect()),
            };
            if !places.is_empty() {
                let structure = model.structure.clone();
                models.push(BrainModel { structure, places });
            }
        }
        Self::new(models, self.volume, file)
    }

    /// What is different in the first structure that differs, here and in `other`, in words.
    #[must_use]
    pub(super) fn first_difference(&self, other: &Self) -> (String, String) {
        let described = |model: Option<&BrainModel>| {
            let Some(model) = model else {
                return "no further structure".to_owned();
            };
            let n = model.places.len();
            match &model.places {
                Places::Vertices { n_mesh, .. } => format!("{n} of {n_mesh} vertices of {}", model.structure),
                Places::Voxels(_) => format!("{n} voxels of {}", model.structure),
            }
        };
        let n = self.models.len().max(other.models.len());
        let differs = |at: &usize| self.models.get(*at) != other.models.get(*at);
        match (0..n).find(differs) {
            Some(at) => {
                let [found, expected] = [self, other].map(|places| described(places.models.get(at)));
                if found == expected {
                    (format!("other {found}"), "the same ones".to_owned())
                } else {
                    (found, expected)
                }
            }
            None => ("voxels on another grid".to_owned(), "the same grid".to_owned()),
        }
    }

    /// What is different if a structure has another mesh than in `other`, or voxels are on another grid, in words.
    pub(super) fn other_mesh(&self, other: &Self) -> Option<(String, String)> {
        let mesh_of = |model: &BrainModel| match &model.places {
            Places::Vertices { n_mesh, .. } => Some(*n_mesh),
            Places::Voxels(_) => None,
        };
        for model in &self.models {
            let same = |with: &&BrainModel| with.structure == model.structure;
            let meshes = (mesh_of(model), other.models.iter().find(same).and_then(mesh_of));
            if let (Some(found), Some(expected)) = meshes
                && found != expected
            {
                let found = format!("a mesh of {found} vertices for {}", model.structure);
                return Some((found, format!("{expected}, as the mask has")));
            }
        }
        match (&self.volume, &other.volume) {
            (Some(found), Some(expected)) if !found.matches(expected) => Some((
                format!("voxels on another grid ({found})"),
                format!("the grid of the mask ({expected})"),
            )),
            _ => None,
        }
    }

    /// World coordinates of the voxels, in mm; NaN for vertices, whose meshes are not known.
    #[must_use]
    pub fn world_coordinates(&self) -> Vec<[f64; 3]> {
        let of = |model: &BrainModel| match (&model.places, &self.volume) {
            (Places::Voxels(voxels), Some(grid)) => voxels.iter().map(|&voxel| grid.world(voxel)).collect(),
            (places, _) => vec![[f64::NAN; 3]; places.len()],
        };
        self.models.iter().flat_map(of).collect()
    }

    /// The structures in the order of their values.
    #[must_use]
    pub fn models(&self) -> &[BrainModel] {
        &self.models
    }

    /// The grid of the voxels, if there are any.
    #[must_use]
    pub fn volume(&self) -> Option<&Grid> {
        self.volume.as_ref()
    }

    /// Number of places: columns of the values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.models.iter().map(|model| model.places.len()).sum()
    }

    /// Whether there is no place; never true.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The columns of the left and of the right side, by the names of the structures. Structures without a side are in
    /// neither.
    #[must_use]
    pub fn sides(&self) -> [Vec<usize>; 2] {
        let mut sides = [Vec::new(), Vec::new()];
        for (start, model) in self.with_starts() {
            let columns = start..start + model.places.len();
            match model.sided() {
                Some((Side::Left, _)) => sides[0].extend(columns),
                Some((Side::Right, _)) => sides[1].extend(columns),
                None => {}
            }
        }
        sides
    }

    /// The pairs of homotopic places, by ascending left column: a vertex and its namesake of the other side, if the meshes
    /// are symmetric in that sense (`fs_LR`), and mirrored voxels of structures that have both sides.
    ///
    /// `None` if the space is not one whose meshes are symmetric: there, a vertex of the left mesh has no counterpart on the
    /// right without a registration between the sides.
    ///
    /// # References
    /// D. C. Van Essen et al. (2012), Parcellations and hemispheric asymmetries of human cerebral cortex,
    /// <https://doi.org/10.1093/cercor/bhr291>
    #[must_use]
    pub fn homotopic_pairs(&self, space: &str) -> Option<Vec<HomotopicPair>> {
        if !is_symmetric(space) {
            return None;
        }
        let mut pairs = Vec::new();
        let models: Vec<(usize, &BrainModel)> = self.with_starts().collect();
        for (left_start, left) in &models {
            let Some((Side::Left, base)) = left.sided() else {
                continue;
            };
            for (right_start, right) in &models {
                if right.sided() == Some((Side::Right, base)) {
                    pairs.extend(paired_vertices(
                        *left_start,
                        &left.places,
                        *right_start,
                        &right.places,
                    ));
                }
            }
        }
        pairs.extend(self.paired_voxels().unwrap_or_default());
        pairs.sort_by_key(|pair| pair.left);
        Some(pairs)
    }

    /// Each place by its structure, and by its vertex or voxel there.
    pub(crate) fn named(&self) -> Vec<(&str, [usize; 3])> {
        let of = |model: &BrainModel| -> Vec<[usize; 3]> {
            match &model.places {
                Places::Vertices { vertices, .. } => vertices.iter().map(|&vertex| [vertex, 0, 0]).collect(),
                Places::Voxels(voxels) => voxels.clone(),
            }
        };
        let models = self.models.iter();
        let named = models.map(|model| (model.structure.as_str(), of(model)));
        named
            .flat_map(|(structure, places)| places.into_iter().map(move |place| (structure, place)))
            .collect()
    }

    fn with_starts(&self) -> impl Iterator<Item = (usize, &BrainModel)> {
        self.models.iter().scan(0, |start, model| {
            let here = *start;
            *start += model.places.len();
            Some((here, model))
        })
    }

    /// World coordinates of all places in mm, those of cortical vertices on the meshes of the left and right hemisphere; NaN for
    /// vertices of other structures. Errors name `file`.
    ///
    /// # Errors
    /// [`FmriError`] if a mesh has another number of vertices.
    pub fn places_on(&self, meshes: [&Mesh; 2], file: &Path) -> Result<Vec<[f64; 3]>, FmriError> {
        let mut places = self.world_coordinates();
        for (start, model) in self.with_starts() {
            let side = CORTICES.iter().position(|cortex| *cortex == model.structure);
            let (Some(side), Places::Vertices { n_mesh, vertices }) = (side, &model.places) else {
                continue;
            };
            let on_mesh = meshes[side].vertices();
            if on_mesh.len() != *n_mesh {
                let found = format!("a mesh of {} vertices", on_mesh.len());
                let expected = format!("{n_mesh}, as {} of the scans has", model.structure);
                return Err(FmriError::malformed(file, found, expected));
            }
            for (place, vertex) in places[start..].iter_mut().zip(vertices) {
                *place = on_mesh[*vertex];
            }
        }
        Ok(places)
    }

    /// The voxels as the mask of a volume, and the column of each of its voxels; `None` if there are none.
    #[must_use]
    pub fn volume_part(&self) -> Option<(Mask, Vec<usize>)> {
        let grid = self.volume?;
        let mut inside = ndarray::Array3::from_elem(grid.shape(), false);
        let mut columns: BTreeMap<[usize; 3], usize> = BTreeMap::new();
        for (start, model) in self.with_starts() {
            if let Places::Voxels(voxels) = &model.places {
                for (column, voxel) in (start..).zip(voxels) {
                    inside[*voxel] = true;
                    columns.insert(*voxel, column);
                }
            }
        }
        let mask = Mask::new(grid, inside).ok()?;
        let columns = mask.voxels().iter().map(|voxel| columns[voxel]).collect();
        Some((mask, columns))
    }

    /// The structure that a column belongs to.
    fn model_of(&self, column: usize) -> Option<&BrainModel> {
        let mut models = self.with_starts();
        let found = models.find(|(start, model)| (*start..start + model.places.len()).contains(&column));
        found.map(|(_, model)| model)
    }

    /// Mirrored voxels of a structure of both sides; `None` if voxels have no mirror images.
    fn paired_voxels(&self) -> Option<Vec<HomotopicPair>> {
        let (mask, columns) = self.volume_part()?;
        let found = mask.homotopic_pairs().ok()?.into_iter().filter_map(|pair| {
            let (left, right) = (columns[pair.left], columns[pair.right]);
            let (one, other) = (self.model_of(left)?, self.model_of(right)?);
            let ((Side::Left, base), (Side::Right, mirrored)) = (one.sided()?, other.sided()?) else {
                return None;
            };
            (base == mirrored).then_some(HomotopicPair { left, right })
        });
        Some(found.collect())
    }
}

fn paired_vertices(
    left_start: usize,
    left: &Places,
    right_start: usize,
    right: &Places,
) -> Vec<HomotopicPair> {
    let (
        Places::Vertices { n_mesh, vertices },
        Places::Vertices {
            n_mesh: n_other,
            vertices: others,
        },
    ) = (left, right)
    else {
        return Vec::new();
    };
    if n_mesh != n_other {
        return Vec::new();
    }
    let right_columns: BTreeMap<usize, usize> = others.iter().copied().zip(right_start..).collect();
    let columns = vertices.iter().zip(left_start..);
    columns
        .filter_map(|(vertex, left)| {
            let right = *right_columns.get(vertex)?;
            Some(HomotopicPair { left, right })
        })
        .collect()
}

/// Whether vertices of the same number are homotopic in a space.
fn is_symmetric(space: &str) -> bool {
    let plain: String = space.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    plain.starts_with("fslr") || plain == "fsaveragesym"
}

fn inside(grid: &Grid, voxel: [usize; 3]) -> bool {
    voxel
        .iter()
        .zip(grid.shape())
        .all(|(index, length)| *index < length)
}

/// A place outside, or one that is there twice.
fn fault_of<P: Ord + std::fmt::Debug + Copy>(places: impl Iterator<Item = (P, bool)>) -> Option<String> {
    let mut seen = Vec::new();
    for (place, inside) in places {
        if !inside {
            return Some(format!("the place {place:?} outside"));
        }
        seen.push(place);
    }
    seen.sort_unstable();
    let twice = seen.windows(2).find(|pair| pair[0] == pair[1])?;
    Some(format!("the place {:?} twice", twice[0]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affine::diagonal_affine;

    fn vertices(side: &str, n_mesh: usize, vertices: &[usize]) -> BrainModel {
        BrainModel {
            structure: format!("CIFTI_STRUCTURE_CORTEX_{side}"),
            places: Places::Vertices {
                n_mesh,
                vertices: vertices.to_vec(),
            },
        }
    }

    fn voxels(structure: &str, voxels: &[[usize; 3]]) -> BrainModel {
        BrainModel {
            structure: format!("CIFTI_STRUCTURE_{structure}"),
            places: Places::Voxels(voxels.to_vec()),
        }
    }

    fn brain() -> Grayordinates {
        let grid = Grid::new([5, 3, 3], diagonal_affine([2.0; 3], [-4.0, 0.0, 0.0])).unwrap();
        let models = vec![
            vertices("LEFT", 8, &[0, 2, 5, 7]),
            vertices("RIGHT", 8, &[7, 1, 2]),
            voxels("BRAIN_STEM", &[[2, 0, 0]]),
            voxels("PUTAMEN_LEFT", &[[1, 1, 1], [0, 1, 1]]),
            voxels("CAUDATE_RIGHT", &[[4, 1, 1]]),
            voxels("PUTAMEN_RIGHT", &[[3, 1, 1]]),
        ];
        Grayordinates::new(models, Some(grid), Path::new("a.dscalar.nii")).unwrap()
    }

    #[test]
    fn sides_and_pairs_follow_the_structures() {
        let brain = brain();
        assert_eq!(brain.sides(), [vec![0, 1, 2, 3, 8, 9], vec![4, 5, 6, 10, 11]]);
        let pairs = brain.homotopic_pairs("fsLR").unwrap();
        let pairs: Vec<_> = pairs.iter().map(|pair| (pair.left, pair.right)).collect();
        // Vertices 2 and 7; the putamen at x = −2 and 2 mm. The voxel at −4 mm lies opposite of another structure.
        assert_eq!(pairs, [(1, 6), (3, 4), (8, 11)]);
        assert_eq!(brain.homotopic_pairs("fsaverage5"), None);
        assert!(brain.homotopic_pairs("fs_LR_32k").is_some());
    }

    #[test]
    fn vertices_lie_on_their_mesh_and_voxels_in_their_volume() {
        let mesh = |shift: f64| {
            let vertices = (0..8).map(|i| [shift, f64::from(i), 1.0]).collect();
            Mesh::new(vertices, vec![[0, 1, 2]], Path::new("mesh")).unwrap()
        };
        let (left, right, file) = (mesh(-10.0), mesh(10.0), Path::new("meshes"));
        let places = brain().places_on([&left, &right], file).unwrap();
        assert_eq!(places[1], [-10.0, 2.0, 1.0]);
        assert_eq!(places[4], [10.0, 7.0, 1.0]);
        assert_eq!(places[7], [0.0, 0.0, 0.0], "the brain stem");
        let (part, columns) = brain().volume_part().unwrap();
        // C order: x slowest.
        assert_eq!(columns, [9, 8, 7, 11, 10]);
        assert_eq!(part.voxels()[2], [2, 0, 0]);
        let few = Mesh::new(vec![[0.0; 3]; 3], vec![[0, 1, 2]], Path::new("mesh")).unwrap();
        let error = brain().places_on([&left, &few], file).unwrap_err().to_string();
        assert!(
            error.contains("3 vertices, expected 8, as CIFTI_STRUCTURE_CORTEX_RIGHT"),
            "{error}"
        );
    }

    #[test]
    fn places_must_exist_once() {
        let grid = Grid::new([2, 2, 2], diagonal_affine([2.0; 3], [0.0; 3])).unwrap();
        for (model, volume, said) in [
            (vertices("LEFT", 3, &[0, 3]), None, "3 outside"),
            (vertices("LEFT", 3, &[1, 0, 1]), None, "1 twice"),
            (vertices("LEFT", 3, &[]), None, "no vertex"),
            (
                voxels("PUTAMEN_LEFT", &[[0, 2, 0]]),
                Some(grid),
                "[0, 2, 0] outside",
            ),
            (voxels("PUTAMEN_LEFT", &[[0, 1, 0]]), None, "without a volume"),
        ] {
            let error = Grayordinates::new(vec![model], volume, Path::new("a.nii"))
                .unwrap_err()
                .to_string();
            assert!(error.contains("a.nii: found") && error.contains(said), "{error}");
        }
    }

    #[test]
    fn parcels_of_structures_are_named_and_cover_all_places() {
        use crate::atlas::{Atlas, LabelTable};

        let atlas = Atlas::of_structures(&brain());
        assert_eq!(atlas.labels(), [1, 1, 1, 1, 2, 2, 2, 3, 4, 4, 5, 6]);
        let parcels = atlas.parcels(&LabelTable::default());
        assert_eq!(
            (parcels[3].name.as_str(), &parcels[3].voxels[..]),
            ("putamen left", &[8, 9][..])
        );
        assert_eq!(parcels.len(), 6);
    }

    #[test]
    fn there_are_as_many_places_as_in_all_structures() {
        let brain = brain();
        assert_eq!((brain.len(), brain.is_empty()), (12, false));
        let empty = Places::Voxels(Vec::new());
        assert!(empty.is_empty() && !brain.models()[2].places.is_empty());
        assert_eq!(brain.models()[3].places.len(), 2);
        // Vertices of meshes of other sizes are no pairs.
        let sides = vec![vertices("LEFT", 8, &[2]), vertices("RIGHT", 9, &[2])];
        let other = Grayordinates::new(sides, None, Path::new("a.dscalar.nii")).unwrap();
        assert_eq!(other.homotopic_pairs("fsLR"), Some(Vec::new()));
    }
}
