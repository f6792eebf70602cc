/**
 * Lists that JSONata makes on its way: one or more for each step of a path of each record. Where their
 * length has a limit it gives each of them a function of its own, three times the memory of the rest;
 * here all of a run share one.
 */

/** As JSONata makes them: its own mark, and `push` that keeps the limit. */
interface Sequence extends Array<unknown> {
  sequence?: boolean;
}

type MakeSequence = (...only: readonly [unknown] | readonly []) => Sequence;

/**
 * @param mostValues how many may be in one
 * @param refuse throws for one that is longer
 */
export function sequencesOf(mostValues: number, refuse: () => never): MakeSequence {
  function push(this: unknown[], ...items: readonly unknown[]): number {
    if (this.length + items.length > mostValues) refuse();
    return Array.prototype.push.apply(this, [...items]);
  }
  return (...only) => {
    const sequence: Sequence = [];
    sequence.push = push;
    sequence.sequence = true;
    if (only.length === 1) sequence.push(only[0]);
    return sequence;
  };
}

/**
 * Lets the run of an expression make its lists so from now on.
 *
 * @param frame of JSONata, as it hands it to its callbacks
 */
export function makeSequencesWith(make: MakeSequence, frame: unknown): void {
  const base: unknown = typeof frame === 'object' && frame !== null && Reflect.get(frame, 'base');
  if (typeof base !== 'object' || base === null) return;
  const known: unknown = Reflect.get(base, 'createSequence');
  if (typeof known === 'function' && known !== make) Reflect.set(base, 'createSequence', make);
}
