//! A recording that is being looked at: the player, and what is typed to look for.

use std::time::Duration;

use tui_input::Input;

use crate::journal::recording::player::{Act, Player};

/// Holds a player and the prompt of its search.
#[derive(Debug)]
pub struct Replay {
    /// What people call the recording: the name of its file.
    pub name: String,
    /// The player.
    pub player: Player,
    /// What is being typed to look for, while it is.
    pub prompt: Option<Input>,
}

impl Replay {
    /// Begins to play.
    pub fn new(name: String, player: Player) -> Self {
        Self { name, player, prompt: None }
    }

    /// Does what a person asks for.
    pub fn act(&mut self, act: Act) {
        self.player.act(act);
    }

    /// Lets real time pass; time stands still while something is typed. Returns whether the screen may have changed.
    pub fn pass(&mut self, elapsed: Duration) -> bool {
        self.prompt.is_none() && self.player.pass(elapsed)
    }

    /// Asks what to look for.
    pub fn ask(&mut self) {
        self.prompt = Some(Input::default());
    }

    /// Looks for what was typed; where nothing was, for what was looked for before.
    pub fn search(&mut self) {
        let Some(prompt) = self.prompt.take() else { return };
        if prompt.value().is_empty() {
            self.player.act(Act::NextMatch);
        } else {
            self.player.search(prompt.value());
        }
    }

    /// Leaves the prompt; returns whether there was one.
    pub fn cancel(&mut self) -> bool {
        self.prompt.take().is_some()
    }
}
