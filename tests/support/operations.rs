//! Changes made by hand: a catalogue with some of each kind, and what they report.

use std::sync::Arc;

use jiff::SignedDuration;
use sekisho::command::Command;
use sekisho::domain::ecs::Rollout;
use sekisho::domain::preflight::{Effect as Change, Preflight};
use sekisho::domain::progress::{Execution, ExecutionStatus, Finish, Progress, RolloutProgress, Stage, Step};
use sekisho::domain::session::{End, LiveId, SessionReport};
use sekisho::domain::target::Target;
use sekisho::runbook::catalogue::Catalogue;
use sekisho::runbook::parameters::Parameter;
use sekisho::state::State;
use sekisho::state::event::{Effect, Event};
use sekisho::state::overlay::Overlay;
use sekisho::state::sessions::offer::Offer;
use sekisho::state::sessions::target::TargetRow;
use sekisho::state::update::update;

use super::sessions::{run, say, write};
use super::{besieged, now};

const BINDINGS: &str = r#"
[prd]
kind = "prd"
services = ["shop-prd/web/web", "shop-prd/api/api"]
[dev]
kind = "dev"
services = ["shop-dev/web/web"]
"#;

const SERVICES: &str = "target = { ecs_service = \"bind.services\" }\nreason = true\n";
const IN_PRODUCTION: &str = "[in.prd]\nticket = \"^INC-\\\\d+$\"\nconfirm = \"type-service\"\n";

fn entry(id: &str, ja: &str, en: &str, operation: &str, roles: &str, rest: &str) -> String {
    format!(
        "id = \"{id}\"\ntitle = {{ ja = \"{ja}\", en = \"{en}\" }}\noperation = \"{operation}\"\nroles = [{roles}]\n\
         environments = [\"prd\", \"dev\"]\nconfirm = \"none\"\n{rest}\n"
    )
}

/// A catalogue with changes for the responder, and some that are not for one.
pub fn catalogue() -> Catalogue {
    let (all, staff) = ("\"operator\", \"responder\", \"staff\"", "\"staff\"");
    let change = format!("{SERVICES}{IN_PRODUCTION}");
    let scale = format!("{SERVICES}[params.desired]\ntype = \"integer\"\nrange = [1, 6]\n{IN_PRODUCTION}");
    let entries = [
        entry("service-redeploy", "サービスを再デプロイする", "Redeploy a service", "ecs.redeploy", all, &change),
        entry("service-rollback", "デプロイを戻す", "Roll a deployment back", "ecs.rollback", all, &change),
        entry("service-scale", "タスク数を変える", "Change the number of tasks", "ecs.scale", staff, &scale),
        entry("task-stop", "タスクを止める", "Stop a task", "ecs.stop_task", all, &change),
        entry(
            "finding-resolved",
            "検出結果を解決済みにする",
            "Resolve a finding",
            "securityhub.workflow",
            all,
            "status = \"RESOLVED\"\nreason = true",
        ),
    ];
    // In a directory of one's own the header would warn of it.
    let file =
        |name: String, text: &str| Parameter { name: format!("/shop/{name}"), is_plain: true, value: text.to_owned() };
    let entries = entries.iter().enumerate().map(|(index, text)| file(format!("entries/{index}.toml"), text));
    let files: Vec<Parameter> = entries.chain([file("bindings.toml".to_owned(), BINDINGS)]).collect();
    Catalogue::of_parameters("/shop", &files).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// The bad morning under attack, with that catalogue read.
pub fn ready() -> State {
    let mut state = besieged();
    let catalogue = Arc::new(catalogue());
    for name in ["prd", "stg", "dev"] {
        update(&mut state, Event::Catalogue(name.to_owned(), Arc::clone(&catalogue)));
    }
    state
}

/// What may be done about the failing service.
pub fn on_offers() -> State {
    let mut state = ready();
    run(&mut state, Command::Services);
    run(&mut state, Command::Actions);
    state
}

/// Returns the entry that is offered.
pub fn entry_of(offer: &Offer) -> &TargetRow {
    match offer {
        Offer::Use(row) => row,
        other => panic!("{other:?} is no entry"),
    }
}

/// Puts the cursor on an entry that is offered, and takes it.
pub fn take(state: &mut State, entry: &str) -> Vec<Effect> {
    let Some(Overlay::Offers(offers)) = state.overlays.last() else { panic!("nothing is offered") };
    let row = offers.rows.iter().position(|offer| entry_of(offer).entry.id.to_string() == entry).unwrap();
    for _ in 0..row {
        run(state, Command::Down);
    }
    run(state, Command::Open)
}

pub fn found(target: Target, from: &str, to: &str) -> SessionReport {
    let effect = Some(Change { from: from.to_owned(), to: to.to_owned() });
    SessionReport::Preflight(Arc::new(Preflight { targets: vec![target], effect, ..Preflight::default() }))
}

pub fn web() -> Target {
    Target::Service { cluster: "shop-prd".to_owned(), service: "web".to_owned() }
}

/// The form of a rollback, filled in but for the last word.
pub fn form() -> State {
    let mut state = on_offers();
    take(&mut state, "service-rollback/web");
    let id = state.sessions.form.as_ref().unwrap().id;
    say(&mut state, id, found(web(), "web:43", "web:42"));
    write(&mut state, "5xxが増えている");
    run(&mut state, Command::NextEntry);
    write(&mut state, "INC-204");
    run(&mut state, Command::NextEntry);
    state
}

/// A rollback that was started; returns its number.
pub fn started() -> (State, LiveId) {
    let mut state = form();
    write(&mut state, "web");
    let effects = run(&mut state, Command::Accept);
    let Some(Effect::Start { id, .. }) = effects.first() else { panic!("{effects:?}") };
    let id = *id;
    (state, id)
}

pub fn step(name: &str, status: &str, before: i64, took: Option<i64>, failure: &str) -> Step {
    let started_at = (status != "Pending").then(|| now() - SignedDuration::from_secs(before));
    Step {
        name: name.to_owned(),
        action: "aws:executeAwsApi".to_owned(),
        status: ExecutionStatus::from_aws(status),
        started_at,
        ended_at: started_at.zip(took).map(|(at, took)| at + SignedDuration::from_secs(took)),
        failure: failure.to_owned(),
    }
}

pub fn execution(status: &str, steps: Vec<Step>) -> Execution {
    Execution {
        id: "4105a4fc-f944-11e6-9d32-8fb2db27a909".to_owned(),
        status: ExecutionStatus::from_aws(status),
        steps,
        more: false,
        failure: String::new(),
        started_at: Some(now() - SignedDuration::from_secs(45)),
        ended_at: None,
    }
}

pub fn rollout(running: u32, failed: u32, state: Rollout) -> RolloutProgress {
    RolloutProgress {
        deployment: "ecs-svc/3000".to_owned(),
        task_definition: "web:42".to_owned(),
        state,
        reason: "ECS deployment ecs-svc/3000 in progress.".to_owned(),
        desired: 3,
        running,
        pending: 3 - running.min(3),
        failed,
        steady: false,
    }
}

pub fn progress(stage: Stage, execution: Option<Execution>, rollout: Option<RolloutProgress>) -> SessionReport {
    SessionReport::Progress(Arc::new(Progress { stage, execution, rollout, trouble: None }))
}

/// The steps of a rollback in the middle of its second one.
pub fn halfway() -> SessionReport {
    let steps = vec![
        step("FindDeployment", "Success", 44, Some(2), ""),
        step("RollBack", "InProgress", 42, None, ""),
        step("WaitForService", "Pending", 0, None, ""),
    ];
    progress(Stage::Running, Some(execution("InProgress", steps)), Some(rollout(2, 0, Rollout::InProgress)))
}

pub fn ended(finish: Finish) -> SessionReport {
    SessionReport::Ended(End::Finished(finish))
}
