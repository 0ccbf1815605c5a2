//! The encryption of a session with a key of KMS, beside that of the connection.
//!
//! AES-256 in Galois/Counter mode: nonce, ciphertext, tag. The data key's first half reads what the agent wrote, its
//! second half writes what the agent reads. Source: `agent/session/crypto` of the published agent.

use std::{collections::BTreeMap, fmt};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};

use super::{control::DataKey, message::HEADER};

/// The bytes of the tag behind the ciphertext.
const TAG_LEN: usize = 16;

/// What encryption adds to a payload.
pub const OVERHEAD: usize = NONCE_LEN + TAG_LEN;

/// The most bytes of an agent's challenge, in Base64.
const LONGEST_CHALLENGE: usize = 4_096;

/// Says that something was not encrypted with this session's key, or not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cipher")]
pub struct Undecipherable;

/// The two keys of a session, and the nonces of what is sent.
pub struct Cipher {
    reads: LessSafeKey,
    writes: LessSafeKey,
    nonces: Nonces,
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cipher").finish_non_exhaustive()
    }
}

impl Cipher {
    /// Takes a session's data key; what is copied of it is wiped by the library when the session is over.
    pub fn new(key: &DataKey) -> Result<Self, Undecipherable> {
        let (reads, writes) = key.plaintext.expose_secret().split_at(32);
        let prepare = |key: &[u8]| UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| Undecipherable);
        Ok(Self { reads: prepare(reads)?, writes: prepare(writes)?, nonces: Nonces::random()? })
    }

    /// Makes the room for the nonce, in front of what is going to be encrypted.
    pub fn begin(payload: &mut BytesMut) {
        payload.extend_from_slice(&[0; NONCE_LEN]);
    }

    /// Encrypts what stands behind the room that [`Self::begin`] made, and adds the tag.
    pub fn seal(&mut self, payload: &mut BytesMut) -> Result<(), Undecipherable> {
        let nonce = self.nonces.next();
        let room = payload.get_mut(HEADER..).ok_or(Undecipherable)?;
        let (head, text) = room.split_at_mut_checked(NONCE_LEN).ok_or(Undecipherable)?;
        head.copy_from_slice(&nonce);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.writes.seal_in_place_separate_tag(nonce, Aad::empty(), text).map_err(|_| Undecipherable)?;
        payload.extend_from_slice(tag.as_ref());
        Ok(())
    }

    /// Decrypts what the agent wrote.
    pub fn open(&self, payload: &[u8]) -> Result<Bytes, Undecipherable> {
        let (nonce, sealed) = payload.split_first_chunk::<NONCE_LEN>().ok_or(Undecipherable)?;
        let mut text = BytesMut::from(sealed);
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self.reads.open_in_place(nonce, Aad::empty(), &mut text).map_err(|_| Undecipherable)?.len();
        text.truncate(length);
        Ok(text.freeze())
    }

    /// Answers the agent's challenge: what it wrote with its key, written with ours.
    pub fn answer(&mut self, request: &[u8]) -> Result<Vec<u8>, Undecipherable> {
        let request: Challenge = serde_json::from_slice(request).map_err(|_| Undecipherable)?;
        if request.challenge.len() > LONGEST_CHALLENGE {
            return Err(Undecipherable);
        }
        let sealed = STANDARD.decode(request.challenge).map_err(|_| Undecipherable)?;
        let text = self.open(&sealed)?;
        // `seal` leaves room for a header in front.
        let mut answer = BytesMut::zeroed(HEADER);
        Self::begin(&mut answer);
        answer.extend_from_slice(&text);
        self.seal(&mut answer)?;
        let challenge = to_base64(answer.get(HEADER..).unwrap_or_default());
        serde_json::to_vec(&Challenge { challenge }).map_err(|_| Undecipherable)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Challenge {
    challenge: String,
}

/// Counts nonces up from a random one: none is used twice with one key.
struct Nonces(u128);

impl Nonces {
    fn random() -> Result<Self, Undecipherable> {
        let mut start = [0; 16];
        aws_lc_rs::rand::fill(&mut start[..NONCE_LEN]).map_err(|_| Undecipherable)?;
        Ok(Self(u128::from_le_bytes(start)))
    }

    fn next(&mut self) -> [u8; NONCE_LEN] {
        self.0 = self.0.wrapping_add(1);
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&self.0.to_le_bytes()[..NONCE_LEN]);
        nonce
    }
}

/// Returns the encryption context that binds a key to its session, as the agent gives it to `kms:Decrypt`.
pub fn context(session_id: &str, target: &str, challenge: Option<&str>) -> BTreeMap<String, String> {
    let mut context = BTreeMap::from([
        ("aws:ssm:SessionId".to_owned(), session_id.to_owned()),
        ("aws:ssm:TargetId".to_owned(), target.to_owned()),
    ]);
    if let Some(challenge) = challenge {
        context.insert("aws:ssm:RandomChallenge".to_owned(), challenge.to_owned());
    }
    context
}

/// Writes bytes in Base64, as the documents of a handshake have them.
pub fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use secrecy::SecretBox;

    use super::*;

    /// The two ends of one session: the agent's keys are the client's, exchanged.
    fn ends() -> (Cipher, Cipher) {
        let mut ours = [7; 64];
        ours[32..].fill(9);
        let mut theirs = [9; 64];
        theirs[32..].fill(7);
        let cipher = |key| Cipher::new(&DataKey { plaintext: SecretBox::new(Box::new(key)), ciphertext: vec![] });
        (cipher(ours).unwrap(), cipher(theirs).unwrap())
    }

    fn seal(cipher: &mut Cipher, text: &[u8]) -> Bytes {
        let mut payload = BytesMut::zeroed(HEADER);
        Cipher::begin(&mut payload);
        payload.extend_from_slice(text);
        cipher.seal(&mut payload).unwrap();
        payload.freeze().slice(HEADER..)
    }

    #[test]
    fn each_end_reads_the_other() {
        let (mut client, mut agent) = ends();
        for text in [&b""[..], b"ls\r", "\u{65e5}\u{672c}".as_bytes(), &[0; 10_000]] {
            let sealed = seal(&mut client, text);
            assert_eq!(sealed.len(), text.len() + OVERHEAD);
            assert_eq!(agent.open(&sealed).unwrap(), text);
            assert_eq!(client.open(&seal(&mut agent, text)).unwrap(), text);
            assert_eq!(client.open(&sealed), Err(Undecipherable), "a direction has a key of its own");
        }
    }

    #[test]
    fn no_nonce_comes_twice() {
        let (mut client, _) = ends();
        let (one, two) = (seal(&mut client, b"same"), seal(&mut client, b"same"));
        assert_ne!(one[..NONCE_LEN], two[..NONCE_LEN]);
        let mut nonces = Nonces((1 << 96) - 1);
        assert_eq!(nonces.next(), [0; NONCE_LEN]);
    }

    #[test]
    fn what_was_changed_or_cut_is_refused() {
        let (client, mut agent) = ends();
        let sealed = seal(&mut agent, b"secret");
        for at in 0..sealed.len() {
            let mut changed = sealed.to_vec();
            changed[at] ^= 1;
            assert_eq!(client.open(&changed), Err(Undecipherable));
            assert_eq!(client.open(&sealed[..at]), Err(Undecipherable));
        }
    }

    #[test]
    fn a_challenge_is_answered_in_the_other_key() {
        let (mut client, mut agent) = ends();
        let asked = format!(r#"{{"Challenge":"{}"}}"#, to_base64(&seal(&mut agent, &[42; 64])));
        let answer: Challenge = serde_json::from_slice(&client.answer(asked.as_bytes()).unwrap()).unwrap();
        let sealed = STANDARD.decode(answer.challenge).unwrap();
        assert_eq!(agent.open(&sealed).unwrap(), &[42; 64][..]);
        for wrong in ["", "{}", r#"{"Challenge":"?"}"#, r#"{"Challenge":"AAAA"}"#] {
            assert!(client.answer(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_context_holds_what_the_agent_gives_to_kms() {
        let context = context("s-1", "i-0", Some("YQ=="));
        let names: Vec<_> = context.keys().map(String::as_str).collect();
        assert_eq!(names, ["aws:ssm:RandomChallenge", "aws:ssm:SessionId", "aws:ssm:TargetId"]);
        assert_eq!(super::context("s-1", "i-0", None).len(), 2);
    }
}
