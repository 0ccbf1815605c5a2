//! The table.

use std::fmt;

/// A line of the table.
#[derive(Debug)]
pub struct Row {
    what: String,
    measured: [String; 2],
    official: String,
}

impl Row {
    /// Makes a line of what was measured, ours first.
    pub fn new(what: impl Into<String>, measured: [String; 2]) -> Self {
        Self { what: what.into(), measured, official: String::new() }
    }

    /// Adds what was recorded of the official client elsewhere.
    pub fn official(mut self, recorded: &str) -> Self {
        recorded.clone_into(&mut self.official);
        self
    }
}

/// What was measured, as Markdown.
#[derive(Debug, Default)]
pub struct Table(Vec<Row>);

impl Table {
    /// Adds a line, and says it at once to whoever waits.
    pub fn push(&mut self, row: Row) {
        let [ours, theirs] = &row.measured;
        eprintln!("{}: {ours}, {theirs}", row.what);
        self.0.push(row);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | Sekisho | aws-ssm-bridge 0.6.0 | the official client, elsewhere |")?;
        writeln!(f, "| --- | ---: | ---: | ---: |")?;
        for Row { what, measured: [ours, theirs], official } in &self.0 {
            writeln!(f, "| {what} | {ours} | {theirs} | {official} |")?;
        }
        Ok(())
    }
}
