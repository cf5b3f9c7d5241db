//! The opening handshake, over a wire in memory whose two ends take turns.

use std::{
    cell::RefCell,
    future::Future,
    hint::black_box,
    io::{self, ErrorKind},
    pin::{Pin, pin},
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use polywire::{
    Config, Connection, Instant, Role,
    handshake::{ClientHandshake, ClientOptions, ServerHandshake, ServerPolicy, Url},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is opened: over a wire of its own each time.
pub trait Open {
    fn name(&self) -> &'static str;

    /// A server that takes `request`, and gives back what it answered.
    fn serve(&mut self, request: &[u8]) -> Vec<u8>;

    /// A client and a server of this library.
    fn both(&mut self);
}

pub fn engines() -> Vec<Box<dyn Open>> {
    let plain = Config { deflate: None, ..Config::default() };
    vec![
        Box::new(Polywire::new("polywire", plain)),
        Box::new(Polywire::new("polywire, with permessage-deflate", Config::default())),
        Box::new(Tungstenite),
        Box::new(TokioWebsockets),
        Box::new(Sockudo),
    ]
}

/// The request of a browser, as Chromium writes it.
pub const BROWSER: &[u8] = b"GET /live?room=42 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
    Pragma: no-cache\r\nCache-Control: no-cache\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) \
    AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\nUpgrade: websocket\r\n\
    Origin: http://localhost\r\nSec-WebSocket-Version: 13\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-GB,en;q=0.9\r\nCookie: session=4f1c2a9be0d74c5f8a3e6b7d90c1f2e4\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";

const NOW: Instant = Instant::ZERO;

struct Polywire {
    name: &'static str,
    config: Arc<Config>,
    policy: Arc<ServerPolicy>,
    url: Url,
    options: ClientOptions,
}

impl Polywire {
    fn new(name: &'static str, config: Config) -> Self {
        let url = Url::parse("ws://localhost/live?room=42").expect("a valid URL");
        let (policy, options) = (Arc::default(), ClientOptions::default());
        Self { name, config: Arc::new(config), policy, url, options }
    }

    fn accept(&self, request: &[u8]) -> (Vec<u8>, Connection) {
        let mut server = ServerHandshake::new(self.policy.clone(), self.config.clone(), NOW);
        let Poll::Ready(Ok(upgrade)) = server.receive(request, NOW) else {
            unreachable!("the request is valid")
        };
        let (response, established) = server.accept(upgrade).expect("nothing came early");
        let agreement = &established.agreement;
        let connection =
            Connection::new(Role::Server, self.config.clone(), agreement, random(), NOW);
        (response.to_bytes(), connection)
    }
}

impl Open for Polywire {
    fn name(&self) -> &'static str {
        self.name
    }

    fn serve(&mut self, request: &[u8]) -> Vec<u8> {
        let (response, connection) = self.accept(request);
        black_box(connection);
        response
    }

    fn both(&mut self) {
        let (mut client, request) =
            ClientHandshake::new(&self.url, &self.options, &self.config, random(), NOW)
                .expect("valid options");
        let (response, server) = self.accept(&request);
        let Poll::Ready(Ok(established)) = client.receive(&response, NOW) else {
            unreachable!("the response is valid")
        };
        let agreement = &established.agreement;
        let client = Connection::new(Role::Client, self.config.clone(), agreement, random(), NOW);
        black_box((server, client));
    }
}

/// From the system for each connection, as a host would.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // SAFETY: the buffer is valid for its length, and the call writes no more.
    let got = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), N, 0) };
    assert_eq!(got, N as isize, "the system has entropy");
    bytes
}

struct Tungstenite;

impl Open for Tungstenite {
    fn name(&self) -> &'static str {
        "tungstenite"
    }

    fn serve(&mut self, request: &[u8]) -> Vec<u8> {
        let (server, client) = wire();
        client.send(request);
        black_box(tungstenite::accept(server).ok().expect("the request is valid"));
        client.received()
    }

    fn both(&mut self) {
        let (server, client) = wire();
        let Err(tungstenite::HandshakeError::Interrupted(half)) =
            tungstenite::client("ws://localhost/live?room=42", client)
        else {
            unreachable!("the server has not answered yet")
        };
        let server = tungstenite::accept(server).ok().expect("the request is valid");
        let client = half.handshake().ok().expect("the response is valid");
        black_box((server, client));
    }
}

struct TokioWebsockets;

impl Open for TokioWebsockets {
    fn name(&self) -> &'static str {
        "tokio-websockets"
    }

    fn serve(&mut self, request: &[u8]) -> Vec<u8> {
        let (server, client) = wire();
        client.send(request);
        let accepted = tokio_websockets::ServerBuilder::new();
        black_box(now(pin!(accepted.accept(server))).expect("the request is valid"));
        client.received()
    }

    fn both(&mut self) {
        let (server, client) = wire();
        let builder = tokio_websockets::ClientBuilder::new()
            .uri("ws://localhost/live?room=42")
            .expect("a valid URL");
        let mut client = pin!(builder.connect_on(client));
        assert!(poll(client.as_mut()).is_pending(), "the server has not answered yet");
        let accepted = tokio_websockets::ServerBuilder::new();
        let server = now(pin!(accepted.accept(server))).expect("the request is valid");
        black_box((server, now(client).expect("the response is valid")));
    }
}

struct Sockudo;

impl Open for Sockudo {
    fn name(&self) -> &'static str {
        "sockudo-ws"
    }

    fn serve(&mut self, request: &[u8]) -> Vec<u8> {
        let (mut server, client) = wire();
        client.send(request);
        let accepted = sockudo_ws::handshake::server_handshake(&mut server);
        black_box(now(pin!(accepted)).expect("the request is valid"));
        client.received()
    }

    fn both(&mut self) {
        let (mut server, mut client) = wire();
        let opened = sockudo_ws::handshake::client_handshake(
            &mut client,
            "localhost",
            "/live?room=42",
            None,
        );
        let mut client = pin!(opened);
        assert!(poll(client.as_mut()).is_pending(), "the server has not answered yet");
        let accepted = sockudo_ws::handshake::server_handshake(&mut server);
        let server = now(pin!(accepted)).expect("the request is valid");
        black_box((server, now(client).expect("the response is valid")));
    }
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn now<F: Future>(future: Pin<&mut F>) -> F::Output {
    match poll(future) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("what it waits for is on the wire"),
    }
}

type Line = Rc<RefCell<Vec<u8>>>;

/// One end of a wire: what it writes, the other reads.
struct End {
    inbound: Line,
    outbound: Line,
}

fn wire() -> (End, End) {
    let (one, other) = (Line::default(), Line::default());
    (End { inbound: one.clone(), outbound: other.clone() }, End { inbound: other, outbound: one })
}

impl End {
    fn send(&self, bytes: &[u8]) {
        self.outbound.borrow_mut().extend_from_slice(bytes);
    }

    fn received(&self) -> Vec<u8> {
        self.inbound.take()
    }

    /// What there is, as much as fits; nothing when there is nothing yet.
    fn next(&self, space: usize) -> Option<Vec<u8>> {
        let mut inbound = self.inbound.borrow_mut();
        let count = space.min(inbound.len());
        let rest = inbound.split_off(count);
        let taken = std::mem::replace(&mut *inbound, rest);
        (!taken.is_empty()).then_some(taken)
    }
}

impl io::Read for End {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let taken = self.next(space.len()).ok_or(ErrorKind::WouldBlock)?;
        space[..taken.len()].copy_from_slice(&taken);
        Ok(taken.len())
    }
}

impl io::Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.send(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for End {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(taken) = self.next(buffer.remaining()) else { return Poll::Pending };
        buffer.put_slice(&taken);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for End {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.send(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
