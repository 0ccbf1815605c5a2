//! Feeds any bytes to the reader of messages: it reads or refuses, and what it read it writes so that it reads the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho::session::handshake::{Request, completed};
use sekisho::session::message::{Acknowledgement, Closed, Message};

fuzz_target!(|frame: &[u8]| {
    let Ok(message) = Message::decode(frame) else { return };
    let written = message.encode();
    assert_eq!(Message::decode(&written), Ok(message));
    let _ = Acknowledgement::read(message.payload);
    let _ = Closed::read(message.payload);
    let _ = completed(message.payload);
    if let Some(request) = Request::read(message.payload) {
        let _ = request.answer(None);
    }
});
