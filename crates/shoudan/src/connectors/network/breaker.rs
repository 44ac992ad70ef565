//! The breaker: after several failures in a row nobody is made to wait for a network that does not answer. It rests, asks
//! with an echo test, and lets a few calls try before everybody may call again. Reversals need no turn among those few: they
//! are what the line is for first.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// When the breaker opens, and how it closes again.
#[derive(Clone, Copy, Debug)]
pub struct BreakerSettings {
    /// Failures in a row (no answer in time, a lost connection, one that cannot be opened) after which it opens.
    pub failures: u32,
    /// The first rest; it doubles up to `longest_rest`.
    pub rest: Duration,
    /// The longest rest.
    pub longest_rest: Duration,
    /// How many calls may try at once while it is half open.
    pub trials: u32,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            failures: 10,
            rest: Duration::from_secs(1),
            longest_rest: Duration::from_secs(10),
            trials: 4,
        }
    }
}

/// Where the breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Calls go through.
    Closed,
    /// Calls are turned away.
    Open,
    /// A few calls may try.
    HalfOpen,
}

/// Leave to call once; it says to which life of the breaker a failure belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass {
    life: u64,
    trial: bool,
}

enum State {
    Closed { failures: u32 },
    Open { until: Instant },
    HalfOpen { trials: u32 },
}

struct Inside {
    state: State,
    /// Rises whenever the state changes: a call that began before says nothing about now.
    life: u64,
    rest: Duration,
}

pub(super) struct Breaker {
    settings: BreakerSettings,
    inside: Mutex<Inside>,
    opened: Notify,
}

impl Breaker {
    pub(super) fn new(settings: BreakerSettings) -> Self {
        Self {
            settings,
            inside: Mutex::new(Inside {
                state: State::Closed { failures: 0 },
                life: 0,
                rest: settings.rest,
            }),
            opened: Notify::new(),
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn position(&self) -> Position {
        match self.inside().state {
            State::Closed { .. } => Position::Closed,
            State::Open { .. } => Position::Open,
            State::HalfOpen { .. } => Position::HalfOpen,
        }
    }

    /// Leave to call now, if any. `urgent`: a reversal.
    pub(super) fn admit(&self, urgent: bool) -> Option<Pass> {
        let mut inside = self.inside();
        let life = inside.life;
        match &mut inside.state {
            State::Closed { .. } => Some(Pass { life, trial: false }),
            State::HalfOpen { .. } if urgent => Some(Pass { life, trial: false }),
            State::HalfOpen { trials } if *trials > 0 => {
                *trials -= 1;
                Some(Pass { life, trial: true })
            }
            State::HalfOpen { .. } | State::Open { .. } => None,
        }
    }

    /// The call was answered: the network is there.
    pub(super) fn succeeded(&self, pass: Pass) {
        let mut inside = self.inside();
        let current = pass.life == inside.life;
        match &mut inside.state {
            State::Closed { failures } => *failures = 0,
            State::HalfOpen { .. } if current => {
                inside.rest = self.settings.rest;
                inside.state = State::Closed { failures: 0 };
                inside.life += 1;
            }
            State::HalfOpen { .. } | State::Open { .. } => {}
        }
    }

    /// The call left and was not answered; whether the breaker opened with it.
    pub(super) fn failed(&self, pass: Pass, now: Instant) -> bool {
        let mut inside = self.inside();
        let current = pass.life == inside.life;
        match &mut inside.state {
            State::Closed { failures } if current => {
                *failures += 1;
                *failures >= self.settings.failures && self.open(&mut inside, now)
            }
            State::HalfOpen { .. } if current => self.open(&mut inside, now),
            _ => false,
        }
    }

    /// A connection broke or could not be opened; whether the breaker opened with it.
    pub(super) fn line_failed(&self, now: Instant) -> bool {
        let life = self.inside().life;
        self.failed(Pass { life, trial: false }, now)
    }

    /// The call did not leave: another may try instead.
    pub(super) fn not_used(&self, pass: Pass) {
        let mut inside = self.inside();
        if pass.trial
            && pass.life == inside.life
            && let State::HalfOpen { trials } = &mut inside.state
        {
            *trials += 1;
        }
    }

    fn open(&self, inside: &mut Inside, now: Instant) -> bool {
        let until = now + inside.rest;
        inside.rest = (inside.rest * 2).min(self.settings.longest_rest);
        inside.state = State::Open { until };
        inside.life += 1;
        self.opened.notify_one();
        true
    }

    /// Waits until the breaker is open and has rested: it is time for an echo test.
    pub(super) async fn rested(&self) {
        loop {
            let until = match self.inside().state {
                State::Open { until } => Some(until),
                _ => None,
            };
            match until {
                Some(until) => return tokio::time::sleep_until(until).await,
                None => self.opened.notified().await,
            }
        }
    }

    /// What came of the echo test.
    pub(super) fn probed(&self, answered: bool, now: Instant) {
        let mut inside = self.inside();
        if !matches!(inside.state, State::Open { .. }) {
            return;
        }
        if answered {
            let trials = self.settings.trials;
            inside.state = State::HalfOpen { trials };
            inside.life += 1;
        } else {
            self.open(&mut inside, now);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn breaker() -> Breaker {
        Breaker::new(BreakerSettings {
            failures: 3,
            trials: 2,
            ..BreakerSettings::default()
        })
    }

    fn opened() -> (Breaker, Instant) {
        let (breaker, now) = (breaker(), Instant::now());
        let pass = breaker.admit(false).unwrap();
        assert_eq!([(); 3].map(|()| breaker.failed(pass, now)), [false, false, true]);
        (breaker, now)
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_an_answer_begins_the_count_anew() {
        let (breaker, now) = (breaker(), Instant::now());
        let pass = breaker.admit(false).unwrap();
        breaker.failed(pass, now);
        breaker.line_failed(now);
        breaker.succeeded(pass);
        breaker.failed(pass, now);
        breaker.failed(pass, now);
        assert_eq!(breaker.position(), Position::Closed);
        assert!(breaker.failed(pass, now));
        assert_eq!(breaker.position(), Position::Open);
        assert!(breaker.admit(false).is_none() && breaker.admit(true).is_none());
    }

    #[test]
    fn an_echo_lets_a_few_try_and_one_answer_closes_it() {
        let (breaker, now) = opened();
        breaker.probed(false, now);
        assert_eq!(breaker.position(), Position::Open);
        breaker.probed(true, now);
        let (first, second) = (breaker.admit(false).unwrap(), breaker.admit(false).unwrap());
        assert!(breaker.admit(false).is_none(), "two may try at once");
        assert!(breaker.admit(true).is_some(), "a reversal needs no turn");
        breaker.not_used(second);
        assert!(breaker.admit(false).is_some(), "who did not leave gives the turn back");
        breaker.succeeded(first);
        assert_eq!(breaker.position(), Position::Closed);
    }

    #[test]
    fn a_trial_that_fails_opens_it_again_and_an_old_call_says_nothing() {
        let (breaker, now) = (breaker(), Instant::now());
        let old = breaker.admit(false).unwrap();
        (0..3).for_each(|_| {
            breaker.line_failed(now);
        });
        breaker.probed(true, now);
        assert!(!breaker.failed(old, now));
        breaker.succeeded(old);
        assert_eq!(breaker.position(), Position::HalfOpen);
        let trial = breaker.admit(false).unwrap();
        assert!(breaker.failed(trial, now));
        assert_eq!(breaker.position(), Position::Open);
    }

    #[test]
    fn each_rest_is_longer_than_the_one_before_up_to_the_longest() {
        let (breaker, now) = opened();
        let mut rests = Vec::new();
        for _ in 0..6 {
            if let State::Open { until } = breaker.inside().state {
                rests.push((until - now).as_secs());
            }
            breaker.probed(false, now);
        }
        assert_eq!(rests, [1, 2, 4, 8, 10, 10]);
    }
}
