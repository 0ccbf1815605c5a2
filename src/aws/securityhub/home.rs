//! Where findings are read: in the region that gathers those of others, where there is one.

use std::sync::Arc;

use crate::domain::fetch::Failure;

use super::super::{Connection, action::Action, names::unique, site::Site, words::is_region};

/// Tells where this connection reads findings.
#[derive(Debug, Clone)]
pub(in super::super) struct Hub {
    /// The region's site.
    pub(super) site: Arc<Site>,
    /// Whether that is the source's own region because nobody may say which other one it is.
    unsure: bool,
}

impl Hub {
    /// Returns where findings are read and updated.
    pub(in super::super) fn site(&self) -> Arc<Site> {
        Arc::clone(&self.site)
    }

    /// Returns the region, where it is not the source's own.
    pub(super) fn aggregated_in(&self, own: &str) -> Option<String> {
        (self.site.region != own).then(|| self.site.region.clone())
    }
}

impl Connection {
    /// Finds out, once, where findings are read: in the aggregation region, if this region is linked to one.
    ///
    /// The aggregation region holds the findings of all regions that are linked to it. Where that may not be asked, or
    /// Security Hub is off, the own region tells what there is to tell.
    ///
    /// # Errors
    /// A [`Failure`] that may pass: the question is asked again.
    pub(in super::super) async fn hub(&self) -> Result<Hub, Failure> {
        let mut known = self.hub.lock().await;
        if let Some(hub) = &*known {
            return Ok(hub.clone());
        }
        let found = match self.aggregation_region().await {
            Ok(Some(region)) if region != self.region() => Hub { site: self.sites.of(&region), unsure: false },
            Ok(_) => Hub { site: Arc::clone(&self.home), unsure: false },
            Err(failure) if may_pass(&failure) => return Err(failure),
            Err(_) => Hub { site: Arc::clone(&self.home), unsure: true },
        };
        Ok(known.insert(found).clone())
    }

    /// Asks again where findings are read, if that could not be found out.
    pub(in super::super) fn forget_hub(&self) {
        // While it is being found out nobody knows it yet.
        if let Ok(mut hub) = self.hub.try_lock() {
            hub.take_if(|hub| hub.unsure);
        }
    }

    /// Returns the region that gathers the findings of this one; none where there is no such region.
    pub(in super::super) async fn aggregation_region(&self) -> Result<Option<String>, Failure> {
        let site = &self.home;
        let list = || site.securityhub.list_finding_aggregators().send();
        let listed = site.caller.call(Action::ListFindingAggregators, "", list).await?;
        let mut arns = listed.finding_aggregators().iter();
        let Some(arn) = arns.find_map(|aggregator| aggregator.finding_aggregator_arn.as_deref()) else {
            return Ok(None);
        };
        // It lives in its own region: `arn:aws:securityhub:REGION:ACCOUNT:finding-aggregator/ID`.
        let of_arn = region_of(arn);
        if of_arn == Some(self.region()) {
            return Ok(None);
        }
        let at = of_arn.map_or_else(|| Arc::clone(site), |region| self.sites.of(region));
        let get = || at.securityhub.get_finding_aggregator().finding_aggregator_arn(arn).send();
        let aggregator = at.caller.call(Action::GetFindingAggregator, "", get).await?;
        let region = aggregator.finding_aggregation_region.as_deref().or(of_arn).map(unique);
        let mode = aggregator.region_linking_mode.as_deref().unwrap_or_default();
        let named = aggregator.regions().iter().any(|region| region == self.region());
        Ok(region.filter(|region| is_region(region) && is_linked(mode, named)))
    }
}

/// Tells whether a failure says nothing of what the account is like.
fn may_pass(failure: &Failure) -> bool {
    use crate::domain::fetch::FailureKind::{Invalid, NotFound};
    !failure.kind.is_lasting() && !matches!(failure.kind, Invalid | NotFound)
}

/// Tells whether a region is linked, given the mode and whether the list names it (`GetFindingAggregator`).
fn is_linked(mode: &str, named: bool) -> bool {
    match mode {
        "ALL_REGIONS" => true,
        "ALL_REGIONS_EXCEPT_SPECIFIED" => !named,
        "SPECIFIED_REGIONS" => named,
        _ => false,
    }
}

fn region_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(3).filter(|region| is_region(region))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("ALL_REGIONS", false, true)]
    #[case("ALL_REGIONS_EXCEPT_SPECIFIED", false, true)]
    #[case("ALL_REGIONS_EXCEPT_SPECIFIED", true, false)]
    #[case("SPECIFIED_REGIONS", true, true)]
    #[case("SPECIFIED_REGIONS", false, false)]
    #[case("NO_REGIONS", true, false)]
    #[case("SOMETHING_NEW", true, false)]
    fn regions_are_linked_by_name_or_all(#[case] mode: &str, #[case] named: bool, #[case] linked: bool) {
        assert_eq!(is_linked(mode, named), linked);
    }

    #[rstest]
    #[case("arn:aws:securityhub:us-east-1:111122223333:finding-aggregator/0-1", Some("us-east-1"))]
    #[case("arn:aws:securityhub:evil.example/:1:finding-aggregator/0-1", None)]
    #[case("arn", None)]
    fn an_aggregator_names_its_region(#[case] arn: &str, #[case] region: Option<&str>) {
        assert_eq!(region_of(arn), region);
    }
}
