//! What a fit may compute beyond its scores: joint fits with controls, nulls, exchanged sides.

use std::path::PathBuf;

use lpp_study::{AlphaScope, Penalties, Space};

use crate::Choice;

/// How the controls of a joint fit share a penalty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ControlBands {
    /// All controls are one band.
    #[default]
    One,
    /// Each control is a band, with a weight of its own.
    Each,
}

impl Choice for ControlBands {
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Self::One, "one", "All controls share a penalty"),
        (
            Self::Each,
            "each",
            "Each control has a penalty of its own, found without the layer",
        ),
    ];
}

/// The permutations of the scans of a run in nulls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullOrder {
    /// Circular shifts by any number of scans.
    Circular,
    /// Permutations of blocks of that many scans.
    Blocks(usize),
}

impl NullOrder {
    /// The form in records: `circular`, `blocks:15`.
    #[must_use]
    pub fn recorded(self) -> String {
        match self {
            Self::Circular => "circular".to_owned(),
            Self::Blocks(n_scans) => format!("blocks:{n_scans}"),
        }
    }
}

/// A joint fit of one layer with controls.
#[derive(Debug, Clone, PartialEq)]
pub struct JointFit {
    /// The controls as given to `--controls`.
    pub asked: Vec<String>,
    /// Name and activations of each control.
    pub controls: Vec<(String, PathBuf)>,
    /// Ratios of the layer's band to that of the controls, 1 for equal traces; 0 is the controls alone.
    pub ratios: Vec<f64>,
    /// How the controls share a penalty.
    pub bands: ControlBands,
    /// The voxels that share a ratio and a penalty.
    pub scope: AlphaScope,
}

impl JointFit {
    /// The ratios that are tried by default, beside 0: half decades.
    pub const DEFAULT_RATIOS: &'static str = "logspace:-5:2:15";

    /// A joint fit with `controls`: names and activations, as `asked`, with the default ratios.
    #[must_use]
    pub fn with(asked: Vec<String>, controls: Vec<(String, PathBuf)>) -> Self {
        let ratios = Self::DEFAULT_RATIOS.parse::<Penalties>();
        let ratios = ratios.unwrap_or_else(|_| unreachable!("the default ratios are a grid"));
        Self {
            asked,
            controls,
            ratios: Self::nested(&ratios),
            bands: ControlBands::One,
            scope: AlphaScope::Global,
        }
    }

    /// Ratios behind 0, with which the joint fit contains the controls alone.
    #[must_use]
    pub fn nested(ratios: &Penalties) -> Vec<f64> {
        [&[0.0], ratios.values()].concat()
    }
}

/// The division of explained variance among a layer and one or two other feature spaces.
#[derive(Debug, Clone, PartialEq)]
pub struct PartitionFit {
    /// The other spaces as given to `--partition`: `NAME` or `NAME:LAYER`.
    pub asked: Vec<String>,
    /// Activations and layer of each; without a layer, features that have only one.
    pub spaces: Vec<(PathBuf, Option<usize>)>,
    /// Ratios of the weights of two spaces that are tried, 1 for equal traces.
    pub ratios: Vec<f64>,
}

impl PartitionFit {
    /// The ratios that are tried by default: decades, because three spaces have a pair of ratios.
    pub const DEFAULT_RATIOS: &'static str = "logspace:-2:2:5";

    /// A division among a model and `spaces`, each with its activations, with the default ratios.
    #[must_use]
    pub fn with(spaces: Vec<(Space, PathBuf)>) -> Self {
        let ratios = Self::DEFAULT_RATIOS.parse::<Penalties>();
        let ratios = ratios.unwrap_or_else(|_| unreachable!("the default ratios are a grid"));
        Self {
            asked: spaces.iter().map(|(space, _)| space.to_string()).collect(),
            spaces: spaces
                .into_iter()
                .map(|(space, path)| (path, space.layer))
                .collect(),
            ratios: ratios.values().to_vec(),
        }
    }
}

/// A test of one layer against permuted scans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nulls {
    /// Number of nulls.
    pub n: usize,
    /// The permutation of the scans.
    pub order: NullOrder,
    /// Permutations drawn for each run; nulls combine them.
    pub orders_per_run: usize,
    /// Whether penalties are chosen again for each null.
    pub refit: bool,
    /// Seed.
    pub seed: u64,
}

impl Nulls {
    /// Default number of permutations per run.
    pub const DEFAULT_ORDERS: usize = 16;
    /// Default number of scans per block.
    pub const DEFAULT_BLOCK: usize = 15;
    /// Largest number of nulls of a unique contribution, each of which costs a joint fit.
    pub const MOST_UNIQUE: usize = 199;

    /// `n` nulls of circular shifts.
    #[must_use]
    pub fn circular(n: usize) -> Self {
        Self {
            n,
            order: NullOrder::Circular,
            orders_per_run: Self::DEFAULT_ORDERS,
            refit: false,
            seed: 0,
        }
    }

    /// The nulls of a unique contribution: fewer, and everything is chosen again in each.
    #[must_use]
    pub fn of_unique(self) -> Self {
        Self {
            n: self.n.min(Self::MOST_UNIQUE),
            refit: true,
            ..self
        }
    }
}

/// Left minus right with the sides of whole runs exchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swaps {
    /// Seed of the patterns, if there are too many for all.
    pub seed: u64,
    /// The inter-subject correlation beside which the correlations of halves lie, which tell reliable pairs.
    pub isc: Option<PathBuf>,
}
