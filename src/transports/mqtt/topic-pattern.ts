/** All topics of a source at once: with a wildcard where the host is. */

import { type HostName, isHostName } from '../../names/host-name.ts';
import { decodeToken } from '../../names/name-token.ts';
import type { SourceUri } from '../source.ts';
import { decodeText } from './place.ts';

/** What a message on a topic is about. */
export interface TopicMeaning {
  readonly host: HostName;
  /** It is told that the host has gone, in the place of its output. */
  readonly isGone: boolean;
}

/** The level behind the topic of a host that has gone (mqtt.md#messages). */
const goneLevel = '/gone';

export class TopicPattern {
  /** With the level `+` where the host is in it (MQTT 5, 4.7.1.3). */
  readonly outputs: string;
  /** Where it is told that a host has gone. */
  readonly gone: string;
  /** What is around the host, once or more often. */
  readonly #around: readonly string[];

  constructor(around: readonly string[]) {
    this.#around = around;
    // No topic holds it (MQTT 5, 1.5.4).
    const levels = around.join('\0').split('/');
    this.outputs = levels.map((level) => (level.includes('\0') ? '+' : level)).join('/');
    this.gone = this.outputs + goneLevel;
  }

  /** Undefined for a topic that is of no host. */
  read(topic: string): TopicMeaning | undefined {
    const host = this.#hostIn(topic);
    if (host !== undefined) return { host, isGone: false };
    if (!topic.endsWith(goneLevel)) return undefined;
    const gone = this.#hostIn(topic.slice(0, -goneLevel.length));
    return gone && { host: gone, isGone: true };
  }

  #hostIn(topic: string): HostName | undefined {
    const [before = ''] = this.#around;
    const literal = this.#around.reduce((sum, text) => sum + text.length, 0);
    const length = (topic.length - literal) / (this.#around.length - 1);
    const token = topic.slice(before.length, before.length + length);
    if (this.#around.join(token) !== topic) return undefined;
    const name = decodeToken(token);
    return name !== undefined && isHostName(name) ? name : undefined;
  }
}

/**
 * The pattern of a source; undefined where the topic does not tell the host, or each host has a
 * broker or a user of its own.
 *
 * @throws CourierError USAGE
 */
export function findPattern(uri: SourceUri): TopicPattern | undefined {
  const { text } = uri;
  const [, authority = '', path = ''] = /^[^:]+:\/\/([^/?#]*)\/?(.*)$/s.exec(text) ?? [];
  const isOneBroker = !/\{(?:host|address)\}/.test(authority);
  if (!isOneBroker || !path.includes('{host}') || path.includes('{address}')) return undefined;
  return new TopicPattern(path.split('{host}').map(decodeText));
}
