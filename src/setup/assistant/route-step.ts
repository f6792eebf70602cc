/** The step that tries the source and writes the route. */

import { join } from 'node:path';
import type { CommandContext } from '../../cli/command.ts';
import { CourierError } from '../../faults/errors.ts';
import { testRoute, toLine } from '../../fetching/route-test.ts';
import { writeWholeFile } from '../../files/file-calls.ts';
import { withPrivateDirectory } from '../../system/private-directory.ts';
import type { Conversation } from './conversation.ts';
import {
  planRoute,
  type RouteChange,
  requireRouteOptions,
  toRouteContent,
  writeRoutes,
} from './route-file.ts';
import type { Subject } from './subject.ts';

/**
 * @returns whether the host has its route now, without which a rule would take its output away
 * @throws CourierError what the source fails with, unless somebody wants the route all the same;
 * CONFIG or LOCAL about the file
 */
export async function setUpRoute(
  subject: Subject & { readonly isReady: boolean },
  conversation: Conversation,
  context: CommandContext,
): Promise<boolean> {
  const { host, routesPath: path, invocation, isReady } = subject;
  requireRouteOptions(invocation);
  // The collector asks only for routes that say how often.
  const every = isReady ? { every: '1m' } : {};
  const change = await planRoute(path, host, { ...toRouteContent(host, invocation), ...every });
  if (change.kind === 'by hand') await leaveToPeople(change, subject, conversation);
  if (change.kind === 'there') {
    const where = `${path}:${change.line}`;
    const lacks = isReady && !change.isCollected;
    const more = [
      ...(change.hasThem ? [] : ['; it has other sources, and those given here are not used']),
      ...(lacks ? ['; until it says how often (every: 1m), the collector does not ask'] : []),
    ].join('');
    await conversation.say(
      '',
      `routes: ${where} has a route for ${host}; it stays as it is${more}`,
    );
  }
  if (change.kind !== 'write') {
    if (change.kind === 'there' || !conversation.isDry) {
      await tryRoute(path, subject, conversation, context);
    }
    return true;
  }
  await withPrivateDirectory(context.env, async (directory) => {
    const trial = join(directory, 'routes.yaml');
    await writeWholeFile(trial, change.text, { mode: 0o600 });
    await tryRoute(trial, subject, conversation, context);
  });
  return write(path, change, conversation);
}

async function write(
  path: string,
  change: Extract<RouteChange, { kind: 'write' }>,
  conversation: Conversation,
): Promise<boolean> {
  const what = change.before === undefined ? 'a new file' : 'what is in it stays as it is';
  const lines = change.added.trimEnd().split('\n');
  await conversation.say('', `routes: this goes into ${path} (${what}):`, ...lines);
  if (conversation.isDry) return true;
  if (!(await conversation.agree('write it?'))) return false;
  await writeRoutes(path, change);
  await conversation.say(`wrote ${path}`);
  return true;
}

/** @throws CourierError CONFIG unless somebody says that it is done */
async function leaveToPeople(
  { added, why }: Extract<RouteChange, { kind: 'by hand' }>,
  { host, routesPath: path }: Subject,
  conversation: Conversation,
): Promise<void> {
  const lines = added.trimEnd().split('\n');
  const head = `routes: ${path} stays as it is: ${why}. Add to its routes:`;
  await conversation.say('', head, ...lines);
  if (conversation.isDry || (await conversation.agree('added, go on?', false))) return;
  throw new CourierError('CONFIG', `${path}: the route of ${host} has to be added by hand first`);
}

async function tryRoute(
  path: string,
  { host, address }: Subject,
  conversation: Conversation,
  context: CommandContext,
): Promise<void> {
  await conversation.say('', `trying the route of ${host}:`);
  const asked = { path, target: { host, address }, tags: [], spool: undefined };
  const tell = async (line: string) => conversation.say(line.trimEnd());
  const { verdict, fault } = await testRoute(asked, context, (one) => tell(toLine(one)));
  await tell(verdict);
  if (fault === undefined || conversation.isDry) return;
  if (!(await conversation.agree('go on all the same?', false))) throw fault;
}
