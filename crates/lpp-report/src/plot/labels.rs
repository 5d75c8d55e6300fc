//! Names beside points, placed so that none lies on another.

use super::rect::Rect;
use super::svg::{Align, Svg};
use crate::font::{Weight, text_width};
use crate::theme::MARK_MM;

/// Labels farther from their point than this get a line to it, mm.
const LEADER_FROM_MM: f64 = 2.4;
/// Half the room that a line is given, mm.
const LINE_MM: f64 = 0.35;

/// Where a label was put.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Placed {
    pub(crate) area: Rect,
    align: Align,
    distance: f64,
}

/// Finds a place within `frame` for the labels of the points in `order`, nearest places first; `None` where there is no
/// room, and for points that are not in `order`.
///
/// Labels avoid each other and all points, and `line` if there is a place clear of it.
pub(crate) fn place(
    points: &[(f64, f64)],
    texts: &[&str],
    order: &[usize],
    size: f64,
    frame: Rect,
    line: &[(f64, f64)],
) -> Vec<Option<Placed>> {
    let on_line: Vec<Rect> = dotted(line).map(|point| Rect::around(point, LINE_MM)).collect();
    let mut occupied: Vec<Rect> = points.iter().map(|&point| Rect::around(point, MARK_MM)).collect();
    let mut places = vec![None; points.len()];
    for &index in order {
        let free =
            |place: &Placed, occupied: &[Rect]| !occupied.iter().any(|other| other.overlaps(&place.area));
        let possible: Vec<Placed> = candidates(points[index], texts[index], size)
            .filter(|place| frame.holds(&place.area) && free(place, &occupied))
            .collect();
        let clear = possible
            .iter()
            .position(|place| free(place, &on_line))
            .unwrap_or(0);
        let place = possible.get(clear).copied();
        if let Some(place) = place {
            occupied.push(place.area);
        }
        places[index] = place;
    }
    places
}

/// Points along a line, close enough that no label fits between two.
fn dotted(line: &[(f64, f64)]) -> impl Iterator<Item = (f64, f64)> + '_ {
    line.windows(2).flat_map(|pair| {
        let (from, to) = (pair[0], pair[1]);
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let steps = (length / LINE_MM).ceil().clamp(1.0, 500.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to 1 to 500"
        )]
        let n = steps as usize;
        (0..=n).map(move |i| {
            let share = i as f64 / steps;
            (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1))
        })
    })
}

/// Draws the labels that have a place.
pub(crate) fn draw(
    svg: &mut Svg,
    points: &[(f64, f64)],
    texts: &[&str],
    size: f64,
    places: &[Option<Placed>],
) {
    for ((point, text), place) in points.iter().zip(texts).zip(places) {
        let Some(place) = place else { continue };
        let x = match place.align {
            Align::Start => place.area.left,
            Align::Middle => f64::midpoint(place.area.left, place.area.right),
            Align::End => place.area.right,
        };
        if place.distance > LEADER_FROM_MM {
            let y = f64::midpoint(place.area.top, place.area.bottom);
            svg.line(*point, (x, y), 0.1, 0.5);
        }
        svg.label((x, place.area.bottom - size * 0.3), place.align, size, text);
    }
}

/// Places around a point, from right beside it outwards.
fn candidates(point: (f64, f64), text: &str, size: f64) -> impl Iterator<Item = Placed> {
    let width = text_width(text, size, Weight::Regular);
    [1.5, 2.6, 4.2, 6.2, 8.5].into_iter().flat_map(move |distance| {
        DIRECTIONS.into_iter().map(move |(dx, dy, align)| {
            let (x, y) = (point.0 + dx * distance, point.1 + dy * distance);
            let left = match align {
                Align::Start => x,
                Align::Middle => x - width / 2.0,
                Align::End => x - width,
            };
            Placed {
                area: Rect::new(left, y - size * 0.65, width, size * 1.3),
                align,
                distance,
            }
        })
    })
}

const DIRECTIONS: [(f64, f64, Align); 8] = [
    (1.0, 0.0, Align::Start),
    (-1.0, 0.0, Align::End),
    (0.0, -1.3, Align::Middle),
    (0.0, 1.3, Align::Middle),
    (0.8, -0.9, Align::Start),
    (-0.8, -0.9, Align::End),
    (0.8, 0.9, Align::Start),
    (-0.8, 0.9, Align::End),
];

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Rect = Rect {
        left: 0.0,
        top: 0.0,
        right: 100.0,
        bottom: 60.0,
    };

    #[test]
    fn no_two_labels_overlap() {
        let points: Vec<(f64, f64)> = (0..60)
            .map(|i| (f64::from(i % 8) * 11.0 + 8.0, f64::from(i / 8) * 2.5 + 20.0))
            .collect();
        let texts: Vec<String> = (0..60).map(|i| format!("model-{i}b")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let order: Vec<usize> = (0..60).collect();
        let places: Vec<Placed> = place(&points, &texts, &order, 2.0, FRAME, &[])
            .into_iter()
            .flatten()
            .collect();
        assert!(places.len() > 10);
        for (i, a) in places.iter().enumerate() {
            assert!(FRAME.holds(&a.area));
            assert!(places[..i].iter().all(|b| !b.area.overlaps(&a.area)));
        }
    }

    #[test]
    fn a_lonely_label_stands_beside_its_point() {
        let places = place(&[(50.0, 30.0)], &["gpt2"], &[0], 2.0, FRAME, &[]);
        assert_eq!(places[0].map(|p| p.align), Some(Align::Start));
    }

    #[test]
    fn points_out_of_order_have_no_label() {
        let points = [(20.0, 30.0), (60.0, 30.0)];
        let places = place(&points, &["a", "b"], &[1], 2.0, FRAME, &[]);
        assert!(places[0].is_none() && places[1].is_some());
    }
}
