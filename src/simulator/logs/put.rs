//! `CreateLogGroup`, `CreateLogStream` and `PutLogEvents`.

use super::{invalid, no_group, no_stream};
use crate::simulator::call::Call;
use crate::simulator::clock::{DAY, HOUR, Millis};
use crate::simulator::random::Dice;
use crate::simulator::wire::{ApiError, Input, Value, object};
use crate::simulator::world::{LogGroup, Region, WrittenGroup, WrittenStream};

/// The most bytes of a batch, each line counted with 26 more.
///
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>
const LARGEST_BATCH: usize = 1_048_576;
const BESIDES: usize = 26;
/// The most lines of a batch.
const MOST_LINES: usize = 10_000;
/// How far a batch may reach, how old a line may be, and how far in the future.
const LONGEST_SPAN: Millis = DAY;
const OLDEST: Millis = 14 * DAY;
const NEWEST: Millis = 2 * HOUR;

/// The caller's region, which a call that makes something needs.
fn region<'a>(call: &Call<'a>) -> Result<&'a Region, ApiError> {
    let closed = || {
        ApiError::new("UnrecognizedClientException", "The security token included in the request is invalid.")
            .or_code("InvalidClientTokenId")
    };
    call.here().ok_or_else(closed)
}

fn exists(what: &str) -> ApiError {
    ApiError::new("ResourceAlreadyExistsException", format!("The specified log {what} already exists"))
}

/// Reads a name of a group or a stream.
fn name<'a>(input: Input<'a>, member: &str, fits: impl Fn(char) -> bool, rule: &str) -> Result<&'a str, ApiError> {
    let name = input.required(member)?;
    if name.chars().count() > 512 || !name.chars().all(fits) {
        let rule = format!("Member must satisfy regular expression pattern: {rule}");
        return Err(ApiError::constraint(name, member, &rule));
    }
    Ok(name)
}

fn group_name(input: Input<'_>) -> Result<&str, ApiError> {
    let letter = |c: char| c.is_ascii_alphanumeric() || ".-_/#".contains(c);
    name(input, "logGroupName", letter, "[\\.\\-_/#A-Za-z0-9]+")
}

fn stream_name(input: Input<'_>) -> Result<&str, ApiError> {
    name(input, "logStreamName", |c| c != ':' && c != '*', "[^:*]*")
}

/// Makes a group.
pub fn create_log_group(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = group_name(input)?;
    if name.starts_with("aws/") {
        return Err(invalid("Log groups starting with AWS/ are reserved for AWS."));
    }
    let class = match input.text("logGroupClass")? {
        None | Some("STANDARD") => "STANDARD",
        Some(_) => return Err(invalid("The simulated account has log groups of the class STANDARD only.")),
    };
    let region = region(call)?;
    let known = LogGroup::find(region, name).is_some();
    region.written.with(|groups| {
        if known || groups.contains_key(name) {
            return Err(exists("group"));
        }
        groups.insert(name.to_owned(), WrittenGroup { created: call.now, class, ..WrittenGroup::default() });
        Ok(object().into())
    })
}

/// Makes a stream in a group.
pub fn create_log_stream(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (group, stream) = (group_name(input)?, stream_name(input)?);
    let region = region(call)?;
    let found = LogGroup::find(region, group).ok_or_else(no_group)?;
    if found.streams(call.now).iter().any(|known| known.name == stream) {
        return Err(exists("stream"));
    }
    region.written.with(|groups| {
        // A service's group is not made by anybody: it gets a place beside it.
        let group = groups.entry(group.to_owned()).or_default();
        if group.streams.contains_key(stream) {
            return Err(exists("stream"));
        }
        group.streams.insert(stream.to_owned(), WrittenStream::new(call.now));
        Ok(object().into())
    })
}

/// A line that is to be put into a stream.
type Line = (Millis, String);

/// Reads a batch as it must be: not too large, in order, and not from far apart.
fn batch(input: Input<'_>) -> Result<Vec<Line>, ApiError> {
    let events = input.structures("logEvents")?;
    if events.is_empty() || events.len() > MOST_LINES {
        let rule = format!("Member must have length less than or equal to {MOST_LINES}, greater than or equal to 1");
        return Err(ApiError::constraint("[]", "logEvents", &rule));
    }
    let mut lines: Vec<Line> = Vec::with_capacity(events.len());
    let mut bytes = 0;
    for event in events {
        let at = event.within("timestamp", 0, Millis::MAX)?.ok_or_else(|| ApiError::absent("timestamp"))?;
        let text = event.required("message")?;
        bytes += text.len() + BESIDES;
        if text.len() + BESIDES > LARGEST_BATCH {
            let message =
                format!("Log event too large: {} bytes exceeds limit of {LARGEST_BATCH}", text.len() + BESIDES);
            return Err(invalid(message));
        }
        if lines.last().is_some_and(|(before, _)| *before > at) {
            let message = "Log events in a single PutLogEvents request must be in chronological order.";
            return Err(invalid(message));
        }
        lines.push((at, text.to_owned()));
    }
    if bytes > LARGEST_BATCH {
        return Err(invalid(format!("Upload too large: {bytes} bytes exceeds limit of {LARGEST_BATCH}")));
    }
    let ends = lines.first().zip(lines.last());
    if ends.is_some_and(|((first, _), (last, _))| last - first > LONGEST_SPAN) {
        let message = "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.";
        return Err(invalid(message));
    }
    Ok(lines)
}

/// Puts lines into a stream; those that are too old or from too far in the future are told and left out.
pub fn put_log_events(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (group, stream) = (group_name(input)?, stream_name(input)?);
    let lines = batch(input)?;
    let region = region(call)?;
    LogGroup::find(region, group).ok_or_else(no_group)?;
    let old = lines.partition_point(|(at, _)| *at < call.now - OLDEST);
    let new = lines.partition_point(|(at, _)| *at <= call.now + NEWEST);
    let count = lines.len();
    let taken: Vec<Line> = lines.into_iter().take(new).skip(old).collect();
    region.written.with(|groups| {
        let stream = groups.get_mut(group).and_then(|group| group.streams.get_mut(stream)).ok_or_else(no_stream)?;
        stream.put(taken, call.now);
        Ok::<(), ApiError>(())
    })?;
    let rejected = (old > 0 || new < count).then(|| {
        // The end stands behind the last that is too old.
        object()
            .with("tooNewLogEventStartIndex", (new < count).then_some(new))
            .with("tooOldLogEventEndIndex", (old > 0).then_some(old))
    });
    let token = Dice::new(0, &[group, stream, &call.now.to_string()]).digits(56);
    Ok(object().with("nextSequenceToken", token).with("rejectedLogEventsInfo", rejected).into())
}
