// Reads the raw recorder's files on the disk (docs/RAW_DATA.md), without any of the engine's code.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const head_size = 40;
const checked_from = 8;

function crc32c(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; ++i) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

function read_record(bytes, at) {
  if (bytes.length - at < head_size || bytes.toString('latin1', at, at + 4) !== 'DRW2') return undefined;
  const sizes = [bytes[at + 33], bytes.readUInt16LE(at + 12), bytes[at + 34], bytes[at + 35], bytes.readUInt16LE(at + 36), bytes.readUInt32LE(at + 8)];
  const end = at + head_size + sizes.reduce((sum, size) => sum + size, 0);
  if (end > bytes.length || crc32c(bytes.subarray(at + checked_from, end)) !== bytes.readUInt32LE(at + 4)) return undefined;
  let from = at + head_size;
  const [stream, endpoint, account, operation, args, body] = sizes.map((size) => bytes.subarray(from, (from += size)));
  return { end, stream: String(stream), endpoint: String(endpoint), account: String(account), operation: String(operation), arguments: String(args),
    sequence: bytes.readBigUInt64LE(at + 16), received_ns: bytes.readBigInt64LE(at + 24), gap: bytes[at + 32] === 2, body: Buffer.from(body) };
}

/** Every whole record of every segment, in the order of the files; a torn end is passed over. */
export function read_spool(folder) {
  const out = [];
  const number = (name) => Number(name.match(/(\d+)\.seg$/)[1]);
  const names = readdirSync(folder).filter((name) => name.endsWith('.seg')).sort((a, b) => number(a) - number(b));
  for (const name of names) {
    let bytes;
    try { bytes = readFileSync(join(folder, name)); } catch { continue; /* copied and removed meanwhile */ }
    if (bytes.toString('latin1', 0, 8) !== 'DRVRAW2\n') continue;
    for (let at = 8, record; (record = read_record(bytes, at)); at = record.end) out.push(record);
  }
  return out;
}

export const quarantined = (folder) => readdirSync(folder).filter((name) => name.endsWith('.bad'));
