//! Rows in the order of a score, and what follows from cutting the list at each score.

/// Scored rows, best first, with whether each is a hit.
pub(super) struct Ranked(Vec<(f32, bool)>);

/// Everything down to one score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cut {
    pub(super) score: f32,
    pub(super) hits: u32,
    pub(super) misses: u32,
}

impl Ranked {
    /// A score that is no number counts as 0, so that no figure becomes NaN.
    pub(super) fn new(rows: impl IntoIterator<Item = (f32, bool)>) -> Self {
        let tidy = |score: f32| if score.is_finite() { score.clamp(0.0, 1.0) } else { 0.0 };
        let mut rows: Vec<(f32, bool)> = rows.into_iter().map(|(score, hit)| (tidy(score), hit)).collect();
        rows.sort_by(|a, b| b.0.total_cmp(&a.0));
        Self(rows)
    }

    /// The rows, best first; weights of resamples are in this order.
    pub(super) fn rows(&self) -> &[(f32, bool)] {
        &self.0
    }

    /// How many are hits.
    pub(super) fn hits(&self) -> usize {
        self.0.iter().filter(|(_, hit)| *hit).count()
    }

    /// One cut for each score: rows of the same score stand or fall together.
    pub(super) fn cuts(&self, weights: &[u32]) -> Vec<Cut> {
        let (mut hits, mut misses) = (0, 0);
        let mut cuts = Vec::new();
        for (at, ((score, hit), weight)) in self.0.iter().zip(weights).enumerate() {
            *(if *hit { &mut hits } else { &mut misses }) += weight;
            let last_of_its_score = self.0.get(at + 1).is_none_or(|(next, _)| next < score);
            if last_of_its_score && hits + misses > 0 {
                cuts.push(Cut { score: *score, hits, misses });
            }
        }
        cuts
    }

    /// One weight for each row.
    pub(super) fn ones(&self) -> Vec<u32> {
        vec![1; self.0.len()]
    }
}

impl Cut {
    pub(super) fn rows(self) -> u32 {
        self.hits + self.misses
    }

    /// The share of misses among what is above.
    pub(super) fn risk(self) -> f64 {
        f64::from(self.misses) / f64::from(self.rows())
    }
}

/// The area under the steps of precision over recall; none without hits.
pub(super) fn average_precision(cuts: &[Cut]) -> Option<f64> {
    let hits = cuts.last().map(|all| all.hits).filter(|hits| *hits > 0)?;
    let mut before = 0;
    let mut area = 0.0;
    for cut in cuts {
        area += f64::from(cut.hits - before) * (1.0 - cut.risk());
        before = cut.hits;
    }
    Some(area / f64::from(hits))
}

/// The most hits that can be had while at most this share of all misses is taken along: their share of all hits, and
/// the score to cut at (none if no cut is that good). None without both hits and misses.
pub(super) fn recall_at(cuts: &[Cut], false_alarms: f64) -> Option<(f64, Option<f32>)> {
    let all = cuts.last().filter(|all| all.hits > 0 && all.misses > 0)?;
    let allowed = |cut: &&Cut| f64::from(cut.misses) / f64::from(all.misses) <= false_alarms;
    let best = cuts.iter().rev().find(allowed);
    Some(best.map_or((0.0, None), |cut| (f64::from(cut.hits) / f64::from(all.hits), Some(cut.score))))
}

/// The largest share of rows that can be taken while at most this share of them are misses, and the score to cut at
/// (none if no cut is that good). None without rows.
pub(super) fn coverage_at(cuts: &[Cut], risk: f64) -> Option<(f64, Option<f32>)> {
    let all = cuts.last()?;
    // From the end: the risk may rise and fall again on the way down.
    let best = cuts.iter().rev().find(|cut| cut.risk() <= risk);
    Some(best.map_or((0.0, None), |cut| (f64::from(cut.rows()) / f64::from(all.rows()), Some(cut.score))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cuts(rows: &[(f32, bool)]) -> Vec<Cut> {
        let ranked = Ranked::new(rows.iter().copied());
        ranked.cuts(&ranked.ones())
    }

    #[test]
    fn cuts_once_per_score() {
        let found = cuts(&[(0.5, true), (0.9, true), (0.5, false), (0.1, false)]);
        let expected = [(0.9, 1, 0), (0.5, 2, 1), (0.1, 2, 2)];
        assert_eq!(found, expected.map(|(score, hits, misses)| Cut { score, hits, misses }));
        let ranked = Ranked::new([(0.9, true), (0.5, false), (0.1, true)]);
        let weighted = [(0.5, 0, 2), (0.1, 3, 2)];
        assert_eq!(ranked.cuts(&[0, 2, 3]), weighted.map(|(score, hits, misses)| Cut { score, hits, misses }));
    }

    #[test]
    fn average_precision_by_hand() {
        // Hits at ranks 1 and 3: (1/1 + 2/3) / 2.
        let found = average_precision(&cuts(&[(0.9, true), (0.8, false), (0.7, true), (0.6, false)])).unwrap();
        assert!((found - 5.0 / 6.0).abs() < 1e-12);
        // All tied: the share of hits.
        assert_eq!(average_precision(&cuts(&[(0.5, true), (0.5, false), (0.5, false), (0.5, false)])), Some(0.25));
        assert_eq!((average_precision(&cuts(&[(0.5, false)])), average_precision(&[])), (None, None));
    }

    #[test]
    fn recall_by_hand() {
        // 20 misses: 5 % is one of them. Above the first miss is one hit of four, above the second are three.
        let mut rows = vec![(0.9, true), (0.8, false), (0.7, true), (0.7, true), (0.6, false), (0.5, true)];
        rows.extend([(0.1, false); 18]);
        let cuts = cuts(&rows);
        assert_eq!(recall_at(&cuts, 0.02), Some((0.25, Some(0.9))));
        assert_eq!(recall_at(&cuts, 0.05), Some((0.75, Some(0.7))));
        assert_eq!(recall_at(&cuts, 1.0), Some((1.0, Some(0.1))));
        assert_eq!(recall_at(&cuts[..1], 0.05), None, "no misses: false alarms cannot be told");
    }

    #[test]
    fn recall_is_zero_where_a_miss_leads() {
        assert_eq!(recall_at(&cuts(&[(0.9, false), (0.8, true)]), 0.05), Some((0.0, None)));
    }

    #[test]
    fn coverage_by_hand() {
        // Risk 0, 1/2, 1/3, 1/4, 2/5.
        let cuts = cuts(&[(0.9, true), (0.8, false), (0.7, true), (0.6, true), (0.5, false)]);
        assert_eq!(coverage_at(&cuts, 0.02), Some((0.2, Some(0.9))));
        assert_eq!(coverage_at(&cuts, 0.25), Some((0.8, Some(0.6))));
        assert_eq!(coverage_at(&cuts, 1.0), Some((1.0, Some(0.5))));
        assert_eq!(coverage_at(&cuts[1..2], 0.1), Some((0.0, None)));
        assert_eq!(coverage_at(&[], 0.1), None);
    }

    #[test]
    fn tidies_scores() {
        let ranked = Ranked::new([(f32::NAN, true), (2.0, false), (-1.0, true)]);
        assert_eq!(ranked.rows(), [(1.0, false), (0.0, true), (0.0, true)]);
        assert!(average_precision(&ranked.cuts(&ranked.ones())).unwrap().is_finite());
    }
}
