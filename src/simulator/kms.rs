//! AWS Key Management Service, as far as sessions need it: data keys, really wrapped.
//!
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html>

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::call::Call;
use super::wire::{ApiError, Input, Value, object};

/// The operations that there are.
pub const OPERATIONS: [&str; 2] = ["GenerateDataKey", "Decrypt"];

/// The longest blob that `Decrypt` takes.
const LONGEST_BLOB: usize = 6_144;

/// Answers an operation.
pub fn answer(call: &Call<'_>, operation: &str, input: Input<'_>) -> Result<Value, ApiError> {
    match operation {
        "GenerateDataKey" => generate_data_key(call, input),
        "Decrypt" => decrypt(call, input),
        _ => Err(ApiError::unknown_operation(operation)),
    }
}

/// What all keys of this run are wrapped with.
#[derive(Debug)]
pub struct Keys(LessSafeKey);

/// What a blob held.
#[derive(Debug, PartialEq, Eq)]
pub struct Unwrapped {
    /// The ARN of the key that wrapped it.
    pub key: String,
    /// What was wrapped.
    pub plaintext: Vec<u8>,
}

impl Keys {
    /// Draws the key of keys.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut master = [0; 32];
        getrandom::fill(&mut master)?;
        // A key of 32 bytes is what the algorithm takes.
        let key = UnboundKey::new(&AES_256_GCM, &master).map_err(|_| getrandom::Error::UNEXPECTED)?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Wraps bytes for a key and a context.
    pub fn encrypt(&self, key: &str, plaintext: &[u8], context: &BTreeMap<String, String>) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).ok()?;
        let length = u16::try_from(key.len()).ok()?;
        let mut wrapped = plaintext.to_vec();
        let at = Nonce::assume_unique_for_key(nonce);
        self.0.seal_in_place_append_tag(at, bound(key, context), &mut wrapped).ok()?;
        Some([&length.to_be_bytes(), key.as_bytes(), &nonce, &wrapped].concat())
    }

    /// Unwraps a blob; a wrong context is as good as a wrong key.
    pub fn decrypt(&self, blob: &[u8], context: &BTreeMap<String, String>) -> Result<Unwrapped, ApiError> {
        self.unwrapped(blob, context).ok_or_else(|| ApiError::new("InvalidCiphertextException", ""))
    }

    fn unwrapped(&self, blob: &[u8], context: &BTreeMap<String, String>) -> Option<Unwrapped> {
        let (length, rest) = blob.split_first_chunk::<2>()?;
        let (key, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        let (nonce, wrapped) = rest.split_first_chunk::<NONCE_LEN>()?;
        let key = String::from_utf8(key.to_vec()).ok()?;
        let mut plaintext = wrapped.to_vec();
        let at = Nonce::assume_unique_for_key(*nonce);
        let length = self.0.open_in_place(at, bound(&key, context), &mut plaintext).ok()?.len();
        plaintext.truncate(length);
        Some(Unwrapped { key, plaintext })
    }
}

/// What a blob is bound to: its key and its context.
fn bound(key: &str, context: &BTreeMap<String, String>) -> Aad<Vec<u8>> {
    Aad::from(serde_json::to_vec(&(key, context)).unwrap_or_default())
}

fn generate_data_key(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let key = key_arn(call, input.required("KeyId")?)?;
    let context = input.pairs("EncryptionContext")?;
    let bytes = match (input.within("NumberOfBytes", 1, 1_024)?, input.text("KeySpec")?) {
        (Some(bytes), None) => usize::try_from(bytes).unwrap_or(1),
        (None, Some("AES_256")) => 32,
        (None, Some("AES_128")) => 16,
        (None, Some(word)) => {
            let rule = "Member must satisfy enum value set: [AES_256, AES_128]";
            return Err(ApiError::constraint(word, "KeySpec", rule));
        }
        _ => {
            let message = "Please specify either number of bytes or key spec.";
            return Err(ApiError::new("ValidationException", message));
        }
    };
    let mut plaintext = vec![0; bytes];
    getrandom::fill(&mut plaintext).map_err(|error| ApiError::internal(error.to_string()))?;
    let blob = call.gateway.keys().encrypt(&key, &plaintext, &context);
    let blob = blob.ok_or_else(|| ApiError::internal("The key could not be wrapped."))?;
    let answer = object().with("CiphertextBlob", STANDARD.encode(blob)).with("Plaintext", STANDARD.encode(plaintext));
    Ok(answer.with("KeyId", key).into())
}

fn decrypt(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let text = input.required("CiphertextBlob")?;
    let invalid = || ApiError::new("InvalidCiphertextException", "");
    let blob = STANDARD.decode(text).map_err(|_| ApiError::serialization("CiphertextBlob must be base64"))?;
    if blob.len() > LONGEST_BLOB {
        return Err(invalid());
    }
    let unwrapped = call.gateway.keys().decrypt(&blob, &input.pairs("EncryptionContext")?)?;
    // A blob says itself which key it is of; one that is named must be that one.
    if let Some(named) = input.text("KeyId")? {
        if key_arn(call, named)? != unwrapped.key {
            let message = "The key ID in the request does not identify a CMK that can perform this operation.";
            return Err(ApiError::new("IncorrectKeyException", message));
        }
    } else {
        key_arn(call, &unwrapped.key)?;
    }
    let answer = object().with("KeyId", unwrapped.key).with("Plaintext", STANDARD.encode(unwrapped.plaintext));
    Ok(answer.with("EncryptionAlgorithm", "SYMMETRIC_DEFAULT").into())
}

/// The ARN of the key that an operation is about, for IAM; what cannot be found is refused by the operation itself.
pub fn key_of(call: &Call<'_>, operation: &str, input: Input<'_>) -> String {
    let named = input.text("KeyId").ok().flatten();
    let blob = || STANDARD.decode(input.text("CiphertextBlob").ok().flatten()?).ok();
    let context = || input.pairs("EncryptionContext").ok();
    let wrapped = || Some(call.gateway.keys().decrypt(&blob()?, &context()?).ok()?.key);
    let key = match (operation, named) {
        ("Decrypt", None) => wrapped(),
        _ => named.and_then(|named| key_arn(call, named).ok()),
    };
    key.unwrap_or_else(|| {
        format!("arn:aws:kms:{}:{}:key/{}", call.region, call.principal.account, named.unwrap_or("*"))
    })
}

/// Finds the key that an id, an alias or an ARN names, in the caller's account and region.
pub fn key_arn(call: &Call<'_>, named: &str) -> Result<String, ApiError> {
    let prefix = format!("arn:aws:kms:{}:{}:", call.region, call.principal.account);
    let short = named.strip_prefix(&prefix).unwrap_or(named);
    let keys = call.here().map(|region| region.keys.as_slice()).unwrap_or_default();
    let found = keys.iter().find(|key| match short.strip_prefix("key/") {
        Some(id) => key.id == id,
        None => key.id == short || key.alias.as_deref() == Some(short),
    });
    found.map(|key| key.arn.clone()).ok_or_else(|| {
        let message = match short.strip_prefix("alias/") {
            Some(_) => format!("Alias {prefix}{short} is not found."),
            None => format!("Key '{prefix}key/{}' does not exist", short.trim_start_matches("key/")),
        };
        ApiError::new("NotFoundException", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_opens_in_its_own_context_only() {
        let keys = Keys::new().unwrap();
        let context = |value: &str| BTreeMap::from([("aws:ssm:SessionId".to_owned(), value.to_owned())]);
        let blob = keys.encrypt("arn:key/1", b"secret", &context("s-1")).unwrap();
        assert_eq!(keys.decrypt(&blob, &context("s-1")).unwrap().plaintext, b"secret");
        assert_eq!(keys.decrypt(&blob, &context("s-2")).unwrap_err().shape, "InvalidCiphertextException");
        assert!(keys.decrypt(&blob, &BTreeMap::new()).is_err() && keys.decrypt(&blob[..9], &context("s-1")).is_err());
        let mut other = blob.clone();
        other[10] ^= 1;
        assert!(keys.decrypt(&other, &context("s-1")).is_err(), "another key's name does not open it");
        assert!(Keys::new().unwrap().decrypt(&blob, &context("s-1")).is_err(), "every run has its own");
    }
}
