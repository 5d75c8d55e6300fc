//! The error of this crate.

/// What can be wrong with a name: of a model, a subject, a language, a setting.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// A name cannot be that of a model, a subject and so on.
    #[error("{:?} cannot be the name of a {what}: {why}", lpp_files::shortened(name, 60))]
    BadName {
        /// What it should name.
        what: &'static str,
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A name is none of the corrections of the annotation.
    #[error("unknown corrections {name:?}, expected auto, published or none")]
    UnknownCorrections {
        /// The name.
        name: String,
    },
    /// A name is none of the languages.
    #[error("unknown language {name:?}, expected en, fr or cn")]
    UnknownLanguage {
        /// The name.
        name: String,
    },
}

impl NameError {
    pub(crate) fn bad_name(what: &'static str, name: &str, why: &'static str) -> Self {
        Self::BadName {
            what,
            name: name.to_owned(),
            why,
        }
    }
}
