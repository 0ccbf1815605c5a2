//! What is measured, in which order.

use std::fmt::Write as _;

use crate::Failed;
use crate::children::{Account, Client};
use crate::load::{self, Speed, Way, told};
use crate::report::{Row, Table};

/// Both clients, in the order of the table's columns.
const BOTH: [&str; 2] = ["ours", "theirs"];

/// How many connections make a crowd.
const CROWD: usize = 50;

/// How many frames of a hundred are lost where some are.
const LOST: u32 = 1;

/// How often a speed is measured.
const TIMES: usize = 3;

/// Runs everything, and prints the table.
pub fn run() -> Result<(), Failed> {
    let mut account = Account::start()?;
    let mut table = Table::default();
    latency(&account, &mut table);
    for kib in [1, 4, 16] {
        uploads(&account, &mut table, kib);
    }
    for kib in [1, 4, 16] {
        downloads(&mut account, &mut table, kib)?;
    }
    account.order(r#"{"message": 1024}"#)?;
    memory(&account, &mut table);
    losses(&mut account, &mut table)?;
    eprintln!("{} frames were lost", account.lost()?);
    print!("{table}");
    Ok(())
}

/// Does something with a tunnel of each client; what goes wrong is what the table says.
fn each<T>(
    account: &Account,
    chunk: usize,
    mut measure: impl FnMut(&Client) -> Result<T, Failed>,
) -> [Result<T, String>; 2] {
    BOTH.map(|whose| {
        let measured = account.client(whose, chunk).and_then(|client| measure(&client));
        measured.map_err(|why| told(&why))
    })
}

fn cells<T>(both: &[Result<T, String>; 2], cell: impl Fn(&T) -> f64, places: usize) -> [String; 2] {
    [0, 1].map(|at| match &both[at] {
        Ok(measured) => {
            let mut text = String::new();
            let _ = write!(text, "{:.places$}", cell(measured));
            text
        }
        Err(why) => why.clone(),
    })
}

fn latency(account: &Account, table: &mut Table) {
    let echoes = each(account, 0, |client| load::echo(client, 2_000));
    table.push(Row::new("echo of 64 bytes, median, ms", cells(&echoes, |(median, _)| *median, 2)).official("1.8–2.2"));
    table.push(Row::new("the same, p99, ms", cells(&echoes, |(_, p99)| *p99, 2)));
}

fn speeds(table: &mut Table, what: &str, official: &str, both: &[Result<Speed, String>; 2]) {
    table.push(Row::new(format!("{what}, MB/s"), cells(both, |speed| speed.rate, 1)).official(official));
    table.push(Row::new("its time of processors, ms a MB", cells(both, |speed| speed.cost, 1)));
}

fn uploads(account: &Account, table: &mut Table, kib: usize) {
    let both = each(account, kib * 1_024, |client| load::speed(client, Way::Up, TIMES));
    let official = if kib == 1 { "0.58–0.67" } else { "" };
    speeds(table, &format!("up, {kib} KiB a message"), official, &both);
}

fn downloads(account: &mut Account, table: &mut Table, kib: usize) -> Result<(), Failed> {
    account.order(&format!(r#"{{"message": {}}}"#, kib * 1_024))?;
    let both = each(account, 0, |client| load::speed(client, Way::Down, TIMES));
    // The agent of that rig paced.
    let official = if kib == 1 { "0.56–0.65" } else { "" };
    speeds(table, &format!("down, {kib} KiB a message"), official, &both);
    Ok(())
}

fn memory(account: &Account, table: &mut Table) {
    let idle = each(account, 0, Client::own_memory);
    table.push(Row::new("memory of an idle tunnel, MB", cells(&idle, |much| *much, 1)));
    let crowd = each(account, 0, |client| load::crowd(client, CROWD));
    table.push(Row::new(format!("memory with {CROWD} connections, MB"), cells(&crowd, |much| *much, 1)));
}

/// The same with losses. Tunnels are opened before: what is measured is how they go on.
fn losses(account: &mut Account, table: &mut Table) -> Result<(), Failed> {
    let part = format!("{LOST} % lost");
    let echoes = lossy(account, 0, |client| load::echo(client, 500))?;
    table.push(Row::new(format!("{part}: echo, median, ms"), cells(&echoes, |(median, _)| *median, 2)));
    table.push(Row::new(format!("{part}: echo, p99, ms"), cells(&echoes, |(_, p99)| *p99, 2)));
    for kib in [1, 16] {
        account.order(&format!(r#"{{"message": {}}}"#, kib * 1_024))?;
        for (way, word) in [(Way::Up, "up"), (Way::Down, "down")] {
            let both = lossy(account, kib * 1_024, |client| load::speed(client, way, 1))?;
            let what = format!("{part}: {word}, {kib} KiB a message, MB/s");
            table.push(Row::new(what, cells(&both, |speed| speed.rate, 1)));
        }
    }
    Ok(())
}

fn lossy<T>(
    account: &mut Account,
    chunk: usize,
    measure: impl Fn(&Client) -> Result<T, Failed>,
) -> Result<[Result<T, String>; 2], Failed> {
    let mut both = Vec::new();
    for whose in BOTH {
        let measured = match account.client(whose, chunk) {
            Ok(client) => {
                account.lose(LOST)?;
                let measured = measure(&client);
                account.lose(0)?;
                measured
            }
            Err(why) => Err(why),
        };
        both.push(measured.map_err(|why| told(&why)));
    }
    both.try_into().map_err(|_| "not both".into())
}
