/** Agent output from a request into the spool: limits → body → unpack → form → piggyback → safe. */

import { parseAgentOutput } from '../agent-output/parser.ts';
import type { Problem } from '../agent-output/problems.ts';
import { describeLosses, kindsOf, requireForm } from '../agent-output/validator.ts';
import type { Clock } from '../clock.ts';
import { CourierError } from '../faults/errors.ts';
import { News } from '../logging/news.ts';
import type { HostName } from '../names/host-name.ts';
import type { SealBook } from '../sealing/seal-book.ts';
import { describeOlder } from '../spool/newest.ts';
import type { Spool } from '../spool/spool.ts';
import { neverAborts } from '../system/never-aborts.ts';
import { withTimeLimit } from '../system/time-limit.ts';
import { decompress, type OutputLimit } from '../wrapping/decompress.ts';
import { recogniseCompression } from '../wrapping/first-bytes.ts';
import { unwrap } from '../wrapping/unwrap.ts';
import { type BodyLimits, readBody } from './body.ts';
import type { Exchange, Note } from './exchange.ts';
import { Budget, Gate, Slots } from './limits.ts';
import type { Metrics } from './metrics.ts';
import type { Settings } from './options.ts';
import { patternsMatcher } from './patterns.ts';
import { Refusal } from './refusal.ts';
import {
  describeOlderDrop,
  type LookContext,
  type LookedAt,
  lookAtSeal,
  requireSealedPiggyback,
} from './sealed-upload.ts';
import { type Counted, UploadRates } from './upload-rates.ts';

/** The sender and its rights. */
export interface Sender extends Counted {
  /**
   * Asked when all has come: names or patterns its piggyback may be for. Throws a Refusal when its
   * access has been revoked since the request began.
   */
  readonly confirm: () => Promise<readonly string[]>;
  /** Kept with the output, such as `upload user admin`. */
  readonly origin: string;
  readonly producedAt: Date | undefined;
}

/** How the output is extracted from a body. */
export type Unpack = (body: Buffer, unpacker: Unpacker) => Promise<Buffer>;

export interface Unpacker {
  /** Decompresses what must be compressed in that way. */
  inflate(bytes: Buffer, how: 'gzip' | 'zlib' | 'zstd'): Promise<Buffer>;
  /** Decompresses what shows in its first bytes that it is compressed. */
  unwrap(bytes: Buffer): Promise<Buffer>;
}

/** Where output goes, and how it is decided whether it is believed. */
export interface Surroundings {
  readonly settings: Settings;
  readonly spool: Pick<Spool, 'put'>;
  readonly seals: SealBook;
}

const marker = Buffer.from('<<<<');

export class Intake {
  readonly #settings: Settings;
  readonly #spool: Pick<Spool, 'put'>;
  readonly #seals: SealBook;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #slots: Slots;
  readonly #memory: Budget;
  readonly #rates: UploadRates;
  readonly #news = new News();
  /**
   * A decompression bomb takes all allowed memory while it is unpacked, so few are unpacked at
   * once.
   */
  readonly #unpacking: Gate;

  constructor({ settings, spool, seals }: Surroundings, clock: Clock, metrics: Metrics) {
    this.#settings = settings;
    this.#spool = spool;
    this.#seals = seals;
    this.#clock = clock;
    this.#metrics = metrics;
    this.#slots = new Slots(settings.maxUploads, settings.senderUploads);
    this.#memory = new Budget(settings.maxMemory);
    this.#unpacking = new Gate(2, settings.maxUploads);
    this.#rates = new UploadRates(settings, clock);
  }

  /** The outputs that are being received, and the memory they take. */
  get load(): { readonly uploads: number; readonly bytes: number } {
    return { uploads: this.#slots.used, bytes: this.#memory.used };
  }

  /**
   * Resolves when the output is safe on disk.
   *
   * @throws Refusal, or a CourierError of the checks and the spool
   */
  async receive(exchange: Exchange, sender: Sender, unpack: Unpack): Promise<void> {
    this.#rates.count(sender);
    await this.#readBody(exchange, keyOf(sender), async (body) => {
      await this.#takeUnpacked(await unpack(body, this.#unpacker), sender, exchange.note);
    });
  }

  /**
   * Reads a body that holds outputs of several hosts, packed with gzip. What `use` takes out of it
   * goes through {@link takeIn}.
   *
   * @param by who sends it
   * @throws Refusal
   */
  async receiveSeveral<Result>(
    exchange: Exchange,
    by: string,
    use: (content: Buffer) => Promise<Result>,
  ): Promise<Result> {
    return this.#readBody(exchange, by, async (body) => {
      const content = await this.#unpacker.inflate(body, 'gzip');
      this.#memory.take(content.length);
      try {
        return await use(content);
      } finally {
        this.#memory.giveBack(content.length);
      }
    });
  }

  /**
   * Takes one output, which a relay has brought with others. Resolves when it is safe on disk.
   *
   * @throws Refusal, or a CourierError of the checks and the spool
   */
  async takeIn(packed: Buffer, sender: Sender, note: Note): Promise<void> {
    this.countRelayed(sender);
    await this.#takeUnpacked(await this.#unpacker.unwrap(packed), sender, note);
  }

  /** @throws Refusal 429 */
  countRelayed(counted: Counted): void {
    this.#rates.countRelayed(counted);
  }

  async #readBody<Result>(
    exchange: Exchange,
    key: string,
    use: (body: Buffer) => Promise<Result>,
  ): Promise<Result> {
    const giveBack = this.#slots.take(key);
    try {
      const body = await readBody(exchange, this.#bodyLimits, this.#memory);
      try {
        exchange.note.bytes = body.bytes.length;
        return await use(body.bytes);
      } finally {
        body.release();
      }
    } finally {
      giveBack();
    }
  }

  async #takeUnpacked(output: Buffer, sender: Sender, note: Note): Promise<void> {
    const losses = await this.#accept(output, sender, note);
    if (losses.length > 0) {
      note.losses = describeLosses(losses);
    }
    if (this.#news.isNew(sender.host, kindsOf(losses))) {
      note.warning ??= 'served, with losses';
    }
  }

  get #bodyLimits(): BodyLimits {
    const { maxRequest, requestTimeout, stallTimeout } = this.#settings;
    return { maxBytes: maxRequest, deadlineMs: requestTimeout, stallMs: stallTimeout };
  }

  get #unpacker(): Unpacker {
    const { maxSize: maxOutputBytes, requestTimeout: timeoutMs } = this.#settings;
    const limit = { clock: this.#clock, timeoutMs, tooSlow: 'the body is not unpacked' };
    const run = (work: (limit: OutputLimit) => Promise<Buffer>) =>
      this.#unpacking.run(() =>
        // It is not aborted: it ends soon enough by itself.
        withTimeLimit(limit, neverAborts, (signal) =>
          work({ maxOutputBytes, signal }).catch((error: unknown) => {
            throw toUnpackRefusal(error);
          }),
        ),
      );
    return {
      inflate: (bytes, how) => run((limit) => decompress(bytes, how, limit)),
      // Nearly all output comes as it is: it need not wait for what is unpacked.
      unwrap: (bytes) =>
        recogniseCompression(bytes) === undefined
          ? unwrap(bytes, { maxOutputBytes, signal: neverAborts }, { keepsSeal: true })
          : run((limit) => unwrap(bytes, limit, { keepsSeal: true })),
    };
  }

  /** @returns what some version of the site drops of it */
  async #accept(output: Buffer, sender: Sender, note: Note): Promise<readonly Problem[]> {
    const { host, origin } = sender;
    const { maxSize, maxSkew } = this.#settings;
    requireSize(output, maxSize);
    const seal = await lookAtSeal(output, host, this.#lookContext);
    const losses = await this.#acceptInside(seal, sender);
    this.#memory.take(output.length);
    const startedAt = this.#clock.monotonic();
    try {
      const receivedAt = new Date(this.#clock.now());
      const producedAt = seal.producedAt ?? sender.producedAt ?? receivedAt;
      const arrived = { host, output, producedAt, receivedAt, origin };
      const newer = seal.isOlder ? undefined : await this.#spool.put(arrived, maxSkew);
      if (seal.isOlder) note.dropped = describeOlderDrop(seal);
      if (newer !== undefined) note.dropped = describeOlder({ producedAt }, newer);
    } finally {
      this.#memory.giveBack(output.length);
    }
    if (note.dropped !== undefined) this.#metrics.countDropped();
    else this.#metrics.countUpload(output.length, this.#clock.monotonic() - startedAt);
    return losses;
  }

  get #lookContext(): LookContext {
    const { maxSkew: maxSkewMs } = this.#settings;
    const nowMs = this.#clock.now();
    return { book: this.#seals, nowMs, maxSkewMs, unpacker: this.#unpacker };
  }

  /**
   * Output in a sealed drop is checked by the same rules as any other, when it can be read here.
   */
  async #acceptInside(seal: LookedAt, sender: Sender): Promise<readonly Problem[]> {
    const { lenient, strict, maxSize } = this.#settings;
    const { host } = sender;
    const { inside } = seal;
    if (inside === undefined) {
      await sender.confirm();
      return [];
    }
    requireSize(inside, maxSize);
    const losses = requireForm(inside, { lenient, strict, host });
    const names = findPiggyback(inside, host);
    await requireSealedPiggyback(names, host, seal, this.#seals);
    requirePiggyback(names, host, await sender.confirm());
    return losses;
  }
}

function keyOf({ name, host }: Counted): string {
  return `${name} ${host}`;
}

/**
 * Refuses for good: sending again does not help while the program that unpacks is not installed.
 */
function toUnpackRefusal(error: unknown): unknown {
  if (!(error instanceof CourierError) || error.code !== 'LOCAL') return error;
  return new Refusal('unknown-encoding', error.message, { cause: error });
}

function requireSize(output: Buffer, maxSize: number): void {
  if (output.length <= maxSize) return;
  const message = `the output has ${output.length} bytes, allowed are ${maxSize}`;
  throw new Refusal('too-large', message);
}

/** Output without any such header, nearly all of it, need not be parsed once more. */
function findPiggyback(output: Buffer, host: HostName): readonly string[] {
  return output.includes(marker) ? parseAgentOutput(output, host).piggybackedHosts : [];
}

/**
 * @throws Refusal when there is piggyback for a host the sender may not write for: it would reach
 * that host as if it were its own. A block for the host itself is its own.
 */
function requirePiggyback(
  names: readonly string[],
  host: HostName,
  allowed: readonly string[],
): void {
  const isAllowed = patternsMatcher(allowed);
  const foreign = names.find((name) => name !== host && !isAllowed(name));
  if (foreign !== undefined) {
    throw new Refusal('forbidden', `there is piggyback for ${foreign}, which is not allowed here`);
  }
}
