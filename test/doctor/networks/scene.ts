/** A case: what is brought about, and what has to be named. */

import type { RawOptions } from '../../../src/cli/options.ts';
import type { NetworkBed } from './bed.ts';
import type { HostFiles } from './both-sides.ts';

export interface Scene {
  readonly bed: NetworkBed;
  readonly files: HostFiles;
}

export interface Arranged {
  /** For the site's half. */
  readonly options?: RawOptions;
  /** For the host's half. */
  readonly host?: readonly string[];
  /** In front of the host's half. */
  readonly wrap?: readonly string[];
}

export interface NetworkCase {
  readonly what: string;
  /** The cause, or the verdict where there is none: from the site alone, and with the host's report. */
  readonly alone: string;
  readonly both: string;
  /** Somebody waits for an answer that does not come. */
  readonly waits?: true;
  readonly arrange: (scene: Scene) => Promise<Arranged | undefined>;
}

/** An agent as inetd would have it. */
export async function listen(
  { bed, files }: Scene,
  place = 'TCP4-LISTEN:6556',
): Promise<undefined> {
  await bed.serve('host', ['socat', `${place},fork,reuseaddr`, `EXEC:${files.agent}`]);
}
