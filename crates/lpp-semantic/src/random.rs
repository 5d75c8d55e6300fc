//! Random numbers of studies and damages.

use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// What is drawn here.
pub(crate) trait Draw {
    fn normal(&mut self) -> f64;
    fn normals(&mut self, n: usize) -> Vec<f64>;
    fn uniform(&mut self, low: f64, high: f64) -> f64;
    /// A whole number from 0 to below `n`.
    fn below(&mut self, n: usize) -> usize;
    fn pick<T: Clone>(&mut self, of: &[T]) -> T;
    /// 0 to `n` − 1 in an order in which nothing stays where it is.
    fn derangement(&mut self, n: usize) -> Vec<usize>;
    fn shuffled(&mut self, n: usize) -> Vec<usize>;
}

impl Draw for ChaCha8Rng {
    fn normal(&mut self) -> f64 {
        StandardNormal.sample(self)
    }

    fn normals(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.normal()).collect()
    }

    fn uniform(&mut self, low: f64, high: f64) -> f64 {
        self.random_range(low..high)
    }

    fn below(&mut self, n: usize) -> usize {
        self.random_range(0..n)
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    fn derangement(&mut self, n: usize) -> Vec<usize> {
        loop {
            let order = self.shuffled(n);
            if order.iter().enumerate().all(|(at, from)| at != *from) {
                return order;
            }
        }
    }

    fn shuffled(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        order.shuffle(self);
        order
    }
}
