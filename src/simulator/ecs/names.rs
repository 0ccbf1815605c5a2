//! Names and ARNs as ECS accepts them.

use super::invalid;
use crate::simulator::call::Call;
use crate::simulator::wire::{ApiError, Input};
use crate::simulator::world::{Cluster, Region, Service};

/// Takes the last parts off an ARN, or a short name as it is: `arn:…:service/shop/web` has `shop` and `web`.
pub fn parts<'a>(text: &'a str, kind: &str) -> Vec<&'a str> {
    let resource = match text.strip_prefix("arn:") {
        Some(rest) => rest.splitn(5, ':').nth(4).unwrap_or(rest),
        None => text,
    };
    let short = resource.strip_prefix(kind).and_then(|rest| rest.strip_prefix('/')).unwrap_or(resource);
    short.split('/').collect()
}

/// The cluster that a call is about.
#[derive(Debug, Clone, Copy)]
pub struct Here<'a> {
    pub region: &'a Region,
    pub name: &'a str,
    pub cluster: &'a Cluster,
}

/// Finds the cluster that a call names; `default` where it names none.
pub fn cluster<'a>(call: &Call<'a>, input: Input<'a>) -> Result<Here<'a>, ApiError> {
    let named = input.text("cluster")?.unwrap_or("default");
    let name = parts(named, "cluster").last().copied().unwrap_or(named);
    let found = call.here().and_then(|region| {
        let (name, cluster) = region.clusters.get_key_value(name)?;
        Some(Here { region, name, cluster })
    });
    found.ok_or_else(|| ApiError::new("ClusterNotFoundException", "Cluster not found."))
}

impl<'a> Here<'a> {
    /// Finds one of the cluster's services by its name or ARN.
    pub fn service(&self, text: &str) -> Option<&'a Service> {
        let parts = parts(text, "service");
        let name = match parts[..] {
            [name] => name,
            [cluster, name] if cluster == self.name => name,
            _ => return None,
        };
        self.region.services.get(*self.cluster.services.get(name)?)
    }

    /// The cluster's services, by name.
    pub fn services(&self) -> impl Iterator<Item = &'a Service> + use<'a> {
        let region = self.region;
        self.cluster.services.values().filter_map(move |index| region.services.get(*index))
    }

    /// `arn:aws:ecs:REGION:ACCOUNT:`.
    pub fn arn_prefix(&self) -> String {
        format!("arn:aws:ecs:{}:{}:", self.region.name, self.region.account)
    }

    /// The cluster's ARN.
    pub fn arn(&self) -> String {
        format!("{}cluster/{}", self.arn_prefix(), self.name)
    }
}

/// Reads a list of at most so many names.
pub fn names<'a>(input: Input<'a>, member: &str, noun: &str, most: usize) -> Result<Vec<&'a str>, ApiError> {
    let names = input.texts(member)?.unwrap_or_default();
    if names.is_empty() {
        return Err(invalid(format!("{noun} cannot be empty.")));
    }
    if names.len() > most {
        // ECS says "service names can have at most 10 items."
        let noun = noun.to_lowercase();
        let noun = noun.strip_suffix('s').unwrap_or(&noun);
        return Err(invalid(format!("{noun} names can have at most {most} items.")));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("web", &["web"])]
    #[case("arn:aws:ecs:ap-northeast-1:111122223333:service/shop/web", &["shop", "web"])]
    #[case("arn:aws:ecs:ap-northeast-1:111122223333:service/web", &["web"])]
    #[case("arn:", &[""])]
    #[case("目黒", &["目黒"])]
    fn takes_arns_apart(#[case] text: &str, #[case] expected: &[&str]) {
        assert_eq!(parts(text, "service"), expected);
    }
}
