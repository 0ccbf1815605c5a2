//! The home of a session's shell: a directory of its own with a few files, gone when the session is.

use std::io;
use std::path::{Path, PathBuf};

/// The files that are there.
const FILES: [(&str, &str); 4] = [
    (
        "README.txt",
        "A simulated container of Meguro Life (目黒生命).\n\
         The shell is real, the files are these, and everything is gone when the session ends.\n",
    ),
    (
        "config/application.yml",
        "server:\n  port: 8080\ndatasource:\n  host: shop-prd.cluster-abcdefghijkl.ap-northeast-1.rds.amazonaws.com\n  port: 5432\n",
    ),
    (
        "log/application.log",
        "2026-11-22T00:00:12Z INFO  started in 3.2 s\n\
         2026-11-22T00:01:03Z WARN  契約照会: 応答に 1,204 ms かかりました\n\
         2026-11-22T00:01:04Z ERROR GET /health 503 connection pool exhausted\n",
    ),
    ("log/ご案内.txt", "日本語のファイル名も、そのまま使えます。\n"),
];

/// A directory that is removed with this.
#[derive(Debug)]
pub struct Home(PathBuf);

impl Home {
    /// Makes the directory and its files; blocks.
    pub fn new() -> io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        let name = format!("sekisho-session-{}-{:016x}", std::process::id(), fastrand::u64(..));
        let home = Self(std::env::temp_dir().join(name));
        std::fs::DirBuilder::new().mode(0o700).create(&home.0)?;
        for (name, text) in FILES {
            let path = home.0.join(name);
            path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            std::fs::write(path, text)?;
        }
        Ok(home)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
