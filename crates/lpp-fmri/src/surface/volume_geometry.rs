//! From the coordinates that `FreeSurfer` keeps its surfaces in to the world of images.
//!
//! Its surfaces are in "surface RAS" (tkr): the axes of the volume that they were made from, with the centre of that volume
//! at 0. Where the centre lies in the world (`c_ras`), and how the axes run there, stands beside the vertices.
//!
//! # References
//! <https://surfer.nmr.mgh.harvard.edu/fswiki/CoordinateSystems>

/// How a volume lies in the world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct VolumeGeometry {
    /// World directions of the columns, rows and slices of the volume.
    pub(super) axes: [[f64; 3]; 3],
    /// World coordinates of its centre, mm.
    pub(super) centre: [f64; 3],
}

impl Default for VolumeGeometry {
    /// The volume that `FreeSurfer` makes of every scan: columns to the left, rows down, slices to the front, centred on 0.
    fn default() -> Self {
        Self {
            axes: [[-1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]],
            centre: [0.0; 3],
        }
    }
}

impl VolumeGeometry {
    /// World coordinates of a point in surface RAS, in which columns run to −x, rows to −z and slices to +y.
    ///
    /// To a micrometre: files store points as `f32`, so that one surface about two centres differs by less than that.
    pub(super) fn to_world(self, [x, y, z]: [f64; 3]) -> [f64; 3] {
        let [columns, rows, slices] = self.axes;
        [0, 1, 2].map(|axis| {
            let mm = self.centre[axis] - x * columns[axis] - z * rows[axis] + y * slices[axis];
            (mm * 1e3).round() / 1e3
        })
    }

    /// Reads the lines `name = a b c` that `FreeSurfer` writes; `None` if the geometry is marked as invalid, or one of its numbers
    /// is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let value = |name: &str| {
            let line = text.lines().find_map(|line| {
                let (key, value) = line.split_once('=')?;
                (key.trim() == name).then_some(value)
            })?;
            Some(line.split('#').next().unwrap_or(line).trim())
        };
        let vector = |name: &str| -> Option<[f64; 3]> {
            let numbers: Vec<f64> = value(name)?
                .split_whitespace()
                .map(|word| word.parse().ok())
                .collect::<Option<_>>()?;
            <[f64; 3]>::try_from(numbers)
                .ok()
                .filter(|v| v.iter().all(|n| n.is_finite()))
        };
        if value("valid")? != "1" {
            return None;
        }
        Some(Self {
            axes: [vector("xras")?, vector("yras")?, vector("zras")?],
            centre: vector("cras")?,
        })
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "whole numbers are exact")]
mod tests {
    use super::*;

    #[test]
    fn the_centre_and_the_axes_of_the_volume_count() {
        let lines = |valid: u8, xras: &str, cras: &str| {
            format!(
                "valid = {valid}  # volume info valid\nfilename = a.mgz\nvolume = 256 256 256\nvoxelsize = 1 1 1\nxras   = {xras}\n\
                 yras   = 0 0 -1\nzras   = 0 1 0\ncras   = {cras}\n"
            )
        };
        let plain = VolumeGeometry::parse(&lines(1, "-1 0 0", "0 0 40")).unwrap();
        assert_eq!(plain.to_world([1.0, 2.0, 3.0]), [1.0, 2.0, 43.0]);
        assert_eq!(
            VolumeGeometry::default().to_world([1.0, 2.0, 3.0]),
            [1.0, 2.0, 3.0]
        );
        // A volume whose columns run to the right: its surface RAS is mirrored.
        let mirrored = VolumeGeometry::parse(&lines(1, "1 0 0", "5 0 0")).unwrap();
        assert_eq!(mirrored.to_world([1.0, 2.0, 3.0]), [4.0, 2.0, 3.0]);
        for wrong in [
            lines(0, "-1 0 0", "0 0 40"),
            lines(1, "-1 0", "0 0 0"),
            lines(1, "-1 0 0", "0 x 0"),
            String::new(),
        ] {
            assert_eq!(VolumeGeometry::parse(&wrong), None);
        }
    }
}
