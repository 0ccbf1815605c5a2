//! A report as HTML: one file, without scripts, and with nothing that is fetched from elsewhere.

use std::fmt::Write as _;

use super::{Line, Report, Run};
use crate::i18n::Texts;

/// How it looks: on paper as well as on a screen.
const STYLE: &str = "body{font-family:sans-serif;max-width:60em;margin:2em auto;padding:0 1em;line-height:1.5}\
    pre{white-space:pre-wrap;background:#f4f4f4;padding:.5em;border-left:3px solid #888}\
    .when{color:#555}dt{font-weight:bold}";

/// Writes a run as HTML.
pub fn html(run: &Run, texts: Texts) -> String {
    let report = Report::of(run, texts);
    let (lang, title) = (texts.lang().code(), escaped(&report.title));
    let mut text = format!(
        "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<dl>\n"
    );
    // Writing to a String does not fail.
    for (name, value) in &report.facts {
        let _ = writeln!(text, "<dt>{}</dt><dd>{}</dd>", escaped(name), escaped(value));
    }
    text.push_str("</dl>\n");
    for section in &report.sections {
        let (heading, when) = (escaped(&section.title), escaped(&section.when));
        let _ = write!(text, "<section>\n<h2>{heading}</h2>\n<p class=\"when\">{when}</p>\n");
        if let Some(prompt) = &section.prompt {
            let _ = writeln!(text, "<p>{}</p>", escaped(prompt));
        }
        for line in &section.lines {
            let _ = match line {
                Line::Said(said) => writeln!(text, "<p>{}</p>", escaped(said)),
                Line::Quoted(head, quoted) => {
                    writeln!(text, "<p>{}</p>\n<pre>{}</pre>", escaped(head), escaped(quoted))
                }
            };
        }
        text.push_str("</section>\n");
    }
    text.push_str("</body>\n</html>\n");
    text
}

/// Escapes what would be more than a letter in HTML, in a text or in an attribute.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
