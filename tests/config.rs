//! Loads configurations as users write them, right and wrong.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use rstest::rstest;
use sekisho::config::aws::{Form, Profiles};
use sekisho::config::{
    Config, ConfigError, CredentialSource, EnvironmentConfig, Flags, Glyphs, JournalConfig, RoleConfig, Surroundings,
    to_toml,
};
use sekisho::domain::environment::{Environment, Kind};
use sekisho::i18n::{Lang, Texts};

const AWS_CONFIG: &str = "[default]
region = eu-west-1
[profile system-c]
region = ap-northeast-1
sso_account_id = 111122223333
[profile nowhere]
[profile 検証 用]
region = ap-northeast-3
";

fn around() -> Surroundings {
    let mut profiles = Profiles::default();
    profiles.add(AWS_CONFIG, Form::Config);
    Surroundings { profiles, region: Some("ap-northeast-1".to_owned()), ..Surroundings::default() }
}

fn load_file(path: &Path) -> Result<Config, Vec<ConfigError>> {
    let flags = Flags { config: Some(path.to_path_buf()), ..Flags::default() };
    Config::load_in(&flags, &around())
}

fn load(text: &str, flags: &Flags) -> Result<Config, Vec<ConfigError>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, text).unwrap();
    Config::load_in(flags, &Surroundings { config_file: Some(path), ..around() })
}

fn codes(result: Result<Config, Vec<ConfigError>>) -> Vec<&'static str> {
    result.unwrap_err().iter().map(|error| error.problem.code()).collect()
}

fn corpus(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn every_valid_file_loads() {
    let files = corpus("valid");
    assert!(files.len() >= 8);
    for file in files {
        let config = load_file(&file).unwrap_or_else(|errors| panic!("{}: {errors:#?}", file.display()));
        assert!(!config.environments.is_empty());
        assert!(config.environments.iter().all(|config| !config.environment.regions.is_empty()));
    }
}

#[test]
fn every_invalid_file_has_just_the_faults_that_it_says() {
    let files = corpus("invalid");
    assert!(files.len() >= 40);
    let mut wrong = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let expected = text.lines().next().unwrap().trim_start_matches("# ");
        let errors = load_file(&file).expect_err(&file.display().to_string());
        assert!(errors.iter().all(|error| error.place.file.as_ref() == Some(&file)));
        let found: Vec<String> = errors
            .iter()
            .map(|error| {
                let position = error.place.position.unwrap();
                format!("{}:{}: {}", position.line, position.column, error.problem.code())
            })
            .collect();
        if found.join(", ") != expected {
            wrong.push(format!("{}: {expected} but {}", file.display(), found.join(", ")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Tells whether a placeholder was left unfilled.
fn has_placeholder(told: &str) -> bool {
    let mut names = told.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    names.any(|(name, _)| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase()))
}

#[test]
fn every_fault_says_where_what_and_what_to_do_in_both_languages() {
    for file in corpus("invalid") {
        for error in load_file(&file).unwrap_err() {
            for lang in Lang::ALL {
                let told = error.render(Texts::of(lang));
                let (what, advice) = told.split_once("\n    ").unwrap();
                let place = format!("{}:", file.display());
                assert!(what.starts_with(&place) && what.len() > place.len() + 8, "{told}");
                assert!(!advice.is_empty() && !has_placeholder(&told), "{told}");
                assert!(told.chars().all(|c| c == '\n' || !c.is_control()), "{told:?}");
            }
        }
    }
}

#[rstest]
#[case("profile = \"sytem-c\"", "system-c")]
#[case("kind = \"production\"", "prd")]
#[case("kind = \"stage\"", "stg")]
#[case("regoins = []", "regions")]
#[case("regions = [\"ap-norteast_1\"]", "ap-northeast-1")]
fn a_misspelt_word_is_answered_with_the_one_that_was_meant(#[case] row: &str, #[case] meant: &str) {
    let errors = load(&format!("[[environment]]\nname = \"x\"\n{row}\n"), &Flags::default()).unwrap_err();
    assert!(errors.iter().any(|error| error.to_string().contains(&format!("Did you mean \"{meant}\"?"))), "{errors:?}");
}

#[test]
fn the_documented_example_means_what_it_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/valid/documented.toml");
    let config = load_file(&file).unwrap();
    assert_eq!((config.lang, config.keymap.as_str()), (Lang::Ja, "default"));
    let [EnvironmentConfig { environment, credentials }] = config.environments.as_slice() else { panic!("one") };
    assert_eq!((environment.name.as_str(), environment.kind), ("prd", Kind::Prd));
    assert_eq!(environment.account.unwrap().hyphenated(), "1111-2222-3333");
    assert!(environment.owns_cluster("shop-prd-web") && !environment.owns_cluster("shop-dev-web"));
    assert_eq!(environment.catalogue.as_deref(), Some("/etc/sekisho/prd"));
    assert_eq!(credentials, &CredentialSource::Profile("system-c".to_owned()));
    assert_eq!(config.roles[1].name, "staff");
    assert_eq!(config.file.as_deref(), Some(file.as_path()));
    assert_eq!(config.keymap_file, Some(file.with_file_name("keymap.toml")));
}

#[test]
fn without_a_file_the_current_profile_and_region_make_one_environment() {
    let nowhere = Surroundings { config_file: Some("/nonexistent/config.toml".into()), ..around() };
    let config = Config::load_in(&Flags::default(), &nowhere).unwrap();
    assert_eq!(config.file, None);
    let [only] = config.environments.as_slice() else { panic!("one") };
    assert_eq!(only.environment.name, "default");
    assert_eq!(only.environment.kind, Kind::Unknown);
    assert_eq!(only.environment.regions, ["ap-northeast-1"]);
    assert_eq!(only.credentials, CredentialSource::Current);
    assert_eq!((config.glyphs, config.mouse, config.utc), (Glyphs::Unicode, true, false));
}

#[rstest]
#[case(Some("sa-east-1"), Some("us-east-1"), Some("system-c"), "sa-east-1")]
#[case(None, Some("us-east-1"), Some("system-c"), "us-east-1")]
#[case(None, None, Some("system-c"), "ap-northeast-1")]
#[case(None, None, None, "eu-west-1")]
fn a_region_comes_from_the_flag_then_the_environment_then_the_profile(
    #[case] flag: Option<&str>,
    #[case] variable: Option<&str>,
    #[case] profile: Option<&str>,
    #[case] expected: &str,
) {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let flags = Flags { region: owned(flag), profile: owned(profile), ..Flags::default() };
    let around = Surroundings { region: owned(variable), ..around() };
    let config = Config::load_in(&flags, &around).unwrap();
    assert_eq!(config.environments[0].environment.regions, [expected]);
    assert_eq!(config.environments[0].environment.name, profile.unwrap_or("default"));
}

#[test]
fn without_any_region_it_is_said_how_to_give_one() {
    let flags = Flags { profile: Some("nowhere".to_owned()), ..Flags::default() };
    let around = Surroundings { region: None, ..around() };
    let errors = Config::load_in(&flags, &around).unwrap_err();
    assert_eq!(errors[0].problem.code(), "no-region");
    assert!(errors[0].render(Texts::of(Lang::Ja)).contains("--region"));
}

const TWO: &str = "[[environment]]\nname = \"prd\"\nprofile = \"system-c\"\n\
    [[environment]]\nname = \"dev\"\nregions = [\"us-east-1\"]\n";

#[test]
fn environments_are_chosen_by_name_in_the_order_of_the_file() {
    let chosen = |names: &[&str]| {
        let environments = names.iter().map(|&name| name.to_owned()).collect();
        let config = load(TWO, &Flags { environments, ..Flags::default() }).unwrap();
        config.environments.into_iter().map(|config| config.environment.name).collect::<Vec<_>>()
    };
    assert_eq!(chosen(&[]), ["prd", "dev"]);
    assert_eq!(chosen(&["dev"]), ["dev"]);
    assert_eq!(chosen(&["dev", "prd"]), ["prd", "dev"]);
    let flags = Flags { environments: vec!["prod".to_owned()], ..Flags::default() };
    let errors = load(TWO, &flags).unwrap_err();
    assert_eq!(errors[0].problem.code(), "unknown-environment");
    assert!(errors[0].to_string().contains("\"prd\""), "{}", errors[0]);
    let flags = Flags { environments: vec!["prd".to_owned()], ..Flags::default() };
    assert_eq!(codes(load("", &flags)), ["unknown-environment"]);
}

#[test]
fn profile_and_region_go_over_one_environment_and_never_over_several() {
    let flags = |name: Option<&str>| Flags {
        environments: name.iter().map(|&name| name.to_owned()).collect(),
        profile: Some("nowhere".to_owned()),
        region: Some("sa-east-1".to_owned()),
        ..Flags::default()
    };
    assert_eq!(codes(load(TWO, &flags(None))), ["ambiguous-override", "ambiguous-override"]);
    let config = load(TWO, &flags(Some("prd"))).unwrap();
    assert_eq!(config.environments[0].credentials, CredentialSource::Profile("nowhere".to_owned()));
    assert_eq!(config.environments[0].environment.regions, ["sa-east-1"]);
}

#[test]
fn flags_go_over_the_file() {
    let text = "lang = \"ja\"\nkeymap = \"default\"\nmouse = true\nutc = false\nglyphs = \"ascii\"\n";
    let flags = Flags {
        lang: Some(Lang::En),
        keymap: Some("vim".to_owned()),
        utc: true,
        no_mouse: true,
        endpoint_url: Some("http://127.0.0.1:4566".to_owned()),
        ..Flags::default()
    };
    let config = load(text, &flags).unwrap();
    assert_eq!((config.lang, config.keymap.as_str(), config.utc, config.mouse), (Lang::En, "vim", true, false));
    assert_eq!(config.glyphs, Glyphs::Ascii);
    assert_eq!(config.endpoint_url.as_deref(), Some("http://127.0.0.1:4566"));
    assert_eq!(load(text, &Flags::default()).unwrap().lang, Lang::Ja);
    assert_eq!(load("", &Flags::default()).unwrap().lang, around().lang);
}

#[test]
fn every_fault_of_the_flags_is_told() {
    let flags = Flags {
        keymap: Some("emacz".to_owned()),
        theme: Some("dark".to_owned()),
        region: Some("tokyo".to_owned()),
        endpoint_url: Some("localhost:4566".to_owned()),
        profile: Some("none".to_owned()),
        ..Flags::default()
    };
    let expected = ["unknown-value", "unknown-value", "bad-region", "bad-endpoint", "unknown-profile"];
    assert_eq!(codes(load("", &flags)), expected);
}

#[test]
fn a_file_that_was_asked_for_must_be_there_and_readable() {
    assert_eq!(codes(load_file(Path::new("/nonexistent/x.toml"))), ["no-file"]);
    assert_eq!(codes(load_file(Path::new("/"))), ["unreadable"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    fs::write(&path, b"lang = \"\xff\"").unwrap();
    let errors = load_file(&path).unwrap_err();
    assert_eq!(errors[0].place.to_string(), format!("{}:1:9", path.display()));
    assert_eq!(errors[0].problem.code(), "not-utf8");
    fs::write(&path, vec![b'\n'; 2_000_000]).unwrap();
    assert_eq!(codes(load_file(&path)), ["too-large"]);
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_no_fault() {
    let config = load("\u{feff}lang = \"ja\"\r\nutc = true\r\n", &Flags::default()).unwrap();
    assert_eq!((config.lang, config.utc), (Lang::Ja, true));
}

#[test]
fn preferences_load_whatever_the_environments_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, "lang = \"ja\"\n[[environment]]\nprofile = \"gone\"\n[[role]]\n").unwrap();
    let surroundings = Surroundings { config_file: Some(path.clone()), ..Surroundings::default() };
    let config = Config::load_preferences(&Flags::default(), &surroundings).unwrap();
    assert_eq!((config.lang, config.environments.len()), (Lang::Ja, 0));
    fs::write(&path, "lang = 1").unwrap();
    assert_eq!(codes(Config::load_preferences(&Flags::default(), &surroundings)), ["wrong-type"]);
}

#[test]
fn an_aws_file_that_cannot_be_read_is_the_fault_and_not_the_profile() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = Profiles::read(Some(folder.path()), None);
    let flags = Flags { profile: Some("x".to_owned()), ..Flags::default() };
    let errors = Config::load_in(&flags, &Surroundings { profiles, ..around() }).unwrap_err();
    assert_eq!(errors[0].problem.code(), "unreadable");
    assert_eq!(errors[0].place.file.as_deref(), Some(folder.path()));
}

#[test]
fn secrets_are_not_shown() {
    let keys = CredentialSource::Static {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret: "hush-secret".to_owned(),
        token: Some("hush-token".to_owned()),
        expires: None,
    };
    let assumed = CredentialSource::AssumeRole { role_arn: "arn".to_owned(), source: Box::new(keys.clone()) };
    let shown = format!("{keys:?} {keys:#?} {assumed:?}");
    assert!(shown.contains("AKIDEXAMPLE") && !shown.contains("hush"), "{shown}");
}

fn any_environment() -> impl Strategy<Value = EnvironmentConfig> {
    let credentials = prop_oneof![
        Just(CredentialSource::Current),
        prop::sample::select(vec!["system-c", "nowhere", "検証 用"])
            .prop_map(|name| CredentialSource::Profile(name.to_owned())),
        prop::sample::select(vec![CredentialSource::Current, CredentialSource::Profile("nowhere".to_owned())])
            .prop_map(|source| CredentialSource::AssumeRole {
                role_arn: "arn:aws:iam::111122223333:role/ops".to_owned(),
                source: Box::new(source)
            }),
    ];
    let kind = prop::sample::select(vec![Kind::Dev, Kind::Stg, Kind::Prd, Kind::Unknown]);
    let regions = prop::sample::subsequence(vec!["ap-northeast-1", "us-east-1", "eu-west-1"], 1..=3);
    let patterns = || prop::collection::vec("[^\\x00-\\x1f\\x7f]{1,12}", 0..3);
    let catalogue = prop::option::of("/[a-z\"\\\\]{1,8}");
    (credentials, kind, prop::bool::ANY, regions, (patterns(), patterns(), patterns()), catalogue).prop_map(
        |(credentials, kind, account, regions, (clusters, alarms, web_acls), catalogue)| EnvironmentConfig {
            environment: Environment {
                name: String::new(),
                kind,
                account: account.then(|| "111122223333".parse().unwrap()),
                regions: regions.into_iter().map(str::to_owned).collect(),
                clusters,
                alarms,
                web_acls,
                catalogue,
            },
            credentials,
        },
    )
}

fn any_config() -> impl Strategy<Value = Config> {
    let environments = prop::collection::vec(any_environment(), 1..4);
    let role = prop::collection::vec("permission-set:[A-Za-z]{1,8}", 1..3);
    let roles = prop::collection::vec(role, 0..3);
    let lang = prop::sample::select(Lang::ALL.to_vec());
    let glyphs = prop::sample::select(vec![Glyphs::Unicode, Glyphs::Ascii]);
    let keymap = prop::sample::select(vec!["default", "vim", "emacs"]);
    (environments, roles, lang, glyphs, keymap, prop::bool::ANY, prop::bool::ANY).prop_map(
        |(mut environments, roles, lang, glyphs, keymap, mouse, utc)| {
            for (index, config) in environments.iter_mut().enumerate() {
                config.environment.name = format!("環境 \"{index}\"");
            }
            let role = |(index, patterns): (usize, Vec<String>)| RoleConfig {
                name: format!("role-{index}"),
                patterns: patterns.iter().map(|pattern| pattern.parse().unwrap()).collect(),
            };
            Config {
                file: None,
                keymap_file: None,
                lang,
                keymap: keymap.to_owned(),
                theme: "default".to_owned(),
                glyphs,
                mouse,
                utc,
                endpoint_url: None,
                catalogue: None,
                journal: mouse.then(|| JournalConfig {
                    log_group: "/sekisho/journal".to_owned(),
                    home: environments.last().cloned(),
                }),
                environments,
                chosen: false,
                roles: roles.into_iter().enumerate().map(role).collect(),
            }
        },
    )
}

proptest! {
    #[test]
    fn a_configuration_is_read_as_it_was_written(config in any_config()) {
        let read = load(&to_toml(&config), &Flags::default()).map_err(|errors| {
            TestCaseError::fail(format!("{errors:#?}\n{}", to_toml(&config)))
        })?;
        prop_assert_eq!(Config { file: None, keymap_file: None, ..read }, config);
    }

    #[test]
    fn no_text_breaks_the_loader(text in "(?s)(\\[\\[(environment|role)\\]\\]\n|(name|kind|regions|match|lang|x) = |\"[a-z*:]{0,6}\"|[0-9\\[\\],]|\n|.){0,24}") {
        if let Err(errors) = load(&text, &Flags::default()) {
            prop_assert!(!errors.is_empty());
            for error in errors {
                let told = error.render(Texts::of(Lang::Ja));
                prop_assert!(told.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", told);
            }
        }
    }
}

#[test]
fn the_journals_heads_are_kept_with_an_environments_credentials() {
    let environments = "[[environment]]\nname = \"dev\"\nregions = [\"ap-northeast-1\"]\n\
                        [[environment]]\nname = \"prd\"\nregions = [\"us-east-1\"]\n";
    let home = |text: &str, flags: &Flags| {
        let config = load(&format!("{text}{environments}"), flags).unwrap();
        config.journal.map(|journal| (journal.log_group, journal.home.unwrap().environment.name))
    };
    let named = "[journal]\nlog_group = \"/sekisho/journal\"\nenvironment = \"prd\"\n";
    let prd = Some(("/sekisho/journal".to_owned(), "prd".to_owned()));
    assert_eq!(home(named, &Flags::default()), prd);
    // Also where a flag chose another one for this run.
    let only_dev = Flags { environments: vec!["dev".to_owned()], ..Flags::default() };
    assert_eq!(home(named, &only_dev), prd);
    let first = "[journal]\nlog_group = \"x\"\n";
    assert_eq!(home(first, &Flags::default()), Some(("x".to_owned(), "dev".to_owned())));
    assert_eq!(home("", &Flags::default()), None);
}
