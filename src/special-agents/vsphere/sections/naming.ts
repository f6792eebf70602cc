/** For which host a section is: names of piggybacked hosts, and the output it goes into. */

import type { HostGate, Row, SectionHeader, SectionWriter } from '../../section-writer.ts';
import type { Machine } from '../inventory/machine.ts';

/** What is done with blanks in the names of hosts and machines. */
export type Spaces = 'cut' | 'underscore';

export interface Naming {
  readonly spaces: Spaces;
  /** By which name a machine is a host of Checkmk. */
  readonly machineName: 'alias' | 'hostname';
  /** Whether the system that is asked is the one host, whose sections are its own. */
  readonly isDirect: boolean;
  readonly gate: HostGate;
}

export class Output {
  readonly #writer: SectionWriter;
  readonly #naming: Naming;
  readonly #refused = new Set<string>();

  constructor(writer: SectionWriter, naming: Naming) {
    this.#writer = writer;
    this.#naming = naming;
  }

  /** Names that are none Checkmk could use, or not among those that may be written for. */
  get refused(): ReadonlySet<string> {
    return this.#refused;
  }

  main(header: SectionHeader, rows: readonly Row[]): void {
    this.#writer.section(header, rows);
  }

  /** For a host of the inventory; for itself where it is the one that is asked. */
  host(name: string, header: SectionHeader, rows: readonly Row[]): void {
    if (this.#naming.isDirect) this.main(header, rows);
    else this.#piggyback(this.#spaced(name), header, rows);
  }

  machine({ name, guestName }: Machine, header: SectionHeader, rows: readonly Row[]): void {
    this.#piggyback(this.#spaced(this.#machineName(name, guestName)), header, rows);
  }

  /** A guest that does not know its name calls itself `.` and the like. */
  #machineName(alias: string, guestName: string | undefined): string {
    const isKnown = guestName !== undefined && guestName !== '' && !guestName.startsWith('.');
    return this.#naming.machineName === 'hostname' && isKnown ? guestName : alias;
  }

  #spaced(name: string): string {
    return this.#naming.spaces === 'cut' ? name.replace(/ .*$/s, '') : name.replaceAll(' ', '_');
  }

  #piggyback(name: string, header: SectionHeader, rows: readonly Row[]): void {
    if (!this.#writer.piggyback(name, this.#naming.gate, header, rows)) this.#refused.add(name);
  }
}
