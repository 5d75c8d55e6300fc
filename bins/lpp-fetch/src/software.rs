//! Name and version of this program, as its records give them.

use lpp_cli::Software;

/// This program in provenance, under the name that users know; the package has another.
pub(crate) const SOFTWARE: Software = Software {
    program: env!("CARGO_BIN_NAME"),
    ..lpp_cli::software!()
};
