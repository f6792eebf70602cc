/** The receiver: whether it would start, whether it runs, and how it says it is. */

import { request } from 'node:http';
import { connect } from 'node:net';
import type { ListenAddress } from '../../../cli/listen-address.ts';
import { parseOptions } from '../../../cli/options.ts';
import { linkStatus } from '../../../files/file-calls.ts';
import { receiverOptions, type Settings, toSettings } from '../../../receiver/options.ts';
import { readConfiguration } from '../../../service/configuration.ts';
import { services } from '../../../service/service.ts';
import { statusPageOptions } from '../../../status-page/options.ts';
import {
  doubtful,
  fine,
  type SiteFinding,
  type SiteScene,
  type SiteStep,
  wrong,
} from '../scene.ts';
import { isService } from './collector.ts';
import { findOutdated } from './served-certificate.ts';

export const receiver: SiteStep = {
  id: 'receiver',
  side: 'site',
  title: 'the receiver',
  needs: [],
  run: async (scene, _learned, signal) => lookAtReceiver(scene, signal),
};

async function lookAtReceiver(scene: SiteScene, signal: AbortSignal): Promise<SiteFinding> {
  const path = scene.places.receiverConfig;
  const isConfigured = await linkStatus(path).then(
    () => true,
    () => false,
  );
  if (!isConfigured && !isService(services.receive, scene)) return fine('none is set up here');
  const facts = { path };
  const read = await readSettings(scene).catch((error: unknown) => ({ error }));
  if ('error' in read) {
    const text = 'it would not start with its configuration';
    return wrong('own-receiver-wrong', { text, facts, error: read.error });
  }
  const { listen, metricsListen, broker, certificates } = read;
  const place = { ...facts, port: listen.port };
  const refusal = await tryToConnect(listen, signal);
  if (refusal !== undefined) {
    const text = `nobody takes a connection at port ${listen.port}`;
    return wrong('own-receiver-off', { text, facts: place, error: refusal });
  }
  const health = metricsListen && (await ask(metricsListen, '/healthz', signal));
  if (health !== undefined && health !== 'ok') {
    const text = 'it runs, and says that it is not well';
    return wrong('own-receiver-unwell', { text, facts: place, error: health });
  }
  const at = { host: toHost(listen), port: listen.port };
  const outdated = await findOutdated(at, certificates, signal);
  if (outdated !== undefined) {
    const text = 'it uses another certificate than its directory has';
    const error = `in use: one until ${outdated.used}; in ${certificates}: one until ${outdated.onDisk}`;
    return doubtful('own-certificate-outdated', { text, facts: place, error });
  }
  const isAway =
    broker !== undefined && metricsListen && (await isBrokerAway(metricsListen, signal));
  if (isAway) {
    const text = 'it takes outputs, and its broker is away';
    const error =
      'broker away; its log says why, cmk_courier_receiver_broker_waiting_hosts how many wait';
    return doubtful('own-way-away', { text, facts: place, error });
  }
  const told =
    health === undefined ? '; how it is, nobody says without metrics-listen' : ', and is well';
  return fine(`listens at port ${listen.port}${told}`, place);
}

async function readSettings({ env, places }: SiteScene): Promise<Settings> {
  const table = { ...receiverOptions, ...statusPageOptions };
  const raw = await readConfiguration(places.receiverConfig, table);
  return toSettings(parseOptions(table, raw), env);
}

/** A wildcard address includes loopback. */
function toHost({ address }: ListenAddress): string {
  return address === undefined || address === '0.0.0.0' || address === '::' ? '127.0.0.1' : address;
}

/** Why not; undefined when there is a connection, which is closed at once. */
function tryToConnect(at: ListenAddress, signal: AbortSignal): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: toHost(at), port: at.port, signal });
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', resolve);
  });
}

/** Of a receiver of before, or one that does not answer, nobody knows. */
async function isBrokerAway(at: ListenAddress, signal: AbortSignal): Promise<boolean> {
  return /^cmk_courier_receiver_broker_away 1$/m.test(await ask(at, '/metrics', signal));
}

/** The metrics of a receiver are some 20 kB. */
const longestAnswer = 1_000_000;

function ask(at: ListenAddress, path: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    const asking = request({ host: toHost(at), port: at.port, path, signal });
    asking.on('response', (response) => {
      let said = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        said = (said + text).slice(0, longestAnswer);
      });
      response.on('end', () => resolve(said.trim()));
      response.on('error', (error) => resolve(error.message));
    });
    asking.on('error', (error) => resolve(error.message));
    asking.end();
  });
}
