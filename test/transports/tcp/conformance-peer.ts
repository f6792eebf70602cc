/** The conformance peers of tcp: stand-ins for the Agent Controller. */

import { randomBytes } from 'node:crypto';
import type { RawOptions } from '../../../src/cli/options.ts';
import { Secret } from '../../../src/secrets/secrets.ts';
import { tcp } from '../../../src/transports/tcp/tcp.ts';
import { encryptSymmetric } from '../../../src/wrapping/symmetric.ts';
import type { ConformancePeer } from '../../conformance/peer.ts';
import { makeTempDir, removeTempDir } from '../../helpers/temp-dir.ts';
import { SiteAuthority } from '../../peers/agent-controller/certificates.ts';
import { toCutFrame, toFrame } from '../../peers/agent-controller/frame.ts';
import { sendsAndResets } from '../../peers/agent-controller/misbehaviours.ts';
import {
  type AgentController,
  type ControllerSettings,
  startAgentController,
} from '../../peers/agent-controller.ts';
import { theConnection, theSite, writeSiteFiles } from './site.ts';
import { toSource, writeSecret } from './sources.ts';

/** One way of answering, and what a source needs for it. */
interface Setting {
  readonly controller: Pick<ControllerSettings, 'connections' | 'deviations'>;
  readonly options: RawOptions;
  readonly wrong?: RawOptions;
  readonly secrets: readonly string[];
  /** What becomes of output before it is offered. */
  wrap(output: Buffer): Promise<Buffer>;
  /** How the controller that stops half-way does it. */
  readonly halfWay: Pick<ControllerSettings, 'deviations'>;
}

const half = '<<<check_mk>>>\nVersion: 2.4';

async function plain(): Promise<Setting> {
  return {
    controller: {},
    options: {},
    secrets: [],
    wrap: async (output) => output,
    halfWay: { deviations: { instead: sendsAndResets(half) } },
  };
}

async function encrypted(directory: string): Promise<Setting> {
  const passphrase = randomBytes(12).toString('hex');
  const secret = new Secret(passphrase);
  return {
    controller: {},
    options: {
      policy: ['any_encrypted'],
      passphraseFile: [await writeSecret(directory, 'passphrase', `${passphrase}\n`)],
    },
    wrong: {
      policy: ['any_encrypted'],
      passphraseFile: [await writeSecret(directory, 'wrong', randomBytes(12).toString('hex'))],
    },
    secrets: [passphrase],
    wrap: (output) => encryptSymmetric(output, '04', secret),
    halfWay: { deviations: { instead: sendsAndResets(`04${half}`) } },
  };
}

async function withTls(directory: string): Promise<Setting> {
  const options = await writeSiteFiles(directory);
  const stranger = new SiteAuthority('other').issueSite('other');
  const siteCert = await writeSecret(directory, 'stranger.pem', stranger);
  const [, keyLine = ''] = theSite().sitePem.split('\n');
  return {
    // Framed once, when it is offered: the memory a fetch takes is not to hold the peer's.
    controller: { connections: [theConnection()], deviations: { frame: (framed) => framed } },
    options,
    wrong: { ...options, siteCert: [siteCert] },
    secrets: [keyLine],
    wrap: async (output) => toFrame(output),
    halfWay: { deviations: { frame: toCutFrame, endsAbruptly: true } },
  };
}

/** All of 127.0.0.0/8 is this machine, so each host gets an address of its own. */
class Hosts {
  readonly outputs = new Map<string, Buffer>();
  readonly #addresses = new Map<string, string>();

  addressOf(host: string): string {
    const number = this.#addresses.size + 2;
    const address = this.#addresses.get(host) ?? `127.18.${number >> 8}.${number & 0xff}`;
    this.#addresses.set(host, address);
    return address;
  }

  /** A host without output is one whose agent cannot run. */
  async ask(address: string): Promise<Buffer> {
    const output = this.outputs.get(address);
    if (output === undefined) throw new Error('no such agent');
    return output;
  }
}

async function startPeer(
  prepare: (directory: string) => Promise<Setting>,
): Promise<ConformancePeer> {
  const directory = await makeTempDir();
  const { controller, options, wrong, secrets, wrap, halfWay } = await prepare(directory);
  const hosts = new Hosts();
  const usual = { ...controller, address: '0.0.0.0', mostConnections: 100 };
  const real = await startAgentController({ ...usual, agent: ({ local }) => hosts.ask(local) });
  const broken = await startAgentController({
    ...usual,
    ...halfWay,
    agent: async () => Buffer.from(half),
  });
  const slow = await startAgentController({ ...usual, agent: () => new Promise(() => undefined) });
  const controllers = [real, broken, slow];
  const sourceAt = ({ port }: AgentController, own = options) =>
    toSource(`tcp://{address}:${port}`, own);
  return {
    module: tcp,
    source: sourceAt(real),
    addressOf: (host) => hosts.addressOf(host),
    beginsWithHeader: true,
    tellsTime: 'of asking',
    offer: async (host, output) => {
      hosts.outputs.set(hosts.addressOf(host), await wrap(output));
    },
    withdraw: async (host) => void hosts.outputs.delete(hosts.addressOf(host)),
    absence: { lose: () => real.stop(), restore: () => real.start() },
    stopsHalfWay: sourceAt(broken),
    hangs: sourceAt(slow),
    ...(wrong === undefined ? {} : { wrongSecret: sourceAt(real, wrong) }),
    secrets,
    leftovers: async () => {
      const open = controllers.reduce((sum, one) => sum + one.countConnections(), 0);
      return open === 0 ? [] : [`${open} connections`];
    },
    close: async () => {
      for (const one of controllers) await one.stop();
      await removeTempDir(directory);
    },
  };
}

export const startPlain = () => startPeer(plain);
export const startEncrypted = () => startPeer(encrypted);
export const startTls = () => startPeer(withTls);
