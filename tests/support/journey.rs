//! A console on a simulated account, in one process: keys in, frames out, and no waiting but for its own idleness.

#![allow(dead_code, reason = "each test binary uses its own part of the support")]

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use sekisho::cli::account::{environments, played, roles};
use sekisho::cli::simulated::granted;
use sekisho::domain::text::width;
use sekisho::i18n::{Lang, Texts};
use sekisho::keymap::Keymap;
use sekisho::runtime::clock::{Clock, Hand};
use sekisho::runtime::console::{Console, Watch};
use sekisho::simulator::{self, Calls, Fault, FaultKind, ManualClock, Persona, Scenario, Simulator};
use sekisho::state::event::Effect;
use sekisho::ui::Ui;
use sekisho::ui::glyphs::Glyphs;
use sekisho::ui::theme::{BUILT_IN, Theme};

/// How long anything may take in real time before the test gives up: a bound, and never a wait.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Returns when every story begins: nine on a Monday morning in Tokyo, before any real credentials could end.
pub fn beginning() -> Timestamp {
    "2026-03-02T00:00:00Z".parse().unwrap()
}

/// Changes what a console watches, once the account is there.
type ChangeWatch = Box<dyn FnOnce(&Simulator, &mut Watch)>;

/// Says what a journey starts from.
pub struct Start {
    scenario: Scenario,
    at: SignedDuration,
    lang: Lang,
    size: (u16, u16),
    keymap: Keymap,
    persona: Persona,
    faults: Vec<Fault>,
    granted: Option<bool>,
    watch: Option<ChangeWatch>,
}

impl Start {
    /// Plays a scenario that the binary carries, in English, on 120 columns and 40 rows.
    pub fn of(name: &str) -> Self {
        Self::playing(Scenario::builtin(name).unwrap())
    }

    /// Plays a scenario that is written here.
    pub fn written(text: &str) -> Self {
        Self::playing(Scenario::parse(text).unwrap())
    }

    fn playing(scenario: Scenario) -> Self {
        Self {
            scenario,
            at: SignedDuration::ZERO,
            lang: Lang::En,
            size: (120, 40),
            keymap: Keymap::load("default", None).unwrap(),
            persona: Persona::Responder,
            faults: Vec::new(),
            granted: None,
            watch: None,
        }
    }

    /// Enters the story at a time after its beginning: `4m`.
    pub fn at(mut self, time: &str) -> Self {
        self.at = span(time);
        self
    }

    pub fn lang(mut self, lang: Lang) -> Self {
        self.lang = lang;
        self
    }

    pub fn size(mut self, width: u16, height: u16) -> Self {
        self.size = (width, height);
        self
    }

    pub fn keymap(mut self, keymap: Keymap) -> Self {
        self.keymap = keymap;
        self
    }

    /// Lets the console be somebody else than the responder.
    pub fn persona(mut self, persona: Persona) -> Self {
        self.persona = persona;
        self
    }

    /// Lets something be wrong from before the first call.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Gives the account the documents that are compiled from the built-in catalogue, and lets IAM keep to its policies or
    /// allow everything: then nothing but the gate stands before AWS.
    pub fn granted(mut self, is_enforced: bool) -> Self {
        self.granted = Some(is_enforced);
        self
    }

    /// Changes what is watched: other environments, another endpoint.
    pub fn watching(mut self, change: impl FnOnce(&Simulator, &mut Watch) + 'static) -> Self {
        self.watch = Some(Box::new(change));
        self
    }

    /// Starts and reads everything that the first screen wants.
    pub async fn go(self) -> Journey {
        let mut journey = self.cold().await;
        journey.settle().await;
        journey
    }

    /// Starts, and has read nothing yet.
    pub async fn cold(self) -> Journey {
        let story = Arc::new(ManualClock::new(beginning()));
        let mut options = simulator::Options {
            at: self.at,
            clock: simulator::Clock::Manual(Arc::clone(&story)),
            persona: self.persona,
            ..simulator::Options::default()
        };
        if let Some(is_enforced) = self.granted {
            let (documents, mut policies) = granted(&played(&self.scenario), self.scenario.keys(), None);
            if !is_enforced {
                policies.personas.clear();
            }
            (options.documents, options.policies) = (documents, policies);
        }
        let simulator = simulator::start(self.scenario.clone(), options).await.unwrap();
        for fault in self.faults {
            simulator.inject(fault);
        }
        let (clock, hand) = Clock::manual(beginning());
        let mut watch = Watch {
            denials: None,
            environments: environments(&simulator, &self.scenario, self.persona, &[]),
            roles: roles(),
            endpoint_url: Some(simulator.endpoint()),
            clock,
        };
        if let Some(change) = self.watch {
            change(&simulator, &mut watch);
        }
        let ui = Ui {
            texts: Texts::of(self.lang),
            theme: Theme::parse(BUILT_IN[0].1).unwrap(),
            glyphs: Glyphs::unicode(),
            keymap: self.keymap,
            zone: TimeZone::posix("JST-9").unwrap(),
            endpoint: None,
        };
        let buffer = Buffer::empty(Rect::new(0, 0, self.size.0, self.size.1));
        let mut journey = Journey { console: Console::start(&watch, ui), simulator, watch, story, hand, buffer };
        journey.draw();
        journey
    }
}

/// A console on its way.
pub struct Journey {
    pub console: Console,
    pub simulator: Simulator,
    /// What the console was started with.
    pub watch: Watch,
    story: Arc<ManualClock>,
    hand: Hand,
    buffer: Buffer,
}

impl Journey {
    /// Draws a frame.
    pub fn draw(&mut self) -> Option<Position> {
        self.buffer.reset();
        self.console.draw(&mut self.buffer)
    }

    /// Waits until everything that is wanted now has been read and drawn.
    pub async fn settle(&mut self) {
        let settled = tokio::time::timeout(PATIENCE, async {
            loop {
                self.draw();
                self.console.idle().await;
                if !self.console.is_dirty() {
                    break;
                }
            }
        });
        assert!(settled.await.is_ok(), "never idle:\n{}", self.text());
    }

    /// Takes reports until something holds.
    pub async fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let reached = tokio::time::timeout(PATIENCE, async {
            self.draw();
            while !holds(self) {
                self.console.reported().await;
                self.draw();
            }
        });
        assert!(reached.await.is_ok(), "never {what}:\n{}", self.text());
    }

    /// Lets time go on, for the account and for the console, and reads what comes due by it.
    pub async fn pass(&mut self, time: &str) {
        self.let_time_pass(time);
        self.settle().await;
    }

    /// Lets time go on and waits for nothing.
    pub fn let_time_pass(&mut self, time: &str) {
        self.story.advance(span(time));
        self.hand.advance(span(time));
        self.console.tick();
        self.draw();
    }

    /// Lets time go on in steps, as a console that was left open sees it.
    pub async fn live(&mut self, time: &str, step: &str) {
        let (mut left, step_span) = (span(time), span(step));
        while left > SignedDuration::ZERO {
            self.pass(step).await;
            left -= step_span;
        }
    }

    /// Returns the time that console and account share.
    pub fn now(&self) -> Timestamp {
        self.story.now()
    }

    /// Presses keys, written with spaces between them: `2 ctrl-d enter`; draws after each.
    pub fn press(&mut self, keys: &str) -> Vec<Effect> {
        keys.split_whitespace().flat_map(|key| self.input(Input::Key(parse_key(key)))).collect()
    }

    /// Presses keys and reads what they ask for.
    pub async fn go(&mut self, keys: &str) {
        self.press(keys);
        self.settle().await;
    }

    /// Types a text as keys.
    pub fn write(&mut self, text: &str) {
        for character in text.chars() {
            self.input(Input::Key(KeyEvent::new(KeyCode::Char(character), KeyModifiers::NONE)));
        }
    }

    pub fn input(&mut self, input: Input) -> Vec<Effect> {
        let effects = self.console.input(input);
        self.draw();
        effects
    }

    /// Clicks on a text that is on the screen.
    #[track_caller]
    pub fn click(&mut self, text: &str) -> Vec<Effect> {
        let Some((x, y)) = self.place_of(text) else { panic!("no {text:?} to click on:\n{}", self.text()) };
        self.mouse(MouseEventKind::Down(MouseButton::Left), x, y)
    }

    pub fn mouse(&mut self, kind: MouseEventKind, column: u16, row: u16) -> Vec<Effect> {
        self.input(Input::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
    }

    /// Gives the terminal another size.
    pub fn resize(&mut self, width: u16, height: u16) {
        self.buffer = Buffer::empty(Rect::new(0, 0, width, height));
        self.input(Input::Resize(width, height));
    }

    /// Makes something go wrong from now on.
    pub fn inject(&self, kind: FaultKind, action: &str) {
        self.simulator.inject(Fault::new(kind, action));
    }

    /// Returns what was asked since the last time this was called.
    pub fn calls(&self) -> Calls {
        let calls = self.simulator.calls();
        self.simulator.reset_calls();
        calls
    }

    pub fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// Returns the lines of the last frame.
    pub fn lines(&self) -> Vec<String> {
        (0..self.buffer.area.height).map(|y| self.line(y).into_iter().map(|(_, symbol)| symbol).collect()).collect()
    }

    pub fn text(&self) -> String {
        let lines = self.lines();
        lines.iter().fold(String::new(), |text, line| text + line.trim_end() + "\n")
    }

    /// Returns the first line that holds a text.
    #[track_caller]
    pub fn line_with(&self, text: &str) -> String {
        let found = self.lines().into_iter().find(|line| line.contains(text));
        found.unwrap_or_else(|| panic!("no {text:?} in the frame:\n{}", self.text()))
    }

    #[track_caller]
    pub fn shows(&self, text: &str) {
        self.line_with(text);
    }

    #[track_caller]
    pub fn hides(&self, text: &str) {
        assert!(!self.text().contains(text), "{text:?} in the frame:\n{}", self.text());
    }

    pub fn has(&self, text: &str) -> bool {
        self.text().contains(text)
    }

    /// Returns the cells of a line that begin a character, with their columns.
    fn line(&self, y: u16) -> Vec<(u16, &str)> {
        let mut cells = Vec::new();
        let mut x = 0;
        while x < self.buffer.area.width {
            let symbol = self.buffer[(x, y)].symbol();
            cells.push((x, symbol));
            x += u16::try_from(width(symbol).max(1)).unwrap();
        }
        cells
    }

    /// Returns where a text begins.
    pub fn place_of(&self, text: &str) -> Option<(u16, u16)> {
        (0..self.buffer.area.height).find_map(|y| {
            let cells = self.line(y);
            let line: String = cells.iter().map(|(_, symbol)| *symbol).collect();
            let start = line.find(text)?;
            let mut bytes = 0;
            cells.iter().find_map(|(x, symbol)| {
                let here = bytes >= start;
                bytes += symbol.len();
                here.then_some((*x, y))
            })
        })
    }
}

fn span(text: &str) -> SignedDuration {
    text.parse().unwrap()
}

/// Reads a key as keymaps write it.
fn parse_key(text: &str) -> KeyEvent {
    let (modifiers, name) = match text.split_once('-') {
        Some(("ctrl", name)) => (KeyModifiers::CONTROL, name),
        Some(("alt", name)) => (KeyModifiers::ALT, name),
        Some(("shift", "tab")) => return KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT),
        _ => (KeyModifiers::NONE, text),
    };
    let code = match name {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "space" => KeyCode::Char(' '),
        "backspace" => KeyCode::Backspace,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "pagedown" => KeyCode::PageDown,
        "pageup" => KeyCode::PageUp,
        "f1" => KeyCode::F(1),
        one => {
            let mut characters = one.chars();
            let character = characters.next().unwrap();
            assert_eq!(characters.next(), None, "{text:?} is no key");
            let shift = if character.is_uppercase() { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
            return KeyEvent::new(KeyCode::Char(character), modifiers | shift);
        }
    };
    KeyEvent::new(code, modifiers)
}
