//! A PostgreSQL server that lives as long as a test.

use std::env;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

use crate::stage::PATIENCE;

/// Who the server runs as where a test runs as root, which PostgreSQL refuses: Debian's user for it, or nobody.
const USERS: [&str; 2] = ["postgres", "nobody"];

/// A server with a database of its own in a temporary directory.
pub struct Postgres {
    address: SocketAddr,
    child: Child,
    _folder: TempDir,
}

impl Postgres {
    /// Starts a server on a free port, and returns once it answers.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("sekisho-pg").tempdir().expect("a temporary directory");
        let owner = if geteuid().is_root() { Some(ordinary_user()) } else { None };
        if let Some(user) = &owner {
            chown(folder.path(), Some(user.uid), Some(user.gid)).expect("an owner");
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("permissions");
        }
        let data = folder.path().join("data");
        let mut made = run_as(owner.as_ref(), &program("initdb"));
        made.args(["--auth=trust", "--username=ops", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "-D"])
            .arg(&data);
        checked("initdb", &made.output().expect("initdb"));
        // Someone may take the port between here and there: then the server says so and ends, and another is tried.
        for _ in 0..8 {
            let address = free_port();
            let mut command = run_as(owner.as_ref(), &program("postgres"));
            command.arg("-D").arg(&data).args(["-h", "127.0.0.1", "-p", &address.port().to_string(), "-k"]);
            command.arg(folder.path()).args(["-c", "fsync=off", "-c", "max_connections=60"]);
            let log = fs::File::create(folder.path().join("log")).expect("a file");
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
            let mut child = command.spawn().expect("postgres");
            if answers(&mut child, address) {
                return Self { address, child, _folder: folder };
            }
        }
        panic!("PostgreSQL does not start:\n{}", fs::read_to_string(folder.path().join("log")).unwrap_or_default());
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Postgres {
    /// Ends it at once (`SIGQUIT`, "immediate shutdown"): nobody needs its files any more.
    fn drop(&mut self) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(id) = id {
            // It may have ended by itself.
            let _ = kill_process(id, Signal::QUIT);
        }
        let _ = self.child.wait();
    }
}

/// Runs one of PostgreSQL's programs against a port of this machine, and returns what it wrote.
#[track_caller]
pub fn client(name: &str, address: SocketAddr, arguments: &[&str]) -> String {
    let mut command = Command::new(program(name));
    command.args(["-h", "127.0.0.1", "-p", &address.port().to_string(), "-U", "ops"]);
    command.args(arguments).env("PGDATABASE", "postgres").env("PGCONNECT_TIMEOUT", "60").env("LC_ALL", "C.UTF-8");
    // Neither a file of the one who runs the tests nor a pager has a say.
    command.env("PSQLRC", "/dev/null").env("PGPASSFILE", "/dev/null").env("PAGER", "cat").stdin(Stdio::null());
    checked(name, &command.output().unwrap_or_else(|error| panic!("{name}: {error}")))
}

#[track_caller]
fn checked(name: &str, output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{name}: {}\n{out}\n{err}", output.status);
    out.into_owned()
}

/// Whether the server answers before it ends.
fn answers(child: &mut Child, address: SocketAddr) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if child.try_wait().expect("a child").is_some() {
            return false;
        }
        let ready = Command::new(program("pg_isready"))
            .args(["-q", "-h", "127.0.0.1", "-p", &address.port().to_string()])
            .status();
        if ready.is_ok_and(|status| status.success()) {
            return true;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("PostgreSQL does not answer");
}

fn free_port() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("an address")
}

/// Finds a program of the newest PostgreSQL: in the `PATH`, or where Debian keeps the ones that it leaves out of it.
fn program(name: &str) -> PathBuf {
    let in_path = env::var_os("PATH").into_iter().flat_map(|path| env::split_paths(&path).collect::<Vec<_>>());
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
        .unwrap_or_default();
    versions.sort_by_key(|path| std::cmp::Reverse(version(path)));
    let places = versions.into_iter().map(|path| path.join("bin")).chain(in_path);
    let found = places.map(|place| place.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{name} is not installed: tests/run installs it or says how"))
}

fn version(path: &Path) -> u32 {
    path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok()).unwrap_or_default()
}

struct User {
    uid: u32,
    gid: u32,
}

fn ordinary_user() -> User {
    let users = fs::read_to_string("/etc/passwd").expect("the list of users");
    let find = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some(User { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
    };
    USERS.iter().find_map(|name| find(name)).expect("a user for PostgreSQL")
}

/// A command as that user, or as whoever runs the tests.
fn run_as(user: Option<&User>, program: &Path) -> Command {
    let mut command = match user {
        Some(user) => {
            let mut command = Command::new("setpriv");
            command.args([format!("--reuid={}", user.uid), format!("--regid={}", user.gid)]);
            command.arg("--clear-groups").arg(program);
            command
        }
        None => Command::new(program),
    };
    // The directory that the tests run in may be closed to that user.
    command.current_dir("/").env("LC_ALL", "C.UTF-8");
    command
}
