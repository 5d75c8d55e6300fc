//! The unit of a file of words: said by its format or columns, or found from the pace of the words.

use lpp_files::FileError;

use super::spoken::{Segment, Spoken};
use super::unit::Unit;

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
