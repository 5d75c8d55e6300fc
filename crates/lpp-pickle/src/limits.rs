//! What a program may ask for.

/// Bounds of a program, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Values on the stack. Python writes the items of a list or dictionary in batches of 1000.
    pub stack: usize,
    /// Marks that are open at once; a dump of nested lists has one a level.
    pub marks: usize,
    /// Levels of tuples, lists and dictionaries in each other.
    pub nesting: u8,
    /// Bytes of one text.
    pub text: usize,
    /// Bytes of memory of all values and of the memo.
    pub memory: u64,
    /// Instructions; at some 10 ns each they take seconds.
    pub instructions: u64,
}

impl Limits {
    /// The bounds for a program out of a file of that many bytes, as it lies on the disk.
    ///
    /// The memory grows with the file, so that a model or a dump of any size can be read and a small file cannot ask for much.
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
