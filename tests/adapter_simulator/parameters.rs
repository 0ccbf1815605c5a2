//! A catalogue in Parameter Store: read to its last page, and none of it holds where any of it cannot be trusted.

use std::{collections::BTreeMap, fs, path::PathBuf};

use aws_sdk_ssm::types::ParameterType;
use rstest::rstest;
use sekisho::{
    aws::{Connection, Now, Shared},
    domain::{
        environment::{Environment, Kind},
        fetch::{Failure, FailureKind},
    },
    i18n::{Lang, Texts},
    runbook::{
        catalogue::{Catalogue, Origin},
        choice::{Catalogues, Contents, Shelf, Shelves},
        error::CatalogueError,
    },
    simulator::{Options, Persona, PolicyTexts, Simulator},
};
use serde_json::{Value, json};

use super::{
    fake::{Fake, Said},
    support::{connect, everything, plan, simulate, start},
};

const PATH: &str = "/shop/prd/sekisho";

const BINDINGS: &str = "[prd]\nservice = \"shop-prd/web\"\n";

const ENTRY: &str = "id = \"look\"\ntitle = { ja = \"調査\", en = \"Look\" }\noperation = \"ecs.exec\"\n\
                     roles = [\"staff\"]\nenvironments = [\"prd\"]\nlimit = \"10m\"\n\
                     target = { ecs_service = \"bind.service\" }\ncommand = \"/bin/sh -c uptime\"\n";

/// A client that may write parameters, which ours cannot.
fn writer(simulator: &Simulator) -> aws_sdk_ssm::Client {
    let (id, secret) = (simulator.access_key_id(), simulator.secret_access_key());
    let token = simulator.session_token().map(str::to_owned);
    let config = aws_sdk_ssm::Config::builder()
        .behavior_version(aws_sdk_ssm::config::BehaviorVersion::latest())
        .endpoint_url(simulator.endpoint())
        .region(aws_sdk_ssm::config::Region::new(simulator.region().to_owned()))
        .credentials_provider(aws_sdk_ssm::config::Credentials::new(id, secret, token, None, "test"));
    aws_sdk_ssm::Client::from_conf(config.build())
}

async fn put(ssm: &aws_sdk_ssm::Client, name: &str, value: &str, kind: ParameterType) {
    let name = format!("{PATH}/{name}");
    ssm.put_parameter().name(name).value(value).r#type(kind).send().await.unwrap();
}

/// Lists the built-in catalogue's files, by their names in a directory of one.
fn built_in() -> BTreeMap<String, String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("runbooks");
    let named = |room: &str| {
        let entries = fs::read_dir(root.join(room)).unwrap().map(|entry| entry.unwrap().file_name());
        entries.map(|name| format!("{room}/{}", name.into_string().unwrap())).collect::<Vec<_>>()
    };
    let names = [vec!["bindings.toml".to_owned()], named("entries"), named("runbooks")].concat();
    names.into_iter().map(|name| (name.clone(), fs::read_to_string(root.join(name)).unwrap())).collect()
}

/// Cuts a text into parts of whole lines, far smaller than a parameter may be, so that there are many.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for line in text.split_inclusive('\n') {
        if parts.last().unwrap().len() + line.len() > 1_500 {
            parts.push(String::new());
        }
        parts.last_mut().unwrap().push_str(line);
    }
    parts
}

fn production() -> Environment {
    Environment {
        name: "prd".to_owned(),
        kind: Kind::Prd,
        account: Some("111122223333".parse().unwrap()),
        catalogue: Some(format!("ssm:{PATH}")),
        ..Environment::default()
    }
}

/// Reads what lies below the path, and loads the catalogue that it is.
async fn load(connection: &Connection) -> Result<Catalogue, Vec<CatalogueError>> {
    let read = connection.parameters(PATH).await;
    choose(read.map(|read| Contents { parameters: read.items, capped: read.capped }))
}

fn choose(contents: Result<Contents, Failure>) -> Result<Catalogue, Vec<CatalogueError>> {
    let shelf = Shelf { environment: "prd".to_owned(), path: PATH.to_owned() };
    let (places, roles) = ([production()], ["operator", "responder", "staff"].map(str::to_owned));
    let catalogues = Catalogues::load(None, &places, &roles, &Shelves::from([(shelf, contents)]))?;
    Ok(catalogues.of(&places[0]).as_ref().clone())
}

fn codes(errors: &[CatalogueError]) -> Vec<&'static str> {
    errors.iter().map(|error| error.problem.code()).collect()
}

/// Says what is wrong in both languages, and that nothing in it can move a cursor.
fn told(errors: &[CatalogueError]) -> String {
    let all: String =
        Lang::ALL.into_iter().flat_map(|lang| errors.iter().map(move |one| one.render(Texts::of(lang)))).collect();
    assert!(!all.chars().any(|c| c.is_control() && c != '\n'), "{all:?}");
    all
}

#[tokio::test]
async fn a_catalogue_of_many_pages_is_the_one_of_its_directory() {
    let simulator = simulate("quiet").await;
    let ssm = writer(&simulator);
    let mut count = 0;
    for (name, text) in built_in() {
        let parts = parts(&text);
        for (index, part) in parts.iter().enumerate() {
            let name = if parts.len() == 1 { name.clone() } else { format!("{name}.{}", index + 1) };
            put(&ssm, &name, part, ParameterType::String).await;
            count += 1;
        }
    }
    simulator.reset_calls();
    let connection = connect(&simulator).await;
    let read = connection.parameters(PATH).await.unwrap();
    assert!(read.items.len() == count && count >= 30 && !read.capped, "{count}: {}", read.items.len());
    let pages = simulator.calls().of("ssm:GetParametersByPath");
    assert_eq!(pages, u64::try_from(count.div_ceil(10)).unwrap());
    let catalogue = load(&connection).await.unwrap_or_else(|errors| panic!("{}", told(&errors)));
    assert_eq!(catalogue.hash(), Catalogue::built_in().hash());
    assert_eq!(catalogue.origin(), &Origin::Parameters(PATH.to_owned()));
    assert!(!catalogue.entries_in(&production()).is_empty());
}

#[tokio::test]
async fn where_iam_denies_it_the_action_is_named_and_nothing_is_allowed() {
    let nothing =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ssm:GetDocument","Resource":"*"}]}"#;
    let personas = BTreeMap::from([(Persona::Responder, vec![nothing.to_owned()])]);
    let policies = PolicyTexts { personas, ..PolicyTexts::default() };
    let simulator = start(everything(), Options { policies, ..Options::default() }).await;
    let errors = load(&connect(&simulator).await).await.unwrap_err();
    assert_eq!(codes(&errors), ["unread"]);
    assert!(told(&errors).contains("ssm:GetParametersByPath"), "{}", told(&errors));
}

fn page(names: &[&str], next: Option<&str>) -> Value {
    let one = |name: &&str| {
        let value = if name.starts_with("bindings") { BINDINGS } else { ENTRY };
        json!({"Name": format!("{PATH}/{name}"), "Type": "String", "Value": value, "Version": 1})
    };
    json!({"Parameters": names.iter().map(one).collect::<Vec<_>>(), "NextToken": next})
}

/// Connects to a service that answers each page as it is told to.
async fn answering(answer: impl Fn(Option<&str>) -> Said + Send + Sync + 'static) -> (Fake, Connection) {
    let fake = Fake::start(move |operation, members| match operation {
        "GetParametersByPath" => {
            assert_eq!((&members["Path"], &members["Recursive"]), (&PATH.into(), &true.into()));
            assert_eq!(members["WithDecryption"], false, "what is sealed stays so");
            answer(members["NextToken"].as_str())
        }
        other => panic!("{other} was not expected"),
    })
    .await;
    let connection = Connection::open(fake.plan(), Shared::new(Now::default())).await.unwrap();
    (fake, connection)
}

#[tokio::test]
async fn half_of_a_catalogue_is_none() {
    let (fake, connection) = answering(|token| match token {
        None => Said::Yes(page(&["bindings.toml", "entries/look.toml"], Some("2"))),
        Some(_) => Said::Denied("*".to_owned()),
    })
    .await;
    let failure = connection.parameters(PATH).await.unwrap_err();
    let missing_action = "ssm:GetParametersByPath".to_owned();
    assert_eq!(failure.kind, FailureKind::Denied { missing_action });
    assert_eq!(codes(&load(&connection).await.unwrap_err()), ["unread"]);
    assert_eq!(fake.called("GetParametersByPath"), 2, "a denial is not asked for again");
}

#[tokio::test]
async fn pages_that_may_be_empty_are_read_to_the_last() {
    let (fake, connection) = answering(|token| match token {
        None => Said::Yes(page(&[], Some("2"))),
        Some("2") => Said::Yes(page(&["entries/look.toml"], Some("3"))),
        Some("3") => Said::Yes(page(&[], Some("4"))),
        Some(_) => Said::Yes(page(&["bindings.toml"], None)),
    })
    .await;
    assert!(load(&connection).await.is_ok());
    assert_eq!(fake.called("GetParametersByPath"), 4);
}

#[tokio::test]
async fn a_store_without_an_end_is_cut_and_refused() {
    let (fake, connection) = answering(|token| {
        let number: usize = token.map_or(0, |token| token.parse().unwrap());
        let names: Vec<String> = (0..250).map(|index| format!("entries/{number}-{index}.toml")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Said::Yes(page(&names, Some(&(number + 1).to_string())))
    })
    .await;
    assert_eq!(codes(&load(&connection).await.unwrap_err()), ["too-many-parameters"]);
    assert_eq!(fake.called("GetParametersByPath"), 8, "2,000 are the most");
    // A token that comes again would lead in a circle.
    let (fake, connection) = answering(|_| Said::Yes(page(&["bindings.toml", "entries/look.toml"], Some("x")))).await;
    assert_eq!(codes(&load(&connection).await.unwrap_err()), ["too-many-parameters"]);
    assert_eq!(fake.called("GetParametersByPath"), 2);
}

#[rstest]
#[case::no_toml("String", "id = \"look\"\n= 7\n", "syntax", "ssm:/shop/prd/sekisho/entries/look.toml:2:1")]
#[case::unknown_key("String", "idd = \"look\"\n", "unknown-key", "ssm:/shop/prd/sekisho/entries/look.toml:1:1")]
#[case::empty("String", "", "missing-key", "ssm:/shop/prd/sekisho/entries/look.toml")]
#[case::sealed("SecureString", "AQICAHh", "not-plain", "ssm:/shop/prd/sekisho")]
#[case::a_list("StringList", "a,b", "not-plain", "ssm:/shop/prd/sekisho")]
#[case::a_type_to_come("Sealed", "x", "not-plain", "ssm:/shop/prd/sekisho")]
#[tokio::test]
async fn what_is_no_entry_is_told_with_its_place(
    #[case] kind: &'static str,
    #[case] value: &'static str,
    #[case] code: &str,
    #[case] place: &str,
) {
    let (_fake, connection) = answering(move |_| {
        let mut page = page(&["bindings.toml", "entries/look.toml"], None);
        page["Parameters"][1]["Type"] = kind.into();
        page["Parameters"][1]["Value"] = value.into();
        Said::Yes(page)
    })
    .await;
    let errors = load(&connection).await.unwrap_err();
    assert!(codes(&errors).contains(&code), "{:?}: {}", codes(&errors), told(&errors));
    assert!(told(&errors).contains(place), "{}", told(&errors));
}

#[tokio::test]
async fn what_is_too_large_or_hostile_is_refused_in_plain_words() {
    let large = format!("{ENTRY}# {}", "x".repeat(9 * 1024 * 1024));
    let (_fake, connection) = answering(move |_| {
        let mut page = page(&["bindings.toml", "entries/look.toml"], None);
        page["Parameters"][1]["Value"] = large.clone().into();
        Said::Yes(page)
    })
    .await;
    let errors = load(&connection).await.unwrap_err();
    assert_eq!(codes(&errors), ["all-too-large"]);
    told(&errors);
    let (_fake, connection) = answering(|_| {
        let mut page = page(&["bindings.toml", "entries/look.toml", "\u{1b}[2J\u{202e}x.toml", "entries/y.toml"], None);
        page["Parameters"][3]["Value"] = "id = \"\u{1b}]0;owned\u{7}\"".into();
        // One without a name, and one without a value.
        let parameters = page["Parameters"].as_array_mut().unwrap();
        parameters.push(json!({"Type": "String", "Value": "x"}));
        parameters.push(json!({"Name": format!("{PATH}/entries/z.toml"), "Type": "String"}));
        Said::Yes(page)
    })
    .await;
    let errors = load(&connection).await.unwrap_err();
    assert!(codes(&errors).contains(&"stray-file"), "{:?}", codes(&errors));
    assert!(!told(&errors).contains('\u{202e}'), "{}", told(&errors));
}

#[tokio::test]
async fn a_secret_below_the_path_is_neither_opened_nor_shown() {
    let simulator = simulate("quiet").await;
    let ssm = writer(&simulator);
    put(&ssm, "bindings.toml", BINDINGS, ParameterType::String).await;
    put(&ssm, "entries/look.toml", "hunter2", ParameterType::SecureString).await;
    let connection = connect(&simulator).await;
    let read = connection.parameters(PATH).await.unwrap();
    assert!(read.items.iter().all(|one| !one.value.contains("hunter2")), "{read:?}");
    let errors = load(&connection).await.unwrap_err();
    assert!(codes(&errors) == ["not-plain"] && !told(&errors).contains("hunter2"), "{}", told(&errors));
}

#[tokio::test]
async fn whose_account_it_is_decides_and_not_the_path() {
    let simulator = simulate("quiet").await;
    put(&writer(&simulator), "bindings.toml", BINDINGS, ParameterType::String).await;
    // The same path in another account is another catalogue: there is none.
    let role = "arn:aws:iam::444455556666:role/SekishoResponder";
    let other = super::support::plan_as_role(&simulator, role);
    let connection = Connection::open(other, Shared::new(Now::default())).await.unwrap();
    assert_eq!(connection.parameters(PATH).await.unwrap().items, []);
    assert_eq!(codes(&load(&connection).await.unwrap_err()), ["no-entries"]);
    let own = Connection::open(plan(&simulator), Shared::new(Now::default())).await.unwrap();
    assert_eq!(own.parameters(PATH).await.unwrap().items.len(), 1);
}
