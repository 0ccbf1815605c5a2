//! Real programs through sessions: PostgreSQL, `pgbench`, vim and less, and streams of bytes.
//!
//! Everything goes through `sekisho::session` to the simulated account, whose gateway loses messages and breaks
//! connections when it is told to, and whose agent runs a real shell and opens real connections. `tests/run` installs
//! the programs where it can.

mod postgres;
mod psql;
mod stage;
mod streams;
mod terminal;
mod vim;
