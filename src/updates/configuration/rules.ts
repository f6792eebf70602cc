/** What updates.yaml says, checked: which rules there are, and what each sets. */

import type { YamlProblem } from '../../cli/yaml-file.ts';
import type { ChosenHost, Condition } from './conditions.ts';
import type { FileInFile, ScriptInFile } from './schema.ts';
import type { StageRule } from './stages.ts';

export interface Updates {
  readonly path: string;
  /** Paths in the file are relative to this one. */
  readonly directory: string;
  readonly hostList: string | undefined;
  /** In the order of the file. */
  readonly rules: readonly Rule[];
  /** Undefined: hosts get what is published all at once. */
  readonly stages: readonly StageRule[] | undefined;
  /** What is valid, and hardly meant. */
  readonly warnings: readonly YamlProblem[];
}

export interface Rule {
  /** The name given to it, else what it is for. */
  readonly name: string;
  /** The line where it begins in the file. */
  readonly line: number;
  /** A host must fit every one of them. */
  readonly conditions: readonly Condition[];
  /** What it sets, by the names of the parameters: `agent`, `plugins.mk_apt`. */
  readonly sets: ReadonlyMap<string, Setting>;
}

/** The value of one parameter, and the line it stands in. */
export interface Setting {
  readonly value: ParameterValue;
  readonly line: number;
}

/** A single value; or what is put into the release, false for left out. */
export type ParameterValue = string | number | false | ScriptInFile | FileInFile;

/** A host as the host list or the site knows it. */
export interface KnownHost extends ChosenHost {
  readonly tags: readonly string[];
  readonly labels: readonly string[];
}
