//! Measures Sekisho's tunnels beside those of another client, in one run and against the same simulated account.
//!
//! ```text
//! load (this process) ── TCP ── client (a child: Sekisho's or the peer's) ── websocket ── account (a child: gateway,
//! agent, and the far end in it)
//! ```
//!
//! The processes are apart so that the time and the memory of a client are its own. Linux only: both are read in `/proc`.

mod account;
mod children;
mod client;
mod far;
mod load;
mod plan;
mod report;

use std::process::ExitCode;

/// What went wrong, in words.
type Failed = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => plan::run(),
        ["account"] => account::serve(),
        ["client", whose, chunk] => client::serve(whose, chunk),
        // `cargo bench` and `cargo test` say more than that; nothing is to be measured then.
        _ => Ok(()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// Makes the runtime that the account and both clients have alike.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}
