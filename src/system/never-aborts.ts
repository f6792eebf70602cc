/** For calls that want a signal where nothing is to end them before their time. */
export const neverAborts: AbortSignal = new AbortController().signal;
