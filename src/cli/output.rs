//! The only module that writes to standard output and standard error.
//!
//! A write error never ends a command. The first error of a stream is kept, nothing more is written to that stream, and
//! the exit code reports it. A separate thread writes, so that a stalled reader does not block requests or signals.

use std::io::{self, Write};
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::files::write_all;

/// Texts that arrive this soon after a write are written together. Otherwise each line of an apply's progress would wake
/// the thread that writes.
const TOGETHER: Duration = Duration::from_millis(5);

/// The destination of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Results.
    Out,
    /// Progress, questions and diagnostics.
    Err,
}

impl Stream {
    pub fn name(self) -> &'static str {
        match self {
            Self::Out => "standard output",
            Self::Err => "standard error",
        }
    }
}

/// A stream that could not be written completely.
#[derive(Debug)]
pub struct WriteFailure {
    pub stream: Stream,
    pub error: io::Error,
}

impl WriteFailure {
    /// Whether the reader closed the pipe, as `head -1` does once it has its line.
    pub fn is_closed_pipe(&self) -> bool {
        self.error.kind() == io::ErrorKind::BrokenPipe
    }
}

/// Which of the two streams were closed when the process started. Rust opens the null device in their place before
/// `main`, so only code that runs earlier can find out.
static CLOSED: [AtomicBool; 2] = [AtomicBool::new(false), AtomicBool::new(false)];

/// Notes that a stream was closed when the process started.
pub fn note_closed(stream: Stream) {
    CLOSED[stream as usize].store(true, Ordering::Relaxed);
}

/// Both standard streams of this process.
pub struct Output {
    jobs: Mutex<Sender<OutputJob>>,
    /// The thread that writes.
    writer: Option<Thread>,
}

enum OutputJob {
    Write(Stream, String),
    /// Called after everything before it has been written, with the losses so far.
    Flush(Box<dyn FnOnce(Vec<WriteFailure>) + Send>),
}

impl Output {
    /// Starts the thread that writes.
    pub fn start() -> Self {
        let (jobs, queue) = mpsc::channel();
        let mut writer = OutputWriter { streams: [Sink::open(Stream::Out), Sink::open(Stream::Err)] };
        // Without a thread the queue is dropped, and each write fails as if the stream were closed.
        let thread = thread::Builder::new().name("output".to_owned()).spawn(move || writer.run(&queue));
        Self { jobs: Mutex::new(jobs), writer: thread.ok().map(|handle| handle.thread().clone()) }
    }

    /// Writes `text` after earlier texts. Returns before it is written.
    pub fn write(&self, stream: Stream, text: &str) {
        if !text.is_empty() {
            self.send(OutputJob::Write(stream, text.to_owned()));
        }
    }

    /// Resolves once all output has been written or lost, with the losses.
    pub async fn written(&self) -> Vec<WriteFailure> {
        let (done, written) = oneshot::channel();
        // If the receiver is gone, the losses no longer matter.
        self.request(Box::new(move |losses| drop(done.send(losses))));
        written.await.unwrap_or_else(|_| dead_writer())
    }

    /// Waits until all output has been written or lost, and returns the losses.
    pub fn wait(&self) -> Vec<WriteFailure> {
        self.flush().recv().unwrap_or_else(|_| dead_writer())
    }

    /// Like `wait`, with a time limit.
    pub fn wait_briefly(&self, longest: Duration) {
        // Anything not written by then is lost deliberately.
        let _ = self.flush().recv_timeout(longest);
    }

    fn flush(&self) -> Receiver<Vec<WriteFailure>> {
        let (done, written) = mpsc::channel();
        self.request(Box::new(move |losses| drop(done.send(losses))));
        written
    }

    /// Has `done` called as soon as possible.
    fn request(&self, done: Box<dyn FnOnce(Vec<WriteFailure>) + Send>) {
        self.send(OutputJob::Flush(done));
        if let Some(writer) = &self.writer {
            writer.unpark();
        }
    }

    fn send(&self, job: OutputJob) {
        // A queue without a reader is noticed by the next flush.
        let _ = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).send(job);
    }
}

fn dead_writer() -> Vec<WriteFailure> {
    vec![WriteFailure { stream: Stream::Out, error: io::Error::other("the thread that writes is gone") }]
}

struct OutputWriter {
    streams: [Sink; 2],
}

impl OutputWriter {
    fn run(&mut self, queue: &Receiver<OutputJob>) {
        while let Ok(first) = queue.recv() {
            let mut jobs = vec![first];
            while !jobs.is_empty() {
                self.process(mem::take(&mut jobs));
                thread::park_timeout(TOGETHER);
                jobs.extend(queue.try_iter());
            }
        }
    }

    /// Writes consecutive texts for the same stream at once.
    fn process(&mut self, jobs: Vec<OutputJob>) {
        let mut pending = (Stream::Out, String::new());
        for job in jobs {
            match job {
                OutputJob::Write(stream, text) if stream == pending.0 => pending.1.push_str(&text),
                OutputJob::Write(stream, text) => self.write(mem::replace(&mut pending, (stream, text))),
                OutputJob::Flush(done) => {
                    self.write((pending.0, mem::take(&mut pending.1)));
                    done(self.streams.iter().filter_map(Sink::loss).collect());
                }
            }
        }
        self.write(pending);
    }

    fn write(&mut self, (stream, text): (Stream, String)) {
        if !text.is_empty() {
            self.streams[stream as usize].write(text.as_bytes());
        }
    }
}

/// One stream, and its first error.
struct Sink {
    stream: Stream,
    target: Box<dyn Write + Send>,
    lost: Option<io::Error>,
}

impl Sink {
    fn open(stream: Stream) -> Self {
        Self { stream, target: target(stream), lost: None }
    }

    fn write(&mut self, text: &[u8]) {
        // After a gap, the rest would only mislead.
        if self.lost.is_some() {
            return;
        }
        self.lost = match CLOSED[self.stream as usize].load(Ordering::Relaxed) {
            true => Some(io::Error::other("it was closed when sindri started")),
            false => write_all(&mut *self.target, text).err(),
        };
    }

    fn loss(&self) -> Option<WriteFailure> {
        let error = self.lost.as_ref()?;
        // An `io::Error` cannot be cloned.
        let error = match error.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(error.kind(), error.to_string()),
        };
        Some(WriteFailure { stream: self.stream, error })
    }
}

/// Uses its own file handle, because the standard library's streams keep the rest of a failed write in their buffer.
#[cfg(unix)]
fn target(stream: Stream) -> Box<dyn Write + Send> {
    use std::os::fd::AsFd;
    let copy = match stream {
        Stream::Out => io::stdout().as_fd().try_clone_to_owned(),
        Stream::Err => io::stderr().as_fd().try_clone_to_owned(),
    };
    match copy {
        Ok(copy) => Box::new(std::fs::File::from(copy)),
        Err(_) => buffered(stream),
    }
}

#[cfg(not(unix))]
fn target(stream: Stream) -> Box<dyn Write + Send> {
    buffered(stream)
}

fn buffered(stream: Stream) -> Box<dyn Write + Send> {
    match stream {
        Stream::Out => Box::new(io::stdout()),
        Stream::Err => Box::new(io::stderr()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Fussy;

    #[test]
    fn after_the_first_error_nothing_more_is_written_to_a_stream() {
        let answers = vec![Some(io::ErrorKind::StorageFull), None];
        let mut sink = Sink { stream: Stream::Out, target: Box::new(Fussy { taken: Vec::new(), answers }), lost: None };
        sink.write(b"0123456789");
        sink.write(b"more");
        let loss = sink.loss().unwrap();
        assert_eq!((loss.stream, loss.error.kind()), (Stream::Out, io::ErrorKind::StorageFull));
        assert!(!loss.is_closed_pipe());
    }
}
