//! The core's part in sending: what waits becomes messages.

use std::time::Instant;

use bytes::BufMut as _;

use super::Core;
use crate::session::conduit::{Flag, Kind, ToFarSide};
use crate::session::encryption::{self, Cipher};
use crate::session::message::{Draft, Head, PayloadType};

/// What a terminal has whose size nobody told.
const DEFAULT_SIZE: (u16, u16) = (80, 24);

fn size_document(columns: u16, rows: u16) -> String {
    format!(r#"{{"cols":{columns},"rows":{rows}}}"#)
}

impl Core {
    pub(super) fn send_size(&mut self) {
        if let (Kind::Shell, Some((columns, rows))) = (&self.kind, self.size) {
            self.push(PayloadType::Size, size_document(columns, rows).as_bytes());
        }
    }

    /// Puts a message of the session itself, in the clear, behind what is on its way.
    pub(super) fn push(&mut self, payload_type: PayloadType, payload: &[u8]) {
        let mut draft = Draft::with_capacity(payload.len());
        draft.payload.put_slice(payload);
        let head = Head::input(payload_type, self.sender.next_sequence(), self.created());
        self.sender.push(draft.finish(&head));
    }

    /// Sends a signal of a port session.
    pub(in super::super) fn push_flag(&mut self, flag: Flag) {
        self.push(PayloadType::Flag, &flag.number().to_be_bytes());
    }

    pub(super) fn cut(&mut self, now: Instant) {
        match self.outgoing.next_signal() {
            Some(ToFarSide::Flag(flag)) => return self.push_flag(flag),
            Some(ToFarSide::Size { columns, rows }) => {
                self.size = Some((columns, rows));
                return self.send_size();
            }
            Some(ToFarSide::Data(_)) | None => {}
        }
        if let Some(size) = self.chunk.worth_trying().filter(|_| matches!(self.kind, Kind::Port(_))) {
            self.try_size(size, now);
        }
        let length = self.outgoing.next_length(self.chunk.size());
        self.chunk.filled(length);
        let mut draft = Draft::with_capacity(length + encryption::OVERHEAD);
        if let Some(cipher) = &mut self.cipher {
            Cipher::begin(&mut draft.payload);
            self.outgoing.take(length, &mut draft.payload);
            if let Err(error) = cipher.seal(&mut draft.payload) {
                return self.fail(&error.to_string());
            }
        } else {
            self.is_in_clear = true;
            self.outgoing.take(length, &mut draft.payload);
        }
        let head = Head::input(PayloadType::Output, self.sender.next_sequence(), self.created());
        self.sender.push(draft.finish(&head));
    }

    /// Sends a message of a size that was not sent before, with nothing in it that counts.
    fn try_size(&mut self, size: usize, now: Instant) {
        let (columns, rows) = self.size.unwrap_or(DEFAULT_SIZE);
        let mut document = size_document(columns, rows).into_bytes();
        document.resize(size.max(document.len()), b' ');
        self.chunk.trying(self.sender.next_sequence(), size, now);
        self.push(PayloadType::Size, &document);
    }

    /// Puts a small message in the place of one that was too large.
    pub(super) fn shrink(&mut self, sequence: i64) {
        let (columns, rows) = self.size.unwrap_or(DEFAULT_SIZE);
        let mut draft = Draft::with_capacity(64);
        draft.payload.put_slice(size_document(columns, rows).as_bytes());
        let head = Head::input(PayloadType::Size, sequence, self.created());
        self.sender.replace(sequence, draft.finish(&head));
    }
}
