//! The memory of what was denied, so that CloudTrail is not filled with the same refusal every minute.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use crate::domain::{
    denied::{Denied as Met, On, Whom},
    fetch::{Failure, FailureKind},
};

use super::{
    action::Action,
    error::{denied_to, missing_action},
};

/// How many parts of an account may deny an action before it counts as denied everywhere.
const ENOUGH: usize = 3;

/// Keeps denials from one start of the program to the next, for whoever asks what is missing.
///
/// Calls are neither made nor left out because of it: that a right was given meanwhile is seen by trying.
pub trait KeepDenials: Send + Sync + fmt::Debug {
    /// Takes a denial. It may wait for the disk, and not for long.
    fn denied(&self, met: Met);

    /// Takes that somebody was allowed an action.
    fn allowed(&self, whom: &Whom, action: &str, on: On<'_>);
}

/// Keeps what one identity is denied in one account and region.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    pub(super) keeper: Arc<dyn KeepDenials>,
    pub(super) whom: Whom,
}

impl Memory {
    /// Keeps a failure, if it is a denial.
    pub(super) fn failed(&self, failure: &Failure) {
        let FailureKind::Denied { missing_action } = &failure.kind else { return };
        let resource = denied_resource(&failure.detail);
        self.keeper.denied(Met::once(self.whom.clone(), missing_action, resource, failure.at));
    }

    /// Takes that an action was allowed.
    pub(super) fn allowed(&self, action: Action, on: On<'_>) {
        self.keeper.allowed(&self.whom, action.name(), on);
    }
}

/// Holds what AWS says in a sentence that denies something, wherever that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// The ARN of whom it is denied; empty where AWS does not say.
    pub who: String,
    /// The action.
    pub action: String,
    /// The one resource; none where it is denied on all.
    pub resource: Option<String>,
}

/// Finds the sentence by which AWS denies something in a text that quotes it.
///
/// Source: "Troubleshoot access denied error messages" (IAM User Guide).
pub fn sentence(text: &str) -> Option<Sentence> {
    let (action, who) = (missing_action(text)?.to_owned(), denied_to(text).unwrap_or_default().to_owned());
    Some(Sentence { who, action, resource: denied_resource(text).map(str::to_owned) })
}

/// Remembers what one identity was denied in one account and region, until that is forgotten.
///
/// A policy may allow an action on some clusters only. A denial that names one resource therefore counts for the part
/// that was asked for (a cluster, say), and for the action as a whole once [`ENOUGH`] parts were denied and none was
/// allowed.
#[derive(Debug, Default)]
pub(super) struct Denials {
    actions: Mutex<HashMap<Action, Denied>>,
}

#[derive(Debug, Default)]
struct Denied {
    whole: Option<Failure>,
    parts: HashMap<String, Failure>,
    allowed_once: bool,
}

impl Denials {
    /// Returns the denial that an action met, for the part of the account that is asked for.
    pub(super) fn recall(&self, action: Action, part: &str) -> Option<Failure> {
        let actions = self.actions.lock().unwrap_or_else(PoisonError::into_inner);
        let denied = actions.get(&action)?;
        denied.whole.clone().or_else(|| denied.parts.get(part).cloned())
    }

    /// Remembers a failure, if it is of a kind that asking again cannot mend.
    ///
    /// Never of `sts:GetCallerIdentity`, which IAM denies to nobody: what fails there are the credentials or the way to
    /// STS, and both are mended outside.
    pub(super) fn note(&self, action: Action, part: &str, failure: &Failure) {
        if action == Action::GetCallerIdentity {
            return;
        }
        let one_resource = match failure.kind {
            FailureKind::Denied { .. } => denied_resource(&failure.detail).is_some(),
            FailureKind::NotSubscribed | FailureKind::NotEnabled => false,
            _ => return,
        };
        let mut actions = self.actions.lock().unwrap_or_else(PoisonError::into_inner);
        let denied = actions.entry(action).or_default();
        if part.is_empty() || !one_resource {
            denied.whole = Some(failure.clone());
            return;
        }
        denied.parts.insert(part.to_owned(), failure.clone());
        if denied.parts.len() >= ENOUGH && !denied.allowed_once {
            denied.whole = Some(failure.clone());
        }
    }

    /// Remembers a denial that says nothing of other parts, however AWS words it.
    pub(super) fn note_part(&self, action: Action, part: &str, failure: &Failure) {
        if matches!(failure.kind, FailureKind::Denied { .. }) {
            let mut actions = self.actions.lock().unwrap_or_else(PoisonError::into_inner);
            actions.entry(action).or_default().parts.insert(part.to_owned(), failure.clone());
        }
    }

    /// Notes that an action was allowed.
    pub(super) fn allowed(&self, action: Action) {
        let mut actions = self.actions.lock().unwrap_or_else(PoisonError::into_inner);
        actions.entry(action).or_default().allowed_once = true;
    }

    /// Forgets everything, so that all is asked again.
    pub(super) fn forget(&self) {
        self.actions.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Returns the one resource that AWS's message denies the action on; none where it is denied on all (`*`).
pub(super) fn denied_resource(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("on resource: ")?;
    let resource = rest.split_whitespace().next()?.trim_end_matches(['.', ',']);
    (!resource.is_empty() && !resource.starts_with('*')).then_some(resource)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn denial(resource: &str) -> Failure {
        Failure {
            kind: FailureKind::Denied { missing_action: "ecs:ListServices".to_owned() },
            action: "ecs:ListServices".to_owned(),
            detail: format!("User: x is not authorized to perform: ecs:ListServices on resource: {resource} because"),
            request_id: None,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_denial_of_everything_counts_everywhere_until_it_is_forgotten() {
        let denials = Denials::default();
        denials.note(Action::ListServices, "shop-prd", &denial("*"));
        assert_eq!(denials.recall(Action::ListServices, "shop-dev"), Some(denial("*")));
        assert_eq!(denials.recall(Action::ListTasks, "shop-prd"), None);
        denials.forget();
        assert_eq!(denials.recall(Action::ListServices, "shop-prd"), None);
    }

    #[test]
    fn a_denial_of_one_cluster_leaves_the_others() {
        let denials = Denials::default();
        denials.note(Action::ListServices, "dev", &denial("arn:aws:ecs:x:1:cluster/dev"));
        assert!(denials.recall(Action::ListServices, "dev").is_some());
        assert!(denials.recall(Action::ListServices, "prd").is_none());
    }

    #[test]
    fn clusters_that_all_deny_count_as_one_denial_unless_one_allowed() {
        for allowed in [false, true] {
            let denials = Denials::default();
            if allowed {
                denials.allowed(Action::ListServices);
            }
            for cluster in ["a", "b", "c"] {
                denials.note(Action::ListServices, cluster, &denial("arn:aws:ecs:x:1:cluster/a"));
            }
            assert_eq!(denials.recall(Action::ListServices, "d").is_some(), !allowed);
        }
    }

    #[test]
    fn a_denial_of_a_part_may_leave_all_others() {
        let denials = Denials::default();
        for part in ["APP_RUNNER_SERVICE", "APPSYNC", "API_GATEWAY"] {
            denials.note_part(Action::ListResourcesForWebAcl, part, &denial("*"));
        }
        assert!(denials.recall(Action::ListResourcesForWebAcl, "APPSYNC").is_some());
        assert_eq!(denials.recall(Action::ListResourcesForWebAcl, "APPLICATION_LOAD_BALANCER"), None);
    }

    #[test]
    fn who_we_are_is_always_asked() {
        let denials = Denials::default();
        denials.note(Action::GetCallerIdentity, "", &denial("*"));
        assert_eq!(denials.recall(Action::GetCallerIdentity, ""), None);
    }

    #[test]
    fn the_resource_of_a_denial_is_found() {
        let arn = "arn:aws:ecs:ap-northeast-1:111122223333:cluster/dev";
        assert_eq!(denied_resource(&denial(arn).detail), Some(arn));
        assert_eq!(denied_resource(&denial(&format!("{arn}.")).detail), Some(arn));
        for message in [denial("*").detail, denial("").detail, String::new(), "on resource: ".to_owned()] {
            assert_ne!(denied_resource(&message), Some(arn), "{message}");
        }
        assert_eq!(denied_resource("on resource: "), None);
    }

    #[test]
    fn a_denial_is_found_in_whatever_quotes_it() {
        let user = "arn:aws:sts::111122223333:assumed-role/Sekisho-prd-task-stop/Automation";
        let service = "arn:aws:ecs:ap-northeast-1:111122223333:service/shop-prd/web";
        let text = format!(
            "Step fails. AccessDeniedException: User: {user} is not authorized to perform: ecs:UpdateService on \
             resource: {service} because no identity-based policy allows the ecs:UpdateService action"
        );
        let found = sentence(&text).unwrap();
        assert_eq!((found.who.as_str(), found.action.as_str()), (user, "ecs:UpdateService"));
        assert_eq!(found.resource.as_deref(), Some(service));
        let found = sentence("You are not authorized to perform: ecs:ListClusters on resource: *").unwrap();
        assert_eq!((found.who.as_str(), found.resource), ("", None));
        for other in ["", "AccessDenied", "User: x is not authorized to perform: ", "TargetNotConnected"] {
            assert_eq!(sentence(other), None, "{other}");
        }
    }

    #[test]
    fn passing_failures_are_not_remembered() {
        let denials = Denials::default();
        let mut failure = denial("*");
        failure.kind = FailureKind::Throttled;
        denials.note(Action::ListServices, "", &failure);
        assert_eq!(denials.recall(Action::ListServices, ""), None);
        for (action, kind) in
            [(Action::ListServices, FailureKind::NotSubscribed), (Action::GetFindings, FailureKind::NotEnabled)]
        {
            failure.kind = kind;
            denials.note(action, "shop", &failure);
            assert!(denials.recall(action, "").is_some());
        }
    }
}
