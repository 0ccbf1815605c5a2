//! Finds the last record of a file, and what is left of one that was not written to its end.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use super::chain::LONGEST_LINE;

/// The end of a journal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tail {
    /// The last line that has an end, without it; nothing where there is none.
    pub(super) last: Option<Vec<u8>>,
    /// What stands behind it.
    pub(super) torn: Vec<u8>,
    /// Where that begins.
    pub(super) end: u64,
}

/// Reads the end of a file: two lines at most, however long the file is.
///
/// # Errors
/// Where it cannot be read, or a line is longer than a record can be ([`io::ErrorKind::InvalidData`]).
pub(super) fn read(file: &mut File) -> io::Result<Tail> {
    let length = file.seek(SeekFrom::End(0))?;
    let window = (2 * LONGEST_LINE as u64).min(length);
    let begin = length - window;
    file.seek(SeekFrom::Start(begin))?;
    let mut bytes = Vec::new();
    file.take(window).read_to_end(&mut bytes)?;
    let too_long = || io::Error::from(io::ErrorKind::InvalidData);
    let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') else {
        return if begin == 0 { Ok(Tail { last: None, torn: bytes, end: 0 }) } else { Err(too_long()) };
    };
    let torn = bytes.split_off(end + 1);
    bytes.truncate(end);
    let start = match bytes.iter().rposition(|byte| *byte == b'\n') {
        Some(newline) => newline + 1,
        None if begin == 0 => 0,
        None => return Err(too_long()),
    };
    Ok(Tail { last: Some(bytes.split_off(start)), torn, end: begin + end as u64 + 1 })
}
