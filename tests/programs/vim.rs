//! A shell on a node, with the programs that ask most of a terminal.

use sekisho::domain::session::End;
use sekisho::session::conduit::FromFarSide;
use vt100::Color;

use crate::stage::{Stage, soon};
use crate::terminal::Terminal;

const SHELL: &str = "SSM-SessionManagerRunShell";

async fn shell(stage: &Stage) -> Terminal {
    let mut terminal = Terminal::of(stage.session(SHELL, &[]).await, 80, 24).await;
    // What is typed is echoed; what is computed is an answer.
    terminal.enter("echo ready-$((40 + 2))").await;
    terminal.until_shown("ready-42").await;
    terminal
}

async fn leave(terminal: Terminal) {
    terminal.enter("exit").await;
    assert_eq!(terminal.end().await, End::Closed { output: String::new() });
}

#[tokio::test(flavor = "multi_thread")]
async fn vim_writes_japanese_into_a_file() {
    let stage = Stage::start().await;
    let mut terminal = shell(&stage).await;
    terminal.enter("vim -u NONE -N -i NONE note.txt").await;
    terminal.until("vim", |screen| screen.alternate_screen() && screen.contents().contains("note.txt")).await;
    terminal.press("i").await;
    terminal.until_shown("-- INSERT --").await;
    terminal.press("本番の障害対応\r二行目：ロールバック済み").await;
    terminal.until_shown("二行目：ロールバック済み").await;
    terminal.press("\x1b").await;
    terminal.until("normal mode", |screen| !screen.contents().contains("-- INSERT --")).await;
    // It follows the terminal's size.
    terminal.resize(100, 40).await;
    // It draws anew when nothing is typed: what is typed before that is answered with the old size.
    let is_line = |screen: &vt100::Screen| screen.cell(35, 0).is_some_and(|cell| cell.contents() == "~");
    terminal.until("the new rows", is_line).await;
    terminal.enter(":set lines? columns?").await;
    terminal
        .until("the new size", |screen| {
            let shown = screen.contents();
            shown.contains("lines=40") && shown.contains("columns=100")
        })
        .await;
    terminal.enter("").await;
    terminal.enter(":wq").await;
    terminal.until("the shell", |screen| !screen.alternate_screen()).await;
    terminal.enter("clear; wc -l note.txt; cat note.txt").await;
    terminal
        .until("the file", |screen| {
            let shown = screen.contents();
            shown.contains("2 note.txt") && shown.contains("本番の障害対応\n二行目：ロールバック済み")
        })
        .await;
    leave(terminal).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shell_has_the_terminals_size() {
    let stage = Stage::start().await;
    let mut terminal = shell(&stage).await;
    terminal.enter("stty size").await;
    terminal.until_shown("24 80").await;
    for (columns, rows) in [(132, 50), (60, 20), (200, 60)] {
        terminal.resize(columns, rows).await;
        terminal.enter("stty size").await;
        terminal.until_shown(&format!("{rows} {columns}")).await;
    }
    leave(terminal).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn less_pages_through_a_file() {
    let stage = Stage::start().await;
    let mut terminal = shell(&stage).await;
    terminal.enter("for n in $(seq 1 500); do echo \"$n 行目\"; done > lines.txt; less lines.txt").await;
    terminal.until("less", |screen| screen.alternate_screen() && screen.contents().starts_with("1 行目\n2 行目")).await;
    terminal.press("G").await;
    terminal.until_shown("500 行目").await;
    terminal.press("g").await;
    terminal.until("the beginning", |screen| screen.contents().starts_with("1 行目")).await;
    terminal.press("/^250 \r").await;
    terminal.until("what was looked for", |screen| screen.contents().starts_with("250 行目")).await;
    terminal.press("q").await;
    terminal.until("the shell", |screen| !screen.alternate_screen()).await;
    leave(terminal).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_and_japanese_are_shown_as_they_were_written() {
    let stage = Stage::start().await;
    let mut terminal = shell(&stage).await;
    terminal.enter("clear; printf '\\033[38;5;208m関所\\033[48;2;1;2;3m…\\033[0m%s\\n' \" $TERM $LANG\"").await;
    terminal.until_shown("関所… xterm-256color C.UTF-8").await;
    let (row, colours) = terminal.look(|screen| {
        let shown = screen.contents();
        let row = shown.lines().position(|line| line.starts_with("関所…")).expect("the line");
        let row = u16::try_from(row).expect("a row");
        let cell = |column| screen.cell(row, column).expect("a cell").clone();
        (row, (cell(0).fgcolor(), cell(4).bgcolor(), cell(6).fgcolor()))
    });
    assert_eq!(colours, (Color::Idx(208), Color::Rgb(1, 2, 3), Color::Default), "row {row}");
    // What is typed in Japanese is echoed and taken as it is.
    terminal.enter("clear; gate=箱根の関所ﾊｺﾈ; echo \"[$gate]\"").await;
    terminal.until_shown("[箱根の関所ﾊｺﾈ]").await;
    leave(terminal).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_output_is_whole_where_messages_are_lost_and_the_connection_breaks() {
    let stage = Stage::start().await;
    let mut terminal = shell(&stage).await;
    stage.weather(1.0, 1.0, 0.0);
    terminal.enter("for n in $(seq 1 20000); do echo \"$n 行目\"; done; echo over-$((1 + 1))").await;
    for beginning in ["2000 行目", "6000 行目", "12000 行目"] {
        terminal.until_written(beginning).await;
        stage.cut();
    }
    terminal.until_shown("over-2").await;
    let written = String::from_utf8(terminal.written()).expect("whole characters");
    let numbers: Vec<u32> =
        written.lines().filter_map(|line| line.trim().strip_suffix(" 行目")?.parse().ok()).collect();
    assert!(numbers.iter().copied().eq(1..=20000), "{} lines", numbers.len());
    leave(terminal).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pasted_arrives_whole() {
    let stage = Stage::start().await;
    let mut terminal = shell(&stage).await;
    // Nothing is echoed, so that the pseudo-terminal's own buffers are not what is tested.
    terminal.enter("stty -echo; cat > pasted.txt; stty echo; echo pasted-$((1 + 1))").await;
    let line = "運用担当者は毎朝、関所を通る。0123456789\n";
    let lines = 2000;
    terminal.press(&line.repeat(lines)).await;
    terminal.press("\x04").await;
    terminal.until_shown("pasted-2").await;
    terminal.enter("clear; wc -c < pasted.txt; sort pasted.txt | uniq -c").await;
    terminal
        .until("the count", |screen| {
            let shown = screen.contents();
            shown.contains(&(line.len() * lines).to_string()) && shown.contains(&format!("{lines} {}", line.trim_end()))
        })
        .await;
    leave(terminal).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_without_a_terminal_tells_how_it_ended() {
    let stage = Stage::start().await;
    let command = "sh -c 'echo 標準; echo 誤り >&2; exit 3'";
    let mut conduit = stage.session("AWS-StartNonInteractiveCommand", &[("command", command)]).await;
    let (mut output, mut errors, mut code) = (Vec::new(), Vec::new(), None);
    while let Some(message) = soon("the command", conduit.from.recv()).await {
        match message {
            FromFarSide::Data(bytes) => output.extend_from_slice(&bytes),
            FromFarSide::StandardError(bytes) => errors.extend_from_slice(&bytes),
            FromFarSide::ExitCode(told) => code = Some(told),
            FromFarSide::Flag(_) => {}
        }
    }
    assert_eq!(String::from_utf8_lossy(&output), "標準\n");
    assert_eq!(String::from_utf8_lossy(&errors), "誤り\n");
    assert_eq!(code, Some(3));
}
