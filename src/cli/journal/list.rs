//! `sekisho journal list`: the records, one a row, the oldest first, as they are read.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde_json::json;

use crate::cli::Exit;
use crate::cli::args::Output;
use crate::domain::text::{clean, width};
use crate::journal::chain::{Broken, Verifier, Why};
use crate::journal::lines::{Content, Line};
use crate::journal::query::verdict;
use crate::journal::record::{Kind, Record};
use crate::journal::under_way;
use crate::t;
use crate::ui::words;

use super::Desk;
use super::args::ListArgs;

/// The schema of the JSON.
const SCHEMA: &str = "sekisho/journal/1";

/// The longest text that is shown of a line that is no record, in characters.
const LONGEST: usize = 2_000;

/// Cells of the columns; what is longer pushes its row, for nothing is cut.
const WIDTHS: [usize; 8] = [7, 19, 13, 16, 8, 24, 24, 0];

/// Prints the records; where the journal breaks, that is said, and the rest is printed as it stands.
///
/// # Errors
/// Where `out` or `faults` cannot be written to.
pub(super) fn run(desk: &Desk<'_>, wanted: &ListArgs, out: &mut dyn Write, faults: &mut dyn Write) -> io::Result<Exit> {
    let (path, lines) = match desk.open(wanted.which.file.as_deref(), faults)? {
        Ok(opened) => opened,
        Err(exit) => return Ok(exit),
    };
    let query = desk.query(&wanted.which);
    let under_way = under_way(&path);
    let (output, verifier) = (wanted.shown.output, Verifier::default());
    let mut rows = Rows { desk, output, out, count: 0, verifier, broken: None, under_way };
    rows.begin()?;
    let mut failed = None;
    if let Some(mut lines) = lines {
        loop {
            let line = match lines.next() {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            };
            let is_torn = matches!(line.content, Content::Torn(_));
            rows.take(&line, |record| query.matches(record) && desk.is_chosen(record), query.is_empty())?;
            if is_torn {
                break;
            }
        }
    }
    rows.end()?;
    let broken = rows.broken.take();
    out.flush()?;
    if let Some(Broken { line, why }) = &broken {
        writeln!(faults, "{}", desk.broken(&path, *line, why))?;
    }
    if let Some(error) = failed {
        let path = crate::config::document::printable(&path.to_string_lossy());
        writeln!(faults, "{}", t!(desk.texts, "journal.cli.not-read", path = path, why = error))?;
        return Ok(Exit::Source);
    }
    Ok(if broken.is_some() { Exit::Attention } else { Exit::Fine })
}

/// Prints rows as they come, and follows the chain.
struct Rows<'a> {
    desk: &'a Desk<'a>,
    output: Output,
    out: &'a mut dyn Write,
    count: u64,
    verifier: Verifier,
    broken: Option<Broken>,
    /// The intents that programs have under way.
    under_way: BTreeSet<u64>,
}

impl Rows<'_> {
    fn begin(&mut self) -> io::Result<()> {
        match self.output {
            Output::Json => {
                let as_of = self.desk.now.round(jiff::Unit::Second).unwrap_or(self.desk.now);
                write!(self.out, "{{\"schema\":\"{SCHEMA}\",\"as_of\":\"{as_of}\",\"items\":[")
            }
            Output::Table => Ok(()),
        }
    }

    /// Takes a line. What is no record is shown where nothing is looked for.
    fn take(&mut self, line: &Line, is_wanted: impl Fn(&Record) -> bool, all: bool) -> io::Result<()> {
        let followed = match (&self.broken, &line.content) {
            (None, content) => whole(content).and_then(|bytes| self.verifier.follow(bytes)),
            // Behind the break nothing is proven; what stands there is shown all the same.
            (Some(_), content) => {
                whole(content).and_then(|bytes| serde_json::from_slice(bytes).map_err(|_| Why::NoRecord))
            }
        };
        let record = match followed {
            Ok(record) => Ok(record),
            Err(why) => {
                self.broken.get_or_insert(Broken { line: line.number, why: why.clone() });
                let bytes = whole(&line.content).unwrap_or_default();
                serde_json::from_slice::<Record>(bytes).map_err(|_| why)
            }
        };
        match record {
            Ok(record) if is_wanted(&record) => self.row(&record),
            Err(why) if all => self.wrong(line, &why),
            _ => Ok(()),
        }
    }

    fn row(&mut self, record: &Record) -> io::Result<()> {
        let is_proven = self.broken.is_none();
        let is_first = self.is_first();
        let is_under_way = record.kind == Kind::Intent && self.under_way.contains(&record.seq);
        if self.output == Output::Json {
            let mut value = serde_json::to_value(record)?;
            value["verified"] = json!(is_proven);
            if is_under_way {
                value["under_way"] = json!(true);
            }
            return write!(self.out, "{}{value}", if is_first { "" } else { "," });
        }
        if is_first {
            self.titles()?;
        }
        let texts = self.desk.texts;
        let act = record.act.as_ref();
        let said = |text: Option<&String>| text.map(|text| clean(text, LONGEST)).unwrap_or_default();
        let last = [
            said(act.and_then(|act| act.ticket.as_ref())),
            said(act.and_then(|act| act.reason.as_ref())),
            words::journal::what_went_wrong(texts, record).unwrap_or_default(),
        ];
        let last = last.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("  ");
        let mark = if is_proven { "" } else { "!" };
        self.write(&[
            format!("{mark}{}", record.seq),
            self.desk.moment(record.time),
            if is_under_way { t!(texts, "journal.under-way") } else { words::journal::verdict(texts, verdict(record)) }
                .to_owned(),
            act.map(|act| clean(&act.actor.user, LONGEST)).unwrap_or_default(),
            act.map(|act| clean(&act.environment, LONGEST)).unwrap_or_default(),
            act.map(|act| clean(&act.entry, LONGEST)).unwrap_or_default(),
            said(act.and_then(|act| act.target.as_ref())),
            last,
        ])
    }

    /// Prints a line that is no record.
    fn wrong(&mut self, line: &Line, why: &Why) -> io::Result<()> {
        let is_first = self.is_first();
        if self.output == Output::Json {
            let value = json!({ "line": line.number, "verified": false });
            return write!(self.out, "{}{value}", if is_first { "" } else { "," });
        }
        if is_first {
            self.titles()?;
        }
        let why = words::journal::why(self.desk.texts, why);
        let line = t!(self.desk.texts, "journal.list.wrong", line = line.number, why = why);
        writeln!(self.out, "! {line}")
    }

    /// Counts a row, and tells whether it is the first.
    fn is_first(&mut self) -> bool {
        self.count += 1;
        self.count == 1
    }

    fn titles(&mut self) -> io::Result<()> {
        let texts = self.desk.texts;
        let titles = [
            "#",
            t!(texts, "journal.column.time"),
            t!(texts, "journal.column.result"),
            t!(texts, "journal.column.actor"),
            t!(texts, "journal.column.environment"),
            t!(texts, "journal.column.entry"),
            t!(texts, "journal.column.target"),
            t!(texts, "journal.column.said"),
        ];
        self.write(&titles.map(str::to_owned))
    }

    fn write(&mut self, cells: &[String; 8]) -> io::Result<()> {
        let mut line = String::new();
        for (column, (cell, least)) in cells.iter().zip(WIDTHS).enumerate() {
            let blanks = " ".repeat(least.saturating_sub(width(cell)));
            // Numbers are compared from the right.
            let (before, after) = if column == 0 { (blanks.as_str(), "") } else { ("  ", blanks.as_str()) };
            line.extend([before, cell, after]);
        }
        writeln!(self.out, "{}", line.trim_end())
    }

    fn end(&mut self) -> io::Result<()> {
        if self.output == Output::Json {
            let verified = self.verifier.verified();
            let broken = self.broken.as_ref().map(|broken| json!({ "line": broken.line, "why": broken.why.code() }));
            let end = json!({ "records": verified.records, "head": verified.head, "broken": broken });
            return writeln!(self.out, "],\"chain\":{end}}}");
        }
        if self.count == 0 {
            writeln!(self.out, "{}", t!(self.desk.texts, "journal.list.nothing"))?;
        }
        Ok(())
    }
}

fn whole(content: &Content) -> Result<&[u8], Why> {
    match content {
        Content::Whole(bytes) => Ok(bytes),
        Content::Torn(_) => Err(Why::Torn),
        Content::TooLong => Err(Why::TooLong),
    }
}
