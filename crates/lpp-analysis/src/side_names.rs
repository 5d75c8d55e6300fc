//! Sides in the names of regions and parcels.

use std::fmt;

/// Left or right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Hand {
    /// x < 0.
    Left,
    /// x > 0.
    Right,
}

impl fmt::Display for Hand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Left => "left",
            Self::Right => "right",
        })
    }
}

/// A name that tells a side, and what is left of it without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedSide {
    /// The side.
    pub(crate) side: Hand,
    /// The name without its mark.
    pub(crate) base: String,
    /// Whether the mark is a single letter, which may mean something else (a lobe, a layer).
    pub(crate) is_letter: bool,
}

impl NamedSide {
    /// Finds the word left, right, lh or rh anywhere in a name, or the letter L or R at its start or end, whatever stands between the
    /// parts; `None` if there is no such mark or one of each side.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let parts: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).collect();
        let n = parts.len();
        let marks: Vec<(usize, Hand, bool)> = (0..n)
            .filter_map(|at| {
                let at_end = n > 1 && (at == 0 || at == n - 1);
                let (side, is_letter) = mark(parts[at])?;
                (!is_letter || at_end).then_some((at, side, is_letter))
            })
            .collect();
        // A word counts before a letter: the L of "Left Lobule L" is none.
        let words: Vec<_> = marks.iter().filter(|mark| !mark.2).collect();
        let marks: Vec<_> = if words.is_empty() {
            marks.iter().collect()
        } else {
            words
        };
        let &&(at, side, is_letter) = marks.first()?;
        if marks.iter().any(|mark| mark.1 != side) {
            return None;
        }
        let rest: Vec<&str> = (0..n)
            .filter(|&other| other != at)
            .map(|other| parts[other])
            .collect();
        let base = without_mark(name, parts[at], &rest);
        Some(Self {
            side,
            base,
            is_letter,
        })
    }
}

fn mark(part: &str) -> Option<(Hand, bool)> {
    match part.to_ascii_lowercase().as_str() {
        "left" | "lh" => Some((Hand::Left, false)),
        "right" | "rh" => Some((Hand::Right, false)),
        "l" => Some((Hand::Left, true)),
        "r" => Some((Hand::Right, true)),
        _ => None,
    }
}

/// The name without its mark: with its own separators if the mark stands at an end, else with spaces.
fn without_mark(name: &str, mark: &str, rest: &[&str]) -> String {
    let separator = |c: char| !c.is_alphanumeric();
    let trimmed = name
        .strip_prefix(mark)
        .filter(|rest| rest.starts_with(separator))
        .or_else(|| name.strip_suffix(mark).filter(|rest| rest.ends_with(separator)));
    match trimmed {
        Some(rest) => rest
            .trim_matches(|c: char| matches!(c, ' ' | '_' | '-' | '.' | ',' | ':'))
            .to_owned(),
        None => rest.join(" ").trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_read_from_the_names_of_common_atlases() {
        for (name, side, base) in [
            ("Left Frontal Pole", Hand::Left, "Frontal Pole"),
            (
                "Right Temporal Fusiform Cortex, anterior division",
                Hand::Right,
                "Temporal Fusiform Cortex, anterior division",
            ),
            ("7Networks_LH_Vis_1", Hand::Left, "7Networks Vis 1"),
            ("ctx-rh-bankssts", Hand::Right, "ctx bankssts"),
            ("Frontal_Inf_Oper_L", Hand::Left, "Frontal_Inf_Oper"),
            ("R_V1_ROI", Hand::Right, "V1_ROI"),
            ("lh.pial", Hand::Left, "pial"),
            ("left_TP", Hand::Left, "TP"),
            ("Left Lobule R", Hand::Left, "Lobule R"),
        ] {
            let found = NamedSide::of(name).unwrap();
            assert_eq!((found.side, found.base.as_str()), (side, base), "{name}");
        }
        for name in [
            "TP",
            "Leftover cortex",
            "7",
            "L",
            "Area L 4",
            "left and right",
            "Vermis_1_2",
            "AG_TPJ",
            "",
        ] {
            assert_eq!(NamedSide::of(name), None, "{name}");
        }
    }
}
