//! The tunnel in front: its sessions and its connections.

use crate::domain::session::{TunnelConnection, TunnelSession};

use super::Sessions;
use crate::state::list::Scroll;

/// Names the panels of an open tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TunnelPanel {
    /// The connections that are open.
    #[default]
    Connections,
    /// The sessions under it.
    Sessions,
}

impl TunnelPanel {
    /// Lists the panels in the order of the tabulator key.
    pub const ALL: [Self; 2] = [Self::Connections, Self::Sessions];

    /// Returns the other panel.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Connections => Self::Sessions,
            Self::Sessions => Self::Connections,
        }
    }
}

/// Holds what is looked at of the tunnel in front.
#[derive(Debug, Clone, Copy, Default)]
pub struct TunnelView {
    /// The panel with the focus.
    pub panel: TunnelPanel,
    /// The positions in the panels, in the order of [`TunnelPanel::ALL`].
    pub scrolls: [Scroll; TunnelPanel::ALL.len()],
}

impl TunnelView {
    /// Returns the position in a panel.
    pub fn scroll(&self, panel: TunnelPanel) -> Scroll {
        self.scrolls[panel as usize]
    }

    /// Returns the position in the panel with the focus, to be moved.
    pub fn scroll_mut(&mut self) -> &mut Scroll {
        &mut self.scrolls[self.panel as usize]
    }
}

impl Sessions {
    /// Returns the connections of the tunnel in front.
    pub fn connections(&self) -> &[TunnelConnection] {
        self.front().and_then(|live| live.tunnel.as_deref()).map_or(&[], |status| &status.connections)
    }

    /// Returns the sessions under the tunnel in front.
    pub fn under(&self) -> &[TunnelSession] {
        self.front().and_then(|live| live.tunnel.as_deref()).map_or(&[], |status| &status.sessions)
    }

    /// Returns how many rows the panel of the tunnel that has the keys has.
    pub(in crate::state) fn tunnel_rows(&self) -> usize {
        match self.tunnel.panel {
            TunnelPanel::Connections => self.connections().len(),
            TunnelPanel::Sessions => self.under().len(),
        }
    }
}
