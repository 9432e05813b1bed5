//! What the program tells its operator in words.

use std::cell::RefCell;
use std::fmt::{self, Write};
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, set_global_default};
use tracing::{Event, Metadata, Subscriber};

thread_local! {
    /// What was said on this thread; none while nobody listens.
    static SAID: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Everything that is said on a test's own thread, on which its tasks run.
///
/// There is one listener for all tests: one for each would have to be there before the places that speak to it are
/// reached for the first time, in whatever test.
pub(crate) struct Log(());

impl Log {
    /// Listens from now on.
    pub(crate) fn listen() -> Self {
        static FIRST: Once = Once::new();
        FIRST.call_once(|| {
            set_global_default(Listener).expect("nobody else listens");
            tracing::callsite::rebuild_interest_cache();
        });
        SAID.with_borrow_mut(|said| *said = Some(String::new()));
        Self(())
    }

    /// What was said since then.
    pub(crate) fn text(&self) -> String {
        SAID.with_borrow(|said| said.clone().unwrap_or_default())
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        SAID.with_borrow_mut(|said| *said = None);
    }
}

struct Words<'w>(&'w mut String);

impl Visit for Words<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

struct Listener;

impl Subscriber for Listener {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        SAID.with_borrow(Option::is_some)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        // Put together first: what is told may be made by something that speaks itself.
        let mut words = String::new();
        event.record(&mut Words(&mut words));
        SAID.with_borrow_mut(|said| said.iter_mut().for_each(|said| *said += &format!("{words}\n")));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
