//! Heads of the journal, kept in CloudWatch Logs: a log group, in it a stream for each journal's place on a machine.

use std::sync::Arc;

use aws_sdk_cloudwatchlogs::types as aws;

use crate::{
    domain::fetch::{Failure, FailureKind},
    journal::head::{Head, HeadShipper, Heads, Kept, Which},
};

use super::{action::Action, site::Site, standing::Standing};

/// The most heads that are read back, the newest.
const MOST: usize = 100_000;

/// The most pages of a read: many are empty where there is much else in the group.
const MOST_PAGES: usize = 1_000;

/// The most heads of one call (`PutLogEvents`: 10,000 events, 1,048,576 bytes with 26 more for each).
const BATCH: usize = 1_000;

/// Keeps heads with the credentials of one environment, in its first region.
#[derive(Debug)]
pub struct HeadLog {
    standing: Arc<Standing>,
    group: String,
}

impl HeadLog {
    /// Makes it of the credentials and the log group, which must be there.
    pub fn new(standing: Arc<Standing>, group: String) -> Self {
        Self { standing, group }
    }

    async fn site(&self) -> Result<Arc<Site>, Failure> {
        Ok(Arc::clone(&self.standing.connection().await?.home))
    }

    /// Keeps one batch; a stream that is not there is made.
    async fn put(&self, site: &Site, stream: &str, heads: &[Head]) -> Result<(), Failure> {
        let at = site.caller.now.get().as_millisecond();
        // All with the time of now: those of a long journey offline might be refused as too old, and their own is in them.
        let events: Vec<_> = heads
            .iter()
            .map(|head| aws::InputLogEvent::builder().timestamp(at).message(head.line()).build())
            .collect::<Result<_, _>>()
            .map_err(|error| site.caller.invalid(Action::PutLogEvents, &error))?;
        let put = || {
            let request = site.logs.put_log_events().log_group_name(&self.group).log_stream_name(stream);
            request.set_log_events(Some(events.clone())).send()
        };
        let answer = match site.caller.ask(Action::PutLogEvents, put).await {
            Err(failure) if failure.kind == FailureKind::NotFound => {
                self.make(site, stream).await?;
                site.caller.ask(Action::PutLogEvents, put).await?
            }
            answer => answer?,
        };
        match answer.rejected_log_events_info {
            // AWS's clock and ours are hours apart.
            Some(_) => Err(site.caller.failed(Action::PutLogEvents, FailureKind::Invalid, "RejectedLogEventsInfo")),
            None => Ok(()),
        }
    }

    async fn make(&self, site: &Site, stream: &str) -> Result<(), Failure> {
        let make = || site.logs.create_log_stream().log_group_name(&self.group).log_stream_name(stream).send();
        site.caller.ask(Action::CreateLogStream, make).await.map(drop)
    }

    async fn read(&self, which: &Which) -> Result<Heads, Failure> {
        let site = self.site().await?;
        // By its beginning, as a stream that is not there is then no error, and a group that is not there is one.
        let (stream, pattern) = match which {
            Which::Stream(stream) => (Some(stream.clone()), None),
            Which::Journal(first) => (None, Some(format!("\"{first}\""))),
        };
        let mut read = Heads::default();
        let mut token = None::<String>;
        for _ in 0..MOST_PAGES {
            let filter = || {
                let request = site.logs.filter_log_events().log_group_name(&self.group).start_from_head(false);
                let request = request.set_log_stream_name_prefix(stream.clone()).set_filter_pattern(pattern.clone());
                request.set_next_token(token.clone()).send()
            };
            let answer = site.caller.ask(Action::FilterLogEvents, filter).await?;
            // What is no head was written by somebody else.
            read.heads.extend(answer.events().iter().filter_map(|event| Head::of_line(event.message.as_deref()?)));
            let next = answer.next_token.filter(|next| !next.is_empty() && token.as_ref() != Some(next));
            read.more = next.is_some();
            if next.is_none() || read.heads.len() >= MOST {
                break;
            }
            token = next;
        }
        read.heads.truncate(MOST);
        Ok(read)
    }
}

impl HeadShipper for HeadLog {
    fn ship<'a>(&'a self, stream: &'a str, heads: &'a [Head]) -> Kept<'a, ()> {
        Box::pin(async move {
            let site = self.site().await?;
            for batch in heads.chunks(BATCH) {
                self.put(&site, stream, batch).await?;
            }
            Ok(())
        })
    }

    fn heads<'a>(&'a self, which: &'a Which) -> Kept<'a, Heads> {
        Box::pin(self.read(which))
    }
}
