//! Chance that repeats itself: every number is a function of the scenario's seed and a name.

use std::fmt::Write as _;

/// Hashes parts into one number that is the same on every machine and in every release.
///
/// FNV-1a over the bytes, a separator after each part, finished with [`mix`]: the standard library's hashers promise
/// no stable result, and a demo must draw the same picture tomorrow.
pub fn stable_hash(seed: u64, parts: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ mix(seed);
    let add = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    for part in parts {
        for byte in part.as_bytes() {
            hash = add(hash, *byte);
        }
        // No text holds this byte, so that the parts do not run together.
        hash = add(hash, 0xff);
    }
    mix(hash)
}

/// Scrambles a number (the finaliser of splitmix64).
pub fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Turns a hash into a number in `0.0..1.0`.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
pub fn unit(hash: u64) -> f64 {
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

/// A stream of repeatable chance (splitmix64).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Starts the stream that belongs to these names.
    pub fn new(seed: u64, parts: &[&str]) -> Self {
        Self(stable_hash(seed, parts))
    }

    /// Draws the next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// Draws a number in `low..=high`; `low` where the range is empty.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = high.saturating_sub(low).saturating_add(1).max(1).unsigned_abs();
        low.saturating_add_unsigned(self.draw() % width)
    }

    /// Draws lower-case hexadecimal digits, as AWS uses for task ids.
    pub fn hex(&mut self, digits: usize) -> String {
        let mut text = String::with_capacity(digits + 16);
        while text.len() < digits {
            let _ = write!(text, "{:016x}", self.draw());
        }
        text.truncate(digits);
        text
    }

    /// Draws decimal digits that do not begin with a zero, as in `ecs-svc/1234567890123456789`.
    pub fn digits(&mut self, count: usize) -> String {
        let mut text = String::with_capacity(count + 20);
        text.push_str(&self.between(1, 9).to_string());
        while text.len() < count {
            let _ = write!(text, "{:019}", self.draw() % 10_000_000_000_000_000_000);
        }
        text.truncate(count);
        text
    }

    /// Draws letters and digits from the alphabet of AWS's unique ids.
    pub fn letters(&mut self, count: usize) -> String {
        const ALPHABET: [char; 32] = [
            'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U',
            'V', 'W', 'X', 'Y', 'Z', '2', '3', '4', '5', '6', '7',
        ];
        (0..count).filter_map(|_| ALPHABET.get((self.draw() % 32) as usize)).collect()
    }

    /// Draws a UUID's text, as ECS gives its events.
    pub fn uuid(&mut self) -> String {
        let hex = self.hex(32);
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_names_give_the_same_numbers_for_ever() {
        // Pinned: a change here changes every screenshot.
        assert_eq!(stable_hash(7, &["shop-prd", "web"]), stable_hash(7, &["shop-prd", "web"]));
        assert_eq!(Dice::new(7, &["web"]).hex(32), "973d8d3b1716340711f849fba1e37bf2");
    }

    #[test]
    fn names_do_not_run_together() {
        assert_ne!(stable_hash(1, &["ab", "c"]), stable_hash(1, &["a", "bc"]));
        assert_ne!(stable_hash(1, &["a"]), stable_hash(2, &["a"]));
    }

    #[test]
    fn ranges_and_shapes_hold() {
        let mut dice = Dice::new(1, &["shapes"]);
        for _ in 0..1_000 {
            let n = dice.between(-3, 3);
            assert!((-3..=3).contains(&n), "{n}");
            let u = unit(dice.draw());
            assert!((0.0..1.0).contains(&u), "{u}");
        }
        assert_eq!(dice.between(5, 1), 5);
        assert_eq!(dice.digits(19).len(), 19);
        assert_eq!(dice.uuid().len(), 36);
        assert_eq!(dice.letters(17).len(), 17);
    }
}
