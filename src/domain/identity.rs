//! Says who is asking: the identity that STS confirms, and the role that it has here.

use std::fmt;

use super::environment::{AccountId, name_matches};

/// Who the credentials belong to, as `sts:GetCallerIdentity` answers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Identity {
    /// The account that the credentials act in.
    pub account: AccountId,
    /// The caller's ARN, for instance `arn:aws:sts::111122223333:assumed-role/ops/op-0137`.
    pub arn: String,
    /// The caller's unique id; for a role `AROA…:session`.
    pub user_id: String,
    /// What the ARN says.
    pub principal: Principal,
}

/// What kind of caller an ARN names.
///
/// Source: IAM User Guide, "IAM identifiers" and "AWS JSON policy elements: Principal".
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Principal {
    /// The account's root user.
    Root,
    /// An IAM user.
    User {
        /// Its name, without its path.
        name: String,
    },
    /// A session of an IAM role.
    AssumedRole {
        /// The role's name; STS leaves its path out.
        role: String,
        /// The session's name: for Identity Center the user, else what the caller chose.
        session: String,
        /// The permission set that Identity Center made the role for, where it did.
        permission_set: Option<String>,
    },
    /// A federated user, of `sts:GetFederationToken`.
    Federated {
        /// The name that the federating side gave.
        name: String,
    },
    /// A caller of another kind.
    Other,
}

/// Says why an answer of STS names nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The account is not twelve digits.
    #[error("{0:?} is not an account number")]
    Account(String),
    /// The ARN has not six parts, or names another service than STS or IAM.
    #[error("{0:?} is not the ARN of a caller")]
    Arn(String),
    /// The ARN is of another account than the answer says.
    #[error("the ARN {arn:?} is not in the account {account}")]
    Mismatch {
        /// The account of the answer.
        account: AccountId,
        /// The ARN of the answer.
        arn: String,
    },
}

impl Identity {
    /// Reads an answer of `sts:GetCallerIdentity`. Every partition is understood: `aws`, `aws-cn`, `aws-us-gov` and others.
    ///
    /// # Errors
    /// [`IdentityError`] where the answer contradicts itself or AWS's own form of ARNs.
    pub fn from_caller(account: &str, arn: &str, user_id: &str) -> Result<Identity, IdentityError> {
        let account: AccountId = account.parse().map_err(|_| IdentityError::Account(account.to_owned()))?;
        let parts = Arn::parse(arn)
            .filter(|parts| matches!(parts.service, "sts" | "iam"))
            .ok_or_else(|| IdentityError::Arn(arn.to_owned()))?;
        if parts.account != account.as_str() {
            return Err(IdentityError::Mismatch { account, arn: arn.to_owned() });
        }
        Ok(Identity { account, arn: arn.to_owned(), user_id: user_id.to_owned(), principal: Principal::of(&parts) })
    }

    /// Gives the name by which colleagues know the caller: the user, or the session's name.
    pub fn short(&self) -> &str {
        match &self.principal {
            Principal::Root => "root",
            Principal::User { name } | Principal::Federated { name } => name,
            Principal::AssumedRole { session, .. } => session,
            Principal::Other => self.arn.rsplit([':', '/']).next().unwrap_or(&self.arn),
        }
    }

    /// Tells whether two answers of STS name the same caller.
    ///
    /// A profile that takes a role without `role_session_name` has a new session each time, which the SDK names by the
    /// time: `assume-role-from-profile-1763769600000`. That is nobody else.
    pub fn is_same_caller(&self, other: &Identity) -> bool {
        let both_roles = [self, other].iter().all(|one| matches!(one.principal, Principal::AssumedRole { .. }));
        let renewed = || without_time(&other.arn).is_some_and(|name| without_time(&self.arn) == Some(name));
        self.account == other.account && (self.arn == other.arn || (both_roles && renewed()))
    }

    /// Names the permission set of Identity Center that the caller comes through, if one.
    pub fn permission_set(&self) -> Option<&str> {
        match &self.principal {
            Principal::AssumedRole { permission_set, .. } => permission_set.as_deref(),
            _ => None,
        }
    }

    /// Gives the ARN of the role behind a session, as IAM would write it for a role without a path.
    fn role_arn(&self) -> Option<String> {
        let Principal::AssumedRole { role, .. } = &self.principal else {
            return None;
        };
        let partition = Arn::parse(&self.arn)?.partition;
        Some(format!("arn:{partition}:iam::{}:role/{role}", self.account))
    }
}

impl Principal {
    fn of(arn: &Arn<'_>) -> Principal {
        let parts: Vec<&str> = arn.resource.split('/').collect();
        match (arn.service, parts.as_slice()) {
            ("iam", ["root"]) => Principal::Root,
            ("iam", ["user", .., name]) if !name.is_empty() => Principal::User { name: (*name).to_owned() },
            ("sts", ["assumed-role", role, session]) if !role.is_empty() && !session.is_empty() => {
                Principal::AssumedRole {
                    role: (*role).to_owned(),
                    session: (*session).to_owned(),
                    permission_set: permission_set(role).map(str::to_owned),
                }
            }
            ("sts", ["federated-user", name]) if !name.is_empty() => Principal::Federated { name: (*name).to_owned() },
            _ => Principal::Other,
        }
    }
}

/// Cuts off the time by which the SDK names a session, where it did.
fn without_time(arn: &str) -> Option<&str> {
    let (name, digits) = arn.rsplit_once('-')?;
    (digits.len() >= 10 && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(name)
}

/// Finds the permission set in the name of a role that Identity Center made: `AWSReservedSSO_<name>_<16 hex digits>`.
///
/// Source: IAM Identity Center User Guide, "Referencing permission sets in resource policies".
fn permission_set(role: &str) -> Option<&str> {
    let (name, suffix) = role.strip_prefix("AWSReservedSSO_")?.rsplit_once('_')?;
    let made_by_aws = suffix.len() == 16 && suffix.bytes().all(|byte| byte.is_ascii_hexdigit());
    (made_by_aws && !name.is_empty()).then_some(name)
}

/// The parts of an ARN; the region is of no use for callers.
struct Arn<'a> {
    partition: &'a str,
    service: &'a str,
    account: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    fn parse(arn: &'a str) -> Option<Arn<'a>> {
        let mut parts = arn.splitn(6, ':');
        let (prefix, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (_region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        let whole = prefix == "arn" && !partition.is_empty() && !service.is_empty() && !resource.is_empty();
        whole.then_some(Arn { partition, service, account, resource })
    }
}

/// Which callers have a role: one line of a `[[role]]`'s `match`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Pattern {
    /// Callers that come through the permission set of exactly this name.
    PermissionSet(String),
    /// Callers whose ARN fits, part by part: of a user, of a session, or of the role behind a session.
    ///
    /// `*` and `?` stay between two colons or slashes. A session's name is chosen by its caller: were `*` to cross a
    /// slash, `assumed-role/*-admin` would take a session called `x-admin` of any role for an administrator.
    Arn(String),
}

/// Says that a text is no pattern of callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pattern is permission-set:NAME or an ARN")]
pub struct BadPattern;

impl std::str::FromStr for Pattern {
    type Err = BadPattern;

    /// Reads `permission-set:NAME`, or an ARN in whose parts `*` and `?` may stand.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(name) = text.strip_prefix("permission-set:") {
            // The characters and the length that Identity Center allows: API reference, CreatePermissionSet, Name.
            let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
            let valid = (1..=32).contains(&name.len()) && name.chars().all(allowed);
            return if valid { Ok(Pattern::PermissionSet(name.to_owned())) } else { Err(BadPattern) };
        }
        match Arn::parse(text) {
            Some(arn) if matches!(arn.service, "iam" | "sts") && !text.chars().any(char::is_whitespace) => {
                Ok(Pattern::Arn(text.to_owned()))
            }
            _ => Err(BadPattern),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pattern::PermissionSet(name) => write!(f, "permission-set:{name}"),
            Pattern::Arn(arn) => f.write_str(arn),
        }
    }
}

impl Pattern {
    /// Tells whether the caller fits the pattern.
    pub fn matches(&self, identity: &Identity) -> bool {
        match self {
            Pattern::PermissionSet(name) => identity.permission_set() == Some(name),
            Pattern::Arn(pattern) => {
                arn_matches(pattern, &identity.arn)
                    || identity.role_arn().is_some_and(|role| arn_matches(pattern, &role))
            }
        }
    }
}

fn arn_matches(pattern: &str, arn: &str) -> bool {
    let (mut patterns, mut parts) = (pattern.split([':', '/']), arn.split([':', '/']));
    loop {
        match (patterns.next(), parts.next()) {
            (None, None) => return true,
            (Some(pattern), Some(part)) if name_matches(pattern, part) => {}
            _ => return false,
        }
    }
}

/// A role of this program, and who has it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RoleMapping {
    /// The role's name, such as `operator`, `responder` or `staff`.
    pub name: String,
    /// Who has it: callers that fit any of these.
    pub patterns: Vec<Pattern>,
}

/// Which role a caller has. Nobody picks a role: it follows from the verified identity.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum RoleResolution {
    /// No role: the dashboards, read-only.
    None,
    /// Exactly one role.
    One(String),
    /// Several roles, which is an error of the configuration: nothing is allowed until it is mended.
    Ambiguous(Vec<String>),
}

/// Finds the role of a caller.
pub fn resolve(roles: &[RoleMapping], identity: &Identity) -> RoleResolution {
    let mut names: Vec<String> = roles
        .iter()
        .filter(|role| role.patterns.iter().any(|pattern| pattern.matches(identity)))
        .map(|role| role.name.clone())
        .collect();
    match names.len() {
        0 => RoleResolution::None,
        1 => RoleResolution::One(names.swap_remove(0)),
        _ => RoleResolution::Ambiguous(names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn caller(arn: &str) -> Identity {
        Identity::from_caller("111122223333", arn, "AROAEXAMPLE:x").unwrap()
    }

    fn role(name: &str, patterns: &[&str]) -> RoleMapping {
        let patterns = patterns.iter().map(|pattern| pattern.parse().unwrap()).collect();
        RoleMapping { name: name.to_owned(), patterns }
    }

    #[rstest]
    #[case("arn:aws:iam::111122223333:root", Principal::Root, "root")]
    #[case("arn:aws:iam::111122223333:user/ann", Principal::User { name: "ann".into() }, "ann")]
    #[case("arn:aws-cn:iam::111122223333:user/a/b/ann", Principal::User { name: "ann".into() }, "ann")]
    #[case("arn:aws:sts::111122223333:federated-user/bob", Principal::Federated { name: "bob".into() }, "bob")]
    #[case("arn:aws:iam::111122223333:user/", Principal::Other, "")]
    #[case("arn:aws:sts::111122223333:assumed-role/only", Principal::Other, "only")]
    #[case("arn:aws:sts::111122223333:self", Principal::Other, "self")]
    fn arns_are_read(#[case] arn: &str, #[case] principal: Principal, #[case] short: &str) {
        let identity = caller(arn);
        assert_eq!(identity.principal, principal);
        assert_eq!(identity.short(), short);
    }

    #[rstest]
    #[case("AWSReservedSSO_SekishoOperator_0123456789abcdef", Some("SekishoOperator"))]
    #[case("AWSReservedSSO_with_underscores_0123456789ABCDEF", Some("with_underscores"))]
    #[case("AWSReservedSSO_Short_0123", None)]
    #[case("AWSReservedSSO__0123456789abcdef", None)]
    #[case("AWSReservedSSO_NotHex_0123456789abcdeg", None)]
    #[case("MyAWSReservedSSO_X_0123456789abcdef", None)]
    #[case("ops", None)]
    fn permission_sets_are_found(#[case] role: &str, #[case] expected: Option<&str>) {
        let identity = caller(&format!("arn:aws-us-gov:sts::111122223333:assumed-role/{role}/op-0137"));
        assert_eq!(identity.permission_set(), expected);
        assert_eq!(identity.short(), "op-0137");
    }

    #[rstest]
    #[case("1111", "arn:aws:iam::1111:root")]
    #[case("111122223333", "arn:aws:iam::444455556666:root")]
    #[case("111122223333", "arn:aws:ec2::111122223333:instance/i-1")]
    #[case("111122223333", "not an arn")]
    #[case("111122223333", "arn:aws:iam::111122223333:")]
    fn answers_that_contradict_themselves_are_refused(#[case] account: &str, #[case] arn: &str) {
        assert!(Identity::from_caller(account, arn, "x").is_err());
    }

    #[rstest]
    #[case("arn:aws:iam::111122223333:user/emergency-*", "arn:aws:iam::111122223333:user/emergency-1", true)]
    #[case("arn:aws:iam::111122223333:user/*", "arn:aws:iam::111122223333:user/path/ann", false)]
    #[case("arn:aws:iam::*:user/ann", "arn:aws:iam::111122223333:user/ann", true)]
    #[case("arn:aws:iam::444455556666:user/*", "arn:aws:iam::111122223333:user/ann", false)]
    #[case("arn:aws:iam::111122223333:role/ops", "arn:aws:sts::111122223333:assumed-role/ops/x", true)]
    #[case("arn:aws:sts::111122223333:assumed-role/ops/*", "arn:aws:sts::111122223333:assumed-role/ops/x", true)]
    #[case("arn:aws:sts::111122223333:assumed-role/*-admin", "arn:aws:sts::111122223333:assumed-role/r/x-admin", false)]
    #[case("arn:aws:iam::111122223333:role/*admin", "arn:aws:sts::111122223333:assumed-role/r/x-admin", false)]
    #[case("arn:aws-cn:iam::111122223333:role/ops", "arn:aws:sts::111122223333:assumed-role/ops/x", false)]
    fn arn_patterns_go_part_by_part(#[case] pattern: &str, #[case] arn: &str, #[case] fits: bool) {
        assert_eq!(pattern.parse::<Pattern>().unwrap().matches(&caller(arn)), fits);
    }

    #[rstest]
    #[case("")]
    #[case("permission-set:")]
    #[case("permission-set:two words")]
    #[case("permission-set:*")]
    #[case("PermissionSet:X")]
    #[case("arn:aws:s3:::bucket")]
    #[case("arn:aws:iam::111122223333")]
    #[case("arn:aws:iam::111122223333:user/a b")]
    fn what_matches_nobody_is_no_pattern(#[case] text: &str) {
        assert_eq!(text.parse::<Pattern>(), Err(BadPattern));
    }

    #[test]
    fn a_caller_has_one_role_or_none() {
        let roles = [
            role("operator", &["permission-set:SystemAdministrator", "permission-set:SupportUser"]),
            role("staff", &["permission-set:Administrator", "arn:aws:iam::111122223333:user/emergency-*"]),
            role("auditor", &["arn:aws:iam::111122223333:user/emergency-audit"]),
        ];
        let sso = |set: &str| {
            caller(&format!("arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_{set}_0123456789abcdef/op-0137"))
        };
        assert_eq!(resolve(&roles, &sso("SupportUser")), RoleResolution::One("operator".into()));
        assert_eq!(resolve(&roles, &sso("administrator")), RoleResolution::None);
        assert_eq!(
            resolve(&roles, &caller("arn:aws:iam::111122223333:user/emergency-audit")),
            RoleResolution::Ambiguous(vec!["staff".into(), "auditor".into()])
        );
    }

    #[rstest]
    #[case("assumed-role/ops/op-0137", "assumed-role/ops/op-0137", true)]
    #[case("assumed-role/ops/op-0137", "assumed-role/ops/op-0138", false)]
    #[case(
        "assumed-role/ops/assume-role-from-profile-1763769600000",
        "assumed-role/ops/assume-role-from-profile-1763773200000",
        true
    )]
    #[case(
        "assumed-role/ops/assume-role-from-profile-1763769600000",
        "assumed-role/dev/assume-role-from-profile-1763769600000",
        false
    )]
    #[case("assumed-role/ops/x-1763769600000", "assumed-role/ops/y-1763769600000", false)]
    #[case("assumed-role/ops/x-1763769600000", "assumed-role/ops/x", false)]
    fn a_session_named_by_the_time_is_nobody_else(#[case] known: &str, #[case] new: &str, #[case] same: bool) {
        let [known, new] = [known, new].map(|resource| caller(&format!("arn:aws:sts::111122223333:{resource}")));
        assert_eq!(known.is_same_caller(&new), same);
    }

    proptest! {
        #[test]
        fn no_answer_breaks_the_reader(account in ".*", arn in ".*", rest in ".*") {
            let _ = Identity::from_caller(&account, &arn, "");
            let _ = Identity::from_caller("111122223333", &format!("arn:aws:sts::111122223333:{rest}"), "")
                .map(|identity| identity.short().len());
        }

        #[test]
        fn a_pattern_is_written_as_it_is_read(text in "(permission-set:[a-zA-Z]{1,32}|arn:aws:iam::[0-9*]{1,12}:[a-z/*]{1,20})") {
            prop_assert_eq!(text.parse::<Pattern>().unwrap().to_string(), text);
        }
    }
}
