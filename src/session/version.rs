//! Versions of agents and clients, and what they decide.

use std::fmt;

use super::conduit::Version;

/// What the client says it is: the least version of the official client that AWS supports.
///
/// Source: <https://docs.aws.amazon.com/systems-manager/latest/userguide/plugin-version-history.html>.
pub const CLIENT_VERSION: &str = "1.2.764.0";

/// Agents after this one understand [`super::conduit::Flag::TerminateSession`].
const LAST_WITHOUT_TERMINATE: Version = Version([2, 3, 722, 0]);

/// Agents after this one carry several connections in one port session.
const LAST_WITHOUT_MULTIPLEXING: Version = Version([3, 0, 196, 0]);

/// Agents after this one send no keep-alive in a multiplexed session.
const LAST_WITH_KEEP_ALIVE: Version = Version([3, 1, 1511, 0]);

impl Version {
    /// Reads up to four numbers with dots between them; what is left out is 0.
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = [0; 4];
        let mut texts = text.split('.');
        for (at, part) in parts.iter_mut().enumerate() {
            match texts.next() {
                // Rust reads a sign, a version has none.
                Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => *part = digits.parse().ok()?,
                None if at > 0 => break,
                _ => return None,
            }
        }
        texts.next().is_none().then_some(Self(parts))
    }

    /// Tells whether an agent ends a port session when it is told so in the channel.
    pub fn understands_terminate(&self) -> bool {
        *self > LAST_WITHOUT_TERMINATE
    }

    /// Tells whether an agent carries several connections in one port session.
    pub fn multiplexes(&self) -> bool {
        *self > LAST_WITHOUT_MULTIPLEXING
    }

    /// Tells whether an agent expects to hear something every few seconds in a multiplexed session.
    pub fn expects_keep_alive(&self) -> bool {
        *self <= LAST_WITH_KEEP_ALIVE
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([major, minor, build, revision]) = self;
        write!(f, "{major}.{minor}.{build}.{revision}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_compare_as_numbers() {
        let read = |text| Version::read(text).unwrap();
        assert!(read("3.1.1511.1") > read("3.1.1511.0"));
        assert!(read("3.10.0.0") > read("3.9.9999.0"));
        assert_eq!(read("3.3"), Version([3, 3, 0, 0]));
        assert_eq!(read("3.3.1142.0").to_string(), "3.3.1142.0");
    }

    #[test]
    fn what_is_no_version_is_none() {
        for text in ["", ".", "3.", "3..1", "+3.1", "v3", "1.2.3.4.5", "99999999999", "３.1", "3.1-beta"] {
            assert_eq!(Version::read(text), None, "{text}");
        }
    }

    #[test]
    fn gates_stand_where_the_agents_have_them() {
        let read = |text| Version::read(text).unwrap();
        assert!(!read("2.3.722.0").understands_terminate() && read("2.3.723.0").understands_terminate());
        assert!(!read("3.0.196.0").multiplexes() && read("3.0.197.0").multiplexes());
        assert!(read("3.1.1511.0").expects_keep_alive() && !read("3.1.1512.0").expects_keep_alive());
    }
}
