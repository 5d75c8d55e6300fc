//! The fit over libtorch tensors, so that it can run where the activations are: on a GPU.
//!
//! The algorithm is that of the crate (see there); what differs is where the work is cut. A device wants few, large
//! operations, so all penalties of an inner set are one product over a block of thousands of targets, and a block is as
//! wide as a bound on memory allows. No array product of the host is used, so a program that fits with this backend alone
//! needs no BLAS feature of this crate.

mod arrays;
mod choice;
mod factor;
mod features;
mod gram;
mod pearson;
mod score;
mod targets;

use std::ops::Deref;

use ndarray::ArrayRef2;
use tch::{Device, TchError};

pub use features::TorchFeatures;

use crate::{Element, Metric, RidgeBackend, RidgeCv, RidgeCvParams, RidgeError};

/// Working memory on a CPU: about a hundred targets of the study, whose sums then find the predictions near the cache.
/// Scoring was slower with 4 MiB and with 64 or more.
const HOST_BLOCK_BYTES: usize = 16 << 20;

/// Working memory on a GPU: blocks of thousands of targets keep it busy, and a small card still has room.
const DEVICE_BLOCK_BYTES: usize = 4 << 30;

/// libtorch on a device of the caller's choice.
///
/// ```
/// use lpp_ridge::{PreparedRidge, RidgeBackend, RidgeCv, Torch, tch::Device};
/// use ndarray::Array2;
///
/// # fn main() -> Result<(), lpp_ridge::RidgeError> {
/// let x: Vec<Array2<f32>> =
///     (0..4).map(|r| Array2::from_shape_fn((30, 3), |(i, j)| ((r + i * (j + 2)) as f32).sin())).collect();
/// let model = RidgeCv::params().alphas([0.1, 1.0, 10.0]).check()?;
/// let prepared = Torch::on(Device::cuda_if_available()).prepare(&model, &x)?;
/// assert!(prepared.score(&x)?.scores.iter().all(|&r| r > 0.99));
/// # Ok(())
/// # }
/// ```
///
/// # Numbers
/// Systems are summed and factored in `f64`, products over targets run in the type of the features, correlations are
/// summed in `f64`, as with [`crate::Blas`]. libtorch chooses its kernels by shape, so the order of targets and the
/// number of threads may change the last digits. TF32 is off unless the program switches it on: it would cost three digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Torch {
    device: Device,
    block_bytes: usize,
}

impl Torch {
    /// Fits on that device.
    #[must_use]
    pub fn on(device: Device) -> Self {
        let block_bytes = if device == Device::Cpu {
            HOST_BLOCK_BYTES
        } else {
            DEVICE_BLOCK_BYTES
        };
        Self { device, block_bytes }
    }

    /// Bounds the working memory of a block of targets; by default 16 MiB on a CPU and 4 GiB on another device.
    ///
    /// One target at least is worked on at a time, whatever the bound. Features, operators and the target set come on top.
    #[must_use]
    pub fn block_bytes(mut self, bytes: usize) -> Self {
        self.block_bytes = bytes;
        self
    }

    /// The device.
    #[must_use]
    pub fn device(&self) -> Device {
        self.device
    }
}

impl<A: Element + tch::kind::Element> RidgeBackend<A> for Torch {
    type Prepared = TorchFeatures<A>;

    fn prepare<X>(&self, model: &RidgeCv, x_runs: &[X]) -> Result<Self::Prepared, RidgeError>
    where
        X: Deref<Target = ArrayRef2<A>>,
    {
        check_settings(&model.settings)?;
        TorchFeatures::new(*self, model.clone(), x_runs)
    }
}

/// A failure of libtorch as an error of this crate. Not a `From`: a second one would leave `?` ambiguous in closures.
fn failed(source: TchError) -> RidgeError {
    RidgeError::Torch { source }
}

/// Refuses what this backend cannot do. Every field is named: a new setting does not compile until it is decided here.
fn check_settings(settings: &RidgeCvParams) -> Result<(), RidgeError> {
    let RidgeCvParams {
        alphas: _,
        inner: _,
        scope: _,
        nan_targets: _,
        formulation: _,
        // A screened search may be done exhaustively: it promises the same choice.
        search: _,
        options,
    } = settings;
    let unsupported = |setting| {
        Err(RidgeError::Unsupported {
            backend: "torch",
            setting,
        })
    };
    if options.metric != Metric::Pearson {
        return unsupported("another metric than Pearson's correlation");
    }
    if options.groups.is_some() {
        return unsupported("groups of runs");
    }
    if options.validation_scores {
        return unsupported("keeping validation scores");
    }
    if options.threads.is_some() {
        return unsupported("a number of threads of its own");
    }
    Ok(())
}
