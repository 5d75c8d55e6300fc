//! Checks that the words of a run and its scans can belong together.

use std::path::Path;

use crate::FmriError;
use crate::regressor::LEAD_S;

/// Silence at an end of a run that gives a warning, in s. In the published runs a word begins within 0.5 s, and 7.8 to
/// 9.4 s follow the last one.
const LONG_SILENCE_S: f64 = 15.0;
/// Speech never has as many words (or phonemes) per second.
const MOST_WORDS_PER_S: f64 = 30.0;
/// With fewer words the rate is not checked.
const FEW_WORDS: usize = 10;

/// The words of one run and its scans.
pub struct RunTimes<'a> {
    /// The file with the times.
    pub file: &'a Path,
    /// The run in words, for example `run 3`.
    pub run: &'a str,
    /// When each word begins, s.
    pub onsets_s: &'a [f64],
    /// When each word ends, s.
    pub offsets_s: &'a [f64],
    /// The name of a word in messages, from its index in these lists.
    pub name: &'a dyn Fn(usize) -> String,
    /// Scans of the run.
    pub n_scans: usize,
    /// Their repetition time, s.
    pub tr_s: f64,
}

impl RunTimes<'_> {
    /// Times on the clock of a run whose first scan is at half a repetition time, from those of one whose first scan is at
    /// `start_s`.
    #[must_use]
    pub fn from_first_scan(times_s: &[f64], start_s: f64, tr_s: f64) -> Vec<f64> {
        times_s.iter().map(|s| s - (start_s - 0.5 * tr_s)).collect()
    }
}

/// A problem found.
struct Finding {
    found: String,
    expected: String,
    /// Number of words affected; 0 for a mere warning.
    n_words: usize,
}

impl RunTimes<'_> {
    /// Compares times and scans; returns warnings.
    ///
    /// Warnings are given for long silences at the ends of the run and for words that end before they begin.
    ///
    /// # Errors
    /// [`FileError::Malformed`](lpp_files::FileError::Malformed) naming file and run if a word begins after the last scan or long before the first, or if there are
    /// more words a second than anybody speaks. The message gives both numbers and guesses the unit.
    pub fn check(&self) -> Result<Vec<String>, FmriError> {
        self.judge(1)
    }

    /// The same, but single words may be outside the scans, as in nilearn: an error only if at least half of them are.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn check_most(&self) -> Result<Vec<String>, FmriError> {
        self.judge(self.onsets_s.len().div_ceil(2))
    }

    /// An error if a problem affects at least `too_many` words, otherwise warnings.
    fn judge(&self, too_many: usize) -> Result<Vec<String>, FmriError> {
        let findings = [
            self.after_the_scans(),
            self.before_the_scans(),
            self.crowded(),
            self.backwards(),
        ];
        let mut warnings = Vec::new();
        for finding in findings.into_iter().flatten() {
            if finding.n_words >= too_many {
                return Err(FmriError::malformed(self.file, finding.found, finding.expected));
            }
            warnings.push(self.in_file(&format!("found {}, expected {}", finding.found, finding.expected)));
        }
        if warnings.is_empty() {
            warnings.extend(self.silences());
        }
        Ok(warnings)
    }

    fn in_file(&self, text: &str) -> String {
        format!("{}: {text}", self.file.display())
    }

    /// Length of the run, s.
    fn length_s(&self) -> f64 {
        self.n_scans as f64 * self.tr_s
    }

    fn last_s(&self) -> f64 {
        self.onsets_s.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    fn first_s(&self) -> f64 {
        self.onsets_s.iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn of_words(&self, n: usize) -> String {
        format!("{n} of {} words of {}", self.onsets_s.len(), self.run)
    }

    fn scans(&self) -> String {
        format!("{} scans of {} s", self.n_scans, short(self.tr_s))
    }

    fn after_the_scans(&self) -> Option<Finding> {
        let end = self.length_s();
        let n_words = self.onsets_s.iter().filter(|onset| **onset >= end).count();
        (n_words > 0).then(|| Finding {
            found: format!(
                "{} after the last scan, the last at {} s",
                self.of_words(n_words),
                short(self.last_s())
            ),
            expected: format!(
                "words before {} s, the end of {}{}",
                short(end),
                self.scans(),
                self.guess()
                    .unwrap_or_else(|| "; do words and scans belong together?".to_owned())
            ),
            n_words,
        })
    }

    fn before_the_scans(&self) -> Option<Finding> {
        // Times are those of the middle of the scans; what lies before the regressor's grid would be moved to its start.
        let start = self.tr_s / 2.0 - LEAD_S;
        let n_words = self.onsets_s.iter().filter(|onset| **onset < start).count();
        (n_words > 0).then(|| Finding {
            found: format!(
                "{} long before the first scan, the first at {} s",
                self.of_words(n_words),
                short(self.first_s())
            ),
            expected: format!(
                "words from {} s on, in seconds from the start of the run",
                short(start)
            ),
            n_words,
        })
    }

    fn crowded(&self) -> Option<Finding> {
        let n_words = self.onsets_s.len();
        let span = self.last_s() - self.first_s();
        (n_words >= FEW_WORDS && n_words as f64 > MOST_WORDS_PER_S * span).then(|| Finding {
            found: format!("{} within {} s", self.of_words(n_words), short(span)),
            expected: format!(
                "times in seconds, {}; are they in minutes or hours?",
                self.scans()
            ),
            n_words,
        })
    }

    fn backwards(&self) -> Option<Finding> {
        let times = self.onsets_s.iter().zip(self.offsets_s);
        let mut wrong = times.enumerate().filter(|(_, (onset, offset))| offset < onset);
        let (first, (onset, offset)) = wrong.next()?;
        let n_words = 1 + wrong.count();
        Some(Finding {
            found: format!(
                "{} that end before they begin, first {} from {} s to {} s",
                self.of_words(n_words),
                (self.name)(first),
                short(*onset),
                short(*offset)
            ),
            expected: "durations of 0 or more (they count negatively)".to_owned(),
            n_words: 0,
        })
    }

    fn silences(&self) -> Vec<String> {
        let (length, last) = (
            self.length_s(),
            self.offsets_s.iter().copied().fold(self.last_s(), f64::max),
        );
        let mut warnings = Vec::new();
        if length - last > LONG_SILENCE_S {
            let hint = if in_part(self.last_s() * self.tr_s, length, 0.8) && self.tr_s > 1.0 {
                "; are the times in scans?"
            } else {
                ""
            };
            warnings.push(self.in_file(&format!(
                "the last word of {} ends {} s before the end of the run, at {} s of {} s ({}); do words and scans belong \
                 together?{hint}",
                self.run,
                short(length - last),
                short(last),
                short(length),
                self.scans()
            )));
        }
        if self.first_s() > LONG_SILENCE_S {
            warnings.push(self.in_file(&format!(
                "the first word of {} begins {} s after the start of the run; do words and scans belong together?",
                self.run,
                short(self.first_s())
            )));
        }
        warnings
    }

    /// The unit that would explain words after the last scan.
    fn guess(&self) -> Option<String> {
        const UNITS: [(f64, &str); 8] = [
            (1e3, "milliseconds"),
            (1e6, "microseconds"),
            (8_000.0, "samples at 8 kHz"),
            (16_000.0, "samples at 16 kHz"),
            (22_050.0, "samples at 22.05 kHz"),
            (44_100.0, "samples at 44.1 kHz"),
            (48_000.0, "samples at 48 kHz"),
            (1e7, "ticks of 100 ns"),
        ];
        let (length, last) = (self.length_s(), self.last_s());
        let found = UNITS
            .iter()
            .find(|(per_second, _)| in_part(last / per_second, length, 0.5));
        let name = match found {
            Some((_, name)) => *name,
            None if self.tr_s < 1.0 && in_part(last * self.tr_s, length, 0.8) => "scans",
            None if self.first_s() > length / 2.0 => {
                return Some(
                    "; do the times count from the start of the session, not of the run?".to_owned(),
                );
            }
            None => return None,
        };
        Some(format!("; are the times in {name}?"))
    }
}

/// Whether `value` is between a fraction of the whole and a little more than the whole.
fn in_part(value: f64, whole: f64, part: f64) -> bool {
    value > part * whole && value < 1.02 * whole
}

/// A time rounded to the millisecond.
fn short(seconds: f64) -> String {
    format!("{}", (seconds * 1e3).round() / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ends of words as `check` and `check_most` see them, scaled and shifted, in a run of scans.
    struct Case {
        onsets: Vec<f64>,
        n_scans: usize,
        tr_s: f64,
    }

    impl Case {
        /// A word every 0.4 s from 0.3 s to some seconds before the end of 100 scans of 2 s.
        fn spoken() -> Self {
            Self {
                onsets: (0..477).map(|i| 0.3 + 0.4 * f64::from(i)).collect(),
                n_scans: 100,
                tr_s: 2.0,
            }
        }

        fn map(mut self, f: impl Fn(f64) -> f64) -> Self {
            self.onsets.iter_mut().for_each(|onset| *onset = f(*onset));
            self
        }

        fn check(&self, most: bool) -> Result<Vec<String>, String> {
            let offsets: Vec<f64> = self.onsets.iter().map(|onset| onset + 0.2).collect();
            let times = RunTimes {
                file: Path::new("words.csv"),
                run: "run 3",
                onsets_s: &self.onsets,
                offsets_s: &offsets,
                name: &|word| format!("word {word}"),
                n_scans: self.n_scans,
                tr_s: self.tr_s,
            };
            let judged = if most { times.check_most() } else { times.check() };
            judged.map_err(|error| error.to_string())
        }

        fn refused(&self, parts: &[&str]) {
            let error = self.check(false).unwrap_err();
            assert!(
                parts
                    .iter()
                    .chain(&["words.csv", "run 3"])
                    .all(|part| error.contains(part))
                    && error.len() < 500,
                "{error}"
            );
        }

        fn warned(&self, parts: &[&str]) {
            let warnings = self.check(false).unwrap();
            assert!(
                warnings.len() == 1 && parts.iter().all(|part| warnings[0].contains(part)),
                "{warnings:?}"
            );
        }
    }

    #[test]
    fn what_fits_gets_no_word() {
        assert!(Case::spoken().check(false).unwrap().is_empty());
        // A story that began before the first scan that was kept.
        assert!(
            Case::spoken()
                .map(|t| t - 20.0 + t / 10.0)
                .check(false)
                .unwrap()
                .is_empty()
        );
        // The published runs: last word and scans of 2 s.
        let published = [
            (554.63, 282),
            (587.738, 298),
            (671.287, 340),
            (598.151, 303),
            (522.124, 265),
            (678.003, 343),
            (641.896, 325),
            (575.724, 292),
            (727.034, 368),
        ];
        for (last, n_scans) in published {
            let case = Case {
                onsets: vec![0.1, last - 0.2],
                n_scans,
                tr_s: 2.0,
            };
            assert!(case.check(false).unwrap().is_empty(), "{last}");
        }
    }

    #[test]
    fn other_units_are_refused_and_guessed() {
        Case::spoken()
            .map(|t| t * 1e3)
            .refused(&["190700 s", "200 s", "100 scans of 2 s", "milliseconds"]);
        Case::spoken().map(|t| t * 1e6).refused(&["microseconds"]);
        Case::spoken()
            .map(|t| t * 44_100.0)
            .refused(&["samples at 44.1 kHz"]);
        Case::spoken()
            .map(|t| t * 16_000.0)
            .refused(&["samples at 16 kHz"]);
        Case::spoken()
            .map(|t| t / 60.0)
            .refused(&["477 of 477 words", "minutes"]);
        Case::spoken().map(|t| t / 3600.0).refused(&["minutes or hours"]);
        Case::spoken()
            .map(|t| t / 2.0)
            .warned(&["run 3", "before the end of the run", "in scans?"]);
        let fast = Case {
            n_scans: 278,
            tr_s: 0.72,
            ..Case::spoken()
        };
        assert!(fast.check(false).unwrap().is_empty());
        fast.map(|t| t / 0.72).refused(&["in scans?"]);
    }

    #[test]
    fn words_outside_the_scans_are_refused_with_both_numbers() {
        Case {
            n_scans: 88,
            ..Case::spoken()
        }
        .refused(&["after the last scan", "190.7 s", "176 s"]);
        Case::spoken()
            .map(|t| t + 80.0)
            .refused(&["after the last scan", "270.7 s", "200 s"]);
        Case::spoken()
            .map(|t| t + 300.0)
            .refused(&["start of the session"]);
        Case {
            tr_s: 1.5,
            ..Case::spoken()
        }
        .refused(&["150 s", "100 scans of 1.5 s"]);
        Case::spoken()
            .map(|t| t - 40.0)
            .refused(&["before the first scan", "-39.7 s", "-23 s"]);
    }

    #[test]
    fn long_silences_are_told() {
        Case {
            n_scans: 112,
            ..Case::spoken()
        }
        .warned(&["run 3", "33.1 s before the end", "190.9 s of 224 s"]);
        Case {
            tr_s: 3.0,
            ..Case::spoken()
        }
        .warned(&["109.1 s before the end"]);
        Case::spoken()
            .map(|t| 30.0 + t * 0.83)
            .warned(&["the first word of run 3", "30.249 s"]);
    }

    #[test]
    fn single_words_outside_are_told_where_they_may_lie_there() {
        let mut case = Case::spoken();
        case.onsets[476] = 203.0;
        case.onsets[0] = -30.0;
        assert!(case.check(false).is_err());
        let warnings = case.check(true).unwrap();
        assert!(
            warnings.len() == 2
                && warnings[0].contains("1 of 477 words of run 3 after")
                && warnings[1].contains("before"),
            "{warnings:?}"
        );
        assert!(Case::spoken().map(|t| t + 150.0).check(true).is_err());
    }

    #[test]
    fn times_move_with_the_first_scan() {
        // The first scan at 3 s on the clock of the words is at 1 s on that of the run, whose repetition time is 2 s.
        assert_eq!(
            RunTimes::from_first_scan(&[3.0, 2.5, 10.0], 3.0, 2.0),
            [1.0, 0.5, 8.0]
        );
    }

    #[test]
    fn hints_are_given_only_where_they_fit() {
        // Scans of a second: times in scans are times in seconds.
        let slow = Case {
            n_scans: 200,
            tr_s: 1.0,
            ..Case::spoken()
        };
        let told = slow.map(|t| t * 0.94).check(false).unwrap();
        assert!(told.len() == 1 && !told[0].contains("in scans?"), "{told:?}");
        // The session before this run, and no unit that explains the times.
        let later = Case {
            n_scans: 278,
            tr_s: 0.72,
            ..Case::spoken()
        };
        later.map(|t| t + 400.0).refused(&["start of the session"]);
        let half = Case::spoken().map(|t| t + 95.0).check(false).unwrap_err();
        assert!(half.contains("do words and scans belong together?"), "{half}");
        // Silence of slow scans that nothing explains.
        let told = Case::spoken().map(|t| t / 3.0).check(false).unwrap();
        assert!(told.len() == 1 && !told[0].contains("in scans?"), "{told:?}");
    }

    #[test]
    fn words_that_end_before_they_begin_are_told() {
        let times = RunTimes {
            file: Path::new("words.csv"),
            run: "run 1",
            onsets_s: &[1.0, 2.0, 3.0, 4.0],
            offsets_s: &[1.0, 1.5, 3.5, 3.0],
            name: &|word| format!("word {word}"),
            n_scans: 5,
            tr_s: 2.0,
        };
        let told = times.check().unwrap();
        assert!(
            told.len() == 1
                && told[0].contains(
                    "2 of 4 words of run 1 that end before they begin, first word 1 from 2 s to 1.5 s"
                ),
            "{told:?}"
        );
    }

    #[test]
    fn ten_words_at_once_are_too_many() {
        // Thirty words a second are the most; with nine words the rate is not judged.
        let within = |n: u8, seconds: f64| {
            let case = Case {
                onsets: (0..n)
                    .map(|i| 1.0 + f64::from(i) * seconds / f64::from(n - 1))
                    .collect(),
                n_scans: 5,
                tr_s: 2.0,
            };
            case.check(false)
        };
        assert!(within(12, 0.41).is_ok() && within(9, 0.0).is_ok());
        for (n, seconds) in [(12, 0.39), (10, 0.0)] {
            let error = within(n, seconds).unwrap_err();
            assert!(
                error.contains(&format!("{n} of {n} words of run 3 within")),
                "{error}"
            );
        }
    }

    #[test]
    fn a_part_is_more_than_its_share_and_a_little_more_than_the_whole_at_most() {
        let found = [50.0, 50.1, 101.9, 102.0].map(|value| in_part(value, 100.0, 0.5));
        assert_eq!(found, [false, true, true, false]);
    }
}
