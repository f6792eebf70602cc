/**
 * What the status page shows, as documents: what the server computes, what the HTML is made from,
 * and what `/api/…` answers as JSON. Times are milliseconds since 1970 by the clock of the server,
 * whose time is in every document as `nowMs`; lengths of time are milliseconds. Names and lines come
 * from hosts and peers: they are text, never HTML.
 */

/** How a host is, the worst first. */
export const hostStates = ['faulty', 'silent', 'never', 'grace', 'fresh'] as const;
/**
 * `faulty`: it was asked and what came is no good, or it was refused. `silent`: nobody answers, or it
 * has sent nothing for too long. `never`: nothing was ever seen of it. `grace`: the site still gets
 * its last good output. `fresh`: all is well.
 */
export type HostState = (typeof hostStates)[number];
export type Totals = Readonly<Record<HostState, number>>;

/** A part of the program that the page shows. */
export const partNames = ['collector', 'receiver', 'updates'] as const;
export type PartName = (typeof partNames)[number];

/** Whether a part answers; what it said last is shown as long as it does not. */
export interface Part {
  readonly name: PartName;
  /** `absent`: nobody listens at its socket, which is no fault where it is not used. */
  readonly state: 'well' | 'absent' | 'ailing';
  readonly version?: string | undefined;
  readonly startedAtMs?: number | undefined;
  readonly pid?: number | undefined;
  /** When it answered last. */
  readonly heardAtMs?: number | undefined;
  /** Why it does not answer, or what troubles it (routes that are not in force, a full disk). */
  readonly troubles: readonly string[];
  /** What people should know though it does its work, such as a broker that is away. */
  readonly notices?: readonly Notice[] | undefined;
}

export interface Notice {
  readonly text: string;
  /** Since when, as far as that is known. */
  readonly sinceMs?: number | undefined;
}

export interface FaultLine {
  readonly code: string;
  /** As Checkmk shows it. */
  readonly line: string;
  readonly atMs: number;
}

/** A row of the fleet. */
export interface HostRow {
  readonly host: string;
  readonly state: HostState;
  readonly route?: string | undefined;
  /** Where the newest good output came from, or where it is asked; for a host that pushes `push`. */
  readonly source?: string | undefined;
  /** The folder of the host in Checkmk's Setup, `/` at the top. */
  readonly folder?: string | undefined;
  /** When the newest good output was produced; its age counts from here. */
  readonly producedAtMs?: number | undefined;
  readonly bytes?: number | undefined;
  /** How long the last cycle took. */
  readonly durationMs?: number | undefined;
  readonly everyMs?: number | undefined;
  /** Cycles in a row without output. */
  readonly failures: number;
  readonly fault?: FaultLine | undefined;
  readonly parts: readonly PartName[];
}

export const groupings = ['route', 'source', 'fault', 'folder'] as const;
export type Grouping = (typeof groupings)[number];
export const sortings = ['state', 'host', 'age', 'duration', 'bytes'] as const;
export type Sorting = (typeof sortings)[number];

/** What the URL of the fleet asks for, checked; unknown keys and values are left out. */
export interface FleetQuery {
  /** Only these; empty: all. */
  readonly states: readonly HostState[];
  readonly group?: Grouping | undefined;
  /** Only hosts of this group; only with `group`. */
  readonly within?: string | undefined;
  /** Part of the name of a host, or a glob; any case. */
  readonly search: string;
  readonly sort: Sorting;
  readonly isDescending: boolean;
  /** From 1. */
  readonly page: number;
}

export interface Group {
  /** What hosts of it have in common; empty for hosts that have none. */
  readonly name: string;
  readonly count: number;
  readonly totals: Totals;
}

export interface FleetDocument {
  readonly view: 'fleet';
  readonly nowMs: number;
  /** As it was understood. */
  readonly query: FleetQuery;
  readonly hostCount: number;
  /** Of all hosts, whatever the filters. */
  readonly totals: Totals;
  /** Of what the filters other than `states` leave: numbers for the bar one clicks. */
  readonly matchingTotals: Totals;
  readonly matching: number;
  readonly pages: number;
  readonly perPage: number;
  /** With `query.group`: the worst first, at most {@link FleetDocument.groupLimit}. */
  readonly groups: readonly Group[];
  readonly groupCount: number;
  readonly groupLimit: number;
  /** Hosts of this page; with `query.group` those of a group stand together. */
  readonly rows: readonly HostRow[];
  readonly parts: readonly Part[];
}

/** Equally spaced values; null where nothing was measured. */
export interface Series {
  readonly name: string;
  readonly label: string;
  readonly unit: Unit;
  /** When the first step began. */
  readonly startMs: number;
  readonly stepMs: number;
  readonly values: readonly (number | null)[];
}

export type Unit = 'count' | 'per-second' | 'seconds' | 'bytes' | 'ratio' | 'days';

/** One source of a host and its last attempt. */
export interface SourceAttempt {
  /** `chain`: asked in order until one is good; `with`: its sections are added. */
  readonly role: 'chain' | 'with';
  /** The URI as in the routes file, host and address filled in, without secrets. */
  readonly source: string;
  readonly scheme: string;
  /** `untried`: not asked since the start; `skipped`: one before it was good. */
  readonly outcome: 'good' | 'fault' | 'skipped' | 'untried';
  readonly atMs?: number | undefined;
  readonly durationMs?: number | undefined;
  readonly code?: string | undefined;
  readonly line?: string | undefined;
  readonly bytes?: number | undefined;
  /** Of what it gave: when it was produced. */
  readonly producedAtMs?: number | undefined;
}

export interface Section {
  readonly name: string;
  readonly bytes: number;
  /** Of a cached section: when it was made, and for how long it is good. */
  readonly cachedAtMs?: number | undefined;
  readonly cachedForMs?: number | undefined;
}

export interface Piggybacked {
  readonly host: string;
  readonly sections: number;
  readonly bytes: number;
}

/** A fact in words, for lists of what is known about a host. */
export interface Fact {
  readonly label: string;
  readonly value: string;
  /** A moment that goes with it, shown as an age or a date. */
  readonly atMs?: number | undefined;
  readonly level?: Level | undefined;
}

export type Level = 'ok' | 'warn' | 'bad';

export interface HostDocument {
  readonly view: 'host';
  readonly nowMs: number;
  readonly host: string;
  readonly row: HostRow;
  /** What the site gets at the moment; undefined for hosts that are not collected. */
  readonly served?: 'output' | 'grace' | 'fault' | 'nothing' | undefined;
  readonly backoff?: 'none' | 'waiting' | 'retrying' | undefined;
  readonly isRunning: boolean;
  readonly nextDueAtMs?: number | undefined;
  readonly address?: string | undefined;
  readonly sources: readonly SourceAttempt[];
  readonly series: readonly Series[];
  /** Of the newest output that is kept; at most some hundreds, `sectionCount` says how many. */
  readonly sections: readonly Section[];
  readonly sectionCount: number;
  readonly piggybacked: readonly Piggybacked[];
  readonly piggybackedCount: number;
  /** What the newest output loses, and why sections cannot be shown. */
  readonly remarks: readonly string[];
  readonly seal: readonly Fact[];
  /** The relay that brings it. */
  readonly relayed: readonly Fact[];
  readonly registration: readonly Fact[];
  readonly update: readonly Fact[];
  /** What the receiver refused last of this host. */
  readonly refusal?: FaultLine | undefined;
  readonly actions: Actions;
  /** Of the doctor that was asked for last, until it is asked for again. */
  readonly doctor?: DoctorRun | undefined;
  readonly parts: readonly Part[];
}

/** What this page may do; all false unless it was started with `--status-actions`. */
export interface Actions {
  readonly fetch: boolean;
  readonly doctor: boolean;
}

export interface DoctorRun {
  readonly state: 'running' | 'done' | 'failed';
  readonly startedAtMs: number;
  readonly endedAtMs?: number | undefined;
  /** Who asked. */
  readonly by: string;
  /** The report, plain text of many lines; of a failed run why. */
  readonly report: string;
}

/** One number of the operations, with its day. */
export interface Figure {
  readonly name: string;
  readonly label: string;
  readonly unit: Unit;
  readonly value: number;
  readonly level: Level;
  /** Words beside it, such as the limit that goes with it. */
  readonly note?: string | undefined;
  readonly series?: Series | undefined;
}

/** A table of the operations; a cell that is a number is shown with the unit of its column. */
export interface OperationsTable {
  readonly name: string;
  readonly title: string;
  readonly columns: readonly {
    readonly label: string;
    readonly unit?: Unit | 'moment' | undefined;
  }[];
  readonly rows: readonly { readonly level: Level; readonly cells: readonly (string | number)[] }[];
  /** What stands there when there are no rows. */
  readonly whenEmpty: string;
  /** How many there are, which may be more than are shown. */
  readonly count: number;
}

/** What belongs to one part: cycles, lanes, breakers; refusals, handshakes; stages. */
export interface Panel {
  readonly name: string;
  readonly title: string;
  readonly part: PartName;
  readonly figures: readonly Figure[];
  readonly tables: readonly OperationsTable[];
}

export interface OperationsDocument {
  readonly view: 'operations';
  readonly nowMs: number;
  readonly panels: readonly Panel[];
  readonly parts: readonly Part[];
}

export type Document = FleetDocument | HostDocument | OperationsDocument;
