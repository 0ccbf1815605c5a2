//! Asks on the terminal: a line at a time, and where there is no more, nothing.

use std::io::{self, BufRead as _, Read as _, Write};

/// The longest line that is read, in bytes.
const LONGEST: u64 = 64 * 1024;

/// Asks for a line; nothing where the input has ended.
///
/// # Errors
/// Where the terminal cannot be read or `out` written to.
pub fn line(question: &str, out: &mut dyn Write) -> io::Result<Option<String>> {
    write!(out, "{question}")?;
    out.flush()?;
    let mut answer = Vec::new();
    let read = io::stdin().lock().take(LONGEST).read_until(b'\n', &mut answer)?;
    Ok((read > 0).then(|| String::from_utf8_lossy(&answer).trim().to_owned()))
}

/// Asks for several lines, up to an empty one.
///
/// # Errors
/// As [`line()`].
pub fn lines(question: &str, out: &mut dyn Write) -> io::Result<String> {
    writeln!(out, "{question}")?;
    let mut text = String::new();
    while let Some(line) = line("> ", out)?.filter(|line| !line.is_empty()) {
        text.push_str(&line);
        text.push('\n');
    }
    Ok(text)
}
