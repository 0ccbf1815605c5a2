//! What programs write to an xterm, put into what the emulator understands, and bounded.
//!
//! The emulator has no line-drawing characters (`ESC ( 0`) and no repetition (`CSI b`), which ncurses uses where the
//! terminal is called `xterm-256color`; both are spelled out here. A count beyond the size of the screen would only cost
//! time, so it is cut to it. Strings for the terminal itself (OSC, DCS, SOS, PM, APC) end here.

/// The longest control sequence that is read; what is longer is dropped whole.
const LONGEST: usize = 128;

/// What the characters from `` ` `` to `~` are in the special graphics set.
///
/// Source: VT100 User Guide, table 3-9, "Special Characters".
const GRAPHICS: [char; 31] = [
    '◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼', '⎺', '⎻', '─', '⎼', '⎽', '├', '┤', '┴',
    '┬', '│', '≤', '≥', 'π', '≠', '£', '·',
];

/// Where in a sequence the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    /// Among text.
    #[default]
    Ground,
    /// Behind ESC.
    Escape,
    /// Behind ESC and an intermediate byte, which stays until the final one.
    Intermediate(u8),
    /// Within a control sequence.
    Control,
    /// Within a control sequence that is too long.
    Overlong,
    /// Within a string for the terminal.
    String,
    /// Behind an ESC within such a string: its end, if `\` follows.
    StringEscape,
}

/// Translates output, of which a sequence may begin in one piece and end in another.
#[derive(Debug, Clone, Default)]
pub struct Dialect {
    place: Place,
    sequence: Vec<u8>,
    /// Whether G0 and G1 hold the special graphics.
    graphics: [bool; 2],
    /// Which of the two is in use: SO and SI choose.
    shifted: bool,
    /// The last character that was printed, as bytes.
    last: Vec<u8>,
    focus: bool,
}

impl Dialect {
    /// Tells whether reports of the focus were asked for (mode 1004).
    pub fn wants_focus(&self) -> bool {
        self.focus
    }

    /// Translates a piece of output for a screen of so many columns and rows.
    pub fn translate(&mut self, input: &[u8], size: (u16, u16), output: &mut Vec<u8>) {
        for &byte in input {
            match self.place {
                Place::Ground => self.ground(byte, output),
                Place::Escape => self.escape(byte, output),
                Place::Intermediate(first) => self.intermediate(first, byte, output),
                Place::Control => self.control(byte, size, output),
                Place::Overlong => match byte {
                    0x40..=0x7e | 0x18 | 0x1a => self.place = Place::Ground,
                    0x1b => self.place = Place::Escape,
                    _ => {}
                },
                Place::String => match byte {
                    0x07 | 0x18 | 0x1a => self.place = Place::Ground,
                    0x1b => self.place = Place::StringEscape,
                    _ => {}
                },
                Place::StringEscape if byte == b'\\' => self.place = Place::Ground,
                Place::StringEscape => {
                    self.place = Place::Escape;
                    self.escape(byte, output);
                }
            }
        }
    }

    fn ground(&mut self, byte: u8, output: &mut Vec<u8>) {
        match byte {
            0x1b => self.place = Place::Escape,
            0x0e => self.shifted = true,
            0x0f => self.shifted = false,
            0x60..=0x7e if self.graphics[usize::from(self.shifted)] => {
                let mut bytes = [0; 4];
                self.last = GRAPHICS[usize::from(byte - 0x60)].encode_utf8(&mut bytes).as_bytes().to_vec();
                output.extend_from_slice(&self.last);
            }
            // The rest of a character of several bytes, or its first.
            0x80..=0xbf if self.last.len() < 4 && self.last.first().is_some_and(|first| *first >= 0xc0) => {
                self.last.push(byte);
                output.push(byte);
            }
            0x7f => {}
            0x20.. => self.print(byte, output),
            _ => output.push(byte),
        }
    }

    fn print(&mut self, byte: u8, output: &mut Vec<u8>) {
        self.last.clear();
        self.last.push(byte);
        output.push(byte);
    }

    fn escape(&mut self, byte: u8, output: &mut Vec<u8>) {
        self.place = Place::Ground;
        match byte {
            b'[' => {
                self.sequence.clear();
                self.place = Place::Control;
            }
            b']' | b'P' | b'X' | b'^' | b'_' => self.place = Place::String,
            0x1b => self.place = Place::Escape,
            0x20..=0x2f => self.place = Place::Intermediate(byte),
            // A line down, with or without its beginning (IND, NEL), in words that the emulator has.
            b'D' => output.push(b'\n'),
            b'E' => output.extend_from_slice(b"\r\n"),
            b'c' => {
                *self = Self::default();
                output.extend_from_slice(b"\x1bc");
            }
            0x30..=0x7e => output.extend_from_slice(&[0x1b, byte]),
            // A control character within a sequence takes effect at once; so it does here, and the sequence is over.
            0x00..=0x17 | 0x19 | 0x1c..=0x1f => output.push(byte),
            _ => {}
        }
    }

    fn intermediate(&mut self, first: u8, byte: u8, output: &mut Vec<u8>) {
        match byte {
            0x20..=0x2f => return,
            0x1b => {
                self.place = Place::Escape;
                return;
            }
            _ => self.place = Place::Ground,
        }
        match first {
            b'(' => self.graphics[0] = byte == b'0',
            b')' => self.graphics[1] = byte == b'0',
            0x20..=0x2f => {}
            _ => output.push(byte),
        }
    }

    fn control(&mut self, byte: u8, size: (u16, u16), output: &mut Vec<u8>) {
        match byte {
            0x20..=0x3f if self.sequence.len() < LONGEST => self.sequence.push(byte),
            0x20..=0x3f => self.place = Place::Overlong,
            0x40..=0x7e => {
                self.place = Place::Ground;
                self.finish(byte, size, output);
            }
            0x1b => self.place = Place::Escape,
            0x18 | 0x1a => self.place = Place::Ground,
            0x00..=0x1f => output.push(byte),
            _ => {}
        }
    }

    /// Hands on a whole control sequence, or what it stands for.
    fn finish(&mut self, last: u8, (columns, rows): (u16, u16), output: &mut Vec<u8>) {
        let most = columns.max(rows);
        match (self.sequence.first(), last) {
            (_, b'b') if self.is_plain() => {
                let times = self.count().min(columns.saturating_mul(2));
                for _ in 0..times {
                    output.extend_from_slice(&self.last);
                }
            }
            (_, b'@' | b'L' | b'M' | b'P' | b'S' | b'T' | b'X') if self.is_plain() => {
                output.extend_from_slice(format!("\x1b[{}{}", self.count().min(most), char::from(last)).as_bytes());
            }
            // Absolute columns (HPA), forwards by columns (HPR) and rows (VPR), in words that the emulator has.
            (_, b'`') => self.hand_on(b'G', output),
            (_, b'a') => self.hand_on(b'C', output),
            (_, b'e') => self.hand_on(b'B', output),
            (first, b'h' | b'l') => {
                if first == Some(&b'?') && self.sequence[1..].split(|byte| *byte == b';').any(|mode| mode == b"1004") {
                    self.focus = last == b'h';
                }
                self.hand_on(last, output);
            }
            _ => self.hand_on(last, output),
        }
    }

    fn hand_on(&self, last: u8, output: &mut Vec<u8>) {
        output.extend_from_slice(b"\x1b[");
        output.extend_from_slice(&self.sequence);
        output.push(last);
    }

    /// Tells whether the sequence has numbers and nothing else: with other bytes, the same final one means another thing.
    fn is_plain(&self) -> bool {
        self.sequence.iter().all(|byte| matches!(byte, b'0'..=b';'))
    }

    /// Returns the sequence's first number; one where it says none.
    fn count(&self) -> u16 {
        let digits = self.sequence.iter().take_while(|byte| byte.is_ascii_digit());
        let number = digits.fold(0_u16, |sum, digit| sum.saturating_mul(10).saturating_add(u16::from(digit - b'0')));
        number.max(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SIZE: (u16, u16) = (20, 5);

    fn translated(input: &[u8]) -> Vec<u8> {
        let mut output = Vec::new();
        Dialect::default().translate(input, SIZE, &mut output);
        output
    }

    /// Counts what the emulator is asked to do one by one: bytes, and the counts of the sequences that it obeys in turns.
    fn work(output: &[u8]) -> usize {
        let text = String::from_utf8_lossy(output);
        let counted = text.split("\u{1b}[").skip(1).filter_map(|sequence| {
            let end = sequence.find(|c: char| !matches!(c, '0'..=';'))?;
            let is_counted = sequence[end..].starts_with(['@', 'L', 'M', 'P', 'S', 'T', 'X', 'b']);
            let number = sequence[..end].split([';', ':']).next()?;
            is_counted.then(|| number.parse::<usize>().unwrap_or(usize::from(!number.is_empty()) * 65_535))
        });
        output.len() + counted.sum::<usize>()
    }

    #[test]
    fn other_sequences_with_the_same_last_byte_stay_what_they_are() {
        // Columns to the left (SL), a bright repetition that nobody knows, and a private one.
        for sequence in [&b"\x1b[9 @"[..], b"\x1b[9$b", b"\x1b[?9S"] {
            assert_eq!(translated(sequence), sequence);
        }
    }

    proptest! {
        #[test]
        fn whatever_is_asked_for_costs_no_more_than_a_screen_a_sequence(
            pieces in prop::collection::vec(prop_oneof![
                ("[?> ]{0,1}", prop_oneof![Just(String::new()), "[0-9]{1,9}", "[0-9;:]{1,9}"], "[ $]{0,1}", "[@-~]")
                    .prop_map(|(mark, numbers, between, last)| format!("\u{1b}[{mark}{numbers}{between}{last}")),
                "(\u{1b}\\[0*65535[@LMPSTXb]){1,3}",
                "[a漢]{1,3}",
            ], 1..30),
        ) {
            let input = pieces.concat();
            let sequences = input.matches('\u{1b}').count();
            // The longest: a wide character, as often as two rows have columns.
            let most = input.len() + sequences * (usize::from(SIZE.0) * 2 * 4 + 16);
            let work = work(&translated(input.as_bytes()));
            prop_assert!(work <= most, "{input:?} costs {work}");
        }
    }
}
