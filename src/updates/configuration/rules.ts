/** What updates.yaml says, checked: which rules there are, and what each sets. */

import type { HostName } from '../../names/host-name.ts';
import type { HostPatterns, TagConditions } from '../../routes/route.ts';
import type { FileInFile, ScriptInFile } from './schema.ts';

export interface Updates {
  readonly path: string;
  /** Paths in the file are relative to this one. */
  readonly directory: string;
  readonly hostList: string | undefined;
  /** In the order of the file. */
  readonly rules: readonly Rule[];
}

export interface Rule {
  /** The name given to it, else what it is for. */
  readonly name: string;
  /** The line where it begins in the file. */
  readonly line: number;
  readonly conditions: Conditions;
  /** What it sets, by the names of the parameters: `agent`, `plugins.mk_apt`. */
  readonly sets: ReadonlyMap<string, Setting>;
}

/** A host must fit every one of them. */
export interface Conditions {
  /** Undefined: any name. */
  readonly hosts: HostPatterns | undefined;
  /** Undefined: in a group or not. Else in one of them. */
  readonly groups: readonly Group[] | undefined;
  readonly tags: TagConditions;
  readonly labels: TagConditions;
}

export interface Group {
  readonly name: string;
  readonly hosts: HostPatterns;
}

/** The value of one parameter, and the line it stands in. */
export interface Setting {
  readonly value: ParameterValue;
  readonly line: number;
}

/** A single value; or what is put into the release, false for left out. */
export type ParameterValue = string | number | false | ScriptInFile | FileInFile;

/** A host as the host list or the site knows it. */
export interface KnownHost {
  readonly host: HostName;
  readonly tags: readonly string[];
  /** Such as `cmk/os_family:linux`. */
  readonly labels: readonly string[];
}
