//! A chat: `chat_server HOST:PORT`. What one guest says, all the others hear.
//!
//! Each message is framed and compressed once, and sent to everyone. A guest who does not read falls
//! behind until the queue is full, and then has to leave: the others do not wait.

mod host;

use host::{Clock, Host, read};
use polywire::{Config, Event, Limits, Prepared, UsageError};
use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The guests, by number.
#[derive(Default)]
struct Room {
    guests: Mutex<HashMap<usize, Arc<Mutex<Host>>>>,
}

fn main() -> io::Result<()> {
    let Some(address) = std::env::args().nth(1) else {
        eprintln!("usage: chat_server HOST:PORT");
        std::process::exit(2);
    };
    let limits = Limits { message_size: 64 << 10, send_queue: 256 << 10, ..Limits::default() };
    let config = Arc::new(Config { limits, ..Config::default() });
    let room = Arc::new(Room::default());
    let listener = TcpListener::bind(&address)?;
    println!("listening on ws://{}", listener.local_addr()?);
    for (number, stream) in listener.incoming().enumerate() {
        let (stream, config, room) = (stream?, Arc::clone(&config), Arc::clone(&room));
        thread::spawn(move || {
            if let Err(error) = room.welcome(number, stream, config) {
                eprintln!("guest {number}: {error}");
            }
            lock(&room.guests).remove(&number);
        });
    }
    Ok(())
}

impl Room {
    /// Stays with a guest from the handshake to the end.
    fn welcome(&self, number: usize, stream: TcpStream, config: Arc<Config>) -> io::Result<()> {
        let reading = stream.try_clone()?;
        // Writes happen while others wait: they take what the socket takes now, and no more.
        stream.set_write_timeout(Some(Duration::from_millis(1)))?;
        let mut host = Host::accept(stream, config)?;
        let (mut chunk, mut input) = host.first(4096);
        let guest = Arc::new(Mutex::new(host));
        lock(&self.guests).insert(number, Arc::clone(&guest));
        self.say(number, &format!("guest {number} enters"));

        let clock = Clock::start();
        loop {
            let mut said = Vec::new();
            let mut host = lock(&guest);
            let mut events = host.take(&mut chunk, &input);
            while let Some((event, _)) = events.next() {
                if let Event::Text(text) = event {
                    said.push(format!("{number}: {text}"));
                }
            }
            let settled = host.settle()?;
            drop(host);
            for text in said {
                self.say(number, &text);
            }
            if settled.is_none() {
                self.say(number, &format!("guest {number} leaves"));
                return Ok(());
            }
            // Another guest's words may wait for this socket, so look again soon.
            let soon = clock.now() + Duration::from_millis(100);
            input = read(&reading, &mut chunk, Some(soon), &clock)?;
        }
    }

    /// Tells everyone but the speaker.
    fn say(&self, speaker: usize, text: &str) {
        let message = Prepared::new(text);
        let guests: Vec<_> = lock(&self.guests).iter().map(|(n, g)| (*n, Arc::clone(g))).collect();
        for (_, guest) in guests.iter().filter(|(number, _)| *number != speaker) {
            let mut host = lock(guest);
            if host.sender().send_prepared(&message) == Err(UsageError::QueueFull) {
                host.sender().abort();
                host.stream().shutdown(Shutdown::Both).unwrap_or_default();
            }
            host.settle().map(|_| ()).unwrap_or_default();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
