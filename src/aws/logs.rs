//! CloudWatch Logs: where containers write, and what they wrote.

mod live;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
};

use aws_sdk_cloudwatchlogs::types as aws;
use aws_sdk_ecs::types as ecs;
use jiff::Timestamp;

use crate::domain::{
    fetch::Failure,
    log::{LONGEST_LINE, LogLine, LogPlace, LogTail},
    text::clean,
};

use super::{
    Connection,
    action::Action,
    site::Site,
    words::{is_region, name},
};

pub use live::LiveTail;

/// How many task definitions are remembered, each for ever as a revision never changes.
const MOST_DEFINITIONS: usize = 1_000;
/// The most bytes of log that one reading takes in; a page of `FilterLogEvents` holds up to 1 MB.
const MOST_BYTES: usize = 1_000_000;
/// The most pages that one reading asks for: many may be empty where a filter finds little.
const MOST_PAGES: usize = 10;
/// The most lines of a page.
const PAGE: i32 = 10_000;

/// Remembers where the containers of task definitions log to.
pub(super) type LogPlaces = HashMap<String, Arc<Vec<LogPlace>>>;

/// Holds what one reading of a log brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogRead {
    /// The lines, oldest first.
    pub lines: Vec<Arc<LogLine>>,
    /// Whether there was more than one reading takes.
    pub cut: bool,
}

impl Connection {
    /// Tells where the containers of a task definition, by ARN or `FAMILY:REVISION`, log to; containers that do not write
    /// to CloudWatch Logs by the driver `awslogs` are left out.
    ///
    /// # Errors
    /// A [`Failure`] where it cannot be described.
    pub async fn log_places(&self, task_definition: &str) -> Result<Arc<Vec<LogPlace>>, Failure> {
        let known = || self.log_places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = known().get(task_definition) {
            return Ok(Arc::clone(places));
        }
        let describe = || self.ecs.describe_task_definition().task_definition(self.original(task_definition)).send();
        let answer = self.home.caller.call(Action::DescribeTaskDefinition, "", describe).await?;
        let definition = answer.task_definition.as_ref();
        let containers = definition.map(ecs::TaskDefinition::container_definitions).unwrap_or_default();
        let places: Vec<_> =
            containers.iter().filter_map(|raw| place(raw, self.region(), &|raw| self.remember(raw))).collect();
        let places = Arc::new(places);
        let mut known = known();
        if known.len() >= MOST_DEFINITIONS {
            known.clear();
        }
        known.insert(task_definition.to_owned(), Arc::clone(&places));
        Ok(places)
    }

    /// Reads the lines of a log from a time on, in milliseconds since the epoch: the newest 1 MB of them.
    ///
    /// # Errors
    /// A [`Failure`] of the first page that fails.
    pub async fn log_lines(&self, tail: &LogTail, from: i64) -> Result<LogRead, Failure> {
        let site = self.log_site(&tail.place);
        let mut read = LogRead::default();
        let (mut token, mut bytes) = (None::<String>, 0);
        for _ in 0..MOST_PAGES {
            let filter = || {
                let request = site.logs.filter_log_events().log_group_name(self.original(&tail.place.group));
                let prefix = (!tail.place.stream_prefix.is_empty()).then(|| self.original(&tail.place.stream_prefix));
                let pattern = (!tail.pattern.is_empty()).then(|| tail.pattern.clone());
                let request = request.set_log_stream_name_prefix(prefix).set_filter_pattern(pattern);
                let request = request.start_time(from.max(0)).start_from_head(false).limit(PAGE);
                request.set_next_token(token.clone()).send()
            };
            let answer = site.caller.call(Action::FilterLogEvents, &tail.place.group, filter).await?;
            for event in answer.events() {
                bytes += event.message.as_ref().map_or(0, String::len);
                read.lines.extend(line(event).map(Arc::new));
            }
            let next = answer.next_token.filter(|next| !next.is_empty());
            read.cut = next.is_some();
            if next.is_none() || next == token || bytes >= MOST_BYTES {
                break;
            }
            token = next;
        }
        sort(&mut read.lines);
        Ok(read)
    }

    /// Returns where a log is read: in the region that its container names.
    fn log_site(&self, place: &LogPlace) -> Arc<Site> {
        if place.region.is_empty() || !is_region(&place.region) {
            return Arc::clone(&self.home);
        }
        self.sites.of(&place.region)
    }
}

/// Returns where a container logs to (`awslogs` driver: "Specifying a log configuration in your task definition").
fn place(raw: &ecs::ContainerDefinition, own_region: &str, remember: &dyn Fn(&str) -> String) -> Option<LogPlace> {
    let configuration = raw.log_configuration.as_ref()?;
    if configuration.log_driver != ecs::LogDriver::Awslogs {
        return None;
    }
    let options = configuration.options.as_ref()?;
    let option = |key: &str| options.get(key).map(String::as_str).filter(|value| !value.is_empty());
    let container = raw.name.as_deref().unwrap_or_default();
    Some(LogPlace {
        container: remember(container),
        group: remember(option("awslogs-group")?),
        region: option("awslogs-region").filter(|region| *region != own_region).map(remember).unwrap_or_default(),
        stream_prefix: option("awslogs-stream-prefix")
            .map(|prefix| remember(&format!("{prefix}/{container}/")))
            .unwrap_or_default(),
    })
}

/// Sorts lines, oldest first.
fn sort(lines: &mut [Arc<LogLine>]) {
    lines.sort_by(|a, b| (a.at, &a.stream).cmp(&(b.at, &b.stream)));
}

/// Maps a line; one without a time cannot be put among the others and is left out.
fn line(raw: &aws::FilteredLogEvent) -> Option<LogLine> {
    let at = raw.timestamp.or(raw.ingestion_time)?;
    let id = name(raw.event_id.as_deref());
    made(id, at, raw.log_stream_name.as_deref(), raw.message.as_deref().unwrap_or_default())
}

/// Makes a line of what CloudWatch says: cut to what is kept, and then cleaned.
fn made(id: String, at: i64, stream: Option<&str>, message: &str) -> Option<LogLine> {
    let message = message.trim_end_matches(['\n', '\r']);
    let end = message.char_indices().nth(LONGEST_LINE).map_or(message.len(), |(end, _)| end);
    let (kept, rest) = message.split_at(end);
    Some(LogLine {
        id,
        at: Timestamp::from_millisecond(at).ok()?,
        stream: name(stream),
        message: clean(kept, LONGEST_LINE),
        cut: rest.chars().count(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(driver: &str, options: &[(&str, &str)]) -> ecs::ContainerDefinition {
        let options = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let configuration = ecs::LogConfiguration::builder().log_driver(ecs::LogDriver::from(driver));
        let configuration = configuration.set_options(Some(options)).build().unwrap();
        ecs::ContainerDefinition::builder().name("web").log_configuration(configuration).build()
    }

    fn place_of(driver: &str, options: &[(&str, &str)]) -> Option<LogPlace> {
        place(&container(driver, options), "ap-northeast-1", &|raw| raw.to_owned())
    }

    #[test]
    fn a_container_logs_where_its_driver_says() {
        let options = [("awslogs-group", "/shop/web"), ("awslogs-region", "ap-northeast-1")];
        let place = place_of("awslogs", &options).unwrap();
        assert_eq!((place.container.as_str(), place.group.as_str()), ("web", "/shop/web"));
        assert_eq!((place.region.as_str(), place.stream_prefix.as_str()), ("", ""));
        let options = [("awslogs-group", "x"), ("awslogs-region", "us-east-1"), ("awslogs-stream-prefix", "prd")];
        let place = place_of("awslogs", &options).unwrap();
        assert_eq!((place.region.as_str(), place.stream_prefix.as_str()), ("us-east-1", "prd/web/"));
    }

    #[test]
    fn a_container_that_logs_elsewhere_has_no_place() {
        assert_eq!(place_of("awsfirelens", &[("awslogs-group", "x")]), None);
        assert_eq!(place_of("awslogs", &[]), None);
    }

    #[test]
    fn a_line_is_cut_at_a_character_and_cleaned() {
        let raw = format!("{}\r\n", "決済\u{1b}[31m失敗\t".repeat(60_000));
        let line = made("1".to_owned(), 1_800_000_000_123, Some("web/web/0"), &raw).unwrap();
        assert_eq!(line.cut, raw.trim_end().chars().count() + 1 - LONGEST_LINE);
        assert!(line.message.starts_with("決済失敗 決済失敗 ") && !line.message.contains(char::is_control));
        assert_eq!(line.at.as_millisecond(), 1_800_000_000_123);
        assert_eq!(made(String::new(), i64::MAX, None, ""), None);
        assert_eq!(made(String::new(), 0, None, "short\n").unwrap().cut, 0);
    }
}
