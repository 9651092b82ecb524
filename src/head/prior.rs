//! Where fits start, and what they are pulled towards.

use ndarray::{Array1, Array2, s};

use super::features::{BUCKETS, Lexical};
use super::logistic::Linear;

/// Weights learned beforehand. Those of the lexical buckets are most of a bundle and stay in eight bits.
#[derive(Debug, Clone, PartialEq)]
pub struct Prior {
    /// [dimensions + 1, labels], the bias as last row
    dense: Array2<f32>,
    /// [buckets, labels], to be multiplied by the label's scale
    lexical: Array2<i8>,
    scales: Array1<f32>,
}

impl Prior {
    /// Rounds the lexical weights of a fitted model.
    #[must_use]
    pub fn of(fitted: &Linear) -> Self {
        let most = |column: ndarray::ArrayView1<'_, f32>| column.iter().fold(0.0_f32, |most, w| most.max(w.abs()));
        let scales: Array1<f32> = fitted.lexical.columns().into_iter().map(|column| most(column) / 127.0).collect();
        let inverse = scales.mapv(|scale| if scale > 0.0 { scale.recip() } else { 0.0 });
        #[expect(clippy::cast_possible_truncation, reason = "between -127 and 127")]
        let lexical = (&fitted.lexical * &inverse).mapv(|weight| weight.round() as i8);
        Self { dense: fitted.dense.clone(), lexical, scales }
    }

    /// From what a bundle holds; `None` if the parts do not fit each other.
    #[must_use]
    pub(crate) fn from_parts(dense: Array2<f32>, lexical: Vec<i8>, scales: Vec<f32>) -> Option<Self> {
        let labels = dense.ncols();
        let lexical = Array2::from_shape_vec((BUCKETS, labels), lexical).ok()?;
        (scales.len() == labels).then_some(Self { dense, lexical, scales: scales.into() })
    }

    /// Dense weights, lexical weights in eight bits and the scale of each label, for writing.
    pub(crate) fn parts(&self) -> (&Array2<f32>, &Array2<i8>, &Array1<f32>) {
        (&self.dense, &self.lexical, &self.scales)
    }
}

/// The weights that a fit starts from: for each label a column of a prior, or nothing but a bias.
#[derive(Debug, Clone)]
pub struct Start<'a> {
    prior: Option<&'a Prior>,
    columns: Vec<Option<usize>>,
    dimensions: usize,
    bias: f32,
    /// Dense weights and bias of labels without a column.
    prototypes: Vec<(usize, Array1<f32>)>,
}

impl<'a> Start<'a> {
    /// Nothing is known of any label: all weights zero, all biases `bias`.
    #[must_use]
    pub fn flat(dimensions: usize, labels: usize, bias: f32) -> Self {
        Self { prior: None, columns: vec![None; labels], dimensions, bias, prototypes: Vec::new() }
    }

    /// For each label its column in the prior; a label without one starts flat.
    #[must_use]
    pub fn of(prior: &'a Prior, columns: Vec<Option<usize>>, bias: f32) -> Self {
        Self { prior: Some(prior), columns, dimensions: prior.dense.nrows() - 1, bias, prototypes: Vec::new() }
    }

    /// Has a label of which the prior knows nothing start from these dense weights, the bias last.
    pub(super) fn prototype(&mut self, label: usize, weights: Array1<f32>) {
        self.prototypes.push((label, weights));
    }

    /// How many labels there are.
    #[must_use]
    pub fn labels(&self) -> usize {
        self.columns.len()
    }

    /// Whether something is known of a label.
    #[must_use]
    pub(super) fn is_known(&self, label: usize) -> bool {
        self.columns[label].is_some()
    }

    /// Length of a vector.
    pub(super) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Dense weights, the bias as last row.
    pub(super) fn dense(&self) -> Array2<f32> {
        let mut out = Array2::zeros((self.dimensions + 1, self.labels()));
        out.row_mut(self.dimensions).fill(self.bias);
        for (to, from) in self.columns.iter().enumerate() {
            if let (Some(prior), Some(from)) = (self.prior, from) {
                out.column_mut(to).assign(&prior.dense.slice(s![.., *from]));
            }
        }
        for (label, weights) in &self.prototypes {
            out.column_mut(*label).assign(weights);
        }
        out
    }

    /// The logits of one message before anything is learned, one for each label.
    pub(super) fn logits(
        &self,
        dense: &Array2<f32>,
        vector: &[f32],
        lexical: &Lexical,
        lexical_scale: f32,
    ) -> Vec<f32> {
        let mut out = dense.row(self.dimensions).to_vec();
        let mut add = |value: f32, weights: &[f32]| {
            out.iter_mut().zip(weights).for_each(|(logit, weight)| *logit += value * weight);
        };
        for (value, row) in vector.iter().zip(dense.outer_iter()) {
            add(*value, row.as_slice().expect("made in standard layout"));
        }
        let mut weights = vec![0.0; self.labels()];
        for (value, buckets) in lexical.groups() {
            for bucket in buckets {
                self.lexical(*bucket, &mut weights);
                add(value * lexical_scale, &weights);
            }
        }
        out
    }

    /// Writes the weights of a bucket, one for each label.
    pub(super) fn lexical(&self, bucket: u16, out: &mut [f32]) {
        let Some(prior) = self.prior else { return out.fill(0.0) };
        let row = prior.lexical.row(usize::from(bucket));
        for (weight, from) in out.iter_mut().zip(&self.columns) {
            *weight = from.map_or(0.0, |from| f32::from(row[from]) * prior.scales[from]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_find_their_labels() {
        let mut fitted = Linear::flat(2, 2, -3.0);
        fitted.dense[(0, 1)] = 0.5;
        fitted.lexical[(7, 0)] = 1.27;
        let prior = Prior::of(&fitted);
        let start = Start::of(&prior, vec![Some(1), None, Some(0)], -4.0);
        assert_eq!(start.dense().row(0).to_vec(), [0.5, 0.0, 0.0]);
        assert_eq!(start.dense().row(2).to_vec(), [-3.0, -4.0, -3.0]);
        let mut weights = [9.0; 3];
        start.lexical(7, &mut weights);
        assert!(weights[0] == 0.0 && weights[1] == 0.0 && (weights[2] - 1.27).abs() < 1e-5);
        assert!(start.is_known(0) && !start.is_known(1));
    }
}
