//! What a person gives to a session, kept in order until the far side takes it.

use std::collections::VecDeque;

use tokio::sync::mpsc;

use crate::session::conduit::ToFarSide;

use super::{live::Input, tape::Tape};

/// How much may wait for the far side; then the person's side waits.
const MOST_WAITING: usize = 1_024;

/// Takes input, and sees that the wish to end is heard while the far side takes nothing.
#[derive(Debug)]
pub(super) struct Intake {
    input: mpsc::Receiver<Input>,
    waiting: VecDeque<ToFarSide>,
    is_over: bool,
}

impl Intake {
    pub(super) fn new(input: mpsc::Receiver<Input>) -> Self {
        Self { input, waiting: VecDeque::new(), is_over: false }
    }

    /// Waits for the wish to end, which is also the loss of whoever could wish; the rest is kept.
    ///
    /// May be given up while it waits: nothing is lost by that.
    pub(super) async fn end(&mut self) {
        while !self.is_over {
            if self.waiting.len() >= MOST_WAITING {
                // No more is taken in; there is another way to end what does not take its input.
                return std::future::pending().await;
            }
            self.take_one().await;
        }
    }

    /// Passes on what comes until somebody wishes to end; new sizes are recorded.
    pub(super) async fn feed(&mut self, to: &mpsc::Sender<ToFarSide>, tape: &Tape) {
        while !self.is_over {
            let has_room = self.waiting.len() < MOST_WAITING;
            tokio::select! {
                biased;
                permit = to.reserve(), if !self.waiting.is_empty() => match (permit, self.waiting.pop_front()) {
                    (Ok(permit), Some(next)) => {
                        if let ToFarSide::Size { columns, rows } = next {
                            tape.resize(columns, rows).await;
                        }
                        permit.send(next);
                    }
                    // The far side is gone, and whoever reads from it will say so.
                    _ => return std::future::pending().await,
                },
                () = self.take_one(), if has_room => {}
            }
        }
    }

    async fn take_one(&mut self) {
        match self.input.recv().await {
            Some(Input::Bytes(bytes)) if bytes.is_empty() => {}
            Some(Input::Bytes(bytes)) => self.waiting.push_back(ToFarSide::Data(bytes)),
            Some(Input::Size(columns, rows)) => {
                // Of sizes that follow each other only the last one counts.
                if matches!(self.waiting.back(), Some(ToFarSide::Size { .. })) {
                    self.waiting.pop_back();
                }
                self.waiting.push_back(ToFarSide::Size { columns, rows });
            }
            Some(Input::End) | None => self.is_over = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;
    use crate::runtime::clock::Clock;

    async fn given(inputs: Vec<Input>) -> Intake {
        let (sender, receiver) = mpsc::channel(inputs.len().max(1));
        for input in inputs {
            sender.send(input).await.unwrap();
        }
        // The sender must outlive the test for the end not to come by its loss.
        std::mem::forget(sender);
        Intake::new(receiver)
    }

    fn typed(text: &'static str) -> Input {
        Input::Bytes(Bytes::from_static(text.as_bytes()))
    }

    #[tokio::test]
    async fn what_is_typed_early_arrives_in_order_and_sizes_are_joined() {
        let sizes = [Input::Size(80, 24), Input::Size(81, 25)];
        let mut intake =
            given([vec![typed("ls")], sizes.to_vec(), vec![typed(""), typed("\r"), Input::End]].concat()).await;
        let (to, mut far) = mpsc::channel(8);
        intake.end().await;
        assert!(far.try_recv().is_err(), "nothing is sent before there is anybody to send it to");
        intake.is_over = false;
        let tape = Tape::none(Clock::real());
        let _ = tokio::time::timeout(Duration::from_millis(50), intake.feed(&to, &tape)).await;
        let expected = [
            ToFarSide::Data(Bytes::from_static(b"ls")),
            ToFarSide::Size { columns: 81, rows: 25 },
            ToFarSide::Data(Bytes::from_static(b"\r")),
        ];
        for expected in expected {
            assert_eq!(far.try_recv().unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn the_end_is_heard_although_the_far_side_takes_nothing() {
        let mut intake = given(vec![typed("a"), typed("b"), typed("c"), Input::End]).await;
        let (to, _far) = mpsc::channel(1);
        intake.feed(&to, &Tape::none(Clock::real())).await;
        assert!(intake.is_over);
    }

    #[tokio::test]
    async fn whoever_goes_ends_it() {
        let (sender, receiver) = mpsc::channel(1);
        drop(sender);
        Intake::new(receiver).end().await;
    }

    #[tokio::test]
    async fn no_more_is_kept_than_may_wait() {
        let mut intake = given(vec![typed("x"); MOST_WAITING + 10]).await;
        assert!(tokio::time::timeout(Duration::from_millis(50), intake.end()).await.is_err());
        assert_eq!((intake.waiting.len(), intake.input.len()), (MOST_WAITING, 10));
    }
}
