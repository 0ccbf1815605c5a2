//! What may be done in a run, and when one may go on.

use jiff::Timestamp;

use super::{Actor, Came, Deed, How, Leaving, Outcome, Run, RunEnd, Shift, Visit, What};
use crate::domain::text::clean;
use crate::runbook::book::{Evidence, StepId, StepKind};

/// The most steps that a run may come to: whoever goes round so often is lost.
const MOST_VISITS: usize = 1_000;

/// The most that may be done in one step.
const MOST_DEEDS: usize = 500;

/// The longest that a person may write at once, in characters.
const LONGEST_TEXT: usize = 20_000;

/// The longest that is kept of what the dashboards show, in characters.
const LONGEST_SNAPSHOT: usize = 100_000;

/// The longest line of either, in characters.
const LONGEST_LINE: usize = 2_000;

/// Which way a person goes from a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// On.
    Next,
    /// The way of a yes.
    Yes,
    /// The way of a no.
    No,
}

/// Says why something cannot be done in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Improper {
    /// The run is over.
    Over,
    /// It is not for a step of this kind.
    NotHere,
    /// Something is lacking before one may go on.
    Lacking(Vec<Missing>),
    /// An operation is under way.
    UnderWay,
    /// A text says nothing.
    Empty,
    /// There is no more room.
    TooMuch,
}

/// Names what is lacking before one may go on from a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Missing {
    /// The check has not looked.
    Sight,
    /// A person's words.
    Text,
    /// What the dashboards show.
    Snapshot,
    /// A yes or a no.
    Answer,
    /// The operation was not done.
    Operation,
    /// Nobody of the chain has answered, and not all had their time.
    Reply,
    /// The report was not written.
    Report,
}

impl Run {
    /// Takes over, or goes on, as somebody; that is remembered where it is somebody else or another role.
    pub fn take_over(&mut self, actor: Actor, now: Timestamp) {
        if self.actor() != Some(&actor) {
            let at = self.moment(now);
            self.shifts.push(Shift { actor, at });
        }
    }

    /// Writes down that something was done in the open step.
    ///
    /// # Errors
    /// [`Improper`]; nothing was written down.
    pub fn record(&mut self, what: What, now: Timestamp) -> Result<(), Improper> {
        let what = bounded(what)?;
        let (step, visit) = self.step().zip(self.visit()).ok_or(Improper::Over)?;
        if !fits(&what, &step.kind) {
            return Err(Improper::NotHere);
        }
        match &what {
            What::Began(_) if visit.under_way().is_some() => return Err(Improper::UnderWay),
            What::Came(came) if visit.under_way().is_none() && came.result != Outcome::Refused => {
                return Err(Improper::NotHere);
            }
            // An end is always written down: what is not known of it would be worse than one line more.
            What::Came(_) => {}
            _ if visit.deeds.len() >= MOST_DEEDS => return Err(Improper::TooMuch),
            _ => {}
        }
        let (at, by) = (self.moment(now), self.actor().map(|actor| actor.arn.clone()).unwrap_or_default());
        if let Some(visit) = self.visits.last_mut() {
            visit.deeds.push(Deed { at, by, what });
        }
        Ok(())
    }

    /// Says after a crash that nobody knows how an operation ended that was under way.
    ///
    /// Returns whether there was one: the journal and AWS know more.
    pub fn recover(&mut self, now: Timestamp) -> bool {
        let is_open = self.visit().is_some_and(|visit| visit.under_way().is_some());
        let unknown = What::Came(Came { result: Outcome::Unknown, detail: String::new() });
        is_open && self.record(unknown, now).is_ok()
    }

    /// Lists what is lacking before one may go on from the open step.
    pub fn missing(&self, now: Timestamp) -> Vec<Missing> {
        let Some((step, visit)) = self.step().zip(self.visit()) else { return Vec::new() };
        let has = |is: fn(&What) -> bool| visit.deeds.iter().any(|deed| is(&deed.what));
        let lacks = |is_there: bool, what: Missing| (!is_there).then_some(what);
        match &step.kind {
            StepKind::Check { .. } => lacks(visit.sight().is_some(), Missing::Sight).into_iter().collect(),
            StepKind::Note { evidence } => {
                let text = !evidence.contains(&Evidence::Text) || has(|what| matches!(what, What::Wrote(_)));
                let shown = !evidence.contains(&Evidence::Snapshot) || has(|what| matches!(what, What::Kept(_)));
                lacks(text, Missing::Text).into_iter().chain(lacks(shown, Missing::Snapshot)).collect()
            }
            StepKind::Decision { .. } => vec![Missing::Answer],
            StepKind::Operation { .. } => {
                let is_done = visit.outcome().is_some_and(|came| came.result == Outcome::Done);
                lacks(is_done, Missing::Operation).into_iter().collect()
            }
            StepKind::Escalate { .. } => {
                let is_settled = self.escalation(now).is_some_and(|state| state.is_settled());
                lacks(is_settled, Missing::Reply).into_iter().collect()
            }
            StepKind::Export => {
                let is_written = has(|what| matches!(what, What::Exported(_)));
                lacks(is_written, Missing::Report).into_iter().collect()
            }
        }
    }

    /// Goes on from the open step.
    ///
    /// # Errors
    /// [`Improper`]; one is where one was.
    pub fn go_on(&mut self, way: Way, now: Timestamp) -> Result<(), Improper> {
        let step = self.step().ok_or(Improper::Over)?.clone();
        if self.visit().is_some_and(|visit| visit.under_way().is_some()) {
            return Err(Improper::UnderWay);
        }
        let (how, to) = match (&step.kind, way) {
            (StepKind::Decision { yes, .. }, Way::Yes) => (How::Yes, yes.clone()),
            (StepKind::Decision { no, .. }, Way::No) => (How::No, no.clone()),
            (StepKind::Decision { .. }, Way::Next) => return Err(Improper::Lacking(vec![Missing::Answer])),
            (_, Way::Yes | Way::No) => return Err(Improper::NotHere),
            (_, Way::Next) => {
                let missing = self.missing(now);
                if !missing.is_empty() {
                    return Err(Improper::Lacking(missing));
                }
                (How::Done, step.next.clone())
            }
        };
        self.leave(how, to, now)
    }

    /// Leaves the open step undone, for a reason; a decision is never left so.
    ///
    /// # Errors
    /// [`Improper`]; one is where one was.
    pub fn skip(&mut self, why: &str, now: Timestamp) -> Result<(), Improper> {
        let step = self.step().ok_or(Improper::Over)?.clone();
        if self.visit().is_some_and(|visit| visit.under_way().is_some()) {
            return Err(Improper::UnderWay);
        }
        if matches!(step.kind, StepKind::Decision { .. }) {
            return Err(Improper::Lacking(vec![Missing::Answer]));
        }
        self.leave(How::Skipped(paragraph(why, LONGEST_TEXT)?), step.next, now)
    }

    /// Gives the run up, for a reason.
    ///
    /// # Errors
    /// [`Improper`]; it goes on.
    pub fn give_up(&mut self, why: &str, now: Timestamp) -> Result<(), Improper> {
        let visit = self.visit().ok_or(Improper::Over)?;
        if visit.under_way().is_some() {
            return Err(Improper::UnderWay);
        }
        let why = paragraph(why, LONGEST_TEXT)?;
        let at = self.moment(now);
        if let Some(visit) = self.visits.last_mut() {
            visit.left = Some(Leaving { at, how: How::Skipped(why.clone()) });
        }
        self.ended = Some(RunEnd { at, given_up: Some(why) });
        Ok(())
    }

    fn leave(&mut self, how: How, to: Option<StepId>, now: Timestamp) -> Result<(), Improper> {
        let at = self.moment(now);
        // The end can always be come to.
        if to.is_some() && self.visits.len() >= MOST_VISITS {
            return Err(Improper::TooMuch);
        }
        if let Some(visit) = self.visits.last_mut() {
            visit.left = Some(Leaving { at, how });
        }
        match to {
            Some(step) => self.visits.push(Visit::new(step, at)),
            None => self.ended = Some(RunEnd { at, given_up: None }),
        }
        Ok(())
    }
}

/// Tells whether something can be done in a step of a kind. Words and snapshots belong to every one.
fn fits(what: &What, kind: &StepKind) -> bool {
    match (what, kind) {
        (What::Wrote(_) | What::Kept(_), _)
        | (What::Began(_) | What::Came(_), StepKind::Operation { .. })
        | (What::Exported(_), StepKind::Export) => true,
        (What::Saw(sight), StepKind::Check { query }) => sight.query == *query,
        (What::Told(person) | What::Answered(person), StepKind::Escalate { chain, .. }) => *person < chain.len(),
        _ => false,
    }
}

/// Cleans and bounds what is to be written down.
fn bounded(what: What) -> Result<What, Improper> {
    Ok(match what {
        What::Wrote(text) => What::Wrote(paragraph(&text, LONGEST_TEXT)?),
        What::Kept(text) => What::Kept(paragraph(&text, LONGEST_SNAPSHOT)?),
        What::Came(came) => What::Came(Came { detail: clean(&came.detail, LONGEST_LINE), ..came }),
        other => other,
    })
}

/// Cleans a text line by line; one that says nothing is none.
fn paragraph(text: &str, longest: usize) -> Result<String, Improper> {
    if text.chars().count() > longest {
        return Err(Improper::TooMuch);
    }
    let lines: Vec<String> = text.lines().map(|line| clean(line, LONGEST_LINE).trim_end().to_owned()).collect();
    let text = lines.join("\n").trim_matches('\n').to_owned();
    if text.trim().is_empty() { Err(Improper::Empty) } else { Ok(text) }
}
