/** Activates changes, ours only: never anybody else's. */

import { z } from 'zod';
import { CourierError, quote } from '../../faults/errors.ts';
import type { RestApi, RestContext } from '../rest/rest-api.ts';

/** `user_id` is the only thing in it that decides anything. */
const pendingChanges = z.object({
  value: z.array(
    z.object({
      user_id: z.string().nullish(),
      text: z.string().nullish(),
      action_name: z.string().nullish(),
    }),
  ),
});

const activation = z.object({
  id: z.string().optional(),
  extensions: z
    .object({
      is_running: z.boolean().optional(),
      /** From 2.4 on. */
      status_per_site: z
        .array(z.object({ site: z.string(), state: z.string(), status_text: z.string().nullish() }))
        .nullish()
        .catch(undefined),
    })
    .optional(),
});

export const nothingToActivate = 'nothing to activate';

/** Longer than most sites take; what goes on after that is told. */
const longestMs = 300_000;
const pauseMs = 500;

/**
 * Activates what waits, and waits for the end.
 *
 * @returns lines for people
 * @throws CourierError PEER when changes of others wait: whose they are is named, and nothing is
 * activated; what the site refuses
 */
export async function activateOwn(api: RestApi, context: RestContext): Promise<readonly string[]> {
  if (!(await hasOwnOnly(api))) return [nothingToActivate];
  const answer = await api.tryToAsk({
    method: 'POST',
    path: '/domain-types/activation_run/actions/activate-changes/invoke',
    doing: 'activating the changes',
    body: { redirect: false, sites: [], force_foreign_changes: false },
    ifMatch: '*',
  });
  if (answer.status === 422) return [nothingToActivate];
  if (answer.status < 200 || answer.status >= 300)
    throw api.refuse(answer, 'activating the changes');
  const started = activation.safeParse(answer.content);
  const id = started.success ? started.data.id : undefined;
  if (id === undefined || !/^[\w-]{1,100}$/.test(id)) return ['activation has begun'];
  return [await waitForEnd(api, id, context)];
}

/**
 * @returns whether anything of ours waits
 * @throws CourierError PEER when something of others waits beside it
 */
async function hasOwnOnly(api: RestApi): Promise<boolean> {
  const { content } = await api.ask({
    method: 'GET',
    path: '/domain-types/activation_run/collections/pending_changes',
    doing: 'looking for changes of others',
  });
  const read = pendingChanges.safeParse(content);
  if (!read.success)
    throw new CourierError('PEER', 'looking for changes of others: the answer is not as expected');
  // What the site has changed itself is nobody's.
  const foreign = read.data.value.filter(({ user_id: user }) => user && user !== api.user);
  if (!read.data.value.some(({ user_id: user }) => user === api.user)) return false;
  const [first] = foreign;
  if (first === undefined) return true;
  const names = [...new Set(foreign.map(({ user_id: user }) => user))].join(', ');
  const what = quote(first.text ?? first.action_name ?? '');
  throw new CourierError(
    'PEER',
    `not activated: ${foreign.length} changes of ${names} wait as well, such as ${what}; activate them in Setup, or ask whose they are`,
  );
}

/** @throws CourierError PEER when it failed on a site */
async function waitForEnd(api: RestApi, id: string, context: RestContext): Promise<string> {
  const until = context.clock.monotonic() + longestMs;
  for (;;) {
    const doing = 'waiting for the activation';
    const path = `/objects/activation_run/${id}`;
    const answer = await api.tryToAsk({ method: 'GET', path, doing });
    // One that has ended may be forgotten already.
    if (answer.status === 404) return 'activated';
    if (answer.status !== 200) throw api.refuse(answer, doing);
    const read = activation.safeParse(answer.content);
    if (!read.success || !read.data.extensions?.is_running) return describeEnd(read.data);
    if (context.clock.monotonic() > until) return 'activation goes on; Setup shows how far it is';
    await context.clock.sleep(pauseMs, context.shutdown);
  }
}

function describeEnd(told: z.infer<typeof activation> | undefined): string {
  const failed = told?.extensions?.status_per_site?.find(({ state }) => state === 'error');
  if (failed === undefined) return 'activated';
  const why = quote(failed.status_text ?? 'no reason');
  throw new CourierError('PEER', `activation failed on ${failed.site}: Checkmk says ${why}`);
}
