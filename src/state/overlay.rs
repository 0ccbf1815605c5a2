//! What lies over a screen: one stack of one enum, so that nothing can be open twice or half.

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{CaseMatching, Normalization, Pattern},
};
use tui_input::{Input, InputRequest};

use crate::command::{self, Command, Scope};
use crate::domain::metric::Range;

use crate::domain::session::LiveId;

use super::{State, detail::Detail, event::Secret, list::Scroll, runbooks::Prompt, sessions::offer::Offers};

/// The longest text that a prompt takes, in characters.
const LONGEST_INPUT: usize = 256;

/// Holds an overlay.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// The help for the screen below.
    Help(Scroll),
    /// The list of errors.
    Errors(Scroll),
    /// Something of an open object, in full.
    Detail(Detail, Scroll),
    /// A menu.
    Menu(Menu),
    /// What may be done about what the cursor is on.
    Offers(Offers),
    /// The command palette.
    Palette(Palette),
    /// A database token, which a person asked to see.
    Token(Secret, Scroll),
    /// What may be done about the pane below.
    PaneMenu,
    /// Words for a run, while they are typed.
    Words(Prompt),
    /// The line in which the filter is typed.
    Filter(FilterPrompt),
}

impl Overlay {
    /// Returns the scope in which keys are looked up.
    pub fn scope(&self) -> Scope {
        match self {
            Self::Help(_) | Self::Detail(..) | Self::Token(..) => Scope::Help,
            Self::PaneMenu => Scope::Pane,
            Self::Errors(_) => Scope::Errors,
            Self::Menu(_) | Self::Offers(_) => Scope::Menu,
            Self::Palette(_) => Scope::Palette,
            Self::Words(_) | Self::Filter(_) => Scope::Prompt,
        }
    }

    /// Returns the position in the text, where the overlay is one that is read.
    pub fn scroll(&mut self) -> Option<&mut Scroll> {
        match self {
            Self::Help(scroll) | Self::Errors(scroll) | Self::Detail(_, scroll) | Self::Token(_, scroll) => {
                Some(scroll)
            }
            Self::Menu(_) | Self::Offers(_) | Self::Palette(_) | Self::Words(_) | Self::Filter(_) | Self::PaneMenu => {
                None
            }
        }
    }

    /// Tells whether keys that are no chord are text.
    pub fn takes_text(&self) -> bool {
        matches!(self, Self::Palette(_) | Self::Words(_) | Self::Filter(_))
    }
}

/// Holds the text of a prompt while it is typed.
#[derive(Debug, Clone, Default)]
pub struct FilterPrompt {
    /// The text.
    pub input: Input,
    /// The filter that was there before, to go back to.
    pub before: String,
    /// What the text is for.
    pub purpose: Purpose,
}

/// Tells what the text of a prompt is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Purpose {
    /// It narrows the rows; of a log, CloudWatch Logs leaves out what does not match once it is taken.
    #[default]
    Filter,
    /// It is looked for in the rows that are there.
    Search,
}

/// Holds a menu.
#[derive(Debug, Clone)]
pub struct Menu {
    /// What it chooses.
    pub kind: MenuKind,
    /// The selected entry.
    pub selected: usize,
}

/// Names the menus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MenuKind {
    /// The environments: all of them, then each.
    Environment,
    /// The time ranges.
    Range,
    /// Whether to end a session, or stop a change: no, then yes.
    EndSession(LiveId),
    /// Who of a run's chain answered: those who were told.
    Answered,
    /// Whether to leave while sessions are open, which ends them: no, then yes.
    Quit,
}

impl MenuKind {
    /// The entry that says yes where a menu is a question; no stands before it.
    pub const YES: usize = 1;
}

impl Menu {
    /// Opens a menu with what holds now selected.
    pub fn new(kind: MenuKind, state: &State) -> Self {
        let selected = match kind {
            MenuKind::Environment => state.shown.map_or(0, |shown| shown + 1),
            MenuKind::EndSession(_) | MenuKind::Quit => 0,
            // Most likely the last who was told.
            MenuKind::Answered => state.told().saturating_sub(1),
            MenuKind::Range => Range::ALL.iter().position(|range| *range == state.range).unwrap_or(0),
        };
        Self { kind, selected }
    }

    /// Returns the number of entries.
    pub fn len(&self, state: &State) -> usize {
        match self.kind {
            MenuKind::Environment => state.environments.len() + 1,
            MenuKind::Range => Range::ALL.len(),
            MenuKind::Answered => state.told(),
            MenuKind::EndSession(_) | MenuKind::Quit => MenuKind::YES + 1,
        }
    }

    /// Moves the selection, stopping at the ends.
    pub fn step(&mut self, by: isize, len: usize) {
        self.selected = self.selected.saturating_add_signed(by).min(len.saturating_sub(1));
    }
}

/// Names what the palette can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaletteAction {
    /// Run a command.
    Command(Command),
    /// Show an environment, by its index.
    Environment(usize),
}

/// Holds an entry of the palette that matches what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaletteEntry {
    /// What it does.
    pub action: PaletteAction,
    /// What is typed to find it: the command's id, or the environment's name.
    pub name: String,
    /// What it says of itself.
    pub label: String,
    /// Characters of the name that matched, by index.
    pub matched: Vec<u32>,
}

/// Holds the command palette.
#[derive(Debug, Clone)]
pub struct Palette {
    /// The text.
    pub input: Input,
    /// The entries that match, best first.
    pub entries: Vec<PaletteEntry>,
    /// The selected entry.
    pub selected: usize,
}

impl Palette {
    /// Opens the palette with everything that can be done on this screen.
    pub fn new(state: &State) -> Self {
        let mut palette = Self { input: Input::default(), entries: Vec::new(), selected: 0 };
        palette.search(state);
        palette
    }

    /// Finds the entries that match the text.
    pub fn search(&mut self, state: &State) {
        let pattern = Pattern::parse(self.input.value(), CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut buffer = Vec::new();
        let mut found: Vec<(u32, PaletteEntry)> = candidates(state)
            .filter_map(|mut entry| {
                let mut matched = Vec::new();
                let by_name = pattern.indices(Utf32Str::new(&entry.name, &mut buffer), &mut matcher, &mut matched);
                let by_label = pattern.score(Utf32Str::new(&entry.label, &mut buffer), &mut matcher);
                // What is typed is a name first of all: a match in the description counts half.
                let score = by_name.unwrap_or(0).max(by_label.unwrap_or(0) / 2);
                if by_name.is_none() && by_label.is_none() {
                    return None;
                }
                matched.sort_unstable();
                matched.dedup();
                entry.matched = if by_name.is_some() { matched } else { Vec::new() };
                Some((score, entry))
            })
            .collect();
        found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        self.entries = found.into_iter().map(|(_, entry)| entry).collect();
        self.selected = 0;
    }

    /// Moves the selection, stopping at the ends.
    pub fn step(&mut self, by: isize) {
        self.selected = self.selected.saturating_add_signed(by).min(self.entries.len().saturating_sub(1));
    }
}

fn candidates(state: &State) -> impl Iterator<Item = PaletteEntry> {
    let scope = state.screen.scope();
    let offered =
        move |entry: &&command::Entry| entry.palette && entry.available_in(scope) && state.acts(entry.command);
    let commands = command::entries().iter().filter(offered).map(|entry| PaletteEntry {
        action: PaletteAction::Command(entry.command),
        name: entry.id.to_owned(),
        label: state
            .labels
            .iter()
            .find(|(command, _)| *command == entry.command)
            .map_or_else(String::new, |(_, label)| (*label).to_owned()),
        matched: Vec::new(),
    });
    let environments = state.environments.iter().enumerate().map(|(index, environment)| PaletteEntry {
        action: PaletteAction::Environment(index),
        name: environment.name.clone(),
        label: String::new(),
        matched: Vec::new(),
    });
    commands.chain(environments)
}

/// Applies an edit to a prompt, within its bounds; control characters are not typed.
pub fn edit(input: &mut Input, request: InputRequest) {
    edit_within(input, request, LONGEST_INPUT);
}

/// Applies an edit to a prompt of at most so many characters.
pub fn edit_within(input: &mut Input, request: InputRequest, longest: usize) {
    let refused = match request {
        InputRequest::InsertChar(character) => character.is_control() || input.value().chars().count() >= longest,
        _ => false,
    };
    if !refused {
        input.handle(request);
    }
}

/// Pastes the first line of a text into a prompt.
pub fn paste(input: &mut Input, text: &str) {
    paste_within(input, text, LONGEST_INPUT);
}

/// Pastes the first line of a text into a prompt of at most so many characters.
pub fn paste_within(input: &mut Input, text: &str, longest: usize) {
    for character in text.lines().next().unwrap_or("").chars().take(longest) {
        edit_within(input, InputRequest::InsertChar(character), longest);
    }
}
