//! Which catalogues hold: the one of `--catalogue`, each environment's own, or the built-in one.

use std::io::{self, Write};
use std::thread;

use futures::future::join_all;

use crate::aws::{Connection, ConnectionPlan, Now, Shared};
use crate::config::{Config, EnvironmentConfig};
use crate::domain::environment::Environment;
use crate::domain::fetch::Failure;
use crate::i18n::Texts;
use crate::runbook::choice::{Catalogues, Contents, Shelf, Shelves, shelves};

use super::{Exit, complain};

/// Loads the catalogues that a configuration names; what is at fault in them is written to `faults`.
///
/// # Errors
/// Where `faults` cannot be written to, or nothing can be started to read Parameter Store.
pub fn load(config: &Config, texts: Texts, faults: &mut dyn Write) -> io::Result<Result<Catalogues, Exit>> {
    let environments: Vec<Environment> =
        config.environments.iter().map(|configured| configured.environment.clone()).collect();
    let roles: Vec<String> = config.roles.iter().map(|role| role.name.clone()).collect();
    let flag = config.catalogue.as_deref();
    let shelves = read(config, shelves(flag, &environments))?;
    match Catalogues::load(flag, &environments, &roles, &shelves) {
        Ok(catalogues) => Ok(Ok(catalogues)),
        Err(errors) => complain(errors.iter().map(|error| error.render(texts)), faults).map(Err),
    }
}

/// Reads what lies in Parameter Store, each with the credentials of its environment.
///
/// In a thread of its own, which is waited for: nothing else can be done without the catalogues, and whoever wants them need
/// not be part of a runtime.
fn read(config: &Config, wanted: Vec<Shelf>) -> io::Result<Shelves> {
    if wanted.is_empty() {
        return Ok(Shelves::new());
    }
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(runtime.block_on(read_all(config, wanted)))
    };
    thread::scope(|scope| scope.spawn(run).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

async fn read_all(config: &Config, wanted: Vec<Shelf>) -> Shelves {
    let shared = Shared::new(Now::default());
    let one = |shelf: Shelf| async {
        let configured =
            config.environments.iter().find(|configured| configured.environment.name == shelf.environment)?;
        let contents = contents(configured, config.endpoint_url.clone(), &shared, &shelf.path).await;
        Some((shelf, contents))
    };
    join_all(wanted.into_iter().map(one)).await.into_iter().flatten().collect()
}

async fn contents(
    configured: &EnvironmentConfig,
    endpoint_url: Option<String>,
    shared: &Shared,
    path: &str,
) -> Result<Contents, Failure> {
    let environment = &configured.environment;
    let plan = ConnectionPlan {
        credentials: configured.credentials.clone(),
        region: environment.regions.first().cloned(),
        endpoint_url,
        account: environment.account,
        cloudfront: false,
    };
    let connection = Connection::open(plan, shared.metered_apart()).await?;
    let read = connection.parameters(path).await?;
    Ok(Contents { parameters: read.items, capped: read.capped })
}
