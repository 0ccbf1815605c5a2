//! How an operation begins: gate, preflight, journal; and how it is seen to its end.

use std::{collections::BTreeMap, panic::AssertUnwindSafe, sync::Arc};

use futures::FutureExt;
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    aws::Acting,
    domain::{
        preflight::{Obstacle, Preflight},
        session::{End, SessionReport},
        target::{Selector, Target},
    },
    journal::{Ending, RunStep},
    policy::{self, Authorized, Op, Request},
    runbook::entry::{FINDING, TASK},
};

use super::{
    Inner, Refused,
    desk::{Closing, Desk, denied, unverified},
    intake::Intake,
    live::Live,
    look::Asker,
    run::{Run, end_all},
};

/// Input that may wait to be taken.
const WAITING_INPUT: usize = 64;

/// What somebody asks for.
pub(super) struct Asked {
    pub(super) request: Request,
    pub(super) size: Option<(u16, u16)>,
    pub(super) target: Option<Target>,
    pub(super) reports: mpsc::Sender<SessionReport>,
    /// The step of a run that it is.
    pub(super) run: Option<RunStep>,
}

/// Begins an operation, tells how that went, and sees it to its end.
pub(super) async fn begin(inner: Arc<Inner>, asked: Asked, tell: oneshot::Sender<Result<Live, Refused>>) {
    let stop = inner.stop.child_token();
    let begun = tokio::select! {
        // Nothing has been written down yet: who does not wait any more, wants nothing.
        () = stop.cancelled() => Err(Refused::Ending),
        begun = approach(&inner, &asked) => begun,
    };
    let (asker, authorized, preflight) = match begun {
        Ok(begun) => begun,
        Err(refused) => {
            let _ = tell.send(Err(refused));
            return;
        }
    };
    if tell.is_closed() {
        return;
    }
    // What a change is about is not chosen: its entry and parameters say it.
    let wanted = asked.target.filter(|_| authorized.operation().is_session());
    let chosen = choose(&preflight, wanted.as_ref());
    let target =
        chosen.clone().or(wanted).unwrap_or_else(|| sought(authorized.operation(), &authorized.grant().parameters));
    let desk = match Desk::open(&inner, &asker, &authorized, &target, asked.run.clone()).await {
        Ok(desk) => desk,
        Err(refused) => {
            let _ = tell.send(Err(refused));
            return;
        }
    };
    let refused = match chosen {
        _ if !preflight.obstacles.is_empty() => Some(Refused::Preflight(Arc::clone(&preflight))),
        None if preflight.targets.is_empty() => Some(Refused::Preflight(Arc::clone(&preflight))),
        None => Some(Refused::TargetGone(target.clone())),
        Some(_) => None,
    };
    if let Some(refused) = refused {
        let end = End::Failed { why: named(&preflight.obstacles) };
        let closing = Closing { result: Ending::NotStarted, ..Closing::of(end) };
        let written = desk.close(&closing, inner.outfit.clock.now()).await;
        let _ = tell.send(Err(written.map_or_else(|why| Refused::Journal { why }, |()| refused)));
        return;
    }
    let standing = match inner.standing(&asker.environment.name) {
        Ok(standing) => Arc::clone(standing),
        Err(refused) => {
            let _ = tell.send(Err(refused));
            return;
        }
    };
    let acting = Arc::new(Acting::new(authorized, target, standing));
    let (input, taken) = mpsc::channel(WAITING_INPUT);
    let (ended, end) = watch::channel(None);
    let live = Live { input, ended: end, stop: stop.clone(), acting: Arc::clone(&acting) };
    let _ = tell.send(Ok(live));
    let run = Run {
        inner: Arc::clone(&inner),
        acting,
        asker,
        reports: asked.reports,
        intake: Intake::new(taken),
        stop,
        size: asked.size,
    };
    see_through(run, preflight, &desk, &ended).await;
}

/// Asks the gate, and looks up what would be met; nothing is started.
pub(super) async fn ask(inner: &Arc<Inner>, asked: &Asked) -> Result<(), Refused> {
    approach(inner, asked).await.map(drop)
}

/// Finds out who asks, asks the gate, and looks up what would be met.
async fn approach(inner: &Arc<Inner>, asked: &Asked) -> Result<(Asker, Authorized<Op>, Arc<Preflight>), Refused> {
    let request = &asked.request;
    let asker = match inner.asker(&request.environment).await {
        Err(Refused::Source(failure)) => {
            unverified(inner, asked, &failure).await?;
            return Err(Refused::Source(failure));
        }
        asker => asker?,
    };
    let (identity, at) = (asker.connection.identity(), inner.outfit.clock.now());
    match policy::authorize(&asker.catalogue, identity, &asker.role, &asker.environment, request, at) {
        Ok(authorized) => {
            let preflight = Arc::new(asker.look(authorized.operation(), &authorized.grant().parameters).await);
            Ok((asker, authorized, preflight))
        }
        Err(denial) => {
            denied(inner, &asker, asked, denial.clone()).await?;
            Err(Refused::Denied(denial))
        }
    }
}

/// Runs an operation and writes its outcome, even where running it panics.
async fn see_through(run: Run, preflight: Arc<Preflight>, desk: &Desk, ended: &watch::Sender<Option<End>>) {
    let (inner, acting, reports) = (Arc::clone(&run.inner), Arc::clone(&run.acting), run.reports.clone());
    // Where nobody listens any more, the run sees it and ends.
    let _ = reports.send(SessionReport::Preflight(preflight)).await;
    let ran = AssertUnwindSafe(run.run()).catch_unwind().await;
    let is_panic = ran.is_err();
    let mut closing = ran.unwrap_or_else(|_| {
        let session_ids = acting.sessions();
        let why = "panic".to_owned();
        let end = if session_ids.is_empty() { End::Unknown { why } } else { End::Lost { why } };
        Closing { session_ids, ..Closing::of(end) }
    });
    if is_panic {
        end_all(&acting).await;
    }
    closing.request_id = acting.request_id();
    closing.execution_id = acting.execution_id();
    let written = desk.close(&closing, inner.outfit.clock.now()).await;
    ended.send_replace(Some(closing.end.clone()));
    let _ = reports.send(SessionReport::Ended(closing.end)).await;
    if let Err(why) = written {
        // It is over; that its end is not in the journal has to be said.
        let _ = reports.send(SessionReport::Unwritten { why }).await;
    }
}

/// Picks the target that was chosen, if it is still there, or the best one.
fn choose(preflight: &Preflight, wanted: Option<&Target>) -> Option<Target> {
    let mut targets = preflight.targets.iter();
    match wanted {
        Some(wanted) => targets.find(|target| *target == wanted).cloned(),
        None => targets.next().cloned(),
    }
}

/// Names where an operation was to go, of which nothing was found there.
fn sought(operation: &Op, parameters: &BTreeMap<String, String>) -> Target {
    let parameter = |name: &str| parameters.get(name).cloned();
    match (operation, operation.selector()) {
        (Op::ServiceChange { .. }, Some(Selector::EcsService { cluster, service, .. })) => {
            let (cluster, service) = (cluster.clone(), service.clone());
            match parameter(TASK) {
                Some(task) => Target::Task { cluster, service, task },
                None => Target::Service { cluster, service },
            }
        }
        (Op::Workflow { .. }, _) => Target::Finding {
            id: parameter(FINDING).unwrap_or_default(),
            product_arn: String::new(),
            title: String::new(),
        },
        (Op::Automation { document, .. }, _) => Target::Document { name: document.clone() },
        (_, Some(Selector::EcsService { cluster, service, container })) => Target::Container {
            cluster: cluster.clone(),
            service: service.clone(),
            task: String::new(),
            container: container.clone().unwrap_or_default(),
            runtime_id: String::new(),
        },
        _ => Target::Node { id: operation.goal(), name: None },
    }
}

/// Names obstacles for the journal, which is in no person's language: `ExecNotEnabled { task: "0af" }`.
fn named(obstacles: &[Obstacle]) -> String {
    obstacles.iter().map(|obstacle| format!("{obstacle:?}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runbook::entry::{Change, WorkflowStatus};

    fn node(id: &str) -> Target {
        Target::Node { id: id.to_owned(), name: None }
    }

    #[test]
    fn the_chosen_target_is_taken_or_none() {
        let preflight = Preflight { targets: vec![node("i-1"), node("i-2")], ..Preflight::default() };
        assert_eq!(choose(&preflight, None), Some(node("i-1")));
        assert_eq!(choose(&preflight, Some(&node("i-2"))), Some(node("i-2")));
        assert_eq!(choose(&preflight, Some(&node("i-3"))), None);
        assert_eq!(choose(&Preflight::default(), None), None);
    }

    #[test]
    fn what_was_sought_is_named_although_nothing_was_found() {
        let none = BTreeMap::new();
        let selector = Selector::TaggedNodes { key: "Role".to_owned(), value: "bastion".to_owned() };
        let shell = Op::Shell { selector, document: "x".to_owned() };
        assert_eq!(sought(&shell, &none), node("tag:Role=bastion"));
        let (cluster, service) = ("shop".to_owned(), "web".to_owned());
        let selector = Selector::EcsService { cluster, service, container: None };
        let exec = Op::Exec { selector: selector.clone(), command: "/bin/sh".to_owned() };
        assert_eq!(sought(&exec, &none).to_string(), "web/ ");
        let of = |change| Op::ServiceChange { change, service: selector.clone(), document: "x".to_owned() };
        assert_eq!(sought(&of(Change::Redeploy), &none).to_string(), "shop/web");
        let task = BTreeMap::from([(TASK.to_owned(), "0af7".repeat(8))]);
        assert_eq!(sought(&of(Change::StopTask), &task).to_string(), "shop/web 0af70af7");
        let workflow = Op::Workflow { status: WorkflowStatus::Resolved };
        let finding = BTreeMap::from([(FINDING.to_owned(), "arn:aws:securityhub:::finding/1".to_owned())]);
        assert_eq!(sought(&workflow, &finding).to_string(), "arn:aws:securityhub:::finding/1");
    }
}
