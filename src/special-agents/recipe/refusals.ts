/** Refused logins: what is refused once will be refused everywhere, so that a run ends with it. */

const refusals = new WeakSet<object>();

/** Marks a fault that ends the whole run, though others might still answer. */
export function markRefusal<Fault extends Error>(fault: Fault): Fault {
  refusals.add(fault);
  return fault;
}

/** Whether a fault, or what it was made of, ends the whole run. */
export function isRefusal(fault: unknown): boolean {
  for (let one = fault; one instanceof Error; one = one.cause) {
    if (refusals.has(one)) return true;
  }
  return false;
}
