//! Finds our own escape among what is typed to the far side: `ctrl-]`, and a key that says what to do.

/// The byte that `ctrl-]` is.
const ESCAPE: u8 = 0x1d;

/// What terminals send for `ctrl-]` once the far side asked them for keys in other forms.
///
/// Sources: xterm's control sequences, `modifyOtherKeys`; the kitty keyboard protocol, "CSI u".
const SPELLED: [&[u8]; 2] = [b"\x1b[93;5u", b"\x1b[27;5;93~"];

/// Begins and ends what is pasted, where the far side asked for that: nothing in it is a key.
const PASTE: [&[u8]; 2] = [b"\x1b[200~", b"\x1b[201~"];

/// What a piece of what was typed is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// Bytes for the far side.
    Far(Vec<u8>),
    /// The escape was pressed: the next key is for us.
    Armed,
    /// End the session.
    End,
    /// Say how the session stands.
    Status,
    /// Say which keys there are.
    Help,
}

/// Takes what is typed apart, whatever the chunks it comes in.
#[derive(Debug, Default)]
pub struct Escape {
    armed: bool,
    pasting: bool,
    /// The beginning of a sequence that may become one of ours.
    held: Vec<u8>,
}

impl Escape {
    /// Takes bytes of the terminal.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<Typed> {
        let mut typed = Vec::new();
        for &byte in bytes {
            self.held.push(byte);
            self.decide(&mut typed);
        }
        typed
    }

    /// Tells whether something is held back that a key pressed alone may be: Escape itself.
    pub fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Lets go of what is held back: nothing followed in time, so that it was a key of its own.
    pub fn let_go(&mut self) -> Vec<Typed> {
        let mut typed = Vec::new();
        let held = std::mem::take(&mut self.held);
        if !held.is_empty() {
            self.plain(&held, &mut typed);
        }
        typed
    }

    fn decide(&mut self, typed: &mut Vec<Typed>) {
        let sequences = || SPELLED.iter().chain(&PASTE);
        if let Some(found) = sequences().find(|sequence| ***sequence == *self.held) {
            let held = std::mem::take(&mut self.held);
            match PASTE.iter().position(|paste| paste == found) {
                Some(edge) => {
                    self.pasting = edge == 0;
                    far(&held, typed);
                }
                None if self.pasting => far(&held, typed),
                None => self.escape(typed),
            }
        } else if !sequences().any(|sequence| sequence.starts_with(&self.held)) {
            let held = std::mem::take(&mut self.held);
            // What broke a sequence off may begin another one.
            match held.split_last() {
                Some((b'\x1b', before)) if !before.is_empty() => {
                    self.plain(before, typed);
                    self.held.push(b'\x1b');
                }
                _ => self.plain(&held, typed),
            }
        }
    }

    fn plain(&mut self, bytes: &[u8], typed: &mut Vec<Typed>) {
        match *bytes {
            [ESCAPE] if !self.pasting => self.escape(typed),
            [key] if self.armed => {
                self.armed = false;
                typed.push(match key {
                    b'.' | b'q' => Typed::End,
                    b'i' => Typed::Status,
                    b']' => Typed::Far(vec![ESCAPE]),
                    _ => Typed::Help,
                });
            }
            _ => {
                self.armed = false;
                far(bytes, typed);
            }
        }
    }

    /// Takes the escape: pressed twice it is for the far side.
    fn escape(&mut self, typed: &mut Vec<Typed>) {
        self.armed = !self.armed;
        if self.armed {
            typed.push(Typed::Armed);
        } else {
            far(&[ESCAPE], typed);
        }
    }
}

/// Adds bytes for the far side to those before them.
fn far(bytes: &[u8], typed: &mut Vec<Typed>) {
    match typed.last_mut() {
        Some(Typed::Far(before)) => before.extend_from_slice(bytes),
        _ => typed.push(Typed::Far(bytes.to_vec())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn far(bytes: &[u8]) -> Typed {
        Typed::Far(bytes.to_vec())
    }

    #[rstest]
    #[case(b"ls\r", vec![far(b"ls\r")])]
    #[case("日本語".as_bytes(), vec![far("日本語".as_bytes())])]
    #[case(b"a\x1d.b", vec![far(b"a"), Typed::Armed, Typed::End, far(b"b")])]
    #[case(b"\x1d\x1d", vec![Typed::Armed, far(b"\x1d")])]
    #[case(b"\x1d]", vec![Typed::Armed, far(b"\x1d")])]
    #[case(b"\x1di", vec![Typed::Armed, Typed::Status])]
    #[case(b"\x1dx", vec![Typed::Armed, Typed::Help])]
    #[case(b"\x1b[93;5uq", vec![Typed::Armed, Typed::End])]
    #[case(b"\x1b[27;5;93~.", vec![Typed::Armed, Typed::End])]
    #[case(b"\x1b[A\x1b[B", vec![far(b"\x1b[A\x1b[B")])]
    #[case(b"\x1b\x1b[93;5u.", vec![far(b"\x1b"), Typed::Armed, Typed::End])]
    #[case(b"\x1b[200~\x1d.\x1b[201~\x1d.", vec![far(b"\x1b[200~\x1d.\x1b[201~"), Typed::Armed, Typed::End])]
    fn keys_are_told_apart(#[case] bytes: &[u8], #[case] expected: Vec<Typed>) {
        assert_eq!(Escape::default().take(bytes), expected);
    }

    #[test]
    fn escape_alone_is_let_go() {
        let mut escape = Escape::default();
        assert_eq!(escape.take(b"\x1b"), []);
        assert!(escape.holds());
        assert_eq!(escape.let_go(), [far(b"\x1b")]);
        assert!(!escape.holds());
        assert_eq!(escape.take(b"\x1d\x1b[93;5"), [Typed::Armed]);
        assert_eq!(escape.let_go(), [far(b"\x1b[93;5")]);
        assert_eq!(escape.take(b"."), [far(b".")]);
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    &b"\x1d"[..], b".", b"i", b"x", b"\x1b", b"\x1b[", b"93;5u", b"\x1b[93;5u", b"\x1b[200~", b"\x1b[201~",
                    "語".as_bytes(),
                ]),
                0..20,
            ),
            cut in 0_usize..200,
        ) {
            let bytes = pieces.concat();
            let mut whole = Escape::default();
            let mut expected = whole.take(&bytes);
            expected.extend(whole.let_go());
            let mut halves = Escape::default();
            let (first, second) = bytes.split_at(cut.min(bytes.len()));
            let mut typed = halves.take(first);
            for piece in halves.take(second).into_iter().chain(halves.let_go()) {
                match (typed.last_mut(), piece) {
                    (Some(Typed::Far(before)), Typed::Far(more)) => before.extend(more),
                    (_, piece) => typed.push(piece),
                }
            }
            let mut joined: Vec<Typed> = Vec::new();
            for piece in expected {
                match (joined.last_mut(), piece) {
                    (Some(Typed::Far(before)), Typed::Far(more)) => before.extend(more),
                    (_, piece) => joined.push(piece),
                }
            }
            prop_assert_eq!(typed, joined);
        }

        #[test]
        fn nothing_typed_is_lost(bytes in prop::collection::vec(any::<u8>().prop_filter("no escape", |b| *b != 0x1d), 0..200)) {
            prop_assume!(!SPELLED.iter().any(|spelled| bytes.windows(spelled.len()).any(|window| window == *spelled)));
            let mut escape = Escape::default();
            let typed = escape.take(&bytes).into_iter().chain(escape.let_go());
            let sent: Vec<u8> = typed.flat_map(|piece| match piece { Typed::Far(bytes) => bytes, other => panic!("{other:?}") }).collect();
            prop_assert_eq!(sent, bytes);
        }
    }
}
