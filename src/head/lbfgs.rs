//! Limited-memory BFGS (Nocedal 1980; Liu and Nocedal 1989) on the columns of a matrix, each a problem of its own with a
//! history of its own.

use std::collections::VecDeque;

use ndarray::{Array1, Array2, Zip};

/// Corrections kept.
const MEMORY: usize = 4;

/// Parameters, the loss of each column there, and its gradient.
pub(super) struct Point {
    pub(super) at: Array2<f32>,
    pub(super) loss: Array1<f32>,
    pub(super) gradient: Array2<f32>,
}

impl Point {
    /// Not evaluated yet.
    pub(super) fn new(at: Array2<f32>) -> Self {
        Self { loss: Array1::zeros(at.ncols()), gradient: Array2::zeros(at.raw_dim()), at }
    }
}

/// The last steps and what they did to the gradient: an approximation of the inverse Hessian.
pub(super) struct History {
    /// What the inverse Hessian is before any step.
    scale: Array2<f32>,
    corrections: VecDeque<Correction>,
}

/// A step and the change of the gradient over it.
struct Correction {
    step: Array2<f32>,
    change: Array2<f32>,
    /// 1 / (step · change) for each column; zero where the curvature was not positive.
    rho: Array1<f32>,
}

impl History {
    /// `scale` is the diagonal that approximates the inverse Hessian at the start.
    pub(super) fn new(scale: Array2<f32>) -> Self {
        Self { scale, corrections: VecDeque::with_capacity(MEMORY) }
    }

    /// Adds the step from `here` to `next`; the oldest one makes room, and leaves its memory.
    pub(super) fn remember(&mut self, here: &Point, next: &Point) {
        let oldest = if self.corrections.len() < MEMORY { None } else { self.corrections.pop_front() };
        let mut correction = oldest.unwrap_or_else(|| Correction {
            step: Array2::zeros(here.at.raw_dim()),
            change: Array2::zeros(here.at.raw_dim()),
            rho: Array1::zeros(here.loss.len()),
        });
        Zip::from(&mut correction.step).and(&next.at).and(&here.at).for_each(|step, new, old| *step = new - old);
        let changes = Zip::from(&mut correction.change).and(&next.gradient).and(&here.gradient);
        changes.for_each(|change, new, old| *change = new - old);
        let curvature = dot(&correction.step, &correction.change);
        correction.rho = curvature.mapv_into(|curvature| if curvature > 1e-10 { 1.0 / curvature } else { 0.0 });
        self.corrections.push_back(correction);
    }

    /// Writes the search direction: minus the gradient through the approximate inverse Hessian. Positive definite by
    /// construction, so that it always descends.
    pub(super) fn direct(&self, gradient: &Array2<f32>, direction: &mut Array2<f32>) {
        direction.assign(gradient);
        let mut alphas = Vec::with_capacity(self.corrections.len());
        for correction in self.corrections.iter().rev() {
            let alpha = dot(&correction.step, direction) * &correction.rho;
            add_scaled(direction, &correction.change, &-&alpha);
            alphas.push(alpha);
        }
        *direction *= &self.scale;
        for (correction, alpha) in self.corrections.iter().zip(alphas.iter().rev()) {
            let beta = dot(&correction.change, direction) * &correction.rho;
            add_scaled(direction, &correction.step, &(alpha - &beta));
        }
        direction.mapv_inplace(|value| -value);
    }
}

/// `target += other * factors`, column by column.
pub(super) fn add_scaled(target: &mut Array2<f32>, other: &Array2<f32>, factors: &Array1<f32>) {
    for (mut target, other) in target.outer_iter_mut().zip(other.outer_iter()) {
        for ((target, other), factor) in target.iter_mut().zip(other.iter()).zip(factors.iter()) {
            *target += other * factor;
        }
    }
}

/// The product of two matrices, summed column by column.
pub(super) fn dot(a: &Array2<f32>, b: &Array2<f32>) -> Array1<f32> {
    let mut out = Array1::<f32>::zeros(a.ncols());
    for (a, b) in a.outer_iter().zip(b.outer_iter()) {
        for ((out, a), b) in out.iter_mut().zip(a.iter()).zip(b.iter()) {
            *out += a * b;
        }
    }
    out
}
