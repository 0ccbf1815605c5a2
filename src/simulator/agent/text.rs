//! Cuts a terminal's output where characters end.

use bytes::Bytes;

/// The most bytes of a character in UTF-8.
const LONGEST: usize = 4;

/// What is held back until the rest of a character comes: three bytes at most.
#[derive(Debug, Default)]
pub struct Cutter(Vec<u8>);

impl Cutter {
    /// Takes output and gives back what can be sent; bytes that are no text go through as they are.
    pub fn cut(&mut self, bytes: &[u8]) -> Bytes {
        self.0.extend_from_slice(bytes);
        let end = whole(&self.0);
        let rest = self.0.split_off(end);
        Bytes::from(std::mem::replace(&mut self.0, rest))
    }
}

/// Where the last whole character ends, unless what follows is too long to be the beginning of one.
fn whole(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(rest) = bytes.get(at..) {
        let Err(error) = std::str::from_utf8(rest) else { break };
        let bad = at + error.valid_up_to();
        if bytes.len() - bad < LONGEST {
            return bad;
        }
        at = bad + 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_character_is_never_cut() {
        let mut cutter = Cutter::default();
        let bytes = "日本".as_bytes();
        assert_eq!(cutter.cut(&bytes[..4]), "日".as_bytes());
        assert_eq!(cutter.cut(&bytes[4..]), "本".as_bytes());
        // What is no text goes through, but for what could be the beginning of a character.
        assert_eq!(cutter.cut(b"\xff\xff\xff\xff\xffls"), &b"\xff\xff\xff\xff"[..]);
        assert_eq!(cutter.cut(b" -l"), &b"\xffls -l"[..]);
    }

    proptest! {
        #[test]
        fn text_comes_whole_whatever_the_cuts(text in "\\PC{0,200}", size in 1_usize..20) {
            let (mut cutter, mut all) = (Cutter::default(), Vec::new());
            for part in text.as_bytes().chunks(size) {
                let piece = cutter.cut(part);
                prop_assert!(std::str::from_utf8(&piece).is_ok());
                all.extend_from_slice(&piece);
            }
            prop_assert_eq!(all, text.as_bytes());
        }
    }
}
