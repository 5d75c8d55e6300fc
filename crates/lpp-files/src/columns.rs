//! Columns of tables by their names.

use std::fmt;

/// Two columns have the name that was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwoColumns(String);

impl fmt::Display for TwoColumns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "two columns {:?}", self.0)
    }
}

/// What a table with [`TwoColumns`] should have.
pub const ONE_OF_EACH_NAME: &str = "one column of each name";

/// The place of the column `name` in a header, if there is one.
///
/// # Errors
/// [`TwoColumns`] if there are two: nobody can tell which one is meant.
///
/// # Example
/// ```
/// let header = ["word", "onset", "onset"];
/// assert_eq!(lpp_files::only_column(header, "word"), Ok(Some(0)));
/// assert_eq!(lpp_files::only_column(header, "offset"), Ok(None));
/// assert_eq!(lpp_files::only_column(header, "onset").unwrap_err().to_string(), "two columns \"onset\"");
/// ```
pub fn only_column<'a>(
    header: impl IntoIterator<Item = &'a str>,
    name: &str,
) -> Result<Option<usize>, TwoColumns> {
    let mut places = (0..).zip(header).filter(|(_, column)| *column == name);
    match (places.next(), places.next()) {
        (_, Some((_, second))) => Err(TwoColumns(second.to_owned())),
        (first, None) => Ok(first.map(|(place, _)| place)),
    }
}

/// The same for a name in any case, if no column has it as it is.
///
/// # Errors
/// [`TwoColumns`] if there are two columns of the name as it is, or none but two in other cases.
///
/// # Example
/// ```
/// assert_eq!(lpp_files::only_column_of_any_case(["Onset", "Duration"], "onset"), Ok(Some(0)));
/// assert!(lpp_files::only_column_of_any_case(["Onset", "ONSET"], "onset").is_err());
/// ```
pub fn only_column_of_any_case<'a>(
    header: impl IntoIterator<Item = &'a str> + Clone,
    name: &str,
) -> Result<Option<usize>, TwoColumns> {
    if let Some(place) = only_column(header.clone(), name)? {
        return Ok(Some(place));
    }
    let lower: Vec<String> = header.into_iter().map(str::to_ascii_lowercase).collect();
    only_column(lower.iter().map(String::as_str), &name.to_ascii_lowercase())
}
