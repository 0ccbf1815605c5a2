//! Expands `count`, and finds what a step or an alarm speaks of.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use toml::Spanned;

use super::model::{
    AccountFile, AlarmFile, EnvironmentFile, FindingFile, MetricFile, ScenarioFile, ServiceFile, WebAclFile,
};

/// Writes out what a scenario says in short: `count = 60` with `svc-{n}` becomes sixty.
pub fn expand(mut file: ScenarioFile) -> ScenarioFile {
    file.environment = expand_plain(file.environment);
    file.account = expand_all(file.account, |one| one.count, |one, n| filled_account(one, &|text| fill(text, 'a', n)));
    for account in &mut file.account {
        let account = account.get_mut();
        account.service = expand_all(
            std::mem::take(&mut account.service),
            |one| one.count,
            |one, n| ServiceFile { count: None, ..filled_service(one, &number(n)) },
        );
        account.alarm = expand_all(
            std::mem::take(&mut account.alarm),
            |one| one.count,
            |one, n| AlarmFile { count: None, ..filled_alarm(one, &number(n)) },
        );
        account.web_acl = expand_all(
            std::mem::take(&mut account.web_acl),
            |one| one.count,
            |one, n| WebAclFile { count: None, ..filled_web_acl(one, &number(n)) },
        );
    }
    file
}

/// What puts a number in the place of `{n}`.
fn number(n: u32) -> impl Fn(&str) -> String {
    move |text| fill(text, 'n', n)
}

fn expand_all<T>(items: Vec<Spanned<T>>, count: fn(&T) -> Option<u32>, numbered: fn(&T, u32) -> T) -> Vec<Spanned<T>> {
    let mut all = Vec::with_capacity(items.len());
    for item in items {
        match count(item.get_ref()) {
            None => all.push(item),
            Some(count) => {
                let span = item.span();
                all.extend((1..=count).map(|n| Spanned::new(span.clone(), numbered(item.get_ref(), n))));
            }
        }
    }
    all
}

fn expand_plain(items: Vec<EnvironmentFile>) -> Vec<EnvironmentFile> {
    let numbered = |one: &EnvironmentFile, n: u32| {
        let filled = |texts: &[String]| texts.iter().map(|text| fill(text, 'n', n)).collect();
        EnvironmentFile {
            count: None,
            name: fill(&one.name, 'n', n),
            kind: one.kind.clone(),
            account: fill(&one.account, 'n', n),
            clusters: filled(&one.clusters),
            alarms: filled(&one.alarms),
            web_acls: filled(&one.web_acls),
        }
    };
    let expanded = items.into_iter().flat_map(|one| match one.count {
        None => vec![one],
        Some(count) => (1..=count).map(|n| numbered(&one, n)).collect(),
    });
    expanded.collect()
}

/// What fills the places of a text.
type Filler<'a> = &'a dyn Fn(&str) -> String;

fn filled_map(map: &BTreeMap<String, String>, filler: Filler<'_>) -> BTreeMap<String, String> {
    map.iter().map(|(key, value)| (key.clone(), filler(value))).collect()
}

fn filled_option(text: Option<&String>, filler: Filler<'_>) -> Option<String> {
    text.map(|text| filler(text))
}

fn filled_each<T>(items: &[Spanned<T>], filled: impl Fn(&T) -> T) -> Vec<Spanned<T>> {
    items.iter().map(|item| Spanned::new(item.span(), filled(item.get_ref()))).collect()
}

fn filled_account(one: &AccountFile, filler: Filler<'_>) -> AccountFile {
    let mut account = AccountFile { count: None, id: filler(&one.id), name: filler(&one.name), ..one.clone() };
    for cluster in &mut account.cluster {
        let cluster = cluster.get_mut();
        (cluster.name, cluster.tags) = (filler(&cluster.name), filled_map(&cluster.tags, filler));
    }
    account.service = filled_each(&one.service, |one| filled_service(one, filler));
    account.alarm = filled_each(&one.alarm, |one| filled_alarm(one, filler));
    account.web_acl = filled_each(&one.web_acl, |one| filled_web_acl(one, filler));
    account.metric =
        filled_each(&one.metric, |one| MetricFile { dimensions: filled_map(&one.dimensions, filler), ..one.clone() });
    account.finding = filled_each(&one.finding, |one| FindingFile {
        name: filled_option(one.name.as_ref(), filler),
        title: filled_option(one.title.as_ref(), filler),
        description: filled_option(one.description.as_ref(), filler),
        resource: filled_option(one.resource.as_ref(), filler),
        ..one.clone()
    });
    account
}

fn filled_service(one: &ServiceFile, filler: Filler<'_>) -> ServiceFile {
    ServiceFile {
        name: filler(&one.name),
        cluster: filler(&one.cluster),
        image: filler(&one.image),
        balancer: filled_option(one.balancer.as_ref(), filler),
        tags: filled_map(&one.tags, filler),
        ..one.clone()
    }
}

fn filled_alarm(one: &AlarmFile, filler: Filler<'_>) -> AlarmFile {
    AlarmFile {
        name: filler(&one.name),
        description: filler(&one.description),
        service: filled_option(one.service.as_ref(), filler),
        cluster: filled_option(one.cluster.as_ref(), filler),
        rule: filled_option(one.rule.as_ref(), filler),
        dimensions: filled_map(&one.dimensions, filler),
        ..one.clone()
    }
}

fn filled_web_acl(one: &WebAclFile, filler: Filler<'_>) -> WebAclFile {
    WebAclFile {
        name: filler(&one.name),
        metric: filled_option(one.metric.as_ref(), filler),
        logging: filled_option(one.logging.as_ref(), filler),
        resources: one.resources.iter().map(|text| filler(text)).collect(),
        ..one.clone()
    }
}

/// Puts a number in the place of `{n}`, or of another letter, padded with zeros to the width of `{nnn}`.
pub fn fill(text: &str, letter: char, n: u32) -> String {
    let mut filled = String::with_capacity(text.len() + 4);
    let mut rest = text;
    let opening = ['{', letter].iter().collect::<String>();
    while let Some(start) = rest.find(&opening) {
        let (before, from) = rest.split_at(start);
        filled.push_str(before);
        let width = from.chars().skip(1).take_while(|c| *c == letter).count();
        if let Some(after) = from.get(1 + width..).and_then(|after| after.strip_prefix('}')) {
            let _ = write!(filled, "{n:0width$}");
            rest = after;
        } else {
            filled.push_str(&opening);
            rest = from.get(2..).unwrap_or_default();
        }
    }
    filled.push_str(rest);
    filled
}

/// Where a service stands in a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Which account.
    pub account: usize,
    /// Which of the account's services.
    pub service: usize,
}

/// Finds the one service that is meant.
pub fn find_service(
    file: &ScenarioFile,
    account: Option<&str>,
    cluster: Option<&str>,
    name: &str,
) -> Result<Place, String> {
    let mut found = Vec::new();
    for (at, one) in file.account.iter().enumerate() {
        let one = one.get_ref();
        if account.is_some_and(|id| id != one.id) {
            continue;
        }
        found.extend(matching(one, cluster, name).map(|service| Place { account: at, service }));
    }
    match found[..] {
        [place] => Ok(place),
        [] => Err(format!("there is no service `{name}` there")),
        _ => Err(format!("there are {} services `{name}`: say `cluster`, or `account`, as well", found.len())),
    }
}

fn matching(account: &AccountFile, cluster: Option<&str>, name: &str) -> impl Iterator<Item = usize> {
    account
        .service
        .iter()
        .enumerate()
        .filter(move |(_, one)| {
            one.get_ref().name == name && cluster.is_none_or(|cluster| cluster == one.get_ref().cluster)
        })
        .map(|(index, _)| index)
}

/// Finds the one account whose web ACL is meant, and its place among them.
pub fn find_web_acl(file: &ScenarioFile, account: Option<&str>, name: &str) -> Result<(usize, usize), String> {
    let named = |of: &AccountFile| of.web_acl.iter().position(|one| one.get_ref().name == name);
    one_of_accounts(file, account, "web ACL", name, named)
}

/// Finds the one account whose finding is meant, and its place among them.
pub fn find_finding(file: &ScenarioFile, account: Option<&str>, name: &str) -> Result<(usize, usize), String> {
    let named = |of: &AccountFile| of.finding.iter().position(|one| one.get_ref().name.as_deref() == Some(name));
    one_of_accounts(file, account, "finding", name, named)
}

fn one_of_accounts(
    file: &ScenarioFile,
    account: Option<&str>,
    what: &str,
    name: &str,
    named: impl Fn(&AccountFile) -> Option<usize>,
) -> Result<(usize, usize), String> {
    let accounts = file.account.iter().map(Spanned::get_ref).enumerate();
    let meant = accounts.filter(|(_, one)| account.is_none_or(|id| id == one.id));
    let found: Vec<(usize, usize)> = meant.filter_map(|(at, one)| Some((at, named(one)?))).collect();
    match found[..] {
        [place] => Ok(place),
        [] => Err(format!("there is no {what} `{name}` there")),
        _ => Err(format!("{} accounts have a {what} `{name}`: say `account` as well", found.len())),
    }
}

/// Whether an alarm of that name is there.
pub fn find_alarm(file: &ScenarioFile, account: Option<&str>, name: &str) -> bool {
    let mut accounts = file.account.iter().map(Spanned::get_ref).filter(|one| account.is_none_or(|id| id == one.id));
    accounts.any(|one| one.alarm.iter().any(|alarm| alarm.get_ref().name == name))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("svc-{n}", "svc-7")]
    #[case("svc-{nnn}", "svc-007")]
    #[case("{n}-{nn}", "7-07")]
    #[case("{x}-{n", "{x}-{n")]
    #[case("目{n}黒", "目7黒")]
    fn fills(#[case] text: &str, #[case] filled: &str) {
        assert_eq!(fill(text, 'n', 7), filled);
    }
}
