//! The inspector page and its live feed, over HTTP on the loopback.
//!
//! Serves the files of a folder and `GET /live`. Answers only requests whose `Host` is a loopback address:
//! no other site can read along by giving its name this address.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::Duration;

use super::feed::Feed;

/// Silence after which a reader of the feed is shown a sign of life.
const QUIET: Duration = Duration::from_secs(15);

/// How long a browser may take for its request, and to take what it asked for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A browser's request head is far shorter.
const HEAD: u64 = 16 << 10;

/// Serve for ever what lies in a folder.
pub(crate) fn serve(listener: &TcpListener, folder: &Path, feed: &Feed) {
    let folder: Arc<Path> = folder.into();
    for stream in listener.incoming().flatten() {
        let (folder, feed) = (folder.clone(), feed.clone());
        // An error is the browser going away: there is nobody to tell.
        thread::spawn(move || answer(&stream, &folder, &feed));
    }
}

fn answer(mut stream: &TcpStream, folder: &Path, feed: &Feed) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let Some(target) = read_request(stream)? else {
        return refuse(stream, "400 Bad Request", "expected a GET request to a loopback address\n");
    };
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    if path == "/live" && query == "probe" {
        return stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    }
    if path == "/live" {
        return tell(stream, feed);
    }
    match find(folder, path) {
        Some((file, content)) => {
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\n\
                 Cache-Control: no-store\r\nConnection: close\r\n\r\n",
                content_type(&file),
                content.len()
            );
            stream.write_all(head.as_bytes())?;
            stream.write_all(&content)
        }
        None => refuse(stream, "404 Not Found", "no such file\n"),
    }
}

/// The target of a request that is a GET and came to a loopback address by its own name.
fn read_request(stream: &TcpStream) -> io::Result<Option<String>> {
    let mut lines = BufReader::new(io::Read::take(stream, HEAD)).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let mut loopback = false;
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            loopback |= name.eq_ignore_ascii_case("host") && is_loopback(value.trim());
        }
    }
    let target = first.strip_prefix("GET ").and_then(|rest| rest.split(' ').next());
    Ok(target.filter(|_| loopback).map(str::to_owned))
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The feed, as long as the reader stays.
fn tell(mut stream: &TcpStream, feed: &Feed) -> io::Result<()> {
    stream.write_all(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\
          Connection: close\r\n\r\n",
    )?;
    let (kept, coming) = feed.read();
    for line in kept {
        write!(stream, "data: {line}\n\n")?;
    }
    loop {
        match coming.recv_timeout(QUIET) {
            Ok(line) => write!(stream, "data: {line}\n\n")?,
            Err(RecvTimeoutError::Timeout) => stream.write_all(b": \n\n")?,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

fn find(folder: &Path, path: &str) -> Option<(PathBuf, Vec<u8>)> {
    let path = Path::new(path.trim_start_matches('/'));
    // Nothing outside of the folder, whatever the path says.
    if !path.components().all(|part| matches!(part, Component::Normal(_))) {
        return None;
    }
    let file = folder.join(path);
    let file = if file.is_dir() { file.join("index.html") } else { file };
    let content = fs::read(&file).ok()?;
    Some((file, content))
}

fn content_type(file: &Path) -> &'static str {
    match file.extension().and_then(|ending| ending.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    }
}

fn refuse(mut stream: &TcpStream, status: &str, why: &str) -> io::Result<()> {
    let length = why.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{why}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::feed::Side;
    use std::io::Read;
    use std::net::SocketAddr;

    fn served(feed: &Feed) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has a port");
        let address = listener.local_addr().expect("it is bound");
        let (folder, feed) = (crate::repository::root().join("docs"), feed.clone());
        thread::spawn(move || serve(&listener, &folder, &feed));
        address
    }

    fn get(address: SocketAddr, host: &str, target: &str) -> String {
        let mut stream = TcpStream::connect(address).expect("it listens");
        write!(stream, "GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers in text");
        answer
    }

    #[test]
    fn files_of_the_folder_and_no_others() {
        let address = served(&Feed::default());
        assert!(get(address, "localhost:80", "/design.md?x").starts_with("HTTP/1.1 200 OK\r\n"));
        for outside in ["/../Cargo.toml", "//etc/passwd", "/none", "/%2e%2e/Cargo.toml"] {
            assert!(get(address, "localhost", outside).starts_with("HTTP/1.1 404 "), "{outside}");
        }
    }

    #[test]
    fn only_loopback_names_are_answered() {
        let address = served(&Feed::default());
        for host in ["localhost", "127.0.0.1:8080", "[::1]:80", "127.8.8.8"] {
            assert!(get(address, host, "/live?probe").starts_with("HTTP/1.1 204 "), "{host}");
        }
        for host in ["example.com", "127.0.0.1.example.com", "", "localhost.evil:80"] {
            assert!(get(address, host, "/live?probe").starts_with("HTTP/1.1 400 "), "{host}");
        }
    }

    #[test]
    fn a_reader_gets_what_was_and_what_comes() {
        let feed = Feed::default();
        let end = SocketAddr::from(([127, 0, 0, 1], 1));
        let connection = feed.open(end, end);
        let mut stream = TcpStream::connect(served(&feed)).expect("it listens");
        stream.write_all(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("it reads");
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.contains(r#""client":{"address":"127.0.0.1","port":1}"#)));
        feed.pass(connection, Side::Server, b"hi");
        assert!(lines.any(|line| line.ends_with(r#""base64":"aGk="}"#)));
    }
}
