//! A report as Markdown.

use std::fmt::Write as _;

use super::{Line, Report, Run};
use crate::i18n::Texts;

/// Writes a run as Markdown.
pub fn markdown(run: &Run, texts: Texts) -> String {
    let report = Report::of(run, texts);
    let mut text = format!("# {}\n\n", escaped(&report.title));
    // Writing to a String does not fail.
    for (name, value) in &report.facts {
        let _ = writeln!(text, "- {name}: {}", escaped(value));
    }
    for section in &report.sections {
        let _ = write!(text, "\n## {}\n\n{}\n", escaped(&section.title), escaped(&section.when));
        if let Some(prompt) = &section.prompt {
            let _ = write!(text, "\n{}\n", escaped(prompt));
        }
        for line in &section.lines {
            let _ = match line {
                Line::Said(said) => write!(text, "\n- {}\n", escaped(said)),
                Line::Quoted(head, quoted) => {
                    let fence = fence(quoted);
                    write!(text, "\n- {}\n\n{fence}text\n{quoted}\n{fence}\n", escaped(head))
                }
            };
        }
    }
    text
}

/// Escapes what would be more than a letter in Markdown, and puts it on one line.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '\n' => escaped.push(' '),
            c if c.is_ascii_punctuation() && !",.:;/-()%=?'\"".contains(c) => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Returns a fence that is longer than any in a text.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}
