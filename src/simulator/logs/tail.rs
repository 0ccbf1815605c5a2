//! `StartLiveTail`: lines as they are written, a batch each second.

use super::pattern::Pattern;
use super::{by_name, invalid};
use crate::simulator::call::Call;
use crate::simulator::clock::{HOUR, Millis};
use crate::simulator::random::Dice;
use crate::simulator::wire::{ApiError, Input, Value, eventstream, json, list, object};
use crate::simulator::world::{INGESTION, LogGroup, LogScan, LogStream, Step, World};

/// The operation's name.
pub const LIVE_TAIL: &str = "StartLiveTail";
/// How many lines an update may hold.
const MOST_LINES: usize = 500;
/// How long a session may last.
const LONGEST: Millis = 3 * HOUR;

/// A session of Live Tail.
#[derive(Debug)]
pub struct Tail {
    account: String,
    region: String,
    groups: Vec<String>,
    names: Vec<String>,
    prefixes: Vec<String>,
    pattern: Pattern,
    /// What the session was opened with, as the first event repeats it.
    opened: Value,
    began: Millis,
    /// Up to when lines have been sent.
    until: Millis,
}

/// What a session sends next.
#[derive(Debug)]
pub enum Sent {
    /// A frame, and more will follow.
    Frame(Vec<u8>),
    /// The last frame.
    Last(Vec<u8>),
}

impl Tail {
    /// Opens a session.
    pub fn open(call: &Call<'_>, input: Input<'_>) -> Result<Self, ApiError> {
        let groups = input.texts("logGroupIdentifiers")?.unwrap_or_default();
        if groups.is_empty() || groups.len() > 10 {
            return Err(invalid("logGroupIdentifiers must have from 1 to 10 items."));
        }
        let owned = |texts: Option<Vec<&str>>| texts.unwrap_or_default().into_iter().map(str::to_owned).collect();
        let names: Vec<String> = owned(input.texts("logStreamNames")?);
        let prefixes: Vec<String> = owned(input.texts("logStreamNamePrefixes")?);
        if (!names.is_empty() || !prefixes.is_empty()) && groups.len() > 1 {
            return Err(invalid("Log streams can be named for a single log group only."));
        }
        if !names.is_empty() && !prefixes.is_empty() {
            return Err(invalid("Only one of logStreamNames or logStreamNamePrefixes can be specified."));
        }
        let text = input.text("logEventFilterPattern")?.unwrap_or_default();
        let found = groups.iter().map(|group| {
            if !group.starts_with("arn:") || group.ends_with('*') {
                return Err(invalid(format!("The log group identifier is not an ARN without an asterisk: {group}")));
            }
            by_name(call, group).map(|found| found.name.to_owned())
        });
        let found = found.collect::<Result<_, _>>()?;
        let mut dice = Dice::new(fastrand::u64(..), &["live-tail"]);
        let opened = object()
            .with("requestId", dice.uuid())
            .with("sessionId", dice.uuid())
            .with("logGroupIdentifiers", list(groups.into_iter().map(str::to_owned)))
            .with("logStreamNames", (!names.is_empty()).then(|| list(names.iter().cloned())))
            .with("logStreamNamePrefixes", (!prefixes.is_empty()).then(|| list(prefixes.iter().cloned())))
            .with("logEventFilterPattern", text.to_owned());
        Ok(Self {
            account: call.principal.account.clone(),
            region: call.region.to_owned(),
            groups: found,
            names,
            prefixes,
            pattern: Pattern::parse(text)?,
            opened: opened.into(),
            began: call.now,
            until: call.now - INGESTION,
        })
    }

    /// The frames that open the session.
    pub fn opening(&self) -> Vec<u8> {
        let mut frames = eventstream::event("initial-response", b"{}");
        frames.extend(eventstream::event("sessionStart", &json::encode(&self.opened)));
        frames
    }

    /// The frame with the lines written since the last one.
    pub fn update(&mut self, world: &World, now: Millis) -> Sent {
        if now - self.began > LONGEST {
            let message = object().with("message", "The session has been open for three hours.").into();
            return Sent::Last(eventstream::exception("SessionTimeoutException", &json::encode(&message)));
        }
        let mut lines: Vec<Value> = Vec::new();
        let mut sampled = false;
        let (from, until) = (self.until + 1, now - INGESTION);
        for name in &self.groups {
            let region = world.region(&self.account, &self.region);
            let group = region.and_then(|region| LogGroup::find(region, name));
            let streams = group.map(|group| group.streams(now)).unwrap_or_default();
            let streams = streams.iter().filter(|stream| self.wants(stream)).collect();
            let group = format!("{}:{name}", self.account);
            LogScan { streams, from, until: until + 1 }.read(false, None, |stream, line, _| {
                if !self.pattern.fits(&line.text) {
                    return Step::Next;
                }
                if lines.len() >= MOST_LINES {
                    sampled = true;
                    return Step::Full;
                }
                let written = object()
                    .with("logStreamName", &stream.name)
                    .with("logGroupIdentifier", group.clone())
                    .with("message", line.text.clone())
                    .with("timestamp", line.at)
                    .with("ingestionTime", line.at + INGESTION);
                lines.push(written.into());
                Step::Next
            });
        }
        self.until = until.max(self.until);
        let metadata = object().with("sampled", sampled);
        let update = object().with("sessionMetadata", metadata).with("sessionResults", lines).into();
        Sent::Frame(eventstream::event("sessionUpdate", &json::encode(&update)))
    }

    fn wants(&self, stream: &LogStream) -> bool {
        (self.names.is_empty() || self.names.contains(&stream.name))
            && (self.prefixes.is_empty() || self.prefixes.iter().any(|prefix| stream.name.starts_with(prefix.as_str())))
    }
}
