//! How latencies are spread: counts in buckets that grow with the value, each within 1.6 % of what fell into it.

/// Buckets to every doubling.
const FINE: u32 = 64;
/// Values below this have a bucket each.
const EXACT: u64 = 64;

/// Counts of values, nanoseconds.
pub struct Spread {
    counts: Vec<u64>,
    total: u64,
    most: u64,
}

fn bucket(value: u64) -> usize {
    let bucket = if value < EXACT {
        value
    } else {
        let shift = value.ilog2() - EXACT.ilog2();
        u64::from(shift * FINE) + (value >> shift)
    };
    usize::try_from(bucket).unwrap_or(usize::MAX)
}

/// The highest value of a bucket.
fn highest(bucket: usize) -> u64 {
    let bucket = u64::try_from(bucket).unwrap_or(0);
    if bucket < 2 * EXACT {
        return bucket;
    }
    let shift = bucket / u64::from(FINE) - 1;
    ((bucket - shift * u64::from(FINE) + 1) << shift) - 1
}

impl Spread {
    /// Of nothing yet.
    pub fn new() -> Self {
        Self {
            counts: vec![0; bucket(u64::MAX) + 1],
            total: 0,
            most: 0,
        }
    }

    /// Counts a value.
    pub fn add(&mut self, value: u64) {
        if let Some(count) = self.counts.get_mut(bucket(value)) {
            *count += 1;
        }
        self.total += 1;
        self.most = self.most.max(value);
    }

    /// How many values.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The largest value.
    pub fn most(&self) -> u64 {
        self.most
    }

    /// The value that so many of ten thousand do not exceed.
    pub fn at(&self, of_ten_thousand: u64) -> u64 {
        let wanted = (self.total * of_ten_thousand).div_ceil(10_000).max(1);
        let mut seen = 0;
        for (place, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return highest(place).min(self.most);
            }
        }
        self.most
    }
}
