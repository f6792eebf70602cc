/** What members tell each other of hosts they ask: when each is due again, in 12 bytes a host. */

/** When a host is due. */
export interface DueRecord {
  /** {@link NameKey.whole} of the host. */
  readonly key: number;
  /** From now, in milliseconds. */
  readonly dueInMs: number;
}

const recordBytes = 12;
/** 49 days. */
const mostMs = 2 ** 32 - 1;

/** As many as fit into one message of any server: 240 kB. */
export const mostRecords = 20_000;

export function packRecords(records: readonly DueRecord[]): Buffer {
  const packed = Buffer.alloc(records.length * recordBytes);
  for (const [index, { key, dueInMs }] of records.entries()) {
    packed.writeDoubleLE(key, index * recordBytes);
    const dueMs = Math.min(Math.max(0, Math.round(dueInMs)), mostMs);
    packed.writeUInt32LE(dueMs, index * recordBytes + 8);
  }
  return packed;
}

/** What is no whole record is left out. */
export function* unpackRecords(packed: Uint8Array): Generator<DueRecord> {
  const { buffer, byteOffset, byteLength } = packed;
  const view = new DataView(buffer, byteOffset, byteLength);
  for (let at = 0; at + recordBytes <= byteLength; at += recordBytes) {
    yield { key: view.getFloat64(at, true), dueInMs: view.getUint32(at + 8, true) };
  }
}
