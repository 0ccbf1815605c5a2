//! `DescribeLogStreams`.

use super::{arn, group, invalid, invalid_token};
use crate::simulator::call::Call;
use crate::simulator::paging;
use crate::simulator::random::Dice;
use crate::simulator::wire::{ApiError, Input, Value, object};
use crate::simulator::world::LogStream;

/// Describes a group's streams, fifty a page, by their names or by when they were last written to.
pub fn describe_log_streams(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let group = group(call, input)?;
    let name = group.name;
    let prefix = input.text("logStreamNamePrefix")?;
    let by_time = match input.text("orderBy")? {
        None | Some("LogStreamName") => false,
        Some("LastEventTime") if prefix.is_none() => true,
        Some("LastEventTime") => {
            return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
        }
        Some(word) => {
            let rule = "Member must satisfy enum value set: [LogStreamName, LastEventTime]";
            return Err(ApiError::constraint(word, "orderBy", rule));
        }
    };
    let descending = input.boolean("descending")?.unwrap_or(false);
    let size = input.page_size("limit", 50, 50)?;
    let scope = format!("{}/{name}/{prefix:?}/{by_time}/{descending}", call.scope("DescribeLogStreams"));
    let from = match input.text("nextToken")? {
        None => 0,
        Some(token) => {
            paging::open(&scope, token).and_then(|text| text.parse::<usize>().ok()).ok_or_else(invalid_token)?
        }
    };
    let mut streams = group.streams(call.now);
    streams.retain(|stream| prefix.is_none_or(|prefix| stream.name.starts_with(prefix)));
    if by_time {
        streams.sort_by_key(|stream| stream.until);
    }
    if descending {
        streams.reverse();
    }
    let next = from.saturating_add(size);
    let token = (next < streams.len()).then(|| paging::seal(&scope, &next.to_string()));
    let shown: Vec<Value> = streams.iter().skip(from).take(size).map(|stream| describe(call, name, stream)).collect();
    Ok(object().with("logStreams", shown).with("nextToken", token).into())
}

fn describe(call: &Call<'_>, group: &str, stream: &LogStream) -> Value {
    object()
        .with("logStreamName", &stream.name)
        .with("creationTime", stream.created)
        .with("firstEventTimestamp", stream.ingested.map(|_| stream.from))
        .with("lastEventTimestamp", stream.ingested.map(|_| stream.until))
        .with("lastIngestionTime", stream.ingested)
        .with("uploadSequenceToken", Dice::new(0, &[&stream.name]).digits(56))
        .with("arn", format!("{}:log-stream:{}", arn(call, group), stream.name))
        .with("storedBytes", 0_u32)
        .into()
}
