/** The fault of a host of which a source has told that there is no output any more. */

import { CourierError } from '../faults/errors.ts';

/**
 * NO_OUTPUT as an arrival that stands until the next: what is still kept at the source is from before.
 * Any other NO_OUTPUT says no more than what was found at that moment.
 */
export class GoneFault extends CourierError {
  constructor(why: string) {
    super('NO_OUTPUT', why);
  }
}
