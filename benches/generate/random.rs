//! Random numbers that a seed determines, on every machine alike.

/// SplitMix64 (Steele, Lea, Flood 2014): small, fast, and good enough to make traffic of.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed ^ 0x5eed_0fca_9b75_a11e)
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next 32 bits.
    pub fn word(&mut self) -> u32 {
        (self.next() >> 32) as u32
    }

    /// The next 16 bits.
    pub fn short(&mut self) -> u16 {
        (self.next() >> 48) as u16
    }

    /// One of `0..end`; 0 when that is empty.
    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// One of `low..=high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of a list.
    pub fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len() as u64) as usize]
    }

    /// Octets that say nothing, as encrypted ones do.
    pub fn octets(&mut self, count: usize) -> Vec<u8> {
        let mut octets = Vec::with_capacity(count + 8);
        while octets.len() < count {
            octets.extend(self.next().to_le_bytes());
        }
        octets.truncate(count);
        octets
    }
}
