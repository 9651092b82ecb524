//! How a customer's mood moves over the turns.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::reply::Mood;

/// How much of the level and of the trend is left one turn later.
const KEPT: f32 = 0.5;

/// In this many seconds of silence, half of what is left goes too.
const HALF_LIFE: f32 = 1800.0;

/// A trend steeper than this is one.
const TREND: f32 = 0.12;

/// Upset over the turns: a level that follows it slowly, and the way it goes. Both decay with turns and with time, so that
/// one word does not stick for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct MoodTrace {
    /// Smoothed P(anger) + P(disappointment).
    pub level: f32,
    /// Smoothed difference between turns; positive when it gets worse.
    pub trend: f32,
    /// That of the last turn alone.
    last: f32,
    /// When that was.
    at: Option<Timestamp>,
}

impl MoodTrace {
    /// The trace after a turn with this much upset.
    #[must_use]
    pub fn after(self, upset: f32, now: Timestamp) -> Self {
        let Some(at) = self.at else {
            // One turn goes no way.
            return Self { level: KEPT * upset, trend: 0.0, last: upset, at: Some(now) };
        };
        let seconds = now.duration_since(at).as_secs_f32().max(0.0);
        let kept = KEPT * (-seconds / HALF_LIFE * std::f32::consts::LN_2).exp();
        Self {
            level: kept * self.level + (1.0 - kept) * upset,
            trend: kept * self.trend + (1.0 - KEPT) * (upset - self.last),
            last: upset,
            at: Some(now),
        }
    }

    /// Which way it goes. Better is `rising`.
    #[must_use]
    pub fn mood(&self) -> Mood {
        match self.trend {
            trend if trend >= TREND => Mood::Falling,
            trend if trend <= -TREND => Mood::Rising,
            _ => Mood::Steady,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mood after each of these upsets, a minute apart.
    fn moods(upsets: &[f32]) -> Vec<(Mood, f32)> {
        let mut trace = MoodTrace::default();
        let mut out = Vec::new();
        for (turn, upset) in upsets.iter().enumerate() {
            trace = trace.after(*upset, Timestamp::from_second(1_000_000 + 60 * turn as i64).unwrap());
            out.push((trace.mood(), trace.level));
        }
        out
    }

    #[test]
    fn follows_the_turns() {
        for (upsets, last) in [
            (&[0.0, 0.05, 0.02][..], Mood::Steady),
            (&[0.05, 0.3, 0.5], Mood::Falling),
            (&[0.7, 0.3, 0.05], Mood::Rising),
            (&[0.7, 0.05, 0.05, 0.05, 0.05], Mood::Steady),
            (&[0.4, 0.4, 0.4, 0.4], Mood::Steady),
        ] {
            assert_eq!(moods(upsets).last().unwrap().0, last, "{upsets:?}: {:?}", moods(upsets));
        }
    }

    #[test]
    fn one_word_does_not_stick() {
        let levels = moods(&[0.9, 0.0, 0.0, 0.0]);
        assert!(levels[3].1 < 0.1, "{levels:?}");
    }

    #[test]
    fn time_heals_too() {
        let angry = MoodTrace::default().after(0.9, Timestamp::UNIX_EPOCH);
        let soon = angry.after(0.0, Timestamp::from_second(60).unwrap());
        let later = angry.after(0.0, Timestamp::from_second(7200).unwrap());
        assert!(later.level < soon.level / 3.0, "{later:?} {soon:?}");
    }
}
