//! The newest lines of a journal that has not been gone through yet: they are what is looked at first.

use std::io;
use std::sync::Arc;

use super::scan::File;
use super::{Page, Row};
use crate::journal::chain;

/// How much of the end of the file is read, in bytes: some hundred records.
const MOST: u64 = 1024 * 1024;

/// Returns so many of the newest lines, the newest first, by the numbers that their records have.
///
/// Whether those are right, and which lines there are before, is known once the file was gone through.
pub(super) fn page(file: &mut File, from: usize, count: usize) -> io::Result<Page> {
    let lines = file.newest(MOST)?;
    let numbered = lines.iter().rev().enumerate();
    let mut known = numbered.filter_map(|(behind, line)| Some((behind as u64, chain::parse(line).ok()?.seq)));
    let Some(newest) = known.next().and_then(|(behind, seq)| seq.checked_add(behind)) else {
        return Ok(Page { is_searching: true, ..Page::default() });
    };
    let row = |(behind, line): (usize, &Vec<u8>)| {
        let line_number = newest.checked_sub(behind as u64).filter(|number| *number > 0)?;
        let record = chain::read(line).map(Arc::new);
        Some(Arc::new(Row { line: line_number, record, is_open: false, is_under_way: false }))
    };
    let matched = usize::try_from(newest).unwrap_or(usize::MAX);
    let from = from.min(matched.saturating_sub(count));
    let rows = lines.iter().rev().enumerate().skip(from).take(count).map_while(row).collect();
    Ok(Page { matched, is_searching: true, from, rows, began: None })
}
