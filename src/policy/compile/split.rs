//! Policies within the lengths that IAM takes.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::statement::Statement;

/// The longest managed policy, in characters that are not white space.
///
/// Source: IAM User Guide, "IAM and AWS STS quotas": 6,144.
pub const MANAGED: usize = 6_144;

/// The longest inline policy of a permission set, in characters that are not white space.
///
/// Source: IAM Identity Center User Guide, "IAM Identity Center quotas": 32,768.
pub const INLINE: usize = 32_768;

/// A policy: what it is called, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Its statements.
    pub statements: Vec<Statement>,
}

impl Serialize for Policy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut policy = serializer.serialize_struct("Policy", 2)?;
        policy.serialize_field("Version", "2012-10-17")?;
        policy.serialize_field("Statement", &self.statements)?;
        policy.end()
    }
}

impl Policy {
    /// Counts its characters as IAM does, without white space.
    pub fn characters(&self) -> usize {
        characters(self)
    }
}

fn characters(value: &impl Serialize) -> usize {
    let text = serde_json::to_string(value).unwrap_or_default();
    text.chars().filter(|character| !character.is_whitespace()).count()
}

/// Counts what a policy without statements has.
fn frame() -> usize {
    characters(&Policy { name: String::new(), statements: Vec::new() })
}

/// Names what belongs to a role, with the characters that IAM takes.
///
/// Source: IAM API Reference, `CreatePolicy`, `PolicyName`.
pub(super) fn named(role: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let kept: String = role.chars().filter(|c| plain(*c)).collect();
    if kept.is_empty() { "Sekisho-role".to_owned() } else { format!("Sekisho-{kept}") }
}

/// Puts statements into as few managed policies as hold them.
pub(super) fn managed(role: &str, statements: &[Statement]) -> Vec<Policy> {
    let packed = pack(statements, MANAGED, MANAGED);
    let name = named(role);
    let count = packed.len();
    let named = |(number, statements)| {
        let name = if count == 1 { name.clone() } else { format!("{name}-{}", number + 1) };
        Policy { name, statements }
    };
    packed.into_iter().enumerate().map(named).collect()
}

/// Puts statements, in their order, each where it fits first; the first lot may have another length than the others.
pub(super) fn pack(statements: &[Statement], first: usize, others: usize) -> Vec<Vec<Statement>> {
    let frame = frame();
    let mut lots: Vec<(usize, Vec<Statement>)> = Vec::new();
    for statement in statements.iter().flat_map(|statement| halved(statement, others - frame)) {
        // A comma parts it from its neighbour.
        let length = characters(&statement) + 1;
        let limit = |number: usize| if number == 0 { first } else { others } - frame;
        let fitting = lots.iter().enumerate().position(|(number, (used, _))| used + length <= limit(number));
        match fitting {
            Some(number) => {
                lots[number].0 += length;
                lots[number].1.push(statement);
            }
            None => lots.push((length, vec![statement])),
        }
    }
    lots.into_iter().map(|(_, statements)| statements).collect()
}

/// Divides a statement that fits nowhere: half of its resources, or of a condition's values, in each part.
fn halved(statement: &Statement, limit: usize) -> Vec<Statement> {
    if characters(statement) < limit {
        return vec![statement.clone()];
    }
    let Some(halves) = halves(statement) else { return vec![statement.clone()] };
    let name = |(letter, half): (char, Statement)| Statement { sid: format!("{}{letter}", statement.sid), ..half };
    ['A', 'B'].into_iter().zip(halves).map(name).flat_map(|half| halved(&half, limit)).collect()
}

fn halves(statement: &Statement) -> Option<[Statement; 2]> {
    let (mut first, mut second) = (statement.clone(), statement.clone());
    let half = longest(&mut first)?.len() / 2;
    longest(&mut first)?.truncate(half);
    drop(longest(&mut second)?.drain(..half));
    Some([first, second])
}

/// Finds the longest list of a statement of which one value is enough: its resources, or the values of a condition.
fn longest(statement: &mut Statement) -> Option<&mut Vec<String>> {
    let positive = |operator: &String| matches!(operator.as_str(), "StringEquals" | "StringLike" | "ArnLike");
    let conditions = statement.conditions.iter_mut().filter(|(operator, _)| positive(operator));
    let values = conditions.flat_map(|(_, keys)| keys.values_mut());
    let lists = std::iter::once(&mut statement.resources).chain(values);
    lists.max_by_key(|list| list.len()).filter(|list| list.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn many(sid: &str, count: usize) -> Statement {
        let resources = (0..count).map(|number| format!("arn:aws:ecs:ap-northeast-1:111122223333:cluster/{number:04}"));
        Statement { sid: sid.to_owned(), ..Statement::allow(["ecs:DescribeClusters"], resources) }
    }

    #[test]
    fn no_policy_is_too_long_and_nothing_is_lost() {
        let statements = [many("A", 10), many("B", 500), many("C", 60), many("D", 1)];
        let policies = managed("operator", &statements);
        assert!(policies.len() > 3 && policies.iter().all(|policy| policy.characters() <= MANAGED));
        let all = |statements: &[Statement]| {
            let mut resources: Vec<String> = statements.iter().flat_map(|one| one.resources.clone()).collect();
            resources.sort();
            resources
        };
        let kept: Vec<Statement> = policies.iter().flat_map(|policy| policy.statements.clone()).collect();
        assert_eq!(all(&kept), all(&statements));
        assert_eq!(policies[1].name, "Sekisho-operator-2");
        let mut sids: Vec<&str> = kept.iter().map(|statement| statement.sid.as_str()).collect();
        sids.sort_unstable();
        sids.dedup();
        assert_eq!(sids.len(), kept.len());
    }

    #[test]
    fn a_long_condition_is_divided_too() {
        let clusters = (0..400).map(|number| format!("arn:aws:ecs:ap-northeast-1:111122223333:cluster/{number:04}"));
        let listing = Statement::allow(["ecs:ListTasks"], ["*".to_owned()]).when("ArnLike", "ecs:cluster", clusters);
        let parts = halved(&listing, MANAGED);
        assert!(parts.len() > 2 && parts.iter().all(|part| characters(part) < MANAGED && part.resources == ["*"]));
        let values = parts.iter().map(|part| part.conditions["ArnLike"]["ecs:cluster"].len()).sum::<usize>();
        assert_eq!(values, 400);
    }

    #[test]
    fn one_policy_has_no_number_and_a_name_that_iam_takes() {
        assert_eq!(managed("staff", &[many("A", 1)])[0].name, "Sekisho-staff");
        assert_eq!(managed("運用", &[many("A", 1)])[0].name, "Sekisho-role");
        assert!(managed("staff", &[]).is_empty());
    }
}
