//! What passed, kept for readers who come later.
//!
//! Owns the order of the events and what is forgotten: always a whole connection, the oldest first, so that
//! a reader who sees a connection sees it from its first byte. Knows nothing of sockets.

use std::collections::{HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Bytes of text that are kept.
const KEPT: usize = 32 << 20;

/// Who sent something.
#[derive(Clone, Copy)]
pub(crate) enum Side {
    Client,
    Server,
}

/// An event: one line of JSON.
type Line = Arc<str>;

#[derive(Clone, Default)]
pub(crate) struct Feed(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    connections: u64,
    kept: VecDeque<(u64, Line)>,
    kept_bytes: usize,
    /// Connections of which something was forgotten: nothing of them is kept any more.
    forgotten: HashSet<u64>,
    readers: Vec<Sender<Line>>,
}

impl Feed {
    /// A connection begins; its name.
    pub(crate) fn open(&self, client: SocketAddr, server: SocketAddr) -> u64 {
        let mut state = self.state();
        state.connections += 1;
        let connection = state.connections;
        let [client, server] = [client, server]
            .map(|end| format!(r#"{{"address":"{}","port":{}}}"#, end.ip(), end.port()));
        state.tell(connection, &format!(r#""client":{client},"server":{server}"#));
        connection
    }

    /// Bytes passed.
    pub(crate) fn pass(&self, connection: u64, side: Side, bytes: &[u8]) {
        let direction = match side {
            Side::Client => "client",
            Side::Server => "server",
        };
        let text = STANDARD.encode(bytes);
        self.state().tell(connection, &format!(r#""direction":"{direction}","base64":"{text}""#));
    }

    /// A connection ended.
    pub(crate) fn close(&self, connection: u64) {
        let mut state = self.state();
        state.tell(connection, r#""closed":true"#);
        state.forgotten.remove(&connection);
    }

    /// All that is kept, and all that comes.
    pub(crate) fn read(&self) -> (Vec<Line>, Receiver<Line>) {
        let mut state = self.state();
        let (sender, receiver) = channel();
        state.readers.push(sender);
        (state.kept.iter().map(|(_, line)| line.clone()).collect(), receiver)
    }

    /// A thread that panicked left nothing half done: each change is one push.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn tell(&mut self, connection: u64, members: &str) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let line: Line =
            format!(r#"{{"connection":"{connection}","time_us":{now},{members}}}"#).into();
        self.readers.retain(|reader| reader.send(line.clone()).is_ok());
        if self.forgotten.contains(&connection) {
            return;
        }
        self.kept_bytes += line.len();
        self.kept.push_back((connection, line));
        while self.kept_bytes > KEPT {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some(&(oldest, _)) = self.kept.front() else { return };
        self.forgotten.insert(oldest);
        self.kept.retain(|(connection, _)| *connection != oldest);
        self.kept_bytes = self.kept.iter().map(|(_, line)| line.len()).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_later_reads_whole_connections() {
        let feed = Feed::default();
        let end = SocketAddr::from(([127, 0, 0, 1], 1));
        let first = feed.open(end, end);
        let second = feed.open(end, end);
        let piece = vec![0; 64 << 10];
        while !feed.state().forgotten.contains(&first) {
            feed.pass(first, Side::Client, &piece);
        }
        feed.pass(first, Side::Client, b"not kept either");
        feed.pass(second, Side::Server, b"hi");
        let (kept, coming) = feed.read();
        assert_eq!(kept.len(), 2);
        assert!(kept.iter().all(|line| line.contains(r#""connection":"2""#)), "{kept:?}");
        assert!(kept[1].ends_with(r#""direction":"server","base64":"aGk="}"#), "{}", kept[1]);
        feed.close(second);
        assert!(coming.recv().expect("told").ends_with(r#""closed":true}"#));
    }
}
