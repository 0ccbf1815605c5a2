//! Brings heads to where they are kept: in the background, through a spool that outlives the program.
//!
//! The journal itself is what nothing is done without. A head that has not been brought yet keeps nobody from working:
//! when CloudWatch Logs cannot be reached is when operations are needed. It is told, and tried again.

pub mod spool;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use tokio::task::spawn_blocking;

use crate::domain::fetch::Failure;

use super::head::{Head, HeadShipper};
use spool::Spool;

/// The first pause after a failure; each further one is twice as long.
const SHORTEST: Duration = Duration::from_secs(5);

/// The longest pause.
const LONGEST: Duration = Duration::from_mins(5);

/// How the bringing of heads stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shipping {
    /// The newest head that was brought since the program began: its number, and when.
    pub shipped: Option<(u64, Timestamp)>,
    /// How many heads wait.
    pub waiting: usize,
    /// Why the latest attempt failed.
    pub failure: Option<ShipFault>,
}

/// Says why heads are not brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShipFault {
    /// AWS cannot be reached, or denied it.
    Source(Failure),
    /// The spool cannot be read or written; holds what the operating system says.
    Spool(String),
}

/// Brings heads; cheap to clone.
#[derive(Debug, Clone)]
pub struct Ship {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    spool: Arc<Spool>,
    shipper: Arc<dyn HeadShipper>,
    stream: String,
    news: Notify,
    state: watch::Sender<Shipping>,
    shortest: Duration,
}

impl Ship {
    /// Makes it; nothing is brought before [`Ship::run`].
    pub fn new(spool: Arc<Spool>, shipper: Arc<dyn HeadShipper>, stream: String) -> Self {
        Self::with_pause(spool, shipper, stream, SHORTEST)
    }

    fn with_pause(spool: Arc<Spool>, shipper: Arc<dyn HeadShipper>, stream: String, shortest: Duration) -> Self {
        let (state, _) = watch::channel(Shipping::default());
        Self { inner: Arc::new(Inner { spool, shipper, stream, news: Notify::new(), state, shortest }) }
    }

    /// Puts a head into the spool, to be brought soon. This waits for the disk.
    pub fn push(&self, head: &Head) {
        if let Err(error) = self.inner.spool.push(head) {
            let why = error.to_string();
            self.inner.state.send_modify(|state| state.failure = Some(ShipFault::Spool(why)));
        }
        self.inner.news.notify_one();
    }

    /// Returns how it stands, now and from now on.
    pub fn state(&self) -> watch::Receiver<Shipping> {
        self.inner.state.subscribe()
    }

    /// Brings what there is, and what comes, for ever; `now` tells the time.
    pub async fn run(&self, now: impl Fn() -> Timestamp + Send) {
        let mut pause = self.inner.shortest;
        loop {
            if self.bring(&now).await {
                pause = self.inner.shortest;
                self.inner.news.notified().await;
            } else {
                // What comes meanwhile waits with the rest: asking more often would not help.
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST);
            }
        }
    }

    /// Tries once to bring what there is, for at most so long; returns whether nothing is left.
    pub async fn flush(&self, patience: Duration, now: impl Fn() -> Timestamp + Send) -> bool {
        tokio::time::timeout(patience, self.bring(&now)).await.unwrap_or(false)
    }

    /// Brings what is in the spool, and tells how that went; returns whether it could be.
    async fn bring(&self, now: &(impl Fn() -> Timestamp + Send)) -> bool {
        loop {
            let spool = Arc::clone(&self.inner.spool);
            let heads = match on_disk(move || spool.waiting()).await {
                Ok(heads) => heads,
                Err(why) => return self.failed(0, ShipFault::Spool(why)),
            };
            self.inner
                .state
                .send_if_modified(|state| std::mem::replace(&mut state.waiting, heads.len()) != heads.len());
            let Some(newest) = heads.iter().map(|head| head.seq).max() else {
                self.inner.state.send_if_modified(|state| state.failure.take().is_some());
                return true;
            };
            if let Err(failure) = self.inner.shipper.ship(&self.inner.stream, &heads).await {
                return self.failed(heads.len(), ShipFault::Source(failure));
            }
            let spool = Arc::clone(&self.inner.spool);
            if let Err(why) = on_disk(move || spool.done(&heads)).await {
                return self.failed(0, ShipFault::Spool(why));
            }
            let shipped = Some((newest, now()));
            self.inner.state.send_replace(Shipping { shipped, waiting: 0, failure: None });
        }
    }

    fn failed(&self, waiting: usize, fault: ShipFault) -> bool {
        self.inner.state.send_modify(|state| {
            state.waiting = waiting;
            state.failure = Some(fault);
        });
        false
    }
}

/// Does something on a thread that may wait for the disk.
async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T, String> {
    match spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::domain::fetch::FailureKind;
    use crate::journal::head::{Heads, Kept, Which};

    /// Keeps heads in memory, after so many failures.
    #[derive(Debug, Default)]
    struct Shelf {
        heads: Mutex<Vec<Head>>,
        failures: Mutex<u32>,
    }

    impl HeadShipper for Shelf {
        fn ship<'a>(&'a self, _: &'a str, heads: &'a [Head]) -> Kept<'a, ()> {
            Box::pin(async move {
                let mut failures = self.failures.lock().unwrap();
                if *failures > 0 {
                    *failures -= 1;
                    return Err(Failure {
                        kind: FailureKind::Throttled,
                        action: "logs:PutLogEvents".to_owned(),
                        detail: String::new(),
                        request_id: None,
                        at: Timestamp::UNIX_EPOCH,
                    });
                }
                self.heads.lock().unwrap().extend_from_slice(heads);
                Ok(())
            })
        }

        fn heads<'a>(&'a self, _: &'a Which) -> Kept<'a, Heads> {
            Box::pin(async move { Ok(Heads { heads: self.heads.lock().unwrap().clone(), more: false }) })
        }
    }

    fn head(seq: u64) -> Head {
        let hash = format!("{seq:064x}");
        Head::new(seq, hash.clone(), hash, Timestamp::UNIX_EPOCH, "console-1".to_owned())
    }

    fn ship(folder: &std::path::Path, failures: u32) -> (Arc<Spool>, Arc<Shelf>, Ship) {
        let spool = Arc::new(Spool::within(folder));
        let shelf = Arc::new(Shelf { failures: Mutex::new(failures), ..Shelf::default() });
        let ship = Ship::with_pause(
            Arc::clone(&spool),
            Arc::clone(&shelf) as Arc<dyn HeadShipper>,
            "console-1/0".to_owned(),
            Duration::from_millis(1),
        );
        (spool, shelf, ship)
    }

    #[tokio::test]
    async fn heads_are_brought_when_they_come_and_tried_again_when_they_could_not_be() {
        let folder = tempfile::tempdir().unwrap();
        let (spool, shelf, ship) = ship(folder.path(), 3);
        spool.push(&head(1)).unwrap();
        let mut state = ship.state();
        let running = ship.clone();
        let task = tokio::spawn(async move { running.run(|| Timestamp::UNIX_EPOCH).await });
        state
            .wait_for(|state| matches!(state.failure, Some(ShipFault::Source(_))) && state.waiting == 1)
            .await
            .unwrap();
        state.wait_for(|state| state.shipped.is_some() && state.failure.is_none()).await.unwrap();
        ship.push(&head(2));
        state.wait_for(|state| state.shipped.is_some_and(|(seq, _)| seq == 2)).await.unwrap();
        assert_eq!(*shelf.heads.lock().unwrap(), [head(1), head(2)]);
        assert_eq!(spool.waiting().unwrap(), []);
        task.abort();
    }

    #[tokio::test]
    async fn what_could_not_be_brought_stays_for_the_next_program() {
        let folder = tempfile::tempdir().unwrap();
        let (spool, _, first) = ship(folder.path(), u32::MAX);
        spool.push(&head(1)).unwrap();
        assert!(!first.flush(Duration::from_secs(5), || Timestamp::UNIX_EPOCH).await);
        let (_, shelf, second) = ship(folder.path(), 0);
        assert!(second.flush(Duration::from_secs(5), || Timestamp::UNIX_EPOCH).await);
        assert_eq!(*shelf.heads.lock().unwrap(), [head(1)]);
    }

    #[tokio::test]
    async fn a_spool_that_cannot_be_read_is_told() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(spool::FILE)).unwrap();
        let (_, _, ship) = ship(folder.path(), 0);
        assert!(!ship.flush(Duration::from_secs(5), || Timestamp::UNIX_EPOCH).await);
        assert!(matches!(ship.state().borrow().failure, Some(ShipFault::Spool(_))));
    }
}
