//! All languages side by side, and the paper's numbers beside ours (result L1).

use crate::table;

table! {
    /// The numbers that the paper gives for several languages, a column a language.
    Languages: "languages" {
        /// Row of the list of results.
        id: String,
        /// What the number is.
        quantity: String,
        /// English.
        en: f64,
        /// Chinese.
        cn: f64,
        /// French.
        fr: f64,
    }
}

table! {
    /// Every number that the paper's notebooks print, and ours.
    Compare: "compare" {
        /// Row of the list of results.
        id: String,
        /// The language.
        language: String,
        /// Voxels that the number is over.
        voxels: String,
        /// What it is.
        quantity: String,
        /// As printed.
        published: String,
        /// Ours, with three more digits.
        ours: String,
        /// Ours minus the printed one.
        difference: f64,
        /// yes if ours rounds to the printed digits, else no.
        agrees: String,
        /// Why there is no number of ours.
        note: String,
    }
}
