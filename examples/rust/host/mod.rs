//! A blocking host: the core over a socket of the standard library, one thread per connection.
//!
//! It shows everything that a host does: bring entropy, bytes and time in, carry bytes out, and follow
//! what [`Connection::wants`] says. Hosts over an event loop differ only in how they wait.

#![allow(dead_code, reason = "each example uses a part of it")]

use polywire::handshake::{
    ClientHandshake, ClientOptions, Established, ServerHandshake, ServerPolicy, Url,
};
use polywire::{Config, Connection, Ended, Event, Events, Instant, Role, Sender, Socket};
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::task::Poll;

/// One end of a connection, and the socket under it.
pub(crate) struct Host {
    stream: TcpStream,
    connection: Connection,
    /// Bytes of the peer that came with its handshake.
    leftover: Vec<u8>,
    compresses: bool,
    clock: Clock,
}

/// What the socket had to say.
pub(crate) enum Input {
    /// So many bytes, in the chunk that was given to read into.
    Bytes(usize),
    /// The end of the stream.
    End,
    /// Nothing before the deadline.
    Timeout,
}

impl Host {
    /// Connects to a `ws://` URL.
    pub(crate) fn connect(url: &str, config: Arc<Config>) -> io::Result<Self> {
        let clock = Clock::start();
        let url = Url::parse(url).map_err(io::Error::other)?;
        let mut stream = TcpStream::connect((url.host(), url.port()))?;
        stream.set_nodelay(true)?;
        let options = ClientOptions::default();
        let (mut handshake, request) =
            ClientHandshake::new(&url, &options, &config, random(), clock.now())
                .map_err(io::Error::other)?;
        stream.write_all(&request)?;
        let established =
            exchange(&stream, &clock, handshake.deadline(), |input, now| match input {
                Some(bytes) => handshake.receive(bytes, now),
                None => handshake.receive_eof(),
            })?
            .map_err(io::Error::other)?;
        Ok(Self::new(Role::Client, stream, config, established, clock))
    }

    /// Accepts a connection, or refuses it and says why.
    pub(crate) fn accept(stream: TcpStream, config: Arc<Config>) -> io::Result<Self> {
        Self::accept_under(stream, config, Arc::new(ServerPolicy::default()))
    }

    /// The same, under a policy of one's own.
    pub(crate) fn accept_under(
        mut stream: TcpStream,
        config: Arc<Config>,
        policy: Arc<ServerPolicy>,
    ) -> io::Result<Self> {
        let clock = Clock::start();
        stream.set_nodelay(true)?;
        let mut handshake = ServerHandshake::new(policy, Arc::clone(&config), clock.now());
        let upgrade = exchange(&stream, &clock, handshake.deadline(), |input, now| match input {
            Some(bytes) => handshake.receive(bytes, now),
            None => handshake.receive_eof(),
        })?;
        match upgrade.and_then(|upgrade| handshake.accept(upgrade)) {
            Ok((response, established)) => {
                stream.write_all(&response.to_bytes())?;
                Ok(Self::new(Role::Server, stream, config, established, clock))
            }
            Err(refusal) => {
                stream.write_all(&refusal.response.to_bytes())?;
                Err(io::Error::other(refusal))
            }
        }
    }

    fn new<Head>(
        role: Role,
        stream: TcpStream,
        config: Arc<Config>,
        established: Established<Head>,
        clock: Clock,
    ) -> Self {
        let Established { agreement, leftover, .. } = established;
        let connection = Connection::new(role, config, &agreement, random(), clock.now());
        let compresses = agreement.deflate.is_some();
        Self { stream, connection, leftover, compresses, clock }
    }

    /// Runs the connection to its end. `on_event` sees every event and may answer it.
    pub(crate) fn run(
        mut self,
        mut on_event: impl FnMut(Event<'_>, &mut Sender),
    ) -> io::Result<Ended> {
        let (mut chunk, mut input) = self.first(64 << 10);
        let mut stream = self.stream.try_clone()?;
        let mut end = None;
        loop {
            let mut events = self.take(&mut chunk, &input);
            while let Some((event, sender)) = events.next() {
                if let Event::Ended(ended) = event {
                    end = Some(ended);
                }
                on_event(event, sender);
                // A burst of answers must not fill the queue.
                if sender.queued() > 256 << 10 {
                    write(&mut stream, sender)?;
                }
            }
            let Some(deadline) = self.settle()? else {
                return end.ok_or_else(|| ErrorKind::Other.into());
            };
            input = read(&stream, &mut chunk, deadline, &self.clock)?;
        }
    }

    /// A chunk to read into, and what came with the handshake.
    pub(crate) fn first(&mut self, size: usize) -> (Vec<u8>, Input) {
        let mut chunk = std::mem::take(&mut self.leftover);
        let input = Input::Bytes(chunk.len());
        chunk.resize(chunk.len().max(size), 0);
        (chunk, input)
    }

    /// The events of an input.
    pub(crate) fn take<'b>(&mut self, chunk: &'b mut [u8], input: &Input) -> Events<'_, 'b> {
        let now = self.clock.now();
        match input {
            Input::Bytes(count) => self.connection.receive_in(&mut chunk[..*count], now),
            Input::End => self.connection.receive_eof(now),
            Input::Timeout => self.connection.handle_timeout(now),
        }
    }

    /// Writes what is queued and does what is to be done with the socket. Returns until when to read,
    /// or `None` when the connection is over.
    pub(crate) fn settle(&mut self) -> io::Result<Option<Option<Instant>>> {
        write(&mut self.stream, self.connection.sender(self.clock.now()))?;
        let wants = self.connection.wants();
        match wants.socket {
            Socket::Keep => {}
            Socket::ShutdownWrite => self.stream.shutdown(Shutdown::Write).unwrap_or_default(),
            Socket::Close => return Ok(None),
        }
        Ok(Some(wants.deadline))
    }

    /// The commands, for what is not the answer to an event.
    pub(crate) fn sender(&mut self) -> &mut Sender {
        self.connection.sender(self.clock.now())
    }

    /// Whether both ends agreed on permessage-deflate.
    pub(crate) fn compresses(&self) -> bool {
        self.compresses
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }
}

/// Answers every message with the same message.
pub(crate) fn echo(event: Event<'_>, sender: &mut Sender) {
    let sent = match event {
        Event::Text(text) => sender.send(text),
        Event::Binary(bytes) => sender.send(bytes),
        _ => Ok(()),
    };
    // A message that came while this end was closing has nobody to go to.
    sent.unwrap_or_default();
}

/// Reads once, but no longer than to the deadline.
pub(crate) fn read(
    mut stream: &TcpStream,
    chunk: &mut [u8],
    deadline: Option<Instant>,
    clock: &Clock,
) -> io::Result<Input> {
    let left = deadline.map(|deadline| deadline.saturating_since(clock.now()));
    if left.is_some_and(|left| left.is_zero()) {
        return Ok(Input::Timeout);
    }
    stream.set_read_timeout(left)?;
    match stream.read(chunk) {
        Ok(0) => Ok(Input::End),
        Ok(count) => Ok(Input::Bytes(count)),
        Err(error) if is_gone(&error) => Ok(Input::End),
        Err(error) if is_pause(&error) => Ok(Input::Timeout),
        Err(error) => Err(error),
    }
}

/// Writes what is queued, or as much of it as the socket takes within its timeout.
fn write(stream: &mut TcpStream, sender: &mut Sender) -> io::Result<()> {
    while sender.queued() != 0 {
        let slices: Vec<IoSlice<'_>> = sender.transmit().take(64).map(IoSlice::new).collect();
        match stream.write_vectored(&slices) {
            Ok(count) => sender.transmitted(count),
            // Nobody will read it; the end comes with the next read.
            Err(error) if is_gone(&error) => sender.transmitted(usize::MAX),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if is_pause(&error) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn is_gone(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(error.kind(), BrokenPipe | ConnectionReset | ConnectionAborted)
}

fn is_pause(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// Feeds a handshake until it is ready.
fn exchange<T>(
    stream: &TcpStream,
    clock: &Clock,
    deadline: Option<Instant>,
    mut feed: impl FnMut(Option<&[u8]>, Instant) -> Poll<T>,
) -> io::Result<T> {
    let mut chunk = [0; 4096];
    loop {
        let ready = match read(stream, &mut chunk, deadline, clock)? {
            Input::Bytes(count) => feed(Some(&chunk[..count]), clock.now()),
            Input::End => feed(None, clock.now()),
            Input::Timeout => feed(Some(&[]), clock.now()),
        };
        if let Poll::Ready(ready) = ready {
            return Ok(ready);
        }
    }
}

/// The platform's monotonic clock, as the core counts time.
pub(crate) struct Clock(std::time::Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(std::time::Instant::now())
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::from_micros(self.0.elapsed().as_micros() as u64)
    }
}

/// Fresh entropy from the operating system.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has entropy");
    bytes
}
