//! Figures with their uncertainty: the percentile bootstrap.

use serde::Serialize;

/// How often the rows are drawn anew.
const RESAMPLES: usize = 1_000;

/// Any number does; a fixed one makes reports repeatable.
const SEED: u64 = 0x0074_7269_6167_6500;

/// A figure with its 95 % interval. No figure is given where there is nothing to measure, so none is ever NaN.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Estimate {
    /// On the rows as they are; null if they cannot tell.
    pub value: Option<f64>,
    /// The 2.5th percentile over 1,000 bootstrap resamples.
    pub low: Option<f64>,
    /// The 97.5th percentile.
    pub high: Option<f64>,
    /// How many rows it is about.
    pub n: usize,
}

impl Estimate {
    /// A statistic of `n` rows, given how often each of them counts. Where a resample cannot tell (no positive was
    /// drawn), it says nothing about the interval.
    pub(super) fn of(n: usize, statistic: impl Fn(&[u32]) -> Option<f64>) -> Self {
        let mut weights = vec![1; n];
        let statistic = |weights: &[u32]| statistic(weights).filter(|value| value.is_finite());
        let Some(value) = statistic(&weights).filter(|_| n > 0) else { return Self { n, ..Self::default() } };
        let mut random = SplitMix(SEED);
        let mut resampled: Vec<f64> = (0..RESAMPLES)
            .filter_map(|_| {
                weights.fill(0);
                (0..n).for_each(|_| weights[random.below(n)] += 1);
                statistic(&weights)
            })
            .collect();
        resampled.sort_by(f64::total_cmp);
        let (low, high) = (percentile(&resampled, 0.025), percentile(&resampled, 0.975));
        Self { value: Some(value), low, high, n }
    }

    /// The share of hits.
    pub(super) fn share(hits: impl IntoIterator<Item = bool>) -> Self {
        let hits: Vec<bool> = hits.into_iter().collect();
        Self::of(hits.len(), |weights| {
            let hit: u32 = hits.iter().zip(weights).filter(|(hit, _)| **hit).map(|(_, weight)| weight).sum();
            ratio(hit, weights.iter().sum())
        })
    }
}

/// A share, unless it is one of nothing.
pub(super) fn ratio(part: u32, whole: u32) -> Option<f64> {
    (whole > 0).then(|| f64::from(part) / f64::from(whole))
}

/// The smallest value that at least this share of the sorted values does not exceed.
fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

/// SplitMix64: a few lines, good enough to draw rows, the same on every machine.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `n`, by multiplication instead of a remainder.
    fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generator_gives_the_published_sequence() {
        let mut random = SplitMix(1_234_567);
        assert_eq!([random.next(), random.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
        assert!((0..1_000).all(|_| random.below(3) < 3));
    }

    #[test]
    fn interval_is_as_wide_as_theory_says() {
        // 80 of 100: standard error 0.04, so 0.80 ± 0.078.
        let share = Estimate::share((0..100).map(|at| at % 5 != 0));
        assert_eq!((share.value, share.n), (Some(0.8), 100));
        assert!((share.low.unwrap() - 0.722).abs() < 0.02 && (share.high.unwrap() - 0.878).abs() < 0.02, "{share:?}");
        assert_eq!(share, Estimate::share((0..100).map(|at| at % 5 != 0)));
    }

    #[test]
    fn extremes_have_no_nan() {
        assert_eq!(Estimate::share([]), Estimate::default());
        let one = Estimate { value: Some(1.0), low: Some(1.0), high: Some(1.0), n: 1 };
        assert_eq!(Estimate::share([true]), one);
        assert_eq!(Estimate::share([false, false]).high, Some(0.0));
        assert_eq!(Estimate::of(3, |_| Some(f64::NAN)), Estimate { n: 3, ..Estimate::default() });
        assert_eq!(Estimate::of(0, |_| Some(1.0)).value, None);
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let sorted: Vec<f64> = (1..=1_000).map(f64::from).collect();
        assert_eq!((percentile(&sorted, 0.025), percentile(&sorted, 0.975)), (Some(25.0), Some(975.0)));
        assert_eq!(percentile(&[], 0.5), None);
    }
}
