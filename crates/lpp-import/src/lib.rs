//! Other people's data made ready for a study.
//!
//! * [`BidsJob`]: the runs of a folder of derivatives in BIDS form, into `runs.csv`; nothing is copied;
//! * [`WordsJob`]: words with their times, from tables, `TextGrid` files, transcripts and subtitles, into `words_LANG.csv`.
//! * [`FeaturesJob`]: features of words or scans, into activations;
//! * [`AtlasJob`]: a label image with a table of its labels.
//!
//! [`ExportJob`] is the way back: cleaned runs and scores of a study as BIDS derivatives.
//!
//! ```
//! use lpp_import::{Unit, WordsJob};
//! use lpp_steps::Software;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! std::fs::write(folder.join("story.csv"), "word,onset,offset\nso,310,490\ngut,490,800\n")?;
//! let job = WordsJob {
//!     files: vec![folder.join("story.csv")],
//!     lang: "de".to_owned(),
//!     output: folder.join("words_de.csv"),
//!     ..WordsJob::default()
//! };
//! let report = job.run(Software { program: "lpp-import", version: "0.1.0", commit: None })?;
//! assert_eq!((report.unit, report.runs[0].last_s), (Unit::Milliseconds, 0.8));
//! # Ok(())
//! # }
//! ```

#![cfg_attr(test, allow(clippy::float_cmp, reason = "tests compare what is exact"))]

mod atlas;
mod bids;
mod error;
mod export;
mod features;
mod words;

pub use atlas::{AtlasJob, AtlasReport};
pub use bids::{BidsChoice, BidsJob, BidsReport, EventsSource};
pub use error::ImportError;
pub use export::{ExportJob, ExportReport};
pub use features::{FeaturesJob, FeaturesReport, RowsAre};
pub use words::{RunOf, RunOfWords, Unit, WordFormat, WordsJob, WordsReport};
