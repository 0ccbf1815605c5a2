//! The newest records of a journal, for whoever wants to know what happened lately.

use std::io;
use std::path::Path;

use super::chain;
use super::lines::{Content, Lines};
use super::record::Record;

/// How much of the end of a journal is read, in bytes: some thousand records.
const MOST: u64 = 4 * 1024 * 1024;

/// Goes through the newest records, the oldest of them first, as they stand: they are not verified.
///
/// However long the journal is, no more than its last few megabytes are read, and at most one record is in memory. One that
/// is not there has none.
///
/// # Errors
/// Where it cannot be read.
pub fn recent(journal: &Path, visit: impl FnMut(&Record)) -> io::Result<()> {
    of_the_last(journal, MOST, visit)
}

fn of_the_last(journal: &Path, most: u64, mut visit: impl FnMut(&Record)) -> io::Result<()> {
    let length = match std::fs::metadata(journal) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    // The line that this lies in is not read, unless one begins just here: hence the byte before.
    let begin = length.saturating_sub(most);
    let mut lines = Lines::open_at(journal, begin.saturating_sub(1), 1)?;
    if begin > 0 {
        lines.next()?;
    }
    while let Some(line) = lines.next()? {
        match line.content {
            Content::Whole(bytes) => {
                // What is no record is for whoever verifies.
                if let Ok(record) = chain::parse(&bytes) {
                    visit(&record);
                }
            }
            Content::Torn(_) => break,
            Content::TooLong => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::journal::record::Torn;

    #[test]
    fn no_more_than_the_end_is_read_and_each_record_of_it_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let numbers = |most: u64| {
            let mut seen = Vec::new();
            of_the_last(&path, most, |record| seen.push(record.seq)).unwrap();
            seen
        };
        assert_eq!(numbers(10), Vec::<u64>::new());
        let torn = || Torn { bytes: 1, sha256: String::new(), text: String::new() };
        let line = |seq: u64| {
            let record = chain::link(Record::recovered(torn(), Timestamp::UNIX_EPOCH), seq, chain::GENESIS).unwrap();
            String::from_utf8(chain::canonical(&record).unwrap()).unwrap() + "\n"
        };
        let lines: Vec<String> = (1..=9).map(line).collect();
        std::fs::write(&path, lines.concat()).unwrap();
        let length = lines[0].len() as u64;
        assert_eq!(numbers(100 * length), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(numbers(2 * length), [8, 9]);
        assert_eq!(numbers(2 * length - 1), [9]);
        assert_eq!(numbers(2 * length + 1), [8, 9]);
        std::fs::write(&path, lines.concat() + "{\"act").unwrap();
        assert_eq!(numbers(100 * length).len(), 9);
    }
}
