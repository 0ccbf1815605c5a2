//! Expands `count`, and finds what a step or an alarm speaks of.

use std::fmt::Write as _;

use toml::Spanned;

use super::model::{AccountFile, AlarmFile, ScenarioFile, ServiceFile};

/// Writes out what a scenario says in short: `count = 60` with `svc-{n}` becomes sixty.
pub fn expand(mut file: ScenarioFile) -> ScenarioFile {
    for account in &mut file.account {
        let account = account.get_mut();
        account.service = expand_all(std::mem::take(&mut account.service), |one| one.count, numbered_service);
        account.alarm = expand_all(std::mem::take(&mut account.alarm), |one| one.count, numbered_alarm);
    }
    file
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

fn numbered_service(one: &ServiceFile, n: u32) -> ServiceFile {
    let number = |text: &String| fill(text, n);
    ServiceFile {
        count: None,
        name: fill(&one.name, n),
        cluster: fill(&one.cluster, n),
        image: fill(&one.image, n),
        balancer: one.balancer.as_ref().map(number),
        ..one.clone()
    }
}

fn numbered_alarm(one: &AlarmFile, n: u32) -> AlarmFile {
    let number = |text: &String| fill(text, n);
    AlarmFile {
        count: None,
        name: fill(&one.name, n),
        description: fill(&one.description, n),
        service: one.service.as_ref().map(number),
        cluster: one.cluster.as_ref().map(number),
        rule: one.rule.as_ref().map(number),
        dimensions: one.dimensions.iter().map(|(key, value)| (key.clone(), fill(value, n))).collect(),
        ..one.clone()
    }
}

/// Puts a number in the place of `{n}`, padded with zeros to the width of `{nnn}`.
fn fill(text: &str, n: u32) -> String {
    let mut filled = String::with_capacity(text.len() + 4);
    let mut rest = text;
    while let Some(start) = rest.find("{n") {
        let (before, from) = rest.split_at(start);
        filled.push_str(before);
        let width = from.chars().skip(1).take_while(|c| *c == 'n').count();
        if let Some(after) = from.get(1 + width..).and_then(|after| after.strip_prefix('}')) {
            let _ = write!(filled, "{n:0width$}");
            rest = after;
        } else {
            filled.push_str("{n");
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
        assert_eq!(fill(text, 7), filled);
    }
}
