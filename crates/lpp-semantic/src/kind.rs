//! What a kind of damage is: a scene, a change of it, and the right answers.

use rand_chacha::ChaCha8Rng;

use crate::answer::Answer;
use crate::bench::{Bench, Stop};
use crate::figures::Figures;
use crate::study::Study;

/// A small study, and the programs that turn it into numbers.
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    /// The intact study of a seed.
    pub(crate) make: fn(u64) -> Study,
    /// Runs the programs and reads what they wrote.
    pub(crate) run: fn(&mut Bench, &Study) -> Result<Figures, Stop>,
}

/// Numbers to expect of a damaged study, from those of the intact one and the damaged study.
pub(crate) type Expect = fn(&Figures, &Study) -> Figures;

/// A kind of damage.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) scene: &'static Scene,
    pub(crate) damage: fn(&mut Study, &mut ChaCha8Rng),
    pub(crate) answer: Answer,
    /// Where the right numbers are not those of the intact study.
    pub(crate) expect: Option<Expect>,
    /// Whether numbers that are not expected may be there as well.
    pub(crate) in_part: bool,
}

impl Kind {
    pub(crate) const fn new(
        name: &'static str,
        scene: &'static Scene,
        answer: Answer,
        damage: fn(&mut Study, &mut ChaCha8Rng),
    ) -> Self {
        Self {
            name,
            scene,
            damage,
            answer,
            expect: None,
            in_part: false,
        }
    }

    pub(crate) const fn expecting(self, expect: Expect) -> Self {
        Self {
            expect: Some(expect),
            ..self
        }
    }

    /// As [`expecting`](Self::expecting), of some of the numbers.
    pub(crate) const fn expecting_part(self, expect: Expect) -> Self {
        Self {
            in_part: true,
            ..self.expecting(expect)
        }
    }
}
