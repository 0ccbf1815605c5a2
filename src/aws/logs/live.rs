//! A log as it is written: `StartLiveTail`.

use std::{fmt, sync::Arc};

use aws_sdk_cloudwatchlogs::{
    operation::start_live_tail::StartLiveTailOutput,
    types::{LiveTailSessionLogEvent, LiveTailSessionUpdate, StartLiveTailResponseStream},
};

use crate::domain::{
    fetch::Failure,
    log::{LogLine, LogTail},
};

use super::{
    super::{Connection, action::Action},
    LogRead, made, sort,
};

/// Follows a log; dropping it ends the stream.
pub struct LiveTail {
    stream: StartLiveTailOutput,
}

impl fmt::Debug for LiveTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveTail").finish_non_exhaustive()
    }
}

impl Connection {
    /// Begins to follow a log: CloudWatch sends what it takes in from now on, about once a second.
    ///
    /// AWS bills the minutes that a stream is open ("Amazon CloudWatch pricing", Live Tail), and ends it after three hours.
    ///
    /// # Errors
    /// A [`Failure`] where the stream cannot be opened.
    pub async fn live_tail(&self, tail: &LogTail) -> Result<LiveTail, Failure> {
        let site = self.log_site(&tail.place);
        let group = self.group_arn(&site.region, &self.original(&tail.place.group));
        let prefix = (!tail.place.stream_prefix.is_empty()).then(|| vec![self.original(&tail.place.stream_prefix)]);
        let pattern = (!tail.pattern.is_empty()).then(|| tail.pattern.clone());
        let start = || {
            let request = site.logs.start_live_tail().log_group_identifiers(&group);
            let request = request.set_log_stream_name_prefixes(prefix.clone());
            request.set_log_event_filter_pattern(pattern.clone()).send()
        };
        let stream = site.caller.call(Action::StartLiveTail, &tail.place.group, start).await?;
        Ok(LiveTail { stream })
    }

    /// Returns the ARN of a log group, which `StartLiveTail` wants: without the `:*` that other calls give it.
    fn group_arn(&self, region: &str, group: &str) -> String {
        let identity = self.identity();
        let partition = identity.arn.split(':').nth(1).unwrap_or("aws");
        format!("arn:{partition}:logs:{region}:{}:log-group:{group}", identity.account)
    }
}

impl LiveTail {
    /// Waits for the next lines; nothing once the stream has ended, whatever ended it.
    ///
    /// May be given up while it waits: no line is lost by that.
    pub async fn next(&mut self) -> Option<LogRead> {
        loop {
            match self.stream.response_stream.recv().await {
                Ok(Some(StartLiveTailResponseStream::SessionUpdate(update))) => return Some(read(&update)),
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(error) => {
                    tracing::debug!(%error, "live tail ended");
                    return None;
                }
            }
        }
    }
}

fn read(update: &LiveTailSessionUpdate) -> LogRead {
    let mut lines: Vec<Arc<LogLine>> = update.session_results().iter().filter_map(line).map(Arc::new).collect();
    sort(&mut lines);
    LogRead { lines, cut: update.session_metadata.as_ref().is_some_and(|metadata| metadata.sampled) }
}

/// Maps a line, which has no id here.
fn line(raw: &LiveTailSessionLogEvent) -> Option<LogLine> {
    let at = raw.timestamp.or(raw.ingestion_time)?;
    made(String::new(), at, raw.log_stream_name.as_deref(), raw.message.as_deref().unwrap_or_default())
}
