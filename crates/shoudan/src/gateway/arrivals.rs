//! Who is connected: how many a source may hold and open, which line speaks for a terminal, and how a line is told to end.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::limits::network;

/// How many connections a source address may hold, and how fast it may open them. An IPv6 network counts as one source.
#[derive(Clone, Debug)]
pub struct PerSource {
    /// At once.
    pub open: u32,
    /// New ones a second, on average.
    pub a_second: u32,
    /// New ones in one go: a shop street behind one address that comes back after an outage.
    pub burst: u32,
    /// Sources without a limit: the institution's own access servers.
    pub trusted: Vec<IpAddr>,
}

impl Default for PerSource {
    fn default() -> Self {
        Self {
            open: 2_000,
            a_second: 100,
            burst: 1_000,
            trusted: vec![[127, 0, 0, 1].into(), std::net::Ipv6Addr::LOCALHOST.into()],
        }
    }
}

/// A connection as those outside it see it: it can be told to end.
#[derive(Default)]
pub(super) struct Line {
    number: u64,
    ended: Notify,
}

impl Line {
    /// Resolves once the line is to end. A message under way is answered first.
    pub(super) fn ended(&self) -> tokio::sync::futures::Notified<'_> {
        self.ended.notified()
    }

    fn end(&self) {
        self.ended.notify_one();
    }
}

struct Source {
    open: u32,
    tokens: u32,
    filled: Instant,
}

#[derive(Default)]
struct Lists {
    sources: HashMap<IpAddr, Source>,
    lines: HashMap<u64, Arc<Line>>,
}

/// Everyone who is connected, at any listener.
pub(super) struct Arrivals {
    limits: PerSource,
    lists: Mutex<Lists>,
    /// The line each terminal was last proved to speak on.
    speakers: Mutex<HashMap<[u8; 8], Arc<Line>>>,
    next: AtomicU64,
}

/// The most sources remembered although they hold no connection.
const REMEMBERED: usize = 20_000;

/// A place among the connected; leaving it makes room.
pub(super) struct Seat {
    arrivals: Arc<Arrivals>,
    source: IpAddr,
    pub(super) line: Arc<Line>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut lists = self.arrivals.lists();
        lists.lines.remove(&self.line.number);
        if let Some(source) = lists.sources.get_mut(&self.source) {
            source.open = source.open.saturating_sub(1);
        }
    }
}

impl Arrivals {
    pub(super) fn new(limits: PerSource) -> Arc<Self> {
        Arc::new(Self {
            limits,
            lists: Mutex::default(),
            speakers: Mutex::default(),
            next: AtomicU64::new(0),
        })
    }

    fn lists(&self) -> MutexGuard<'_, Lists> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat for a connection from `caller`; none where this source has too many, or opens them too fast.
    pub(super) fn admit(self: &Arc<Self>, caller: IpAddr, now: Instant) -> Option<Seat> {
        let source = network(caller);
        let mut lists = self.lists();
        if lists.sources.len() >= REMEMBERED {
            let limits = &self.limits;
            lists
                .sources
                .retain(|_, source| source.open > 0 || !source.is_rested(limits, now));
        }
        let counted = lists.sources.entry(source).or_insert(Source {
            open: 0,
            tokens: self.limits.burst,
            filled: now,
        });
        if !self.limits.trusted.contains(&caller) && !counted.may_open(&self.limits, now) {
            return None;
        }
        counted.open += 1;
        let line = Arc::new(Line {
            number: self.next.fetch_add(1, Ordering::Relaxed),
            ended: Notify::new(),
        });
        lists.lines.insert(line.number, Arc::clone(&line));
        Some(Seat {
            arrivals: Arc::clone(self),
            source,
            line,
        })
    }

    /// Tells every line to end.
    pub(super) fn end_all(&self) {
        self.lists().lines.values().for_each(|line| line.end());
    }

    /// From now on `line` speaks for the terminal, because a message on it was proved to be the terminal's own. The line it
    /// spoke on before is told to end: its other side is gone, or does not belong to the terminal. True where there was one.
    pub(super) fn speaks(&self, terminal: [u8; 8], line: &Arc<Line>) -> bool {
        let mut speakers = self.speakers.lock().unwrap_or_else(PoisonError::into_inner);
        match speakers.insert(terminal, Arc::clone(line)) {
            Some(before) if before.number != line.number => {
                before.end();
                true
            }
            _ => false,
        }
    }

    /// `line` no longer speaks for the terminal.
    pub(super) fn silent(&self, terminal: [u8; 8], line: &Line) {
        let mut speakers = self.speakers.lock().unwrap_or_else(PoisonError::into_inner);
        if speakers.get(&terminal).is_some_and(|now| now.number == line.number) {
            speakers.remove(&terminal);
        }
    }
}

impl Source {
    fn fill(&mut self, limits: &PerSource, now: Instant) {
        let a_second = u64::from(limits.a_second.max(1));
        let fresh = elapsed_micros(self.filled, now).saturating_mul(a_second) / 1_000_000;
        if fresh == 0 {
            return;
        }
        self.tokens = u32::try_from(fresh)
            .map_or(u32::MAX, |fresh| self.tokens.saturating_add(fresh))
            .min(limits.burst);
        self.filled = if self.tokens == limits.burst {
            now
        } else {
            self.filled + Duration::from_micros(fresh * 1_000_000 / a_second)
        };
    }

    fn may_open(&mut self, limits: &PerSource, now: Instant) -> bool {
        self.fill(limits, now);
        let may = self.open < limits.open && self.tokens > 0;
        if may {
            self.tokens -= 1;
        }
        may
    }

    fn is_rested(&mut self, limits: &PerSource, now: Instant) -> bool {
        self.fill(limits, now);
        self.tokens == limits.burst
    }
}

fn elapsed_micros(since: Instant, now: Instant) -> u64 {
    u64::try_from(now.saturating_duration_since(since).as_micros()).unwrap_or(u64::MAX)
}

/// What a terminal's socket is set to: no waiting for more to send, and a search for the other side where nothing was heard
/// of it for a minute. Together with the silence a connection is allowed, a peer that vanished without a word is noticed.
pub(super) fn prepare(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_mins(1))
        .with_interval(Duration::from_secs(10))
        .with_retries(3);
    // A socket that refuses one of these still carries messages.
    let _ = socket.set_tcp_nodelay(true);
    let _ = socket.set_tcp_keepalive(&keepalive);
    let _ = socket.set_tcp_user_timeout(Some(Duration::from_secs(30)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> PerSource {
        PerSource {
            open: 3,
            a_second: 2,
            burst: 4,
            trusted: vec![[192, 0, 2, 9].into()],
        }
    }

    #[test]
    fn a_source_that_holds_too_many_is_turned_away_until_one_leaves_while_others_come_in() {
        let (arrivals, now) = (Arrivals::new(limits()), Instant::now());
        let (one, other, own) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into(), [192, 0, 2, 9].into());
        let mut held: Vec<_> = (0..3).map(|_| arrivals.admit(one, now).unwrap()).collect();
        assert!(arrivals.admit(one, now).is_none());
        assert!(arrivals.admit(other, now).is_some());
        assert!(
            (0..20).all(|_| arrivals.admit(own, now).map(std::mem::forget).is_some()),
            "trusted"
        );
        held.pop();
        assert!(arrivals.admit(one, now).is_some());
    }

    #[test]
    fn a_source_that_opens_too_fast_waits_for_its_tokens() {
        let (arrivals, now) = (Arrivals::new(limits()), Instant::now());
        let one = [192, 0, 2, 1].into();
        let admitted = |at| arrivals.admit(one, at).is_some();
        assert_eq!((0..10).filter(|_| admitted(now)).count(), 4);
        assert!(!admitted(now + Duration::from_millis(499)));
        assert!(admitted(now + Duration::from_millis(500)));
        assert!(!admitted(now + Duration::from_millis(999)));
        assert_eq!((0..10).filter(|_| admitted(now + Duration::from_mins(1))).count(), 4);
    }

    #[tokio::test]
    async fn the_newest_proved_line_speaks_for_a_terminal_and_the_one_before_ends() {
        let (arrivals, now) = (Arrivals::new(limits()), Instant::now());
        let seat = |last: u8| arrivals.admit([192, 0, 2, last].into(), now).unwrap();
        let (old, new) = (seat(1), seat(2));
        assert!(!arrivals.speaks(*b"AB000001", &old.line));
        assert!(!arrivals.speaks(*b"AB000001", &old.line), "it spoke before");
        assert!(!arrivals.speaks(*b"AB000002", &new.line));
        assert!(arrivals.speaks(*b"AB000001", &new.line));
        old.line.ended().await;
        arrivals.silent(*b"AB000001", &old.line);
        let third = seat(3);
        assert!(
            arrivals.speaks(*b"AB000001", &third.line),
            "the old line's end took nothing from the new one"
        );
        arrivals.end_all();
        third.line.ended().await;
    }
}
