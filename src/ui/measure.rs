//! How wide the words of the language are, so that a column is as wide as what can stand in it.

use jiff::SignedDuration;

use crate::domain::alarm::AlarmState;
use crate::domain::queue::Place;
use crate::domain::text;
use crate::i18n::Texts;
use crate::state::State;
use crate::t;

use super::{Ui, words};

/// The most cells that the name of an environment takes in a column.
const ENVIRONMENT_MOST: u16 = 12;

/// Returns the cells of the widest of some texts.
pub fn widest<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> u16 {
    let cells = texts.into_iter().map(|text| text::width(text.as_ref())).max().unwrap_or(0);
    u16::try_from(cells).unwrap_or(u16::MAX)
}

/// Returns the cells of a column's title with the mark of its order.
pub fn title(title: &str) -> u16 {
    widest([title]).saturating_add(2)
}

/// Returns the cells of the widest age.
pub fn ages(texts: Texts) -> u16 {
    let [minute, hour, day] = [1, 60, 60 * 24];
    widest([0, 59 * minute, 47 * hour, 999 * day].map(|age| words::age(texts, SignedDuration::from_mins(age))))
}

/// Returns an age at the right of the room that any age needs: for lines that are no table.
pub fn age(texts: Texts, age: &str) -> String {
    text::pad_left(age, usize::from(ages(texts)))
}

/// Returns the cells of the widest state of an alarm, its mark included.
pub fn alarm_states(ui: &Ui) -> u16 {
    let states = [AlarmState::Ok, AlarmState::InsufficientData, AlarmState::Alarm];
    widest(states.map(|state| {
        let (mark, word, _) = ui.alarm_state(state);
        format!("{mark} {word}")
    }))
}

/// Returns the cells that a column of environments needs, and those it would like: for what belongs to none, where some
/// of the rows do.
pub fn environments(state: &State, ui: &Ui, mut places: impl Iterator<Item = Place>) -> (u16, u16) {
    let names = widest(state.environments.iter().map(|environment| &environment.name)).clamp(4, ENVIRONMENT_MOST);
    let unassigned = places.any(|place| place.environment.is_none()).then(|| t!(ui.texts, "screens.unassigned"));
    (names, widest(unassigned).clamp(names, ENVIRONMENT_MOST.max(names)))
}
