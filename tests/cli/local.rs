//! What needs no account: configuration, keys, help, completions, the manual page.

use std::fs;

use rstest::rstest;

use super::home::Home;

#[test]
fn an_unknown_key_is_pointed_at_in_both_languages() {
    let home = Home::new()
        .config("lang = \"en\"\n\n[[environment]]\nname = \"prd\"\nregions = [\"eu-west-1\"]\nregoins = []\n");
    let file = home.path(".config/sekisho/config.toml");
    let ran = home.run("get services").exits(2).complains("\"regoins\" is no key of [[environment]].");
    assert!(ran.err.starts_with(&format!("{}:6:1: ", file.display())), "{}", ran.err);
    assert!(ran.err.contains("\"regions\""), "{}", ran.err);
    home.run("--lang ja get services").exits(2).complains(":6:1: ").complains("regoins");
    home.run("doctor").exits(2).complains(":6:1: ");
    // What needs no environments does not ask for them.
    home.run("keys").exits(0).quietly();
}

#[rstest]
#[case("get services --config nowhere.toml", "There is no such file.")]
#[case("--theme neon get services", "\"neon\" is no theme.")]
#[case("--keymap ed keys", "\"ed\" is no keymap.")]
#[case("get services --endpoint-url ftp://x", "is not the URL of an endpoint.")]
#[case("get", "<VIEW> is lacking.")]
#[case("get alarm", "Did you mean \"alarms\"?")]
#[case("servces", "There is no command \"servces\".")]
#[case("--nope", "There is no argument \"--nope\" here.")]
#[case("demo --at soon", "\"soon\" is no time for --at")]
#[case("demo --scenario nonsense", "There is no scenario \"nonsense\". There are: bad-deploy quiet")]
#[case("--demo --as root get services", "The simulated account knows no role \"root\".")]
#[case("--demo --env nowhere get services", "There is no environment named \"nowhere\".")]
#[case("get services --demo --env prd --env prod", "Did you mean \"prd\"?")]
#[case("demo --listen 127.0.0.1:0 --env prd --env nope", "Those that there are: prd, stg, dev.")]
#[case("--demo --profile prd get services", "--profile is about AWS")]
#[case("demo --region eu-west-1", "--region is about AWS")]
#[case("--demo --endpoint-url http://127.0.0.1:1 keys", "--endpoint-url is about AWS")]
#[case("--as staff", "--as works on the simulated account only")]
#[case("keys --check nowhere.toml", "There is no such file.")]
#[case("completions tcsh", "\"tcsh\" is no value for <SHELL>")]
fn faults_of_the_command_line_end_in_2_with_a_sentence(#[case] arguments: &str, #[case] says: &str) {
    let ran = Home::new().set("AWS_REGION", "eu-west-1").run(arguments).exits(2).complains(says);
    assert_eq!(ran.out, "");
    assert!(!ran.err.contains("panicked"));
}

#[rstest]
#[case("http://ops:SECRET@127.0.0.1:1", "--endpoint-url holds a user name or a password.")]
#[case("http://ops:SEC/SECRET@127.0.0.1:1", "--endpoint-url holds a user name or a password.")]
#[case("ops:SECRET@127.0.0.1:1", "--endpoint-url holds a user name or a password.")]
#[case("127.0.0.1/SECRET", "--endpoint-url is not the URL of an endpoint.")]
#[case("https://127.0.0.1:1/?token=SECRET", "--endpoint-url is not the URL of an endpoint.")]
fn a_secret_in_an_endpoint_is_refused_and_not_repeated(#[case] url: &str, #[case] says: &str) {
    let home = Home::new().set("AWS_REGION", "eu-west-1");
    for command in ["get services", "get queue -o json", "doctor", "keys"] {
        let ran = home.run(&format!("{command} --endpoint-url {url}")).exits(2).complains(says);
        assert!(!ran.err.contains("SECRET") && ran.out.is_empty(), "{}{}", ran.out, ran.err);
    }
    let ran = home.run(&format!("doctor --lang ja --endpoint-url {url}")).exits(2);
    assert!(!ran.err.contains("SECRET"), "{}", ran.err);
}

#[test]
fn a_secret_in_the_endpoint_of_the_environment_is_not_shown() {
    let home = Home::new()
        .set("AWS_REGION", "eu-west-1")
        .set("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        .set("AWS_SECRET_ACCESS_KEY", "key")
        .set("AWS_ENDPOINT_URL", "http://ops:SECRET@127.0.0.1:1");
    for command in ["get services", "get services -o json", "doctor"] {
        let ran = home.run(command);
        assert!(!ran.out.contains("SECRET") && !ran.err.contains("SECRET"), "{}{}", ran.out, ran.err);
    }
}

#[test]
fn the_language_is_the_flags_then_the_variables_then_the_locales() {
    let home = Home::new();
    home.run("--nope").exits(2).complains("There is no argument");
    home.run("--lang ja --nope").exits(2).complains("「--nope」という引数はここでは使えません。");
    let home = Home::new().set("LANG", "ja_JP.UTF-8");
    home.run("--nope").exits(2).complains("という引数はここでは使えません。");
    home.run("--lang en --nope").exits(2).complains("There is no argument");
    let home = home.set("SEKISHO_LANG", "en");
    home.run("--nope").exits(2).complains("There is no argument");
    home.run("--help").exits(0).quietly().says("A terminal operations console for AWS");
    home.run("--help --lang ja").exits(0).quietly().says("AWSの運用コンソール");
    home.run("--lang fr").exits(2).complains("en, ja");
}

#[test]
fn help_version_manual_and_completions_go_to_standard_output() {
    let home = Home::new();
    home.run("--version").exits(0).quietly().says(env!("CARGO_PKG_VERSION"));
    home.run("get --help").exits(0).quietly().says("services");
    home.run("man").exits(0).quietly().says(".TH");
    home.run("man --lang ja").exits(0).quietly().says("運用コンソール");
    for shell in ["bash", "zsh", "fish"] {
        home.run(&format!("completions {shell}")).exits(0).quietly().says("sekisho");
    }
}

#[test]
fn init_writes_a_configuration_once_that_the_program_then_takes() {
    let aws = "[default]\nregion = ap-northeast-1\n[profile shop-prd]\nregion = ap-northeast-1\n\
               sso_account_id = 111122223333\n";
    let home = Home::new().file(".aws/config", aws);
    home.run("init").exits(0).quietly().says("profiles found: 2");
    let path = home.path(".config/sekisho/config.toml");
    let written = fs::read_to_string(&path).unwrap();
    assert!(written.contains("name = \"shop-prd\"") && written.contains("kind = \"prd\""), "{written}");
    home.run("init").exits(2).complains("is there already").complains("--force");
    assert_eq!(fs::read_to_string(&path).unwrap(), written);
    home.run("init --force").exits(0);
    let printed = home.run("init -").exits(0).quietly();
    assert_eq!(printed.out, written);
    home.run("keys").exits(0).quietly();
    home.run("get services --env nowhere").exits(2).complains("default, shop-prd");
}

#[test]
fn keys_lists_what_is_in_force_and_checks_a_file() {
    let own = "[services]\n\"z z\" = \"sort\"\n";
    let home = Home::new().file(".config/sekisho/keymap.toml", own).config("");
    home.run("keys").exits(0).quietly().says("z z").says("half-page-down");
    home.run("keys --lang ja").exits(0).quietly().says("z z");
    home.run("keys --keymap vim").exits(0).quietly().says("g g");
    home.run("keys --keymap emacs").exits(0).quietly().says("ctrl-x ctrl-c");
    let home = home.file("bad.toml", "[services]\n\"z\" = \"sort\"\n\"z z\" = \"open\"\n\"q\" = \"no-such\"\n");
    let ran = home.run("keys --check bad.toml").exits(2);
    assert!(ran.err.contains("bad.toml:4:") && ran.err.contains("There is no command \"no-such\"."), "{}", ran.err);
    assert!(ran.err.contains("cannot both be typed"), "{}", ran.err);
    assert_eq!(ran.out, "");
    let home = home.file("good.toml", own);
    home.run("keys --check good.toml").exits(0).quietly().says("good.toml: no faults.");
    // A broken keymap keeps the console from starting, and not `get`.
    let home = home.file(".config/sekisho/keymap.toml", "[services]\n\"x\" = \"no-such\"\n");
    home.run("keys").exits(2).complains("keymap.toml:2:");
}
