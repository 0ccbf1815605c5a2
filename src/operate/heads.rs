//! Has the journal's heads brought to where they are kept.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    aws::{HeadLog, Standing},
    journal::{
        FILE, Journal,
        head::{self, HeadShipper, Which},
        ship::{Ship, Shipping, spool::Spool},
    },
    runtime::clock::Clock,
};

use super::Outfit;

/// How long heads may take to be brought when the program ends; the next one brings what was not.
const FAREWELL: Duration = Duration::from_secs(5);

/// Where heads are kept, and what brings them there.
#[derive(Debug)]
pub struct Heads {
    log: Arc<dyn HeadShipper>,
    stream: String,
    ship: Ship,
}

impl Heads {
    /// Makes it, where heads are kept anywhere: with the credentials of an environment that is at hand, or with its own.
    pub(super) fn of(outfit: &Outfit, standings: &BTreeMap<String, Arc<Standing>>) -> Option<Self> {
        let configured = outfit.heads.as_ref()?;
        let home = configured.home.as_ref()?;
        let at_hand = outfit.environments.iter().find(|one| *one == home);
        let at_hand = at_hand.and_then(|one| standings.get(&one.environment.name)).map(Arc::clone);
        let standing = at_hand.unwrap_or_else(|| Arc::new(super::standing(home, outfit)));
        let log: Arc<dyn HeadShipper> = Arc::new(HeadLog::new(standing, configured.log_group.clone()));
        let stream = head::stream(&outfit.host, &outfit.journal.join(FILE));
        let spool = Arc::new(Spool::within(&outfit.journal));
        let ship = Ship::new(spool, Arc::clone(&log), stream.clone());
        Some(Self { log, stream, ship })
    }

    /// Begins to bring what there is and what comes.
    pub(super) fn begin(&self, journal: &Journal, outfit: &Outfit, stop: &CancellationToken) {
        journal.ship(self.ship.clone(), &outfit.host);
        let (ship, clock, stop) = (self.ship.clone(), outfit.clock.clone(), stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = ship.run(move || clock.now()) => {}
                () = stop.cancelled() => {}
            }
        });
    }

    /// Brings what is left, if that can be done in a short while.
    pub(super) async fn farewell(&self, clock: &Clock) {
        let clock = clock.clone();
        if !self.ship.flush(FAREWELL, move || clock.now()).await {
            tracing::warn!("heads of the journal were not brought; the next program brings them");
        }
    }

    /// Returns how it stands, now and from now on.
    pub fn state(&self) -> watch::Receiver<Shipping> {
        self.ship.state()
    }

    /// Returns where heads are read back from.
    pub fn log(&self) -> Arc<dyn HeadShipper> {
        Arc::clone(&self.log)
    }

    /// Says which of the heads are those of this journal's place.
    pub fn which(&self) -> Which {
        Which::Stream(self.stream.clone())
    }
}
