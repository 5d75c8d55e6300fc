//! Colours, marks and sizes of all figures, in one place.

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
/// Width of axis lines, mm.
pub(crate) const HAIRLINE_MM: f64 = 0.2;
/// Radius of a mark, mm.
pub(crate) const MARK_MM: f64 = 1.05;

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

/// Colours of maps from 0 to 1: from pale through orange to dark red, of steadily falling lightness
/// (anchors of the scheme `OrRd` of Cynthia Brewer, <https://colorbrewer2.org>).
pub(crate) fn map_colour(level: f64) -> String {
    const ANCHORS: [[f64; 3]; 6] = [
        [254.0, 240.0, 217.0],
        [253.0, 212.0, 158.0],
        [253.0, 187.0, 132.0],
        [252.0, 141.0, 89.0],
        [227.0, 74.0, 51.0],
        [127.0, 0.0, 0.0],
    ];
    let position = level.clamp(0.0, 1.0) * 5.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 <= position <= 5"
    )]
    let below = (position as usize).min(4);
    let share = position - below as f64;
    let mixed =
        |channel: usize| ANCHORS[below][channel] * (1.0 - share) + ANCHORS[below + 1][channel] * share;
    format!("rgb({:.0},{:.0},{:.0})", mixed(0), mixed(1), mixed(2))
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

    #[test]
    fn the_map_scale_ends_at_its_anchors() {
        assert_eq!(map_colour(-1.0), "rgb(254,240,217)");
        assert_eq!(map_colour(1.0), "rgb(127,0,0)");
    }
}
