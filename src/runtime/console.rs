//! The console: the state, what it is drawn with, and the pollers behind it, driven by events from outside.
//!
//! Nothing here knows a terminal: [`super::event_loop`] feeds one, a test feeds keys and reads the buffer.

use std::io;
use std::sync::Arc;

use crossterm::event::{Event as Input, MouseButton, MouseEventKind};
use futures::future::{join_all, select_all};
use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use tokio::sync::{mpsc, watch};

use crate::aws::{KeepDenials, Now, Shared};
use crate::command::{self, Command};
use crate::config::EnvironmentConfig;
use crate::domain::fetch::{Panel, SourceId};
use crate::domain::identity::RoleMapping;
use crate::domain::queue::{Mark, Marks};
use crate::domain::session::SessionReport;
use crate::runbook::catalogue::Catalogue;
use crate::state::event::{Effect, Event, Interest, Notice, Secret, SourceEvent};
use crate::state::interest::interest;
use crate::state::journal::{self, JournalWanted};
use crate::state::sessions;
use crate::state::update::update;
use crate::state::{Screen, State};
use crate::ui::{self, Drawn, Ui, words};

use super::clock::Clock;
use super::host::{Asked, HostEvent, Hosted};
use super::keys::Keys;
use super::panes;
use super::poller::{PollCommand, Poller, PollerHandle};
use super::sources::{self, SourcePlan};

/// Reports that may wait to be taken; a poller with more to say waits.
const WAITING_REPORTS: usize = 256;

/// Events of sessions that are taken before the keys are looked at again.
const TURN_EVENTS: usize = 64;

/// Bytes of sessions' output that are taken before the keys are looked at again.
const TURN_BYTES: usize = 32 * 1024;

/// Says what a console watches, and by which clock.
#[derive(Debug, Clone)]
pub struct Watch {
    /// The environments.
    pub environments: Vec<EnvironmentConfig>,
    /// Whom the configuration takes for whom.
    pub roles: Vec<RoleMapping>,
    /// An endpoint that stands in for AWS's.
    pub endpoint_url: Option<String>,
    /// The clock.
    pub clock: Clock,
    /// What keeps denials from one run to the next.
    pub denials: Option<Arc<dyn KeepDenials>>,
}

/// Keeps the rows that a person has marked as seen for the next run.
pub type KeepMarks = Box<dyn Fn(&[Mark]) -> io::Result<()> + Send>;

/// Holds a running console.
pub struct Console {
    state: State,
    ui: Ui,
    clock: Clock,
    keys: Keys,
    drawn: Drawn,
    dirty: bool,
    /// Whether something changed that must be seen at once; output of sessions may wait for the next frame.
    urgent: bool,
    reports: mpsc::Receiver<SourceEvent>,
    pollers: Vec<Source>,
    marks: KeepMarks,
    hosted: Option<Hosted>,
    /// What the host was last told to read of the journal.
    journal: Option<JournalWanted>,
}

/// A poller with the lines to it.
struct Source {
    poller: PollerHandle,
    interest: watch::Sender<Interest>,
    commands: mpsc::Sender<PollCommand>,
}

/// What was told first.
enum Told {
    /// A report of a source.
    Source(Box<SourceEvent>),
    /// An event of the host.
    Host(Box<HostEvent>),
}

impl Console {
    /// Starts the pollers and returns a console that has read nothing yet.
    ///
    /// Must be called within a tokio runtime.
    pub fn start(watch: &Watch, ui: Ui) -> Self {
        let plans = sources::plan(&watch.environments);
        let environments = watch.environments.iter().map(|configured| configured.environment.clone()).collect();
        let sources = plans.iter().map(SourcePlan::source).collect();
        let mut state = State::new(environments, watch.roles.clone(), sources, watch.clock.now());
        state.vocabulary = words::vocabulary(ui.texts);
        state.labels = command::entries().iter().map(|entry| (entry.command, ui.texts.get(entry.key))).collect();
        let (sender, reports) = mpsc::channel(WAITING_REPORTS);
        let clock = watch.clock.clone();
        let shared = Shared::new(Now::new(move || clock.now())).keeping_denials(watch.denials.clone());
        let pollers = plans
            .iter()
            .enumerate()
            .map(|(index, plan)| {
                let id = SourceId(index);
                let connection = plan.connection(watch.endpoint_url.as_deref());
                let (interest_sender, interests) = watch::channel(interest(&state, id));
                let (commands, command_receiver) = mpsc::channel(8);
                let poller = Poller::spawn(
                    id,
                    connection,
                    &shared,
                    watch.clock.clone(),
                    interests,
                    command_receiver,
                    sender.clone(),
                );
                Source { poller, interest: interest_sender, commands }
            })
            .collect();
        Self {
            state,
            ui,
            clock: watch.clock.clone(),
            keys: Keys::default(),
            drawn: Drawn::default(),
            dirty: true,
            urgent: true,
            reports,
            pollers,
            marks: Box::new(|_| Ok(())),
            hosted: None,
            journal: None,
        }
    }

    /// Takes up what was marked as seen in earlier runs; `keep` keeps what is from now on.
    ///
    /// Without it marks last as long as the console.
    pub fn keep_marks(&mut self, marks: Marks, keep: KeepMarks) {
        update(&mut self.state, Event::Marks(marks));
        self.marks = keep;
    }

    /// Takes the catalogue of each environment, by its name; without one nothing may be opened there.
    pub fn keep_catalogues(&mut self, catalogues: impl IntoIterator<Item = (String, Arc<Catalogue>)>) {
        for (environment, catalogue) in catalogues {
            self.apply(Event::Catalogue(environment, catalogue));
        }
    }

    /// Takes what carries out sessions; without it the console only looks.
    pub fn keep_host(&mut self, hosted: Hosted) {
        self.hosted = Some(hosted);
    }

    /// Ends all sessions and waits until they have ended, for a while that the host bounds.
    pub async fn shutdown(&mut self) {
        let Some(mut hosted) = self.hosted.take() else { return };
        let done = hosted.host.shutdown();
        // What they still say is taken and dropped, so that none waits for somebody to listen.
        let drained = async { while hosted.events.recv().await.is_some() {} };
        tokio::select! {
            () = done => {}
            () = drained => {}
        }
    }

    /// Returns the state, for those who look.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Shows only what belongs to one of the environments.
    pub fn hide_unassigned(&mut self) {
        self.state.unassigned = false;
    }

    /// Tells whether the next frame would differ.
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Tells whether what changed must be seen at once.
    pub fn is_urgent(&self) -> bool {
        self.urgent
    }

    /// Tells whether time is shown by the second.
    pub fn counts_down(&self) -> bool {
        let sessions = &self.state.sessions;
        let is_shown =
            matches!(self.state.screen, Screen::Sessions | Screen::Pane | Screen::Tunnel | Screen::Operation);
        is_shown && sessions.open() + sessions.acting() > 0
    }

    /// Draws a frame, and takes back how much of the list there was room for.
    pub fn draw(&mut self, buffer: &mut Buffer) -> Option<Position> {
        let size = (buffer.area.width, buffer.area.height);
        if size != self.state.size {
            let effects = update(&mut self.state, Event::Resize(size.0, size.1));
            self.carry_out(effects);
        }
        self.drawn = ui::render(&self.state, &self.ui, buffer);
        self.dirty = false;
        self.urgent = false;
        if self.drawn.page != self.state.page {
            // The windows of the lists follow the page: what was selected may lie outside of what was drawn.
            update(&mut self.state, Event::Drawn { page: self.drawn.page, end: self.drawn.end });
            buffer.reset();
            self.drawn = ui::render(&self.state, &self.ui, buffer);
        }
        update(&mut self.state, Event::Drawn { page: self.drawn.page, end: self.drawn.end });
        self.tell_interests();
        self.drawn.cursor
    }

    /// Takes what the terminal says.
    pub fn input(&mut self, input: Input) -> Vec<Effect> {
        if let Some((id, modes)) = sessions::front_pane(&self.state) {
            let events = panes::events(&input, modes, &self.state, id);
            return events.into_iter().flat_map(|event| self.apply(event)).collect();
        }
        let event = match input {
            Input::Key(key) if panes::sends_escape(&key, &self.state) => Some(Event::Command(Command::SendEscape)),
            Input::Key(key) => self.keys.press(key, &self.state, &self.ui.keymap),
            Input::Paste(text) => Some(Event::Paste(text)),
            Input::Resize(columns, rows) => Some(Event::Resize(columns, rows)),
            Input::FocusGained => Some(Event::Focus(true)),
            Input::FocusLost => Some(Event::Focus(false)),
            Input::Mouse(mouse) => match mouse.kind {
                MouseEventKind::Down(MouseButton::Left) => {
                    self.drawn.hit(Position { x: mouse.column, y: mouse.row }).map(Event::Click)
                }
                MouseEventKind::ScrollDown => Some(Event::Scroll(3)),
                MouseEventKind::ScrollUp => Some(Event::Scroll(-3)),
                _ => None,
            },
        };
        event.map(|event| self.apply(event)).unwrap_or_default()
    }

    /// Takes an event and returns what is to be done outside; what concerns the pollers is done here.
    pub fn apply(&mut self, event: Event) -> Vec<Effect> {
        self.dirty = true;
        self.urgent = true;
        let effects = update(&mut self.state, event);
        let outside = self.carry_out(effects);
        self.tell_interests();
        outside
    }

    /// Does what concerns the pollers and the sessions, and returns the rest.
    fn carry_out(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        let mut outside = Vec::new();
        for effect in effects {
            match effect {
                Effect::Refresh(sources) => self.refresh(&sources),
                Effect::KeepMarks(marks) => self.save_marks(&marks),
                Effect::Snapshot(run) => {
                    let text = ui::snapshot::text(&self.state, &self.ui);
                    outside.extend(self.apply(Event::Snapshot(run, text)));
                }
                other => outside.extend(self.ask_host(other)),
            }
        }
        outside
    }

    /// Asks the host for what concerns sessions, and returns what does not.
    fn ask_host(&mut self, effect: Effect) -> Option<Effect> {
        let Some(Hosted { host, .. }) = &mut self.hosted else { return Some(effect) };
        match effect {
            Effect::Preflight { id, environment, entry, parameters } => {
                host.preflight(id, environment, entry, parameters);
            }
            Effect::Start { id, request, target, size, step } => {
                host.start(id, Asked { request: *request, target, size, step });
            }
            Effect::Run(wish) => host.run(wish),
            Effect::Size { id, columns, rows } => host.size(id, columns, rows),
            Effect::End { id } => host.end(id),
            Effect::Token { id, then } => host.token(id, then),
            Effect::Recordings => host.recordings(),
            Effect::Input { id, bytes } => {
                if !host.input(id, bytes) {
                    update(&mut self.state, Event::Notice(Notice::plain("sessions.notice.input-full")));
                }
            }
            other => return Some(other),
        }
        None
    }

    /// Takes what the host tells, and returns what is to be done outside.
    pub fn hear(&mut self, event: HostEvent) -> Vec<Effect> {
        let event = match event {
            HostEvent::Catalogue(environment, catalogue) => Event::Catalogue(environment, catalogue),
            HostEvent::CataloguesChanged(environments) => Event::CataloguesChanged(environments),
            HostEvent::Report(id, report @ SessionReport::Output(_)) => {
                // Shown with the next frame: a flood must not be drawn piece by piece.
                self.dirty = true;
                let effects = update(&mut self.state, Event::Session(id, report));
                return self.carry_out(effects);
            }
            HostEvent::Report(id, report) => Event::Session(id, report),
            HostEvent::Database(id, database) => Event::Database(id, database),
            HostEvent::Recordings(listed) => Event::Recordings(listed),
            HostEvent::Run(report) => Event::Run(report),
            HostEvent::Journal(report) => Event::Journal(report),
            HostEvent::Shipping(shipping) => Event::Shipping(shipping),
            HostEvent::Refused(id, refusal) => Event::Refused(id, refusal),
            HostEvent::Token(id, then, Ok(secret)) => Event::Token(id, then, Secret::new(secret)),
            HostEvent::Token(_, _, Err(why)) => Event::Notice(Notice::with("sessions.notice.token-failed", "why", why)),
        };
        self.state.now = self.state.now.max(self.clock.now());
        self.apply(event)
    }

    /// Lets the clock's time in.
    pub fn tick(&mut self) {
        self.apply(Event::Tick(self.clock.now()));
    }

    /// Waits for the next report of a source or a session and takes it, with what came since, as far as keys may wait for
    /// it; returns what is to be done outside.
    ///
    /// Never returns where no source is configured and nothing carries out sessions, as nothing will ever come.
    ///
    /// # Panics
    /// With a poller's panic: a console that silently stopped reading would lie.
    pub async fn reported(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        match self.next_told().await {
            Told::Source(report) => effects.extend(self.apply_report(*report)),
            Told::Host(event) => effects.extend(self.hear(*event)),
        }
        let mut room = TURN_BYTES;
        for _ in 0..TURN_EVENTS {
            // Both in turn, so that a flood of the one does not keep the other waiting.
            let report = self.reports.try_recv().ok();
            let event = self.hosted.as_mut().and_then(|hosted| hosted.events.try_recv().ok());
            if report.is_none() && event.is_none() {
                break;
            }
            if let Some(report) = report {
                effects.extend(self.apply_report(report));
            }
            if let Some(event) = event {
                let taken =
                    if let HostEvent::Report(_, SessionReport::Output(bytes)) = &event { bytes.len() } else { 0 };
                effects.extend(self.hear(event));
                room = room.saturating_sub(taken);
                if room == 0 {
                    break;
                }
            }
        }
        effects
    }

    /// Waits for whoever tells something first.
    async fn next_told(&mut self) -> Told {
        loop {
            let hosted = self.hosted.as_mut();
            let next_event = async {
                match hosted {
                    Some(hosted) => hosted.events.recv().await,
                    None => std::future::pending().await,
                }
            };
            let ends: Vec<_> = self.pollers.iter_mut().map(|source| Box::pin(source.poller.ended())).collect();
            let panicked = async {
                if ends.is_empty() {
                    return std::future::pending().await;
                }
                select_all(ends).await.0
            };
            tokio::select! {
                Some(report) = self.reports.recv() => return Told::Source(Box::new(report)),
                event = next_event => match event {
                    Some(event) => return Told::Host(Box::new(event)),
                    // The host is gone; nothing will come of it any more.
                    None => self.hosted = None,
                },
                panic = panicked => match panic {
                    Some(panic) => std::panic::resume_unwind(panic),
                    None => return std::future::pending().await,
                },
            }
        }
    }

    /// Takes reports until no poller has anything under way or due; returns what is to be done outside.
    pub async fn idle(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        loop {
            self.tell_interests();
            let idle = join_all(self.pollers.iter().map(|source| source.poller.idle()));
            let report = tokio::select! {
                biased;
                report = self.reports.recv() => report,
                _ = idle => self.reports.try_recv().ok(),
            };
            match report {
                Some(report) => effects.extend(self.apply_report(report)),
                None => return effects,
            }
        }
    }

    fn apply_report(&mut self, report: SourceEvent) -> Vec<Effect> {
        // A report was stamped when it was read; the state's time must not lie before it.
        let mut effects = Vec::new();
        if report.at > self.state.now {
            effects.extend(update(&mut self.state, Event::Tick(report.at)));
        }
        effects.extend(update(&mut self.state, Event::Source(report)));
        let outside = self.carry_out(effects);
        self.dirty = true;
        self.urgent = true;
        self.tell_interests();
        outside
    }

    /// Keeps marks; where that fails they last as long as the console, and it says so.
    fn save_marks(&mut self, marks: &[Mark]) {
        if let Err(error) = (self.marks)(marks) {
            let notice = Notice::with("screens.notice.marks-not-kept", "why", error.to_string());
            update(&mut self.state, Event::Notice(notice));
        }
    }

    fn refresh(&self, sources: &[SourceId]) {
        for (id, source) in sources.iter().filter_map(|id| self.pollers.get(id.0).map(|source| (id, source))) {
            let unknown = self.state.source(*id).is_some_and(|source| source.failure(Panel::Identity).is_some());
            // A poller that has not yet taken earlier wishes will refresh anyway.
            let _ = source.commands.try_send(PollCommand::ForgetDenials);
            if unknown {
                // Somebody may have logged in again.
                let _ = source.commands.try_send(PollCommand::Reconnect);
            }
            let _ = source.commands.try_send(PollCommand::Refresh);
        }
    }

    /// Tells each poller what is looked at, and whoever reads the journal, where that changed.
    fn tell_interests(&mut self) {
        let wanted = journal::wanted(&self.state);
        if let Some(hosted) = self.hosted.as_mut().filter(|_| wanted != self.journal) {
            hosted.host.journal(wanted.clone());
            self.journal = wanted;
        }
        for (index, source) in self.pollers.iter().enumerate() {
            let wanted = interest(&self.state, SourceId(index));
            source.interest.send_if_modified(|known| {
                let changed = *known != wanted;
                if changed {
                    *known = wanted;
                }
                changed
            });
        }
    }
}
