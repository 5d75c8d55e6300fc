//! An access token that is never displayed.

use std::fmt;

/// A secret for the `Authorization` header.
///
/// It has no `Display`, and its `Debug` does not show it, so it cannot appear in a log or a message by accident.
///
/// ```
/// let token = lpp_fetch::Token::new(" hf_secret\n").unwrap();
/// assert_eq!(format!("{token:?}"), "Token(…)");
/// assert!(lpp_fetch::Token::new("  ").is_none());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Creates a token from text, without surrounding white space; `None` if it is empty or has characters that a
    /// header cannot contain.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        (!text.is_empty() && printable).then(|| Self(text.to_owned()))
    }

    /// The value of the header.
    pub(crate) fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
