//! Units of an image's axes (`xyzt_units` of NIfTI).

use std::fmt;

/// Unit of the step along the fourth axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum TimeUnit {
    /// No unit is given.
    #[default]
    Unknown,
    /// Seconds; milliseconds and microseconds are converted when a header is read.
    Seconds,
    /// The fourth axis is not time: hertz, parts per million or radians per second, by their code in the format.
    NotTime(u8),
}

/// Units given by a header, and their conversion factors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Units {
    /// The unit of space, if one is given.
    pub(crate) space: Option<SpaceUnit>,
    pub(crate) time: TimeUnit,
    /// Number of the step's original units in one of that unit.
    pub(crate) time_divisor: f64,
}

/// Unit of the voxel coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpaceUnit {
    Metre,
    Millimetre,
    Micrometre,
}

/// The codes of the standard (`nifti1.h`): space in the lowest three bits, time in the next three.
const METRE: u8 = 1;
const MILLIMETRE: u8 = 2;
const MICROMETRE: u8 = 3;
const SECOND: u8 = 8;
const MILLISECOND: u8 = 16;
const MICROSECOND: u8 = 24;

impl Units {
    /// Reads the byte of a header; unknown codes mean no unit.
    pub(crate) fn of_code(code: u8) -> Self {
        let space = match code & 0x07 {
            METRE => Some(SpaceUnit::Metre),
            MILLIMETRE => Some(SpaceUnit::Millimetre),
            MICROMETRE => Some(SpaceUnit::Micrometre),
            _ => None,
        };
        let (time, time_divisor) = match code & 0x38 {
            SECOND => (TimeUnit::Seconds, 1.0),
            MILLISECOND => (TimeUnit::Seconds, 1e3),
            MICROSECOND => (TimeUnit::Seconds, 1e6),
            0 => (TimeUnit::Unknown, 1.0),
            other => (TimeUnit::NotTime(other), 1.0),
        };
        Self {
            space,
            time,
            time_divisor,
        }
    }

    /// The byte for a header whose coordinates, if their unit is known, are in mm.
    pub(crate) fn code(millimetres: bool, time: TimeUnit) -> u8 {
        let space = if millimetres { MILLIMETRE } else { 0 };
        space
            | match time {
                TimeUnit::Unknown => 0,
                TimeUnit::Seconds => SECOND,
                TimeUnit::NotTime(code) => code,
            }
    }
}

impl SpaceUnit {
    /// Its length in mm.
    pub(crate) fn in_mm(self) -> f64 {
        match self {
            Self::Metre => 1e3,
            Self::Millimetre => 1.0,
            Self::Micrometre => 1e-3,
        }
    }
}

impl fmt::Display for SpaceUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Metre => "metre",
            Self::Millimetre => "millimetre",
            Self::Micrometre => "micrometre",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_time_become_seconds_and_others_stay() {
        let time = |code| (Units::of_code(code).time, Units::of_code(code).time_divisor);
        assert_eq!(time(2 | 8), (TimeUnit::Seconds, 1.0));
        assert_eq!(time(2 | 16), (TimeUnit::Seconds, 1e3));
        assert_eq!(time(24), (TimeUnit::Seconds, 1e6));
        assert_eq!(time(2), (TimeUnit::Unknown, 1.0));
        for code in [32, 40, 48, 56] {
            let units = Units::of_code(code);
            assert_eq!(Units::code(false, units.time), code);
        }
        assert_eq!(Units::code(true, TimeUnit::Seconds), 10);
        let mm = |code| Units::of_code(code).space.map(SpaceUnit::in_mm);
        assert_eq!(
            [0, 1, 2, 3, 7].map(mm),
            [None, Some(1e3), Some(1.0), Some(1e-3), None]
        );
    }
}
