/** Where a dialogue is held: `telnet://switch:23`, `tcp://host:11211`, `tls://host:6697`. */

import { CourierError, quote } from '../../faults/errors.ts';

export type Way = 'telnet' | 'tcp' | 'tls';

export interface DialoguePlace {
  readonly way: Way;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** For messages. */
  readonly shown: string;
}

const telnetPort = 23;

/** @throws CourierError CONFIG */
export function parseDialoguePlace(text: string): DialoguePlace {
  const [, scheme = '', host = '', port] =
    /^([a-z]+):\/\/(\[[^\]\s]+\]|[^:/?#@\s]+)(?::(\d{1,5}))?\/?$/i.exec(text) ?? [];
  const way = ways.find((one) => one === scheme.toLowerCase());
  if (way === undefined) {
    const example = 'telnet://HOST:23, tcp://HOST:PORT or tls://HOST:PORT';
    throw new CourierError('CONFIG', `dialogue must be ${example}, not ${quote(text)}`);
  }
  const number = port === undefined ? (way === 'telnet' ? telnetPort : 0) : Number(port);
  if (number < 1 || number > 65_535) {
    throw new CourierError('CONFIG', `dialogue needs a port from 1 to 65535: ${quote(text)}`);
  }
  return { way, host: toBare(host), port: number, shown: `${way}://${host}:${number}` };
}

const ways = ['telnet', 'tcp', 'tls'] as const satisfies readonly Way[];

/** A name may be percent-encoded, as places in URLs are. */
function toBare(host: string): string {
  const inner = host.startsWith('[') ? host.slice(1, -1) : host;
  try {
    return decodeURIComponent(inner);
  } catch {
    throw new CourierError('CONFIG', `dialogue names no host: ${quote(host)}`);
  }
}
