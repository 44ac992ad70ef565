//! What happened on the line, counted; and said in the log the first, second, fourth, eighth … time, so that a stranger who
//! floods the line does not flood the log.

use std::sync::atomic::{AtomicU64, Ordering};

/// Something worth counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Event {
    /// A request was handed to the line.
    Asked,
    /// An answer that belongs to its request.
    Answered,
    /// Nobody answered in time.
    TimedOut,
    /// The connection broke while an answer was awaited.
    Lost,
    /// A call was turned away before anything left: no line, a full line, or an open breaker.
    TurnedAway,
    /// An answer after its caller had gone.
    Late,
    /// An answer that had been given already.
    Duplicate,
    /// An answer to a question nobody asked on this connection, or of another type, terminal or merchant.
    Stranger,
    /// An answer whose fields are not those of its request.
    Mismatched,
    /// A frame that holds no message.
    Malformed,
    /// Bytes that are no frame, or a frame that takes for ever: the connection was given up.
    Unframed,
    /// A message without the line's MAC.
    Unauthenticated,
    /// A connection was opened.
    Connected,
    /// A connection could not be opened.
    Unreachable,
    /// A connection broke or was given up.
    Disconnected,
    /// An echo test was sent.
    Echo,
    /// The breaker opened.
    BreakerOpened,
    /// The network announced a new business date.
    CutOver,
}

/// Each event with its name, and whether the log tells of it.
const EVENTS: [(Event, &str, bool); 18] = [
    (Event::Asked, "asked", false),
    (Event::Answered, "answered", false),
    (Event::TimedOut, "timed_out", true),
    (Event::Lost, "lost", true),
    (Event::TurnedAway, "turned_away", true),
    (Event::Late, "late", true),
    (Event::Duplicate, "duplicate", true),
    (Event::Stranger, "stranger", true),
    (Event::Mismatched, "mismatched", true),
    (Event::Malformed, "malformed", true),
    (Event::Unframed, "unframed", true),
    (Event::Unauthenticated, "unauthenticated", true),
    (Event::Connected, "connected", false),
    (Event::Unreachable, "unreachable", true),
    (Event::Disconnected, "disconnected", true),
    (Event::Echo, "echo", false),
    (Event::BreakerOpened, "breaker_opened", true),
    (Event::CutOver, "cut_over", true),
];

/// The counters of one connector.
#[derive(Default)]
pub(super) struct Counters([AtomicU64; EVENTS.len()]);

impl Counters {
    pub(super) fn note(&self, event: Event) {
        let Some(counter) = self.0.get(event as usize) else {
            return;
        };
        let count = counter.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some((_, name, true)) = EVENTS.get(event as usize)
            && count.is_power_of_two()
        {
            tracing::warn!(count, "the line to the card network: {name}");
        }
    }

    pub(super) fn of(&self, event: Event) -> u64 {
        self.0
            .get(event as usize)
            .map_or(0, |counter| counter.load(Ordering::Relaxed))
    }

    /// Every event's name and count.
    pub(super) fn all(&self) -> Vec<(&'static str, u64)> {
        EVENTS.iter().map(|(event, name, _)| (*name, self.of(*event))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_its_own_counter() {
        let counters = Counters::default();
        for (place, (event, ..)) in EVENTS.iter().enumerate() {
            assert_eq!(*event as usize, place);
            (0..=place).for_each(|_| counters.note(*event));
        }
        let counts: Vec<u64> = counters.all().into_iter().map(|(_, count)| count).collect();
        assert_eq!(counts, (1..=18).collect::<Vec<u64>>());
    }
}
