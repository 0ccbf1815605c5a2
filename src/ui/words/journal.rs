//! The words for what a journal says.

use crate::i18n::Texts;
use crate::journal::chain::Why;
use crate::journal::query;
use crate::journal::reader::Row;
use crate::journal::record::{CONSOLE_ENDED, Kind, Record};
use crate::journal::ship::ShipFault;
use crate::t;

/// Returns the word for what came of something, by its stable name; the name itself where it is not known.
pub fn verdict(texts: Texts, name: &'static str) -> &'static str {
    texts.lookup(&format!("journal.result.{name}")).unwrap_or(name)
}

/// Returns the word for what came of a record that is shown: also where nothing came of it yet, or never will.
pub fn came_of(texts: Texts, row: &Row, record: &Record) -> &'static str {
    match (record.kind, row.is_under_way, row.is_open) {
        (Kind::Intent, true, _) => t!(texts, "journal.under-way"),
        (Kind::Intent, false, true) => t!(texts, "journal.open"),
        _ => verdict(texts, query::verdict(record)),
    }
}

/// Says what is wrong with a record.
pub fn why(texts: Texts, why: &Why) -> String {
    match why {
        Why::Unreadable(why) => t!(texts, "journal.why.unreadable", why = why),
        Why::Torn => t!(texts, "journal.why.torn").to_owned(),
        Why::TooLong => t!(texts, "journal.why.too-long").to_owned(),
        Why::NoRecord => t!(texts, "journal.why.no-record").to_owned(),
        Why::Version(version) => t!(texts, "journal.why.version", version = version),
        Why::NotCanonical => t!(texts, "journal.why.not-canonical").to_owned(),
        Why::Gap { expected, found } => t!(texts, "journal.why.gap", expected = expected, found = found),
        Why::Unlinked => t!(texts, "journal.why.unlinked").to_owned(),
        Why::Changed => t!(texts, "journal.why.changed").to_owned(),
    }
}

/// Says why heads are not brought to where they are kept.
pub fn ship_fault(texts: Texts, fault: &ShipFault) -> String {
    match fault {
        ShipFault::Source(failure) => super::failure_line(texts, failure),
        ShipFault::Spool(why) => why.clone(),
    }
}

/// Says what went wrong, or which rule refused; nothing where all went well.
pub fn what_went_wrong(texts: Texts, record: &Record) -> Option<String> {
    match (record.kind, &record.denial, &record.error) {
        (Kind::Denied, Some(rule), _) => Some(rule.clone()),
        (_, _, Some(error)) if error == CONSOLE_ENDED => Some(t!(texts, "journal.console-ended").to_owned()),
        (_, _, error) => error.clone(),
    }
}
