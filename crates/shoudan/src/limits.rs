//! How often one caller may ask what is open to anyone: a bucket of tokens per caller and kind of question.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The most callers remembered; past it those with full buckets are forgotten first.
const MOST_CALLERS: usize = 50_000;

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limited {
    /// Logging in.
    Login,
    /// Looking up by code or serial number without a login.
    Lookup,
}

impl Limited {
    /// How many at once, and how long until one more.
    const fn rate(self) -> (u32, Duration) {
        match self {
            Self::Login => (20, Duration::from_secs(3)),
            // A page and its parts, a shop's shared address, a test run: generous; a search through codes: hopeless.
            Self::Lookup => (120, Duration::from_millis(500)),
        }
    }
}

#[derive(Clone, Copy)]
struct Bucket {
    left: u32,
    filled: Instant,
}

/// Who has asked how often of late.
#[derive(Default)]
pub struct Limits {
    buckets: Mutex<HashMap<(IpAddr, Limited), Bucket>>,
}

impl Limits {
    /// Takes a token; if there is none, how long until the next.
    pub fn take(&self, caller: IpAddr, what: Limited, now: Instant) -> Result<(), Duration> {
        let (most, every) = what.rate();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST_CALLERS {
            buckets.retain(|(_, what), bucket| {
                let (most, every) = what.rate();
                now.saturating_duration_since(bucket.filled) < every * (most - bucket.left)
            });
        }
        let bucket = buckets.entry((network(caller), what)).or_insert(Bucket {
            left: most,
            filled: now,
        });
        let since = now.saturating_duration_since(bucket.filled);
        let fresh = u32::try_from(since.as_nanos() / every.as_nanos().max(1)).unwrap_or(u32::MAX);
        if fresh > 0 {
            bucket.left = bucket.left.saturating_add(fresh).min(most);
            bucket.filled = if bucket.left == most {
                now
            } else {
                bucket.filled + every * fresh
            };
        }
        if bucket.left == 0 {
            return Err(every.saturating_sub(now.saturating_duration_since(bucket.filled)));
        }
        bucket.left -= 1;
        Ok(())
    }
}

/// One household counts once: an IPv6 caller by its first 64 bits.
pub(crate) fn network(caller: IpAddr) -> IpAddr {
    match caller {
        IpAddr::V4(_) => caller,
        IpAddr::V6(six) => match six.to_ipv4_mapped() {
            Some(four) => IpAddr::V4(four),
            None => IpAddr::V6((u128::from(six) & !u128::from(u64::MAX)).into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_runs_dry_and_is_served_again_later_while_others_are_not_touched() {
        let limits = Limits::default();
        let start = Instant::now();
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        for _ in 0..20 {
            assert!(limits.take(one, Limited::Login, start).is_ok());
        }
        assert_eq!(limits.take(one, Limited::Login, start), Err(Duration::from_secs(3)));
        assert!(limits.take(other, Limited::Login, start).is_ok());
        assert!(limits.take(one, Limited::Lookup, start).is_ok());
        let later = start + Duration::from_secs(3);
        assert!(limits.take(one, Limited::Login, later).is_ok());
        assert!(limits.take(one, Limited::Login, later).is_err());
    }

    #[test]
    fn addresses_of_one_ipv6_network_share_a_bucket() {
        let limits = Limits::default();
        let now = Instant::now();
        let address = |last: u16| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last]);
        for n in 0..20 {
            assert!(limits.take(address(n), Limited::Login, now).is_ok());
        }
        assert!(limits.take(address(99), Limited::Login, now).is_err());
    }
}
