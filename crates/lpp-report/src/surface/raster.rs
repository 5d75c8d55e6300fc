//! Drawing a mesh with hidden surfaces removed: a z-buffer.
//!
//! A cortex has some twenty thousand triangles a hemisphere. As vectors, sorted from back to front, a figure of four views
//! would take megabytes, and viewers draw seams between neighbouring triangles; a depth buffer settles also triangles that
//! pass through each other, which an order of painting cannot. So surfaces are pixels, embedded as PNG, and everything around
//! them stays vectors.

use resvg::tiny_skia::{Pixmap, PremultipliedColorU8};

use crate::ReportError;
use crate::theme::Rgb;
use lpp_fmri::surface::Mesh;

/// Pixels per pixel of the result along each axis: smooth edges.
const OVERSAMPLING: usize = 2;
/// Share of light that reaches every surface, and the light's direction as the viewer sees it: right, up, towards.
const AMBIENT: f64 = 0.62;
const LIGHT: [f64; 3] = [0.2, 0.4, 0.894_427_191];

/// From where a hemisphere is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// From the left.
    FromLeft,
    /// From the right.
    FromRight,
}

/// An orthographic view: world axes to right, up, towards the viewer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Camera {
    pub(crate) side: Side,
    /// Millimetres of the world that the image is wide and high, and the point in its middle.
    pub(crate) size_mm: (f64, f64),
    pub(crate) centre: (f64, f64),
}

impl Side {
    /// Right, up and depth of a point or direction.
    pub(crate) fn turn(self, [x, y, z]: [f64; 3]) -> [f64; 3] {
        match self {
            Self::FromLeft => [-y, z, -x],
            Self::FromRight => [y, z, x],
        }
    }
}

/// What is drawn.
pub(crate) struct Scene<'a> {
    pub(crate) mesh: &'a Mesh,
    /// One value per vertex; NaN has no colour of its own.
    pub(crate) values: &'a [f64],
    /// Brightness of each vertex's tissue, 1 for the plain colour; empty for plain throughout.
    pub(crate) brightness: &'a [f64],
    pub(crate) tissue: Rgb,
    /// Colour of a value, `None` for tissue.
    pub(crate) colour: &'a dyn Fn(f64) -> Option<Rgb>,
}

/// The image, as PNG, of `width` by `height` pixels on a transparent ground.
pub(crate) fn render(
    scene: &Scene<'_>,
    camera: Camera,
    width: u32,
    height: u32,
) -> Result<Vec<u8>, ReportError> {
    let failed = || ReportError::Render(format!("an image of {width} × {height} pixels is too large"));
    let mut pixmap = Pixmap::new(width, height).ok_or_else(failed)?;
    let (columns, rows) = (width as usize * OVERSAMPLING, height as usize * OVERSAMPLING);
    let mut buffer = Buffer {
        columns,
        rows,
        depth: vec![f64::NEG_INFINITY; columns * rows],
        colour: vec![None; columns * rows],
    };
    buffer.draw(scene, camera);
    buffer.reduce(&mut pixmap);
    pixmap
        .encode_png()
        .map_err(|error| ReportError::Render(error.to_string()))
}

struct Buffer {
    columns: usize,
    rows: usize,
    depth: Vec<f64>,
    colour: Vec<Option<[f64; 3]>>,
}

/// A vertex as the viewer sees it.
#[derive(Clone, Copy)]
struct Seen {
    place: [f64; 3],
    light: f64,
    value: f64,
    brightness: f64,
}

impl Buffer {
    fn draw(&mut self, scene: &Scene<'_>, camera: Camera) {
        let scale = self.columns as f64 / camera.size_mm.0;
        let normals = scene.mesh.normals();
        let seen: Vec<Seen> = scene
            .mesh
            .vertices()
            .iter()
            .zip(&normals)
            .enumerate()
            .map(|(i, (vertex, normal))| {
                let [u, v, w] = camera.side.turn(*vertex);
                let [nu, nv, nw] = camera.side.turn(*normal);
                let facing = nu * LIGHT[0] + nv * LIGHT[1] + nw * LIGHT[2];
                Seen {
                    place: [
                        self.columns as f64 / 2.0 + (u - camera.centre.0) * scale,
                        self.rows as f64 / 2.0 - (v - camera.centre.1) * scale,
                        w,
                    ],
                    light: AMBIENT + (1.0 - AMBIENT) * facing.max(0.0),
                    value: scene.values.get(i).copied().unwrap_or(f64::NAN),
                    brightness: scene.brightness.get(i).copied().unwrap_or(1.0),
                }
            })
            .collect();
        for triangle in scene.mesh.triangles() {
            self.fill(triangle.map(|vertex| seen[vertex]), scene);
        }
    }

    /// Draws a triangle where it is nearer than what is there.
    fn fill(&mut self, corners: [Seen; 3], scene: &Scene<'_>) {
        let [a, b, c] = corners.map(|corner| corner.place);
        let area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
        if area == 0.0 {
            return;
        }
        let range = |axis: usize, length: usize| {
            let low = a[axis]
                .min(b[axis])
                .min(c[axis])
                .floor()
                .clamp(0.0, length as f64);
            let high = a[axis].max(b[axis]).max(c[axis]).ceil().clamp(0.0, length as f64);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "clamped to the image"
            )]
            let range = low as usize..high as usize;
            range
        };
        for row in range(1, self.rows) {
            for column in range(0, self.columns) {
                let centre = [column as f64 + 0.5, row as f64 + 0.5];
                let weight = |from: [f64; 3], to: [f64; 3]| {
                    let [from, to] = [from, to].map(|place| [place[0] - centre[0], place[1] - centre[1]]);
                    (from[0] * to[1] - to[0] * from[1]) / area
                };
                let weights = [weight(b, c), weight(c, a), weight(a, b)];
                if weights.iter().any(|weight| *weight < 0.0) {
                    continue;
                }
                let depth = weights[0] * a[2] + weights[1] * b[2] + weights[2] * c[2];
                let cell = row * self.columns + column;
                if depth > self.depth[cell] {
                    self.depth[cell] = depth;
                    self.colour[cell] = Some(shade(&corners, weights, scene));
                }
            }
        }
    }

    /// Means of the cells of each pixel.
    fn reduce(&self, pixmap: &mut Pixmap) {
        let width = self.columns / OVERSAMPLING;
        for (i, pixel) in pixmap.pixels_mut().iter_mut().enumerate() {
            let (row, column) = (i / width, i % width);
            let (mut sum, mut n) = ([0.0; 3], 0.0);
            for dr in 0..OVERSAMPLING {
                for dc in 0..OVERSAMPLING {
                    let cell = (row * OVERSAMPLING + dr) * self.columns + column * OVERSAMPLING + dc;
                    if let Some(colour) = self.colour[cell] {
                        for channel in 0..3 {
                            sum[channel] += colour[channel];
                        }
                        n += 1.0;
                    }
                }
            }
            // Premultiplied: the mean over all cells, those without colour counting as black and transparent.
            let cells = (OVERSAMPLING * OVERSAMPLING) as f64;
            let alpha = byte(255.0 * n / cells);
            let [red, green, blue] = sum.map(|value| byte(value / cells).min(alpha));
            if let Some(colour) = PremultipliedColorU8::from_rgba(red, green, blue, alpha) {
                *pixel = colour;
            }
        }
    }
}

/// Colour of a place in a triangle, in the light.
fn shade(corners: &[Seen; 3], weights: [f64; 3], scene: &Scene<'_>) -> [f64; 3] {
    let mut light = 0.0;
    let mut brightness = 0.0;
    let (mut value, mut known) = (0.0, 0.0);
    for (corner, weight) in corners.iter().zip(weights) {
        light += weight * corner.light;
        brightness += weight * corner.brightness;
        if !corner.value.is_nan() {
            value += weight * corner.value;
            known += weight;
        }
    }
    // Where most of a triangle is unknown, so is the place.
    let colour = if known > 0.5 {
        (scene.colour)(value / known)
    } else {
        None
    };
    let Rgb(red, green, blue) = colour.unwrap_or(scene.tissue);
    let brightness = if colour.is_some() { 1.0 } else { brightness };
    [red, green, blue].map(|channel| f64::from(channel) * light * brightness)
}

fn byte(value: f64) -> u8 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to a byte"
    )]
    let byte = value.round().clamp(0.0, 255.0) as u8;
    byte
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// Two squares across the view from the right: one near with value 1, one far and larger with value 2.
    fn two_squares() -> Mesh {
        let square = |x: f64, half: f64| {
            [
                [x, -half, -half],
                [x, half, -half],
                [x, half, half],
                [x, -half, half],
            ]
        };
        let vertices = [square(5.0, 1.0), square(-5.0, 2.0)].concat();
        let triangles = vec![[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]];
        Mesh::new(vertices, triangles, Path::new("test")).unwrap()
    }

    #[test]
    fn the_nearer_surface_hides_the_farther_one() {
        let mesh = two_squares();
        let values = [[1.0; 4], [2.0; 4]].concat();
        let scene = Scene {
            mesh: &mesh,
            values: &values,
            brightness: &[],
            tissue: Rgb(0, 0, 0),
            colour: &|value| {
                Some(if value < 1.5 {
                    Rgb(255, 0, 0)
                } else {
                    Rgb(0, 0, 255)
                })
            },
        };
        for (side, middle_is_red) in [(Side::FromRight, true), (Side::FromLeft, false)] {
            let camera = Camera {
                side,
                size_mm: (6.0, 6.0),
                centre: (0.0, 0.0),
            };
            let image = Pixmap::decode_png(&render(&scene, camera, 60, 60).unwrap()).unwrap();
            let middle = image.pixel(30, 30).unwrap();
            assert_eq!(middle.red() > middle.blue(), middle_is_red, "{side:?}");
            // The larger square is blue around the smaller one, and nothing is around it.
            let around = image.pixel(30, 15).unwrap();
            assert!(around.blue() > around.red());
            assert_eq!(image.pixel(2, 2).unwrap().alpha(), 0);
        }
    }

    #[test]
    fn what_is_not_known_is_tissue() {
        let mesh = two_squares();
        let scene = Scene {
            mesh: &mesh,
            values: &[f64::NAN; 8],
            brightness: &[0.5; 8],
            tissue: Rgb(200, 200, 200),
            colour: &|_| Some(Rgb(255, 0, 0)),
        };
        let camera = Camera {
            side: Side::FromRight,
            size_mm: (6.0, 6.0),
            centre: (0.0, 0.0),
        };
        let image = Pixmap::decode_png(&render(&scene, camera, 30, 30).unwrap()).unwrap();
        let pixel = image.pixel(15, 15).unwrap();
        assert_eq!(pixel.red(), pixel.blue());
        assert!(pixel.red() <= 100);
    }
}
