//! The core's part in the handshake: nothing but answers goes out before it is over.

use super::{Core, KeyWanted, Phase};
use crate::session::conduit::Kind;
use crate::session::control::{ControlError, DataKey};
use crate::session::encryption::{Cipher, context};
use crate::session::handshake::{Action, KeyResult, Request, completed};
use crate::session::message::PayloadType;

impl Core {
    /// Takes what the agent asks, and answers at once where no key is needed.
    ///
    /// What was taken for a shell without a handshake goes back to it; nothing more is sent until it is over.
    pub(super) fn asked(&mut self, payload: &[u8]) {
        let Some(request) = Request::read(payload) else { return self.fail("HandshakeRequest") };
        if self.request.is_some() {
            return;
        }
        let was_assumed = std::mem::take(&mut self.is_assumed);
        if was_assumed && matches!(request.kind(), Some(Kind::Port(_))) {
            // Whoever has it holds it for a shell.
            return self.fail("SessionType");
        }
        if request.needs_key() && self.is_in_clear {
            return self.fail("KMSEncryption");
        }
        if was_assumed || self.phase == Phase::Waiting || request.needs_key() {
            self.phase = Phase::Shaking;
        }
        self.agent.clone_from(&request.agent);
        if let Some(kind) = request.kind() {
            self.kind.clone_from(kind);
        }
        let key = request.actions.iter().find_map(|action| match action {
            Action::KmsEncryption { key_id, challenge } => Some((key_id.clone(), challenge.clone())),
            _ => None,
        });
        match key {
            Some((key_id, challenge)) => {
                let context = context(&self.session_id, &self.target, challenge.as_deref());
                self.key_wanted = Some(KeyWanted { key_id, context, acknowledges: challenge.is_some() });
            }
            None => self.answer(&request, None),
        }
        self.request = Some(request);
    }

    /// Takes the key that was asked for, or why there is none, and answers the agent.
    pub(in super::super) fn key_came(&mut self, wanted: &KeyWanted, key: Result<DataKey, ControlError>) {
        let Some(request) = self.request.take() else { return };
        let made = match key {
            Ok(key) => match Cipher::new(&key) {
                Ok(cipher) => {
                    self.cipher = Some(cipher);
                    Ok(KeyResult::new(&key.ciphertext, wanted.acknowledges))
                }
                Err(error) => Err(error.to_string()),
            },
            Err(error) => {
                let said = error.to_string();
                self.failure.get_or_insert(error.into());
                Err(said)
            }
        };
        self.answer(&request, Some(&made));
        self.request = Some(request);
    }

    fn answer(&mut self, request: &Request, key: Option<&Result<KeyResult, String>>) {
        match serde_json::to_vec(&request.answer(key)) {
            Ok(answer) => self.push(PayloadType::HandshakeResponse, &answer),
            Err(_) => self.fail("HandshakeResponse"),
        }
        if let Some(Action::Unknown(name)) = request.actions.iter().find(|action| matches!(action, Action::Unknown(_)))
        {
            tracing::warn!(session = %self.session_id, action = %name, "the agent asked for an unknown action");
        }
    }

    /// Takes the agent's challenge and proves that the key is here.
    pub(super) fn challenged(&mut self, payload: &[u8]) {
        let answer = self.cipher.as_mut().and_then(|cipher| cipher.answer(payload).ok());
        match answer {
            Some(answer) => self.push(PayloadType::EncryptionChallengeResponse, &answer),
            None => self.fail("EncChallengeRequest"),
        }
    }

    /// Takes the end of the handshake, which there is none of before a key that the agent asked for.
    pub(super) fn completed(&mut self, payload: &[u8]) {
        if self.cipher.is_none() && self.request.as_ref().is_some_and(Request::needs_key) {
            return self.fail("HandshakeComplete");
        }
        self.is_assumed = false;
        self.message = completed(payload);
        if self.phase != Phase::Ready {
            self.become_ready();
        }
    }
}
