//! What a reader may do with a file, and what not.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::memory::CountingAllocator;
use crate::targets::{Packing, Target};

/// Memory of a refused input above that of the file's size.
const MEMORY: usize = 64 << 20;
/// The longest time for one input; what takes longer is read again, since other work may have been in the way.
const SLOW: Duration = Duration::from_secs(10);
/// The longest message, causes included.
const MESSAGE: usize = 1000;

/// What a reader did that it may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It read the file.
    Read,
    /// It refused the file.
    Refused,
}

/// What a reader did that it must not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It panicked, with this message.
    Panic(String),
    /// It took that many bytes for a file of this size that it refused.
    Memory {
        /// Bytes at the peak.
        peak: usize,
        /// Bytes of the file, unpacked.
        size: usize,
    },
    /// It took that long.
    Slow(Duration),
    /// Its message has that many characters.
    Message(usize),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panic(message) => write!(f, "panicked: {message}"),
            Self::Memory { peak, size } => write!(f, "took {peak} bytes of memory for {size}"),
            Self::Slow(time) => write!(f, "took {:.1} s", time.as_secs_f64()),
            Self::Message(length) => write!(f, "a message of {length} characters"),
        }
    }
}

/// Writes over what the file holds: emptying it first would take longer than most readers.
fn write_over(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(file)?;
    file.write_all(bytes)?;
    file.set_len(bytes.len() as u64)
}

/// Writes `bytes` to the target's place in `folder` and reads them.
///
/// # Errors
/// [`Failure`] if the reader did what it must not do; the file is left for a look.
pub fn check(target: &Target, folder: &Path, bytes: &[u8]) -> Result<Outcome, Failure> {
    let file = folder.join(target.file);
    if let Err(error) = write_over(&file, bytes) {
        return Err(Failure::Panic(format!(
            "cannot write {}: {error}",
            file.display()
        )));
    }
    let before = CountingAllocator::start();
    let started = Instant::now();
    let result = lpp_files::caught(|| (target.read)(folder));
    let time = started.elapsed();
    let peak = CountingAllocator::peak().saturating_sub(before);
    let outcome = match result {
        Err(message) => return Err(Failure::Panic(message)),
        Ok(Ok(())) => Outcome::Read,
        Ok(Err(error)) => {
            let message = format!("{error:#}");
            let length = message.chars().count();
            if length > MESSAGE {
                return Err(Failure::Message(length));
            }
            Outcome::Refused
        }
    };
    if time > SLOW {
        let started = Instant::now();
        let _ = lpp_files::caught(|| (target.read)(folder));
        let again = started.elapsed();
        if again > SLOW {
            return Err(Failure::Slow(again));
        }
    }
    if outcome == Outcome::Refused && peak > MEMORY + 4 * bytes.len() {
        // What a compressed file declares is what it unpacks to.
        let size = target.packing.size(bytes);
        if target.packing != Packing::Gzip || peak > MEMORY + 4 * size {
            return Err(Failure::Memory { peak, size });
        }
    }
    Ok(outcome)
}
