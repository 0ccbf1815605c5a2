//! Calls whose answers take a deep stack to read.

use std::{io, thread};

use tokio::{runtime::Handle, sync::oneshot};

/// The stack of a thread that reads such an answer, of which only what is used is ever taken.
const STACK: usize = 64 * 1024 * 1024;

/// Does work on a thread of its own, and gives it up when nobody waits for it any more.
///
/// The details of a finding's resource are a structure of some hundred structures, which the SDK builds on the stack:
/// without optimization more than the two megabytes that a thread of the runtime has.
///
/// # Errors
/// Where the system has no thread to give.
pub(super) async fn deep<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> io::Result<T> {
    let runtime = Handle::current();
    let (mut tell, told) = oneshot::channel();
    let read = move || {
        let done = runtime.block_on(async {
            tokio::select! {
                done = work => Some(done),
                () = tell.closed() => None,
            }
        });
        if let Some(done) = done {
            // Who waited may have gone at the last moment.
            let _ = tell.send(done);
        }
    };
    thread::Builder::new().name("findings".to_owned()).stack_size(STACK).spawn(read)?;
    told.await.map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes some kilobytes of stack at each step.
    fn sink(depth: usize) -> usize {
        let ballast = std::hint::black_box([depth; 1_024]);
        if depth == 0 { 0 } else { sink(depth - 1) + usize::from(ballast[1_023] == depth) }
    }

    #[tokio::test]
    async fn work_may_go_deep() {
        assert_eq!(deep(async { sink(2_000) }).await.unwrap(), 2_000);
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_given_up() {
        let (alive, mut given_up) = oneshot::channel::<()>();
        let waits = deep(async move {
            let _alive = alive;
            std::future::pending::<()>().await;
        });
        assert!(tokio::time::timeout(std::time::Duration::from_millis(20), waits).await.is_err());
        assert!((&mut given_up).await.is_err());
    }
}
