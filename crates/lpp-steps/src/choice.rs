//! Settings with a few named values.

/// A setting with a few values. Each value has one name, used on the command line, in records and in messages.
///
/// ```
/// use lpp_steps::{AlphaSearch, Choice};
///
/// assert_eq!(AlphaSearch::Screened.name(), "screened");
/// assert_eq!(AlphaSearch::of_name("exhaustive"), Some(AlphaSearch::Exhaustive));
/// ```
pub trait Choice: Copy + PartialEq + Send + Sync + 'static {
    /// The values, the name of each and a sentence for the help.
    const ALL: &'static [(Self, &'static str, &'static str)];

    /// The name of this value.
    fn name(self) -> &'static str {
        let row = Self::ALL.iter().find(|(value, ..)| *value == self);
        row.map_or("", |(_, name, _)| name)
    }

    /// The value of that name.
    #[must_use]
    fn of_name(name: &str) -> Option<Self> {
        let row = Self::ALL.iter().find(|(_, its, _)| *its == name);
        row.map(|(value, ..)| *value)
    }
}
