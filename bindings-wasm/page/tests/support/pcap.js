// Owns captures for tests: TCP over IPv4 in the pcap format, as tcpdump writes it with LINKTYPE_RAW.

const [FIN, SYN, ACK] = [1, 2, 16];
/** The most that a packet of these captures carries. */
const SEGMENT = 1400;

/** A capture of conversations as `example.js` makes them. */
export function pcap(conversations) {
  const packets = conversations.flatMap(packetsOf).sort((a, b) => a.time - b.time);
  return Buffer.concat([fileHeader(), ...packets.map(({ time, bytes }) => Buffer.concat([packetHeader(time, bytes.length), bytes]))]);
}

export function fileHeader() {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65535, 16);
  header.writeUInt32LE(101, 20);
  return header;
}

export function packetHeader(time, length) {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(Math.floor(time / 1e6), 0);
  header.writeUInt32LE(time % 1e6, 4);
  header.writeUInt32LE(length, 8);
  header.writeUInt32LE(length, 12);
  return header;
}

function packetsOf({ time, client, server, chunks, ended }) {
  const ends = [client, server];
  const next = [1000, 5000];
  const packet = (direction, flags, data, at) => {
    const bytes = segment(ends[direction], ends[1 - direction], next[direction], next[1 - direction], flags, data);
    next[direction] = (next[direction] + data.length + (flags & (SYN | FIN) ? 1 : 0)) >>> 0;
    return { time: at, bytes };
  };
  const none = Buffer.alloc(0);
  const packets = [packet(0, SYN, none, time), packet(1, SYN | ACK, none, time + 1), packet(0, ACK, none, time + 2)];
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.bytes.length; at += SEGMENT) {
      packets.push(packet(chunk.direction, ACK, Buffer.from(chunk.bytes.subarray(at, at + SEGMENT)), chunk.time));
    }
  }
  if (ended) packets.push(packet(0, FIN | ACK, none, ended), packet(1, FIN | ACK, none, ended + 1));
  return packets;
}

/** One packet: IPv4 and TCP without options. Nobody looks at the checksums of a capture taken on the sending machine. */
export function segment(from, to, sequence, acknowledged, flags, data) {
  const packet = Buffer.alloc(40 + data.length);
  packet[0] = 0x45;
  packet.writeUInt16BE(packet.length, 2);
  packet[8] = 64;
  packet[9] = 6;
  from.address.split('.').forEach((part, at) => packet.writeUInt8(Number(part), 12 + at));
  to.address.split('.').forEach((part, at) => packet.writeUInt8(Number(part), 16 + at));
  packet.writeUInt16BE(from.port, 20);
  packet.writeUInt16BE(to.port, 22);
  packet.writeUInt32BE(sequence >>> 0, 24);
  packet.writeUInt32BE(acknowledged >>> 0, 28);
  packet[32] = 0x50;
  packet[33] = flags;
  packet.writeUInt16BE(65535, 34);
  data.copy(packet, 40);
  return packet;
}
