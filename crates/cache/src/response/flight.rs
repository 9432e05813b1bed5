//! Single flight of answers: who asks for what somebody asks for already waits for the head of that answer.

use super::copy::Copy;
use super::store::CopyName;
use crate::Error;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// What came of a question, for those who waited.
#[derive(Clone)]
pub(crate) enum Outcome {
    /// There is a copy for whom it fits.
    Kept(Arc<Copy>),
    /// The answer is nobody else's.
    Own,
    /// There is none.
    Failed(Error),
}

/// The questions under way.
#[derive(Default)]
pub(crate) struct Questions(Mutex<HashMap<CopyName, watch::Receiver<Option<Outcome>>>>);

/// What somebody does who needs an answer.
pub(crate) enum Turn {
    /// Asks, and tells the others.
    Ask(Seat),
    /// Waits.
    Wait(Waiting),
}

/// The place of the one who asks. Dropping it without a word sends those who wait to ask themselves.
pub(crate) struct Seat {
    questions: Arc<Questions>,
    name: CopyName,
    told: watch::Sender<Option<Outcome>>,
}

/// Waits for somebody's answer.
pub(crate) struct Waiting(watch::Receiver<Option<Outcome>>);

impl Questions {
    /// Takes a turn.
    pub(crate) fn turn(self: &Arc<Self>, name: &CopyName) -> Turn {
        let mut questions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = questions.get(name) {
            return Turn::Wait(Waiting(waiting.clone()));
        }
        let (told, waiting) = watch::channel(None);
        questions.insert(name.clone(), waiting);
        Turn::Ask(Seat { questions: Arc::clone(self), name: name.clone(), told })
    }
}

impl Seat {
    /// Tells those who wait.
    pub(crate) fn tell(self, outcome: Outcome) {
        self.told.send_replace(Some(outcome));
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.questions.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

impl Waiting {
    /// What came of it; [`Outcome::Own`] if nothing did.
    pub(crate) async fn outcome(mut self) -> Outcome {
        let told = self.0.wait_for(Option::is_some).await;
        told.ok().and_then(|outcome| outcome.clone()).unwrap_or(Outcome::Own)
    }
}
