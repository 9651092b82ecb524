use kodama::{Method, linkage};
use ndarray::{ArrayView2, s};

/// Rows whose similarities are computed at once.
const BLOCK: usize = 256;

/// Groups rows of unit length so that within a group, pairs are on average at least `least` similar (cosine) whenever two
/// parts were joined. Every row is in exactly one group; rows ascend within a group, groups by their first row.
///
/// Average linkage (Sokal & Michener 1958, by the nearest-neighbour chains of Müllner, arXiv:1109.2378): unlike single
/// linkage or DBSCAN it does not chain one topic to the next, and unlike a leader's circle it does not depend on who
/// came first, except between pairs that are equally similar. Time and memory grow with the square of the rows.
pub(super) fn cluster(rows: ArrayView2<'_, f32>, least: f32) -> Vec<Vec<usize>> {
    let count = rows.nrows();
    let mut parts: Vec<Vec<usize>> = (0..count).map(|row| vec![row]).collect();
    if count > 1 {
        let dendrogram = linkage(&mut distances(rows), count, Method::Average);
        // Heights never fall from step to step, so what is joined below the cut is what the first steps join.
        for step in dendrogram.steps().iter().take_while(|step| step.dissimilarity <= 1.0 - least) {
            let mut joined = std::mem::take(&mut parts[step.cluster1]);
            joined.append(&mut parts[step.cluster2]);
            joined.sort_unstable();
            parts.push(joined);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts.sort_unstable();
    parts
}

/// Cosine distances above the diagonal, row by row.
fn distances(rows: ArrayView2<'_, f32>) -> Vec<f32> {
    let count = rows.nrows();
    let mut out = Vec::with_capacity(count * (count - 1) / 2);
    for start in (0..count).step_by(BLOCK) {
        let end = (start + BLOCK).min(count);
        let products = rows.slice(s![start..end, ..]).dot(&rows.slice(s![start.., ..]).t());
        for (at, row) in products.rows().into_iter().enumerate() {
            out.extend(row.iter().skip(at + 1).map(|product| (1.0 - product).max(0.0)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use proptest::prelude::*;

    use super::*;

    /// Unit vectors at these angles.
    fn at_angles(degrees: &[f32]) -> Array2<f32> {
        Array2::from_shape_fn((degrees.len(), 2), |(row, column)| {
            let angle = degrees[row].to_radians();
            if column == 0 { angle.cos() } else { angle.sin() }
        })
    }

    #[test]
    fn what_is_alike_comes_together() {
        let rows = at_angles(&[0.0, 90.0, 3.0, 94.0, 180.0, 1.0]);
        assert_eq!(cluster(rows.view(), 0.9), [vec![0, 2, 5], vec![1, 3], vec![4]]);
        assert_eq!(cluster(at_angles(&[]).view(), 0.9), [[0; 0]; 0]);
        assert_eq!(cluster(at_angles(&[7.0]).view(), 0.9), [[0]]);
    }

    #[test]
    fn a_chain_is_not_one_group() {
        let degrees: Vec<f32> = (0..19_u8).map(|step| f32::from(step) * 5.0).collect();
        assert!(cluster(at_angles(&degrees).view(), 0.9).len() > 1);
    }

    proptest! {
        #[test]
        fn every_row_is_in_one_group(degrees in proptest::collection::vec(0.0_f32..360.0, 0..300), least in 0.0_f32..1.0) {
            let groups = cluster(at_angles(&degrees).view(), least);
            let mut rows: Vec<usize> = groups.into_iter().flatten().collect();
            rows.sort_unstable();
            prop_assert_eq!(rows, (0..degrees.len()).collect::<Vec<_>>());
        }
    }

    /// Directions that look random, the same every time.
    fn directions(count: usize) -> Array2<f32> {
        let mut state = 1_u32;
        let mut rows = Array2::from_shape_simple_fn((count, 3), || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from((state >> 16) as u16) / 32768.0 - 1.0
        });
        for mut row in rows.rows_mut() {
            let length = row.dot(&row).sqrt();
            row /= length;
        }
        rows
    }

    #[test]
    fn the_order_of_rows_does_not_matter() {
        let rows = directions(700);
        let order: Vec<usize> = (0..700).map(|at| at * 37 % 700).collect();
        let shuffled = rows.select(ndarray::Axis(0), &order);
        let mut groups: Vec<Vec<usize>> = cluster(shuffled.view(), 0.95)
            .into_iter()
            .map(|group| {
                let mut rows: Vec<usize> = group.into_iter().map(|at| order[at]).collect();
                rows.sort_unstable();
                rows
            })
            .collect();
        groups.sort_unstable();
        assert!(groups.len() > 10 && groups.len() < 600, "{}", groups.len());
        assert_eq!(cluster(rows.view(), 0.95), groups);
    }
}
