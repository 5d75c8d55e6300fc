//! A transcript in memory, without the keys that say nothing about words.
//!
//! The values of `serde_json` take 640 bytes an object, four times this form.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Names below which words lie, from words to larger parts.
pub(super) const LISTS: [&str; 13] = [
    "words",
    "word_segments",
    "segments",
    "monologues",
    "elements",
    "chunks",
    "items",
    "result",
    "results",
    "channels",
    "alternatives",
    "utterances",
    "transcription",
];
/// Names of a text.
pub(super) const TEXTS: [&str; 5] = ["word", "text", "content", "value", "token"];
/// Names of the time at which it begins.
pub(super) const STARTS: [&str; 6] = ["start", "start_time", "startTime", "begin", "onset", "ts"];
/// Names of the time at which it ends.
pub(super) const ENDS: [&str; 6] = ["end", "end_time", "endTime", "stop", "offset", "end_ts"];
/// All keys that are kept.
const KEYS: [&[&str]; 5] = [&LISTS, &TEXTS, &STARTS, &ENDS, &["timestamp", "type"]];

/// A value.
#[derive(Debug)]
pub(super) enum Said {
    Null,
    Truth,
    Number(f64),
    Text(Box<str>),
    List(Box<[Said]>),
    Object(Fields),
}

/// The members of an object that have one of [`KEYS`]; of two with one key, the last counts.
#[derive(Debug)]
pub(super) struct Fields(Box<[(&'static str, Said)]>);

impl Said {
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.as_object()?.get(key)
    }

    pub(super) fn as_object(&self) -> Option<&Fields> {
        match self {
            Self::Object(fields) => Some(fields),
            _ => None,
        }
    }

    pub(super) fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Fields {
    pub(super) fn get(&self, key: &str) -> Option<&Said> {
        let found = self.0.iter().rev().find(|(name, _)| *name == key);
        found.map(|(_, value)| value)
    }
}

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnySaid)
    }
}

struct AnySaid;

impl<'de> Visitor<'de> for AnySaid {
    type Value = Said;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of JSON")
    }

    fn visit_unit<E>(self) -> Result<Said, E> {
        Ok(Said::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Said, E> {
        Ok(Said::Truth)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Said, E> {
        Ok(Said::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Said, E> {
        Ok(Said::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Said, E> {
        Ok(Said::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Said, E> {
        Ok(Said::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Said, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Said::List(values.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Said, A::Error> {
        let mut fields = Vec::new();
        while let Some(Key(key)) = map.next_key()? {
            match key {
                Some(key) => fields.push((key, map.next_value()?)),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Said::Object(Fields(fields.into())))
    }
}

/// A key, if it is of interest.
struct Key(Option<&'static str>);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfInterest;

        impl Visitor<'_> for OfInterest {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E>(self, text: &str) -> Result<Key, E> {
                let mut keys = KEYS.iter().copied().flatten().copied();
                Ok(Key(keys.find(|key| *key == text)))
            }
        }

        deserializer.deserialize_str(OfInterest)
    }
}
