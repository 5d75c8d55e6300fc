//! The unit of times: said by the file, or guessed from the pace of speech.

use lpp_files::FileError;
use lpp_steps::Choice;
use serde::Serialize;

use super::spoken::{Segment, Spoken};

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Seconds.
    #[serde(rename = "s")]
    Seconds,
    /// Milliseconds.
    #[serde(rename = "ms")]
    Milliseconds,
}

/// From one word to the next, speech takes about 0.3 s; lists of words and segments take up to some seconds. In
/// milliseconds the same times are above 50.
const PACES_S: std::ops::RangeInclusive<f64> = 0.01..=20.0;
const PACES_MS: std::ops::RangeInclusive<f64> = 50.0..=20_000.0;

impl Choice for Unit {
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Self::Seconds, "s", "seconds"),
        (Self::Milliseconds, "ms", "milliseconds"),
    ];
}

impl Unit {
    /// A time in this unit in seconds.
    #[must_use]
    pub(super) fn seconds(self, time: f64) -> f64 {
        match self {
            Self::Seconds => time,
            Self::Milliseconds => time / 1000.0,
        }
    }

    fn fits(self, pace: f64) -> bool {
        match self {
            Self::Seconds => PACES_S.contains(&pace),
            Self::Milliseconds => PACES_MS.contains(&pace),
        }
    }
}

/// The unit of a file and the reason.
pub(super) fn unit_of(spoken: &Spoken, asked: Option<Unit>) -> Result<(Unit, String), FileError> {
    if let Some(unit) = asked {
        return Ok((unit, "--unit".to_owned()));
    }
    let pace = pace(&spoken.segments);
    let refused = |found: String| {
        let expected = "times in seconds or milliseconds (say which: --unit s or --unit ms)";
        Err(FileError::malformed(&spoken.path, found, expected))
    };
    let words = |pace: f64| format!("a word every {} (median)", (pace * 1e3).round() / 1e3);
    match (&spoken.unit, pace) {
        (Some((unit, why)), None) => Ok((*unit, why.clone())),
        (Some((unit, why)), Some(pace)) if unit.fits(pace) => Ok((*unit, why.clone())),
        (Some((_, why)), Some(pace)) => refused(format!("{}, but {why}", words(pace))),
        (None, Some(pace)) => match [Unit::Seconds, Unit::Milliseconds]
            .into_iter()
            .find(|unit| unit.fits(pace))
        {
            Some(unit) => Ok((unit, words(pace))),
            None => refused(words(pace)),
        },
        (None, None) => refused("times that give no unit".to_owned()),
    }
}

/// Median time from one segment of a run to the next, or median length if there is only one.
fn pace(segments: &[Segment]) -> Option<f64> {
    let pairs = segments.windows(2).filter(|pair| pair[0].run == pair[1].run);
    let steps = pairs.filter_map(|pair| Some(pair[1].start? - pair[0].start?));
    let lengths = segments
        .iter()
        .filter_map(|segment| Some(segment.end? - segment.start?));
    median(steps).or_else(|| median(lengths))
}

/// The median of the positive numbers.
fn median(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let mut positive: Vec<f64> = numbers.filter(|number| *number > 0.0).collect();
    positive.sort_by(f64::total_cmp);
    positive.get(positive.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(step: f64, said: Option<Unit>) -> Spoken {
        let mut spoken = Spoken::new("w.csv", "row");
        spoken.unit = said.map(|unit| (unit, "the columns say so".to_owned()));
        for word in 0..50 {
            let start = f64::from(word) * step;
            spoken.push("word", [Some(start), Some(start + step / 2.0)], None, false);
        }
        spoken
    }

    #[test]
    fn the_pace_of_speech_gives_the_unit() {
        let of = |step, said| {
            unit_of(&spoken(step, said), None)
                .map(|(unit, _)| unit)
                .map_err(|e| e.to_string())
        };
        assert_eq!(of(0.3, None), Ok(Unit::Seconds));
        assert_eq!(of(8.0, None), Ok(Unit::Seconds));
        assert_eq!(of(300.0, None), Ok(Unit::Milliseconds));
        assert_eq!(of(0.3, Some(Unit::Seconds)), Ok(Unit::Seconds));
        for (step, said) in [
            (30.0, None),
            (0.001, None),
            (1e6, None),
            (300.0, Some(Unit::Seconds)),
            (0.3, Some(Unit::Milliseconds)),
        ] {
            let error = of(step, said).unwrap_err();
            assert!(
                error.contains("a word every") && error.contains("--unit"),
                "{error}"
            );
        }
        assert_eq!(
            unit_of(&spoken(30.0, None), Some(Unit::Seconds)).unwrap().0,
            Unit::Seconds
        );
    }
}
