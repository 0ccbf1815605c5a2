//! The recording of a shell, as asciicast v2.
//!
//! Source: <https://docs.asciinema.org/manual/asciicast/v2/>. What is ours in the header is under the one key `sekisho`,
//! which other players pass over.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::text::clean;
use crate::journal::redact::{self, Redactor};

use super::writer::Format;
use super::{About, Header, Input};

/// The longest text of a header or label.
pub(super) const LONGEST_TEXT: usize = 400;

/// Writes output, sizes and markers.
pub(super) struct CastFormat {
    header: Header,
    redactor: Redactor,
    /// Secrets in the header and in labels.
    redactions: usize,
    /// The latest time that was written, in microseconds: time does not go back.
    latest: i64,
}

#[derive(Serialize)]
struct HeaderLine<'a> {
    version: u8,
    width: u16,
    height: u16,
    timestamp: i64,
    #[serde(skip_serializing_if = "str::is_empty")]
    title: &'a str,
    env: BTreeMap<&'a str, &'a str>,
    sekisho: &'a About,
}

/// Returns a line of JSON.
pub(super) fn line(value: &impl Serialize) -> String {
    // What is written here are texts and numbers, for which this does not fail.
    let mut line = serde_json::to_string(value).unwrap_or_default();
    line.push('\n');
    line
}

/// Returns a text fit for a header, and how many secrets were in it.
pub(super) fn fit(text: &str, count: &mut usize) -> String {
    let (text, secrets) = redact::text(text);
    *count += secrets;
    clean(&text, LONGEST_TEXT)
}

/// Returns what a recording is of, redacted.
pub(super) fn redacted(about: &About, count: &mut usize) -> About {
    about.fitted(|text| fit(text, count))
}

impl CastFormat {
    pub(super) fn new(header: Header) -> Self {
        Self { header, redactor: Redactor::default(), redactions: 0, latest: 0 }
    }

    fn event(&mut self, at: Timestamp, code: &str, data: &str) -> String {
        self.latest = self.latest.max((at - self.header.at).total(jiff::Unit::Microsecond).map_or(0, whole));
        let (seconds, micros) = (self.latest / 1_000_000, self.latest % 1_000_000);
        let data = serde_json::to_string(data).unwrap_or_default();
        format!("[{seconds}.{micros:06}, \"{code}\", {data}]\n")
    }

    fn output(&mut self, text: &str, at: Timestamp, lines: &mut Vec<String>) {
        if !text.is_empty() {
            lines.push(self.event(at, "o", text));
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a number of microseconds that is cut is years away")]
fn whole(micros: f64) -> i64 {
    micros as i64
}

impl Format for CastFormat {
    fn header(&mut self) -> String {
        let title = fit(&self.header.title, &mut self.redactions);
        let term = fit(&self.header.term, &mut self.redactions);
        let about = redacted(&self.header.about, &mut self.redactions);
        line(&HeaderLine {
            version: 2,
            width: self.header.columns.max(1),
            height: self.header.rows.max(1),
            timestamp: self.header.at.as_second(),
            title: &title,
            env: BTreeMap::from([("TERM", term.as_str())]),
            sekisho: &about,
        })
    }

    fn take(&mut self, input: Input, at: Timestamp, lines: &mut Vec<String>) {
        match input {
            Input::Output(bytes) => {
                let text = self.redactor.push(&bytes, at);
                self.output(&text, at, lines);
            }
            Input::Resize(columns, rows) => lines.push(self.event(at, "r", &format!("{columns}x{rows}"))),
            Input::Marker(label) => {
                let label = fit(&label, &mut self.redactions);
                lines.push(self.event(at, "m", &label));
            }
            // These are a tunnel's, or the writer's own.
            Input::Status(_) | Input::Opened { .. } | Input::Closed { .. } | Input::End => {}
        }
    }

    fn tick(&mut self, at: Timestamp, lines: &mut Vec<String>) {
        let text = self.redactor.tick(at);
        self.output(&text, at, lines);
    }

    fn end(&mut self, label: &str, at: Timestamp, lines: &mut Vec<String>) {
        let text = self.redactor.finish();
        self.output(&text, at, lines);
        lines.push(self.event(at, "m", label));
    }

    fn is_holding(&self) -> bool {
        self.redactor.is_holding()
    }

    fn redactions(&self) -> usize {
        self.redactor.count() + self.redactions
    }
}
