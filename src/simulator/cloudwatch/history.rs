//! `DescribeAlarmHistory`.

use serde_json::json;

use super::alarms::types;
use super::describe::Alarm;
use super::{invalid_token, max_records, validation};
use crate::simulator::call::Call;
use crate::simulator::clock::{DAY, Millis, cloudwatch_time};
use crate::simulator::paging;
use crate::simulator::wire::{ApiError, Input, Value, object};
use crate::simulator::world::{AlarmState, Transition};

/// How long CloudWatch keeps an alarm's history.
const KEPT: Millis = 30 * DAY;

/// How many characters an item's data may have.
const LONGEST_DATA: usize = 4_095;

/// A line of an alarm's history.
struct Item<'a> {
    alarm: Alarm<'a>,
    at: Millis,
    kind: &'static str,
    summary: String,
    data: String,
}

/// Lists what happened to alarms, the newest first unless told otherwise.
pub fn describe_alarm_history(call: &Call<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let name = input.text("AlarmName")?;
    let kinds = types(input)?;
    let item_type = input.text("HistoryItemType")?;
    let known =
        ["ConfigurationUpdate", "StateUpdate", "Action", "AlarmContributorStateUpdate", "AlarmContributorAction"];
    if let Some(word) = item_type.filter(|word| !known.contains(word)) {
        return Err(validation(format!(
            "1 validation error detected: Value '{word}' at 'historyItemType' failed to satisfy constraint"
        )));
    }
    let (from, until) = (input.time("StartDate")?, input.time("EndDate")?);
    let ascending = match input.text("ScanBy")? {
        None | Some("TimestampDescending") => false,
        Some("TimestampAscending") => true,
        Some(word) => return Err(validation(format!("The value {word} for parameter ScanBy is invalid."))),
    };
    let size = max_records(input)?;
    let scope = format!("{}/{name:?}/{ascending}", call.scope("DescribeAlarmHistory"));
    let (skip, now) = match input.text("NextToken")? {
        None => (0, call.now),
        Some(token) => place(&scope, token).ok_or_else(invalid_token)?,
    };
    let Some(region) = call.here() else { return Ok(object().with("AlarmHistoryItems", Vec::new()).into()) };
    let tracks = region.tracks(now);
    // A name alone finds an alarm of either kind; without one only the types asked for are shown.
    let alarms = Alarm::all(region, &tracks).into_iter().filter(|alarm| match name {
        Some(name) => alarm.common().name == name && (!input.has("AlarmTypes") || kinds.contains(&alarm.kind())),
        None => kinds.contains(&alarm.kind()),
    });
    let mut items: Vec<Item<'_>> = alarms.flat_map(|alarm| items(alarm, now)).collect();
    items.retain(|item| {
        item.at <= now
            && now - item.at < KEPT
            && item_type.is_none_or(|kind| kind == item.kind)
            && from.is_none_or(|from| item.at >= from)
            && until.is_none_or(|until| item.at <= until)
    });
    items.sort_by(|one, other| {
        one.at.cmp(&other.at).then_with(|| one.alarm.common().name.cmp(&other.alarm.common().name))
    });
    if !ascending {
        items.reverse();
    }
    let more = items.len() > skip + size;
    let written: Vec<Value> = items.iter().skip(skip).take(size).map(write).collect();
    let token = more.then(|| paging::seal(&scope, &format!("{}/{now}", skip + size)));
    Ok(object().with("AlarmHistoryItems", written).with("NextToken", token).into())
}

/// Where the earlier pages ended, and the time as of which they were made.
fn place(scope: &str, token: &str) -> Option<(usize, Millis)> {
    let text = paging::open(scope, token)?;
    let (skip, now) = text.split_once('/')?;
    Some((skip.parse().ok()?, now.parse().ok()?))
}

fn items(alarm: Alarm<'_>, now: Millis) -> Vec<Item<'_>> {
    let common = alarm.common();
    let mut items = Vec::new();
    for (index, (at, enabled)) in common.switched.iter().enumerate() {
        let what = if index == 0 { "Create" } else { "Update" };
        let summary = if index == 0 {
            format!("Alarm \"{}\" created", short(&common.name))
        } else {
            format!("Alarm \"{}\" updated", short(&common.name))
        };
        let data = json!({"version": "1.0", "type": what, "updatedAlarm": {"alarmName": common.name, "actionsEnabled": enabled}});
        items.push(Item { alarm, at: *at, kind: "ConfigurationUpdate", summary, data: data.to_string() });
    }
    for pair in alarm.track().windows(2) {
        let [before, after] = pair else { continue };
        items.push(update(alarm, before, after));
        let actions = match after.state {
            AlarmState::Alarm => common.actions.as_slice(),
            AlarmState::Ok => common.ok_actions.as_slice(),
            AlarmState::InsufficientData => &[],
        };
        if common.actions_enabled(after.at) {
            items.extend(actions.iter().map(|action| acted(alarm, after, action)));
        }
    }
    items.retain(|item| item.at <= now);
    items
}

/// A summary has 255 characters at most, and so a long name is cut in it.
fn short(name: &str) -> String {
    name.chars().take(220).collect()
}

fn update<'a>(alarm: Alarm<'a>, before: &Transition, after: &Transition) -> Item<'a> {
    let state = |t: &Transition, whole: bool| {
        let data =
            t.data.as_deref().filter(|_| whole).and_then(|data| serde_json::from_str::<serde_json::Value>(data).ok());
        json!({"stateValue": t.state.word(), "stateReason": t.reason, "stateReasonData": data})
    };
    let data = |old: bool, new: bool| {
        json!({"version": "1.0", "oldState": state(before, old), "newState": state(after, new)}).to_string()
    };
    // Where there is too much to say, the old state's data is left out first.
    let tries = [(true, true), (false, true), (false, false)].into_iter().map(|(old, new)| data(old, new));
    let data =
        tries.reduce(|one, next| if one.chars().count() <= LONGEST_DATA { one } else { next }).unwrap_or_default();
    Item {
        alarm,
        at: after.at,
        kind: "StateUpdate",
        summary: format!("Alarm updated from {} to {}", before.state.word(), after.state.word()),
        data,
    }
}

fn acted<'a>(alarm: Alarm<'a>, after: &Transition, action: &str) -> Item<'a> {
    let data = json!({
        "actionState": "Succeeded",
        "stateUpdateTimestamp": after.at,
        "notificationResource": action,
        "publishedMessage": {
            "default": json!({
                "AlarmName": alarm.common().name,
                "NewStateValue": after.state.word(),
                "StateChangeTime": cloudwatch_time(after.at),
            }).to_string(),
        },
    });
    let summary = format!("Successfully executed action {action}").chars().take(255).collect();
    Item { alarm, at: after.at, kind: "Action", summary, data: data.to_string() }
}

fn write(item: &Item<'_>) -> Value {
    object()
        .with("AlarmName", &item.alarm.common().name)
        .with("AlarmType", item.alarm.kind())
        .time("Timestamp", item.at)
        .with("HistoryItemType", item.kind)
        .with("HistorySummary", item.summary.clone())
        .with("HistoryData", item.data.clone())
        .into()
}
