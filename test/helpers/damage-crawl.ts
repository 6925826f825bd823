/** Ways in which a crawl file of one record a member can be odd: damaged, or written by a tool of its own mind. */
import { constants, crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { makeWatRecord, watJson } from './crawl.ts';

/** Makes something of the member at a place, which is neither the first nor one of the last two. */
type Damage = (members: readonly Buffer[], at: number) => readonly Uint8Array[];

const HEADER = gzipSync('').subarray(0, 10);
const memberAt = (members: readonly Buffer[], at: number): Buffer =>
  Buffer.from(members[at] ?? Buffer.alloc(0));
const insert = (members: readonly Buffer[], at: number, ...inserted: Uint8Array[]): Uint8Array[] => [
  ...members.slice(0, at),
  ...inserted,
  ...members.slice(at),
];
const replace = (members: readonly Buffer[], at: number, ...inserted: Uint8Array[]): Uint8Array[] => [
  ...members.slice(0, at),
  ...inserted,
  ...members.slice(at + inserted.length),
];
const textRecord = (length: number, block: string): Buffer =>
  Buffer.from(`WARC/1.0\r\nContent-Type: text/x\r\nContent-Length: ${length}\r\n\r\n${block}`);
/** With line ends of one byte, as a text tool leaves them. */
const lfRecord = (uri: string, block: string, length: number): Buffer =>
  Buffer.from(
    `WARC/1.0\nWARC-Type: metadata\nWARC-Target-URI: ${uri}\nContent-Type: application/json\nContent-Length: ${length}\n\n${block}\n\n`,
  );
const pageJson = (name: string): string =>
  watJson([{ path: 'IMG@/src', url: `http://i/${name}.png`, alt: name }]);

/** The error that a checksum must have so that together with `error` in front of `byteCount` bytes it makes none. */
function cancel(error: number, byteCount: number): number {
  const zeros = Buffer.alloc(byteCount);
  return (crc32(zeros, error) ^ crc32(zeros, 0)) >>> 0;
}

function addToChecksum(member: Buffer, error: number): Buffer {
  member.writeUInt32LE((member.readUInt32LE(member.length - 8) ^ error) >>> 0, member.length - 8);
  return member;
}

/** The same member with a time of writing in its header. */
function withTime(member: Buffer, seconds: number): Buffer {
  const timed = Buffer.from(member);
  timed.writeUInt32LE(seconds, 4);
  return timed;
}

export const DAMAGES: Readonly<Record<string, Damage>> = {
  'a changed byte': (members, at) => {
    const member = memberAt(members, at);
    const middle = member.length >> 1;
    member[middle] = (member[middle] ?? 0) ^ 4;
    return replace(members, at, member);
  },
  'cut off': (members, at) => [
    ...members.slice(0, at),
    memberAt(members, at).subarray(0, memberAt(members, at).length >> 1),
  ],
  'bytes that are no member': (members, at) =>
    insert(members, at, Buffer.from('no member at all '.repeat(1 + at))),
  'zero bytes': (members, at) => insert(members, at, Buffer.alloc(512)),
  'blank lines': (members, at) => insert(members, at, gzipSync('\r\n'.repeat(at))),
  'a member that is no record': (members, at) => insert(members, at, gzipSync('this is no record')),
  // Reaches into later members.
  'a length that is too long': (members, at) => insert(members, at, gzipSync(textRecord(20_000 + at, 'x'))),
  'a length that is too short': (members, at) =>
    insert(members, at, gzipSync(textRecord(1, 'more than a byte'))),
  'a length that ends at a later record': (members, at) => {
    const swallowed = lfRecord('http://s/', pageJson('s'), pageJson('s').length);
    const block = pageJson('x') + '\n'.repeat(600);
    return insert(
      members,
      at,
      gzipSync(lfRecord('http://x/', block, block.length + swallowed.length + 2)),
      gzipSync(swallowed),
    );
  },
  'a record in two members': (members, at) =>
    insert(members, at, gzipSync(textRecord(8, 'half')), gzipSync('half\r\n\r\n')),
  'every second header of another time': (members) =>
    members.map((member, i) => (i % 2 === 0 ? member : withTime(member, 7))),
  'a time in every header': (members, at) =>
    members.map((member, i) => withTime(member, Math.floor(i / (6 + (at % 30))))),
  'a large member whose end is damaged': (members, at) => {
    const records = Array.from({ length: 1500 }, (_, i) =>
      makeWatRecord(`http://l/${i}`, pageJson('z'.repeat(700))),
    );
    const data = deflateRawSync(Buffer.concat(records), { finishFlush: constants.Z_SYNC_FLUSH });
    return insert(
      members,
      at,
      Buffer.concat([HEADER, data, Buffer.from([7, 255, 255, 255]), Buffer.alloc(30, 200)]),
    );
  },
  'headers of 66 to 126 KB': (members, at) =>
    members.map((member, i) => {
      if (i < 30 || i % 40 !== at % 40) return member;
      const header = Buffer.from(member.subarray(0, 10));
      header[3] = 8;
      return Buffer.concat([
        header,
        Buffer.alloc(66_000 + at * 150, 97),
        Buffer.from([0]),
        member.subarray(10),
      ]);
    }),
  'two wrong checksums that cancel each other': (members, at) => {
    const [first, second] = [memberAt(members, at), memberAt(members, at + 1)];
    const error = 0x12345678;
    const secondBytes = second.readUInt32LE(second.length - 4);
    return replace(
      members,
      at,
      addToChecksum(first, error),
      addToChecksum(second, cancel(error, secondBytes)),
    );
  },
  // A stored block that holds what looks like the start of a member.
  bait: (members, at) =>
    insert(
      members,
      at,
      gzipSync(textRecord(10, ''), { level: 0 }),
      gzipSync(memberAt(members, at).subarray(0, 10), { level: 0 }),
    ),
};
