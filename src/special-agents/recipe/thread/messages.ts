/** What the thread is asked, and what it answers. Everything here is cloned on its way. */

/** How a body is read. */
export type BodyFormat =
  | { readonly kind: 'auto'; readonly contentType: string }
  | { readonly kind: 'json' | 'xml' | 'text' }
  | { readonly kind: 'csv'; readonly separator: string }
  | { readonly kind: 'regex'; readonly pattern: string; readonly flags: string };

/** Several bodies by name make one document, an object of them. */
export interface ParseTask {
  readonly task: 'parse';
  /** The number of the document it becomes. */
  readonly document: number;
  readonly bodies: Uint8Array | Readonly<Record<string, Uint8Array>>;
  readonly format: BodyFormat;
}

/** An expression on a document; without one, on all steps by name. */
export interface EvaluateTask {
  readonly task: 'evaluate';
  readonly expression: string;
  readonly document?: number;
  /** On `{ status, headers, body }` rather than on the body alone. */
  readonly isOnAnswer?: boolean;
  readonly variables: Variables;
}

/** Makes the value of a step of what an expression picks from a document, or of all of it. */
export interface CollectTask {
  readonly task: 'collect';
  readonly step: string;
  readonly document: number;
  /** Left out: the document as it is. */
  readonly records?: string;
  /** `only`: the value is that of this document; `one of many`: the list of what each picks. */
  readonly as: 'only' | 'one of many';
  readonly variables: Variables;
  readonly mostRecords: number;
}

/** Sets the value of a step, such as one kept from an earlier run. */
export interface SetTask {
  readonly task: 'set';
  readonly name: string;
  readonly value: unknown;
}

/** All of the value of a step. */
export interface TakeTask {
  readonly task: 'take';
  readonly step: string;
}

export interface RowsTask {
  readonly task: 'rows';
  readonly each: string;
  readonly row: RowExpressions;
  /** The host that a row is for. */
  readonly piggyback?: string;
  readonly variables: Variables;
  readonly mostRows: number;
}

export type RowExpressions =
  /** `must`: keys that the JSON has to have, or the row is left out. */
  | { readonly kind: 'json'; readonly of: string; readonly must: readonly string[] }
  | { readonly kind: 'text'; readonly of: string }
  | { readonly kind: 'line'; readonly of: readonly string[] }
  | {
      readonly kind: 'service';
      readonly name: string;
      readonly state: string;
      readonly text: string;
      readonly metrics: Readonly<Record<string, string>>;
    };

export interface CheckTask {
  readonly task: 'check';
  readonly expressions: readonly string[];
}

export type Task =
  | ParseTask
  | EvaluateTask
  | CollectTask
  | SetTask
  | TakeTask
  | RowsTask
  | CheckTask;

export type Variables = Readonly<Record<string, unknown>>;

/** What an expression refers to, or why it is none. */
export interface Checked {
  /** `$nodes` → `nodes`. */
  readonly variables: readonly string[];
  /** Names that are looked up in what the expression is evaluated on. */
  readonly roots: readonly string[];
  readonly problem?: string;
}

export interface MadeRow {
  readonly host?: string;
  /** What it had to have and has not. */
  readonly lacks?: string;
  readonly row: string | readonly string[];
}

export interface Failure {
  /** `MALFORMED`: the data; `CONFIG`: the expression on this data; `TOO_LARGE`: a limit. */
  readonly code: 'MALFORMED' | 'CONFIG' | 'TOO_LARGE' | 'TIMEOUT';
  readonly message: string;
  /** Which of several expressions it was. */
  readonly expression?: string;
}

export type Outcome = { readonly value: unknown } | { readonly failure: Failure };

/** What the thread is started with. */
export interface ThreadSettings {
  /** Milliseconds since the epoch: what `$now()` says in all of a run. */
  readonly nowMs: number;
  readonly expressionMs: number;
  readonly longestText: number;
  readonly mostValues: number;
  readonly deepest: number;
}
