//! The rows of the queue that a person has seen, kept from one run to the next.
//!
//! They are this person's and this machine's: a small file, `seen.json`, in the state folder. What cannot be read or is not
//! understood counts as nothing seen, so that it hides nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::queue::{Mark, Marks, Severity};

/// The longest file that is read: a thousand marks are far shorter.
const LONGEST: u64 = 4 * 1024 * 1024;

/// One mark as the file has it.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    row: String,
    since: Option<Timestamp>,
    severity: String,
    at: Timestamp,
}

/// Keeps marks in a file.
#[derive(Debug, Clone)]
pub struct MarkStore {
    file: PathBuf,
}

impl MarkStore {
    /// Keeps marks in the file `seen.json` of a folder, which is made when there is something to keep.
    pub fn within(folder: &Path) -> Self {
        Self { file: folder.join("seen.json") }
    }

    /// Reads what was kept.
    pub fn load(&self) -> Marks {
        let file = &self.file;
        let text = fs::metadata(file).and_then(|known| {
            if known.len() > LONGEST {
                return Err(io::Error::from(io::ErrorKind::FileTooLarge));
            }
            fs::read(file)
        });
        let lines = match text {
            Ok(text) => serde_json::from_slice::<Vec<Line>>(&text).map_err(io::Error::from),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Marks::default(),
            Err(error) => Err(error),
        };
        match lines {
            Ok(lines) => Marks::new(lines.into_iter().filter_map(|line| {
                let severity = Severity::from_name(&line.severity)?;
                Some(Mark { row: line.row, since: line.since, severity, at: line.at })
            })),
            Err(error) => {
                tracing::warn!(%error, "what was marked as seen cannot be read");
                Marks::default()
            }
        }
    }

    /// Keeps marks in place of what was kept before; another console's half-written file is never seen.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn save(&self, marks: &[Mark]) -> io::Result<()> {
        let file = &self.file;
        let lines: Vec<Line> = marks
            .iter()
            .map(|mark| Line {
                row: mark.row.clone(),
                since: mark.since,
                severity: mark.severity.name().to_owned(),
                at: mark.at,
            })
            .collect();
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let fresh = file.with_extension(format!("json.{}", std::process::id()));
        fs::write(&fresh, serde_json::to_vec_pretty(&lines)?)?;
        fs::rename(&fresh, file).inspect_err(|_| drop(fs::remove_file(&fresh)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(row: &str, severity: Severity) -> Mark {
        Mark { row: row.to_owned(), since: Some(Timestamp::UNIX_EPOCH), severity, at: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn marks_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let store = MarkStore::within(&folder.path().join("not/yet/there"));
        assert_eq!(store.load(), Marks::default());
        let marks = [mark("111122223333 ap-northeast-1 alarm 決済5xx", Severity::High), mark("b", Severity::Low)];
        store.save(&marks).unwrap();
        assert_eq!(store.load(), Marks::new(marks));
        store.save(&[]).unwrap();
        assert_eq!(store.load(), Marks::default());
    }

    #[test]
    fn what_is_not_understood_hides_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = MarkStore::within(folder.path());
        for text in ["", "[", "{}", "[{\"row\": 1}]", "\u{0}"] {
            fs::write(folder.path().join("seen.json"), text).unwrap();
            assert_eq!(store.load(), Marks::default(), "{text}");
        }
        let odd = r#"[{"row": "a", "since": null, "severity": "apocalyptic", "at": "2026-11-22T00:00:00Z"}]"#;
        fs::write(folder.path().join("seen.json"), odd).unwrap();
        assert_eq!(store.load(), Marks::default());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(MarkStore::within(&folder.path().join("file")).save(&[]).is_err());
    }
}
