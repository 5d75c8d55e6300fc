//! The flags that choose a language model and how it is run, alike in all programs that run one.
//!
//! ```
//! use clap::Parser;
//! use lpp_model_flags::{ModelFlags, RunFlags};
//!
//! #[derive(Debug, Parser)]
//! struct Args {
//!     #[command(flatten)]
//!     model: ModelFlags,
//!     #[command(flatten)]
//!     run: RunFlags,
//! }
//!
//! let args = Args::parse_from(["program", "--model", "gpt2", "--seed", "1"]);
//! assert!(args.model.are_given() && args.run.seed == Some(1));
//! ```

mod model;
mod run;
mod windows;

pub use model::{ChosenModel, ModelFlags, ModelsFlags};
pub use run::RunFlags;
pub use windows::WindowFlags;
