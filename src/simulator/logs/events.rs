//! `FilterLogEvents` and `GetLogEvents`.

use super::pattern::Pattern;
use super::{group, invalid, invalid_token, no_stream};
use crate::simulator::call::Call;
use crate::simulator::clock::Millis;
use crate::simulator::paging;
use crate::simulator::random::Dice;
use crate::simulator::wire::{ApiError, Input, Value, list, object};
use crate::simulator::world::{INGESTION, LogKey, LogScan, LogStream, Step};

/// How many bytes of lines a page may hold.
const MOST_BYTES: usize = 1024 * 1024;
/// How many lines a page may hold.
const MOST_EVENTS: i64 = 10_000;

/// The lines of a page, as long as there is room for more.
struct Page {
    events: Vec<Value>,
    most: usize,
    bytes: usize,
}

impl Page {
    fn read(input: Input<'_>) -> Result<Self, ApiError> {
        let most = input.page_size("limit", MOST_EVENTS, 10_000)?;
        Ok(Self { events: Vec::new(), most, bytes: 0 })
    }

    /// Takes a line, where there is room; a page takes one line whatever its length.
    fn take(&mut self, text: &str, event: impl FnOnce() -> Value) -> Step {
        let full = self.events.len() >= self.most || self.bytes + text.len() > MOST_BYTES;
        if full && (self.events.len() >= self.most || !self.events.is_empty()) {
            return Step::Full;
        }
        self.bytes += text.len();
        self.events.push(event());
        Step::Next
    }
}

/// Reads the times between which lines are asked for, in milliseconds; the end is included where `through` says so.
fn span(input: Input<'_>, through: bool) -> Result<(Millis, Millis), ApiError> {
    let from = input.within("startTime", 0, Millis::MAX)?.unwrap_or(0);
    let until = input.within("endTime", 0, Millis::MAX)?.unwrap_or(Millis::MAX);
    if from > until {
        return Err(invalid("End time should not be before the start time."));
    }
    Ok((from, if through { until.saturating_add(1) } else { until }))
}

/// Answers the lines of a group that fit a pattern, the oldest first unless told otherwise.
pub fn filter_log_events(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let group = group(call, input)?;
    let name = group.name;
    let (names, prefix) = (input.texts("logStreamNames")?, input.text("logStreamNamePrefix")?);
    if names.is_some() && prefix.is_some() {
        return Err(invalid("Only one of logStreamNames or logStreamNamePrefix can be specified."));
    }
    let pattern = Pattern::parse(input.text("filterPattern")?.unwrap_or_default())?;
    let (from, until) = span(input, true)?;
    let mut page = Page::read(input)?;
    let streams = group.streams(call.now);
    if names.iter().flatten().any(|name| !streams.iter().any(|stream| stream.name == *name)) {
        return Err(no_stream());
    }
    let wanted = |stream: &&LogStream| {
        names.as_ref().is_none_or(|names| names.contains(&stream.name.as_str()))
            && prefix.is_none_or(|prefix| stream.name.starts_with(prefix))
    };
    let scope = format!("{}/{name}/{from}/{until}/{:?}", call.scope("FilterLogEvents"), input.text("filterPattern")?);
    let (backwards, after) = match input.text("nextToken")? {
        None => (input.boolean("startFromHead")? == Some(false), None),
        Some(token) => {
            opened(&scope, token).map(|(backwards, key)| (backwards, Some(key))).ok_or_else(invalid_token)?
        }
    };
    let scan = LogScan { streams: streams.iter().filter(wanted).collect(), from, until };
    let next = scan.read(backwards, after.as_ref(), |stream, line, key| {
        if !pattern.fits(&line.text) {
            return Step::Next;
        }
        page.take(&line.text, || {
            object()
                .with("logStreamName", &stream.name)
                .with("timestamp", line.at)
                .with("message", line.text.clone())
                .with("ingestionTime", line.at + INGESTION)
                .with("eventId", Dice::new(0, &[&key.stream, &key.at.to_string(), &key.number.to_string()]).digits(56))
                .into()
        })
    });
    let token = next.map(|key| sealed(&scope, backwards, &key));
    Ok(object().with("events", page.events).with("searchedLogStreams", Vec::new()).with("nextToken", token).into())
}

/// Answers the lines of one stream: the newest ones unless told otherwise, always the oldest first.
pub fn get_log_events(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let group = group(call, input)?;
    let name = group.name;
    let wanted = input.required("logStreamName")?;
    let streams = group.streams(call.now);
    let stream = streams.iter().find(|stream| stream.name == wanted).ok_or_else(no_stream)?;
    let (from, until) = span(input, false)?;
    let mut page = Page::read(input)?;
    let scope = format!("{}/{name}/{wanted}", call.scope("GetLogEvents"));
    let (backwards, after) = match input.text("nextToken")? {
        None => (!input.boolean("startFromHead")?.unwrap_or(false), None),
        Some(token) => {
            let direction = token.split_once('/').filter(|(side, _)| matches!(*side, "f" | "b"));
            let (side, sealed) = direction.ok_or_else(invalid_token)?;
            let (_, key) = opened(&scope, sealed).ok_or_else(invalid_token)?;
            (side == "b", Some(key))
        }
    };
    let mut seen: Option<(LogKey, LogKey)> = None;
    let scan = LogScan { streams: vec![stream], from, until };
    scan.read(backwards, after.as_ref(), |_, line, key| {
        let step = page.take(&line.text, || {
            object()
                .with("timestamp", line.at)
                .with("message", line.text.clone())
                .with("ingestionTime", line.at + INGESTION)
                .into()
        });
        if step == Step::Next {
            let first = seen.take().map_or_else(|| key.clone(), |(first, _)| first);
            seen = Some((first, key.clone()));
        }
        step
    });
    // Where nothing was found both tokens stay where the question began: that is how one sees the end.
    let start = after.unwrap_or_else(|| LogKey {
        at: if backwards { until.min(stream.until.saturating_add(1)) } else { from.max(stream.from) },
        stream: String::new(),
        number: 0,
    });
    let (one, other) = seen.unwrap_or_else(|| (start.clone(), start));
    let (first, last) = if backwards { (other, one) } else { (one, other) };
    if backwards {
        page.events.reverse();
    }
    let token = |side: &str, key: &LogKey| format!("{side}/{}", sealed(&scope, side == "b", key));
    Ok(object()
        .with("events", list(page.events))
        .with("nextForwardToken", token("f", &last))
        .with("nextBackwardToken", token("b", &first))
        .into())
}

/// Makes a token that goes on from a place.
fn sealed(scope: &str, backwards: bool, key: &LogKey) -> String {
    let direction = if backwards { "b" } else { "f" };
    paging::seal(scope, &format!("{direction}/{}/{}/{}", key.at, key.number, key.stream))
}

fn opened(scope: &str, token: &str) -> Option<(bool, LogKey)> {
    let text = paging::open(scope, token)?;
    let mut parts = text.splitn(4, '/');
    let backwards = parts.next()? == "b";
    let (at, number) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((backwards, LogKey { at, number, stream: parts.next()?.to_owned() }))
}
