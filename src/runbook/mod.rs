//! The catalogue: what may be done, by whom, where, and what is asked first. TOML to typed entries, without IO.

pub mod entry;
