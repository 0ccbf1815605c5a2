//! What the client says: acknowledgements, handshake, typed bytes, sizes and signals.

use std::time::Instant;

use bytes::Bytes;

use super::handshake::{self, Stage};
use super::message::{Kind, Message, payload};
use super::reliability::Sorted;
use super::work::{Runs, Taken, Work};
use super::{Outcome, Run};

impl Work {
    /// Takes a frame; gives the session's end where that was it.
    pub fn frame(&mut self, frame: &Bytes) -> Option<Outcome> {
        let message = match Message::decode(frame) {
            Ok(message) => message,
            Err(error) => {
                tracing::debug!(%error, "the agent left a frame out");
                return None;
            }
        };
        match message.kind {
            Kind::Acknowledge => self.channel.acknowledged(&message, Instant::now()),
            Kind::PausePublication => self.channel.paused = true,
            Kind::StartPublication => self.channel.paused = false,
            Kind::ChannelClosed => return Some(Outcome::default()),
            Kind::Input => return self.data(message),
            Kind::Output | Kind::SessionState => {}
        }
        None
    }

    fn data(&mut self, message: Message) -> Option<Outcome> {
        let Sorted::Next(message) = self.channel.sort(message) else { return None };
        match self.take(&message) {
            Taken::Yes => self.channel.took(&message),
            Taken::No => return None,
            // The acknowledgement is sent before the end is.
            Taken::Cancels => {
                self.channel.took(&message);
                self.end(Outcome::default());
                return None;
            }
            Taken::Ends(outcome) => {
                self.end(outcome);
                return None;
            }
        }
        self.proceed();
        while let Some(message) = self.channel.early() {
            match self.take(&message) {
                Taken::No => return None,
                Taken::Yes => self.channel.took_early(),
                Taken::Cancels => {
                    self.end(Outcome::default());
                    return None;
                }
                Taken::Ends(outcome) => {
                    self.end(outcome);
                    return None;
                }
            }
            self.proceed();
        }
        None
    }

    fn take(&mut self, message: &Message) -> Taken {
        match message.payload_type {
            payload::HANDSHAKE_RESPONSE => self.answered(&message.payload),
            payload::CHALLENGE_RESPONSE => self.proven(&message.payload),
            // What comes before the session runs is acknowledged and forgotten.
            _ if !matches!(self.stage, Stage::Skipped | Stage::Complete) => Taken::Yes,
            payload::OUTPUT => match &self.cipher {
                None => self.bytes(&message.payload),
                Some(cipher) => match cipher.open(&message.payload) {
                    Ok(plain) => self.bytes(&plain),
                    Err(_) => Taken::No,
                },
            },
            payload::SIZE => match &mut self.runs {
                Runs::Terminal(terminal) => terminal.size(&message.payload),
                Runs::Nothing if !matches!(self.plan.run, Run::NonInteractive { .. }) => Taken::No,
                _ => Taken::Yes,
            },
            payload::FLAG => match &mut self.runs {
                Runs::Port(port) => port.signal(&message.payload),
                Runs::Nothing => Taken::No,
                _ => Taken::Yes,
            },
            _ => Taken::Yes,
        }
    }

    fn bytes(&mut self, bytes: &Bytes) -> Taken {
        match &mut self.runs {
            Runs::Terminal(terminal) => terminal.bytes(bytes),
            Runs::Port(port) => port.bytes(bytes, &mut self.pending),
            Runs::Command(running) => {
                running.bytes(bytes);
                Taken::Yes
            }
            Runs::Nothing => Taken::No,
        }
    }

    fn answered(&mut self, bytes: &[u8]) -> Taken {
        let Stage::Asked { since, challenge, .. } = &self.stage else { return Taken::Yes };
        let since = *since;
        let strict = self.around.options.requires_challenge;
        match self.plan.agree(bytes, challenge.as_deref(), &self.around.keys, strict) {
            Ok(None) => Taken::No,
            Ok(Some(agreed)) => {
                (self.client, self.cipher) = (agreed.client, agreed.cipher);
                self.stage = Stage::Answered { since };
                Taken::Yes
            }
            Err(why) => {
                Taken::Ends(Outcome::failed(format_args!("Encountered error while initiating handshake. {why}")))
            }
        }
    }

    fn proven(&mut self, bytes: &[u8]) -> Taken {
        let (Stage::Challenged { since, secret, .. }, Some(cipher)) = (&self.stage, &self.cipher) else {
            return Taken::Yes;
        };
        if !handshake::is_proof(bytes, secret, cipher) {
            return Taken::No;
        }
        self.stage = Stage::Proven { since: *since };
        Taken::Yes
    }

    /// Takes the handshake a step further, once the client's message is acknowledged.
    fn proceed(&mut self) {
        let now = Instant::now();
        let since = match (&self.stage, &mut self.cipher) {
            (Stage::Answered { since }, Some(cipher)) => {
                let Some((secret, question)) = handshake::question(cipher) else { return };
                let until = now + self.around.options.patience;
                self.stage = Stage::Challenged { since: *since, until, secret };
                self.channel.send(payload::CHALLENGE_REQUEST, question, now);
                return;
            }
            (Stage::Answered { since } | Stage::Proven { since }, _) => *since,
            _ => return,
        };
        let took = now.saturating_duration_since(since);
        let text = self.plan.complete(took, &self.client, self.cipher.is_some());
        self.channel.send(payload::HANDSHAKE_COMPLETE, text, now);
        self.stage = Stage::Complete;
        self.start();
    }
}
