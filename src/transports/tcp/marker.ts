/** The two bytes an agent's answer begins with, and what they say (agent-port.md#markers). */

export const markerBytes = 2;

export type MarkerKind = 'plain' | 'symmetric' | 'tls' | 'unknown';

const kinds: Readonly<Record<string, MarkerKind>> = {
  '<<': 'plain',
  '00': 'symmetric',
  '02': 'symmetric',
  '03': 'symmetric',
  '04': 'symmetric',
  '05': 'symmetric',
  '16': 'tls',
  '99': 'symmetric',
};

/** The meaning of a marker; fewer than two bytes have no known meaning. */
export function markerKind(marker: Buffer): MarkerKind {
  const text = marker.toString('latin1', 0, markerBytes);
  return Object.hasOwn(kinds, text) ? (kinds[text] ?? 'unknown') : 'unknown';
}

/** A marker for messages, as Checkmk shows it: `b'SS'`, `b'\x16\x03'`. */
export function showMarker(marker: Buffer): string {
  const shown = Array.from(marker.subarray(0, markerBytes), (byte) =>
    byte > 0x20 && byte < 0x7f && byte !== 0x7c && byte !== 0x27
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, '0')}`,
  );
  return `b'${shown.join('')}'`;
}

/** Services that speak first, by the beginning of their greeting, and what begins like TLS. */
const services: Readonly<Record<string, string>> = {
  SS: 'an SSH server',
  '22': 'a mail or FTP server',
  '+O': 'a POP3 server',
  '* ': 'an IMAP server',
  HT: 'a web server',
  RF: 'a VNC server',
  '@R': 'an rsync daemon',
  '\x15\x03': 'a server that speaks TLS from the first byte',
  '\x16\x03': 'a server that speaks TLS from the first byte',
};

/** Which other service may have answered: a guess by two bytes, for hints. */
export function guessService(marker: Buffer): string | undefined {
  const text = marker.toString('latin1', 0, markerBytes);
  return Object.hasOwn(services, text) ? services[text] : undefined;
}
