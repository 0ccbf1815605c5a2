//! What can be carried out of the console: the name of what is selected, and the AWS console's page about it.

use std::sync::Arc;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::{
    ecs::ServiceKey,
    fetch::SourceId,
    finding::Finding,
    log::LogPlace,
    queue::{Subject, Trouble},
    waf::{Scope, WebAclKey},
};

use super::{
    Screen, State,
    event::{Effect, Notice},
    service::ServicePanel,
    sessions::SessionsPanel,
};

/// What must not stand as it is in a path of the console's addresses.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}');

/// Names what the cursor is on.
enum Object {
    Service(SourceId, ServiceKey),
    Alarm(SourceId, String),
    Task(String),
    /// The ARN of a service, and where the log is that is tailed.
    Log(String, LogPlace),
    WebAcl(SourceId, WebAclKey),
    Finding(Arc<Finding>),
}

fn selected(state: &State) -> Option<Object> {
    match state.screen {
        Screen::Overview => match &state.overview.selected()?.subject {
            Subject::Service(source, key) => Some(Object::Service(*source, key.clone())),
            Subject::Alarm(source, name) => Some(Object::Alarm(*source, name.clone())),
            Subject::WebAcl(source, key) => Some(Object::WebAcl(*source, key.clone())),
            Subject::Findings(..) => match &state.overview.selected()?.trouble {
                Trouble::Findings { finding, .. } => Some(Object::Finding(Arc::clone(finding))),
                _ => None,
            },
            Subject::Source(..) => None,
        },
        Screen::Services => state.services.selected().map(|row| Object::Service(row.id.source, row.id.key.clone())),
        Screen::Service => {
            let view = state.service.as_ref()?;
            match view.task_list.key() {
                Some(arn) if view.panel == ServicePanel::Tasks => Some(Object::Task(arn.clone())),
                _ => Some(Object::Service(view.id.source, view.id.key.clone())),
            }
        }
        Screen::Log => {
            let view = state.log.as_ref()?;
            let service = arn(state, &Object::Service(view.id.source, view.id.key.clone()))?;
            Some(Object::Log(service, view.choice()?.place.clone()))
        }
        Screen::Alarms => state.alarms.selected().map(|row| Object::Alarm(row.id.source, row.id.name.clone())),
        Screen::Alarm => state.alarm.as_ref().map(|view| Object::Alarm(view.id.source, view.id.name.clone())),
        Screen::Waf => state.waf.selected().map(|row| Object::WebAcl(row.id.source, row.id.key.clone())),
        Screen::WebAcl => state.web_acl.as_ref().map(|view| Object::WebAcl(view.id.source, view.id.key.clone())),
        Screen::Findings => state.findings.selected().map(|row| Object::Finding(Arc::clone(&row.finding))),
        Screen::Finding => state.finding.as_ref()?.row.as_ref().map(|row| Object::Finding(Arc::clone(&row.finding))),
        Screen::Fleet
        | Screen::Runbooks
        | Screen::Run
        | Screen::Journal
        | Screen::Sessions
        | Screen::Form
        | Screen::Pane
        | Screen::Tunnel
        | Screen::Operation => None,
    }
}

fn arn(state: &State, object: &Object) -> Option<String> {
    match object {
        Object::Service(source, key) => state
            .source(*source)?
            .services
            .value
            .as_ref()?
            .services
            .iter()
            .find(|service| service.key == *key)
            .map(|service| service.arn.clone()),
        Object::Alarm(source, name) => state
            .source(*source)?
            .alarms
            .value
            .as_ref()?
            .alarms
            .iter()
            .find(|alarm| alarm.name == *name)
            .map(|alarm| alarm.arn.clone()),
        Object::Task(arn) | Object::Log(arn, _) => Some(arn.clone()),
        Object::WebAcl(source, key) => state.source(*source)?.waf.value.as_ref()?.find(key).map(|acl| acl.arn.clone()),
        // What a person copies from a finding is what it is about; its own id opens nothing.
        Object::Finding(finding) => {
            Some(finding.resources.first().map_or_else(|| finding.key.id.clone(), |resource| resource.id.clone()))
        }
    }
}

/// Copies the line of the log that the cursor is on, and says where CloudWatch Logs has more of it.
fn copy_line(state: &mut State) -> Vec<Effect> {
    let Some(line) = state.log.as_ref().and_then(|view| view.line()) else {
        return nothing(state);
    };
    let text = line.message.clone();
    let done = match line.cut {
        0 => Notice::plain("log.copied"),
        cut => Notice::with("log.copied-part", "n", cut.to_string()),
    };
    vec![Effect::Copy { text, done }]
}

/// Returns what a person wants of a session: how to connect through a tunnel, else its id; of a change, its execution's;
/// of a target, its name.
fn of_sessions(state: &State) -> Option<String> {
    let sessions = &state.sessions;
    let live = match (state.screen, sessions.panel) {
        (Screen::Sessions, SessionsPanel::Targets) => {
            return sessions.selected_target().map(|row| row.entry.id.to_string());
        }
        (Screen::Sessions, SessionsPanel::Recordings) => {
            return sessions.selected_recording().map(|one| one.path.display().to_string());
        }
        (Screen::Sessions, SessionsPanel::Live) => sessions.selected_live()?,
        (Screen::Tunnel | Screen::Operation, _) => sessions.front()?,
        _ => return None,
    };
    let execution = || live.progress.as_ref()?.execution.as_ref().map(|execution| execution.id.clone());
    live.connection_string().or_else(|| live.session_id.clone()).or_else(execution)
}

/// Copies the ARN of what the cursor is on; of a log, the line.
pub fn copy(state: &mut State) -> Vec<Effect> {
    if state.screen == Screen::Log {
        return copy_line(state);
    }
    if state.screen == Screen::Journal {
        let text = state.journal.record().and_then(|record| serde_json::to_string(record.as_ref()).ok());
        return match text {
            Some(text) => vec![Effect::Copy { text, done: Notice::plain("journal.notice.copied") }],
            None => nothing(state),
        };
    }
    if let Some(text) = of_sessions(state) {
        return vec![Effect::Copy { done: Notice::with("screens.notice.copied", "text", text.clone()), text }];
    }
    match selected(state).and_then(|object| arn(state, &object)) {
        Some(text) => vec![Effect::Copy { done: Notice::with("screens.notice.copied", "text", text.clone()), text }],
        None => nothing(state),
    }
}

/// Copies the address of the AWS console's page about what the cursor is on.
pub fn console_link(state: &mut State) -> Vec<Effect> {
    let link = selected(state).and_then(|object| {
        let arn = match &object {
            Object::Finding(finding) => finding.key.product_arn.clone(),
            other => arn(state, other)?,
        };
        link(&arn, &object)
    });
    match link {
        Some(text) => vec![Effect::Copy { done: Notice::with("screens.notice.link", "text", text.clone()), text }],
        None => nothing(state),
    }
}

fn nothing(state: &mut State) -> Vec<Effect> {
    state.notice = Some(Notice::plain("screens.notice.nothing-selected"));
    Vec::new()
}

/// Makes the address from the ARN, which tells partition and region.
fn link(arn: &str, object: &Object) -> Option<String> {
    let mut parts = arn.split(':').skip(1);
    let partition = parts.next()?;
    let region = match object {
        // A container may log to another region than it runs in.
        Object::Log(_, place) if !place.region.is_empty() => place.region.as_str(),
        _ => parts.nth(1)?,
    };
    let host = match partition {
        "aws" => format!("{region}.console.aws.amazon.com"),
        "aws-cn" => format!("{region}.console.amazonaws.cn"),
        "aws-us-gov" => format!("{region}.console.amazonaws-us-gov.com"),
        _ => return None,
    };
    let escape = |text: &str| utf8_percent_encode(text, PATH).to_string();
    Some(match object {
        Object::Service(_, key) => format!(
            "https://{host}/ecs/v2/clusters/{}/services/{}/health?region={region}",
            escape(&key.cluster),
            escape(&key.service)
        ),
        Object::Task(arn) => {
            let mut path = arn.rsplit('/');
            let (id, cluster) = (path.next()?, path.next()?);
            format!(
                "https://{host}/ecs/v2/clusters/{}/tasks/{}/configuration?region={region}",
                escape(cluster),
                escape(id)
            )
        }
        Object::WebAcl(_, key) => {
            let id = arn.rsplit('/').next()?;
            let scope = if key.scope == Scope::CloudFront { "global" } else { region };
            let path = format!("{}/{}/overview?region={scope}", escape(&key.name), escape(id));
            format!("https://{host}/wafv2/homev2/web-acl/{path}")
        }
        Object::Finding(finding) => {
            let id = utf8_percent_encode(&finding.key.id, NON_ALPHANUMERIC).to_string();
            // The page reads its search as text that is escaped once more.
            let search = utf8_percent_encode(&format!("Id=\\operator\\:EQUALS\\:{id}"), NON_ALPHANUMERIC).to_string();
            format!("https://{host}/securityhub/home?region={region}#/findings?search={search}")
        }
        // The part after `#` is read by the page's script, which wants everything but letters and digits escaped.
        Object::Log(_, place) => {
            // This page's script wants them escaped twice, the second time with `$` for `%`.
            let group = utf8_percent_encode(&place.group, NON_ALPHANUMERIC).to_string().replace('%', "$25");
            format!("https://{host}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{group}")
        }
        Object::Alarm(_, name) => format!(
            "https://{host}/cloudwatch/home?region={region}#alarmsV2:alarm/{}",
            utf8_percent_encode(name, NON_ALPHANUMERIC)
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_follow_partition_and_region_and_escape_names() {
        let alarm = Object::Alarm(SourceId(0), "決済 5xx/高".to_owned());
        assert_eq!(
            link("arn:aws:cloudwatch:ap-northeast-1:111122223333:alarm:x", &alarm).as_deref(),
            Some(
                "https://ap-northeast-1.console.aws.amazon.com/cloudwatch/home?region=ap-northeast-1#alarmsV2:alarm/%E6%B1%BA%E6%B8%88%205xx%2F%E9%AB%98"
            )
        );
        let service =
            Object::Service(SourceId(0), ServiceKey { cluster: "shop-prd".to_owned(), service: "web".to_owned() });
        assert_eq!(
            link("arn:aws-cn:ecs:cn-north-1:111122223333:service/shop-prd/web", &service).as_deref(),
            Some(
                "https://cn-north-1.console.amazonaws.cn/ecs/v2/clusters/shop-prd/services/web/health?region=cn-north-1"
            )
        );
        assert_eq!(link("not an arn", &service), None);
        let place = |region: &str| LogPlace {
            container: "web".to_owned(),
            group: "/ecs/shop".to_owned(),
            region: region.to_owned(),
            stream_prefix: String::new(),
        };
        let group = Object::Log(String::new(), place(""));
        assert_eq!(
            link("arn:aws:ecs:ap-northeast-1:111122223333:service/shop-prd/web", &group).as_deref(),
            Some(
                "https://ap-northeast-1.console.aws.amazon.com/cloudwatch/home?region=ap-northeast-1#logsV2:log-groups/log-group/$252Fecs$252Fshop"
            )
        );
        let elsewhere = link(
            "arn:aws:ecs:ap-northeast-1:111122223333:service/a/b",
            &Object::Log(String::new(), place("us-east-1")),
        );
        assert!(elsewhere.is_some_and(|link| link.starts_with("https://us-east-1.console.aws.amazon.com/")));
    }
}
