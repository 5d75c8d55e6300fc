//! Words with their times, from tables, `TextGrid` files, transcripts and subtitles.

mod columns;
mod encoding;
mod format;
mod job;
mod pace;
mod run_of;
mod said;
mod same_words;
mod spoken;
mod subtitles;
mod text_grid;
mod times;
mod transcript;
mod unit;

pub(crate) use encoding::read_text;
pub use format::WordFormat;
pub use job::{RunOfWords, WordsJob, WordsReport};
pub use run_of::RunOf;
pub(crate) use run_of::places;
pub(crate) use same_words::same_words;
pub use unit::Unit;
