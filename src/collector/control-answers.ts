/** What a collector answers at its socket. */

import { type HostName, isHostName } from '../names/host-name.ts';
import { wellWord } from './ask-status.ts';
import type { Answers } from './control-socket.ts';
import type { CollectorStatus } from './status-shape.ts';

interface Asked {
  readonly isWell: boolean;
  status(): CollectorStatus;
  whyLeft(host: HostName): string | undefined;
}

/** `left HOST` is answered with why the host is not asked by us, or with nothing. */
export function toAnswers(asked: Asked): Answers {
  return new Map([
    ['status', () => JSON.stringify(asked.status())],
    ['pulse', () => (asked.isWell ? wellWord : 'ill')],
    ['left', (name: string) => (isHostName(name) && asked.whyLeft(name)) || ''],
  ]);
}
