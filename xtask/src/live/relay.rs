//! Carries bytes between clients and a server, unchanged, and shows them to the feed.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

use super::feed::{Feed, Side};

/// Accept clients for ever, each with a connection of its own to `server`.
pub(crate) fn relay(listener: &TcpListener, server: SocketAddr, feed: &Feed) {
    for client in listener.incoming().flatten() {
        let feed = feed.clone();
        // A client that the server does not take is dropped, as the server itself would.
        thread::spawn(move || carry_both(client, server, &feed));
    }
}

fn carry_both(client: TcpStream, address: SocketAddr, feed: &Feed) -> io::Result<()> {
    let server = TcpStream::connect(address)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let connection = feed.open(client.peer_addr()?, address);
    thread::scope(|scope| {
        scope.spawn(|| carry(&client, &server, |bytes| feed.pass(connection, Side::Client, bytes)));
        carry(&server, &client, |bytes| feed.pass(connection, Side::Server, bytes));
    });
    feed.close(connection);
    Ok(())
}

/// One direction, up to its end, which is passed on.
fn carry(mut from: &TcpStream, mut to: &TcpStream, show: impl Fn(&[u8])) {
    let mut chunk = vec![0; 64 << 10];
    loop {
        match from.read(&mut chunk) {
            Ok(0) | Err(_) => break,
            Ok(count) => {
                show(&chunk[..count]);
                if to.write_all(&chunk[..count]).is_err() {
                    // What comes is no longer wanted: the other direction must not wait for its end.
                    let _ = from.shutdown(Shutdown::Read);
                    break;
                }
            }
        }
    }
    // Fails only where there is nothing left to shut down.
    let _ = to.shutdown(Shutdown::Write);
}
