//! May this chain do a thing now? Derived, per capability, from stages and stops with their start and end times. The
//! hot path reads the result as one row; [`Gate::valid_until`] says when that row must be computed again.

use crate::catalog::{CapabilitySet, Catalog};
use crate::time::Time;
use crate::world::{Cause, Stop, World};

/// What is blocked, and until when that answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Capabilities that may not be used now.
    pub blocked: CapabilitySet,
    /// The next moment at which a stop starts or ends by itself; none: only a change of rows changes the answer.
    pub valid_until: Option<Time>,
}

/// Keeps the stops in force at `now`: started, not ended.
pub fn in_force(stops: &[Stop], now: Time) -> Vec<Stop> {
    stops
        .iter()
        .filter(|s| s.starts_at <= now && s.ends_at.is_none_or(|end| now < end))
        .cloned()
        .collect()
}

/// Keeps the stops announced at `now`: they start later and have not ended before.
pub fn announced(stops: &[Stop], now: Time) -> Vec<Stop> {
    stops
        .iter()
        .filter(|s| now < s.starts_at && s.ends_at.is_none_or(|end| s.starts_at < end))
        .cloned()
        .collect()
}

/// Computes the gate of a world whose `stops` are all stops not lifted, whatever their dates.
pub fn gate(world: &World<'_>, now: Time) -> Gate {
    let current = World {
        stops: in_force(&world.stops, now),
        ..world.clone()
    };
    let valid_until = world
        .stops
        .iter()
        .flat_map(|s| [Some(s.starts_at), s.ends_at])
        .flatten()
        .filter(|t| *t > now)
        .min();
    Gate {
        blocked: current.blocked(),
        valid_until,
    }
}

/// The cause that answers a refused capability: the first visible one that blocks it and, among those, a final one
/// first, since nothing else matters then.
pub fn headline<'a, 'c>(catalog: &Catalog, causes: &'a [Cause<'c>], bit: u8) -> Option<&'a Cause<'c>> {
    let blocking = || {
        causes
            .iter()
            .filter(|c| c.hidden_by.is_none() && catalog.blocked_by(&c.reason.code).has(bit))
    };
    blocking().find(|c| c.reason.r#final).or_else(|| blocking().next())
}
