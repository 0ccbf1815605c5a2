//! A control plane for tests of the data channel: it counts, and answers as it is told.

#![allow(dead_code, reason = "each test binary uses its own part of the support")]

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::SecretBox;
use sekisho::session::control::{Answer, ControlError, ControlPlane, DataKey, Ticket};

/// What was asked of the control plane, and what it answers.
#[derive(Default)]
pub struct Plane {
    pub url: Mutex<String>,
    /// The next answers to `ssm:ResumeSession`; once they are used up, a ticket.
    pub resumes: Mutex<VecDeque<Result<Option<Ticket>, ControlError>>>,
    pub asked: Mutex<Vec<String>>,
    pub key: [u8; 32],
    pub refuses_key: bool,
    /// How long it takes to sign, to make a key and to end a session.
    pub sign_takes: Duration,
    pub key_takes: Duration,
    pub terminate_takes: Duration,
}

impl Plane {
    pub fn new(url: &str) -> Arc<Self> {
        Self::slow(url, |_| ())
    }

    /// Makes one that is changed before anybody has it.
    pub fn slow(url: &str, change: impl FnOnce(&mut Self)) -> Arc<Self> {
        let mut plane = Self { url: Mutex::new(url.to_owned()), key: [3; 32], ..Self::default() };
        change(&mut plane);
        Arc::new(plane)
    }

    /// Counts the calls that begin like that.
    pub fn count(&self, begin: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| asked.starts_with(begin)).count()
    }

    pub fn ticket(&self) -> Ticket {
        let url = self.url.lock().unwrap().clone();
        Ticket { session_id: "s-test".into(), stream_url: url, token: "token-first".to_owned().into() }
    }

    fn note(&self, asked: String) {
        self.asked.lock().unwrap().push(asked);
    }
}

pub fn error(is_passing: bool) -> ControlError {
    ControlError { action: "ssm:ResumeSession", why: "no".into(), is_passing }
}

impl ControlPlane for Plane {
    fn start(&self) -> Answer<'_, Ticket> {
        self.note("start".into());
        Box::pin(async { Ok(self.ticket()) })
    }

    fn resume<'a>(&'a self, session_id: &'a str) -> Answer<'a, Option<Ticket>> {
        self.note(format!("resume {session_id}"));
        let answer = self.resumes.lock().unwrap().pop_front();
        let ticket = || Ticket { token: "token-again".to_owned().into(), ..self.ticket() };
        Box::pin(async move { answer.unwrap_or_else(|| Ok(Some(ticket()))) })
    }

    fn terminate<'a>(&'a self, session_id: &'a str) -> Answer<'a, ()> {
        self.note(format!("terminate {session_id}"));
        Box::pin(async move {
            tokio::time::sleep(self.terminate_takes).await;
            self.note(format!("ended {session_id}"));
            Ok(())
        })
    }

    fn sign<'a>(&'a self, stream_url: &'a str) -> Answer<'a, Vec<(String, String)>> {
        let count = self.count("sign");
        self.note(format!("sign {stream_url}"));
        Box::pin(async move {
            tokio::time::sleep(self.sign_takes).await;
            Ok(vec![("authorization".into(), format!("AWS4-HMAC-SHA256 {count}"))])
        })
    }

    fn data_key<'a>(&'a self, key_id: &'a str, context: &'a BTreeMap<String, String>) -> Answer<'a, DataKey> {
        self.note(format!("key {key_id} {context:?}"));
        let mut key = [0; 64];
        // The first half reads what the agent wrote, the second writes what it reads.
        key[..32].copy_from_slice(&self.key);
        key[32..].fill(5);
        let refuses = self.refuses_key;
        Box::pin(async move {
            tokio::time::sleep(self.key_takes).await;
            if refuses {
                return Err(ControlError { action: "kms:GenerateDataKey", why: "denied".into(), is_passing: false });
            }
            Ok(DataKey { plaintext: SecretBox::new(Box::new(key)), ciphertext: b"sealed".to_vec() })
        })
    }

    #[expect(clippy::unnecessary_literal_bound, reason = "the trait has it so")]
    fn target(&self) -> &str {
        "i-0123456789abcdef0"
    }
}
