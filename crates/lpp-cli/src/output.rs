//! Names of output files.

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser};

/// An output file whose name must end in one of `endings`, so that its format is known from its name.
///
/// ```
/// use clap::builder::TypedValueParser;
///
/// let parser = lpp_cli::output_file(&[".nii.gz", ".nii"]);
/// let parse = |name: &str| parser.parse_ref(&clap::Command::new("test"), None, name.as_ref());
/// assert!(parse("mask.nii.gz").is_ok());
/// assert!(parse("mask.txt").unwrap_err().to_string().contains("expected a name that ends in .nii.gz or .nii"));
/// ```
#[must_use]
pub fn output_file(endings: &'static [&'static str]) -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(move |path| {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let is_one = |ending: &&str| name.len() > ending.len() && name.ends_with(ending.as_bytes());
        if endings.iter().any(is_one) {
            Ok(path)
        } else {
            Err(format!("expected a name that ends in {}", endings.join(" or ")))
        }
    })
}
