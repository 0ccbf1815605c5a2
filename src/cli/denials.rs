//! What IAM denied, kept from one run to the next: `denials.jsonl` in the state folder, a line each.
//!
//! It is there for `sekisho doctor`, which tells what is missing, and steers nothing: a line that is torn or not understood is
//! passed over, and where the file cannot be written, that is all there is to it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use crate::aws::KeepDenials;
use crate::domain::denied::{Denied, MOST, On, Whom, remember};
use crate::domain::text::clean;

/// The longest file that is read: many times what the most denials have.
const LONGEST: u64 = 4 * 1024 * 1024;

/// The longest text of a denial, in characters: an ARN has 2,048 at most.
const LONGEST_TEXT: usize = 2_048;

/// How often is tried to get at the file, which others hold for as long as it takes to write it.
const TRIES: usize = 20;

/// How long to wait before the next try.
const PAUSE: Duration = Duration::from_millis(5);

/// One denial as the file has it.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    account: String,
    region: String,
    who: String,
    action: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    first: Timestamp,
    last: Timestamp,
    times: u64,
}

impl From<Denied> for Line {
    fn from(denied: Denied) -> Self {
        let Denied { whom: Whom { account, region, who }, action, resource, first, last, times } = plain(denied);
        Self { account, region, who, action, resource, first, last, times }
    }
}

impl From<Line> for Denied {
    fn from(line: Line) -> Self {
        let Line { account, region, who, action, resource, first, last, times } = line;
        plain(Self { whom: Whom { account, region, who }, action, resource, first, last, times })
    }
}

/// Cleans and bounds a denial: the file may be anybody's, and what AWS quotes anybody's words.
fn plain(denied: Denied) -> Denied {
    let plain = |text: String| clean(&text, LONGEST_TEXT);
    let Denied { whom: Whom { account, region, who }, action, resource, first, last, times } = denied;
    let whom = Whom { account: plain(account), region: plain(region), who: plain(who) };
    Denied { whom, action: plain(action), resource: resource.map(plain), first, last, times }
}

/// Keeps denials in a file. Several programs may share one.
#[derive(Debug)]
pub struct DenialStore {
    file: PathBuf,
    /// What is in the file, as far as this program knows: what is not there need not be taken out.
    known: Mutex<Vec<Denied>>,
}

impl DenialStore {
    /// Keeps denials in a state folder, which is made when there is something to keep.
    pub fn within(folder: &Path) -> Self {
        let store = Self { file: folder.join("denials.jsonl"), known: Mutex::default() };
        Self { known: Mutex::new(store.load()), ..store }
    }

    /// Reads what was denied, what was met last at the end; nothing where there is nothing that can be read.
    pub fn load(&self) -> Vec<Denied> {
        // A pipe in its place would be waited for, and have no end.
        let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOFOLLOW).bits()).unwrap_or_default();
        let opened = OpenOptions::new().read(true).custom_flags(flags).open(&self.file);
        let read =
            opened.and_then(|mut file| if file.metadata()?.is_file() { read(&mut file) } else { Ok(Vec::new()) });
        read.unwrap_or_default()
    }

    /// Changes what the file holds, with nobody in between.
    fn change(&self, change: impl FnOnce(&mut Vec<Denied>)) -> io::Result<()> {
        if let Some(folder) = self.file.parent() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let no_follow = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(no_follow);
        let mut file = options.open(&self.file)?;
        if !file.metadata()?.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        lock(&file)?;
        let mut denials = read(&mut file)?;
        change(&mut denials);
        let lines = denials.into_iter().map(Line::from).map(|line| serde_json::to_string(&line));
        let text = lines.collect::<Result<Vec<_>, _>>()?.into_iter().map(|line| line + "\n").collect::<String>();
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(text.as_bytes())
    }

    fn known(&self) -> MutexGuard<'_, Vec<Denied>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeepDenials for DenialStore {
    fn denied(&self, met: Denied) {
        let met = plain(met);
        remember(&mut self.known(), met.clone());
        if let Err(error) = self.change(|denials| remember(denials, met)) {
            tracing::warn!(%error, "a denial was not kept");
        }
    }

    fn allowed(&self, whom: &Whom, action: &str, on: On<'_>) {
        let is_over = |denied: &Denied| denied.action == action && denied.whom == *whom && denied.is_settled_by(on);
        {
            // Nearly every call is allowed, and has nothing to take out.
            let mut known = self.known();
            let before = known.len();
            known.retain(|denied| !is_over(denied));
            if known.len() == before {
                return;
            }
        }
        if let Err(error) = self.change(|denials| denials.retain(|denied| !is_over(denied))) {
            tracing::warn!(%error, "a denial that is none any more was not taken out");
        }
    }
}

fn lock(file: &File) -> io::Result<()> {
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::ErrorKind::WouldBlock.into())
}

fn read(file: &mut File) -> io::Result<Vec<Denied>> {
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(LONGEST).read_to_end(&mut text)?;
    let lines = text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Line>(line).ok());
    let mut denials: Vec<Denied> = lines.map(Denied::from).collect();
    denials.drain(..denials.len().saturating_sub(MOST));
    Ok(denials)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn whom(who: &str) -> Whom {
        Whom { account: "111122223333".to_owned(), region: "ap-northeast-1".to_owned(), who: who.to_owned() }
    }

    fn met(who: &str, action: &str, resource: Option<&str>) -> Denied {
        Denied::once(whom(who), action, resource, "2026-11-22T00:00:00Z".parse().unwrap())
    }

    #[test]
    fn denials_outlive_the_program_and_go_when_the_action_is_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("state");
        let store = DenialStore::within(&place);
        assert_eq!(store.load(), []);
        store.allowed(&whom("me"), "ecs:ListClusters", On::Something);
        assert!(!place.exists(), "who is allowed all leaves nothing behind");
        store.denied(met("me", "ecs:ListClusters", None));
        store.denied(met("me", "ecs:ListTasks", Some("arn:aws:ecs:x:1:cluster/a")));
        store.denied(met("you", "ecs:ListClusters", None));
        store.denied(met("me", "ecs:ListClusters", None));
        let file = place.join("denials.jsonl");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

        let later = DenialStore::within(&place);
        let times: Vec<(String, u64)> = later.load().into_iter().map(|one| (one.action, one.times)).collect();
        let expected = [("ecs:ListTasks", 1), ("ecs:ListClusters", 1), ("ecs:ListClusters", 2)];
        assert_eq!(times, expected.map(|(action, times)| (action.to_owned(), times)));
        later.allowed(&whom("me"), "ecs:ListClusters", On::Something);
        later.allowed(&whom("me"), "ecs:ListTasks", On::Part("b"));
        let left: Vec<String> = later.load().into_iter().map(|one| one.whom.who + " " + &one.action).collect();
        assert_eq!(
            left,
            ["me ecs:ListTasks", "you ecs:ListClusters"],
            "another cluster may be allowed, and another caller"
        );
        later.allowed(&whom("me"), "ecs:ListTasks", On::Part("a"));
        assert_eq!(later.load().len(), 1);
    }

    #[test]
    fn what_is_not_understood_is_passed_over_and_nothing_reaches_a_terminal() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("denials.jsonl");
        let line = r#"{"account":"1","region":"x","who":"\u001b[31mme","action":"a:B\u202e","first":"2026-11-22T00:00:00Z","last":"2026-11-22T00:00:00Z","times":1}"#;
        fs::write(&file, format!("{{\n[]\nnull\n\u{0}\n{line}\n{{\"account\":1}}\n{}", &line[..40])).unwrap();
        let read = DenialStore::within(folder.path()).load();
        assert_eq!(read.len(), 1);
        assert_eq!((read[0].whom.who.as_str(), read[0].action.as_str()), ("me", "a:B"));
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        let store = DenialStore::within(folder.path());
        store.denied(met("me", "a:B", None));
        assert_eq!(store.load(), []);
    }

    #[test]
    fn programs_that_keep_denials_at_once_lose_none() {
        let folder = tempfile::tempdir().unwrap();
        thread::scope(|scope| {
            for who in ["one", "other"] {
                let store = DenialStore::within(folder.path());
                scope.spawn(move || (0..20).for_each(|_| store.denied(met(who, "a:B", None))));
            }
        });
        let mut times: Vec<u64> = DenialStore::within(folder.path()).load().iter().map(|one| one.times).collect();
        times.sort_unstable();
        assert_eq!(times, [20, 20]);
    }
}
