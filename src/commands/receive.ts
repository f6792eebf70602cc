/** `cmk-courier receive`: takes what hosts send and keeps the newest output of each. */

import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { CommandContext, CommandModule, Invocation } from '../cli/command.ts';
import type { Environment } from '../cli/environment.ts';
import { parsePath } from '../cli/option-types.ts';
import { type OptionTable, parseOptions, type RawOptions } from '../cli/options.ts';
import { CourierError, quote } from '../faults/errors.ts';
import type { Logger } from '../logging/log.ts';
import type { LoadUpdates } from '../receiver/extension.ts';
import { receiverOptions, type Settings, toSettings } from '../receiver/options.ts';
import { type PageSettings, statusPageOptions, toPageSettings } from '../status-page/options.ts';
import { findConfiguration } from '../system/configuration-place.ts';

const ownOptions = {
  check: {
    kind: 'switch',
    describe: 'only say whether the options and certificates could be taken into force',
  },
  config: {
    kind: 'value',
    placeholder: 'FILE',
    describe:
      'receiver.yaml, with the names of the options below as keys; by default that of the site or user, if there is one; options go first',
    parse: parsePath,
  },
} as const satisfies OptionTable;

export const receive: CommandModule = {
  summary: 'take agent output that hosts send, and keep the newest of each',
  usage: 'receive',
  examples: [
    ['receive', 'in a site, with etc/cmk-courier/receiver.yaml if it is there'],
    ['receive --check', 'whether it would start with that'],
    [
      'receive --site=mysite --certificates=certs --spool=spool --state=state --listen=:8000',
      'anywhere else',
    ],
  ],
  options: { ...ownOptions, ...receiverOptions, ...statusPageOptions },
  keepsFiles: {
    options: ['state', 'spool', 'certificates', 'updates', 'updatesCache', 'statusState'],
  },
  run,
};

/** How long closing may take behind draining. */
const closingMs = 2000;

/** Ends when a signal asks for it, and then as well as any success. */
async function run(invocation: Invocation, context: CommandContext): Promise<void> {
  const { settings, page, isCheck } = await readSettings(invocation, context);
  if (isCheck) {
    const { Trust } = await import('../receiver/trust.ts');
    await Trust.load(settings.certificates, context.clock);
    return;
  }
  const { Receiver } = await import('../receiver/receiver.ts');
  const { makeJsonLog } = await import('../logging/json-log.ts');
  const { ServiceManager } = await import('../system/service-manager.ts');
  const log = makeJsonLog('info', context.writeError);
  const receiver = new Receiver(settings, context.clock, log, findUpdates(settings, log, context));
  const manager = new ServiceManager(context.env, log);
  const describe = () => receiver.findTrouble() ?? receiver.findNotice() ?? 'hosts can send';
  // That the watchdog is fed shows that the event loop turns.
  const ready = () => manager.ready(() => true, describe);
  const reload = async () => {
    await manager.reloading();
    await receiver.reload();
    await ready();
  };
  context.stay?.({
    graceMs: settings.drainTimeout + closingMs,
    onHangup: () => void reload(),
  });
  await receiver.start();
  const { startReceiverPage } = await import('../status-page/receiver-page.ts');
  const presence = startReceiverPage(page, receiver, settings, { ...context, log });
  await ready();
  if (!context.shutdown.aborted) await once(context.shutdown, 'abort');
  await presence.stop();
  const stopped = receiver.stop();
  await manager.stopping();
  await stopped;
  log.info({}, 'ended');
}

/** What answers about agent updates; nothing of it is loaded before a host asks. */
function findUpdates(settings: Settings, log: Logger, { env }: CommandContext): LoadUpdates {
  const { updatesFrom } = settings;
  if (updatesFrom === undefined) {
    return async (services) => {
      const { loadUpdates } = await import('../updates/server/loading.ts');
      return loadUpdates(env, settings, services);
    };
  }
  return async (services) => {
    const { loadRemoteUpdates } = await import('../updates/remote/loading.ts');
    return loadRemoteUpdates(env, log, { ...settings, updatesFrom }, services);
  };
}

/** As for the collector: whoever starts it by hand means what the service has. */
function findOwn(env: Environment): string | undefined {
  const path = findConfiguration('receiver.yaml', env);
  return existsSync(path) ? path : undefined;
}

/** The file first, then what the command line says otherwise. */
async function readSettings(
  { operands, options }: Invocation,
  { env }: CommandContext,
): Promise<{
  readonly settings: Settings;
  readonly page: PageSettings;
  readonly isCheck: boolean;
}> {
  const [operand] = operands;
  if (operand !== undefined) {
    throw new CourierError('USAGE', `receive takes options only, not ${quote(operand)}`);
  }
  const { config = [], check = [], ...flags } = options;
  const { config: named, check: isCheck } = parseOptions(ownOptions, { config, check });
  const path = named ?? findOwn(env);
  const table = { ...receiverOptions, ...statusPageOptions };
  const toAll = (fromFile: RawOptions) => {
    const values = parseOptions(table, { ...fromFile, ...flags });
    return {
      settings: toSettings(values, env),
      page: toPageSettings('receiver', values, env),
      isCheck,
    };
  };
  if (path === undefined) return toAll({});
  const { readConfiguration } = await import('../service/configuration.ts');
  return toAll(await readConfiguration(path, table));
}
