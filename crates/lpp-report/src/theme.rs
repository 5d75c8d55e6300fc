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

/// One colour a family, readable on white and on the dark page alike. Found by a search for colours that stay apart for
/// colour-blind readers: the first six from each other, and all that share a [`Mark`] (see the test).
const FAMILY_COLOURS: [&str; 9] = [
    "#4a7bd0", "#d9822b", "#546c00", "#3c9cd8", "#8418fc", "#a8486c", "#3c7890", "#e448a8", "#f00024",
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

    /// Linear light of a channel.
    fn linear(channel: u8) -> f64 {
        let value = f64::from(channel) / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    }

    /// Relative luminance as WCAG 2.1 defines it.
    fn luminance(Rgb(red, green, blue): Rgb) -> f64 {
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

    fn parse(hex: &str) -> Rgb {
        let channel = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        Rgb(channel(1), channel(3), channel(5))
    }

    /// Linear light, as seen by everybody, without the long, the middle and the short cones: G. Machado, M. Oliveira and
    /// L. Fernandes (2009), <https://doi.org/10.1109/TVCG.2009.113>, severity 1.
    const VISIONS: [(&str, [[f64; 3]; 3]); 4] = [
        ("all cones", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        (
            "protanopia",
            [
                [0.152_286, 1.052_583, -0.204_868],
                [0.114_503, 0.786_281, 0.099_216],
                [-0.003_882, -0.048_116, 1.051_998],
            ],
        ),
        (
            "deuteranopia",
            [
                [0.367_322, 0.860_646, -0.227_968],
                [0.280_085, 0.672_501, 0.047_413],
                [-0.011_820, 0.042_940, 0.968_881],
            ],
        ),
        (
            "tritanopia",
            [
                [1.255_528, -0.076_749, -0.178_779],
                [-0.078_411, 0.930_809, 0.147_602],
                [0.004_733, 0.691_367, 0.303_900],
            ],
        ),
    ];

    fn product(matrix: &[[f64; 3]; 3], vector: [f64; 3]) -> [f64; 3] {
        matrix.map(|row| row[0] * vector[0] + row[1] * vector[1] + row[2] * vector[2])
    }

    /// A colour in `OKLab` times 100, where 2 is about what can just be told apart (B. Ottosson 2020,
    /// <https://bottosson.github.io/posts/oklab/>).
    fn seen(vision: &[[f64; 3]; 3], Rgb(red, green, blue): Rgb) -> [f64; 3] {
        let light = product(vision, [red, green, blue].map(linear)).map(|x| x.clamp(0.0, 1.0));
        let to_cones = [
            [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
            [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
            [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
        ];
        let to_lab = [
            [0.210_454_255_3, 0.793_617_785_0, -0.004_072_046_8],
            [1.977_998_495_1, -2.428_592_205_0, 0.450_593_709_9],
            [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766_0],
        ];
        product(&to_lab, product(&to_cones, light).map(f64::cbrt)).map(|x| 100.0 * x)
    }

    fn distance(vision: &[[f64; 3]; 3], a: &str, b: &str) -> f64 {
        let (a, b) = (seen(vision, parse(a)), seen(vision, parse(b)));
        a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    }

    #[test]
    fn colours_stay_apart_for_colour_blind_readers() {
        for (name, vision) in &VISIONS {
            assert!(distance(vision, LEFT, RIGHT) > 10.0, "{name}");
            for i in 0..FAMILY_COLOURS.len() {
                for j in 0..i {
                    let ((a, mark_a), (b, mark_b)) = (family_style(i), family_style(j));
                    // What a mark tells apart as well may be nearer, and so may be the seventh family and later ones.
                    let least = if mark_a == mark_b {
                        12.0
                    } else if i < 6 {
                        8.0
                    } else {
                        4.0
                    };
                    let found = distance(vision, a, b);
                    assert!(found > least, "{name}: {a} and {b} are {found:.1} apart");
                }
            }
        }
    }

    #[test]
    fn both_inks_are_readable() {
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
