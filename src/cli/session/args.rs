//! The arguments of `shell`, `exec` and `tunnel`, and what every entry asks for.

/// What an entry asks for, answered beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Default, clap::Args)]
pub struct Answers {
    /// A parameter, as `name=value`.
    #[arg(long, value_name = "param", value_parser = parse_param)]
    pub param: Vec<(String, String)>,
    /// Why.
    #[arg(long, value_name = "text")]
    pub reason: Option<String>,
    /// The ticket.
    #[arg(long, value_name = "text")]
    pub ticket: Option<String>,
    /// What must be typed to confirm.
    #[arg(long, value_name = "text", conflicts_with = "yes")]
    pub confirm: Option<String>,
    /// Confirms where a plain yes is asked for.
    #[arg(long)]
    pub yes: bool,
}

/// What is said of a catalogue entry that is to be opened.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct EntryArgs {
    /// The entry's id.
    #[arg(value_name = "entry")]
    pub entry: String,
    /// What the form of the console would ask.
    #[command(flatten)]
    pub answers: Answers,
    /// The task or node, by its id or the beginning of it.
    #[arg(long, value_name = "id")]
    pub target: Option<String>,
}

/// The arguments of `tunnel`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct TunnelArgs {
    /// The entry.
    #[command(flatten)]
    pub entry: EntryArgs,
    /// The database's own client to start; the tunnel ends with it.
    #[arg(long)]
    pub client: bool,
}

/// Reads a parameter, `name=value`.
fn parse_param(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(String::new)?;
    if name.is_empty() { Err(String::new()) } else { Ok((name.to_owned(), value.to_owned())) }
}
