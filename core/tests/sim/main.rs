//! A client and a server over a link on which anything may go wrong, under simulated time.
//!
//! Whatever happens, both ends must come to an end: once, with the right cause and code, at the right
//! moment, without a host that spins or hangs, and without a byte too many. `SIM_SEED=17 cargo test -p
//! polywire --test sim random` runs one random schedule again, `SIM_RUNS=100000` more of them.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod dice;
mod host;
mod link;
mod model;
mod wire;
mod world;

use dice::Dice;
use host::{Act, Door, End, Host, Log};
use link::{Fault, Manner, Pipe};
use polywire::handshake::{ClientHandshake, ClientOptions, ServerHandshake, ServerPolicy, Url};
use polywire::{
    CloseCode, Config, Contexts, DeflateConfig, Delivery, Instant, Keepalive, Limits, Timeouts,
};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use world::World;

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn timeouts() -> Timeouts {
    Timeouts {
        handshake: Some(seconds(10)),
        close: Some(seconds(6)),
        idle: None,
        keepalive: Some(Keepalive { interval: seconds(5), timeout: seconds(4) }),
    }
}

fn limits() -> Limits {
    Limits { send_queue: 4 << 10, message_size: 64 << 10, ..Limits::default() }
}

/// What a run is made of.
struct Setup {
    config: Arc<Config>,
    plans: [Vec<Act>; 2],
    echoes: [bool; 2],
    doors: [Door; 2],
    manners: [Manner; 2],
    faults: [Fault; 2],
    dice: Dice,
}

fn world(mut setup: Setup) -> World {
    let Setup { config, plans: [client, server], echoes, doors, manners, faults, .. } = setup;
    let mut end = |index: usize, plan| End {
        config: Arc::clone(&config),
        door: doors[index],
        echoes: echoes[index],
        plan,
        dice: setup.dice.fork(),
    };
    let url = Url::parse("ws://localhost/chat").unwrap();
    let options = ClientOptions::default();
    let handshake =
        ClientHandshake::new(&url, &options, &config, *b"the sample nonce", Instant::ZERO).unwrap();
    let client = Host::client(handshake, end(0, client));
    let policy = Arc::new(ServerPolicy::default());
    let handshake = ServerHandshake::new(policy, Arc::clone(&config), Instant::ZERO);
    let server = Host::server(handshake, end(1, server));
    let [up, down] = [0, 1].map(|way| Pipe::new(faults[way], manners[way], setup.dice.fork()));
    World { client, server, up, down, faults, timeouts: config.timeouts }
}

/// Who starts the closing handshake.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Closer {
    Client,
    Server,
    /// Both, and neither has heard of the other's.
    Both,
}

/// A conversation with a little of everything, small enough to be cut at every byte.
fn conversation(closer: Closer) -> [Vec<Act>; 2] {
    let (minute, both) = (Instant::ZERO + seconds(60), closer == Closer::Both);
    let long = "All of it arrives, or a clean beginning of it: ".repeat(3);
    let mut client = vec![
        Act::Text("h\u{e9}llo \u{1f44b}".into()),
        Act::Ping(b"there?".to_vec()),
        Act::Part("in ".into(), false),
        Act::Part("parts".into(), true),
        Act::Text(long.clone()),
    ];
    let mut server = vec![
        Act::Binary(vec![0, 255, 7]),
        Act::Prepared(long.into_bytes()),
        Act::Part("a".into(), false),
        Act::Ping(Vec::new()),
        Act::Part(String::new(), true),
    ];
    if closer != Closer::Server {
        client.extend((!both).then_some(Act::Await(3, minute)));
        client.push(Act::Close(Some(CloseCode::NORMAL), "done"));
    }
    if closer != Closer::Client {
        server.extend((!both).then_some(Act::Await(3, minute)));
        server.push(Act::Close((!both).then_some(CloseCode(4000)), ""));
    }
    [client, server]
}

fn config(deflate: bool) -> Arc<Config> {
    let deflate = deflate.then(|| DeflateConfig { threshold: 64, ..DeflateConfig::default() });
    Arc::new(Config { limits: limits(), timeouts: timeouts(), deflate, ..Config::default() })
}

const STEADY: Manner =
    Manner { delay: Duration::from_millis(1), capacity: usize::MAX, piece: usize::MAX };

fn conversation_world(config: &Arc<Config>, closer: Closer, faults: [Fault; 2]) -> World {
    world(Setup {
        config: Arc::clone(config),
        plans: conversation(closer),
        echoes: [false; 2],
        doors: [Door::In, Door::Own],
        manners: [STEADY; 2],
        faults,
        dice: Dice::new(1),
    })
}

/// Runs it, and if it fails tells what it was.
fn run(world: &mut World, lossless: bool, what: &str) -> Instant {
    catch_unwind(AssertUnwindSafe(|| {
        let end = world.run();
        world.judge(lossless);
        end
    }))
    .unwrap_or_else(|_| {
        println!("client {:#?}\nserver {:#?}", world.client.log, world.server.log);
        panic!("{what}");
    })
}

/// Plays the conversation with `fault` at every byte of each direction, for each way of closing, plain
/// and compressed.
fn at_every_byte(fault: fn(usize) -> Fault) {
    let (mut runs, mut bytes, mut longest) = (0, 0, Instant::ZERO);
    for deflate in [false, true] {
        let config = config(deflate);
        for closer in [Closer::Client, Closer::Server, Closer::Both] {
            let mut clean = conversation_world(&config, closer, [Fault::None; 2]);
            run(&mut clean, true, "without a fault");
            let lengths = [clean.up.written.len(), clean.down.written.len()];
            bytes += lengths[0] + lengths[1];
            for (way, at) in (0..2).flat_map(|way| (0..=lengths[way]).map(move |at| (way, at))) {
                let mut faults = [Fault::None; 2];
                faults[way] = fault(at);
                let what = format!("deflate {deflate}, closer {closer:?}, faults {faults:?}");
                let mut world = conversation_world(&config, closer, faults);
                longest = longest.max(run(&mut world, false, &what));
                runs += 1;
            }
        }
    }
    println!("{runs} runs over {bytes} bytes, the longest of {} ms", longest.as_micros() / 1000);
}

#[test]
fn the_stream_ends_at_every_byte() {
    at_every_byte(Fault::End);
}

#[test]
fn the_peer_falls_silent_at_every_byte() {
    at_every_byte(Fault::Silence);
}

#[test]
fn the_socket_takes_nothing_from_every_byte_on() {
    at_every_byte(Fault::Block);
}

#[test]
fn every_byte_arrives_changed() {
    at_every_byte(|at| Fault::Flip(at, 0x80));
    at_every_byte(|at| Fault::Flip(at, 1 << (at % 7)));
}

#[test]
fn every_byte_is_lost() {
    at_every_byte(|at| Fault::Lose(at, 1));
}

/// A message that can be told from any other.
fn text(dice: &mut Dice, number: usize, most: usize) -> String {
    let len = match dice.below(4) {
        0 => dice.below(4),
        1 => dice.pick(&[124, 125, 126, 127, 128, 1023, 1024, 1025]),
        _ => dice.below(most),
    };
    let words = ["so ", "then\u{e9} ", "\u{1f980}", "all ", "0123456789 "];
    let mut text = format!("{number} ");
    while text.len() < len {
        text.push_str(dice.pick(&words));
    }
    text
}

fn random_plan(dice: &mut Dice, closes: bool) -> Vec<Act> {
    let mut plan = Vec::new();
    for number in 0..dice.below(12) {
        let text = text(dice, number, 2000);
        match dice.below(6) {
            0 => plan.push(Act::Text(text)),
            1 => plan.push(Act::Binary(text.into_bytes())),
            2 => plan.push(Act::Prepared(text.into_bytes())),
            3 => plan.push(Act::Ping(text.into_bytes().into_iter().take(125).collect())),
            4 => plan.push(Act::Await(dice.below(8), Instant::ZERO + dice.millis(0..40_000))),
            _ => {
                let parts = 1 + dice.below(4);
                for part in 1..=parts {
                    plan.push(Act::Part(text.clone(), part == parts));
                    plan.extend(dice.one_in(3).then(|| Act::Ping(b"between".to_vec())));
                }
            }
        }
    }
    if closes {
        let until = Instant::ZERO + dice.millis(0..60_000);
        plan.push(Act::Await(dice.pick(&[0, 3, usize::MAX]), until));
        let code = dice.pick(&[None, Some(1000), Some(1001), Some(1011), Some(3000), Some(4999)]);
        plan.push(Act::Close(code.map(CloseCode), if code.is_some() { "enough" } else { "" }));
    }
    if dice.one_in(12) {
        plan.truncate(1 + dice.below(plan.len()));
        plan.push(Act::Abort);
    }
    plan
}

fn random_manner(dice: &mut Dice) -> Manner {
    let (delay, capacity, piece) = dice.pick(&[
        (0, 1, 1),
        (0, 100, 7),
        (0, usize::MAX, usize::MAX),
        (4, 300, 64),
        (50, 4096, 1000),
        (50, usize::MAX, usize::MAX),
        (300, usize::MAX, usize::MAX),
    ]);
    Manner { delay: Duration::from_millis(delay), capacity, piece }
}

fn random_fault(dice: &mut Dice) -> Fault {
    let at = if dice.one_in(2) { dice.below(800) } else { dice.below(8000) };
    match dice.below(7) {
        0 => Fault::End(at),
        1 => Fault::Silence(at),
        2 => Fault::Block(at),
        3 => Fault::Flip(at, 1 + dice.below(255) as u8),
        4 => Fault::Lose(at, 1 + dice.below(300)),
        _ => Fault::None,
    }
}

fn random_config(dice: &mut Dice) -> Config {
    let deflate = dice.one_in(2).then(|| DeflateConfig {
        server_no_context_takeover: dice.one_in(3),
        client_no_context_takeover: dice.one_in(3),
        server_max_window_bits: 8 + dice.below(8) as u8,
        client_max_window_bits: 8 + dice.below(8) as u8,
        threshold: dice.pick(&[0, 64, 1000]),
        level: 1 + dice.below(9) as u8,
        contexts: if dice.one_in(8) { Contexts::Dedicated } else { Contexts::Folded },
        ..DeflateConfig::default()
    });
    let delivery = if dice.one_in(3) { Delivery::Streamed } else { Delivery::Whole };
    let idle = dice.one_in(4).then(|| dice.millis(3_500..30_000));
    let timeouts = Timeouts { idle, ..timeouts() };
    Config { limits: limits(), timeouts, delivery, deflate, ..Config::default() }
}

/// Bytes of heap that no connection of a random schedule may exceed: a queue of 4 KiB with a message
/// beyond it, a message on its way in, and the read buffer.
const MOST_HEAP: usize = 48 << 10;

/// With compression: windows of up to 32 KiB, and while messages are unfinished an engine in each
/// direction.
const MOST_HEAP_DEFLATE: usize = 480 << 10;

/// What the random schedules came to.
#[derive(Debug, Default)]
struct Tally {
    /// Plain, and with compression.
    most_heap: [usize; 2],
    messages: usize,
    /// How often connections ended for each reason, and handshakes in each way.
    ends: BTreeMap<String, usize>,
}

impl Tally {
    fn count(&mut self, log: &Log) {
        self.messages += log.received.len();
        let end = match (log.ended, log.fault) {
            (Some((_, ended)), _) => format!("{:?}", ended.cause),
            (None, fault) => fault.map_or(String::new(), |(_, fault)| fault.code().into()),
        };
        *self.ends.entry(end).or_default() += 1;
    }
}

/// A schedule in which everything is drawn from `seed`.
fn random_run(seed: u64, tally: &mut Tally) {
    let mut dice = Dice::new(seed);
    let faulty = dice.one_in(2);
    let mut faults = [Fault::None; 2];
    if faulty {
        faults = [random_fault(&mut dice), random_fault(&mut dice)];
    }
    let closes = dice.below(3);
    let plans = [random_plan(&mut dice, closes != 0), random_plan(&mut dice, closes != 1)];
    let echo = dice.below(3);
    let config = Arc::new(random_config(&mut dice));
    let aborts = plans.iter().flatten().any(|act| matches!(act, Act::Abort));
    let deflates = config.deflate.is_some();
    let doors = [Door::In, Door::Paused, Door::Own, Door::OwnPaused];
    let setup = Setup {
        config,
        plans,
        echoes: [echo == 0, echo == 1],
        doors: [dice.pick(&doors), dice.pick(&doors)],
        manners: [random_manner(&mut dice), random_manner(&mut dice)],
        faults,
        dice,
    };
    let mut world = world(setup);
    let lossless = !aborts && faults == [Fault::None; 2];
    run(&mut world, lossless, &format!("SIM_SEED={seed}"));
    for log in [&world.client.log, &world.server.log] {
        tally.count(log);
        let most = [MOST_HEAP, MOST_HEAP_DEFLATE][usize::from(deflates)];
        assert!(log.most_heap <= most, "SIM_SEED={seed}: {} bytes of heap", log.most_heap);
        let so_far = &mut tally.most_heap[usize::from(deflates)];
        *so_far = log.most_heap.max(*so_far);
    }
}

#[test]
fn random_schedules() {
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    if let Some(seed) = number("SIM_SEED") {
        return random_run(seed, &mut Tally::default());
    }
    let runs = number("SIM_RUNS").unwrap_or(4000);
    let mut tally = Tally::default();
    (0..runs).for_each(|seed| random_run(seed, &mut tally));
    println!("{runs} schedules: {tally:#?}");
    let all = ["Closed", "Lost", "PongTimeout", "CloseTimeout", "IdleTimeout", "Aborted"];
    assert!(runs < 4000 || all.iter().all(|cause| tally.ends.contains_key(*cause)));
}
