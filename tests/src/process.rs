//! Child processes that end: by themselves, by a deadline, or with the value that stands for them.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long anything may take before it counts as hung. Generous: test machines are slow and noisy.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// What a process prints, while it prints it.
#[derive(Default)]
struct Printed {
    text: Mutex<Vec<u8>>,
    more: Condvar,
}

impl Printed {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.lock()).into_owned()
    }

    /// Reads to the end, on a thread of its own.
    fn gather(self: &Arc<Self>, mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<()> {
        let printed = Arc::clone(self);
        std::thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            while let Ok(read @ 1..) = from.read(&mut buffer) {
                printed.lock().extend_from_slice(&buffer[..read]);
                printed.more.notify_all();
            }
        })
    }
}

/// A process that runs. It is killed when this is dropped.
pub struct Running {
    name: String,
    child: Child,
    out: Arc<Printed>,
    err: Arc<Printed>,
    readers: Vec<std::thread::JoinHandle<()>>,
}

/// A process that has ended by itself.
#[derive(Debug)]
pub struct Finished {
    /// How.
    pub status: ExitStatus,
    /// What it printed.
    pub out: Vec<u8>,
    /// What it complained about.
    pub err: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- {} printed:\n{}\n--- and complained:\n{}", self.name, self.out(), self.err());
        }
    }
}

impl Running {
    /// Starts it.
    pub fn start(command: &mut Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name} can't be run: {error}"));
        let (out, err) = (Arc::<Printed>::default(), Arc::<Printed>::default());
        let readers = vec![
            out.gather(child.stdout.take().expect("it is piped")),
            err.gather(child.stderr.take().expect("it is piped")),
        ];
        Self { name, child, out, err, readers }
    }

    /// What it has printed so far.
    pub fn out(&self) -> String {
        self.out.text()
    }

    /// What it has complained about so far.
    pub fn err(&self) -> String {
        self.err.text()
    }

    /// Waits until it has printed a line with `what`; the answer is all it has printed.
    pub fn wait_for_out(&mut self, what: &str) -> String {
        let printed = Arc::clone(&self.out);
        self.wait_for(&printed, what)
    }

    /// Waits until it has complained in a line with `what`; the answer is all its complaints.
    pub fn wait_for_err(&mut self, what: &str) -> String {
        let printed = Arc::clone(&self.err);
        self.wait_for(&printed, what)
    }

    fn wait_for(&mut self, printed: &Printed, what: &str) -> String {
        let began = Instant::now();
        loop {
            // Asked before the text is looked at, so that last words are not missed.
            let ended = self.child.try_wait().ok().flatten();
            if ended.is_some() {
                self.readers.drain(..).for_each(|reader| drop(reader.join()));
            }
            let text = printed.text();
            // Only whole lines count: what stands behind may still be on its way.
            if text.split_once(what).is_some_and(|(_, rest)| rest.contains('\n')) {
                return text;
            }
            assert!(ended.is_none(), "{} ended ({ended:?}) before it printed {what:?}", self.name);
            assert!(began.elapsed() < DEADLINE, "{} has not printed {what:?}", self.name);
            let guard = printed.lock();
            if guard.len() == text.len() {
                drop(printed.more.wait_timeout(guard, Duration::from_millis(200)));
            }
        }
    }

    /// Its id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process has an id");
        kill_process(id, signal).expect("a running process takes signals");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not end in time.
    pub fn finish(mut self) -> Finished {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child can be asked") {
                break status;
            }
            assert!(began.elapsed() < DEADLINE, "{} hangs", self.name);
            std::thread::sleep(Duration::from_millis(10));
        };
        self.readers.drain(..).for_each(|reader| drop(reader.join()));
        Finished { status, out: self.out.lock().clone(), err: self.err() }
    }
}

impl Finished {
    /// The standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }

    /// The same, for those that must end with status 0.
    ///
    /// # Panics
    /// When the status is another.
    #[must_use]
    pub fn ok(self) -> Self {
        assert!(self.status.success(), "{}:\n{}\n{}", self.status, self.text(), self.err);
        self
    }
}

/// Tries until it works.
///
/// # Panics
/// When it does not in time.
pub fn sooner_or_later(what: &str, mut works: impl FnMut() -> bool) {
    let began = Instant::now();
    while !works() {
        assert!(began.elapsed() < DEADLINE, "{what}: it never came to that");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Finished {
    Running::start(command).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn what_a_process_prints_can_be_waited_for_line_by_line() {
        let mut process = Running::start(&mut shell("echo one; echo two >&2; exec sleep 600"));
        assert_eq!(process.wait_for_out("one"), "one\n");
        assert_eq!(process.wait_for_err("two"), "two\n");
        assert!(process.is_running());
    }

    #[test]
    fn a_process_ends_with_its_value() {
        let process = Running::start(&mut shell("exec sleep 600"));
        let id = process.id();
        drop(process);
        assert!(!run(&mut shell(&format!("kill -0 {id} 2>/dev/null"))).status.success());
    }

    #[test]
    #[should_panic(expected = "ended")]
    fn a_process_that_ends_too_early_is_told() {
        Running::start(&mut shell("echo one")).wait_for_out("two");
    }
}
