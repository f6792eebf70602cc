/** Programs that serve in the foreground until a test has done with them. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type NetConnectOpts } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Daemon {
  /** What it has written to stderr. */
  readonly said: () => string;
  /** Ends it, by force when it does not hurry; may be called twice. */
  stop(): Promise<void>;
}

const patienceMs = 20_000;

/** Starts a program and waits until it accepts connections at `listensAt`. */
export async function startDaemon(
  program: string,
  args: readonly string[],
  listensAt: NetConnectOpts,
): Promise<Daemon> {
  const path = `${process.env['PATH']}:/usr/sbin`;
  const child = spawn(program, args, {
    env: { ...process.env, PATH: path },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = once(child, 'close');
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const stop = async () => {
    if (!hasEnded()) child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 2000);
    await ended;
    clearTimeout(timer);
  };
  const giveUpAt = performance.now() + patienceMs;
  while (!(await accepts(listensAt))) {
    if (hasEnded() || performance.now() > giveUpAt) {
      await stop();
      throw new Error(`${program} did not start: ${said}`);
    }
    await sleep(20);
  }
  return { said: () => said, stop };
}

async function accepts(at: NetConnectOpts): Promise<boolean> {
  const socket = connect(at);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
