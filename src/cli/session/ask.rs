//! Shows what is about to happen, and asks on the terminal for what the gate wants and nobody said.

use std::io::{self, BufRead, IsTerminal, Write};

use jiff::Timestamp;

use crate::cli::Exit;
use crate::domain::environment::Environment;
use crate::domain::identity::RoleResolution;
use crate::domain::target::Target;
use crate::domain::text::pad;
use crate::i18n::Texts;
use crate::operate::Look;
use crate::policy::preview::preview;
use crate::policy::{self, Request};
use crate::runbook::entry::Entry;
use crate::t;
use crate::ui::{Ui, words};

/// The longest line that is read as an answer, in bytes; the gate takes far less.
const LONGEST: u64 = 8 * 1024;

/// Writes what is about to happen: to whom, where, by which call, and what stands in the way.
pub fn show(ui: &Ui, look: &Look, environment: &Environment, request: &Request, out: &mut dyn Write) -> io::Result<()> {
    let texts = ui.texts;
    let entry = &look.entry;
    let target = look.preflight.targets.first();
    let told = preview(&entry.operation, &look.region, target, request);
    let role = match &look.role {
        RoleResolution::One(role) => role.as_str(),
        RoleResolution::None | RoleResolution::Ambiguous(_) => "",
    };
    let account = look.identity.account.hyphenated();
    let limit =
        entry.limit.map_or_else(|| t!(texts, "sessions.form.no-limit").to_owned(), |limit| words::left(texts, limit));
    let facts = [
        (t!(texts, "sessions.form.about"), format!("{} ({})", words::session::title(texts, entry), entry.id)),
        (t!(texts, "sessions.form.environment"), format!("{}  {account}  {}", environment.name, look.region)),
        (t!(texts, "sessions.form.who"), format!("{role}  {}", look.identity.short())),
        (t!(texts, "sessions.form.target"), told.target.clone()),
        (t!(texts, "sessions.form.called"), format!("{}  {}", told.action, words::session::pinned(&told))),
        (t!(texts, "sessions.form.by-hand"), told.by_hand.clone()),
        (t!(texts, "sessions.form.enforced"), words::session::bounds(texts, &told.enforced)),
        (t!(texts, "sessions.form.ours"), words::session::bounds(texts, &told.ours)),
        (t!(texts, "sessions.form.limit"), limit),
        (t!(texts, "sessions.form.recorded"), words::session::recorded(texts, entry).to_owned()),
    ];
    let width = facts.iter().map(|(name, _)| crate::domain::text::width(name)).max().unwrap_or(0);
    for (name, value) in facts {
        writeln!(out, "{}  {value}", pad(name, width))?;
    }
    let now = Timestamp::now();
    for (problem, mend) in look.preflight.obstacles.iter().map(|obstacle| words::obstacle(texts, obstacle, now)) {
        writeln!(out, "{} {problem}\n    {mend}", ui.glyphs.critical)?;
    }
    for (problem, mend) in look.preflight.cautions.iter().map(|caution| words::caution(texts, caution)) {
        writeln!(out, "{} {problem}\n    {mend}", ui.glyphs.warning)?;
    }
    for failure in &look.preflight.unknown {
        let why = words::failure_line(texts, failure);
        writeln!(out, "{} {}", ui.glyphs.unknown, t!(texts, "sessions.form.unknown", why = why))?;
    }
    Ok(())
}

/// Finds the target that was named, or asks which of several is meant; else the best, which was shown.
///
/// Tasks of a service are as good as each other, so that only nodes are asked about.
///
/// # Errors
/// Where the terminal cannot be read or `out` written to.
pub fn target(
    look: &Look,
    named: Option<&str>,
    texts: Texts,
    out: &mut dyn Write,
) -> io::Result<Result<Option<Target>, Exit>> {
    let targets = &look.preflight.targets;
    let best = || targets.first().cloned();
    if let Some(named) = named {
        let fitting: Vec<&Target> = targets.iter().filter(|target| target.id().starts_with(named)).collect();
        return match fitting[..] {
            [one] => Ok(Ok(Some(one.clone()))),
            _ => which(targets, &t!(texts, "cli.session.no-target", name = named), out),
        };
    }
    let are_nodes = targets.iter().all(|target| matches!(target, Target::Node { .. }));
    if targets.len() < 2 || !are_nodes {
        return Ok(Ok(best()));
    }
    if !interactive() {
        return which(targets, t!(texts, "cli.session.which-target"), out);
    }
    for (number, target) in targets.iter().enumerate() {
        writeln!(out, "{:>3}  {target}", number + 1)?;
    }
    let answer = line(&format!("{} ", t!(texts, "cli.session.target-number")), out)?;
    match answer.trim().parse::<usize>().ok().and_then(|number| targets.get(number.checked_sub(1)?)) {
        Some(target) => Ok(Ok(Some(target.clone()))),
        None => which(targets, t!(texts, "cli.session.which-target"), out),
    }
}

fn which(targets: &[Target], sentence: &str, out: &mut dyn Write) -> io::Result<Result<Option<Target>, Exit>> {
    writeln!(out, "{sentence}")?;
    for target in targets {
        writeln!(out, "    {target}")?;
    }
    Ok(Err(Exit::Usage))
}

/// Takes what the entry takes where nobody says otherwise.
pub fn defaults(entry: &Entry, request: &mut Request) {
    for (name, parameter) in &entry.parameters {
        if let Some(default) = parameter.default_text() {
            request.parameters.entry(name.clone()).or_insert(default);
        }
    }
}

/// Tells whether each parameter that was given is one of the entry's, and within what is allowed.
pub fn are_allowed(entry: &Entry, request: &Request) -> bool {
    let fits = |(name, value): (&String, &String)| {
        entry.parameters.get(name).is_some_and(|parameter| parameter.take(value).is_some())
    };
    request.parameters.iter().all(fits)
}

/// Asks for the parameters that no flag gave; without a terminal nothing is asked. Returns whether all are there.
///
/// # Errors
/// Where the terminal cannot be read or `out` written to.
pub fn parameters(entry: &Entry, request: &mut Request, out: &mut dyn Write) -> io::Result<bool> {
    for (name, parameter) in entry.parameters.iter().filter(|_| interactive()) {
        if request.parameters.contains_key(name) {
            continue;
        }
        if let Some(value) = filled(line(&format!("{name} ({}): ", parameter.allowed()), out)?) {
            request.parameters.insert(name.clone(), value);
        }
    }
    Ok(entry.parameters.keys().all(|name| request.parameters.contains_key(name)))
}

/// Asks for what the entry wants and no flag said; without a terminal nothing is asked.
///
/// # Errors
/// Where the terminal cannot be read or `out` written to.
pub fn rest(
    (look, environment): (&Look, &Environment),
    target: Option<&Target>,
    request: &mut Request,
    texts: Texts,
    out: &mut dyn Write,
) -> io::Result<()> {
    if !interactive() {
        return Ok(());
    }
    let entry = &look.entry;
    let by_hand = |request: &Request| preview(&entry.operation, &look.region, target, request).by_hand;
    let shown = by_hand(request);
    parameters(entry, request, out)?;
    if entry.reason && request.reason.is_none() {
        request.reason = filled(line(&format!("{}: ", t!(texts, "sessions.form.reason")), out)?);
    }
    if let (Some(pattern), None) = (&entry.ticket, &request.ticket) {
        let of = t!(texts, "sessions.form.pattern", pattern = pattern);
        request.ticket = filled(line(&format!("{} ({of}): ", t!(texts, "sessions.form.ticket")), out)?);
    }
    let now = by_hand(request);
    if now != shown {
        writeln!(out, "{}  {now}", t!(texts, "sessions.form.by-hand"))?;
    }
    if let (Some(expected), None) = (policy::expected(entry, environment.kind), &request.confirmation) {
        let question = t!(texts, "sessions.form.type", expected = expected);
        request.confirmation = filled(line(&format!("{question}: "), out)?);
    }
    Ok(())
}

fn filled(answer: String) -> Option<String> {
    Some(answer).filter(|answer| !answer.is_empty())
}

/// Tells whether somebody can be asked: the question goes to standard error.
fn interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for a line.
fn line(question: &str, out: &mut dyn Write) -> io::Result<String> {
    write!(out, "{question}")?;
    out.flush()?;
    let mut answer = String::new();
    let mut stdin = io::Read::take(io::stdin().lock(), LONGEST);
    stdin.read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}
