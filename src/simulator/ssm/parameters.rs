//! Parameter Store.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-parameter-store.html>

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex_lite::RegexBuilder;

use super::error;
use super::nodes::tokened;
use crate::simulator::call::Call;
use crate::simulator::clock::Millis;
use crate::simulator::iam::{self, Demand};
use crate::simulator::kms;
use crate::simulator::paging;
use crate::simulator::wire::{ApiError, Input, Object, Value, list, object};

/// The most bytes of a value: in the standard tier, and in the advanced one.
const LARGEST: [(usize, &str); 2] = [(4 * 1024, "Standard"), (8 * 1024, "Advanced")];
/// How deep a hierarchy may be.
const DEEPEST: usize = 15;
/// How many versions are kept.
const KEPT_VERSIONS: usize = 100;
/// The key that seals what names no other: AWS's own, which everybody in the account may use.
const USUAL_KEY: &str = "alias/aws/ssm";

/// The parameters of an account in a region.
#[derive(Debug, Default)]
pub struct Parameters(Mutex<BTreeMap<String, Parameter>>);

/// A parameter.
#[derive(Debug, Clone)]
struct Parameter {
    kind: &'static str,
    tier: &'static str,
    data_type: String,
    pattern: Option<String>,
    versions: Vec<Version>,
}

/// A version of a parameter.
#[derive(Clone)]
struct Version {
    number: i64,
    /// The value, or the blob that it is sealed in.
    value: String,
    /// The ARN of the key that sealed it; nothing where that is AWS's own.
    key: Option<String>,
    modified: Millis,
}

impl std::fmt::Debug for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Version")
            .field("number", &self.number)
            .field("modified", &self.modified)
            .finish_non_exhaustive()
    }
}

impl Parameters {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Parameter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The parameters of the caller's account where the call is made.
fn here<'a>(call: &Call<'a>) -> Result<&'a Parameters, ApiError> {
    let closed = || {
        ApiError::new("UnrecognizedClientException", "The security token included in the request is invalid.")
            .or_code("InvalidClientTokenId")
    };
    call.here().map(|region| &region.parameters).ok_or_else(closed)
}

fn arn(call: &Call<'_>, name: &str) -> String {
    let name = name.strip_prefix('/').unwrap_or(name);
    format!("arn:aws:ssm:{}:{}:parameter/{name}", call.region, call.principal.account)
}

fn not_found(name: &str) -> ApiError {
    error("ParameterNotFound", format!("Parameter {name} not found."))
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationException", message)
}

/// Whether a parameter may be called so.
fn check_name(name: &str) -> Result<(), ApiError> {
    let letter = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    let whole = name.chars().all(letter) && !name.contains("//") && !name.ends_with('/');
    if !whole || (name.contains('/') && !name.starts_with('/')) {
        return Err(invalid(
            "Parameter name must be a fully qualified name: only a-z, A-Z, 0-9 and _.-/ are allowed, and a hierarchy begins \
             with a slash.",
        ));
    }
    let first = name.trim_start_matches('/').to_ascii_lowercase();
    if first.starts_with("aws") || first.starts_with("ssm") {
        return Err(invalid("No access to reserved parameter name."));
    }
    if name.matches('/').count() > DEEPEST {
        let message = format!("A hierarchy may have {DEEPEST} levels at most.");
        return Err(error("HierarchyLevelLimitExceededException", message));
    }
    Ok(())
}

/// Makes a parameter, or gives it another value.
pub fn put_parameter(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let (name, text) = (input.required("Name")?, input.required("Value")?);
    check_name(name)?;
    let kind = match input.text("Type")? {
        None => None,
        Some("String") => Some("String"),
        Some("StringList") => Some("StringList"),
        Some("SecureString") => Some("SecureString"),
        Some(word) => {
            let rule = "Member must satisfy enum value set: [SecureString, StringList, String]";
            return Err(ApiError::constraint(word, "Type", rule));
        }
    };
    let tier = tier(input.text("Tier")?, text)?;
    if let Some(pattern) = input.text("AllowedPattern")? {
        allows(pattern, text)?;
    }
    let overwrite = input.boolean("Overwrite")?.unwrap_or(false);
    let mut all = here(call)?.lock();
    let known = all.get(name);
    if known.is_some() && !overwrite {
        let message =
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.";
        return Err(error("ParameterAlreadyExists", message));
    }
    let kind = kind.or_else(|| known.map(|known| known.kind));
    let kind = kind.ok_or_else(|| invalid("A parameter type is required when you create a parameter."))?;
    if known.is_some_and(|known| known.kind != kind) {
        let message = "A parameter's type cannot be changed.";
        return Err(error("HierarchyTypeMismatchException", message));
    }
    if let Some(pattern) = known.and_then(|known| known.pattern.as_deref()) {
        allows(pattern, text)?;
    }
    let (value, key) = if kind == "SecureString" { sealed(call, input, name, text)? } else { (text.to_owned(), None) };
    let parameter = all.entry(name.to_owned()).or_insert_with(|| Parameter {
        kind,
        tier,
        data_type: String::new(),
        pattern: None,
        versions: Vec::new(),
    });
    let number = parameter.versions.last().map_or(1, |last| last.number + 1);
    parameter.versions.push(Version { number, value, key, modified: call.now });
    if parameter.versions.len() > KEPT_VERSIONS {
        parameter.versions.remove(0);
    }
    parameter.tier = tier;
    input.text("DataType")?.unwrap_or("text").clone_into(&mut parameter.data_type);
    parameter.pattern = input.text("AllowedPattern")?.map(str::to_owned).or(parameter.pattern.take());
    Ok(object().with("Version", number).with("Tier", tier).into())
}

/// The tier that a value of this size is kept in.
fn tier(wanted: Option<&str>, value: &str) -> Result<&'static str, ApiError> {
    let fits = LARGEST.into_iter().find(|(most, _)| value.len() <= *most);
    match (wanted, fits) {
        (None | Some("Standard"), Some((_, "Standard"))) => Ok("Standard"),
        (Some("Advanced"), Some(_)) => Ok("Advanced"),
        (Some("Intelligent-Tiering"), Some((_, tier))) => Ok(tier),
        (None | Some("Standard"), _) => Err(invalid(
            "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter \
             value, upgrade the parameter to use the advanced-parameter tier.",
        )),
        (Some("Advanced" | "Intelligent-Tiering"), None) => {
            Err(invalid("Advanced tier parameters support a maximum parameter value of 8192 characters."))
        }
        (Some(word), _) => {
            let rule = "Member must satisfy enum value set: [Standard, Advanced, Intelligent-Tiering]";
            Err(ApiError::constraint(word, "Tier", rule))
        }
    }
}

fn allows(pattern: &str, value: &str) -> Result<(), ApiError> {
    let built = RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(1 << 20).build();
    let wrong =
        |_| error("InvalidAllowedPatternException", "The request does not meet the regular expression requirement.");
    if built.map_err(wrong)?.is_match(value) {
        return Ok(());
    }
    let message = format!("Parameter value, cannot be validated against allowedPattern: {pattern}");
    Err(error("ParameterPatternMismatchException", message))
}

/// What a sealed value is bound to.
fn context(call: &Call<'_>, name: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("PARAMETER_ARN".to_owned(), arn(call, name))])
}

/// Demands that a key of the account may be used for a parameter; AWS's own may be by everybody.
fn may_use(call: &Call<'_>, action: &str, key: &str, name: &str) -> Result<(), ApiError> {
    let demand = Demand::new(action, key)
        .with("kms:ViaService", format!("ssm.{}.amazonaws.com", call.region))
        .with("kms:EncryptionContext:PARAMETER_ARN", arn(call, name));
    iam::require(call, &demand)
}

/// Seals a value with the key that is named.
fn sealed(call: &Call<'_>, input: Input<'_>, name: &str, text: &str) -> Result<(String, Option<String>), ApiError> {
    let key = match input.text("KeyId")?.filter(|key| *key != USUAL_KEY) {
        None => None,
        Some(key) => {
            let missing = |_| error("InvalidKeyId", format!("Invalid keyId {key}"));
            Some(kms::key_arn(call, key).map_err(missing)?)
        }
    };
    if let Some(key) = &key {
        may_use(call, "kms:Encrypt", key, name)?;
    }
    let with = key.as_deref().unwrap_or(USUAL_KEY);
    let blob = call.gateway.keys().encrypt(with, text.as_bytes(), &context(call, name));
    let blob = blob.ok_or_else(|| ApiError::internal("The value could not be sealed."))?;
    Ok((STANDARD.encode(blob), key))
}

/// Opens a sealed value.
fn opened(call: &Call<'_>, name: &str, version: &Version) -> Result<String, ApiError> {
    if let Some(key) = &version.key {
        may_use(call, "kms:Decrypt", key, name)?;
    }
    let wrong = || error("InvalidKeyId", "The value cannot be opened.");
    let blob = STANDARD.decode(&version.value).map_err(|_| wrong())?;
    let bytes = call.gateway.keys().decrypt(&blob, &context(call, name)).map_err(|_| wrong())?.plaintext;
    String::from_utf8(bytes).map_err(|_| wrong())
}

/// Takes a name apart: the parameter's, and `:VERSION` behind it.
fn selected(call: &Call<'_>, named: &str) -> (String, Option<String>) {
    let prefix = format!("arn:aws:ssm:{}:{}:parameter", call.region, call.principal.account);
    let name = named.strip_prefix(prefix.as_str()).unwrap_or(named);
    match name.split_once(':') {
        None => (name.to_owned(), None),
        Some((name, selector)) => (name.to_owned(), Some(selector.to_owned())),
    }
}

/// Finds a parameter in a version, and writes it.
fn written(call: &Call<'_>, named: &str, decrypt: bool) -> Result<Object, ApiError> {
    let (name, selector) = selected(call, named);
    let parameter = here(call)?.lock().get(&name).cloned().ok_or_else(|| not_found(named))?;
    let version = match &selector {
        None => parameter.versions.last(),
        Some(number) => parameter.versions.iter().find(|version| version.number.to_string() == *number),
    };
    let version = version.ok_or_else(|| {
        let message =
            format!("Systems Manager could not find version {} of {name}.", selector.as_deref().unwrap_or("1"));
        error("ParameterVersionNotFound", message)
    })?;
    let is_sealed = parameter.kind == "SecureString";
    let value = if is_sealed && decrypt { opened(call, &name, version)? } else { version.value.clone() };
    Ok(object()
        .with("Name", &name)
        .with("Type", parameter.kind)
        .with("Value", value)
        .with("Version", version.number)
        .with("Selector", selector.map(|selector| format!(":{selector}")))
        .time("LastModifiedDate", version.modified)
        .with("ARN", arn(call, &name))
        .with("DataType", &parameter.data_type))
}

fn decrypts(input: Input<'_>) -> Result<bool, ApiError> {
    Ok(input.boolean("WithDecryption")?.unwrap_or(false))
}

/// Answers a parameter.
pub fn get_parameter(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let parameter = written(call, input.required("Name")?, decrypts(input)?)?;
    Ok(object().with("Parameter", parameter).into())
}

/// Answers up to ten parameters, and the names that are nobody's.
pub fn get_parameters(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let names = input.texts("Names")?.unwrap_or_default();
    if names.is_empty() || names.len() > 10 {
        let rule = "Member must have length less than or equal to 10, greater than or equal to 1";
        return Err(ApiError::constraint(&format!("{names:?}"), "Names", rule));
    }
    let decrypt = decrypts(input)?;
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for name in names {
        match written(call, name, decrypt) {
            Ok(parameter) => found.push(Value::from(parameter)),
            Err(error) if error.shape.starts_with("Parameter") => missing.push(name.to_owned()),
            Err(error) => return Err(error),
        }
    }
    Ok(object().with("Parameters", found).with("InvalidParameters", list(missing)).into())
}

/// Answers the parameters below a path, ten a page at most.
pub fn get_parameters_by_path(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let path = input.required("Path")?;
    if !path.starts_with('/') {
        return Err(invalid(
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \
             \"/\".",
        ));
    }
    if input.has("ParameterFilters") {
        return Err(error("InvalidFilterKey", "The simulated account takes no filters here."));
    }
    let size = input.page_size("MaxResults", 10, 10)?;
    let (recursive, decrypt) = (input.boolean("Recursive")?.unwrap_or(false), decrypts(input)?);
    let below = format!("{}/", path.trim_end_matches('/'));
    let scope = format!("{}/{below}/{recursive}", call.scope("GetParametersByPath"));
    let after = tokened(input, &scope)?;
    let names: Vec<String> = here(call)?
        .lock()
        .keys()
        .filter(|name| name.strip_prefix(below.as_str()).is_some_and(|rest| recursive || !rest.contains('/')))
        .cloned()
        .collect();
    let (page, token) = paging::cut(&scope, names, after.as_deref(), size);
    let shown = page.iter().map(|name| written(call, name, decrypt)).collect::<Result<Vec<_>, _>>()?;
    Ok(object().with("Parameters", list(shown)).with("NextToken", token).into())
}

/// Takes a parameter away.
pub fn delete_parameter(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = input.required("Name")?;
    here(call)?.lock().remove(name).map(|_| object().into()).ok_or_else(|| not_found(name))
}
