//! How to run a model.

use std::path::PathBuf;

use clap::Args;
use lpp_cli::CommonArgs;
use lpp_llm::{ComputeDevice, ModelParams, Precision, Training};
use lpp_steps::{Choice, Dtype};

/// How to run a model.
#[derive(Debug, Args)]
pub struct RunFlags {
    /// Use an untrained control with random weights from this seed (1 or more)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=i64::MAX as u64))]
    pub seed: Option<u64>,
    /// Device: auto (the first CUDA device, or else the CPU), cpu, or cuda:N
    #[arg(long, default_value = "auto")]
    device: ComputeDevice,
    /// Arithmetic
    #[arg(long, value_name = "DTYPE", default_value = Dtype::default().name(), value_parser = lpp_cli::choice::<Dtype>())]
    pub dtype: Dtype,
    /// Keep only one block of weights in memory, for models larger than memory. A killed run resumes after the last
    /// finished block
    #[arg(long)]
    stream_layers: bool,
    /// Make numbers that are equal to the bit for any number of threads: one thread for each window of tokens. It costs time
    /// if there are fewer windows than threads
    #[arg(long)]
    pub equal_bits: bool,
}

impl RunFlags {
    /// The model of a folder, run in this way; `dropout` is that of untrained controls.
    #[must_use]
    pub fn params(&self, folder: PathBuf, dropout: bool, common: &CommonArgs) -> ModelParams {
        ModelParams {
            training: match self.seed {
                Some(seed) => Training::Untrained { seed, dropout },
                None => Training::Pretrained,
            },
            precision: match self.dtype {
                Dtype::F32 => Precision::F32,
                Dtype::Bf16 => Precision::Bf16,
            },
            device: self.device,
            n_threads: Some(common.threads()),
            stream_layers: self.stream_layers,
            equal_bits: self.equal_bits,
            ..ModelParams::new(folder)
        }
    }
}
