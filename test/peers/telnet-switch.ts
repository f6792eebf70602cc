/** A switch that is spoken with over telnet, and everything that such peers do to those who ask. */

import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';

const [iac, dont, doIt, wont, will, sb, se] = [255, 254, 253, 252, 251, 250, 240];

/** Where it stops to answer. */
export type Hang = 'connect' | 'login' | 'password' | 'prompt' | 'answer' | 'page' | 'end';

export interface Manners {
  readonly hang?: Hang;
  readonly closeAt?: Hang;
  /** Refuses the login, and how. */
  readonly refuses?: 'asks again' | 'closes' | 'waits';
  /** Options it asks for: `[verb, option]`. */
  readonly negotiates?: readonly (readonly [number, number])[];
  /** Bytes a packet; each has a packet of its own then. */
  readonly packetBytes?: number;
  readonly coloured?: boolean;
  readonly banner?: string;
  readonly answers?: Readonly<Record<string, string>>;
  /** Lines a page; `terminal length 0` ends the pager. */
  readonly page?: number;
  readonly prompt?: string;
  /** Speaks without telnet. */
  readonly raw?: boolean;
}

export const everyOption = [
  ...[1, 3, 24, 31, 32, 33, 34, 35, 36, 37, 38, 39].map((option) => [253, option] as const),
  ...[0, 1, 3, 5, 6, 38].map((option) => [251, option] as const),
];

const versionAnswer = 'Example OS 15.2\r\nuptime is 3 weeks\r\n';

export class TelnetSwitch {
  readonly #manners: Manners;
  readonly #server = createServer((socket) => void this.#serve(socket));
  readonly #sockets = new Set<Socket>();
  /** Every byte that came, without the protocol's. */
  readonly said: string[] = [];
  /** Commands of the protocol that came: `WONT 24`. */
  readonly negotiated: string[] = [];

  constructor(manners: Manners = {}) {
    this.#manners = manners;
  }

  async start(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address() as AddressInfo;
    return address.port;
  }

  /** How many connections there are. */
  get open(): number {
    return this.#sockets.size;
  }

  async end(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
    socket.setNoDelay(true);
    const session = new Session(socket, this.#manners, this);
    await session.run().catch(() => socket.destroy());
  }
}

class Session {
  readonly #socket: Socket;
  readonly #manners: Manners;
  readonly #log: TelnetSwitch;
  readonly #lines: string[] = [];
  #typed = '';
  #wake: () => void = () => undefined;
  #isEchoing = true;
  #saying = Promise.resolve();
  #page: number;

  constructor(socket: Socket, manners: Manners, log: TelnetSwitch) {
    this.#socket = socket;
    this.#manners = manners;
    this.#log = log;
    this.#page = manners.page ?? 0;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
  }

  async run(): Promise<void> {
    const { banner = '', negotiates = [], raw, prompt = 'sw1# ', answers = {} } = this.#manners;
    if (await this.#stopsAt('connect')) return;
    if (!raw) {
      this.#socket.write(Buffer.from(negotiates.flatMap(([verb, option]) => [iac, verb, option])));
      this.#socket.write(Buffer.from([iac, sb, 24, 1, iac, iac, 7, iac, se, iac, 241]));
      await this.#login(banner);
    }
    if (await this.#stopsAt('prompt')) return;
    if (!raw) await this.#say(this.#colour(prompt));
    for (;;) {
      const line = await this.#line();
      if (line === 'exit' || line === 'quit') return void this.#socket.end();
      if (line === 'terminal length 0') this.#page = 0;
      if (await this.#stopsAt('answer')) return;
      const all = { 'show version': versionAnswer, 'terminal length 0': '', ...answers };
      const answer = Object.hasOwn(all, line)
        ? Reflect.get(all, line)
        : `% Invalid input: ${line}\r\n`;
      await this.#answer(answer);
      if (await this.#stopsAt('end')) return;
      if (!raw) await this.#say(this.#colour(prompt));
    }
  }

  async #login(banner: string): Promise<void> {
    await this.#say(banner);
    for (;;) {
      if (await this.#stopsAt('login')) return new Promise(() => undefined);
      await this.#say('\r\nlogin: ');
      await this.#line();
      if (await this.#stopsAt('password')) return new Promise(() => undefined);
      this.#isEchoing = false;
      await this.#say('Password: ');
      const password = await this.#line();
      this.#isEchoing = true;
      await this.#say('\r\n');
      const { refuses } = this.#manners;
      if (refuses === undefined && password === 'right-horse') return;
      await this.#say('Login incorrect\r\n');
      if (refuses === 'closes') this.#socket.end();
      if (refuses === 'closes' || refuses === 'waits') return new Promise(() => undefined);
    }
  }

  async #answer(text: string): Promise<void> {
    const lines = text.split(/(?<=\n)/);
    for (const [index, line] of lines.entries()) {
      if (this.#page > 0 && index > 0 && index % this.#page === 0) {
        if (await this.#stopsAt('page')) return new Promise(() => undefined);
        await this.#say('\x1b[7m--More--\x1b[m');
        await this.#key();
        await this.#say(`${'\b'.repeat(8)}${' '.repeat(8)}${'\b'.repeat(8)}`);
      }
      await this.#say(this.#colour(line));
    }
  }

  #colour(text: string): string {
    if (!this.#manners.coloured || text === '') return text;
    return `\x1b]0;sw1\x07\x1b[?2004h\x1b[1;32m${text}\x1b[0m`;
  }

  /** Whether it goes on no more. */
  async #stopsAt(at: Hang): Promise<boolean> {
    if (this.#manners.closeAt === at) this.#socket.end();
    if (this.#manners.closeAt !== at && this.#manners.hang !== at) return false;
    return true;
  }

  /** One after the other: an echo waits until what is being said is out. */
  #say(text: string): Promise<void> {
    this.#saying = this.#saying.then(() => this.#sayNow(text));
    return this.#saying;
  }

  async #sayNow(text: string): Promise<void> {
    const bytes = Buffer.from(text, 'latin1');
    const doubled = this.#manners.raw
      ? bytes
      : Buffer.from([...bytes].flatMap((byte) => (byte === iac ? [iac, iac] : [byte])));
    const { packetBytes } = this.#manners;
    if (packetBytes === undefined) return void this.#socket.write(doubled);
    for (let at = 0; at < doubled.length; at += packetBytes) {
      this.#socket.write(doubled.subarray(at, at + packetBytes));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #take(bytes: Buffer): void {
    const data: number[] = [];
    for (let at = 0; at < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte !== iac || this.#manners.raw) data.push(byte);
      else if (bytes[at + 1] === iac) {
        data.push(iac);
        at += 1;
      } else {
        const verb = { [dont]: 'DONT', [doIt]: 'DO', [wont]: 'WONT', [will]: 'WILL' }[
          bytes[at + 1] ?? 0
        ];
        this.#log.negotiated.push(`${verb} ${bytes[at + 2]}`);
        at += 2;
      }
    }
    const text = Buffer.from(data).toString('latin1').replaceAll('\0', '');
    this.#log.said.push(text);
    this.#typed += text;
    if (this.#isEchoing && !this.#manners.raw) {
      void this.#say(text.replace(/\r\n?/g, '\r\n'));
    }
    this.#wake();
  }

  async #line(): Promise<string> {
    return this.#until(/^(.*?)(?:\r\n|\r|\n)/s);
  }

  async #key(): Promise<string> {
    return this.#until(/^(.)/s);
  }

  async #until(pattern: RegExp): Promise<string> {
    for (;;) {
      const [all, found = ''] = pattern.exec(this.#typed) ?? [];
      if (all !== undefined) {
        this.#typed = this.#typed.slice(all.length);
        this.#lines.push(found);
        return found;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
