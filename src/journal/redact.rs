//! Takes secrets out of what is kept.
//!
//! A stream of terminal output is read as a terminal reads it: escape sequences, cursor moves, zero-width characters and
//! the wraps of a command line's editor are put aside, and what is left, the text a person sees, is searched. So a
//! secret is found across chunks, colours and line wraps. What is found becomes `[redacted]`; the sequences inside it
//! stay whole and in their order.
//!
//! Most secrets show by what stands *before* them (`PGPASSWORD=`, `"DATABASE_URL": "`, `Bearer `), and that needs no
//! holding back, however slowly somebody types. Only what shows by itself is held back, at most [`MOST_HELD`] bytes and
//! [`LONGEST_HELD`]; what is still in doubt then is redacted where it has begun to look like a secret, and let go
//! where it has not.
//!
//! What is not found: a secret in no known form, one that is encoded (base64 of a whole file), and one whose pieces are
//! drawn in another order than they are read.

mod lexer;
mod names;
mod rules;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

pub use lexer::{Item, Lexer};
use rules::{Swallow, Verdict, Window};

/// What stands where a secret stood.
pub const MARK: &str = "[redacted]";

/// How many bytes may be held back before what is in doubt is decided.
pub const MOST_HELD: usize = 4096;

/// How long something may be held back.
pub const LONGEST_HELD: SignedDuration = SignedDuration::from_millis(200);

/// How many characters of what went before are looked back at.
const LOOK_BACK: usize = 512;

/// Returns a text with its secrets redacted, and how many there were.
pub fn text(text: &str) -> (String, usize) {
    let mut redactor = Redactor::default();
    let mut output = redactor.push(text.as_bytes(), Timestamp::UNIX_EPOCH);
    output.push_str(&redactor.finish());
    (output, redactor.count())
}

/// Redacts a stream of terminal output.
///
/// Bytes that are no UTF-8 become U+FFFD. `Debug` is not implemented: what is held back may be a secret.
#[derive(Default)]
pub struct Redactor {
    lexer: Lexer,
    /// What is not decided yet, with the time at which it came.
    held: VecDeque<(Item, Timestamp)>,
    held_bytes: usize,
    /// The end of the text so far, secrets included.
    context: Vec<char>,
    /// What is being taken out now.
    swallow: Option<Swallow>,
    /// What was seen a short while ago, that makes what follows suspicious.
    window: Option<Window>,
    count: usize,
}

impl Redactor {
    /// Takes output that came at a time, and returns what can be kept now.
    pub fn push(&mut self, bytes: &[u8], at: Timestamp) -> String {
        let mut output = String::new();
        // In pieces, so that what is held back is bounded whatever comes at once.
        for piece in bytes.chunks(MOST_HELD) {
            let (held, held_bytes) = (&mut self.held, &mut self.held_bytes);
            self.lexer.push(piece, &mut |item| {
                *held_bytes += item.len();
                held.push_back((item, at));
            });
            self.settle(at.checked_sub(LONGEST_HELD).ok(), &mut output);
        }
        output
    }

    /// Lets time pass, and returns what was held back for long enough.
    pub fn tick(&mut self, at: Timestamp) -> String {
        let mut output = String::new();
        let cutoff = at.checked_sub(LONGEST_HELD).ok();
        // A blank waits in the lexer alone, as long as nothing follows it.
        if self.held.front().is_none_or(|(_, came)| cutoff.is_some_and(|cutoff| *came <= cutoff)) {
            self.take_blank(cutoff.unwrap_or(at));
        }
        self.settle(cutoff, &mut output);
        output
    }

    /// Ends the stream, and returns the rest of it.
    pub fn finish(&mut self) -> String {
        let mut output = String::new();
        let (held, held_bytes) = (&mut self.held, &mut self.held_bytes);
        self.lexer.finish(&mut |item| {
            *held_bytes += item.len();
            held.push_back((item, Timestamp::MIN));
        });
        self.settle(Some(Timestamp::MAX), &mut output);
        output
    }

    /// Tells whether something is held back, so that [`Redactor::tick`] has something to do.
    pub fn is_holding(&self) -> bool {
        !self.held.is_empty() || self.lexer.has_blank()
    }

    /// Returns how many secrets were redacted.
    pub fn count(&self) -> usize {
        self.count
    }

    fn take_blank(&mut self, came: Timestamp) {
        let (held, held_bytes) = (&mut self.held, &mut self.held_bytes);
        self.lexer.release_blank(&mut |item| {
            *held_bytes += item.len();
            held.push_back((item, came));
        });
    }

    /// Decides what can be decided; what came at or before `cutoff` must be.
    fn settle(&mut self, cutoff: Option<Timestamp>, output: &mut String) {
        while let Some((item, came)) = self.held.front() {
            let Item::Visible(c) = *item else {
                self.pass_hidden(output);
                continue;
            };
            if let Some(swallow) = &mut self.swallow {
                if swallow.takes(c, &self.context) {
                    self.take(c);
                    continue;
                }
                self.window = swallow.leaves_behind().or(self.window);
                self.swallow = None;
                continue;
            }
            let must = self.held_bytes > MOST_HELD || cutoff.is_some_and(|cutoff| *came <= cutoff);
            let ahead = self.held.iter().filter_map(|(item, _)| item.visible());
            match rules::judge(&self.context, ahead, self.window.as_ref()) {
                Verdict::Unsure(_) if !must => return,
                Verdict::Plain | Verdict::Unsure(None) => self.keep(c, output),
                Verdict::Unsure(Some(swallow)) | Verdict::Secret(swallow) => self.redact(swallow, output),
            }
        }
    }

    fn redact(&mut self, swallow: Swallow, output: &mut String) {
        output.push_str(MARK);
        self.count += 1;
        self.swallow = Some(swallow);
    }

    fn keep(&mut self, c: char, output: &mut String) {
        output.push(c);
        self.take(c);
    }

    /// Takes a character from what is held, and remembers it.
    fn take(&mut self, c: char) {
        self.held.pop_front();
        self.held_bytes = self.held_bytes.saturating_sub(c.len_utf8());
        if self.context.len() >= 2 * LOOK_BACK {
            self.context.drain(..LOOK_BACK);
        }
        self.context.push(c);
        self.window = self.window.take().and_then(Window::passed);
    }

    fn pass_hidden(&mut self, output: &mut String) {
        let Some((item, _)) = self.held.pop_front() else { return };
        self.held_bytes = self.held_bytes.saturating_sub(item.len());
        match item {
            Item::Hidden(sequence) => {
                if sequence == "\u{8}" && self.swallow.is_none() {
                    self.context.pop();
                }
                output.push_str(&sequence);
            }
            Item::ControlString { introducer, body, terminator } => {
                let (body, count) = text(&body);
                self.count += count;
                output.push_str(introducer);
                output.push_str(&body);
                output.push_str(terminator);
            }
            Item::Oversized => self.count += 1,
            Item::Visible(_) => {}
        }
    }
}
