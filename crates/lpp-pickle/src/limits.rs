//! Limits of a program.

/// Limits of a program, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Values on the stack. Python writes the items of a list or dictionary in batches of 1000.
    pub stack: usize,
    /// Marks open at the same time; a dump of nested lists has one per level.
    pub marks: usize,
    /// Levels of nested tuples, lists and dictionaries.
    pub nesting: u8,
    /// Bytes of one string.
    pub text: usize,
    /// Memory of all values and the memo, in bytes.
    pub memory: u64,
    /// Instructions; at some 10 ns each they take seconds.
    pub instructions: u64,
}

impl Limits {
    /// The limits for a program from a file of that many bytes on disk.
    ///
    /// The memory limit grows with the file, so that a model or dump of any size can be read and a small file cannot
    /// use much memory.
    #[must_use]
    pub fn for_file(n_bytes: u64) -> Self {
        Self {
            stack: 1 << 16,
            marks: 64,
            nesting: 64,
            text: 1 << 16,
            memory: n_bytes.saturating_add(16 << 20),
            instructions: 1 << 27,
        }
    }
}
