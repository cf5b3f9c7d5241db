//! What an idle connection holds: bytes of heap, and bytes of the value itself.
//!
//! `cargo run --release --bin memory`

use std::{
    mem::size_of_val,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::BytesMut;
use futures_core::Stream as _;
use polywire::{
    Config, Connection, DeflateConfig, DeflateParams, Instant, Role, handshake::Agreement,
};
use polywire_benches::{
    corpus::{Corpus, Kind},
    counting::{Counting, live},
    pipe::{Source, ready},
    report::{self, Table},
};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const CONNECTIONS: usize = 256;
const NOW: Instant = Instant::ZERO;

/// Received before the connection falls idle: messages of 1 KiB, read in pieces of 16 KiB.
const SIZE: usize = 1024;
const READ: usize = 16 * 1024;

fn main() {
    println!("# Memory of an idle connection\n");
    println!("{}\n", report::machine());
    println!(
        "Heap bytes per connection, means of {CONNECTIONS}: when new, and after {} messages of \
         {SIZE} bytes were received. The value is what lies in the connection's owner.\n",
        corpus().payloads.len()
    );
    let mut table = Table::new(["connection", "value", "new", "after traffic"].map(String::from));
    for (name, measure) in CASES {
        let Held { value, new, used } = measure();
        let cells = [value, new, used].map(|count| count.to_string());
        table.row([(*name).to_owned()].into_iter().chain(cells));
    }
    table.print();
}

type Case = (&'static str, fn() -> Held);

const CASES: &[Case] = &[
    ("polywire, chunk of the host's", || polywire(None, Reading::Chunk)),
    ("polywire, its own buffer", || polywire(None, Reading::Own)),
    ("polywire, its own buffer, shrunk as by a keepalive ping", || {
        polywire(None, Reading::OwnShrunk)
    }),
    ("polywire, deflate with takeover, 12 bits both ways", || polywire(Some(12), Reading::Chunk)),
    ("polywire, deflate with takeover, 15 bits both ways", || polywire(Some(15), Reading::Chunk)),
    ("tungstenite", tungstenite),
    ("fastwebsockets", fastwebsockets),
    ("tokio-websockets", tokio_websockets),
    ("sockudo-ws, `Protocol` and its buffer", sockudo),
    ("yawc", yawc),
    ("web-socket with a `BufReader`", web_socket),
];

struct Held {
    value: usize,
    new: usize,
    used: usize,
}

fn corpus() -> Corpus {
    Corpus::new(Kind::Ascii, SIZE, 64 * 1024)
}

/// Makes the connections, lets each receive the stream, and counts. What all share is made before.
fn hold<C>(mut make: impl FnMut(Source) -> C, mut receive: impl FnMut(&mut C, usize)) -> Held {
    let corpus = corpus();
    let stream: Rc<[u8]> = corpus.masked_stream().into();
    let sources: Vec<_> = (0..CONNECTIONS).map(|_| Source::new(stream.clone(), READ)).collect();
    let mut connections = Vec::with_capacity(CONNECTIONS);
    let base = live();
    connections.extend(sources.iter().map(|source| make(source.clone())));
    let new = live() - base;
    for (connection, source) in connections.iter_mut().zip(&sources) {
        source.arm(1);
        receive(connection, corpus.payloads.len());
    }
    let used = live() - base;
    Held { value: size_of_val(&connections[0]), new: new / CONNECTIONS, used: used / CONNECTIONS }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Chunk,
    Own,
    OwnShrunk,
}

/// Windows of so many bits both ways, or no compression.
fn agreed(window_bits: Option<u8>) -> (Arc<Config>, Agreement) {
    let deflate = window_bits.map(|bits| DeflateConfig {
        server_max_window_bits: bits,
        client_max_window_bits: bits,
        threshold: 0,
        ..DeflateConfig::default()
    });
    let params = window_bits.map(|bits| DeflateParams {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        server_max_window_bits: bits,
        client_max_window_bits: bits,
    });
    let agreement = Agreement { deflate: params, ..Agreement::default() };
    (Arc::new(Config { deflate, ..Config::default() }), agreement)
}

fn polywire(window_bits: Option<u8>, reading: Reading) -> Held {
    let (config, agreement) = agreed(window_bits);
    let end = |role| Connection::new(role, config.clone(), &agreement, [7; 32], NOW);
    let corpus = corpus();
    if window_bits.is_some() {
        // The pool is warm: its engines are shared, and not charged to a connection.
        let mut warm = (end(Role::Server), end(Role::Client));
        corpus.payloads.iter().for_each(|payload| exchange(&mut warm.1, &mut warm.0, payload));
        corpus.payloads.iter().for_each(|payload| exchange(&mut warm.0, &mut warm.1, payload));
    }
    let mut chunk = vec![0; READ];
    hold(
        |source| (end(Role::Server), source),
        |(connection, source), _| {
            if window_bits.is_some() {
                // The source's stream is not compressed: a client sends the same messages, and
                // they are answered, so that both windows fill.
                while source.read_into(&mut chunk) > 0 {}
                let mut client = end(Role::Client);
                for payload in &corpus.payloads {
                    exchange(&mut client, connection, payload);
                    exchange(connection, &mut client, payload);
                }
                return;
            }
            loop {
                let (count, mut events) = match reading {
                    Reading::Chunk => {
                        let count = source.read_into(&mut chunk);
                        (count, connection.receive_in(&mut chunk[..count], NOW))
                    }
                    Reading::Own | Reading::OwnShrunk => {
                        let count = source.read_into(connection.receive_buffer());
                        (count, connection.received(count, NOW))
                    }
                };
                while events.next().is_some() {}
                if count == 0 {
                    break;
                }
            }
            if reading == Reading::OwnShrunk {
                connection.shrink();
            }
        },
    )
}

/// Sends one text from one connection to another.
fn exchange(from: &mut Connection, to: &mut Connection, payload: &[u8]) {
    let text = std::str::from_utf8(payload).expect("the corpus is UTF-8");
    from.sender(NOW).send(text).expect("the queue is empty");
    let mut frame: Vec<u8> = from.transmit().flatten().copied().collect();
    from.transmitted(frame.len());
    let mut events = to.receive_in(&mut frame, NOW);
    assert!(events.next().is_some());
    assert!(events.next().is_none());
}

fn tungstenite() -> Held {
    use tungstenite::{WebSocket, protocol::Role};
    hold(
        |source| WebSocket::from_raw_socket(source, Role::Server, None),
        |socket, messages| (0..messages).for_each(|_| drop(socket.read().expect("valid"))),
    )
}

fn fastwebsockets() -> Held {
    use fastwebsockets::{FragmentCollector, Role, WebSocket};
    hold(
        |source| FragmentCollector::new(WebSocket::after_handshake(source, Role::Server)),
        |socket, messages| {
            (0..messages).for_each(|_| drop(ready(socket.read_frame()).expect("valid")));
        },
    )
}

fn tokio_websockets() -> Held {
    use tokio_websockets::ServerBuilder;
    hold(
        |source| ServerBuilder::new().serve(source),
        |socket, messages| {
            let mut context = Context::from_waker(Waker::noop());
            for _ in 0..messages {
                let message = Pin::new(&mut *socket).poll_next(&mut context);
                assert!(matches!(message, Poll::Ready(Some(Ok(_)))));
            }
        },
    )
}

fn sockudo() -> Held {
    use sockudo_ws::{Role, protocol::Protocol};
    hold(
        |source| {
            (Protocol::new(Role::Server, 1 << 20, 1 << 20), BytesMut::with_capacity(READ), source)
        },
        |(protocol, buffer, source), _| {
            loop {
                buffer.reserve(READ);
                if source.append_to(buffer) == 0 {
                    break;
                }
                drop(protocol.process(buffer).expect("valid"));
            }
        },
    )
}

fn yawc() -> Held {
    use yawc::{Options, Role, WebSocket};
    let options = Options::default().without_compression().with_utf8();
    hold(
        |source| {
            WebSocket::from_stream(source, Role::Server, options.clone())
                .expect("no extension, nothing to refuse")
        },
        |socket, messages| {
            let mut context = Context::from_waker(Waker::noop());
            for _ in 0..messages {
                assert!(matches!(socket.poll_next_frame(&mut context), Poll::Ready(Ok(_))));
            }
        },
    )
}

fn web_socket() -> Held {
    use tokio::io::BufReader;
    use web_socket::WebSocket;
    hold(
        |source| WebSocket::server(BufReader::new(source)),
        |socket, messages| {
            (0..messages).for_each(|_| drop(ready(socket.recv()).expect("valid")));
        },
    )
}
