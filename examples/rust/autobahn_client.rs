//! A client for the Autobahn test suite: `autobahn_client URL AGENT`.
//!
//! Asks the suite how many cases there are, runs each as an echo, and has the report written.

mod host;

use host::{Host, echo};
use polywire::{CloseCode, Config, Event, Limits};
use std::sync::Arc;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, agent] = &arguments[..] else {
        eprintln!("usage: autobahn_client URL AGENT");
        std::process::exit(2);
    };
    let limits = Limits { frame_size: 64 << 20, message_size: 64 << 20, ..Limits::default() };
    let config = Arc::new(Config { limits, ..Config::default() });

    let mut cases = 0;
    Host::connect(&format!("{url}/getCaseCount"), Arc::clone(&config))?.run(|event, _| {
        if let Event::Text(count) = event {
            cases = count.parse().unwrap_or(0);
        }
    })?;
    for case in 1..=cases {
        let url = format!("{url}/runCase?case={case}&agent={agent}");
        let result = Host::connect(&url, Arc::clone(&config)).and_then(|host| host.run(echo));
        if let Err(error) = result {
            eprintln!("case {case}: {error}");
        }
    }
    let url = format!("{url}/updateReports?agent={agent}");
    Host::connect(&url, config)?.run(|event, sender| {
        if matches!(event, Event::Text(_)) {
            sender.close(Some(CloseCode::NORMAL), "").unwrap_or_default();
        }
    })?;
    Ok(())
}
