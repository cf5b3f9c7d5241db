//! What a connection told, kept for comparison.
//!
//! Owns owned events, joined so that the split does not show, and the order that events keep in every
//! run. Knows nothing of what caused them.

use polywire::{CloseCode, Data, Ended, Event, Events, Violation};

/// An event that outlives its input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A message, or with `whole` false as much of it as was told before something else.
    Message {
        text: bool,
        bytes: Vec<u8>,
        whole: bool,
    },
    Ping(Vec<u8>),
    Pong(Vec<u8>, bool),
    Close(Option<CloseCode>, String),
    Failed(Violation),
    Ended(Ended),
}

/// Everything that was told, pieces of a message joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    pub told: Vec<Told>,
    /// An observer goes on behind a close that it does not answer.
    observer: bool,
    /// Inside a message that is told in pieces: whether it is text.
    pieces: Option<bool>,
}

impl Transcript {
    pub fn of_observer() -> Self {
        Self { observer: true, ..Self::default() }
    }

    /// Takes all events of one input.
    pub fn drain(&mut self, mut events: Events<'_, '_>) {
        while let Some((event, _)) = events.next() {
            self.take(event);
        }
    }

    /// Takes one event, which must be one that can come here.
    pub fn take(&mut self, event: Event<'_>) {
        self.check_order(&event);
        let told = match event {
            Event::Text(text) => message(Data::Text(text), true),
            Event::Binary(bytes) => message(Data::Binary(bytes), true),
            Event::Chunk { data, last } => return self.take_chunk(data, last),
            Event::Ping(payload) => Told::Ping(payload.to_vec()),
            Event::Pong { payload, rtt } => Told::Pong(payload.to_vec(), rtt.is_some()),
            Event::Close { code, reason } => Told::Close(code, reason.to_owned()),
            Event::Failed(violation) => {
                assert!(!violation.to_string().is_empty());
                Told::Failed(violation)
            }
            Event::Ended(ended) => Told::Ended(ended),
        };
        self.told.push(told);
    }

    pub fn failure(&self) -> Option<Violation> {
        self.told.iter().find_map(|told| match told {
            Told::Failed(violation) => Some(*violation),
            _ => None,
        })
    }

    pub fn has_ended(&self) -> bool {
        matches!(self.told.last(), Some(Told::Ended(_)))
    }

    /// The messages that were told to their end, however they were delivered.
    pub fn messages(&self) -> Vec<(bool, Vec<u8>)> {
        let mut messages = Vec::new();
        let mut gathered = Vec::new();
        for told in &self.told {
            if let Told::Message { text, bytes, whole } = told {
                gathered.extend_from_slice(bytes);
                if *whole {
                    messages.push((*text, std::mem::take(&mut gathered)));
                }
            }
        }
        messages
    }

    /// Without what depends on how messages are delivered: what of them was told in between.
    pub fn without_pieces(&self) -> Vec<Told> {
        let mut messages = self.messages().into_iter();
        let whole =
            self.told.iter().filter(|told| !matches!(told, Told::Message { whole: false, .. }));
        whole
            .map(|told| match (told, told) {
                (Told::Message { .. }, _) => {
                    let (text, bytes) = messages.next().expect("one for each end of a message");
                    Told::Message { text, bytes, whole: true }
                }
                (_, told) => told.clone(),
            })
            .collect()
    }

    fn take_chunk(&mut self, data: Data<'_>, last: bool) {
        let text = matches!(data, Data::Text(_));
        // An observer is not told of the end of a broken message.
        let inside = self.pieces == Some(text);
        let kept = inside || self.pieces.is_none() || self.observer;
        assert!(kept, "the kind of a message changed");
        assert!(last || !data.as_bytes().is_empty(), "an empty piece that is not the last");
        self.pieces = (!last).then_some(text);
        if inside
            && let Some(Told::Message { bytes, whole: whole @ false, .. }) = self.told.last_mut()
        {
            bytes.extend_from_slice(data.as_bytes());
            *whole = last;
            return;
        }
        self.told.push(message(data, last));
    }

    /// `Ended` is the last event; before it nothing but a failure or, once, the peer's close ends the
    /// messages.
    fn check_order(&self, event: &Event<'_>) {
        match self.told.last() {
            Some(Told::Ended(_)) => panic!("{event:?} after the end"),
            Some(Told::Failed(_) | Told::Close(..)) if !self.observer => {
                assert!(matches!(event, Event::Ended(_)), "{event:?} after a failure or close");
            }
            _ => {}
        }
    }
}

fn message(data: Data<'_>, whole: bool) -> Told {
    Told::Message { text: matches!(data, Data::Text(_)), bytes: data.as_bytes().to_vec(), whole }
}
