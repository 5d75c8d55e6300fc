//! Sources of programs.

use std::fmt;
use std::io::{self, Read};

/// Message for the most common fault.
const ENDS_EARLY: &str = "the end of the pickle (is the file truncated?)";

/// A stream of bytes that can report errors.
pub trait Source {
    /// The error type: the file cannot be read, or the program is refused.
    type Error;

    /// Fills `buffer`.
    ///
    /// # Errors
    /// If there are too few bytes, or they cannot be read.
    fn read_exact(&mut self, buffer: &mut [u8]) -> Result<(), Self::Error>;

    /// An error at the current position of the stream. The problem is one short line that says what was found.
    fn refuse(&self, problem: String) -> Self::Error;
}

/// A refused pickle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PickleError {
    /// Position at which reading stopped, in bytes.
    pub position: usize,
    /// What was found at that position.
    pub problem: String,
}

impl fmt::Display for PickleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: {}", self.position, self.problem)
    }
}

impl std::error::Error for PickleError {}

/// Bytes in memory or memory-mapped.
#[derive(Debug, Clone)]
pub struct Bytes<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bytes<'a> {
    /// A source that starts at the first byte.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Number of bytes read so far.
    #[must_use]
    pub fn position(&self) -> usize {
        self.at
    }
}

impl Source for Bytes<'_> {
    type Error = PickleError;

    fn read_exact(&mut self, buffer: &mut [u8]) -> Result<(), PickleError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(taken) = rest.get(..buffer.len()) else {
            return Err(self.refuse(ENDS_EARLY.to_owned()));
        };
        buffer.copy_from_slice(taken);
        self.at += buffer.len();
        Ok(())
    }

    fn refuse(&self, problem: String) -> PickleError {
        PickleError {
            position: self.at,
            problem,
        }
    }
}

/// The errors of a [`Stream`].
#[derive(Debug)]
pub enum StreamError {
    /// The stream cannot be read.
    Read(io::Error),
    /// The program is refused.
    Refused(PickleError),
}

/// Bytes read on demand, such as an entry of an archive. Use a buffered reader.
#[derive(Debug)]
pub struct Stream<R> {
    reader: R,
    at: usize,
}

impl<R: Read> Stream<R> {
    /// A source that starts at the current position of the reader.
    pub fn new(reader: R) -> Self {
        Self { reader, at: 0 }
    }
}

impl<R: Read> Source for Stream<R> {
    type Error = StreamError;

    fn read_exact(&mut self, buffer: &mut [u8]) -> Result<(), StreamError> {
        match self.reader.read_exact(buffer) {
            Ok(()) => {
                self.at += buffer.len();
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.refuse(ENDS_EARLY.to_owned()))
            }
            Err(error) => Err(StreamError::Read(error)),
        }
    }

    fn refuse(&self, problem: String) -> StreamError {
        StreamError::Refused(PickleError {
            position: self.at,
            problem,
        })
    }
}
