/** Where our receiver keeps what it knows of hosts. */

import { CourierError } from '../../faults/errors.ts';
import type { Scene } from './scene.ts';

/** Undefined outside a site, where nobody says. */
export async function findReceiverState({ tcp, context }: Scene): Promise<string | undefined> {
  const { receiverPlaces } = await import('../../receiver/options.ts');
  return tcp.receiverState ?? known(receiverPlaces({}, context.env).state);
}

function known(find: () => string): string | undefined {
  try {
    return find();
  } catch (error) {
    if (error instanceof CourierError && error.code === 'USAGE') return undefined;
    throw error;
  }
}
