//! Says where a session may go: what the catalogue selects, and what AWS has there.

use std::fmt;

/// What a catalogue entry points at, with its bindings filled in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Selector {
    /// A running task of an ECS service.
    EcsService {
        /// The cluster's name.
        cluster: String,
        /// The service's name.
        service: String,
        /// The container; none where the task has only one.
        container: Option<String>,
    },
    /// One managed node.
    ManagedNode {
        /// Its id, `i-…` or `mi-…`.
        id: String,
    },
    /// Any managed node that has a tag.
    TaggedNodes {
        /// The tag's key.
        key: String,
        /// The tag's value.
        value: String,
    },
}

impl fmt::Display for Selector {
    /// Writes `cluster/service/container`, a node's id, or `tag:key=value`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EcsService { cluster, service, container: None } => write!(f, "{cluster}/{service}"),
            Self::EcsService { cluster, service, container: Some(container) } => {
                write!(f, "{cluster}/{service}/{container}")
            }
            Self::ManagedNode { id } => f.write_str(id),
            Self::TaggedNodes { key, value } => write!(f, "tag:{key}={value}"),
        }
    }
}

/// One container, node or other thing in AWS that an operation is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// A container of a running task.
    Container {
        /// The cluster's name.
        cluster: String,
        /// The service's name.
        service: String,
        /// The task's id, the last part of its ARN.
        task: String,
        /// The container's name.
        container: String,
        /// The container's runtime id, as `DescribeTasks` gives it.
        runtime_id: String,
    },
    /// A managed node.
    Node {
        /// Its id, `i-…` or `mi-…`.
        id: String,
        /// The name that it gives itself, where the agent reports one.
        name: Option<String>,
    },
    /// An ECS service.
    Service {
        /// The cluster's name.
        cluster: String,
        /// The service's name.
        service: String,
    },
    /// A task of an ECS service.
    Task {
        /// The cluster's name.
        cluster: String,
        /// The service's name.
        service: String,
        /// The task's id, the last part of its ARN.
        task: String,
    },
    /// A finding of Security Hub.
    Finding {
        /// Its id, which is an ARN.
        id: String,
        /// The ARN of the product that found it.
        product_arn: String,
        /// The product's title; empty where nobody could look.
        title: String,
    },
    /// An Automation document.
    Document {
        /// Its name.
        name: String,
    },
}

impl Target {
    /// Returns the target as `ssm:StartSession` takes it; empty where no session can go there.
    ///
    /// Source: for containers, the AWS CLI's `ecs execute-command`: `ecs:<cluster>_<task id>_<container runtime id>`.
    pub fn ssm_target(&self) -> String {
        match self {
            Self::Container { cluster, task, runtime_id, .. } => format!("ecs:{cluster}_{task}_{runtime_id}"),
            Self::Node { id, .. } => id.clone(),
            Self::Service { .. } | Self::Task { .. } | Self::Finding { .. } | Self::Document { .. } => String::new(),
        }
    }

    /// Returns what names it among others of its kind: a task's or node's id, a service's or document's name.
    pub fn id(&self) -> &str {
        match self {
            Self::Container { task, .. } | Self::Task { task, .. } => task,
            Self::Node { id, .. } | Self::Finding { id, .. } => id,
            Self::Service { service, .. } => service,
            Self::Document { name } => name,
        }
    }
}

impl fmt::Display for Target {
    /// Writes `service/container task` or `cluster/service task`, with eight letters of the task's id, the node's id and
    /// name, `cluster/service`, a finding's title, a document's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Container { service, task, container, .. } => {
                let short: String = task.chars().take(8).collect();
                write!(f, "{service}/{container} {short}")
            }
            Self::Node { id, name: None } => f.write_str(id),
            Self::Node { id, name: Some(name) } => write!(f, "{id} {name}"),
            Self::Service { cluster, service } => write!(f, "{cluster}/{service}"),
            Self::Task { cluster, service, task } => {
                let short: String = task.chars().take(8).collect();
                write!(f, "{cluster}/{service} {short}")
            }
            Self::Finding { id, title, .. } => f.write_str(if title.is_empty() { id } else { title }),
            Self::Document { name } => f.write_str(name),
        }
    }
}
