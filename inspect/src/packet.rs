//! TCP segments out of packets.
//!
//! Owns the link types and the way down to TCP. The layers themselves are read by `etherparse`. Knows
//! nothing of streams.

use crate::file::Packet;
use core::net::IpAddr;
use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TransportSlice};
use pcap_parser::Linktype;

/// One end of a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Address {
    pub(crate) host: IpAddr,
    pub(crate) port: u16,
}

/// A TCP segment, with its payload as a place in the slice that the packet came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) time: f64,
    pub(crate) source: Address,
    pub(crate) target: Address,
    pub(crate) sequence: u32,
    pub(crate) acknowledged: Option<u32>,
    pub(crate) syn: bool,
    pub(crate) fin: bool,
    pub(crate) reset: bool,
    /// Where the payload is in the slice, and in the file.
    pub(crate) at: usize,
    pub(crate) file_at: u64,
    pub(crate) length: usize,
    /// Bytes behind the payload that were on the wire and are not in the capture.
    pub(crate) missing: usize,
}

/// The segment that a packet of `slice` carries, if it carries one.
pub(crate) fn segment(packet: &Packet, slice: &[u8]) -> Option<Segment> {
    let bytes = slice.get(packet.at..packet.at + packet.length)?;
    let sliced = layers(packet.link, bytes)?;
    let net = sliced.net.as_ref()?;
    let (source, target) = hosts(net)?;
    let ip_payload = net.ip_payload_ref()?;
    if ip_payload.fragmented {
        return None;
    }
    let Some(TransportSlice::Tcp(tcp)) = &sliced.transport else { return None };
    let payload = tcp.payload();
    let at = packet.at + (payload.as_ptr().addr() - bytes.as_ptr().addr());
    // With `incomplete` the header of IP says more than is there; how much more says the capture.
    let missing =
        if ip_payload.incomplete { packet.original.saturating_sub(packet.length) } else { 0 };
    Some(Segment {
        time: packet.time,
        source: Address { host: source, port: tcp.source_port() },
        target: Address { host: target, port: tcp.destination_port() },
        sequence: tcp.sequence_number(),
        acknowledged: tcp.ack().then(|| tcp.acknowledgment_number()),
        syn: tcp.syn(),
        fin: tcp.fin(),
        reset: tcp.rst(),
        at,
        file_at: packet.file_at + (at - packet.at) as u64,
        length: payload.len(),
        missing,
    })
}

fn layers(link: Linktype, bytes: &[u8]) -> Option<LaxSlicedPacket<'_>> {
    /// Of the cooked captures of Linux, as libpcap's documents number them.
    const SLL2: Linktype = Linktype(276);
    match link {
        Linktype::ETHERNET => LaxSlicedPacket::from_ethernet(bytes).ok(),
        // Four bytes of an address family, of which each system has its own number for IPv6.
        Linktype::NULL | Linktype::LOOP => LaxSlicedPacket::from_ip(bytes.get(4..)?).ok(),
        Linktype::RAW | Linktype::IPV4 | Linktype::IPV6 | Linktype(12 | 14) => {
            LaxSlicedPacket::from_ip(bytes).ok()
        }
        Linktype::LINUX_SLL => Some(by_type(bytes.get(14..16)?, bytes.get(16..)?)),
        SLL2 => Some(by_type(bytes.get(..2)?, bytes.get(20..)?)),
        _ => None,
    }
}

/// Whether packets of this link type can be read at all.
pub(crate) fn is_known(link: Linktype) -> bool {
    matches!(link.0, 0 | 1 | 12 | 14 | 101 | 108 | 113 | 228 | 229 | 276)
}

fn by_type<'a>(kind: &[u8], bytes: &'a [u8]) -> LaxSlicedPacket<'a> {
    let kind = kind.iter().fold(0, |kind, &byte| kind << 8 | u16::from(byte));
    LaxSlicedPacket::from_ether_type(EtherType(kind), bytes)
}

fn hosts(net: &LaxNetSlice<'_>) -> Option<(IpAddr, IpAddr)> {
    match net {
        LaxNetSlice::Ipv4(ip) => {
            let header = ip.header();
            Some((header.source_addr().into(), header.destination_addr().into()))
        }
        LaxNetSlice::Ipv6(ip) => {
            let header = ip.header();
            Some((header.source_addr().into(), header.destination_addr().into()))
        }
        _ => None,
    }
}
