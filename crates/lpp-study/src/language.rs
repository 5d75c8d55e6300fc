//! The language of words, texts and subjects.

use std::fmt;
use std::str::FromStr;

use oxilangtag::LanguageTag;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tinystr::TinyAsciiStr;

use crate::NameError;

/// Longest tag: RFC 5646, section 4.4.1, recommends room for 35 characters.
const LONGEST: usize = 35;

/// A language: one of the published study, or any other BCP-47 tag (`de`, `pt-BR`).
///
/// The tag is part of file names. Tags that differ only in case are one language.
///
/// ```
/// use lpp_study::Language;
///
/// assert_eq!("pt-br".parse::<Language>()?.code(), "pt-BR");
/// assert_eq!("en".parse::<Language>()?, Language::English);
/// assert!("english".parse::<Language>().is_err());
/// # Ok::<(), lpp_study::NameError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// English, `en`; 49 subjects of the published study.
    English,
    /// French, `fr`; 28 subjects.
    French,
    /// Chinese as the published files call it, `cn`; 35 subjects.
    Chinese,
    /// Any other tag, in its usual case.
    Other(TinyAsciiStr<LONGEST>),
}

impl Language {
    /// The languages of the published study.
    pub const PUBLISHED: [Self; 3] = [Self::English, Self::French, Self::Chinese];

    /// The tag, as in file names: `en`, `fr`, `cn`, `pt-BR`.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::English => "en",
            Self::French => "fr",
            Self::Chinese => "cn",
            Self::Other(tag) => tag.as_str(),
        }
    }

    /// The tag in upper case, as in the folders and subjects of the published data set: `EN`, `FR`, `CN`.
    #[must_use]
    pub fn folder(&self) -> String {
        self.code().to_ascii_uppercase()
    }

    /// The language without script and region: `zh` of `zh-Hant-TW`.
    #[must_use]
    pub fn primary(&self) -> &str {
        self.code().split('-').next().unwrap_or_default()
    }

    /// Whether the published data set has it.
    #[must_use]
    pub fn is_published(&self) -> bool {
        Self::PUBLISHED.contains(self)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl FromStr for Language {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let unknown = || NameError::UnknownLanguage {
            name: text.to_owned(),
        };
        let tag = LanguageTag::parse_and_normalize(text).map_err(|_| unknown())?;
        // A language has two or three letters; a name in full, `english`, is well-formed but no tag of any language.
        if !(2..=3).contains(&tag.primary_language().len()) {
            return Err(unknown());
        }
        let of_study = Self::PUBLISHED
            .into_iter()
            .find(|lang| lang.code() == tag.as_str());
        match of_study {
            Some(lang) => Ok(lang),
            None => tag.as_str().parse().map(Self::Other).map_err(|_| unknown()),
        }
    }
}

impl Serialize for Language {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Language {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tag = String::deserialize(deserializer)?;
        tag.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_one_spelling() {
        for (text, code) in [
            ("en", "en"),
            ("FR", "fr"),
            ("de", "de"),
            ("pt-br", "pt-BR"),
            ("ZH-hant-tw", "zh-Hant-TW"),
            ("sl-rozaj-biske", "sl-rozaj-biske"),
            ("gsw", "gsw"),
        ] {
            let lang: Language = text.parse().unwrap();
            assert_eq!((lang.code(), lang.to_string().as_str()), (code, code));
            assert_eq!(code.parse::<Language>().unwrap(), lang);
        }
        assert_eq!("zh-Hant".parse::<Language>().unwrap().primary(), "zh");
        assert!("cn".parse::<Language>().unwrap().is_published());
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for text in [
            "",
            "e",
            "english",
            "de_AT",
            "de-",
            "../de",
            "de\0",
            "deutsch-x",
            "en-a",
            " de",
            "x-klingon",
        ] {
            let error = text.parse::<Language>().unwrap_err().to_string();
            assert!(error.contains("pt-BR"), "{text:?}: {error}");
        }
        assert!(
            "en-a-bbbbbbbb-cccccccc-dddddddd-eeeeeeee"
                .parse::<Language>()
                .is_err()
        );
    }

    #[test]
    fn the_published_languages_come_first() {
        let mut all: Vec<Language> = ["de", "cn", "aa", "fr", "en"]
            .map(|tag| tag.parse().unwrap())
            .to_vec();
        all.sort();
        assert_eq!(
            all.iter().map(Language::code).collect::<Vec<_>>(),
            ["en", "fr", "cn", "aa", "de"]
        );
    }
}
