/** A server that says what a follower of a stream wants to hear, and then sends what a test wants. */

import type { Socket } from 'node:net';
import { type HostileServer, startHostileServer } from '../../helpers/hostile-server.ts';

/** Sends one message to the follower; false when the socket has enough for now. */
export type Send = (subject: string, reply: string, body: string) => boolean;

/** What comes for the first question for messages. */
export type Script = (send: Send, socket: Socket) => void;

/** The subject for answers of the message `sequence` of a consumer, which says where it lies. */
export function toPlace(sequence: number): string {
  return `$JS.ACK.COURIER.c.1.${sequence}.${sequence}.${Date.now()}000000.0`;
}

interface Published {
  readonly subject: string;
  readonly inbox: string;
  readonly payload: string;
}

export function startScriptedStream(script: Script): Promise<HostileServer> {
  const info = { version: '2.10.9', headers: true, max_payload: 8_388_608, server_id: 'x' };
  const conversations = new WeakMap<Socket, Conversation>();
  return startHostileServer(
    (socket, said) => {
      const conversation = conversations.get(socket) ?? new Conversation(socket, script);
      conversations.set(socket, conversation);
      if (said === '') socket.write(`INFO ${JSON.stringify(info)}\r\n`);
      else conversation.hear(said);
    },
    { speaksFirst: true },
  );
}

class Conversation {
  readonly #socket: Socket;
  readonly #script: Script;
  readonly #subscriptions = new Map<string, string>();
  #heard = '';
  #hasBegun = false;

  constructor(socket: Socket, script: Script) {
    this.#socket = socket;
    this.#script = script;
  }

  hear(said: string): void {
    this.#heard += said;
    for (;;) {
      const [whole, line = '', bytes] = /^(.*?(?: (\d+))?)\r\n/.exec(this.#heard) ?? [];
      if (whole === undefined) return;
      const [verb = '', subject = '', inbox = ''] = line.split(' ');
      const isPublished = /^H?PUB$/.test(verb);
      const length = whole.length + (isPublished ? Number(bytes) + 2 : 0);
      if (this.#heard.length < length) return;
      const payload = this.#heard.slice(whole.length, length - 2);
      this.#heard = this.#heard.slice(length);
      if (verb === 'PING') this.#socket.write('PONG\r\n');
      if (verb === 'SUB') this.#subscriptions.set(subject, line.split(' ').at(-1) ?? '');
      if (isPublished) this.#answer({ subject, inbox, payload });
    }
  }

  #answer({ subject, inbox, payload }: Published): void {
    const created = new Date().toISOString();
    const begun = { stream_name: 'COURIER', name: 'c', created, num_pending: 1 };
    const delivered = { consumer_seq: 0, stream_seq: 0 };
    if (subject.includes('.STREAM.INFO.')) {
      this.#say(inbox, { config: { name: 'COURIER' }, state: { last_seq: 1 }, created });
    } else if (/\.CONSUMER\.(?:CREATE|INFO)\./.test(subject)) {
      const config = /"config":(\{.*\})/.exec(payload) === null ? {} : JSON.parse(payload).config;
      this.#say(inbox, { ...begun, config, delivered, ack_floor: delivered });
    } else if (subject.includes('.MSG.NEXT.') && !this.#hasBegun) {
      this.#hasBegun = true;
      this.#script((...message) => this.#send(inbox, message), this.#socket);
    }
  }

  #say(inbox: string, answer: object): void {
    const text = JSON.stringify(answer);
    this.#socket.write(`MSG ${inbox} ${this.#idOf(inbox)} ${text.length}\r\n${text}\r\n`);
  }

  #send(inbox: string, [subject, reply, body]: Parameters<Send>): boolean {
    const address = `${subject} ${this.#idOf(inbox)} ${reply}`.trim();
    return this.#socket.write(`MSG ${address} ${body.length}\r\n${body}\r\n`);
  }

  #idOf(inbox: string): string {
    const fits = (wanted: string) =>
      wanted === inbox || (/[*>]$/.test(wanted) && inbox.startsWith(wanted.slice(0, -1)));
    return [...this.#subscriptions].find(([wanted]) => fits(wanted))?.[1] ?? '1';
  }
}
