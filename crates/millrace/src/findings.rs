//! What is said step by step of something that may not work: well, remarkable, or a fault with what to do.

use crate::out::say;

/// What was found up to now.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    faults: usize,
}

impl Findings {
    pub(crate) fn ok(&self, step: &str, what: &str) {
        say(&format!("ok    {step:<13} {what}\n"));
    }

    /// Nothing wrong, but not what everybody expects.
    pub(crate) fn note(&self, step: &str, what: &str) {
        say(&format!("note  {step:<13} {what}\n"));
    }

    pub(crate) fn fault(&mut self, step: &str, what: &str, cure: &str) {
        self.faults += 1;
        say(&format!("FAULT {step:<13} {what}\n      {:<13} → {cure}\n", ""));
    }

    /// Says how it ends, with `well` if there was no fault; whether there was none.
    pub(crate) fn end(&self, well: &str) -> bool {
        let faults = self.faults;
        say(&if faults == 0 { format!("{well}\n") } else { format!("{faults} to mend\n") });
        faults == 0
    }
}
