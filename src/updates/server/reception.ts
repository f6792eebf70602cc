/** Who is it? Forms are read, keys found and requests counted here, before anything is answered. */

import type { Clock } from '../../clock.ts';
import type { HostName } from '../../names/host-name.ts';
import { readBody } from '../../receiver/body.ts';
import type { Exchange } from '../../receiver/exchange.ts';
import { findKey, type MacKey } from './authenticity.ts';
import type { Contact } from './contacts.ts';
import { type Form, type FormKind, mostFormBytes, readForm } from './forms.ts';
import { confirmed, type Identity, keysOf } from './identities.ts';
import { isoNow, type Registry } from './registering.ts';
import { readRemote } from './remote-request.ts';
import { countRequest } from './request-counter.ts';
import type { UpdateCounts } from './update-counts.ts';
import { notAllowed, type UpdateLimits } from './update-limits.ts';

/** How long a request may take to come, and pause while it does. */
export interface Patience {
  readonly requestTimeout: number;
  readonly stallTimeout: number;
}

export interface Surroundings {
  readonly clock: Clock;
  readonly patience: Patience;
}

/** A host that has shown to have its secret. */
export interface Known {
  readonly form: Form;
  readonly host: HostName;
  readonly identity: Identity;
  /** The secret that it used. */
  readonly key: MacKey;
  /** From `/v1/` on. */
  readonly path: string;
}

interface Tools {
  readonly patience: Patience;
  readonly registry: Registry;
  readonly limits: UpdateLimits;
  readonly counts: UpdateCounts;
}

export class Reception {
  readonly #patience: Patience;
  readonly #registry: Registry;
  readonly #limits: UpdateLimits;
  readonly #counts: UpdateCounts;

  constructor({ patience, registry, limits, counts }: Tools) {
    this.#patience = patience;
    this.#registry = registry;
    this.#limits = limits;
    this.#counts = counts;
  }

  /** @throws Refusal 400 for anything but such a form; 408, 413, 503 */
  async readForm(kind: FormKind, exchange: Exchange): Promise<Form> {
    const { requestTimeout: deadlineMs, stallTimeout: stallMs } = this.#patience;
    const limits = { maxBytes: mostFormBytes, deadlineMs, stallMs };
    const body = await readBody(exchange, limits, this.#limits.memory);
    try {
      exchange.note.bytes = body.bytes.length;
      const form = readForm(body.bytes, kind);
      exchange.note.updatesOf = `${form.host} (not proved)`;
      return form;
    } finally {
      body.release();
    }
  }

  /** @throws Refusal 403 or 429, alike for unknown hosts and wrong secrets */
  async identify(form: Form, path: string, exchange: Exchange): Promise<Known> {
    const { host } = form;
    const { identities } = this.#registry;
    const identity = await identities.read(host);
    const key = findKey({ path, ...form }, keysOf(identity));
    if (identity === undefined || key === undefined) {
      throw this.#limits.failed(exchange.address, host);
    }
    exchange.note.updatesOf = host;
    this.#limits.countRequest(host);
    if (key === identity.pending) {
      await identities.update(host, (before) => before && confirmed(before, key));
      // Whoever else had the old secret is out: from here on there is one machine again.
      await this.#registry.contacts.startRow(host);
    }
    return { form, host, identity, key, path };
  }

  /**
   * Counts a request, and keeps with it what it tells.
   *
   * @returns the highest counter, and whether the request was the first with its own
   */
  async count(
    { form, host }: Known,
    exchange: Exchange,
    change: (contact: Contact) => Contact = (contact) => contact,
  ): Promise<{ readonly isFresh: boolean; readonly contact: Contact }> {
    let result: { readonly isFresh: boolean; readonly contact: Contact } | undefined;
    await this.#registry.contacts.update(host, (before) => {
      const row = countRequest(before.row, form);
      const isNewClone = row?.isCloned === true && !before.row.isCloned;
      if (isNewClone) this.#tellClone(exchange, host);
      const { address } = exchange;
      const { via: _, ...known } = before;
      const site = readRemote(exchange)?.site;
      const now = { row, lastContact: isoNow(this.#registry), address };
      const after = row && change({ ...known, ...now, row, ...(site && { via: site }) });
      result = { isFresh: row !== undefined, contact: after ?? before };
      return after ?? before;
    });
    if (result === undefined) throw notAllowed();
    return result;
  }

  #tellClone(exchange: Exchange, host: HostName): void {
    this.#counts.add('clones');
    exchange.note.warning = `E-CLONE: two machines use the secret of ${host}; give one a token of its own`;
  }
}
