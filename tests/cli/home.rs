//! A home of one's own, and the binary run in it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A home folder with nothing in it, and the variables that commands run with.
pub struct Home {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// What a command printed, and its exit code.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Home {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let variables = [
            ("HOME", folder.path().to_str().unwrap()),
            ("PATH", "/usr/bin:/bin"),
            ("LANG", "C"),
            ("TZ", "UTC"),
            // Nothing is looked for on a machine that is none of AWS's.
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { folder, variables }
    }

    /// Writes a file below the home folder.
    pub fn file(self, path: &str, text: &str) -> Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// Writes the configuration in its usual place.
    pub fn config(self, text: &str) -> Self {
        self.file(".config/sekisho/config.toml", text)
    }

    /// Sets a variable.
    pub fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Prepares the binary, with no input and both streams caught.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
        command.args(arguments);
        self.at_home(command)
    }

    /// Prepares another program that runs the binary, whose path and arguments come last among its own.
    pub fn within(&self, program: &str, own: &[&str], arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(own).arg(env!("CARGO_BIN_EXE_sekisho")).args(arguments);
        self.at_home(command)
    }

    fn at_home(&self, mut command: Command) -> Command {
        command.env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the binary on arguments with single spaces between them.
    pub fn run(&self, arguments: &str) -> Ran {
        let arguments: Vec<&str> = arguments.split(' ').filter(|argument| !argument.is_empty()).collect();
        Ran::of(&self.command(&arguments).output().unwrap())
    }
}

impl Ran {
    pub fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Checks the exit code, and shows both streams where it is another.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        self
    }

    /// Checks that a text was printed among the faults.
    #[track_caller]
    pub fn complains(self, text: &str) -> Self {
        assert!(self.err.contains(text), "no {text:?} in: {}", self.err);
        self
    }

    /// Checks that a text was printed.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.out.contains(text), "no {text:?} in: {}", self.out);
        self
    }

    /// Checks that nothing at all was printed among the faults.
    #[track_caller]
    pub fn quietly(self) -> Self {
        assert_eq!(self.err, "");
        self
    }
}
