//! Who may call: keys made afresh for each run, sessions from `AssumeRole`, and the identity behind each.

mod sigv4;

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use jiff::{SignedDuration, Timestamp};

use super::wire::{ApiError, Request, Service};
use sigv4::Signed;

/// Who the console is, as IAM Identity Center would have it: the permission set behind the assumed role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Persona {
    /// The incident responder.
    #[default]
    Responder,
    /// The operator (運用担当者).
    Operator,
    /// The system staff (システム担当者).
    Staff,
}

impl Persona {
    /// The role's name, with the suffix that IAM Identity Center gives it.
    pub const fn role_name(self) -> &'static str {
        match self {
            Self::Responder => "AWSReservedSSO_SekishoResponder_0123456789abcdef",
            Self::Operator => "AWSReservedSSO_SekishoOperator_0123456789abcdef",
            Self::Staff => "AWSReservedSSO_SekishoStaff_0123456789abcdef",
        }
    }
}

/// The text named no persona.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no persona of the simulated account: there are responder, operator and staff")]
pub struct UnknownPersona(String);

impl FromStr for Persona {
    type Err = UnknownPersona;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "responder" => Ok(Self::Responder),
            "operator" => Ok(Self::Operator),
            "staff" => Ok(Self::Staff),
            _ => Err(UnknownPersona(text.to_owned())),
        }
    }
}

/// The name of the persona's session.
const SESSION: &str = "op-0137";

/// An identity that has shown itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The account it belongs to.
    pub account: String,
    /// Its ARN, `arn:aws:sts::…:assumed-role/…`.
    pub arn: String,
    /// Its unique id, `AROA…:session`.
    pub user_id: String,
}

impl Principal {
    /// Makes the session of a role.
    pub fn assumed(account: &str, role: &str, session: &str) -> Self {
        let id = super::random::Dice::new(0, &["role", account, role]).letters(17);
        Self {
            account: account.to_owned(),
            arn: format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"),
            user_id: format!("AROA{id}:{session}"),
        }
    }

    /// Finds the session of a role that has an ARN.
    pub fn of_arn(arn: &str) -> Option<Self> {
        let (account, resource) = arn.strip_prefix("arn:aws:sts::")?.split_once(':')?;
        let (role, session) = resource.strip_prefix("assumed-role/")?.split_once('/')?;
        Some(Self::assumed(account, role, session))
    }

    /// The name of the role that it is a session of.
    pub fn role(&self) -> Option<&str> {
        self.arn.split_once(":assumed-role/")?.1.split('/').next()
    }
}

/// Takes the account and the role's name off `arn:aws:iam::ACCOUNT:role/PATH/NAME`.
pub fn role_of(arn: &str) -> Option<(&str, &str)> {
    let (account, resource) = arn.strip_prefix("arn:aws:iam::")?.split_once(':')?;
    let role = resource.strip_prefix("role/")?.rsplit('/').next().filter(|role| !role.is_empty())?;
    Some((account, role))
}

/// A key as it is handed out.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The key's id.
    pub access_key_id: String,
    /// The key's secret.
    pub secret_access_key: String,
    /// The session's token, for a session.
    pub session_token: Option<String>,
    /// When it ends, in real time, for a session.
    pub expires: Option<Timestamp>,
}

/// A call whose signature was right.
#[derive(Debug, Clone)]
pub struct Authenticated {
    /// Who called.
    pub principal: Arc<Principal>,
    /// The region of the signature's scope.
    pub region: String,
}

/// The keys that are known.
#[derive(Debug)]
pub struct Vault {
    root: Credential,
    keys: RwLock<HashMap<String, (Credential, Arc<Principal>)>>,
}

impl Vault {
    /// Makes the run's own key, for a persona in an account.
    ///
    /// Fails where the system has no randomness to give: a key that could be guessed is none.
    pub fn new(account: &str, persona: Persona) -> Result<Self, getrandom::Error> {
        let root = Credential {
            access_key_id: format!("AKIA{}", fresh_id()?),
            secret_access_key: fresh_secret(30)?,
            session_token: None,
            expires: None,
        };
        let principal = Arc::new(Principal::assumed(account, persona.role_name(), SESSION));
        let keys = HashMap::from([(root.access_key_id.clone(), (root.clone(), principal))]);
        Ok(Self { root, keys: RwLock::new(keys) })
    }

    /// The run's own key.
    pub fn root(&self) -> &Credential {
        &self.root
    }

    /// Opens a session for an identity and forgets sessions that have ended; fails as [`Vault::new`] does.
    pub fn open_session(&self, principal: Principal, lasts: SignedDuration) -> Result<Credential, getrandom::Error> {
        let now = Timestamp::now();
        let credential = Credential {
            access_key_id: format!("ASIA{}", fresh_id()?),
            secret_access_key: fresh_secret(30)?,
            session_token: Some(fresh_secret(240)?),
            expires: Some(now.saturating_add(lasts).unwrap_or(Timestamp::MAX)),
        };
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        // An hour longer, so that a key that has just ended is called expired and not unknown.
        keys.retain(|_, (known, _)| {
            known.expires.is_none_or(|end| end.duration_until(now) < SignedDuration::from_hours(1))
        });
        keys.insert(credential.access_key_id.clone(), (credential.clone(), Arc::new(principal)));
        Ok(credential)
    }

    /// Finds out who signed a request, or why it is refused.
    pub fn authenticate(&self, request: &Request, service: Service) -> Result<Authenticated, ApiError> {
        self.authenticate_for(request, service.signing_name())
    }

    /// The same for a service by the name in the signature's scope.
    pub fn authenticate_for(&self, request: &Request, signing_name: &str) -> Result<Authenticated, ApiError> {
        let signed = Signed::of(request)?;
        let known = self.keys.read().unwrap_or_else(PoisonError::into_inner).get(&signed.access_key_id).cloned();
        let Some((credential, principal)) = known else { return Err(unknown_key()) };
        if request.header("x-amz-security-token") != credential.session_token.as_deref() {
            return Err(unknown_key());
        }
        let now = Timestamp::now();
        signed.verify(request, &credential.secret_access_key, signing_name, now)?;
        if credential.expires.is_some_and(|end| end <= now) {
            return Err(ApiError::expired());
        }
        Ok(Authenticated { principal, region: signed.region })
    }
}

fn unknown_key() -> ApiError {
    ApiError::new("UnrecognizedClientException", "The security token included in the request is invalid.")
        .or_code("InvalidClientTokenId")
}

/// Makes bytes that nobody can know, from the system's randomness.
fn fresh_bytes(count: usize) -> Result<Vec<u8>, getrandom::Error> {
    let mut bytes = vec![0; count];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Makes the sixteen letters and digits of a key's id.
fn fresh_id() -> Result<String, getrandom::Error> {
    const ALPHABET: [char; 32] = [
        'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V',
        'W', 'X', 'Y', 'Z', '2', '3', '4', '5', '6', '7',
    ];
    Ok(fresh_bytes(16)?.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32))).collect())
}

fn fresh_secret(bytes: usize) -> Result<String, getrandom::Error> {
    Ok(base64::engine::general_purpose::STANDARD.encode(fresh_bytes(bytes)?))
}

/// Makes the id of a request, a version 4 UUID; it is a name and no secret.
pub fn fresh_request_id() -> String {
    super::random::Dice::new(fastrand::u64(..), &["request"]).uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_has_its_own_keys() {
        let vault = || Vault::new("1", Persona::Responder).unwrap();
        let (one, other) = (vault(), vault());
        assert_ne!(one.root().access_key_id, other.root().access_key_id);
        assert_ne!(one.root().secret_access_key, other.root().secret_access_key);
        assert_eq!(one.root().access_key_id.len(), 20);
        assert_eq!(one.root().secret_access_key.len(), 40);
    }

    #[test]
    fn a_session_ends_when_its_time_is_up() {
        let vault = Vault::new("111122223333", Persona::Responder).unwrap();
        let open = |seconds| {
            let principal = Principal::assumed("444455556666", "reader", "op");
            vault.open_session(principal, SignedDuration::from_secs(seconds)).unwrap()
        };
        let ask = |credential: &Credential| {
            vault.authenticate(&sigv4::signed_request(credential, "ecs", Timestamp::now()), Service::Ecs)
        };
        let alive = open(900);
        assert_eq!(ask(&alive).unwrap().principal.account, "444455556666");
        assert_eq!(ask(&open(-1)).unwrap_err().shape, "ExpiredTokenException");
        // Long after its end a session is forgotten, when the next one is opened.
        let forgotten = open(-7_200);
        open(900);
        assert_eq!(ask(&forgotten).unwrap_err().shape, "UnrecognizedClientException");
        let without_token = Credential { session_token: None, ..alive.clone() };
        assert_eq!(ask(&without_token).unwrap_err().shape, "UnrecognizedClientException");
        assert_eq!(ask(&alive).unwrap().region, "ap-northeast-1");
    }

    #[test]
    fn a_role_is_known_by_its_arn() {
        assert_eq!(role_of("arn:aws:iam::444455556666:role/read"), Some(("444455556666", "read")));
        assert_eq!(role_of("arn:aws:iam::444455556666:role/a/b/read"), Some(("444455556666", "read")));
        assert_eq!(role_of("arn:aws:iam::444455556666:user/x"), None);
        assert_eq!(role_of("arn:aws:iam::444455556666:role/"), None);
        assert_eq!(role_of("role/x"), None);
        let who = Principal::assumed("444455556666", "read", "op");
        assert_eq!((Principal::of_arn(&who.arn).as_ref(), who.role()), (Some(&who), Some("read")));
        assert_eq!(Principal::of_arn("arn:aws:iam::444455556666:user/x"), None);
    }

    #[test]
    fn a_persona_is_known_by_its_name() {
        assert_eq!("operator".parse(), Ok(Persona::Operator));
        assert!("root".parse::<Persona>().is_err());
        let who = Principal::assumed("111122223333", Persona::Staff.role_name(), SESSION);
        assert_eq!(
            who.arn,
            "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_SekishoStaff_0123456789abcdef/op-0137"
        );
    }
}
