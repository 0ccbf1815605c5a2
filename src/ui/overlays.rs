//! What lies over a screen: help, errors, menus, the palette.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::command::{Command, Scope};
use crate::domain::environment::AccountId;
use crate::domain::metric::Range;
use crate::domain::text;
use crate::runbook::book::StepKind;
use crate::state::State;
use crate::state::event::Target;
use crate::state::overlay::{Menu, MenuKind, Overlay, Palette, PaletteAction};
use crate::state::sessions::offer::{About, Offer, Offers};
use crate::state::sessions::target::Verdict;
use crate::t;

use super::widgets::menu::{Item, Menu as MenuWidget, Reader};
use super::{Drawn, Ui, detail, run, runbooks, sessions, words};

/// Draws an overlay over the middle of an area.
pub fn render(overlay: &Overlay, state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    match overlay {
        Overlay::Help(scroll) => {
            reader(ui, t!(ui.texts, "screens.help.title"), &help(state, ui), scroll.0, area, buf, drawn);
        }
        Overlay::Errors(scroll) => {
            reader(ui, t!(ui.texts, "screens.errors.title"), &errors(state, ui), scroll.0, area, buf, drawn);
        }
        Overlay::Detail(detail, scroll) => {
            reader(ui, detail::title(ui, detail), &detail::lines(state, ui, detail), scroll.0, area, buf, drawn);
        }
        Overlay::Menu(menu) => self::menu(menu, state, ui, area, buf, drawn),
        Overlay::Offers(offers) => self::offers(offers, state, ui, area, buf, drawn),
        Overlay::Palette(palette) => self::palette(palette, ui, area, buf, drawn),
        Overlay::Token(secret, scroll) => {
            let lines = [Line::styled(secret.expose().to_owned(), ui.theme.text)];
            reader(ui, t!(ui.texts, "sessions.token.title"), &lines, scroll.0, area, buf, drawn);
        }
        Overlay::Words(prompt) => run::render_prompt(prompt, ui, area, buf, drawn),
        Overlay::PaneMenu => pane_menu(state, ui, area, buf),
        // Drawn by the footer, where it is typed.
        Overlay::Filter(_) => {}
    }
}

fn reader(ui: &Ui, title: &str, lines: &[Line<'_>], offset: usize, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let footer = key_hint(ui, Scope::Help, Command::Back, t!(ui.texts, "screens.hint.close"));
    let areas = Reader { title, footer: &footer, lines, offset, theme: &ui.theme, glyphs: ui.glyphs }.render(area, buf);
    drawn.page = areas.page;
    drawn.end = areas.rows.saturating_sub(areas.page);
}

fn key_hint(ui: &Ui, scope: Scope, command: Command, text: &str) -> String {
    match ui.keymap.chords(scope.chain(), command).first() {
        Some(key) => format!("{key} {text}"),
        None => String::new(),
    }
}

/// All keys that do something on the screen below, from the keymap, in the order of the command table, the narrowest
/// scope first.
fn help(state: &State, ui: &Ui) -> Vec<Line<'static>> {
    let chain = state.screen.scope().chain();
    let mut lines = Vec::new();
    for scope in chain {
        let rows: Vec<(String, &'static str)> = crate::command::entries()
            .iter()
            .filter(|entry| state.acts(entry.command))
            .filter_map(|entry| {
                let own = ui.keymap.chords(&[*scope], entry.command);
                // A chord that a narrower scope gives to another command is not this command's here.
                let effective = ui.keymap.chords(chain, entry.command);
                let chords: Vec<String> = own.into_iter().filter(|chord| effective.contains(chord)).collect();
                (!chords.is_empty()).then(|| (chords.join("  "), ui.texts.get(entry.key)))
            })
            .collect();
        if rows.is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::styled(ui.texts.get(scope.key()), ui.theme.title));
        let width = rows.iter().map(|(chords, _)| text::width(chords)).max().unwrap_or(0).max(14);
        for (chords, label) in rows {
            lines.push(Line::from(vec![
                Span::styled(format!("  {}  ", text::pad(&chords, width)), ui.theme.key),
                Span::styled(label, ui.theme.text),
            ]));
        }
    }
    lines
}

/// What went wrong lately: when, where, what, how often, and what to do.
fn errors(state: &State, ui: &Ui) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for entry in state.errors.entries() {
        let Some(source) = state.source(entry.source) else { continue };
        let place = state.place_of_source(source);
        let times = if entry.times > 1 { format!("  {}{}", ui.glyphs.times, entry.times) } else { String::new() };
        lines.push(Line::from(vec![
            Span::styled(format!("{}  ", ui.moment(entry.failure.at, state.now)), ui.theme.dim),
            ui.place(state, place),
            Span::styled(format!("  {}  ", words::panel(ui.texts, entry.panel)), ui.theme.text),
            Span::styled(words::failure_line(ui.texts, &entry.failure), ui.theme.warning),
            Span::styled(times, ui.theme.dim),
        ]));
        lines.push(Line::styled(
            format!("    {}", words::failure_remedy(ui.texts, &entry.failure, &source.profile)),
            ui.theme.text,
        ));
        let request = entry.failure.request_id.as_ref().map_or_else(String::new, |id| format!("  {id}"));
        let detail = format!("    {} {}{request}", entry.failure.action, entry.failure.detail);
        lines.push(Line::styled(detail, ui.theme.dim));
    }
    if lines.is_empty() {
        lines.push(Line::styled(t!(ui.texts, "screens.errors.none"), ui.theme.ok));
    }
    lines
}

fn menu(menu: &Menu, state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let title;
    let (title, labels): (&str, Vec<(String, String)>) = match menu.kind {
        MenuKind::Environment => {
            let all = (t!(ui.texts, "screens.environment.all").to_owned(), state.environments.len().to_string());
            let each = state.environments.iter().map(|environment| {
                let account = environment.account.as_ref().map_or_else(String::new, AccountId::hyphenated);
                (environment.name.clone(), account)
            });
            (t!(ui.texts, "screens.environment.title"), std::iter::once(all).chain(each).collect())
        }
        MenuKind::EndSession(id) => {
            let live = state.sessions.get(id);
            let name = live.map_or_else(String::new, sessions::menu_title);
            match live.filter(|live| !live.is_session()) {
                Some(change) if change.is_stoppable() => {
                    title = t!(ui.texts, "operations.cancel-question", name = name);
                    (&title, question(ui, "operations.cancel-no", "operations.cancel-yes"))
                }
                Some(_) => {
                    title = t!(ui.texts, "operations.leave-question", name = name);
                    (&title, question(ui, "operations.leave-no", "operations.leave-yes"))
                }
                None => {
                    title = t!(ui.texts, "sessions.end-question", name = name);
                    (&title, question(ui, "sessions.end-no", "sessions.end-yes"))
                }
            }
        }
        MenuKind::Quit => {
            let (open, acting) = (state.sessions.open(), state.sessions.acting());
            title = match acting {
                _ if state.runbooks.unkept() > 0 => t!(ui.texts, "runbooks.quit-question").to_owned(),
                0 => t!(ui.texts, "sessions.quit-question", n = open),
                acting => t!(ui.texts, "operations.quit-question", n = open, m = acting),
            };
            (&title, question(ui, "sessions.quit-no", "sessions.quit-yes"))
        }
        MenuKind::Answered => {
            let chain = state.runbooks.front().and_then(|view| view.step()).map(|step| &step.kind);
            let Some(StepKind::Escalate { chain, .. }) = chain else { return };
            let each = chain.iter().take(state.told());
            let each = each.map(|person| (words::runbook::text(ui.texts, person).to_owned(), String::new()));
            (t!(ui.texts, "runbooks.who-answered"), each.collect())
        }
        MenuKind::Range => {
            let each = Range::ALL.into_iter().map(|range| (range.name().to_owned(), String::new()));
            (t!(ui.texts, "screens.range.title"), each.collect())
        }
    };
    let items: Vec<Item<'_>> = labels.iter().map(|(label, detail)| Item { label, detail, ..Item::default() }).collect();
    let footer = key_hint(ui, Scope::Menu, Command::Open, t!(ui.texts, "screens.hint.choose"));
    draw_menu(ui, title, &footer, None, &items, menu.selected, area, buf, drawn);
}

/// What may be done about something: each entry, and of those that may not be used the reason.
fn offers(offers: &Offers, state: &State, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let labels: Vec<(String, String)> = offers
        .rows
        .iter()
        .map(|offer| {
            let (label, asks) = offered(ui, offer);
            let (mark, detail) = match offer.verdict() {
                Verdict::Denied(denial) => (ui.glyphs.denied, words::session::denial(ui.texts, denial)),
                Verdict::Unverified => (ui.glyphs.denied, t!(ui.texts, "operations.offers.unverified").to_owned()),
                Verdict::Allowed => (ui.glyphs.ok, asks),
            };
            (format!("{mark} {label}"), detail)
        })
        .collect();
    let items: Vec<Item<'_>> = labels
        .iter()
        .zip(&offers.rows)
        .map(|((label, detail), offer)| Item {
            label,
            detail,
            disabled: *offer.verdict() != Verdict::Allowed,
            ..Item::default()
        })
        .collect();
    let name = match &offers.about {
        About::Service(key) | About::Task(key, _) => key.service.clone(),
        About::Finding(id) => id.rsplit(['/', ':']).next().unwrap_or(id).to_owned(),
        About::Environment => {
            let environment = offers.place.environment.and_then(|index| state.environments.get(index));
            environment.map_or_else(String::new, |environment| environment.name.clone())
        }
        About::Runbook(title) => words::runbook::text(ui.texts, title).to_owned(),
        About::Step(step, _) => step.run.clone(),
    };
    let title = t!(ui.texts, "operations.offers.title", name = name);
    let footer = key_hint(ui, Scope::Menu, Command::Open, t!(ui.texts, "screens.hint.choose"));
    draw_menu(ui, &title, &footer, None, &items, offers.selected, area, buf, drawn);
}

/// Returns what may be done in words, and what it asks for or how it stands.
fn offered(ui: &Ui, offer: &Offer) -> (String, String) {
    let texts = ui.texts;
    match offer {
        Offer::GoOn(row, _) => {
            let (standing, _) = runbooks::standing(ui, &row.standing);
            (t!(texts, "runbooks.offer.go-on", run = row.id), standing)
        }
        Offer::Begin(row) => {
            let title = words::runbook::text(texts, &row.runbook.title);
            let steps = t!(texts, "runbooks.offer.steps", n = row.runbook.steps.len());
            (t!(texts, "runbooks.offer.begin", title = title, id = row.runbook.id), steps)
        }
        Offer::Use(row) => {
            let label = format!("{}  {}", words::session::title(texts, &row.entry), row.entry.id);
            (label, words::gate::asks(texts, &row.entry))
        }
    }
}

/// The two answers of a question; the one that changes nothing comes first.
fn question(ui: &Ui, no: &'static str, yes: &'static str) -> Vec<(String, String)> {
    [no, yes].map(|key| (ui.texts.get(key).to_owned(), String::new())).into()
}

/// What may be done about the pane below, by its keys.
fn pane_menu(state: &State, ui: &Ui, area: Rect, buf: &mut Buffer) {
    let own = crate::command::entries().iter().filter(|entry| entry.scopes.contains(&Scope::Pane));
    let mut rows: Vec<(String, &'static str)> = own
        .map(|entry| (ui.keymap.chords(&[Scope::Pane], entry.command).join("  "), ui.texts.get(entry.key)))
        .filter(|(chords, _)| !chords.is_empty())
        .collect();
    rows.push((ui.keymap.chords(Scope::Pane.chain(), Command::Sessions).join("  "), ui.texts.get("commands.sessions")));
    let width = rows.iter().map(|(chords, _)| text::width(chords)).max().unwrap_or(0);
    let lines: Vec<Line<'_>> = rows
        .into_iter()
        .map(|(chords, label)| {
            Line::from(vec![
                Span::styled(format!("{}  ", text::pad(&chords, width)), ui.theme.key),
                Span::styled(label, ui.theme.text),
            ])
        })
        .collect();
    let title = state.sessions.front().map_or_else(String::new, sessions::menu_title);
    let footer = key_hint(ui, Scope::Pane, Command::Back, t!(ui.texts, "screens.hint.close"));
    let reader =
        Reader { title: &title, footer: &footer, lines: &lines, offset: 0, theme: &ui.theme, glyphs: ui.glyphs };
    reader.render(area, buf);
}

fn palette(palette: &Palette, ui: &Ui, area: Rect, buf: &mut Buffer, drawn: &mut Drawn) {
    let labels: Vec<String> = palette
        .entries
        .iter()
        .map(|entry| match entry.action {
            PaletteAction::Command(_) => entry.label.clone(),
            PaletteAction::Environment(_) => t!(ui.texts, "screens.palette.environment", name = entry.name),
        })
        .collect();
    let items: Vec<Item<'_>> = palette
        .entries
        .iter()
        .zip(&labels)
        .map(|(entry, label)| Item { label: &entry.name, detail: label, matched: &entry.matched, disabled: false })
        .collect();
    let footer = key_hint(ui, Scope::Palette, Command::Accept, t!(ui.texts, "screens.hint.run"));
    let title = t!(ui.texts, "screens.palette.title");
    draw_menu(ui, title, &footer, Some((":", &palette.input)), &items, palette.selected, area, buf, drawn);
}

#[expect(clippy::too_many_arguments, reason = "what a menu shows, and where it is drawn")]
fn draw_menu(
    ui: &Ui,
    title: &str,
    footer: &str,
    prompt: Option<(&str, &tui_input::Input)>,
    items: &[Item<'_>],
    selected: usize,
    area: Rect,
    buf: &mut Buffer,
    drawn: &mut Drawn,
) {
    let areas = MenuWidget {
        title,
        footer,
        prompt,
        items,
        empty: t!(ui.texts, "screens.no-match"),
        selected,
        offset: 0,
        min_width: if prompt.is_some() { 56 } else { 30 },
        theme: &ui.theme,
        glyphs: ui.glyphs,
    }
    .render(area, buf);
    drawn.cursor = areas.cursor.or(drawn.cursor);
    drawn.hits.extend(areas.rows.iter().map(|(index, area)| (*area, Target::OverlayRow(*index))));
}
