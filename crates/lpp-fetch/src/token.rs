//! An access token that does not show.

use std::fmt;

/// A secret for the `Authorization` header.
///
/// It has no `Display`, and its `Debug` shows none of it, so that it cannot reach a log or a message by accident.
///
/// ```
/// let token = lpp_fetch::Token::new(" hf_secret\n").unwrap();
/// assert_eq!(format!("{token:?}"), "Token(…)");
/// assert!(lpp_fetch::Token::new("  ").is_none());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Takes a token, without the white space around it; `None` if nothing is left or it holds what no header can.
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
