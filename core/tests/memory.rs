//! What a connection allocates, seen by the allocator itself.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod counting;

use counting::measure;
use polywire::handshake::Agreement;
use polywire::{
    Config, Connection, DeflateConfig, DeflateParams, Event, Instant, Message, Role, Timeouts,
};
use std::sync::Arc;

const NOW: Instant = Instant::ZERO;

fn agreement(deflate: bool) -> Agreement {
    let params = DeflateParams {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        server_max_window_bits: 12,
        client_max_window_bits: 12,
    };
    Agreement { subprotocol: None, deflate: deflate.then_some(params) }
}

fn config() -> Arc<Config> {
    let timeouts = Timeouts { keepalive: None, ..Timeouts::default() };
    Arc::new(Config { timeouts, deflate: Some(DeflateConfig::default()), ..Config::default() })
}

fn json(round: usize, len: usize) -> String {
    let entry = format!("{{\"id\":{round},\"name\":\"sensor-{round}\",\"value\":{}}},", round * 37);
    entry.chars().cycle().take(len).collect()
}

/// The bytes of everything that a client queues in `say`.
fn from_client(client: &mut Connection, say: impl FnOnce(&mut polywire::Sender)) -> Vec<u8> {
    say(client.sender(NOW));
    let bytes = client.transmit().flatten().copied().collect();
    client.transmitted(usize::MAX);
    bytes
}

/// Takes `bytes` and echoes the messages in them; returns how many events there were.
fn echo(server: &mut Connection, bytes: &mut [u8]) -> usize {
    let mut count = 0;
    let mut events = server.receive_in(bytes, NOW);
    while let Some((event, sender)) = events.next() {
        match event {
            Event::Text(text) => sender.send(text).unwrap(),
            Event::Binary(bytes) => sender.send(bytes).unwrap(),
            Event::Ping(_) | Event::Pong { .. } => {}
            other => panic!("{other:?}"),
        }
        count += 1;
    }
    server.transmitted(usize::MAX);
    count
}

fn burst(sender: &mut polywire::Sender, round: usize) {
    for index in 0..20 {
        let message = json(round * 20 + index, 100 + 40 * index);
        sender.send(message.as_str()).unwrap();
        sender.send(Message::from(message.as_bytes()).uncompressed()).unwrap();
        sender.ping(b"are you there?").unwrap();
        sender.pong(b"").unwrap();
    }
}

#[test]
fn messages_and_control_frames_in_the_buffer_allocate_nothing() {
    for deflate in [false, true] {
        let (config, agreement) = (config(), agreement(deflate));
        let mut client =
            Connection::new(Role::Client, Arc::clone(&config), &agreement, [1; 32], NOW);
        let mut server = Connection::new(Role::Server, config, &agreement, [2; 32], NOW);
        for round in 0..4 {
            let mut bytes = from_client(&mut client, |sender| burst(sender, round));
            let (cost, events) = measure(|| echo(&mut server, &mut bytes));
            assert_eq!(events, 80);
            // The first rounds fill the buffers that the others use again.
            assert!(round < 2 || cost.allocations == 0, "deflate {deflate}: {cost:?}");
        }
    }
}

#[test]
fn messages_in_fragments_allocate_nothing_once_the_buffer_has_grown() {
    let (config, agreement) = (config(), agreement(false));
    let mut client = Connection::new(Role::Client, Arc::clone(&config), &agreement, [1; 32], NOW);
    let mut server = Connection::new(Role::Server, config, &agreement, [2; 32], NOW);
    for round in 0..3 {
        let mut bytes = from_client(&mut client, |sender| {
            for part in 0..10 {
                sender.send_part(json(part, 500).as_str(), part == 9).unwrap();
                sender.ping(b"between the parts").unwrap();
            }
        });
        let (cost, events) =
            measure(|| bytes.chunks_mut(333).map(|piece| echo(&mut server, piece)).sum::<usize>());
        assert_eq!(events, 11);
        assert!(round == 0 || cost.allocations == 0, "{cost:?}");
    }
}

#[test]
fn an_idle_connection_is_small_and_knows_how_small() {
    for (deflate, most) in [(false, 1 << 10), (true, 10 << 10)] {
        for role in [Role::Client, Role::Server] {
            let (config, agreement) = (config(), agreement(deflate));
            let new = |role| Connection::new(role, Arc::clone(&config), &agreement, [2; 32], NOW);
            let mut peer = new(role.peer());
            let mut inputs: Vec<Vec<u8>> =
                (0..8).map(|round| from_client(&mut peer, |sender| burst(sender, round))).collect();
            // So that the engines are in the pool before anything is counted.
            echo(&mut new(role), &mut inputs[0].clone());

            let (cost, connection) = measure(|| {
                let mut connection = new(role);
                for input in &mut inputs {
                    echo(&mut connection, input);
                }
                connection.shrink();
                connection
            });
            assert_eq!(cost.live, connection.heap_bytes() as isize, "{role:?}, deflate {deflate}");
            let held = size_of::<Connection>() + connection.heap_bytes();
            assert!(held <= most, "{role:?}, deflate {deflate}: {held} bytes");
            println!("{role:?}, deflate {deflate}: {held} bytes");
        }
    }
}
