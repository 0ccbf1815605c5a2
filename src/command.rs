//! Lists what a person can tell the console to do: one table, read by the keymap, the help, the palette and the
//! documentation.

/// Declares [`Command`] and its table together, so that neither can lack an entry of the other.
macro_rules! commands {
    ($($(#[$doc:meta])* $command:ident $id:literal $key:literal [$($scope:ident),+] $palette:ident;)+) => {
        /// A thing that the console does when it is told to: by a key, in the palette or with the mouse.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
        pub enum Command {
            $($(#[$doc])* $command,)+
        }

        /// Every command, in the order in which help shows them.
        const TABLE: &[Entry] = &[
            $(Entry {
                command: Command::$command,
                id: $id,
                scopes: &[$(Scope::$scope),+],
                palette: commands!(@palette $palette),
                key: $key,
            },)+
        ];
    };
    (@palette palette) => { true };
    (@palette keys) => { false };
}

/// A place in the console where keys mean something.
///
/// Places nest, see [`Scope::chain`]: what is bound in a wider place holds in a narrower one too, unless that binds
/// the same chord itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Scope {
    /// Everywhere except where text is typed.
    Global,
    /// Wherever rows are walked through: every screen, and the overlays that list something.
    List,
    /// The overview, screen 1.
    Overview,
    /// The list of services, screen 2.
    Services,
    /// One service, opened.
    Service,
    /// The log of a service.
    Log,
    /// The list of alarms, screen 4.
    Alarms,
    /// One alarm, opened.
    Alarm,
    /// The list of web ACLs, screen 3.
    Waf,
    /// One web ACL, opened.
    WebAcl,
    /// The list of findings, screen 5.
    Findings,
    /// One finding, opened.
    Finding,
    /// Sessions: what may be opened, and what is open; screen 7.
    Sessions,
    /// The form before a session is started; text is typed in it.
    Form,
    /// Our menu over a pane, and a pane whose session is over.
    Pane,
    /// A tunnel, opened.
    Tunnel,
    /// A change under way, opened.
    Operation,
    /// The runbooks and their runs, screen 8.
    Runbooks,
    /// A run of a runbook, opened.
    Run,
    /// The journal, screen 9.
    Journal,
    /// The environments side by side.
    Fleet,
    /// The help overlay.
    Help,
    /// The command palette; text is typed in it.
    Palette,
    /// A menu, such as the environments or the time ranges.
    Menu,
    /// The overlay that lists what failed.
    Errors,
    /// A line of text being typed, such as a filter.
    Prompt,
}

impl Scope {
    /// Lists every scope, in the order in which help and keymap files have them.
    pub const ALL: [Scope; 26] = [
        Scope::Global,
        Scope::List,
        Scope::Overview,
        Scope::Services,
        Scope::Service,
        Scope::Log,
        Scope::Alarms,
        Scope::Alarm,
        Scope::Waf,
        Scope::WebAcl,
        Scope::Findings,
        Scope::Finding,
        Scope::Sessions,
        Scope::Tunnel,
        Scope::Operation,
        Scope::Pane,
        Scope::Runbooks,
        Scope::Run,
        Scope::Journal,
        Scope::Fleet,
        Scope::Help,
        Scope::Menu,
        Scope::Errors,
        Scope::Palette,
        Scope::Prompt,
        Scope::Form,
    ];

    /// Names the scope as keymap files do: the name of its table.
    pub const fn id(self) -> &'static str {
        match self {
            Scope::Global => "global",
            Scope::List => "list",
            Scope::Overview => "overview",
            Scope::Services => "services",
            Scope::Service => "service",
            Scope::Log => "log",
            Scope::Alarms => "alarms",
            Scope::Alarm => "alarm",
            Scope::Waf => "waf",
            Scope::WebAcl => "web-acl",
            Scope::Findings => "findings",
            Scope::Finding => "finding",
            Scope::Sessions => "sessions",
            Scope::Form => "form",
            Scope::Pane => "pane",
            Scope::Tunnel => "tunnel",
            Scope::Operation => "operation",
            Scope::Runbooks => "runbooks",
            Scope::Run => "run",
            Scope::Journal => "journal",
            Scope::Fleet => "fleet",
            Scope::Help => "help",
            Scope::Palette => "palette",
            Scope::Menu => "menu",
            Scope::Errors => "errors",
            Scope::Prompt => "prompt",
        }
    }

    /// Finds the scope that a keymap file names.
    pub fn from_id(id: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|scope| scope.id() == id)
    }

    /// Gives the locale key of the scope's title.
    pub const fn key(self) -> &'static str {
        match self {
            Scope::Global => "keymap.scope.global",
            Scope::List => "keymap.scope.list",
            Scope::Overview => "keymap.scope.overview",
            Scope::Services => "keymap.scope.services",
            Scope::Service => "keymap.scope.service",
            Scope::Log => "keymap.scope.log",
            Scope::Alarms => "keymap.scope.alarms",
            Scope::Alarm => "keymap.scope.alarm",
            Scope::Waf => "keymap.scope.waf",
            Scope::WebAcl => "keymap.scope.web-acl",
            Scope::Findings => "keymap.scope.findings",
            Scope::Finding => "keymap.scope.finding",
            Scope::Sessions => "keymap.scope.sessions",
            Scope::Form => "keymap.scope.form",
            Scope::Pane => "keymap.scope.pane",
            Scope::Tunnel => "keymap.scope.tunnel",
            Scope::Operation => "keymap.scope.operation",
            Scope::Runbooks => "keymap.scope.runbooks",
            Scope::Run => "keymap.scope.run",
            Scope::Journal => "keymap.scope.journal",
            Scope::Fleet => "keymap.scope.fleet",
            Scope::Help => "keymap.scope.help",
            Scope::Palette => "keymap.scope.palette",
            Scope::Menu => "keymap.scope.menu",
            Scope::Errors => "keymap.scope.errors",
            Scope::Prompt => "keymap.scope.prompt",
        }
    }

    /// Lists the scopes whose bindings hold here, the most specific first; the first is the scope itself.
    ///
    /// Where text is typed nothing global holds: `q` is a letter there.
    pub const fn chain(self) -> &'static [Scope] {
        match self {
            Scope::Global => &[Scope::Global],
            Scope::List => &[Scope::List, Scope::Global],
            Scope::Overview => &[Scope::Overview, Scope::List, Scope::Global],
            Scope::Services => &[Scope::Services, Scope::List, Scope::Global],
            Scope::Service => &[Scope::Service, Scope::List, Scope::Global],
            Scope::Log => &[Scope::Log, Scope::List, Scope::Global],
            Scope::Alarms => &[Scope::Alarms, Scope::List, Scope::Global],
            Scope::Alarm => &[Scope::Alarm, Scope::List, Scope::Global],
            Scope::Waf => &[Scope::Waf, Scope::List, Scope::Global],
            Scope::WebAcl => &[Scope::WebAcl, Scope::List, Scope::Global],
            Scope::Findings => &[Scope::Findings, Scope::List, Scope::Global],
            Scope::Finding => &[Scope::Finding, Scope::List, Scope::Global],
            Scope::Sessions => &[Scope::Sessions, Scope::List, Scope::Global],
            Scope::Tunnel => &[Scope::Tunnel, Scope::List, Scope::Global],
            Scope::Operation => &[Scope::Operation, Scope::List, Scope::Global],
            Scope::Pane => &[Scope::Pane, Scope::Global],
            Scope::Form => &[Scope::Form, Scope::Prompt],
            Scope::Runbooks => &[Scope::Runbooks, Scope::List, Scope::Global],
            Scope::Run => &[Scope::Run, Scope::List, Scope::Global],
            Scope::Journal => &[Scope::Journal, Scope::List, Scope::Global],
            Scope::Fleet => &[Scope::Fleet, Scope::List, Scope::Global],
            Scope::Help => &[Scope::Help, Scope::List, Scope::Global],
            Scope::Menu => &[Scope::Menu, Scope::List, Scope::Global],
            Scope::Errors => &[Scope::Errors, Scope::List, Scope::Global],
            Scope::Palette => &[Scope::Palette, Scope::Prompt],
            Scope::Prompt => &[Scope::Prompt],
        }
    }
}

/// One row of the table of commands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The command itself.
    pub command: Command,
    /// Its name in keymap files and in the palette, for instance `half-page-down`.
    pub id: &'static str,
    /// Where it means something; it also does in every scope whose [chain](Scope::chain) holds one of these.
    pub scopes: &'static [Scope],
    /// Whether the palette offers it. Moving the cursor is for keys alone.
    pub palette: bool,
    /// The locale key of its one-line text.
    pub key: &'static str,
}

impl Entry {
    /// Tells whether the command means something in a scope.
    pub fn available_in(&self, scope: Scope) -> bool {
        scope.chain().iter().any(|wider| self.scopes.contains(wider))
    }
}

commands! {
    /// Shows the overview.
    Overview "overview" "commands.overview" [Global] palette;
    /// Shows the services.
    Services "services" "commands.services" [Global] palette;
    /// Shows the web ACLs.
    Waf "waf" "commands.waf" [Global] palette;
    /// Shows the alarms.
    Alarms "alarms" "commands.alarms" [Global] palette;
    /// Shows the findings.
    Findings "findings" "commands.findings" [Global] palette;
    /// Shows the sessions.
    Sessions "sessions" "commands.sessions" [Global] palette;
    /// Shows the runbooks.
    Runbooks "runbooks" "commands.runbooks" [Global] palette;
    /// Shows the journal.
    Journal "journal" "commands.journal" [Global] palette;
    /// Shows the environments side by side.
    Fleet "fleet" "commands.fleet" [Global] palette;

    /// Moves the cursor one row up.
    Up "up" "commands.up" [List] keys;
    /// Moves the cursor one row down.
    Down "down" "commands.down" [List] keys;
    /// Moves or scrolls to the left.
    Left "left" "commands.left" [List] keys;
    /// Moves or scrolls to the right.
    Right "right" "commands.right" [List] keys;
    /// Moves the cursor to the first row.
    Top "top" "commands.top" [List] keys;
    /// Moves the cursor to the last row.
    Bottom "bottom" "commands.bottom" [List] keys;
    /// Moves the cursor half a page up.
    HalfPageUp "half-page-up" "commands.half-page-up" [List] keys;
    /// Moves the cursor half a page down.
    HalfPageDown "half-page-down" "commands.half-page-down" [List] keys;
    /// Moves the cursor a page up.
    PageUp "page-up" "commands.page-up" [List, Form] keys;
    /// Moves the cursor a page down.
    PageDown "page-down" "commands.page-down" [List, Form] keys;
    /// Gives the next panel the keys.
    NextPanel "next-panel" "commands.next-panel" [Global] keys;
    /// Gives the previous panel the keys.
    PreviousPanel "previous-panel" "commands.previous-panel" [Global] keys;

    /// Opens what the cursor is on.
    Open "open" "commands.open" [List] keys;
    /// Goes back: closes the overlay, clears the filter, leaves the opened object.
    Back "back" "commands.back" [Global] keys;
    /// Narrows the rows to those that match what is typed.
    Filter "filter" "commands.filter" [List] palette;
    /// Moves the cursor to the next match.
    NextMatch "next-match" "commands.next-match" [List] keys;
    /// Moves the cursor to the previous match.
    PreviousMatch "previous-match" "commands.previous-match" [List] keys;
    /// Sorts the rows by the next column.
    Sort "sort" "commands.sort" [List] palette;
    /// Turns the order of the rows around.
    ReverseSort "reverse-sort" "commands.reverse-sort" [List] palette;
    /// Marks the row as seen, or takes the mark away.
    MarkSeen "mark-seen" "commands.mark-seen" [Overview] palette;
    /// Shows findings that need nothing as well, or only those to do.
    Everything "everything" "commands.everything" [Findings] palette;
    /// Counts the findings by something else: product, account, control.
    GroupBy "group-by" "commands.group-by" [Findings] palette;
    /// Copies what the cursor is on to the clipboard of the terminal.
    Copy "copy" "commands.copy" [List] palette;
    /// Shows the link to the AWS console for what the cursor is on.
    ConsoleLink "console-link" "commands.console-link" [List] palette;

    /// Shows what may be done about what the cursor is on.
    Actions "actions" "commands.actions" [List] palette;
    /// Follows the log of the open service.
    Log "log" "commands.log" [Service] palette;
    /// Looks for a text in the lines that are there.
    Search "search" "commands.search" [Log] palette;
    /// Lets reading rest, or go on.
    Pause "pause" "commands.pause" [Log] palette;
    /// Breaks long lines, or lets them run out to the right.
    Wrap "wrap" "commands.wrap" [Log] palette;
    /// Shows times in the next way: time of day, date, age, none.
    Times "times" "commands.times" [Log] palette;

    /// Does what the open step lacks next, and goes on once nothing is lacking.
    GoOn "go-on" "commands.go-on" [Run] palette;
    /// Answers the open decision with yes.
    Yes "yes" "commands.yes" [Run] palette;
    /// Answers the open decision with no.
    No "no" "commands.no" [Run] palette;
    /// Has the open check look at the dashboards again; in other steps, keeps what they show.
    Look "look" "commands.look" [Run] palette;
    /// Writes something down in the run.
    Write "write" "commands.write" [Run] palette;
    /// Notes that the next of the chain was told.
    Told "told" "commands.told" [Run] palette;
    /// Notes who of those that were told answered.
    Answered "answered" "commands.answered" [Run] palette;
    /// Leaves the open step undone, for a reason.
    Skip "skip" "commands.skip" [Run] palette;
    /// Gives the run up, for a reason.
    GiveUp "give-up" "commands.give-up" [Run] palette;

    /// Shows what belongs to the same incident, from its beginning.
    Timeline "timeline" "commands.timeline" [Journal] palette;

    /// Leaves the pane for the screens; its session goes on.
    Detach "detach" "commands.detach" [Pane] keys;
    /// Shows the next session that is open.
    NextSession "next-session" "commands.next-session" [Pane, Tunnel, Operation] palette;
    /// Shows the previous session that is open.
    PreviousSession "previous-session" "commands.previous-session" [Pane, Tunnel, Operation] palette;
    /// Shows what was above the screen of the pane.
    ScrollBack "scroll-back" "commands.scroll-back" [Pane] keys;
    /// Sends our escape itself to the far side.
    SendEscape "send-escape" "commands.send-escape" [Pane] keys;
    /// Mints a token for the database's user and copies it.
    Token "token" "commands.token" [Tunnel] palette;
    /// Mints a token for the database's user and shows it.
    ShowToken "show-token" "commands.show-token" [Tunnel] palette;
    /// Starts the database's client through the tunnel.
    Client "client" "commands.client" [Tunnel] palette;
    /// Ends the session, or has the change stopped, after a question; one that is over is taken off the list.
    EndSession "end-session" "commands.end-session" [Sessions, Tunnel, Operation, Pane] palette;

    /// Asks AWS again at once, also for what it denied.
    Refresh "refresh" "commands.refresh" [Global, Form] palette;
    /// Opens the menu of environments.
    Environment "environment" "commands.environment" [Global] palette;
    /// Opens the menu of time ranges.
    Range "range" "commands.range" [Global] palette;
    /// Pins the time range to an hour.
    Range1h "range-1h" "commands.range-1h" [Global] palette;
    /// Pins the time range to three hours.
    Range3h "range-3h" "commands.range-3h" [Global] palette;
    /// Pins the time range to a day.
    Range1d "range-1d" "commands.range-1d" [Global] palette;
    /// Pins the time range to a week.
    Range1w "range-1w" "commands.range-1w" [Global] palette;

    /// Opens the command palette.
    Palette "palette" "commands.palette" [Global] keys;
    /// Opens the help for this screen.
    Help "help" "commands.help" [Global] palette;
    /// Lists what failed, and why.
    Errors "errors" "commands.errors" [Global] palette;
    /// Switches the mouse on or off.
    Mouse "mouse" "commands.mouse" [Global] palette;
    /// Draws the whole screen afresh.
    Redraw "redraw" "commands.redraw" [Global] palette;
    /// Stops the program until the shell continues it.
    Suspend "suspend" "commands.suspend" [Global] palette;
    /// Leaves the program.
    Quit "quit" "commands.quit" [Global] palette;

    /// Takes what was typed.
    Accept "accept" "commands.accept" [Prompt] keys;
    /// Gives up what was typed.
    Cancel "cancel" "commands.cancel" [Prompt] keys;
    /// Completes what was typed.
    Complete "complete" "commands.complete" [Prompt] keys;
    /// Moves to the previous entry: of the history, or of the palette.
    PreviousEntry "previous-entry" "commands.previous-entry" [Prompt] keys;
    /// Moves to the next entry: of the history, or of the palette.
    NextEntry "next-entry" "commands.next-entry" [Prompt] keys;
}

/// Gives the whole table, in the order in which help shows it.
pub const fn entries() -> &'static [Entry] {
    TABLE
}

impl Command {
    /// Finds the command that a keymap file or the palette names.
    pub fn from_id(id: &str) -> Option<Command> {
        TABLE.iter().find(|entry| entry.id == id).map(|entry| entry.command)
    }

    /// Names the command as keymap files and the palette do.
    pub const fn id(self) -> &'static str {
        self.entry().id
    }

    /// Gives the command's row of the table.
    pub const fn entry(self) -> &'static Entry {
        // The macro writes the enum and the table from one list, so that a row's place is its command's number.
        &TABLE[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::{Lang, Texts};
    use std::collections::HashSet;

    #[test]
    fn each_row_is_its_commands_own() {
        for entry in entries() {
            assert_eq!(entry.command.entry(), entry);
            assert_eq!(Command::from_id(entry.id), Some(entry.command));
        }
        assert_eq!(Command::from_id("no-such-command"), None);
    }

    #[test]
    fn names_are_unique_and_plain() {
        let ids: HashSet<_> = entries().iter().map(|entry| entry.id).collect();
        assert_eq!(ids.len(), entries().len());
        for id in ids {
            assert!(id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{id}");
            assert_ne!(id, "none", "`none` unbinds a chord in a keymap file");
        }
    }

    #[test]
    fn a_text_is_named_after_its_command() {
        for entry in entries() {
            assert_eq!(entry.key, format!("commands.{}", entry.id));
            for lang in Lang::ALL {
                assert_ne!(Texts::of(lang).get(entry.key), entry.key);
            }
        }
    }

    #[test]
    fn scopes_are_listed_once_and_lead_their_chain() {
        let ids: HashSet<_> = Scope::ALL.iter().map(|scope| scope.id()).collect();
        assert_eq!(ids.len(), Scope::ALL.len());
        for scope in Scope::ALL {
            assert_eq!(scope.chain().first(), Some(&scope));
            assert_eq!(Scope::from_id(scope.id()), Some(scope));
        }
        assert_eq!(Scope::from_id("no-such-scope"), None);
    }

    #[test]
    fn what_holds_in_lists_holds_in_every_screen_but_not_where_text_is_typed() {
        let down = Command::Down.entry();
        assert!(down.available_in(Scope::Services) && down.available_in(Scope::Help));
        assert!(!down.available_in(Scope::Global) && !down.available_in(Scope::Palette));
        assert!(!Command::Quit.entry().available_in(Scope::Prompt));
        assert!(Command::Accept.entry().available_in(Scope::Palette));
    }
}
