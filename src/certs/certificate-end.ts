/** Warns that a certificate in use is about to end. */

import type { Clock } from '../clock.ts';
import type { Logger } from '../logging/log.ts';
import { counted } from '../names/counted.ts';

const dayMs = 86_400_000;
/** From then on the log warns once a day. */
const warnBelowDays = 30;

interface Settings {
  /** Which one it is: `the certificate of the status page`. */
  readonly what: string;
  /** What is to be done, if there is more to say than that. */
  readonly remedy?: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export class CertificateEnd {
  readonly #settings: Settings;
  #toldDays: number | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Once for each day that is left. */
  tell(notAfter: Date): void {
    const { what, remedy, clock, log } = this.#settings;
    const days = Math.floor((notAfter.getTime() - clock.now()) / dayMs);
    if (days >= warnBelowDays || days === this.#toldDays) return;
    this.#toldDays = days;
    const when = days < 0 ? 'has expired' : `expires in ${counted(days, 'day')}`;
    log.warn({}, `${what} ${when}${remedy === undefined ? '' : `; ${remedy}`}`);
  }

  /** It is another one from now on. */
  renewed(): void {
    this.#toldDays = undefined;
  }
}
