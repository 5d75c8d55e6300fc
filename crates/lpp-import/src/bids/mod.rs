//! Runs of a folder in BIDS form: found by the entities of their names, never copied.

mod beside;
mod choice;
mod events;
mod found;
mod job;

pub use choice::BidsChoice;
pub use events::EventsSource;
pub use job::{BidsJob, BidsReport};
