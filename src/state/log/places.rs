//! What of a service's log can be tailed: each container's, and those of several that write to one group.

use crate::domain::log::{LogLine, LogPlace};

/// Names something that can be tailed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is asked of CloudWatch Logs; its container is empty where it is of several.
    pub place: LogPlace,
    /// The places of the containers whose lines are wanted.
    of: Vec<LogPlace>,
}

impl Choice {
    /// Iterates over the containers whose lines are wanted.
    pub fn containers(&self) -> impl Iterator<Item = &str> {
        self.of.iter().map(|place| place.container.as_str())
    }

    /// Tells whether it is of several containers.
    pub fn is_of_several(&self) -> bool {
        self.of.len() > 1
    }

    /// Returns the container that wrote a line, or none where it is none of these.
    ///
    /// The longest prefix decides: `web/app/` also begins what `web/app/v2/` writes.
    pub fn container_of(&self, line: &LogLine) -> Option<&str> {
        let begins = |place: &&LogPlace| line.stream.starts_with(&place.stream_prefix);
        let longest = self.of.iter().filter(begins).max_by_key(|place| place.stream_prefix.len());
        longest.map(|place| place.container.as_str())
    }
}

/// Returns what can be tailed of the places that a task definition names: each container, then those of a group together.
pub fn choices(places: &[LogPlace]) -> Vec<Choice> {
    let one = |place: &LogPlace| Choice { place: place.clone(), of: vec![place.clone()] };
    let mut choices: Vec<Choice> = places.iter().map(one).collect();
    let mut groups: Vec<(&str, &str)> = Vec::new();
    for place in places {
        let group = (place.group.as_str(), place.region.as_str());
        if groups.contains(&group) {
            continue;
        }
        groups.push(group);
        let of: Vec<LogPlace> =
            places.iter().filter(|other| (other.group.as_str(), other.region.as_str()) == group).cloned().collect();
        if of.len() > 1 {
            let stream_prefix = common_beginning(of.iter().map(|place| place.stream_prefix.as_str()));
            choices.push(Choice { place: LogPlace { container: String::new(), stream_prefix, ..place.clone() }, of });
        }
    }
    choices
}

/// Returns the longest beginning that all texts share.
fn common_beginning<'t>(mut texts: impl Iterator<Item = &'t str>) -> String {
    let Some(first) = texts.next() else { return String::new() };
    let shared = texts.fold(first, |shared, text| {
        let same = shared.char_indices().zip(text.chars()).find(|((_, one), other)| one != other);
        let end = same.map_or(shared.len().min(text.len()), |((at, _), _)| at);
        &shared[..end]
    });
    shared.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(container: &str, group: &str, prefix: &str) -> LogPlace {
        LogPlace {
            container: container.to_owned(),
            group: group.to_owned(),
            region: String::new(),
            stream_prefix: prefix.to_owned(),
        }
    }

    fn line(stream: &str) -> LogLine {
        let at = jiff::Timestamp::UNIX_EPOCH;
        LogLine { id: String::new(), at, stream: stream.to_owned(), message: String::new(), cut: 0 }
    }

    #[test]
    fn containers_of_one_group_can_be_read_together() {
        let places = [
            place("web", "/shop", "ecs/web/"),
            place("agent", "/agent", "ecs/agent/"),
            place("web-proxy", "/shop", "ecs/web-proxy/"),
        ];
        let choices = choices(&places);
        assert_eq!(choices.len(), 4);
        let all = &choices[3];
        assert_eq!((all.place.group.as_str(), all.place.stream_prefix.as_str()), ("/shop", "ecs/web"));
        assert!(all.is_of_several() && all.containers().eq(["web", "web-proxy"]));
        assert_eq!(all.container_of(&line("ecs/web-proxy/0f")), Some("web-proxy"));
        assert_eq!(all.container_of(&line("ecs/web/0f")), Some("web"));
        assert_eq!(all.container_of(&line("ecs/websocket/0f")), None, "another service's");
        assert!(!choices[0].is_of_several());
    }

    #[test]
    fn a_beginning_ends_at_a_whole_character() {
        assert_eq!(common_beginning(["ecs/決済/", "ecs/決算/"].into_iter()), "ecs/決");
        assert_eq!(common_beginning(["", "x"].into_iter()), "");
        assert_eq!(common_beginning(["ab", "abc"].into_iter()), "ab");
        assert_eq!(common_beginning(std::iter::empty()), "");
    }
}
