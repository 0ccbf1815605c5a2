//! The findings of a scenario, and what its steps make of them.

use super::Builder;
use crate::simulator::clock::{DAY, HOUR, Millis, SECOND};
use crate::simulator::random::{Dice, stable_hash, unit};
use crate::simulator::scenario::{AccountFile, FindingFile, Product, Span, StepFile, find_finding};
use crate::simulator::world::finding::{Change, Edits, Finding, FindingGroup, Findings, Hub, known_control};

/// How long before the story a finding was seen that does not say it.
const USUAL_AGE: Millis = 40 * DAY;
/// How long it takes until what people change of a finding is seen: minutes with AWS, less where somebody watches.
const USUAL_DELAY: Millis = 40 * SECOND;

impl Builder<'_> {
    /// Makes what Security Hub holds of an account.
    pub fn findings(&self, index: usize, account: &AccountFile) -> Findings {
        let mut dice = Dice::new(self.file.seed, &["hub", &account.id]);
        let aggregator = dice.uuid();
        let file = &account.hub;
        let aggregation = file.aggregation.as_ref().map(|region| {
            (region.clone(), format!("arn:aws:securityhub:{region}:{}:finding-aggregator/{aggregator}", account.id))
        });
        let hub = Hub {
            on: !file.off,
            subscribed: self.start - dice.between(200, 800) * DAY - dice.between(0, 23) * HOUR,
            aggregation,
            linked: file.linked.clone(),
            delay: file.delay.map_or(USUAL_DELAY, Span::millis),
        };
        let groups = account.finding.iter().map(toml::Spanned::get_ref).enumerate();
        let groups = groups.map(|(place, one)| self.group((index, place), account, one)).collect();
        Findings { account: account.id.clone(), account_name: account.name.clone(), hub, groups }
    }

    fn group(&self, place: (usize, usize), account: &AccountFile, one: &FindingFile) -> FindingGroup {
        let known = one.control.as_deref().and_then(known_control);
        let region = one.region.as_ref().or(account.regions.first()).cloned().unwrap_or_default();
        let title = one.title.clone().or_else(|| known.map(|control| control.title.to_owned())).unwrap_or_default();
        let is_control = one.product == Product::SecurityHub && one.control.is_some();
        let severity = one.severity.clone().or_else(|| known.map(|control| control.severity.to_owned()));
        let kind = one.resource_type.clone().or_else(|| known.map(|control| control.resource_type.to_owned()));
        let resource_type = kind.unwrap_or_else(|| "AwsAccount".to_owned());
        let mut dice = Dice::new(self.file.seed, &["resource", &account.id, &place.1.to_string()]);
        let resource = one.resource.clone().unwrap_or_else(|| unnamed(&resource_type, &mut dice));
        FindingGroup {
            seed: self.file.seed,
            generator: one.product.generator(&region, &account.id, one.control.as_deref(), self.file.seed),
            product: one.product,
            control: one.control.clone(),
            description: one.description.clone().unwrap_or_else(|| title.clone()),
            title,
            times: one.times,
            severity,
            normalized: one.normalized,
            workflow: one.workflow.clone().unwrap_or_else(|| "NEW".to_owned()),
            record: one.record.clone().unwrap_or_else(|| "ACTIVE".to_owned()),
            compliance: one.compliance.clone().or_else(|| is_control.then(|| "FAILED".to_owned())),
            resource_type,
            resource,
            own_kind: one.kind.clone(),
            kind: one.product.kind(one.kind.as_deref()),
            remediation: one.remediation.clone(),
            url: one.url.clone(),
            omit: one.omit.clone(),
            findings: self.members(place, account, one),
            region,
        }
    }

    fn members(&self, place: (usize, usize), account: &AccountFile, one: &FindingFile) -> Vec<Finding> {
        let number = place.1.to_string();
        let steps: Vec<(Millis, &StepFile)> = self.finding_steps(place, one);
        let appears = steps.iter().find(|(_, step)| step.finding.as_ref().is_some_and(|step| step.appears));
        let changes: Vec<(Millis, Change)> = steps.iter().flat_map(|(at, step)| changes(*at, step)).collect();
        let count = one.count.unwrap_or(1);
        let reach = one.seen.map_or(USUAL_AGE, Span::millis);
        (1..=count)
            .map(|n| {
                let hash = stable_hash(self.file.seed, &["finding", &account.id, &number, &n.to_string()]);
                let created = match appears {
                    Some((at, _)) => *at,
                    None if one.seen.is_some() && count == 1 => self.start - reach,
                    None => self.start - spread(reach, hash),
                };
                Finding { number: n, created, changes: changes.clone(), hash, edits: Edits::default() }
            })
            .collect()
    }

    /// The steps that speak of a finding, in the order of their times.
    fn finding_steps(&self, place: (usize, usize), one: &FindingFile) -> Vec<(Millis, &StepFile)> {
        let Some(name) = &one.name else { return Vec::new() };
        let steps = self.file.step.iter().map(toml::Spanned::get_ref);
        let meant = steps.filter(|step| {
            let finding = step.finding.as_ref().filter(|finding| finding.name == *name);
            finding.is_some_and(|one| find_finding(self.file, one.account.as_deref(), &one.name) == Ok(place))
        });
        let mut timed: Vec<(Millis, &StepFile)> = meant.map(|step| (self.at(step), step)).collect();
        timed.sort_by_key(|(at, _)| *at);
        timed
    }
}

/// A part of a duration, drawn.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a year of milliseconds fits a double"
)]
fn spread(reach: Millis, hash: u64) -> Millis {
    (reach as f64 * unit(hash)) as Millis
}

fn changes(at: Millis, step: &StepFile) -> Vec<(Millis, Change)> {
    let Some(one) = &step.finding else { return Vec::new() };
    let resolved = one.resolved.then_some(Change::Resolved);
    let workflow = one.workflow.clone().map(Change::Workflow);
    let severity = one.severity.clone().map(Change::Severity);
    [resolved, workflow, severity].into_iter().flatten().map(|change| (at, change)).collect()
}

/// A name for what a finding was found on, where the scenario has none.
fn unnamed(kind: &str, dice: &mut Dice) -> String {
    match kind {
        "AwsEc2SecurityGroup" => format!("sg-0{}", dice.hex(16)),
        "AwsEc2Instance" => format!("i-0{}", dice.hex(16)),
        "AwsEc2Vpc" => format!("vpc-0{}", dice.hex(16)),
        "AwsEc2NetworkAcl" => format!("acl-0{}", dice.hex(16)),
        "AwsCloudFrontDistribution" => format!("E{}", dice.letters(13)),
        "AwsIamAccessKey" => format!("AKIA{}", dice.letters(16)),
        "AwsKmsKey" | "AwsCertificateManagerCertificate" => dice.uuid(),
        _ => format!("resource-{}", dice.hex(8)),
    }
}
