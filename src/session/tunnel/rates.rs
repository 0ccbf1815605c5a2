//! How fast bytes go, over the last seconds.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

/// The time that a rate is reckoned over.
const SPAN: Duration = Duration::from_secs(5);

/// The time between two looks while bytes go; longer means that none went in between.
const STEP: Duration = Duration::from_millis(250);

/// Bytes to the far side and from it.
type Both = (u64, u64);

/// Remembers how many bytes each connection had, and when.
#[derive(Debug, Default)]
pub struct Rates(HashMap<u64, VecDeque<(Instant, Both)>>);

impl Rates {
    /// Forgets the connections that are gone.
    pub fn keep(&mut self, is_live: impl Fn(u64) -> bool) {
        self.0.retain(|id, _| is_live(*id));
    }

    /// Notes how many bytes a connection has by now, and returns how many a second they were.
    pub fn note(&mut self, id: u64, since: Instant, bytes: Both) -> Both {
        self.note_at(id, since, bytes, Instant::now())
    }

    fn note_at(&mut self, id: u64, since: Instant, bytes: Both, now: Instant) -> Both {
        let seen = self.0.entry(id).or_insert_with(|| VecDeque::from([(since, (0, 0))]));
        // Nobody looked while nothing went: what is new, went in the last step.
        if let Some((at, before)) = seen.back().copied()
            && now.saturating_duration_since(at) > STEP * 4
            && let Some(step_ago) = now.checked_sub(STEP)
        {
            seen.push_back((step_ago, before));
        }
        seen.push_back((now, bytes));
        while seen.len() > 2 && now.saturating_duration_since(seen[0].0) > SPAN {
            seen.pop_front();
        }
        let (from, before) = seen[0];
        let elapsed = now.saturating_duration_since(from).max(STEP).as_millis();
        let rate = |more: u64, less: u64| {
            u64::try_from(u128::from(more.saturating_sub(less)) * 1000 / elapsed).unwrap_or(u64::MAX)
        };
        (rate(bytes.0, before.0), rate(bytes.1, before.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_of_the_last_seconds_and_falls_to_nothing() {
        let (mut rates, since) = (Rates::default(), Instant::now());
        let at = |steps: u32| since + STEP * steps;
        let mut seen = Vec::new();
        for step in 1..=80 {
            // 1,000 bytes a step for ten seconds, then none.
            let bytes = u64::from(step.min(40)) * 1000;
            seen.push(rates.note_at(1, since, (bytes, bytes / 2), at(step)));
        }
        assert_eq!(seen[39], (4000, 2000));
        assert!(seen[49].0 < 4000 && seen[49].0 > 1500, "{:?}", seen[49]);
        assert_eq!(seen[79], (0, 0));
    }

    #[test]
    fn bytes_after_a_pause_count_as_of_now() {
        let (mut rates, since) = (Rates::default(), Instant::now());
        rates.note_at(1, since, (10, 0), since + STEP);
        let later = since + Duration::from_hours(1);
        assert!(rates.note_at(1, since, (10_010, 0), later).0 >= 2000);
    }

    #[test]
    fn what_is_gone_is_forgotten() {
        let (mut rates, since) = (Rates::default(), Instant::now());
        rates.note(1, since, (1, 1));
        rates.note(2, since, (1, 1));
        rates.keep(|id| id == 2);
        assert_eq!(rates.0.keys().copied().collect::<Vec<_>>(), [2]);
    }
}
