/**
 * The way from an installed program to the first section of a host: site, source, routes file,
 * collector, host, rule, activation, and a look at what Checkmk then sees. Every step is shown
 * before it is done, and none that was done before is done again.
 */

import type { CommandContext } from '../../cli/command.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import type { RestApi } from '../rest/rest-api.ts';
import { type RuleValue, toRuleValue } from '../rules/rule-value.ts';
import type { Selection } from '../rules/selection.ts';
import { hasProgram } from '../rules/site-programs.ts';
import { setUpHost, setUpRule, takeALook } from './checkmk-steps.ts';
import { Conversation, type Manner } from './conversation.ts';
import { setUpRoute } from './route-step.ts';
import { findSite, requireProgram, type Site } from './site.ts';
import { findSubject, type Named, type ReadSources } from './subject.ts';

export interface Wish extends Manner, Named {
  readonly folder: string;
  readonly collect: boolean;
  readonly specialAgent: boolean;
}

/** What the assistant cannot do by itself: it is further out. */
export interface Helpers {
  readonly readSources: ReadSources;
  /** Opens the API of the site; may throw. */
  openApi(): Promise<RestApi>;
  /** Installs and starts the collector as a service of the site; resolves with what was done. */
  installCollector(): Promise<readonly string[]>;
}

/** @throws CourierError of the step that fails; those before it are done and stay */
export async function setUp(wish: Wish, helpers: Helpers, context: CommandContext): Promise<void> {
  const conversation = new Conversation(context, wish);
  const site = await findSite(context);
  await conversation.say(`site ${site.name}, Checkmk ${site.version}, edition ${site.edition}`);
  await requireProgram(site);
  const subject = await findSubject(wish, helpers.readSources, context, conversation);
  const isWanted = await wantsCollector(wish, conversation);
  if (!(await setUpRoute({ ...subject, isReady: isWanted }, conversation, context))) {
    return conversation.say('no route, no rule: nothing else is done');
  }
  const isReady = isWanted && (await setUpCollector(site, helpers, conversation));
  const value = toRuleValue({ ready: isReady, specialAgent: wish.specialAgent, words: [] });
  const selection = { hosts: [subject.host], labels: [], folder: '/' };
  const api = await findApi(helpers, { value, selection }, conversation);
  if (api !== undefined) {
    await setUpHost(api, { ...subject, folder: wish.folder }, conversation);
    await setUpRule(api, { ...value, selection }, conversation, context);
  }
  await takeALook(subject, conversation, context);
}

/** Whether the site is to take what the collector has ready. */
async function wantsCollector({ collect }: Wish, conversation: Conversation): Promise<boolean> {
  if (collect) return true;
  const what = 'collector: a service of the site that asks all hosts itself, for hundreds of them';
  if (conversation.asks) await conversation.say('', what);
  return conversation.agree('use it?', false);
}

/** @returns whether there is a collector, without which its rule would find no program */
async function setUpCollector(
  { root }: Site,
  { installCollector }: Helpers,
  conversation: Conversation,
): Promise<boolean> {
  await conversation.say('', 'collector: becomes a service of the site, and is started');
  if (await conversation.agree('install it?')) {
    await conversation.say(...(await installCollector()));
    return true;
  }
  if (conversation.isDry || (await hasProgram(root, 'cmk-courier-ready'))) return true;
  await conversation.say('no collector: the site fetches by itself');
  return false;
}

/** Without the API the rule is made by hand: nothing else fails for that. */
async function findApi(
  { openApi }: Helpers,
  { value, selection }: { readonly value: RuleValue; readonly selection: Selection },
  conversation: Conversation,
): Promise<RestApi | undefined> {
  try {
    return await openApi();
  } catch (error) {
    const fault = asCourierError(error, 'the REST API');
    if (fault.code === 'INTERRUPTED') throw fault;
    const where = 'Setup ▸ Agents ▸ Other integrations';
    await conversation.say(
      '',
      `rule: ${fault.message}`,
      `make it by hand: ${where}, for ${selection.hosts.join(', ')}: ${value.shown}`,
    );
    return undefined;
  }
}
