//! The only room that knows the AWS SDK: SDK types come in, domain types go out.
//!
//! A [`Connection`] is one verified set of credentials in one region, and everything that is read goes through it.
//! What the connections of a process share, budgets per account and region, denials per identity in them and the
//! sockets, is a [`Shared`]. Reads are open to all; the acting half, [`Acting`], takes only what the gate let through. Every call takes the one path in `call.rs`: what was denied is not asked again,
//! the token bucket is asked for leave, the call is sent and counted, and its failure is put in terms that a person
//! can act on. Every word from AWS is cleaned and bounded before it leaves this room.

mod acting;
mod action;
mod alarms;
mod budget;
mod call;
mod cloudwatch;
mod clusters;
mod connection;
mod credentials;
mod deep;
mod denial;
mod deployments;
mod ecs;
mod elb;
mod error;
mod heads;
mod http;
mod load;
mod logs;
mod meter;
mod names;
mod paging;
mod parameters;
mod prefix;
mod preflight;
mod probe;
mod rds;
mod securityhub;
mod shared;
mod sign;
mod simulate;
mod site;
mod standing;
mod sts;
mod tasks;
mod waf;
mod words;

pub use acting::{Acting, NotStarted};
pub use action::Action;
pub use alarms::{ALARMS_A_CALL, AlarmScope};
pub use connection::{Connection, ConnectionPlan};
pub use denial::{KeepDenials, Sentence, sentence};
pub use ecs::{Described, SERVICES_A_CALL, calls_for};
pub use elb::bare_group;
pub use heads::HeadLog;
pub use load::{Loaded, Roster, keys, sort_services, sort_tasks};
pub use logs::{LiveTail, LogRead};
pub use meter::Spent;
pub use paging::Paged;
pub use rds::TOKEN_LASTS;
pub use securityhub::{FindingPass, FindingsPage, FindingsQuery, MOST_FINDINGS, MOST_TO_DO, order, sort_findings};
pub use shared::{Now, Shared};
pub use simulate::{Asked, Simulation};
pub use standing::Standing;
pub use tasks::{MOST_TASKS, TASKS_A_CALL, TaskScope};
pub use waf::{LoggingOf, WebAcls, logged};
