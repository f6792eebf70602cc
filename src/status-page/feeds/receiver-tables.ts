/** Relays, certificates of hosts and the stages of a rollout, as the receiver's panel lists them. */

import type { Clock } from '../../clock.ts';
import { describeSkew } from '../../collector/relay-lines.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import type { RelayStatus } from '../../relay/status.ts';
import type { RolloutOverview, StageOverview } from '../../updates/rollout/overview.ts';
import type { Level, OperationsTable } from '../model.ts';
import {
  certificateColumns,
  type HostCertificate,
  toCertificateTable,
} from './host-certificates.ts';

/** What the receiver finds on disk. */
export interface OnDisk {
  readonly relays: () => Promise<readonly RelayStatus[]>;
  readonly certificates: () => Promise<readonly HostCertificate[]>;
  /** `none` where no rollout was ever begun; undefined where updates are not set up. */
  readonly rollout: () => Promise<RolloutOverview | 'none' | undefined>;
}

type Row = OperationsTable['rows'][number];
type Listed = Pick<OperationsTable, 'rows'> & Partial<Pick<OperationsTable, 'title' | 'count'>>;

/** The file of every host is read for the stages and for the certificates. */
const againMs = 60_000;
/** A panel does not wait longer for what is read; it shows what was known before. */
const patienceMs = 1000;
const mostRows = 100;

/** Metrics that the table of relays shows. */
export const relayMetrics = ['relay_last_contact_seconds', 'relay_hosts', 'relay_waiting'];

export const relayColumns: OperationsTable['columns'] = [
  ...[{ label: 'Relay' }, { label: 'State' }, { label: 'Address' }],
  ...[
    { label: 'Hosts', unit: 'count' as const },
    { label: 'Waiting', unit: 'count' as const },
  ],
  ...[{ label: 'Last contact', unit: 'moment' as const }, { label: 'Version' }],
];

const stageColumns = [
  ...[{ label: 'Stage' }, { label: 'Share', unit: 'ratio' }, { label: 'State' }],
  ...[
    { label: 'Hosts', unit: 'count' },
    { label: 'Installed', unit: 'count' },
  ],
  ...[
    { label: 'Failed', unit: 'count' },
    { label: 'Silent', unit: 'count' },
  ],
  ...[{ label: 'Waiting', unit: 'count' }, { label: 'In words' }],
] as const;

export class ReceiverTables {
  readonly #relays: Kept;
  readonly #certificates: Kept;
  readonly #stages: Kept;
  readonly #clock: Clock;

  constructor({ relays, certificates, rollout }: OnDisk, clock: Clock) {
    this.#clock = clock;
    const listCertificates = async () => toCertificateTable(await certificates(), clock.now());
    this.#certificates = new Kept(listCertificates, againMs, clock);
    this.#relays = new Kept(async () => ({ rows: (await relays()).map(toRelay) }), 5000, clock);
    this.#stages = new Kept(
      async () => {
        const found = await rollout();
        return found === undefined ? undefined : listStages(found);
      },
      againMs,
      clock,
    );
  }

  /** Never rejects: what cannot be read is a row that says so. */
  async list(signal: AbortSignal): Promise<readonly OperationsTable[]> {
    const all = [this.#relays, this.#certificates, this.#stages];
    const reading = Promise.all(all.map((kept) => kept.read()));
    const patience = this.#clock.sleep(patienceMs, signal).catch(() => undefined);
    await Promise.race([reading, patience]);
    const relays = this.#relays.newest ?? { rows: [] };
    const certificates = this.#certificates.newest ?? { rows: [] };
    const stages = this.#stages.newest;
    return [
      {
        ...{ name: 'relays', title: 'Relays', whenEmpty: 'No relay has sent anything.' },
        ...toTable(relays, relayColumns),
      },
      {
        ...{ name: 'certificates', title: 'Certificates of hosts' },
        ...{ whenEmpty: 'No host has one.', ...toTable(certificates, certificateColumns) },
      },
      ...(stages === undefined
        ? []
        : [
            {
              ...{ name: 'stages', title: stages.title ?? 'Rollout of agents' },
              ...{ whenEmpty: 'No rollout was begun.', ...toTable(stages, stageColumns) },
            },
          ]),
    ];
  }
}

function toTable({ rows, count = rows.length }: Listed, columns: OperationsTable['columns']) {
  return { columns, rows: rows.slice(0, mostRows), count };
}

/** What was read last, and is read again when it is too old. */
class Kept {
  newest: Listed | undefined;
  readonly #load: () => Promise<Listed | undefined>;
  readonly #againMs: number;
  readonly #clock: Clock;
  #readMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(load: () => Promise<Listed | undefined>, again: number, clock: Clock) {
    this.#load = load;
    this.#againMs = again;
    this.#clock = clock;
  }

  async read(): Promise<void> {
    if (this.#clock.monotonic() - this.#readMs < this.#againMs) return;
    this.#reading ??= this.#readNow().finally(() => {
      this.#readMs = this.#clock.monotonic();
      this.#reading = undefined;
    });
    await this.#reading;
  }

  async #readNow(): Promise<void> {
    try {
      this.newest = await this.#load();
    } catch (thrown) {
      const { message } = asCourierError(thrown, 'looking');
      this.newest = { rows: [{ level: 'bad', cells: [message] }] };
    }
  }
}

function toRelay(status: RelayStatus): Row {
  const { relay, silence, refusal, address, hosts, waiting, skewMs, lastContactAt, version } =
    status;
  const contactMs = Date.parse(lastContactAt);
  const refused = refusal === undefined ? '' : `, refused since: ${refusal}`;
  const skew = describeSkew(skewMs, 'its', 'ours');
  const isWell = refused === '' && skew === '';
  return {
    level: silence === undefined ? (isWell ? 'ok' : 'warn') : 'bad',
    cells: [
      relay,
      `${silence ?? `well${refused}`}${skew}`,
      address,
      hosts,
      waiting,
      contactMs,
      version,
    ],
  };
}

function listStages(rollout: RolloutOverview | 'none'): Listed {
  if (rollout === 'none') return { rows: [] };
  const { id, state, hold, words } = rollout;
  const why = hold === null ? words : `held by ${hold.by}: ${hold.why}`;
  return {
    title: `Rollout ${id}: ${state === 'running' ? why : `${state}, ${why}`}`,
    rows: rollout.stages.map((stage) => toStage(stage, state)),
  };
}

function toStage(stage: StageOverview, state: RolloutOverview['state']): Row {
  const { name, share, isOpen, hosts, installed, failed, silent, waiting, words } = stage;
  const level: Level = failed > 0 ? 'bad' : state === 'held' || silent > 0 ? 'warn' : 'ok';
  const where = isOpen ? 'open' : 'not open';
  return {
    level,
    cells: [name, share, where, hosts, installed, failed, silent, waiting, words],
  };
}
