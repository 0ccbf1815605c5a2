//! Compares versions part by part, as numbers.

/// Whether a version is later than another; a part that is no number counts as zero.
pub fn is_later(version: &str, than: &str) -> bool {
    parts(version) > parts(than)
}

/// Whether a version is another one or a later one.
pub fn is_at_least(version: &str, than: &str) -> bool {
    parts(version) >= parts(than)
}

fn parts(version: &str) -> [u64; 4] {
    let mut parts = [0; 4];
    for (part, text) in parts.iter_mut().zip(version.split('.')) {
        *part = text.trim().parse().unwrap_or(0);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers() {
        assert!(is_later("1.2.764.0", "1.2.331.0") && is_later("1.10", "1.9.9.9"));
        assert!(!is_later("1.2.331.0", "1.2.331.0") && is_at_least("1.2.331", "1.2.331.0"));
        assert!(!is_at_least("", "1.1.70"));
    }
}
