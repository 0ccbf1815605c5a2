//! From what a person does at the terminal to the bytes that a program behind a pane expects of an xterm.
//!
//! Source: "`XTerm` Control Sequences" (<https://invisible-island.net/xterm/ctlseqs/ctlseqs.html>), sections "PC-Style
//! Function Keys", "Bracketed Paste Mode", "FocusIn/FocusOut" and "Mouse Tracking".

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use crate::state::sessions::pane::{Modes, MouseEncoding, MouseMode};

/// The longest paste that is taken, in bytes; what is more is a mistake of the hand, and nothing of it is sent.
pub const LONGEST_PASTE: usize = 1 << 20;

/// Tells whether a key is the one that opens our menu and is never sent by itself: ctrl-], as telnet has it.
///
/// Plain terminals send the byte 0x1d for it, which is read as ctrl-5.
pub fn is_escape(key: &KeyEvent) -> bool {
    key.modifiers == KeyModifiers::CONTROL && matches!(key.code, KeyCode::Char(']' | '5'))
}

/// Returns the bytes of a key; nothing where an xterm sends nothing for it.
pub fn key(key: &KeyEvent, modes: Modes) -> Vec<u8> {
    if key.kind == KeyEventKind::Release {
        return Vec::new();
    }
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let modifier = modifier(key.modifiers);
    match key.code {
        KeyCode::Char(character) => prefixed(alt, character_bytes(character, control)),
        KeyCode::Enter => prefixed(alt, vec![b'\r']),
        KeyCode::Tab => prefixed(alt, vec![b'\t']),
        KeyCode::BackTab => b"\x1b[Z".to_vec(),
        KeyCode::Backspace => prefixed(alt, vec![if control { 0x08 } else { 0x7f }]),
        KeyCode::Esc => prefixed(alt, vec![0x1b]),
        KeyCode::Null => vec![0],
        KeyCode::Up => cursor(b'A', modifier, modes),
        KeyCode::Down => cursor(b'B', modifier, modes),
        KeyCode::Right => cursor(b'C', modifier, modes),
        KeyCode::Left => cursor(b'D', modifier, modes),
        KeyCode::KeypadBegin => cursor(b'E', modifier, modes),
        KeyCode::End => cursor(b'F', modifier, modes),
        KeyCode::Home => cursor(b'H', modifier, modes),
        KeyCode::Insert => numbered(2, modifier),
        KeyCode::Delete => numbered(3, modifier),
        KeyCode::PageUp => numbered(5, modifier),
        KeyCode::PageDown => numbered(6, modifier),
        KeyCode::F(number) => function(number, modifier),
        _ => Vec::new(),
    }
}

/// Returns a pasted text as bytes; nothing where it is too long.
///
/// Between brackets, where the far side asked for them, nothing may end them early: escapes are left out. Without them
/// each line ends as Enter does.
pub fn paste(text: &str, modes: Modes) -> Vec<u8> {
    if text.len() > LONGEST_PASTE {
        return Vec::new();
    }
    let lines = text.replace("\r\n", "\r").replace('\n', "\r");
    if !modes.bracketed_paste {
        return lines.into_bytes();
    }
    let mut bytes = b"\x1b[200~".to_vec();
    bytes.extend(lines.bytes().filter(|byte| *byte != 0x1b));
    bytes.extend_from_slice(b"\x1b[201~");
    bytes
}

/// Returns what tells of the focus, where the far side asked for it.
pub fn focus(gained: bool, modes: Modes) -> Vec<u8> {
    match (modes.focus, gained) {
        (false, _) => Vec::new(),
        (true, true) => b"\x1b[I".to_vec(),
        (true, false) => b"\x1b[O".to_vec(),
    }
}

/// Returns the report of a mouse event at a cell, counted from zero; nothing where the far side did not ask for it.
pub fn mouse(event: &MouseEvent, modes: Modes) -> Vec<u8> {
    let Some((code, is_release)) = report(event.kind, modes.mouse) else {
        return Vec::new();
    };
    let modifiers = if modes.mouse == MouseMode::Press { 0 } else { mouse_modifiers(event.modifiers) };
    let (column, row) = (u32::from(event.column) + 1, u32::from(event.row) + 1);
    if modes.encoding == MouseEncoding::Sgr {
        let last = if is_release { 'm' } else { 'M' };
        return format!("\x1b[<{};{column};{row}{last}", code + modifiers).into_bytes();
    }
    // Without decimal numbers a release does not say of which button.
    let code = if is_release { 3 } else { code } + modifiers;
    let most = if modes.encoding == MouseEncoding::Utf8 { 0x7ff } else { 0xff };
    if column + 32 > most || row + 32 > most {
        return Vec::new();
    }
    let mut bytes = b"\x1b[M".to_vec();
    for number in [code + 32, column + 32, row + 32] {
        match (modes.encoding, u8::try_from(number), char::from_u32(number)) {
            (MouseEncoding::Utf8, _, Some(character)) => {
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            (_, Ok(byte), _) => bytes.push(byte),
            _ => return Vec::new(),
        }
    }
    bytes
}

/// Returns the arrows that the wheel stands for on an alternate screen without mouse reports, where there is nothing to
/// scroll back to.
pub fn wheel_as_arrows(lines: isize, modes: Modes) -> Vec<u8> {
    let last = if lines < 0 { b'A' } else { b'B' };
    cursor(last, 1, modes).repeat(lines.unsigned_abs().min(16))
}

/// The button's number in a report, and whether it is a release; nothing where this mode does not report it.
fn report(kind: MouseEventKind, mode: MouseMode) -> Option<(u32, bool)> {
    let button = |button: MouseButton| match button {
        MouseButton::Left => 0,
        MouseButton::Middle => 1,
        MouseButton::Right => 2,
    };
    match (mode, kind) {
        (MouseMode::Off, _) => None,
        (_, MouseEventKind::Down(which)) => Some((button(which), false)),
        (MouseMode::Press, _) => None,
        (_, MouseEventKind::Up(which)) => Some((button(which), true)),
        (MouseMode::ButtonMotion | MouseMode::AnyMotion, MouseEventKind::Drag(which)) => {
            Some((32 + button(which), false))
        }
        (MouseMode::AnyMotion, MouseEventKind::Moved) => Some((32 + 3, false)),
        (_, MouseEventKind::ScrollUp) => Some((64, false)),
        (_, MouseEventKind::ScrollDown) => Some((65, false)),
        (_, MouseEventKind::ScrollLeft) => Some((66, false)),
        (_, MouseEventKind::ScrollRight) => Some((67, false)),
        (_, MouseEventKind::Drag(_) | MouseEventKind::Moved) => None,
    }
}

fn mouse_modifiers(modifiers: KeyModifiers) -> u32 {
    let bit = |modifier, value| if modifiers.contains(modifier) { value } else { 0 };
    bit(KeyModifiers::SHIFT, 4) + bit(KeyModifiers::ALT, 8) + bit(KeyModifiers::CONTROL, 16)
}

/// The parameter that tells of modifiers: one more than shift, alt and control as 1, 2 and 4.
fn modifier(modifiers: KeyModifiers) -> u8 {
    let bit = |modifier, value| if modifiers.contains(modifier) { value } else { 0 };
    1 + bit(KeyModifiers::SHIFT, 1) + bit(KeyModifiers::ALT, 2) + bit(KeyModifiers::CONTROL, 4)
}

fn prefixed(alt: bool, mut bytes: Vec<u8>) -> Vec<u8> {
    if alt {
        bytes.insert(0, 0x1b);
    }
    bytes
}

fn character_bytes(character: char, control: bool) -> Vec<u8> {
    let controlled = match character {
        // A digit stands for what lies on its key on a VT220, which is also how plain terminals' bytes are read.
        ' ' | '@' | '2' | '`' => Some(0x00),
        'a'..='z' | 'A'..='Z' => u8::try_from(character).ok().map(|byte| byte & 0x1f),
        '[' | '3' => Some(0x1b),
        '\\' | '4' | '|' => Some(0x1c),
        ']' | '5' => Some(0x1d),
        '^' | '6' | '~' => Some(0x1e),
        '_' | '7' | '/' | '-' => Some(0x1f),
        '?' | '8' => Some(0x7f),
        _ => None,
    };
    match controlled.filter(|_| control) {
        Some(byte) => vec![byte],
        None => character.to_string().into_bytes(),
    }
}

/// A key of the cursor's: `CSI A`, `SS3 A` where applications want it so, `CSI 1 ; modifier A`.
fn cursor(last: u8, modifier: u8, modes: Modes) -> Vec<u8> {
    match modifier {
        1 if modes.application_cursor => vec![0x1b, b'O', last],
        1 => vec![0x1b, b'[', last],
        _ => format!("\x1b[1;{modifier}{}", char::from(last)).into_bytes(),
    }
}

/// A key that has a number: `CSI 3 ~`, `CSI 3 ; modifier ~`.
fn numbered(number: u8, modifier: u8) -> Vec<u8> {
    match modifier {
        1 => format!("\x1b[{number}~"),
        _ => format!("\x1b[{number};{modifier}~"),
    }
    .into_bytes()
}

fn function(number: u8, modifier: u8) -> Vec<u8> {
    match number {
        1..=4 => {
            let last = char::from(b'P' + number - 1);
            if modifier == 1 { format!("\x1bO{last}") } else { format!("\x1b[1;{modifier}{last}") }.into_bytes()
        }
        5 => numbered(15, modifier),
        6..=10 => numbered(11 + number, modifier),
        11..=14 => numbered(12 + number, modifier),
        15..=16 => numbered(13 + number, modifier),
        17..=20 => numbered(14 + number, modifier),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const NONE: KeyModifiers = KeyModifiers::NONE;
    const SHIFT: KeyModifiers = KeyModifiers::SHIFT;
    const ALT: KeyModifiers = KeyModifiers::ALT;
    const CONTROL: KeyModifiers = KeyModifiers::CONTROL;

    fn application() -> Modes {
        Modes { application_cursor: true, ..Modes::default() }
    }

    #[rstest]
    #[case(KeyCode::Char('a'), NONE, b"a")]
    #[case(KeyCode::Char('A'), SHIFT, b"A")]
    #[case(KeyCode::Char('あ'), NONE, "あ".as_bytes())]
    #[case(KeyCode::Char('c'), CONTROL, b"\x03")]
    #[case(KeyCode::Char('z'), CONTROL, b"\x1a")]
    #[case(KeyCode::Char('\\'), CONTROL, b"\x1c")]
    #[case(KeyCode::Char('4'), CONTROL, b"\x1c")]
    #[case(KeyCode::Char(']'), CONTROL, b"\x1d")]
    #[case(KeyCode::Char('5'), CONTROL, b"\x1d")]
    #[case(KeyCode::Char('6'), CONTROL, b"\x1e")]
    #[case(KeyCode::Char('_'), CONTROL, b"\x1f")]
    #[case(KeyCode::Char(' '), CONTROL, b"\x00")]
    #[case(KeyCode::Char('h'), CONTROL, b"\x08")]
    #[case(KeyCode::Char('j'), CONTROL, b"\n")]
    #[case(KeyCode::Char('1'), CONTROL, b"1")]
    #[case(KeyCode::Char('b'), ALT, b"\x1bb")]
    #[case(KeyCode::Char('c'), ALT | CONTROL, b"\x1b\x03")]
    #[case(KeyCode::Enter, NONE, b"\r")]
    #[case(KeyCode::Enter, ALT, b"\x1b\r")]
    #[case(KeyCode::Tab, NONE, b"\t")]
    #[case(KeyCode::BackTab, SHIFT, b"\x1b[Z")]
    #[case(KeyCode::Backspace, NONE, b"\x7f")]
    #[case(KeyCode::Backspace, ALT, b"\x1b\x7f")]
    #[case(KeyCode::Backspace, CONTROL, b"\x08")]
    #[case(KeyCode::Esc, NONE, b"\x1b")]
    #[case(KeyCode::Up, NONE, b"\x1b[A")]
    #[case(KeyCode::Down, SHIFT, b"\x1b[1;2B")]
    #[case(KeyCode::Right, CONTROL, b"\x1b[1;5C")]
    #[case(KeyCode::Left, ALT, b"\x1b[1;3D")]
    #[case(KeyCode::Home, NONE, b"\x1b[H")]
    #[case(KeyCode::End, CONTROL | SHIFT, b"\x1b[1;6F")]
    #[case(KeyCode::Insert, NONE, b"\x1b[2~")]
    #[case(KeyCode::Delete, SHIFT, b"\x1b[3;2~")]
    #[case(KeyCode::PageUp, NONE, b"\x1b[5~")]
    #[case(KeyCode::PageDown, CONTROL | ALT | SHIFT, b"\x1b[6;8~")]
    #[case(KeyCode::F(1), NONE, b"\x1bOP")]
    #[case(KeyCode::F(4), NONE, b"\x1bOS")]
    #[case(KeyCode::F(2), SHIFT, b"\x1b[1;2Q")]
    #[case(KeyCode::F(5), NONE, b"\x1b[15~")]
    #[case(KeyCode::F(6), NONE, b"\x1b[17~")]
    #[case(KeyCode::F(10), NONE, b"\x1b[21~")]
    #[case(KeyCode::F(11), NONE, b"\x1b[23~")]
    #[case(KeyCode::F(12), CONTROL, b"\x1b[24;5~")]
    #[case(KeyCode::F(13), NONE, b"\x1b[25~")]
    #[case(KeyCode::F(15), NONE, b"\x1b[28~")]
    #[case(KeyCode::F(20), NONE, b"\x1b[34~")]
    #[case(KeyCode::F(24), NONE, b"")]
    #[case(KeyCode::CapsLock, NONE, b"")]
    fn keys_are_what_an_xterm_sends(#[case] code: KeyCode, #[case] modifiers: KeyModifiers, #[case] bytes: &[u8]) {
        assert_eq!(key(&KeyEvent::new(code, modifiers), Modes::default()), bytes);
    }

    #[rstest]
    #[case(KeyCode::Up, NONE, b"\x1bOA")]
    #[case(KeyCode::End, NONE, b"\x1bOF")]
    #[case(KeyCode::Up, CONTROL, b"\x1b[1;5A")]
    #[case(KeyCode::Delete, NONE, b"\x1b[3~")]
    fn applications_get_cursor_keys_as_they_want_them(
        #[case] code: KeyCode,
        #[case] modifiers: KeyModifiers,
        #[case] bytes: &[u8],
    ) {
        assert_eq!(key(&KeyEvent::new(code, modifiers), application()), bytes);
    }

    #[test]
    fn a_release_sends_nothing_and_a_repetition_sends_again() {
        let mut event = KeyEvent::new(KeyCode::Char('a'), NONE);
        event.kind = KeyEventKind::Release;
        assert_eq!(key(&event, Modes::default()), b"");
        event.kind = KeyEventKind::Repeat;
        assert_eq!(key(&event, Modes::default()), b"a");
    }

    #[test]
    fn the_escape_is_known_in_both_forms() {
        for code in [KeyCode::Char(']'), KeyCode::Char('5')] {
            assert!(is_escape(&KeyEvent::new(code, CONTROL)));
            assert!(!is_escape(&KeyEvent::new(code, NONE)));
            assert!(!is_escape(&KeyEvent::new(code, CONTROL | ALT)));
        }
    }

    #[test]
    fn a_paste_is_bracketed_where_that_was_asked_for_and_cannot_break_out() {
        let bracketed = Modes { bracketed_paste: true, ..Modes::default() };
        assert_eq!(paste("a\nb\r\nc", Modes::default()), b"a\rb\rc");
        assert_eq!(paste("日本\x1b[201~rm -rf", bracketed), "\x1b[200~日本[201~rm -rf\x1b[201~".as_bytes());
        assert_eq!(paste(&"x".repeat(LONGEST_PASTE + 1), bracketed), b"");
    }

    #[test]
    fn the_focus_is_told_where_that_was_asked_for() {
        let wanted = Modes { focus: true, ..Modes::default() };
        assert_eq!((focus(true, wanted), focus(false, wanted)), (b"\x1b[I".to_vec(), b"\x1b[O".to_vec()));
        assert_eq!(focus(true, Modes::default()), b"");
    }

    const DOWN: MouseEventKind = MouseEventKind::Down(MouseButton::Left);
    const UP: MouseEventKind = MouseEventKind::Up(MouseButton::Right);
    const DRAG: MouseEventKind = MouseEventKind::Drag(MouseButton::Middle);
    const MOVED: MouseEventKind = MouseEventKind::Moved;
    const WHEEL: MouseEventKind = MouseEventKind::ScrollDown;

    #[rstest]
    #[case(MouseMode::Off, MouseEncoding::Sgr, DOWN, NONE, b"")]
    #[case(MouseMode::Press, MouseEncoding::Default, DOWN, CONTROL, b"\x1b[M !\"")]
    #[case(MouseMode::Press, MouseEncoding::Default, UP, NONE, b"")]
    #[case(MouseMode::Press, MouseEncoding::Default, WHEEL, NONE, b"")]
    #[case(MouseMode::PressRelease, MouseEncoding::Default, UP, NONE, b"\x1b[M#!\"")]
    #[case(MouseMode::PressRelease, MouseEncoding::Default, WHEEL, NONE, b"\x1b[Ma!\"")]
    #[case(MouseMode::PressRelease, MouseEncoding::Sgr, DOWN, NONE, b"\x1b[<0;1;2M")]
    #[case(MouseMode::PressRelease, MouseEncoding::Sgr, UP, NONE, b"\x1b[<2;1;2m")]
    #[case(MouseMode::PressRelease, MouseEncoding::Sgr, WHEEL, SHIFT, b"\x1b[<69;1;2M")]
    #[case(MouseMode::PressRelease, MouseEncoding::Sgr, DRAG, NONE, b"")]
    #[case(MouseMode::ButtonMotion, MouseEncoding::Sgr, DRAG, NONE, b"\x1b[<33;1;2M")]
    #[case(MouseMode::ButtonMotion, MouseEncoding::Sgr, MOVED, NONE, b"")]
    #[case(MouseMode::AnyMotion, MouseEncoding::Sgr, MOVED, ALT, b"\x1b[<43;1;2M")]
    fn the_mouse_is_reported_in_the_mode_that_was_asked_for(
        #[case] mouse_mode: MouseMode,
        #[case] encoding: MouseEncoding,
        #[case] kind: MouseEventKind,
        #[case] modifiers: KeyModifiers,
        #[case] bytes: &[u8],
    ) {
        let modes = Modes { mouse: mouse_mode, encoding, ..Modes::default() };
        assert_eq!(mouse(&MouseEvent { kind, column: 0, row: 1, modifiers }, modes), bytes);
    }

    #[rstest]
    #[case(MouseEncoding::Default, 222, b"\x1b[M \xff!".as_slice())]
    #[case(MouseEncoding::Default, 223, b"")]
    #[case(MouseEncoding::Utf8, 223, "\x1b[M \u{100}!".as_bytes())]
    #[case(MouseEncoding::Utf8, 2_015, b"")]
    #[case(MouseEncoding::Sgr, 2_015, b"\x1b[<0;2016;1M")]
    fn columns_that_cannot_be_written_are_not_reported(
        #[case] encoding: MouseEncoding,
        #[case] column: u16,
        #[case] bytes: &[u8],
    ) {
        let modes = Modes { mouse: MouseMode::PressRelease, encoding, ..Modes::default() };
        assert_eq!(mouse(&MouseEvent { kind: DOWN, column, row: 0, modifiers: NONE }, modes), bytes);
    }

    #[test]
    fn the_wheel_stands_for_arrows_where_nothing_lies_above() {
        assert_eq!(wheel_as_arrows(-2, Modes::default()), b"\x1b[A\x1b[A");
        assert_eq!(wheel_as_arrows(1, application()), b"\x1bOB");
        assert_eq!(wheel_as_arrows(isize::MIN, application()).len(), 16 * 3);
    }
}
