//! A little study on the disk, with effects that are known.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    dead_code,
    reason = "shared by test programs that use different parts; scores are stored in single precision"
)]

use std::path::Path;

use lpp_files::npy;
use lpp_fmri::{Grid, Image, Mask};
use lpp_study::{Language, ModelKind, Scores, ScoresInfo, Study};
use ndarray::{Array2, Array3};

/// Side of the mask, voxels; i = 4 is the midline.
const SHAPE: [usize; 3] = [9, 10, 8];

/// A study that is being made.
pub(crate) struct ToyStudy {
    folder: tempfile::TempDir,
    mask: Mask,
}

impl ToyStudy {
    /// A folder with a mask: an ellipsoid, symmetric about x = 0.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let affine = [
            [4.0, 0.0, 0.0, -16.0],
            [0.0, 4.0, 0.0, -20.0],
            [0.0, 0.0, 4.0, -12.0],
            [0.0, 0.0, 0.0, 1.0],
        ];
        let inside = Array3::from_shape_fn(SHAPE, |(i, j, k)| {
            let [x, y, z] = [
                (i as f64 - 4.0) / 4.2,
                (j as f64 - 4.5) / 4.8,
                (k as f64 - 3.5) / 3.8,
            ];
            x * x + y * y + z * z <= 1.0
        });
        let mask = Mask::new(Grid::new(SHAPE, affine).unwrap(), inside).unwrap();
        std::fs::create_dir_all(folder.path().join("masks")).unwrap();
        std::fs::create_dir_all(folder.path().join("scores")).unwrap();
        let toy = Self { folder, mask };
        toy.mask.save(&toy.study().mask(Language::English)).unwrap();
        toy
    }

    /// A folder with the same kind of mask stored on another grid: its voxels are those of `grid` that `inside` likes.
    pub(crate) fn on(grid: Grid, inside: impl Fn([f64; 3]) -> bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [i, j, k] = grid.shape();
        let inside = Array3::from_shape_fn((i, j, k), |(i, j, k)| inside(grid.world([i, j, k])));
        for name in ["masks", "scores", "roi_masks", "atlas"] {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let mask = Mask::new(grid, inside).unwrap();
        let toy = Self { folder, mask };
        toy.mask.save(&toy.study().mask(Language::English)).unwrap();
        toy
    }

    /// Writes an image on the mask's grid, of what `of` says of world coordinates.
    pub(crate) fn with_image(self, path: &str, of: impl Fn([f64; 3]) -> f64) -> Self {
        let grid = *self.mask.grid();
        let [i, j, k] = grid.shape();
        let volume = Array3::from_shape_fn((i, j, k), |(i, j, k)| of(grid.world([i, j, k])));
        Image::new(grid, volume.into_dyn())
            .unwrap()
            .save(&self.path().join(path))
            .unwrap();
        self
    }

    /// World coordinates of the voxels.
    pub(crate) fn places(&self) -> Vec<[f64; 3]> {
        self.mask.world_coordinates()
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn study(&self) -> Study {
        Study::open(self.folder.path()).unwrap()
    }

    pub(crate) fn n_voxels(&self) -> usize {
        self.mask.n_voxels()
    }

    /// Inter-subject correlation that rises along y, four trials.
    pub(crate) fn with_isc(self) -> Self {
        let n = self.n_voxels();
        let places = self.mask.world_coordinates();
        let isc = Array2::from_shape_fn((4, n), |(trial, v)| {
            (0.4 + places[v][1] / 100.0 + 0.001 * trial as f64) as f32
        });
        npy::save(&self.study().isc(Language::English), &isc).unwrap();
        self
    }

    /// A region of the left hemisphere: voxels with x < −6 mm.
    pub(crate) fn with_roi(self, name: &str) -> Self {
        let mut volume = Array3::<f64>::zeros(SHAPE);
        for (voxel, place) in self.mask.voxels().iter().zip(self.mask.world_coordinates()) {
            if place[0] < -6.0 {
                volume[*voxel] = 1.0;
            }
        }
        let path = self.study().roi_mask(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        Image::new(*self.mask.grid(), volume.into_dyn())
            .unwrap()
            .save(&path)
            .unwrap();
        self
    }

    /// A model whose score is `level` everywhere, `level + lateral` in the left half of the array, in its middle layer.
    pub(crate) fn with_model(
        self,
        name: &str,
        kind: ModelKind,
        n_parameters: Option<u64>,
        level: f64,
        lateral: f64,
    ) -> Self {
        let n = self.n_voxels();
        let values = Array2::from_shape_fn((3, n), |(layer, v)| {
            let side = if v < n / 2 { lateral } else { 0.0 };
            ((level + side) * [0.5, 1.0, 0.8][layer]) as f32
        });
        self.with_scores(name, kind, n_parameters, values)
    }

    pub(crate) fn with_scores(
        self,
        name: &str,
        kind: ModelKind,
        n_parameters: Option<u64>,
        values: Array2<f32>,
    ) -> Self {
        let n_layers = values.nrows();
        let info = ScoresInfo {
            model: name.to_owned(),
            lang: Language::English,
            subject: "average".to_owned(),
            kind,
            family: name.split('-').next().map(str::to_owned),
            n_parameters,
            n_hidden: vec![8; n_layers],
            n_runs: 9,
            n_voxels: values.ncols(),
            mask_sha256: None,
            words_sha256: None,
            transfer: None,
            alphas: vec![1.0],
            alpha_index: vec![vec![0; 9]; n_layers],
            alpha_counts: Vec::new(),
            test_folds: Vec::new(),
            terms: lpp_study::FitTerms::default(),
            fold_means: vec![vec![0.1; 9]; n_layers],
            n_nan_voxels: vec![0; n_layers],
            wall_s: vec![0.1; n_layers],
        };
        Scores { values, info }
            .save(&self.study().scores(name, Language::English))
            .unwrap();
        self
    }

    /// Five models of two families whose score and asymmetry grow by 0.01 and 0.004 per unit of ln(parameters), and baselines.
    pub(crate) fn full() -> Self {
        let mut toy = Self::new().with_isc().with_roi("TP");
        for (name, n_parameters) in [
            ("gpt2-s", 1_000_u64),
            ("gpt2-m", 5_000),
            ("llama-s", 20_000),
            ("gpt2-l", 100_000),
            ("llama-l", 1_000_000),
        ] {
            let size = (n_parameters as f64).ln();
            toy = toy.with_model(
                name,
                ModelKind::Model,
                Some(n_parameters),
                0.01 * size,
                0.004 * size,
            );
        }
        for seed in 1..=2 {
            toy = toy.with_model(
                &format!("random_vector_8d_seed{seed}"),
                ModelKind::Baseline,
                None,
                0.02,
                0.0,
            );
        }
        toy.with_model("glove", ModelKind::Baseline, None, 0.03, -0.001)
    }
}
