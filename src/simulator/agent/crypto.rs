//! The agent's half of a session's encryption: AES-256-GCM, a key for each direction.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use bytes::Bytes;

/// The length of the data key: a key for each direction.
pub const KEY_LENGTH: usize = 64;

/// The data key or a message is not what it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the payload cannot be decrypted")]
pub struct Sealed;

/// The keys of a session, and where the nonces are.
#[derive(Debug)]
pub struct Cipher {
    seal: LessSafeKey,
    open: LessSafeKey,
    nonce: u128,
}

impl Cipher {
    /// Takes the data key apart: the first half is for what the agent sends, the second for what it gets.
    pub fn new(key: &[u8]) -> Result<Self, Sealed> {
        let half = |half: &[u8]| Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, half).map_err(|_| Sealed)?));
        let (seal, open) = key.split_at_checked(KEY_LENGTH / 2).ok_or(Sealed)?;
        Ok(Self { seal: half(seal)?, open: half(open)?, nonce: fastrand::u128(..) })
    }

    /// Encrypts: nonce, ciphertext and tag. Nonces count up from a random one, little-endian.
    pub fn seal(&mut self, plain: &[u8]) -> Result<Bytes, Sealed> {
        self.nonce = self.nonce.wrapping_add(1);
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(self.nonce.to_le_bytes().get(..NONCE_LEN).ok_or(Sealed)?);
        let mut sealed = plain.to_vec();
        let at = Nonce::assume_unique_for_key(nonce);
        self.seal.seal_in_place_append_tag(at, Aad::empty(), &mut sealed).map_err(|_| Sealed)?;
        Ok([&nonce[..], &sealed[..]].concat().into())
    }

    /// Decrypts.
    pub fn open(&self, sealed: &[u8]) -> Result<Bytes, Sealed> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(Sealed)?;
        let mut plain = sealed.to_vec();
        let at = Nonce::assume_unique_for_key(*nonce);
        let length = self.open.open_in_place(at, Aad::empty(), &mut plain).map_err(|_| Sealed)?.len();
        plain.truncate(length);
        Ok(plain.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_direction_has_its_own_key() {
        let key: Vec<u8> = (0..64).collect();
        let swapped: Vec<u8> = (32..64).chain(0..32).collect();
        let (mut agent, client) = (Cipher::new(&key).unwrap(), Cipher::new(&swapped).unwrap());
        let sealed = agent.seal("日本".as_bytes()).unwrap();
        assert_eq!(sealed.len(), 6 + 12 + 16);
        assert_eq!(client.open(&sealed).unwrap(), "日本".as_bytes());
        assert!(agent.open(&sealed).is_err(), "what it sent itself is not for it");
        assert!(Cipher::new(&key[..63]).is_err() && client.open(&sealed[..20]).is_err());
        assert_ne!(agent.seal(b"x").unwrap()[..12], agent.seal(b"x").unwrap()[..12]);
    }
}
