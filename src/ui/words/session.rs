//! The words for sessions: links, ends, what bounds them, bytes and time.

use jiff::{SignedDuration, Timestamp};
use ratatui::style::Style;

use crate::domain::session::{ConnectionState, End, Health, Link, Trouble, TroubleKind, Troubles};
use crate::i18n::{Lang, Texts};
use crate::policy::Denial;
use crate::policy::preview::{Bound, Pinned, Preview};
use crate::runbook::entry::{Entry, Operation};
use crate::state::sessions::live::{Live, Refusal};
use crate::t;
use crate::ui::Ui;

use super::{gate, preflight};

/// Returns what people call an entry, in their language.
pub fn title(texts: Texts, entry: &Entry) -> &str {
    match texts.lang() {
        Lang::En => &entry.title.en,
        Lang::Ja => &entry.title.ja,
    }
}

/// Returns why the gate says no, and what would be needed.
pub fn denial(texts: Texts, denial: &Denial) -> String {
    let (problem, need) = gate::denial(texts, denial);
    format!("{problem} {need}")
}

/// Returns what kind of session an operation opens.
pub fn kind(texts: Texts, operation: &Operation) -> &'static str {
    match operation {
        Operation::Shell { .. } => t!(texts, "sessions.kind.shell"),
        Operation::PortForward { .. } => t!(texts, "sessions.kind.tunnel"),
        Operation::Exec { .. } => t!(texts, "sessions.kind.exec"),
        // The catalogue's own name for it, which is everybody's.
        operation => operation.name(),
    }
}

/// Returns what an operation is pinned to: its document, its destination, its command.
pub fn pinned(told: &Preview) -> String {
    let one = |pinned: &Pinned| match pinned {
        Pinned::Document(name) => name.clone(),
        Pinned::Destination { host, port } => format!("{host}:{port}"),
        Pinned::Command(command) => command.clone(),
        Pinned::Status(status) => status.name().to_owned(),
        Pinned::Input { name, value } => format!("{name}={value}"),
    };
    told.pinned.iter().map(one).collect::<Vec<_>>().join("  ")
}

/// Returns what is recorded of an entry's session.
pub fn recorded(texts: Texts, entry: &Entry) -> &'static str {
    match (entry.recorded, &entry.operation) {
        (false, _) => t!(texts, "sessions.form.recorded-not"),
        (true, Operation::PortForward { .. }) => t!(texts, "sessions.form.recorded-tunnel"),
        (true, _) => t!(texts, "sessions.form.recorded-output"),
    }
}

/// Returns mark, words and style of how a link stands.
pub fn link(ui: &Ui, link: &Link, now: Timestamp) -> (&'static str, String, Style) {
    let (glyphs, theme) = (ui.glyphs, &ui.theme);
    match link {
        Link::Connecting => (glyphs.progress, t!(ui.texts, "sessions.link.connecting").to_owned(), theme.progress),
        Link::Starting => (glyphs.progress, t!(ui.texts, "sessions.link.starting").to_owned(), theme.progress),
        Link::Up { round_trip: None } => (glyphs.ok, t!(ui.texts, "sessions.link.up").to_owned(), theme.ok),
        Link::Up { round_trip: Some(trip) } => {
            (glyphs.ok, t!(ui.texts, "sessions.link.up-in", ms = trip.as_millis()), theme.ok)
        }
        Link::Paused => (glyphs.warning, t!(ui.texts, "sessions.link.paused").to_owned(), theme.warning),
        Link::Lost { since, attempt, .. } => {
            let seconds = now.duration_since(*since).as_secs().max(0);
            let words = t!(ui.texts, "sessions.link.lost", attempt = attempt, seconds = seconds);
            (glyphs.critical, words, theme.critical)
        }
        Link::Ended => (glyphs.separator, t!(ui.texts, "sessions.link.ended").to_owned(), theme.dim),
    }
}

/// Returns how a session stands, in one glance: its link, or how it ended.
pub fn standing(ui: &Ui, live: &Live, now: Timestamp) -> (&'static str, String, Style) {
    if live.refusal.is_some() {
        return (ui.glyphs.denied, t!(ui.texts, "sessions.end.refused").to_owned(), ui.theme.critical);
    }
    match &live.end {
        None if !live.is_session() => super::operation::standing(ui, live),
        None => link(ui, &live.link, now),
        Some((End::Finished(finish), _)) => {
            let (mark, style) = super::operation::ending(ui, finish);
            (mark, super::operation::finish(ui.texts, finish).0.to_owned(), style)
        }
        Some((end, _)) => {
            let style = if is_plain(end) { ui.theme.dim } else { ui.theme.critical };
            let mark = if is_plain(end) { ui.glyphs.separator } else { ui.glyphs.critical };
            (mark, self::end(ui.texts, end).0.to_owned(), style)
        }
    }
}

/// Tells whether a session ended as sessions do.
fn is_plain(end: &End) -> bool {
    matches!(end, End::Closed { .. } | End::Terminated | End::LimitReached)
}

/// Returns how a session ended, and what the service or the system said of it, which may be nothing.
pub fn end(texts: Texts, end: &End) -> (&'static str, &str) {
    match end {
        End::Closed { output } => (t!(texts, "sessions.end.closed"), output),
        End::Terminated => (t!(texts, "sessions.end.terminated"), ""),
        End::LimitReached => (t!(texts, "sessions.end.limit"), ""),
        End::Unrecorded { why } => (t!(texts, "sessions.end.unrecorded"), why),
        End::Lost { why } => (t!(texts, "sessions.end.lost"), why),
        End::Failed { why } => (t!(texts, "sessions.end.failed"), why),
        End::Unknown { why } => (t!(texts, "sessions.end.unknown"), why),
        End::Finished(finish) => super::operation::finish(texts, finish),
    }
}

/// Returns why a session was not started, a line a fact, and what would mend it.
pub fn refusal(texts: Texts, refusal: &Refusal, now: Timestamp) -> Vec<String> {
    match refusal {
        Refusal::Denied(why) => vec![t!(texts, "sessions.refused.denied").to_owned(), denial(texts, why)],
        Refusal::Preflight(preflight) => {
            let obstacles = preflight.obstacles.iter().flat_map(|one| {
                let (problem, mend) = preflight::obstacle(texts, one, now);
                [problem, mend]
            });
            std::iter::once(t!(texts, "sessions.refused.preflight").to_owned()).chain(obstacles).collect()
        }
        Refusal::Journal(why) => vec![t!(texts, "sessions.refused.journal", why = why)],
        Refusal::Failed(why) => vec![t!(texts, "sessions.refused.failed", why = why)],
        Refusal::Withdrawn => vec![t!(texts, "sessions.refused.withdrawn").to_owned()],
    }
}

/// Returns time that is left by the second: `12:04`, `1:02:04`.
pub fn countdown(left: SignedDuration) -> String {
    let seconds = left.as_secs().max(0);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// Returns a number of bytes in three digits: `512 B`, `4.2 kB`, `318 MB`; a kilobyte has a thousand.
pub fn bytes(count: u64) -> String {
    let mut units = [" kB", " MB", " GB", " TB", " PB", " EB"].into_iter();
    let (mut whole, mut unit) = (count, " B");
    let mut tenths = 0;
    while whole >= 1_000 {
        let Some(next) = units.next() else { break };
        (tenths, whole, unit) = (whole % 1_000 / 100, whole / 1_000, next);
    }
    if unit == " B" || whole >= 10 { format!("{whole}{unit}") } else { format!("{whole}.{tenths}{unit}") }
}

/// Returns bytes a second; a dash where nothing moves.
pub fn rate(bytes_a_second: u64) -> String {
    if bytes_a_second == 0 { "-".to_owned() } else { format!("{}/s", bytes(bytes_a_second)) }
}

/// Returns mark, words and style of whether a tunnel's destination answers.
pub fn health(ui: &Ui, health: &Health, now: Timestamp) -> (&'static str, String, Style) {
    match health {
        Health::Unknown => (ui.glyphs.unknown, t!(ui.texts, "sessions.health.unknown").to_owned(), ui.theme.unknown),
        Health::Reachable { at } => {
            let age = super::since(ui.texts, now, Some(*at));
            (ui.glyphs.ok, t!(ui.texts, "sessions.health.reachable", age = age), ui.theme.ok)
        }
        Health::Refused { at, times } => {
            let age = super::since(ui.texts, now, Some(*at));
            (ui.glyphs.critical, t!(ui.texts, "sessions.health.refused", age = age, n = times), ui.theme.critical)
        }
    }
}

/// Returns mark, words and style of what went wrong last in a tunnel; nothing where nothing did.
pub fn trouble(ui: &Ui, troubles: &Troubles, now: Timestamp) -> Option<(&'static str, String, Style)> {
    let Trouble { at, what } = troubles.last.as_ref()?;
    let (texts, age) = (ui.texts, super::since(ui.texts, now, Some(*at)));
    let text = match what {
        TroubleKind::SessionLost { why, .. } if why.is_empty() => {
            t!(texts, "sessions.trouble.lost", n = troubles.replaced, age = age)
        }
        TroubleKind::SessionLost { why, .. } => {
            t!(texts, "sessions.trouble.lost-why", n = troubles.replaced, age = age, why = why)
        }
        TroubleKind::SessionRenewed { .. } => {
            t!(texts, "sessions.trouble.renewed", n = troubles.replaced, age = age)
        }
        TroubleKind::SessionLacking { why } => t!(texts, "sessions.trouble.lacking", age = age, why = why),
        TroubleKind::ConnectionOverrun { id } => t!(texts, "sessions.trouble.overrun", id = id, age = age),
    };
    Some((ui.glyphs.warning, text, ui.theme.warning))
}

/// Returns mark, word and style of how a connection stands.
pub fn connection(ui: &Ui, state: ConnectionState) -> (&'static str, &'static str, Style) {
    match state {
        ConnectionState::Opening => {
            (ui.glyphs.progress, t!(ui.texts, "sessions.connection.opening"), ui.theme.progress)
        }
        ConnectionState::Open => (ui.glyphs.ok, t!(ui.texts, "sessions.connection.open"), ui.theme.ok),
        ConnectionState::HalfClosed => {
            (ui.glyphs.separator, t!(ui.texts, "sessions.connection.half-closed"), ui.theme.dim)
        }
        ConnectionState::Stalled => (ui.glyphs.warning, t!(ui.texts, "sessions.connection.stalled"), ui.theme.warning),
    }
}

/// Returns the words for what bounds an operation.
pub fn bounds(texts: Texts, bounds: &[Bound]) -> String {
    let words: Vec<&str> = bounds
        .iter()
        .map(|bound| match bound {
            Bound::Role => t!(texts, "sessions.bound.role"),
            Bound::Target => t!(texts, "sessions.bound.target"),
            Bound::Document => t!(texts, "sessions.bound.document"),
            Bound::Destination => t!(texts, "sessions.bound.destination"),
            Bound::Command => t!(texts, "sessions.bound.command"),
            Bound::TimeLimit => t!(texts, "sessions.bound.time-limit"),
            Bound::Reason => t!(texts, "sessions.bound.reason"),
            Bound::Parameters => t!(texts, "sessions.bound.parameters"),
            Bound::Status => t!(texts, "sessions.bound.status"),
            Bound::Recording => t!(texts, "sessions.bound.recording"),
        })
        .collect();
    words.join(comma(texts))
}

/// Returns what stands between the words of a list.
pub fn comma(texts: Texts) -> &'static str {
    match texts.lang() {
        Lang::En => ", ",
        // The Japanese comma takes the room of a space with it.
        Lang::Ja => "\u{3001}",
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0, "0 B")]
    #[case(999, "999 B")]
    #[case(1_000, "1.0 kB")]
    #[case(9_960, "9.9 kB")]
    #[case(10_000, "10 kB")]
    #[case(318_400_000, "318 MB")]
    #[case(u64::MAX, "18 EB")]
    fn bytes_have_three_digits(#[case] count: u64, #[case] words: &str) {
        assert_eq!(bytes(count), words);
    }

    #[rstest]
    #[case(0, "0:00")]
    #[case(-5, "0:00")]
    #[case(724, "12:04")]
    #[case(3_724, "1:02:04")]
    fn time_is_counted_down_by_the_second(#[case] seconds: i64, #[case] words: &str) {
        assert_eq!(countdown(SignedDuration::from_secs(seconds)), words);
    }
}
