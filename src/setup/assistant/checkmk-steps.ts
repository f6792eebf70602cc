/** The steps in Checkmk itself: host, rule, activation, and what it sees then. */

import type { CommandContext } from '../../cli/command.ts';
import { CourierError, cleanText } from '../../faults/errors.ts';
import { adoptHost, findMissing, requireFolder } from '../hosts/adopting.ts';
import type { RestApi } from '../rest/rest-api.ts';
import { activateOwn } from '../rules/activating.ts';
import { installRule, type WantedRule } from '../rules/administering.ts';
import type { Conversation } from './conversation.ts';
import { runInSite } from './site.ts';
import type { Subject } from './subject.ts';

/** Makes the host where it is not in Setup yet. */
export async function setUpHost(
  api: RestApi,
  { host, address, folder }: Subject & { readonly folder: string },
  conversation: Conversation,
): Promise<void> {
  const candidate = { host, address, labels: {} };
  const missing = await findMissing(api, [candidate]);
  if (missing.length === 0) return conversation.say('', `host: ${host} is in Checkmk`);
  await requireFolder(api, folder);
  const how = { folder, labels: [], withAddress: true, specialAgent: false };
  const plan = await adoptHost(api, candidate, { ...how, isDry: true });
  await conversation.say('', `host: ${plan ?? host}`);
  if (!(await conversation.agree('make it?'))) return;
  const done = await adoptHost(api, candidate, { ...how, isDry: false });
  if (done !== undefined) await conversation.say(done);
}

/** Makes the rule, and activates it. */
export async function setUpRule(
  api: RestApi,
  wanted: WantedRule,
  conversation: Conversation,
  context: CommandContext,
): Promise<void> {
  const plan = await installRule(api, wanted, true);
  await conversation.say('', 'rule:', ...plan.lines);
  if (plan.isDone || !(await conversation.agree('make it so?'))) {
    if (conversation.isDry) return;
  } else {
    await conversation.say(...(await installRule(api, wanted, false)).lines);
  }
  await conversation.say('', 'activation: of changes of ours only');
  if (!(await conversation.agree('activate?'))) return;
  await conversation.say(...(await activateOwn(api, context)));
}

/** What Checkmk itself gets, in its own words where it gets nothing. */
export async function takeALook(
  { host }: Subject,
  conversation: Conversation,
  context: CommandContext,
): Promise<void> {
  await conversation.say('', `a look: cmk -vvd ${host}`);
  if (conversation.isDry || !(await conversation.agree('run it?'))) return;
  const output = await runInSite('cmk', ['-vvd', host], context);
  const headers = output.split('\n').filter((line) => /^<<<[^<]/.test(line));
  const [first] = headers;
  if (first === undefined) {
    const more = `\`cmk-courier fetch -v --host=${host}\` says more`;
    throw new CourierError('NO_OUTPUT', `cmk -vvd ${host} shows no section; ${more}`);
  }
  const sections = `${headers.length} ${headers.length === 1 ? 'section' : 'sections'}`;
  await conversation.say(`${sections}, the first is ${cleanText(first, 80)}`);
}
