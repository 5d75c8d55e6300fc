//! How much longer the steps of a `tokenizer.json` can make a text: a file of 2 kB could otherwise ask for one of petabytes.

use serde::Deserialize;
use serde_json::{Map, Value};

/// How many characters the steps may make of one. Compatibility forms (NFKC) make up to 18, beside which real files
/// replace a few characters by one each; a regular expression counts double.
const MOST: u64 = 100;

/// Characters in front of a text; real files prepend one.
const LONGEST_FRONT: usize = 1024;

/// Parts that may be listed. Real files have about ten; some add a few characters each, which is not multiplied here.
const MOST_PARTS: usize = 256;

/// The parts of the file that change a text or its tokens.
#[derive(Deserialize)]
struct Steps {
    #[serde(default)]
    normalizer: Value,
    #[serde(default)]
    pre_tokenizer: Value,
    #[serde(default)]
    post_processor: Value,
    #[serde(default)]
    decoder: Value,
}

/// What a part of the file does to the length of a text.
struct Growth {
    factor: u64,
    front: usize,
    parts: usize,
}

impl Growth {
    fn of(steps: &[&Value]) -> Self {
        let mut sum = Self {
            factor: 1,
            front: 0,
            parts: 0,
        };
        for step in steps {
            sum.add(step);
        }
        sum
    }

    /// The library recognises a step by its fields too, so that these count and not the type.
    fn add(&mut self, step: &Value) {
        match step {
            Value::Array(list) => list.iter().for_each(|step| self.add(step)),
            Value::Object(fields) => {
                self.parts += 1;
                self.factor = self.factor.saturating_mul(factor(fields).max(1));
                self.front += fields.get("prepend").map_or(0, characters);
                fields.values().for_each(|step| self.add(step));
            }
            _ => {}
        }
    }

    fn check(&self, steps: &str) -> Result<(), String> {
        let (found, most) = match self {
            Self { factor, .. } if *factor > MOST => (
                format!("{steps} that make {factor} characters of one"),
                MOST.to_string(),
            ),
            Self { front, .. } if *front > LONGEST_FRONT => (
                format!("{steps} that prepend {front} characters"),
                LONGEST_FRONT.to_string(),
            ),
            Self { parts, .. } if *parts > MOST_PARTS => {
                (format!("{steps} of {parts} parts"), MOST_PARTS.to_string())
            }
            _ => return Ok(()),
        };
        Err(format!("{found}; at most {most} are allowed"))
    }
}

/// Refuses a `tokenizer.json` whose steps make texts too long. The parts of other files are the library's to refuse.
pub(super) fn check(json: &[u8]) -> Result<(), String> {
    let Ok(steps) = serde_json::from_slice::<Steps>(json) else {
        return Ok(());
    };
    Growth::of(&[&steps.normalizer, &steps.pre_tokenizer]).check("normalizers and pre-tokenizers")?;
    Growth::of(&[&steps.post_processor]).check("a post-processor")?;
    Growth::of(&[&steps.decoder]).check("decoders")
}

fn characters(text: &Value) -> usize {
    text.as_str().map_or(0, |text| text.chars().count())
}

/// How many characters a step makes of one.
fn factor(fields: &Map<String, Value>) -> u64 {
    let count = if let (Some(pattern), Some(content)) = (fields.get("pattern"), fields.get("content")) {
        replaced(pattern, characters(content))
    } else if let Some(map) = fields.get("precompiled_charsmap").and_then(Value::as_str) {
        longest_in_map(map)
    } else if let Some(template) = fields.get("single").and_then(Value::as_array) {
        let copies = template.iter().filter(|part| part.get("Sequence").is_some());
        copies.count()
    } else {
        // A byte of a character becomes a character, which has two bytes for the next such step.
        let of_bytes = fields.get("type").and_then(Value::as_str) == Some("ByteLevel")
            || fields.contains_key("trim_offsets") && fields.contains_key("add_prefix_space");
        1 + usize::from(of_bytes)
    };
    count as u64
}

/// A regular expression may match between characters, which stay then; so does an empty text.
fn replaced(pattern: &Value, content: usize) -> usize {
    match pattern.get("String").map_or(0, characters) {
        0 => content + 1,
        length => content.div_ceil(length),
    }
}

/// Characters of the longest replacement in a map of sentencepiece: the length of a table, the table, then texts that
/// end with a zero.
fn longest_in_map(map: &str) -> usize {
    let bytes = from_base64(map);
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else {
        return 1;
    };
    let texts =
        usize::try_from(u32::from_le_bytes(*length)).map_or(&[][..], |n| rest.get(n..).unwrap_or(rest));
    let lengths = texts
        .split(|&byte| byte == 0)
        .map(|text| text.iter().filter(|&&byte| byte & 0xC0 != 0x80).count());
    lengths.max().unwrap_or(1)
}

/// The bytes of a text in Base64; characters of no meaning, which the library refuses, are left out.
fn from_base64(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let digits: Vec<u8> = text.bytes().filter_map(digit).collect();
    let four = |four: &[u8]| {
        let number = (0..4).fold(0, |sum, at| {
            sum << 6 | u32::from(four.get(at).copied().unwrap_or(0))
        });
        let [_, bytes @ ..] = number.to_be_bytes();
        bytes.into_iter().take(four.len() * 3 / 4)
    };
    digits.chunks(4).flat_map(four).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn reason(normalizers: &Value) -> Option<String> {
        check(
            json!({"normalizer": {"type": "Sequence", "normalizers": normalizers}})
                .to_string()
                .as_bytes(),
        )
        .err()
    }

    fn replace(from: &Value, to: &str) -> Value {
        json!({"type": "Replace", "pattern": from, "content": to})
    }

    #[test]
    fn base64_is_decoded() {
        assert_eq!(from_base64("YWJjZA=="), b"abcd");
        assert_eq!(from_base64("YWJj"), b"abc");
        assert_eq!(from_base64(""), b"");
    }

    #[test]
    fn texts_may_not_grow_without_bounds() {
        let letter = json!({"String": "a"});
        let map = |length: usize| {
            // Base64 of zeros and of a text of U's.
            json!({"type": "Precompiled", "precompiled_charsmap": format!("AAAAAAAA{}AAAA", "VVVV".repeat(length / 3))})
        };
        let bytes = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true});
        for normalizers in [
            json!([replace(&letter, &"a".repeat(1000))]),
            json!(vec![replace(&letter, "aa"); 40]),
            json!(vec![replace(&json!({"String": ""}), "a"); 7]),
            json!(vec![replace(&json!({"Regex": "a|"}), "b"); 7]),
            json!(vec![json!({"pattern": letter, "content": "aa"}); 7]),
            json!([{"type": "Prepend", "prepend": "a".repeat(2000)}]),
            json!(vec![json!({"type": "Prepend", "prepend": "a".repeat(100)}); 11]),
            json!(vec![json!({"type": "BertNormalizer"}); 1000]),
            json!([map(300)]),
            json!(vec![bytes; 7]),
        ] {
            let reason = reason(&normalizers).unwrap();
            assert!(reason.contains("at most") && reason.len() < 200, "{reason}");
        }
        let twice = json!({"single": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]});
        let template = json!({"post_processor": {"type": "Sequence", "processors": vec![twice; 7]}});
        assert!(check(template.to_string().as_bytes()).is_err());
        let decoder = json!({"decoder": replace(&letter, &"a".repeat(200))});
        assert!(check(decoder.to_string().as_bytes()).is_err());
    }

    #[test]
    fn steps_of_real_models_pass() {
        let blanks = json!({"Regex": " {2,}"});
        let blank = json!({"String": " "});
        let eighteen = json!({"type": "Precompiled", "precompiled_charsmap": format!("AAAAAAAA{}AAAA", "VVVV".repeat(6))});
        for normalizers in [
            json!([{"type": "Prepend", "prepend": "▁"}, replace(&blank, "▁")]),
            json!([eighteen, {"type": "Strip"}, replace(&blanks, "▁"), replace(&blanks, "▁")]),
            json!([replace(&json!({"String": "``"}), "\""), replace(&json!({"String": "''"}), "\""), {"type": "NFKD"},
                {"type": "StripAccents"}, {"type": "Lowercase"}, eighteen, replace(&blanks, " ")]),
        ] {
            assert_eq!(reason(&normalizers), None);
        }
    }
}
