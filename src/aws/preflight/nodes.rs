//! Managed nodes: which there are, whether they answer, and whether their agents are new enough.

use aws_sdk_ssm::types as aws;

use crate::{
    domain::{
        fetch::Failure,
        preflight::{Caution, Obstacle},
        target::{Selector, Target},
    },
    runbook::entry::Operation,
};

use super::{
    super::{
        Connection,
        action::Action,
        paging::{Paged, pages},
        words::{name, time},
    },
    Candidate, Found,
};

/// The most nodes that a selector is looked up for.
const MOST_NODES: usize = 1_000;
/// How many nodes a page of `DescribeInstanceInformation` holds at most.
const PAGE: i32 = 50;

/// The oldest agent that a shell can be opened with, as numbers and as text.
///
/// Source for these: AWS Systems Manager User Guide, "Step 1: Complete Session Manager prerequisites".
const SHELL: ([u32; 4], &str) = ([2, 3, 68, 0], "2.3.68.0");
/// The oldest agent that forwards to a port of its own node.
const PORT: ([u32; 4], &str) = ([3, 0, 222, 0], "3.0.222.0");
/// The oldest agent that forwards to a port of another host ("Port forwarding to a remote host").
const REMOTE_HOST: ([u32; 4], &str) = ([3, 1, 1374, 0], "3.1.1374.0");
/// The newest agent that forwards one connection at a time.
const ONE_CONNECTION: [u32; 4] = [3, 0, 196, 0];

impl Connection {
    /// Reads the managed nodes that a selector points at.
    ///
    /// # Errors
    /// A [`Failure`] where they cannot be read.
    pub(in super::super) async fn nodes(
        &self,
        selector: &Selector,
    ) -> Result<Paged<aws::InstanceInformation>, Failure> {
        let (key, value) = match selector {
            Selector::EcsService { .. } => return Ok(Paged::default()),
            Selector::ManagedNode { id } => ("InstanceIds".to_owned(), id),
            Selector::TaggedNodes { key, value } => (format!("tag:{key}"), value),
        };
        let filter = aws::InstanceInformationStringFilter::builder().key(key).values(value).build();
        let caller = &self.home.caller;
        let filter = filter.map_err(|error| caller.invalid(Action::DescribeInstanceInformation, &error))?;
        let client = self.ssm_client();
        pages(MOST_NODES, |token| {
            let filter = &filter;
            async move {
                let describe = || {
                    let request = client.describe_instance_information().filters(filter.clone());
                    request.max_results(PAGE).set_next_token(token.clone()).send()
                };
                let answer = caller.call(Action::DescribeInstanceInformation, "", describe).await?;
                Ok((answer.instance_information_list.unwrap_or_default(), answer.next_token))
            }
        })
        .await
    }

    pub(super) async fn nodes_for(&self, operation: &Operation, selector: &Selector) -> Found {
        let nodes = match self.nodes(selector).await {
            Ok(nodes) => nodes.items,
            Err(failure) => {
                // A node that is named can be tried although it could not be looked up.
                let named = match selector {
                    Selector::ManagedNode { id } => Some(Target::Node { id: id.clone(), name: None }),
                    _ => None,
                };
                let untried = |target| Candidate { target, obstacles: Vec::new(), cautions: Vec::new() };
                let candidates = named.map(untried).into_iter().collect();
                return Found { candidates, unknown: vec![failure], ..Found::default() };
            }
        };
        let mut candidates: Vec<_> = nodes.iter().filter_map(|raw| candidate(raw, operation)).collect();
        candidates.sort_by_key(|candidate| candidate.target.to_string());
        let mut found = Found { candidates, ..Found::default() };
        if found.candidates.is_empty() {
            found.obstacles.push(Obstacle::NoNode { selector: selector.to_string() });
        }
        found
    }

    pub(in crate::aws) fn ssm_client(&self) -> &aws_sdk_ssm::Client {
        self.nodes.get_or_init(|| {
            let hosts = self.home.caller.hosts.ssm.clone();
            let config = aws_sdk_ssm::config::Builder::from(self.sites.config()).interceptor(hosts);
            aws_sdk_ssm::Client::from_conf(config.build())
        })
    }
}

/// Judges a node; one without an id cannot be pointed at and is left out.
fn candidate(raw: &aws::InstanceInformation, operation: &Operation) -> Option<Candidate> {
    let id = name(Some(raw.instance_id.as_deref()?));
    let called =
        [raw.name.as_deref(), raw.computer_name.as_deref()].into_iter().flatten().find(|name| !name.is_empty());
    let version = name(raw.agent_version.as_deref());
    let mut obstacles = Vec::new();
    if raw.ping_status != Some(aws::PingStatus::Online) {
        obstacles.push(Obstacle::NodeOffline { id: id.clone(), last_ping: time(raw.last_ping_date_time.as_ref()) });
    }
    let (needed, text) = match operation {
        Operation::PortForward { destination, .. } if !is_itself(&destination.host) => REMOTE_HOST,
        Operation::PortForward { .. } => PORT,
        _ => SHELL,
    };
    let numbers = numbers(&version);
    if numbers.is_some_and(|numbers| numbers < needed) {
        obstacles.push(Obstacle::AgentTooOld { version: version.clone(), needed: text });
    }
    let forwards_one = numbers.is_some_and(|numbers| numbers <= ONE_CONNECTION);
    let cautions = match operation {
        Operation::PortForward { .. } if forwards_one => vec![Caution::OneConnectionOnly { version }],
        _ => Vec::new(),
    };
    Some(Candidate { target: Target::Node { id, name: called.map(|raw| name(Some(raw))) }, obstacles, cautions })
}

/// Tells whether a destination is the node itself.
fn is_itself(host: &str) -> bool {
    matches!(host, "" | "localhost" | "127.0.0.1" | "::1")
}

/// Reads a version of four numbers; parts that are missing are zero.
fn numbers(version: &str) -> Option<[u32; 4]> {
    let mut numbers = [0; 4];
    let mut parts = version.split('.');
    for (number, part) in numbers.iter_mut().zip(&mut parts) {
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::runbook::entry::Destination;

    fn forward(host: &str) -> Operation {
        Operation::PortForward {
            selector: Selector::ManagedNode { id: "i-1".to_owned() },
            document: "Sekisho-prd-db-readonly".to_owned(),
            destination: Destination { host: host.to_owned(), port: 5432, user: None, database: None },
            sessions: 1,
        }
    }

    fn shell() -> Operation {
        Operation::Shell { selector: Selector::ManagedNode { id: "i-1".to_owned() }, document: "x".to_owned() }
    }

    fn node(agent: &str) -> aws::InstanceInformation {
        let node = aws::InstanceInformation::builder().instance_id("i-1").agent_version(agent);
        node.ping_status(aws::PingStatus::Online).computer_name("bastion\u{1b}[31m").build()
    }

    #[rstest]
    #[case("3.3.1142.0", forward("db.example"), None)]
    #[case("3.1.1373.9", forward("db.example"), Some("3.1.1374.0"))]
    #[case("3.0.222.0", forward("localhost"), None)]
    #[case("3.0.221.0", forward("localhost"), Some("3.0.222.0"))]
    #[case("2.3.68.0", shell(), None)]
    #[case("2.3.67.0", shell(), Some("2.3.68.0"))]
    #[case("10.0", shell(), None)]
    #[case("", shell(), None)]
    #[case("newest", shell(), None)]
    fn an_agent_must_be_new_enough(#[case] version: &str, #[case] operation: Operation, #[case] needed: Option<&str>) {
        let candidate = candidate(&node(version), &operation).unwrap();
        let said = candidate.obstacles.iter().find_map(|obstacle| match obstacle {
            Obstacle::AgentTooOld { needed, .. } => Some(*needed),
            _ => None,
        });
        assert_eq!(said, needed);
    }

    #[test]
    fn a_node_that_does_not_answer_is_told_and_its_name_is_clean() {
        let candidate = candidate(&node("3.3.0.0"), &shell()).unwrap();
        assert_eq!(candidate.target.to_string(), "i-1 bastion");
        assert!(candidate.obstacles.is_empty());
        let lost = aws::InstanceInformation::builder().instance_id("i-1").ping_status(aws::PingStatus::ConnectionLost);
        let candidate = super::candidate(&lost.build(), &shell()).unwrap();
        assert_eq!(candidate.obstacles, [Obstacle::NodeOffline { id: "i-1".to_owned(), last_ping: None }]);
        assert!(super::candidate(&aws::InstanceInformation::builder().build(), &shell()).is_none());
    }

    #[rstest]
    #[case("3.0.196.0", true)]
    #[case("3.0.197.0", false)]
    fn old_agents_forward_one_connection(#[case] version: &str, #[case] one: bool) {
        assert_eq!(candidate(&node(version), &forward("")).unwrap().cautions.len(), usize::from(one));
        assert!(candidate(&node(version), &shell()).unwrap().cautions.is_empty());
    }
}
