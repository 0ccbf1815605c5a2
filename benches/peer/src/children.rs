//! The processes that are measured, and the one that they talk to.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::Failed;
use crate::account::Address;

/// How long a child may take to say its first line, and to leave.
const PATIENCE: Duration = Duration::from_secs(20);

/// The clock of `/proc/PID/stat`: Linux counts hundredths of a second there, on every machine.
const TICK: Duration = Duration::from_millis(10);

/// A child that listens to lines and answers in lines; it ends with this.
#[derive(Debug)]
struct Process {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Process {
    fn spawn(words: &[&str], environment: &[(&str, &str)]) -> Result<Self, Failed> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).envs(environment.iter().copied());
        let mut child = command.spawn()?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("a child without pipes".into());
        };
        Ok(Self { child, to: Some(to), from: BufReader::new(from) })
    }

    fn line(&mut self) -> Result<String, Failed> {
        let mut line = String::new();
        self.from.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    /// Reads the first line; whoever does not say it in time is ended.
    fn first_line(&mut self) -> Result<String, Failed> {
        let pid = self.child.id();
        let (said, is_said) = mpsc::channel::<()>();
        let watch = thread::spawn(move || {
            if is_said.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                // The pipe ends with the process; nothing else would end the wait for it.
                let _ = Command::new("kill").arg(pid.to_string()).status();
            }
        });
        let line = self.line();
        let _ = said.send(());
        let _ = watch.join();
        line
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.to = None;
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(TICK);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The simulated account.
#[derive(Debug)]
pub struct Account {
    process: Process,
    address: Address,
}

impl Account {
    /// Starts it.
    pub fn start() -> Result<Self, Failed> {
        let mut process = Process::spawn(&["account"], &[])?;
        let address = serde_json::from_str(&process.first_line()?)?;
        let mut account = Self { process, address };
        account.order(r#"{"accept_unsigned": true}"#)?;
        Ok(account)
    }

    fn ask(&mut self, line: &str) -> Result<String, Failed> {
        let to = self.process.to.as_mut().ok_or("no account")?;
        writeln!(to, "{line}")?;
        self.process.line()
    }

    /// Gives the gateway an order.
    pub fn order(&mut self, order: &str) -> Result<(), Failed> {
        let answer = self.ask(order)?;
        if answer == "ok" { Ok(()) } else { Err(answer.into()) }
    }

    /// Makes the gateway lose so many frames of a hundred, either way.
    pub fn lose(&mut self, part: u32) -> Result<(), Failed> {
        self.order(&format!(r#"{{"up": {{"drop": {part}}}, "down": {{"drop": {part}}}}}"#))
    }

    /// How many frames it has lost.
    pub fn lost(&mut self) -> Result<u64, Failed> {
        Ok(self.ask("lost")?.parse()?)
    }

    /// Opens a client's tunnel.
    pub fn client(&self, whose: &str, chunk: usize) -> Result<Client, Failed> {
        let Address { endpoint, key, secret, region } = &self.address;
        let environment = [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_ACCESS_KEY_ID", key.as_str()),
            ("AWS_SECRET_ACCESS_KEY", secret.as_str()),
            ("AWS_REGION", region.as_str()),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ];
        let mut process = Process::spawn(&["client", whose, &chunk.to_string()], &environment)?;
        let port = process.first_line()?.parse().map_err(|_| "no tunnel")?;
        Ok(Client { process, port })
    }
}

/// A client with its tunnel.
#[derive(Debug)]
pub struct Client {
    process: Process,
    /// The port that its tunnel listens on.
    pub port: u16,
}

impl Client {
    /// Reads how much time of processors it has had.
    pub fn cpu(&self) -> Result<Duration, Failed> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.child.id()))?;
        // The name stands in parentheses and may hold anything; user and system time are the 12th and 13th behind it.
        let (_, behind) = stat.rsplit_once(')').ok_or("no parenthesis")?;
        let ticks: u32 = behind.split_whitespace().skip(11).take(2).flat_map(str::parse::<u32>).sum();
        Ok(TICK * ticks)
    }

    /// Reads how much memory of its own it has, in MB: the pages of the program are those of both clients.
    pub fn own_memory(&self) -> Result<f64, Failed> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).ok_or("no RssAnon")?;
        let kib: u32 = line.trim_end_matches("kB").trim().parse()?;
        Ok(f64::from(kib) * 1_024.0 / 1e6)
    }
}
