//! The writing system of a language.

/// Whether spaces stand between the words of a text, which decides how words are found in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Writing {
    /// With spaces: English, French, German. A word is aligned as a whole.
    #[default]
    Spaced,
    /// Without spaces: Chinese. Each character is aligned by itself, and neighbours may share a token.
    Unspaced,
    /// The text is the words themselves, joined by blanks: the place of each is known.
    Joined,
}
