//! Which answers to a damage are right, and whether one was given.

use crate::bench::{Stop, Warning};
use crate::figures::{Figures, Within};

/// The right answers to a kind of damage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    /// The expected result within this; `None` if the damage cannot be undone.
    same: Option<Within>,
    refused: bool,
    warned: bool,
    /// What a refusal or warning must name: any of these; parts joined by `&` must all be there. Case does not count.
    names: &'static [&'static str],
}

/// The expected result and nothing else: a harmless damage must not be refused.
pub(crate) const fn same(absolute: f64, relative: f64) -> Answer {
    Answer {
        same: Some(Within { absolute, relative }),
        refused: false,
        warned: false,
        names: &[],
    }
}

/// A refusal and nothing else.
pub(crate) const fn refused(names: &'static [&'static str]) -> Answer {
    Answer {
        same: None,
        refused: true,
        warned: false,
        names,
    }
}

/// A refusal or a warning.
pub(crate) const fn told(names: &'static [&'static str]) -> Answer {
    Answer {
        warned: true,
        ..refused(names)
    }
}

impl Answer {
    /// The expected result is right as well.
    pub(crate) const fn or_same(self, absolute: f64) -> Self {
        Self {
            same: Some(Within {
                absolute,
                relative: 0.0,
            }),
            ..self
        }
    }

    /// A refusal that names one of these is right as well.
    pub(crate) const fn or_refused(self, names: &'static [&'static str]) -> Self {
        Self {
            refused: true,
            names,
            ..self
        }
    }

    /// A refusal or a warning that names one of these is right as well.
    pub(crate) const fn or_told(self, names: &'static [&'static str]) -> Self {
        Self {
            warned: true,
            ..self.or_refused(names)
        }
    }
}

/// How a trial ended.
#[derive(Debug, Clone)]
pub(crate) enum Verdict {
    /// The expected result.
    Same,
    Refused(String),
    Warned(String),
    /// None of the right answers: what was said or found.
    Wrong(String),
}

impl Verdict {
    pub(crate) fn is_right(&self) -> bool {
        !matches!(self, Self::Wrong(_))
    }
}

impl Answer {
    /// Compares what became of the damaged study with what is right.
    pub(crate) fn judge(
        &self,
        outcome: Result<Figures, Stop>,
        warnings: &[Warning],
        expected: &Figures,
    ) -> Verdict {
        let figures = match outcome {
            Err(Stop::Harness(error)) => return Verdict::Wrong(format!("the test itself failed: {error:#}")),
            Err(Stop::Broken { command, what }) => return Verdict::Wrong(format!("{command}: {what}")),
            Err(Stop::Refused { line, .. }) if self.refused && self.named_in(&line) => {
                return Verdict::Refused(line);
            }
            Err(Stop::Refused { command, line }) => {
                let what = if self.refused {
                    "refused without the name of it"
                } else {
                    "refused, though harmless"
                };
                return Verdict::Wrong(format!("{command}: {what}: {line}"));
            }
            Ok(figures) => figures,
        };
        let difference = figures.difference(
            expected,
            self.same.unwrap_or(Within {
                absolute: 0.0,
                relative: 0.0,
            }),
        );
        if self.same.is_some() && difference.is_none() {
            return Verdict::Same;
        }
        if let Some(warning) = warnings.iter().find(|w| self.warned && self.named_in(&w.line)) {
            return Verdict::Warned(warning.line.clone());
        }
        let found = difference.map_or_else(
            || "the result is that of the intact study".to_owned(),
            |d| format!("{} numbers differ, {}", d.count, d.worst),
        );
        let said = warnings
            .last()
            .map_or_else(|| "nothing said".to_owned(), |w| format!("said only: {}", w.line));
        Verdict::Wrong(format!("{found}; {said}"))
    }

    /// Whether a warning about the intact study would pass for an answer.
    pub(crate) fn is_vacuous(&self, line: &str) -> bool {
        self.warned && self.named_in(line)
    }

    /// Whether a line names what it must.
    fn named_in(&self, line: &str) -> bool {
        let line = line.to_lowercase();
        let whole = |name: &&str| name.split('&').all(|part| line.contains(&part.to_lowercase()));
        self.names.is_empty() || self.names.iter().any(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(value: f64) -> Figures {
        let mut figures = Figures::default();
        figures.set("score", value);
        figures
    }

    fn refusal(line: &str) -> Result<Figures, Stop> {
        Err(Stop::Refused {
            command: "lpp-fit".to_owned(),
            line: line.to_owned(),
        })
    }

    fn warning(line: &str) -> Warning {
        Warning {
            command: "lpp-fit".to_owned(),
            line: line.to_owned(),
        }
    }

    #[test]
    fn another_number_in_silence_is_wrong() {
        for answer in [
            same(1e-3, 0.0),
            same(1e-3, 0.0).or_told(&["run"]),
            refused(&["run"]),
            told(&["run"]),
        ] {
            assert!(!answer.judge(Ok(figures(0.2)), &[], &figures(0.1)).is_right());
            let said = [warning("warning: something else")];
            assert!(!answer.judge(Ok(figures(0.2)), &said, &figures(0.1)).is_right());
        }
    }

    #[test]
    fn the_same_number_is_no_answer_to_what_must_be_told() {
        assert!(
            !refused(&["run"])
                .judge(Ok(figures(0.1)), &[], &figures(0.1))
                .is_right()
        );
        assert!(
            same(1e-3, 0.0)
                .judge(Ok(figures(0.1)), &[], &figures(0.1))
                .is_right()
        );
    }

    #[test]
    fn a_refusal_must_name_the_thing_and_be_allowed() {
        let line = "error: run-3 has 40 scans, expected 44";
        for (answer, right) in [
            (refused(&["run-3&scans"]), true),
            (refused(&["run-3&voxels", "mask"]), false),
            (same(1e-3, 0.0), false),
            (same(1e-3, 0.0).or_refused(&["RUN-3"]), true),
        ] {
            assert_eq!(answer.judge(refusal(line), &[], &figures(0.1)).is_right(), right);
        }
    }

    #[test]
    fn a_warning_counts_only_where_it_is_allowed() {
        let said = [warning("warning: run-3 is short")];
        assert!(
            told(&["run-3"])
                .judge(Ok(figures(0.2)), &said, &figures(0.1))
                .is_right()
        );
        assert!(
            !refused(&["run-3"])
                .judge(Ok(figures(0.2)), &said, &figures(0.1))
                .is_right()
        );
    }

    #[test]
    fn a_broken_end_is_never_right() {
        let broken = || {
            Err(Stop::Broken {
                command: "lpp-fit".to_owned(),
                what: "status 101".to_owned(),
            })
        };
        for answer in [refused(&[]), told(&[]), same(1.0, 1.0)] {
            assert!(!answer.judge(broken(), &[], &figures(0.1)).is_right());
        }
    }
}
