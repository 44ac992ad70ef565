//! A closure on its way to a connection, and the answer on its way back.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::{Error, Tx};

type Work = Box<dyn FnMut(&mut Tx<'_>) -> bool + Send>;
type Tell = Box<dyn FnOnce(Option<Error>) + Send>;

/// One closure with its types erased, so that closures of all kinds share a queue and a commit.
pub(crate) struct Job {
    work: Work,
    tell: Tell,
    /// A question: its transaction must not write.
    pub(crate) reads: bool,
}

impl Job {
    /// A job and the place its answer will arrive.
    pub(crate) fn new<T, E>(
        reads: bool,
        mut f: impl FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> (Job, Answer<T, E>)
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        // What the closure said waits here until it is known whether it was committed.
        let said: Arc<Mutex<Option<Result<T, E>>>> = Arc::new(Mutex::new(None));
        let heard = Arc::clone(&said);
        let work = move |tx: &mut Tx<'_>| {
            let result = match catch_unwind(AssertUnwindSafe(|| f(tx))) {
                Ok(Ok(_)) if tx.failure().is_some() => Err(E::from(Error::Aborted)),
                Ok(result) => result,
                Err(_) => {
                    tracing::error!("a database operation panicked; its transaction is undone");
                    Err(E::from(Error::Panic))
                }
            };
            let keep = result.is_ok();
            *said.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            keep
        };
        let tell = move |instead: Option<Error>| {
            let said = heard.lock().unwrap_or_else(PoisonError::into_inner).take();
            let result = match (instead, said) {
                (Some(error), _) => Err(E::from(error)),
                (None, Some(result)) => result,
                (None, None) => Err(E::from(Error::Unavailable("the operation was not run".to_owned()))),
            };
            // Nobody listening is fine: the caller may have given up.
            let _ = sender.send(result);
        };
        (
            Job {
                work: Box::new(work),
                tell: Box::new(tell),
                reads,
            },
            Answer { receiver },
        )
    }

    /// Runs the closure; true if its changes are to be kept.
    pub(crate) fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        (self.work)(tx)
    }

    /// Tells the caller what the closure said, or `instead` if that no longer holds.
    pub(crate) fn answer(self, instead: Option<Error>) {
        (self.tell)(instead);
    }
}

/// What comes back from a closure given to the database: await it, or [`wait`](Answer::wait) for it.
#[must_use = "the outcome of a transaction has to be looked at"]
pub struct Answer<T, E> {
    receiver: oneshot::Receiver<Result<T, E>>,
}

impl<T, E: From<Error>> Answer<T, E> {
    /// Blocks the thread until the answer is there.
    ///
    /// # Panics
    /// Inside an asynchronous task: await the answer there.
    pub fn wait(self) -> Result<T, E> {
        self.receiver.blocking_recv().unwrap_or_else(|_| Err(never_answered()))
    }
}

impl<T, E: From<Error>> Future for Answer<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        Pin::new(&mut self.receiver)
            .poll(cx)
            .map(|received| received.unwrap_or_else(|_| Err(never_answered())))
    }
}

fn never_answered<E: From<Error>>() -> E {
    E::from(Error::Unknown("the thread that owned the connection ended".to_owned()))
}
