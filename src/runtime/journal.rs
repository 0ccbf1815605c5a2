//! Reads the journal for screen 9: what is looked at, and whether it is as it was written.

use std::future::pending;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::spawn_blocking;

use crate::domain::fetch::Failure;
use crate::journal::head;
use crate::journal::reader::{Page, Reader, Standing};
use crate::operate::{Heads, Operator};
use crate::state::journal::{HeadsRead, JournalReport, JournalWanted};

use super::host::HostEvent;

/// How often is looked whether something was written.
const PAUSE: Duration = Duration::from_secs(1);

/// How long before heads are read again that others may have had kept meanwhile.
const AGAIN: Duration = Duration::from_secs(20);

/// How long is read before what was found is told, and what is wanted looked at again.
const TURN: Duration = Duration::from_millis(100);

/// Opens the journal where there is one, so that what was left behind in it is told, and tells how its heads are brought.
pub(super) async fn attend(operator: Operator, events: mpsc::Sender<HostEvent>) {
    let path = operator.journal_file();
    // Who only looks leaves nothing behind.
    if spawn_blocking(move || path.exists()).await.unwrap_or(false) {
        operator.attend().await;
    }
    let Some(mut state) = operator.heads().map(Heads::state) else { return };
    loop {
        let shipping = state.borrow_and_update().clone();
        if events.send(HostEvent::Shipping(shipping)).await.is_err() || state.changed().await.is_err() {
            return;
        }
    }
}

/// Reads the journal as long as somebody looks at it, and tells whatever changes.
pub(super) async fn read(
    operator: Operator,
    mut wanted: watch::Receiver<Option<JournalWanted>>,
    events: mpsc::Sender<HostEvent>,
) {
    let mut reader = Reader::new(&operator.journal_file());
    let mut anchors = Anchors::new(operator);
    let mut told: Option<JournalReport> = None;
    let mut round = None;
    loop {
        let Some(now) = wanted.borrow_and_update().clone() else {
            // Whoever comes back sees at once what was there.
            told = None;
            if wanted.changed().await.is_err() {
                return;
            }
            continue;
        };
        if round.replace(now.round) != Some(now.round) {
            reader.again();
            anchors.ask();
        }
        if let Some(told) = &told {
            anchors.ask_again(&told.standing);
        }
        if let Some(heads) = anchors.fresh() {
            reader.keep_heads(heads);
        }
        let query = now.query.clone();
        let Ok(turn) = spawn_blocking(move || turn(reader, &now)).await else { return };
        let (page, more);
        (reader, page, more) = turn;
        let report = JournalReport { query, standing: reader.standing(), page, heads: anchors.state.clone() };
        if told.as_ref() != Some(&report) {
            told = Some(report.clone());
            if events.send(HostEvent::Journal(Box::new(report))).await.is_err() {
                return;
            }
        }
        let pause = if more { Duration::ZERO } else { PAUSE };
        tokio::select! {
            changed = wanted.changed() => if changed.is_err() { return },
            () = anchors.read() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Reads for a while; returns the page that is wanted, and whether there is more to do.
fn turn(mut reader: Reader, wanted: &JournalWanted) -> (Reader, Page, bool) {
    reader.ask(wanted.query.clone());
    let begun = Instant::now();
    let mut more = reader.work();
    while more && begun.elapsed() < TURN {
        more = reader.work();
    }
    // A file that cannot be read any more is told by the reader's standing.
    let page = reader.page(wanted.from, wanted.count, wanted.oldest_first).unwrap_or_default();
    (reader, page, more)
}

/// The heads that are kept elsewhere, read once a round.
struct Anchors {
    operator: Operator,
    state: HeadsRead,
    answer: Option<oneshot::Receiver<Result<head::Heads, Failure>>>,
    fresh: Option<head::Heads>,
    /// When they were last asked for, and how many lines there were.
    asked: Option<(Instant, u64)>,
}

impl Anchors {
    fn new(operator: Operator) -> Self {
        Self { operator, state: HeadsRead::NotKept, answer: None, fresh: None, asked: None }
    }

    /// Asks for them once more where others may have written and had their heads kept; not often.
    fn ask_again(&mut self, standing: &Standing) {
        let anchored = standing.anchor.map_or(0, |(seq, _)| seq);
        let is_behind = standing.verified == standing.lines && anchored < standing.lines;
        let is_read = self.answer.is_none() && self.state == HeadsRead::Read;
        let asked = self.asked.get_or_insert_with(|| (Instant::now(), 0));
        if is_behind && is_read && asked.1 != standing.lines && asked.0.elapsed() >= AGAIN {
            *asked = (Instant::now(), standing.lines);
            self.ask();
            // What is known meanwhile is what was read before.
            self.state = HeadsRead::Read;
        }
    }

    /// Asks for them, where they are kept anywhere.
    fn ask(&mut self) {
        let Some((log, which)) = self.operator.heads().map(|heads| (heads.log(), heads.which())) else { return };
        let (tell, answer) = oneshot::channel();
        self.state = HeadsRead::Reading;
        self.answer = Some(answer);
        tokio::spawn(async move {
            // Nobody listens any more where another round has begun.
            let _ = tell.send(log.heads(&which).await);
        });
    }

    /// Waits for the answer; for ever where nothing was asked.
    async fn read(&mut self) {
        let Some(answer) = &mut self.answer else { return pending().await };
        let answered = answer.await;
        self.answer = None;
        match answered {
            Ok(Ok(heads)) => {
                self.state = HeadsRead::Read;
                self.fresh = Some(heads);
            }
            Ok(Err(failure)) => self.state = HeadsRead::Failed(failure),
            Err(_) => self.state = HeadsRead::NotKept,
        }
    }

    /// Returns the heads, where they have just been read.
    fn fresh(&mut self) -> Option<Vec<head::Head>> {
        self.fresh.take().map(|heads| heads.heads)
    }
}
