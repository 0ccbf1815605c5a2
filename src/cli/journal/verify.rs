//! `sekisho journal verify`: is the journal as it was written, and is it the one that was kept elsewhere?

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::aws::{ConnectionPlan, HeadLog, Now, Shared, Standing};
use crate::cli::args::Output;
use crate::cli::{Exit, complain, outfit};
use crate::config::JournalConfig;
use crate::config::document::printable;
use crate::domain::fetch::Failure;
use crate::journal::audit::{Audit, Contradiction, audit};
use crate::journal::chain::Why;
use crate::journal::head::{self, HeadShipper as _, Heads, Which};
use crate::journal::lines::{Content, Lines};
use crate::t;
use crate::ui::words;

use super::Desk;
use super::args::VerifyArgs;

/// The schema of the JSON.
const SCHEMA: &str = "sekisho/journal-verify/1";

/// What was read of where heads are kept.
struct Kept {
    log_group: String,
    heads: Result<Heads, Failure>,
}

/// Verifies a journal and says what was found.
///
/// # Errors
/// Where `out` or `faults` cannot be written to.
pub(super) fn run(
    desk: &Desk<'_>,
    wanted: &VerifyArgs,
    out: &mut dyn Write,
    faults: &mut dyn Write,
) -> io::Result<Exit> {
    let Some(path) = desk.path(wanted.file.as_deref()) else {
        return complain([t!(desk.texts, "cli.session.no-home").to_owned()], faults);
    };
    let kept = match &desk.config.journal {
        Some(journal) => read_heads(desk, journal, &path, wanted.file.is_some())?,
        None => None,
    };
    let heads = kept.as_ref().and_then(|kept| kept.heads.as_ref().ok()).map(|read| read.heads.clone());
    let found = match audit(&path, heads.unwrap_or_default(), |_| Ok::<(), std::convert::Infallible>(())) {
        Ok(found) => found,
        Err(never) => match never {},
    };
    let report = Report { desk, path: &path, found: &found, kept: kept.as_ref(), is_named: wanted.file.is_some() };
    match wanted.shown.output {
        Output::Table => report.text(out)?,
        Output::Json => writeln!(out, "{}", report.json())?,
    }
    out.flush()?;
    report.failures(faults)?;
    Ok(report.exit())
}

/// Reads the heads of a journal: of this machine's by where it lies, of another by its first record.
fn read_heads(desk: &Desk<'_>, journal: &JournalConfig, path: &Path, is_named: bool) -> io::Result<Option<Kept>> {
    let Some(home) = &journal.home else { return Ok(None) };
    let own = outfit::journal_folder(desk.args.is_demo()).map(|folder| folder.join(crate::journal::FILE));
    let is_own = !is_named || own.as_deref() == Some(path);
    let which = if is_own {
        Which::Stream(head::stream(&outfit::host(), path))
    } else {
        match first(path) {
            Some(first) => Which::Journal(first),
            // Nothing is known of a journal by which its heads could be found.
            None => return Ok(None),
        }
    };
    let environment = &home.environment;
    let plan = ConnectionPlan {
        credentials: home.credentials.clone(),
        region: environment.regions.first().cloned(),
        endpoint_url: desk.config.endpoint_url.clone(),
        account: environment.account,
        cloudfront: false,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let heads = runtime.block_on(async {
        let standing = Arc::new(Standing::new(plan, Shared::new(Now::default())));
        HeadLog::new(standing, journal.log_group.clone()).heads(&which).await
    });
    runtime.shutdown_background();
    Ok(Some(Kept { log_group: journal.log_group.clone(), heads }))
}

/// Returns the hash that the first line says it has.
fn first(path: &Path) -> Option<String> {
    let line = Lines::open(path).ok()?.next().ok()??;
    let Content::Whole(bytes) = line.content else { return None };
    let value: Value = serde_json::from_slice(&bytes).ok()?;
    let hash = value["hash"].as_str()?;
    // It becomes part of a filter's pattern.
    (hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| hash.to_owned())
}

/// Lists the first of some records.
fn list(numbers: &[u64]) -> String {
    let list = numbers.iter().take(20).map(|seq| format!("#{seq}")).collect::<Vec<_>>().join(" ");
    if numbers.len() > 20 { list + " …" } else { list }
}

struct Report<'a> {
    desk: &'a Desk<'a>,
    path: &'a Path,
    found: &'a Audit,
    kept: Option<&'a Kept>,
    is_named: bool,
}

impl Report<'_> {
    fn records(&self) -> u64 {
        self.found.verified.as_ref().map_or(0, |verified| verified.records)
    }

    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let texts = self.desk.texts;
        let path = printable(&self.path.to_string_lossy());
        if self.found.is_missing {
            writeln!(out, "{}", t!(texts, "journal.cli.none", path = path))?;
        } else if let Some(broken) = &self.found.broken {
            writeln!(out, "{}", self.desk.broken(self.path, broken.line, &broken.why))?;
            writeln!(out, "    {}", t!(texts, "journal.verify.until", n = self.records()))?;
        } else {
            writeln!(out, "{}", t!(texts, "journal.verify.whole", path = path, n = self.records()))?;
            if let Some(verified) = self.found.verified.as_ref().filter(|verified| verified.records > 0) {
                writeln!(out, "    {}", t!(texts, "journal.verify.head", hash = verified.head))?;
            }
        }
        for contradiction in &self.found.contradictions {
            writeln!(out, "{}", self.contradiction(contradiction))?;
        }
        writeln!(out, "    {}", self.anchor())?;
        for step in &self.found.steps {
            let (from, to) = (self.desk.moment(step.from), self.desk.moment(step.to));
            writeln!(out, "    {}", t!(texts, "journal.verify.step", seq = step.seq, from = from, to = to))?;
        }
        let more = self.found.step_count.saturating_sub(self.found.steps.len() as u64);
        if more > 0 {
            writeln!(out, "    {}", t!(texts, "journal.verify.more-steps", n = more))?;
        }
        let (under_way, open) = (&self.found.under_way, &self.found.open);
        if !under_way.is_empty() {
            let (n, list) = (under_way.len(), list(under_way));
            writeln!(out, "    {}", t!(texts, "journal.verify.under-way", n = n, list = list))?;
        }
        if !open.is_empty() {
            writeln!(out, "    {}", t!(texts, "journal.verify.open", n = open.len(), list = list(open)))?;
        }
        if self.found.recovered > 0 {
            writeln!(out, "    {}", t!(texts, "journal.verify.recovered", n = self.found.recovered))?;
        }
        Ok(())
    }

    fn contradiction(&self, contradiction: &Contradiction) -> String {
        let texts = self.desk.texts;
        let records = self.records();
        let when = |head: &head::Head| self.desk.moment(head.time);
        match contradiction {
            Contradiction::Cut(head) => {
                let from = records + 1;
                t!(texts, "journal.verify.cut", from = from, seq = head.seq, time = when(head))
            }
            Contradiction::Rewritten(head) => {
                t!(texts, "journal.verify.rewritten", seq = head.seq, time = when(head))
            }
            Contradiction::Another(head) => t!(texts, "journal.verify.another", seq = head.seq, time = when(head)),
        }
    }

    /// Says until where the journal is known to be as it was, whoever may have had it in his hands.
    fn anchor(&self) -> String {
        let texts = self.desk.texts;
        match (self.kept, &self.found.anchor) {
            (Some(kept), Some(anchor)) => {
                let (group, time) = (&kept.log_group, self.desk.moment(anchor.time));
                t!(texts, "journal.verify.anchored", seq = anchor.seq, time = time, group = group)
            }
            (Some(Kept { heads: Err(_), .. }), None) => t!(texts, "journal.verify.not-read").to_owned(),
            (Some(kept), None) => t!(texts, "journal.verify.no-head", group = kept.log_group),
            (None, _) => t!(texts, "journal.verify.not-anchored").to_owned(),
        }
    }

    /// Says why heads could not be read, or that not all of them were.
    fn failures(&self, faults: &mut dyn Write) -> io::Result<()> {
        let texts = self.desk.texts;
        match self.kept {
            Some(Kept { heads: Err(failure), log_group }) => {
                let why = words::failure_line(texts, failure);
                writeln!(faults, "{}", t!(texts, "journal.verify.heads-failed", group = log_group, why = why))
            }
            Some(Kept { heads: Ok(heads), .. }) if heads.more => {
                writeln!(faults, "{}", t!(texts, "journal.verify.more-heads", n = heads.heads.len()))
            }
            _ => Ok(()),
        }
    }

    fn json(&self) -> Value {
        let found = self.found;
        let contradiction = |one: &Contradiction| {
            let (kind, head) = match one {
                Contradiction::Cut(head) => ("cut", head),
                Contradiction::Rewritten(head) => ("rewritten", head),
                Contradiction::Another(head) => ("another", head),
            };
            json!({ "kind": kind, "seq": head.seq, "hash": head.hash, "time": head.time, "host": head.host })
        };
        let steps = found.steps.iter().map(|step| json!({ "seq": step.seq, "from": step.from, "to": step.to }));
        json!({
            "schema": SCHEMA,
            "as_of": self.desk.now.round(jiff::Unit::Second).unwrap_or(self.desk.now),
            "path": self.path.to_string_lossy(),
            "records": self.records(),
            "head": found.verified.as_ref().map(|verified| &verified.head),
            "broken": found.broken.as_ref().map(|broken| json!({ "line": broken.line, "why": broken.why.code() })),
            "anchor": found.anchor.as_ref().map(|head| json!({ "seq": head.seq, "time": head.time })),
            "heads": match self.kept {
                None => "not-kept",
                Some(Kept { heads: Err(_), .. }) => "not-read",
                Some(Kept { heads: Ok(_), .. }) => "read",
            },
            "contradictions": found.contradictions.iter().map(contradiction).collect::<Vec<_>>(),
            "steps_back": steps.collect::<Vec<_>>(),
            "steps_back_count": found.step_count,
            "open": found.open,
            "under_way": found.under_way,
            "recovered": found.recovered,
        })
    }

    fn exit(&self) -> Exit {
        let unread = matches!(self.found.broken.as_ref().map(|broken| &broken.why), Some(Why::Unreadable(_)));
        if unread || (self.found.is_missing && self.is_named) {
            return if self.is_named { Exit::Usage } else { Exit::Source };
        }
        let is_unread = matches!(self.kept, Some(Kept { heads: Err(_), .. }));
        match self.found.is_right() {
            false => Exit::Attention,
            true if is_unread => Exit::Source,
            true => Exit::Fine,
        }
    }
}
