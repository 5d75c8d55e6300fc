//! Flags whose values have names.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use lpp_steps::Choice;

/// The values of a setting as shells and the help show them: names, each with its sentence.
///
/// ```
/// use clap::builder::TypedValueParser;
/// use lpp_steps::AlphaSearch;
///
/// let parser = lpp_cli::choice::<AlphaSearch>();
/// let parse = |name: &str| parser.parse_ref(&clap::Command::new("test"), None, name.as_ref());
/// assert_eq!(parse("screened").unwrap(), AlphaSearch::Screened);
/// assert!(parse("quick").is_err());
/// ```
#[must_use]
pub fn choice<T: Choice>() -> impl TypedValueParser<Value = T> {
    let values = T::ALL
        .iter()
        .map(|(_, name, help)| PossibleValue::new(*name).help(*help));
    let named = |name: String| T::of_name(&name).ok_or_else(|| format!("{name} is not a value"));
    PossibleValuesParser::new(values.collect::<Vec<_>>()).try_map(named)
}
