/** A way to the host: the source address that the system chooses, and ICMP. */

import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { CourierError } from '../../faults/errors.ts';
import { errorCode } from '../../faults/system-errors.ts';
import { runProgram } from '../../system/program/run-program.ts';
import type { AgentPlace } from '../../transports/tcp/place.ts';
import { unusable } from './address.ts';
import type { Learned, Scene, SiteFinding } from './scene.ts';

/** One family with a way is enough: the port is tried by both. */
export async function lookAtRoute({ place, otherPlace }: Partial<Learned>): Promise<SiteFinding> {
  if (place === undefined) throw new CourierError('LOCAL', 'there is no address');
  const places = otherPlace === undefined ? [place] : [place, otherPlace];
  const [first, ...others] = await Promise.all(places.map(findSource));
  const second = others.find(({ from }) => from !== undefined);
  if (first?.from !== undefined) {
    const facts = { from: first.from, from_other: second?.from };
    return { status: 'ok', text: `from ${first.from}`, facts };
  }
  const said = first?.error === undefined ? {} : { rawError: first.error };
  if (second?.from === undefined) {
    return { status: 'fault', code: 'no-route', text: 'no source address', ...said };
  }
  const text = `no source address for ${place.address}; from ${second.from} to ${second.address}`;
  const facts = { from_other: second.from };
  return { status: 'warning', code: 'no-route', text, ...said, facts };
}

interface Source {
  readonly address: string;
  /** Undefined where there is no way. */
  readonly from?: string;
  readonly error?: string;
}

/** The system chooses a source address for a datagram socket; nothing is sent. */
async function findSource({ address, port }: AgentPlace): Promise<Source> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  try {
    const from = await new Promise<string>((done, fail) => {
      socket.once('error', fail);
      socket.connect(port, address, () => done(socket.address().address));
    });
    return unusable.test(from) ? { address } : { address, from };
  } catch (error) {
    return { address, error: errorCode(error) ?? String(error) };
  } finally {
    socket.close();
  }
}

/** Never a fault: many networks forbid it, and few machines let everybody send it. */
export async function lookAtPing(
  { context: { env } }: Scene,
  { place }: Partial<Learned>,
  signal: AbortSignal,
): Promise<SiteFinding> {
  const args = ['-n', '-c', '1', '-W', '1', place?.address ?? ''];
  const call = { program: 'ping', args, env, maxOutputBytes: 65_536 };
  const { code } = await runProgram(call, signal);
  return code === 0
    ? { status: 'ok', text: 'answers' }
    : { status: 'unknown', text: 'no answer; that is forbidden in many networks' };
}
