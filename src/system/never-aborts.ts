/** A signal for calls that need one when nothing is to end them early. */
export const neverAborts: AbortSignal = new AbortController().signal;
