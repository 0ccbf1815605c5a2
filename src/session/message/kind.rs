//! What a message is, and what its payload is.

/// The bytes that a type takes in the header.
const WIDTH: usize = 32;

/// Says what a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageType {
    /// `input_stream_data`: from the client to the agent, numbered.
    InputStreamData,
    /// `output_stream_data`: from the agent to the client, numbered.
    OutputStreamData,
    /// `acknowledge`: one numbered message has arrived.
    Acknowledge,
    /// `channel_closed`: the service ends the session.
    ChannelClosed,
    /// `start_publication`: what was held back may go.
    StartPublication,
    /// `pause_publication`: what is sent is to be held back.
    PausePublication,
    /// `agent_session_state`: the agent tells the service how it stands; not for the client.
    AgentSessionState,
    /// Anything else, as it was written.
    Other([u8; WIDTH]),
}

/// The types that have a name here.
const NAMED: [MessageType; 7] = [
    MessageType::OutputStreamData,
    MessageType::Acknowledge,
    MessageType::InputStreamData,
    MessageType::ChannelClosed,
    MessageType::StartPublication,
    MessageType::PausePublication,
    MessageType::AgentSessionState,
];

impl MessageType {
    /// Reads a type as it stands in a header: spaces and NULs around it do not count.
    pub fn read(written: &[u8; WIDTH]) -> Self {
        let is_padding = |byte: &u8| matches!(byte, b' ' | 0);
        let begin = written.iter().position(|byte| !is_padding(byte)).unwrap_or(WIDTH);
        let end = written.iter().rposition(|byte| !is_padding(byte)).map_or(begin, |last| last + 1);
        let name = &written[begin..end];
        NAMED.into_iter().find(|kind| kind.name().as_bytes() == name).unwrap_or(Self::Other(*written))
    }

    /// Returns the name on the wire; empty for what has none here.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::InputStreamData => "input_stream_data",
            Self::OutputStreamData => "output_stream_data",
            Self::Acknowledge => "acknowledge",
            Self::ChannelClosed => "channel_closed",
            Self::StartPublication => "start_publication",
            Self::PausePublication => "pause_publication",
            Self::AgentSessionState => "agent_session_state",
            Self::Other(_) => "",
        }
    }

    /// Returns the type as it stands in a header, padded with spaces.
    pub(super) fn written(&self) -> [u8; WIDTH] {
        if let Self::Other(written) = self {
            return *written;
        }
        let mut written = [b' '; WIDTH];
        let name = self.name().as_bytes();
        written[..name.len()].copy_from_slice(name);
        written
    }
}

/// Says what a message's payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PayloadType {
    /// 0: none, or that of an unnumbered message.
    None,
    /// 1: bytes of the session, in both directions.
    Output,
    /// 2: an error.
    Error,
    /// 3: the size of the terminal.
    Size,
    /// 4: parameters.
    Parameter,
    /// 5: what the agent asks of the client before the session.
    HandshakeRequest,
    /// 6: what the client made of it.
    HandshakeResponse,
    /// 7: the session is ready.
    HandshakeComplete,
    /// 8: the agent makes sure that the client has the key.
    EncryptionChallengeRequest,
    /// 9: the client's proof.
    EncryptionChallengeResponse,
    /// 10: a signal of a port session.
    Flag,
    /// 11: standard error of a command without a terminal.
    StandardError,
    /// 12: how a command without a terminal ended.
    ExitCode,
    /// Anything else.
    Other(u32),
}

impl From<u32> for PayloadType {
    fn from(number: u32) -> Self {
        match number {
            0 => Self::None,
            1 => Self::Output,
            2 => Self::Error,
            3 => Self::Size,
            4 => Self::Parameter,
            5 => Self::HandshakeRequest,
            6 => Self::HandshakeResponse,
            7 => Self::HandshakeComplete,
            8 => Self::EncryptionChallengeRequest,
            9 => Self::EncryptionChallengeResponse,
            10 => Self::Flag,
            11 => Self::StandardError,
            12 => Self::ExitCode,
            other => Self::Other(other),
        }
    }
}

impl From<PayloadType> for u32 {
    fn from(kind: PayloadType) -> Self {
        match kind {
            PayloadType::None => 0,
            PayloadType::Output => 1,
            PayloadType::Error => 2,
            PayloadType::Size => 3,
            PayloadType::Parameter => 4,
            PayloadType::HandshakeRequest => 5,
            PayloadType::HandshakeResponse => 6,
            PayloadType::HandshakeComplete => 7,
            PayloadType::EncryptionChallengeRequest => 8,
            PayloadType::EncryptionChallengeResponse => 9,
            PayloadType::Flag => 10,
            PayloadType::StandardError => 11,
            PayloadType::ExitCode => 12,
            PayloadType::Other(other) => other,
        }
    }
}
