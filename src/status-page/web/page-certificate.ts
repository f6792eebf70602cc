/** The certificate of the page, which follows its files: it is renewed while we run. */

import { X509Certificate } from 'node:crypto';
import type { Server } from 'node:https';
import { CertificateEnd } from '../../certs/certificate-end.ts';
import { requirePem } from '../../certs/tls-pem.ts';
import type { Clock } from '../../clock.ts';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { FollowedFiles } from '../../files/followed-files.ts';
import type { Logger } from '../../logging/log.ts';
import { readPrivateFile, readTrustedFile } from '../../secrets/secrets.ts';
import type { PageSettings } from '../options.ts';

type Paths = NonNullable<PageSettings['tls']>;

/** What the server of the page needs. */
interface Pair {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly minVersion: 'TLSv1.2';
}

/** How often the files are looked at. */
const lookMs = 5000;
/** Certificates up to their root and a key have a few dozen kB. */
const largestBytes = 1024 * 1024;

export class PageCertificate {
  readonly #paths: Paths;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #followed: FollowedFiles;
  #server: Server | undefined;
  readonly #end: CertificateEnd;
  #notAfter: Date | undefined;

  constructor(paths: Paths, clock: Clock, log: Logger) {
    this.#paths = paths;
    this.#clock = clock;
    this.#log = log;
    this.#end = new CertificateEnd({ what: 'the certificate of the status page', clock, log });
    this.#followed = new FollowedFiles({
      files: [paths.certificate, paths.key],
      renewed: 'the certificate of the status page was read again',
      reading: 'reading the certificate of the status page',
      ...{ clock, log },
    });
  }

  /**
   * A server with the certificate as it is now.
   *
   * @throws CourierError CONFIG or LOCAL about a file
   */
  serve(make: (pair: Pair) => Server): Promise<Server> {
    return this.#followed.begin(async () => {
      const pair = await this.#read();
      this.#server = use(() => make(pair));
      this.#noteEnd(pair);
      return this.#server;
    });
  }

  /** Looks after it until the signal aborts; connections there are stay as they are. Never rejects. */
  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#notAfter !== undefined) this.#end.tell(this.#notAfter);
      await this.#clock.sleep(lookMs, signal).catch(() => undefined);
      if (!signal.aborted) await this.look();
    }
  }

  /** Takes another certificate into use where there is one. Never rejects. */
  async look(): Promise<void> {
    await this.#followed.renew(async () => {
      const pair = await this.#read();
      use(() => this.#server?.setSecureContext(pair));
      this.#noteEnd(pair);
    });
  }

  async #read(): Promise<Pair> {
    const { certificate, key: keyPath } = this.#paths;
    const reading = {
      cert: { doing: `reading --status-certificate ${certificate}`, largestBytes },
      key: { doing: `reading --status-key ${keyPath}`, largestBytes, log: this.#log },
    };
    const cert = await readTrustedFile(certificate, reading.cert);
    requirePem(cert.toString('latin1'), 'certificate', reading.cert.doing);
    const key = await readPrivateFile(keyPath, reading.key);
    requirePem(key.toString('latin1'), 'private key', reading.key.doing);
    return { cert, key, minVersion: 'TLSv1.2' };
  }

  #noteEnd({ cert }: Pair): void {
    this.#notAfter = new X509Certificate(cert).validToDate;
    this.#end.renewed();
  }
}

/** @throws CourierError CONFIG when certificate and key do not go together */
function use<Value>(make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    const why = 'certificate and key of the status page cannot be used together';
    throw new CourierError('CONFIG', `${why}: ${asCourierError(error, 'TLS').message}`, {
      cause: error,
    });
  }
}
