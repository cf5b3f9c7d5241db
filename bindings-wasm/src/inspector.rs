//! The inspector's engine at the border.
//!
//! Owns how captures cross it: bytes in through space in the module's memory, columns out as typed
//! arrays, the few objects as JSON. Knows nothing of what they mean; that is `polywire-inspect`.

use js_sys::{Array, Float64Array, Uint8Array, Uint16Array, Uint32Array};
use polywire::handshake::{HandshakeError, HeadReview, KeyReview, LineReview, Verdict};
use polywire_bridge::json::Json;
use polywire_bridge::script;
use polywire_inspect::{
    Endpoint, Field, Format, Options, Part, Place, Target, fault_index, rules, sniff,
};
use wasm_bindgen::prelude::*;

/// The version of the package.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// Every rule that a problem can name, as JSON.
#[wasm_bindgen]
pub fn inspect_rules() -> String {
    Json::array(rules(), |json, rule| {
        json.braces(|json| {
            json.key("code").text(rule.code);
            json.key("origin").text(rule.origin.name());
            json.key("section").text(rule.section);
            json.key("expected").text(rule.expected);
            json.key("number").number(rule.number);
        });
    })
}

/// What a file is, by its first bytes.
#[wasm_bindgen]
pub fn inspect_sniff(start: &[u8]) -> String {
    sniff(start).name().to_owned()
}

/// The notation of a text and the bytes that it stands for.
#[wasm_bindgen]
pub fn inspect_decode(text: &str) -> Option<Array> {
    let (format, bytes) = polywire_inspect::decode(text)?;
    Some(Array::of2(&format.name().into(), &Uint8Array::from(&bytes[..])))
}

/// Removes the mask of payload bytes.
#[wasm_bindgen]
pub fn inspect_unmask(header: &[u8], offset: f64, bytes: &mut [u8]) {
    polywire_inspect::unmask(header, offset as u64, bytes);
}

/// A capture.
#[wasm_bindgen]
pub struct Inspector(polywire_inspect::Inspector);

#[wasm_bindgen]
impl Inspector {
    /// `sender`: 0 the client, 1 the server, else unknown. `deflate`: what is assumed where a handshake
    /// is unseen, as four numbers; none of them: no compression. Without it: the default.
    #[wasm_bindgen(constructor)]
    pub fn new(format: &str, sender: u32, deflate: Option<Vec<u8>>) -> Self {
        let mut options =
            Options { sender: Some(sender as usize).filter(|&it| it < 2), ..Options::default() };
        if let Some(deflate) = deflate {
            options.deflate = script::params(&deflate);
        }
        Self(match Format::named(format) {
            Some(format) => polywire_inspect::Inspector::new(format, &options),
            None => polywire_inspect::Inspector::live(&options),
        })
    }

    /// Where to put the next bytes of the file.
    pub fn space(&mut self, length: usize) -> *mut u8 {
        self.0.space(length).as_mut_ptr()
    }

    /// They are there.
    pub fn filled(&mut self, count: usize) {
        self.0.filled(count);
    }

    /// The file is at its end.
    pub fn finish(&mut self) {
        self.0.finish();
    }

    /// A new connection of a live capture.
    pub fn connect(
        &mut self,
        time: f64,
        client: String,
        client_port: u16,
        server: String,
        server_port: u16,
    ) -> u32 {
        let client = Endpoint { address: client, port: client_port };
        let server = Endpoint { address: server, port: server_port };
        self.0.connect(time, client, server)
    }

    /// Its next bytes.
    pub fn append(&mut self, connection: u32, direction: u32, time: f64, bytes: &mut [u8]) {
        self.0.append(connection, direction as usize, time, bytes);
    }

    /// It is over.
    pub fn disconnect(&mut self, connection: u32, time: f64) {
        self.0.disconnect(connection, time);
    }

    /// How many frames, connections, problems.
    pub fn counts(&self) -> Vec<u32> {
        let counts = [self.0.frames().len(), self.0.connections().len(), self.0.problems().len()];
        counts.map(|count| count as u32).to_vec()
    }

    /// Why nothing more can be read.
    pub fn trouble(&self) -> Option<String> {
        self.0.trouble().map(str::to_owned)
    }

    /// The columns of frames from a row on, in the order of their declaration.
    pub fn rows(&self, from: usize) -> Array {
        let it = self.0.frames();
        [
            u32s(&it.connection[from..]),
            f64s(&it.time[from..]),
            f64s(&it.offset[from..]),
            u32s(&it.length[from..]),
            u32s(&it.content[from..]),
            u16s(&it.header[from..]),
            u8s(&it.header_length[from..]),
            u16s(&it.flags[from..]),
            u32s(&it.message[from..]),
            u32s(&it.value[from..]),
        ]
        .into_iter()
        .collect()
    }

    /// The columns of problems from a number on, in the order of their declaration.
    pub fn problems(&self, from: usize) -> Array {
        let it = self.0.problems();
        [
            u16s(&it.rule[from..]),
            u32s(&it.connection[from..]),
            u32s(&it.row[from..]),
            u8s(&it.direction[from..]),
            f64s(&it.time[from..]),
            f64s(&it.offset[from..]),
            f64s(&it.found[from..]),
            u8s(&it.certain[from..]),
        ]
        .into_iter()
        .collect()
    }

    /// The connections that are new or changed, as JSON.
    pub fn take_connections(&mut self) -> String {
        let changed = self.0.take_changed();
        Json::array(changed, |json, number| self.connection(json, number))
    }

    /// A handshake as JSON.
    pub fn handshake(&self, connection: u32) -> Option<String> {
        let it = self.0.connections().get(connection as usize)?;
        let [request, response] = &it.heads;
        if request.is_empty() && response.is_empty() {
            return None;
        }
        let review = self.0.review(connection)?;
        Some(Json::object(|json| {
            head(json.key("request"), review.request.as_ref(), request, &[]);
            head(json.key("response"), review.response.as_ref(), response, &it.body);
            accept(json.key("accept"), review.key.as_ref());
        }))
    }

    /// A problem as a sentence.
    pub fn problem_text(&self, problem: usize) -> String {
        self.0.problems().text(problem)
    }

    /// Where bytes of a frame are in the file: offset (-1: nowhere) and length in turn.
    pub fn places(&self, row: u32, offset: f64, length: f64) -> Vec<f64> {
        places(&self.0.places(row, offset as u64, length as u64))
    }

    /// The lengths of a frame's header and payload, and whether it is compressed, part of a message,
    /// and a close frame.
    pub fn shape(&self, row: u32) -> Option<Vec<f64>> {
        use polywire_inspect::{NONE, flag};
        let frame = self.0.frames().row(row)?;
        let flags = [frame.has(flag::DEFLATED), frame.message != NONE, frame.opcode() == 8];
        let mut shape = vec![f64::from(frame.header_length), frame.length as f64];
        shape.extend(flags.map(|flag| f64::from(u8::from(flag))));
        Some(shape)
    }

    /// Whether a frame's content is text, as the first frame of its message says.
    pub fn is_text(&self, row: u32) -> bool {
        self.0.is_text(row)
    }

    /// The fields of a frame as JSON.
    pub fn fields(&self, row: u32, header: &[u8], payload: &[u8]) -> String {
        Json::array(self.0.fields(row, header, payload), |json, it| field(json, &it))
    }

    /// What must be decoded again to get at contents: of each row, as `[row, whole, offset, length]`.
    pub fn replays(&self, targets: &[f64]) -> Vec<Replay> {
        let target = |it: &[f64]| Target {
            row: it[0] as u32,
            whole: it[1] != 0.0,
            offset: it[2] as u64,
            length: it[3] as u64,
        };
        let targets: Vec<Target> = targets.chunks_exact(4).map(target).collect();
        self.0.replays(&targets).into_iter().map(Replay).collect()
    }

    fn connection(&self, json: &mut Json, number: u32) {
        let it = &self.0.connections()[number as usize];
        let totals = |json: &mut Json, name: &str, of: fn(&polywire_inspect::Totals) -> u64| {
            json.key(name).items(&it.totals, |json, totals| json.number(of(totals) as f64));
        };
        json.braces(|json| {
            json.key("id").number(number);
            endpoint(json.key("client"), &it.client);
            endpoint(json.key("server"), &it.server);
            json.key("started").number(it.started);
            json.key("ended").number(it.ended);
            json.key("url").text_or_null(it.url.as_deref());
            json.key("handshake").text(it.opening.name());
            json.key("status").number(it.status);
            json.key("subprotocol").text_or_null(it.subprotocol.as_deref());
            script::deflate(json.key("deflate"), it.deflate);
            totals(json, "frames", |totals| totals.frames);
            totals(json, "messages", |totals| totals.messages);
            totals(json, "wire", |totals| totals.wire);
            totals(json, "payload", |totals| totals.payload);
            totals(json, "content", |totals| totals.content);
            totals(json, "missing", |totals| totals.missing);
            json.key("lastRoundTrip").number(it.round_trips[0]);
            json.key("leastRoundTrip").number(it.round_trips[1]);
            json.key("close").items(it.close, |json, code| match code {
                Some(code) => json.number(code),
                None => json.null(),
            });
            json.key("end").text(it.end.name());
            json.key("problems").number(it.problems);
        });
    }
}

/// A stretch that is decoded again.
#[wasm_bindgen]
pub struct Replay(polywire_inspect::Replay);

#[wasm_bindgen]
impl Replay {
    /// Which bytes to read: offset (-1: zeros) and length in turn.
    pub fn places(&self) -> Vec<f64> {
        places(self.0.places())
    }

    /// The next of them.
    pub fn push(&mut self, bytes: &mut [u8]) {
        self.0.push(bytes);
    }

    /// Of each content its target's place, its bytes, the length of the whole, and what is wrong.
    pub fn parts(self) -> Array {
        let part = |(number, part): (usize, Part)| {
            let trouble = part.trouble.map_or(JsValue::NULL, Into::into);
            let bytes = Uint8Array::from(&part.bytes[..]);
            Array::of4(&number.into(), &bytes, &(part.total as f64).into(), &trouble)
        };
        self.0.parts().into_iter().map(part).collect()
    }
}

fn places(places: &[Place]) -> Vec<f64> {
    let pair = |place: &Place| [place.file.map_or(-1.0, |at| at as f64), place.length as f64];
    places.iter().flat_map(pair).collect()
}

fn endpoint(json: &mut Json, it: &Endpoint) {
    json.braces(|json| {
        json.key("address").text(&it.address);
        json.key("port").number(it.port);
    });
}

fn head<Head>(json: &mut Json, review: Option<&HeadReview<Head>>, bytes: &[u8], body: &[u8]) {
    let Some(review) = review else { return json.null() };
    json.braces(|json| {
        json.key("lines").items(&review.lines, |json, it| line(json, it, bytes));
        json.key("absent").items(&review.absent, |json, error| {
            json.braces(|json| {
                json.key("rule").number(fault_index(error.fault));
                json.key("text").text(&error.to_string());
                json.key("section").text(error.fault.section());
            });
        });
        json.key("body").text(&String::from_utf8_lossy(body));
    });
}

fn line(json: &mut Json, it: &LineReview, head: &[u8]) {
    let told = |error: &HandshakeError| (error.to_string(), error.fault);
    let (verdict, note) = match &it.verdict {
        Verdict::Neutral => ("neutral", None),
        Verdict::Good(fault) => ("good", Some((fault.expected().to_owned(), *fault))),
        Verdict::Bad(error) => ("bad", Some(told(error))),
    };
    json.braces(|json| {
        json.key("text").latin1(head.get(it.range.clone()).unwrap_or_default());
        json.key("offset").number(it.range.start as f64);
        json.key("name").number(it.name_len as f64);
        json.key("verdict").text(verdict);
        json.key("note").text(note.as_ref().map_or("", |(note, _)| note));
        json.key("section").text(note.as_ref().map_or("", |(_, fault)| fault.section()));
        json.key("rule").number(note.map_or(-1.0, |(_, fault)| fault_index(fault).into()));
    });
}

fn accept(json: &mut Json, key: Option<&KeyReview>) {
    let Some(key) = key else { return json.null() };
    json.braces(|json| {
        json.key("key").text(&key.key);
        json.key("guid").text(KeyReview::SUFFIX);
        let hex: String = key.digest.iter().map(|byte| format!("{byte:02x}")).collect();
        json.key("sha1").text(&hex);
        json.key("expected").text(&key.accept);
        json.key("found").text_or_null(key.found.as_deref());
    });
}

fn field(json: &mut Json, it: &Field) {
    json.braces(|json| {
        json.key("name").text(it.name);
        json.key("label").text(it.label);
        json.key("value").text(&it.value);
        json.key("meaning").text(&it.meaning);
        json.key("bit").number(it.bit as f64);
        json.key("bits").number(it.bits as f64);
        json.key("section").text(it.section);
        json.key("rule").number(it.rule.map_or(-1.0, f64::from));
        json.key("depth").number(it.depth);
    });
}

fn u8s(values: &[u8]) -> JsValue {
    Uint8Array::from(values).into()
}

fn u16s(values: &[u16]) -> JsValue {
    Uint16Array::from(values).into()
}

fn u32s(values: &[u32]) -> JsValue {
    Uint32Array::from(values).into()
}

fn f64s(values: &[f64]) -> JsValue {
    Float64Array::from(values).into()
}
