//! Samples of the requests that a web ACL saw.
//!
//! <https://docs.aws.amazon.com/waf/latest/APIReference/API_GetSampledRequests.html>

use super::traffic::{Counted, Verdict, matched_usually};
use super::{Attack, Origins, RuleKind, WafRule, WebAcl, WebRequest};
use crate::simulator::clock::{HOUR, MINUTE, Millis};
use crate::simulator::random::mix;

/// How far back samples reach.
pub const REACH: Millis = 3 * HOUR;
/// From how many of the first requests the samples are taken.
const POPULATION: u64 = 5_000;

/// A request out of the sample.
#[derive(Debug)]
pub struct Sampled<'a> {
    pub at: Millis,
    pub request: WebRequest,
    /// How many requests it stands for.
    pub weight: u64,
    pub verdict: Verdict,
    /// The rule that decided; none where the default action did.
    pub rule: Option<&'a WafRule>,
}

/// A sample, and what it was taken from.
#[derive(Debug)]
pub struct Sample<'a> {
    pub requests: Vec<Sampled<'a>>,
    pub population: u64,
    pub from: Millis,
    pub until: Millis,
}

/// Requests of one kind: what a rule usually matches, an attack on it, or what no rule decided.
#[derive(Clone, Copy)]
struct Stream<'a> {
    rule: Option<&'a WafRule>,
    attack: Option<&'a Attack>,
}

/// Requests of a stream within a minute and the time asked for.
struct Run<'a> {
    stream: Stream<'a>,
    minute: i64,
    /// How many there are in the whole minute.
    whole: u64,
    /// The number of the first one, and how many follow with it.
    first: u64,
    count: u64,
    span: (Millis, Millis),
}

impl WebAcl {
    /// Takes a sample of what a metric's `Rule` counts, from a time until another, the newest request first.
    pub fn sample(&self, of: Counted, from: Millis, until: Millis, now: Millis, most: u64) -> Sample<'_> {
        let from = from.max(now - REACH).min(now);
        let until = until.min(now).min(self.deleted).max(from);
        let (mut runs, mut population, mut end) = (Vec::new(), 0, until);
        'minutes: for minute in from.div_euclid(MINUTE)..=until.div_euclid(MINUTE) {
            for stream in self.streams(of) {
                let Some(mut run) = self.run(stream, minute, from, until) else { continue };
                run.count = run.count.min(POPULATION - population);
                population += run.count;
                runs.push(run);
                if population == POPULATION {
                    end = until.min((minute + 1) * MINUTE);
                    break 'minutes;
                }
            }
        }
        let shown = most.min(population);
        let mut requests = Vec::with_capacity(usize::try_from(shown).unwrap_or(0));
        let (mut runs, mut passed) = (runs.iter().peekable(), 0);
        for n in 0..shown {
            let (place, next) = (n * population / shown, (n + 1) * population / shown);
            while let Some(run) = runs.next_if(|run| passed + run.count <= place) {
                passed += run.count;
            }
            let Some(run) = runs.peek() else { break };
            requests.push(self.one(run, run.first + place - passed, next - place));
        }
        requests.sort_by_key(|one| std::cmp::Reverse(one.at));
        Sample { requests, population, from, until: end }
    }

    fn streams(&self, of: Counted) -> Vec<Stream<'_>> {
        match of {
            Counted::Rule(index) => self.rules.get(index).into_iter().flat_map(streams_of).collect(),
            Counted::Default => vec![Stream { rule: None, attack: None }],
            Counted::All => {
                let rules = self.rules.iter().flat_map(streams_of);
                rules.chain([Stream { rule: None, attack: None }]).collect()
            }
        }
    }

    /// The requests of a stream in a minute that came within the time asked for; nothing where there are none.
    fn run<'a>(&self, stream: Stream<'a>, minute: i64, from: Millis, until: Millis) -> Option<Run<'a>> {
        let count = match stream {
            Stream { attack: Some(attack), .. } => attack.requests_in(minute),
            Stream { rule: Some(rule), .. } => matched_usually(rule, minute),
            Stream { rule: None, .. } => self.undecided(minute),
        };
        let start = minute * MINUTE;
        let active = stream
            .attack
            .map_or((start, start + MINUTE), |attack| (attack.at.max(start), attack.over_at().min(start + MINUTE)));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number, and never negative"
        )]
        let whole = count as u64;
        let length = (active.1 - active.0).unsigned_abs();
        if whole == 0 || length == 0 || active.1 <= active.0 {
            return None;
        }
        // The requests are spread evenly over the time in which the stream flows.
        let before = |at: Millis| (at - active.0).clamp(0, active.1 - active.0).unsigned_abs() * whole / length;
        let (first, last) = (before(from), before(until));
        (last > first).then(|| Run { stream, minute, whole, first, count: last - first, span: active })
    }

    fn one<'a>(&self, run: &Run<'a>, number: u64, weight: u64) -> Sampled<'a> {
        let Stream { rule, attack } = run.stream;
        let (origins, hash) = match (attack, rule) {
            (Some(attack), _) => (&attack.origins, attack.hash),
            (None, Some(rule)) => (&rule.origins, rule.hash),
            (None, None) => (&self.origins, self.hash),
        };
        let hash = mix(hash ^ mix(run.minute.unsigned_abs()) ^ number.rotate_left(40));
        let length = (run.span.1 - run.span.0).unsigned_abs();
        let into = i64::try_from(length * number / run.whole.max(1)).unwrap_or(0);
        Sampled {
            at: run.span.0 + into,
            request: self.drawn(origins, hash, rule),
            weight,
            verdict: rule.map_or_else(|| Verdict::from(self.default), |rule| Verdict::from(rule.action)),
            rule,
        }
    }

    /// Draws a request; an attack's own paths are matched by the first rule of the group that matches them.
    fn drawn(&self, origins: &Origins, hash: u64, rule: Option<&WafRule>) -> WebRequest {
        let mut request = origins.draw(self, hash);
        if let Some(RuleKind::Managed { group, .. }) = rule.map(|rule| &rule.kind) {
            request.inner_rule = request.inner_rule.or_else(|| group.rules.first().map(|(name, _)| *name));
        }
        request
    }
}

fn streams_of(rule: &WafRule) -> impl Iterator<Item = Stream<'_>> {
    let attacks = rule.attacks.iter().map(move |attack| Stream { rule: Some(rule), attack: Some(attack) });
    std::iter::once(Stream { rule: Some(rule), attack: None }).chain(attacks)
}
