//! Colours, marks and sizes of all figures, in one place.

use std::fmt;
use std::str::FromStr;

/// On what paper figures are drawn.
///
/// ```
/// use lpp_report::Theme;
/// assert_eq!("dark".parse(), Ok(Theme::Dark));
/// assert_eq!(Theme::default().to_string(), "light");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Dark ink on white, for journals.
    #[default]
    Light,
    /// Pale ink on near black, for slides.
    Dark,
}

impl Theme {
    /// Colour of lines and text.
    #[must_use]
    pub fn ink(self) -> &'static str {
        match self {
            Self::Light => "#1b1f24",
            Self::Dark => "#e4e8ee",
        }
    }

    /// Colour of the page.
    #[must_use]
    pub fn paper(self) -> &'static str {
        match self {
            Self::Light => "#ffffff",
            Self::Dark => "#14171b",
        }
    }

    /// Colour of maps of one sign, `level` from 0 to 1.
    ///
    /// On white from pale yellow through orange to dark red, on dark paper from dark red to pale yellow: high values
    /// always stand out, and lightness is monotonous. Anchors of the scheme `YlOrRd` of Cynthia Brewer,
    /// <https://colorbrewer2.org>.
    #[must_use]
    pub fn sequential(self, level: f64) -> Rgb {
        match self {
            Self::Light => mixed(&WARM, level),
            Self::Dark => mixed(&WARM, 1.0 - level),
        }
    }

    /// Colour of maps of both signs, `level` from −1 to 1: blue, the colour of little, red.
    ///
    /// Anchors of Brewer's `RdBu`, which stays readable with red–green blindness.
    #[must_use]
    pub fn diverging(self, level: f64) -> Rgb {
        let arm = if level < 0.0 { &COLD_ARM } else { &HOT_ARM };
        match self {
            Self::Light => mixed(arm, level.abs()),
            // The arms start dark and end pale there.
            Self::Dark => mixed(&arm[1..], 1.0 - level.abs()),
        }
    }

    /// Colour of brain tissue without a value.
    #[must_use]
    pub fn tissue(self) -> Rgb {
        match self {
            Self::Light => Rgb(222, 224, 228),
            Self::Dark => Rgb(92, 97, 105),
        }
    }
}

impl fmt::Display for Theme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Light => "light",
            Self::Dark => "dark",
        })
    }
}

impl FromStr for Theme {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "light" => Ok(Self::Light),
            "dark" => Ok(Self::Dark),
            _ => Err(format!("unknown theme {text:?}, expected light or dark")),
        }
    }
}

/// A colour: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

const WARM: [[f64; 3]; 7] = [
    [255.0, 247.0, 188.0],
    [254.0, 217.0, 118.0],
    [254.0, 178.0, 76.0],
    [253.0, 141.0, 60.0],
    [240.0, 59.0, 32.0],
    [189.0, 0.0, 38.0],
    [103.0, 0.0, 13.0],
];
const HOT_ARM: [[f64; 3]; 5] = [
    [253.0, 237.0, 228.0],
    [250.0, 200.0, 175.0],
    [239.0, 138.0, 98.0],
    [202.0, 50.0, 50.0],
    [115.0, 5.0, 30.0],
];
const COLD_ARM: [[f64; 3]; 5] = [
    [229.0, 240.0, 247.0],
    [170.0, 208.0, 230.0],
    [103.0, 169.0, 207.0],
    [44.0, 105.0, 175.0],
    [8.0, 45.0, 105.0],
];

/// The colour at `level` (0 to 1) between anchors that lie evenly.
fn mixed(anchors: &[[f64; 3]], level: f64) -> Rgb {
    let last = anchors.len() - 1;
    let level = if level.is_nan() {
        0.0
    } else {
        level.clamp(0.0, 1.0)
    };
    let position = level * last as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 <= position <= last"
    )]
    let below = (position as usize).min(last - 1);
    let share = position - below as f64;
    let channel = |i: usize| {
        let value = anchors[below][i] * (1.0 - share) + anchors[below + 1][i] * share;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "anchors lie between 0 and 255"
        )]
        let byte = value.round() as u8;
        byte
    };
    Rgb(channel(0), channel(1), channel(2))
}

/// Colour-blind-safe colours, one a family (P. Tol, <https://personal.sron.nl/~pault/>, scheme "muted", and
/// Okabe and Ito's orange), readable on white and on the dark page alike.
const FAMILY_COLOURS: [&str; 9] = [
    "#4a7bd0", "#d9822b", "#3a9f6c", "#c85578", "#8a68c8", "#35a3b5", "#a08a2c", "#9d4edd", "#7f8790",
];

/// Port is red and starboard green at sea; these two stay apart for colour-blind readers.
pub(crate) const LEFT: &str = "#c8553d";
pub(crate) const RIGHT: &str = "#2a8f82";
/// Whatever has no side: all voxels, a density.
pub(crate) const NEUTRAL: &str = "#4a7bd0";

/// Size of small text, mm: 7 points, the least that journals accept.
pub(crate) const TEXT_MM: f64 = 2.5;
/// Size of titles, mm.
pub(crate) const TITLE_MM: f64 = 3.0;
/// Size of names beside points, mm: 6 points.
pub(crate) const LABEL_MM: f64 = 2.1;
/// Width of axis lines, mm.
pub(crate) const HAIRLINE_MM: f64 = 0.2;
/// Radius of a mark, mm.
pub(crate) const MARK_MM: f64 = 1.05;

/// Widths of figures, mm: a journal's single column, one and a half, and both columns.
pub(crate) const SINGLE_MM: f64 = 88.0;
pub(crate) const ONE_AND_A_HALF_MM: f64 = 120.0;
pub(crate) const DOUBLE_MM: f64 = 180.0;

/// Mark of a family in a scatter plot. Shape repeats what colour says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Circle,
    Square,
    Triangle,
    Diamond,
    Cross,
}

/// Colour and mark of the family with this number; the pair repeats only after 45 families.
pub(crate) fn family_style(number: usize) -> (&'static str, Mark) {
    const MARKS: [Mark; 5] = [
        Mark::Circle,
        Mark::Square,
        Mark::Triangle,
        Mark::Diamond,
        Mark::Cross,
    ];
    (
        FAMILY_COLOURS[number % FAMILY_COLOURS.len()],
        MARKS[number % MARKS.len()],
    )
}

/// Colour of the member with this number of a set without families: regions, curves.
pub(crate) fn series_colour(number: usize) -> &'static str {
    FAMILY_COLOURS[number % FAMILY_COLOURS.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_of_the_first_families_look_alike() {
        let styles: Vec<_> = (0..45).map(family_style).collect();
        for (i, style) in styles.iter().enumerate() {
            assert!(!styles[..i].contains(style), "family {i}");
        }
    }

    /// Relative luminance as WCAG 2.1 defines it.
    fn luminance(Rgb(red, green, blue): Rgb) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    #[test]
    fn maps_change_lightness_one_way_and_end_far_from_the_paper() {
        for theme in [Theme::Light, Theme::Dark] {
            let ramps: [&dyn Fn(f64) -> Rgb; 3] = [
                &|level| theme.sequential(level),
                &|level| theme.diverging(level),
                &|level| theme.diverging(-level.max(1e-9)),
            ];
            for ramp in ramps {
                let light: Vec<f64> = (0..=20).map(|i| luminance(ramp(f64::from(i) / 20.0))).collect();
                let falling = light[20] < light[0];
                assert_eq!(falling, theme == Theme::Light);
                assert!(
                    light.windows(2).all(|pair| (pair[1] < pair[0]) == falling),
                    "{light:?}"
                );
            }
        }
    }

    #[test]
    fn both_inks_are_readable() {
        let parse = |hex: &str| {
            let channel = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
            Rgb(channel(1), channel(3), channel(5))
        };
        let contrast = |a: &str, b: &str| {
            let (a, b) = (luminance(parse(a)), luminance(parse(b)));
            (a.max(b) + 0.05) / (a.min(b) + 0.05)
        };
        for theme in [Theme::Light, Theme::Dark] {
            // WCAG AAA asks 7 of text, AA 3 of graphical objects.
            assert!(contrast(theme.ink(), theme.paper()) > 7.0);
            for colour in FAMILY_COLOURS.into_iter().chain([LEFT, RIGHT]) {
                assert!(contrast(colour, theme.paper()) > 2.9, "{colour} on {theme}");
            }
        }
    }

    #[test]
    fn colours_are_written_for_svg() {
        assert_eq!(Theme::Light.sequential(1.0).to_string(), "#67000d");
        assert_eq!(Theme::Light.sequential(f64::NAN), Theme::Light.sequential(0.0));
    }
}
