/** The options of the tcp transport. */

import { parseOneOf, parsePath, parsePositiveDuration } from '../../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../../cli/options.ts';
import { CourierError, quote } from '../../faults/errors.ts';
import { secretOptions } from '../../secrets/secret-options.ts';
import { policies } from './policy.ts';
import { parseUuid } from './uuid.ts';

const file = { kind: 'value', placeholder: 'FILE', parse: parsePath } as const;
const directory = { kind: 'value', placeholder: 'DIR', parse: parsePath } as const;
const time = { kind: 'value', placeholder: 'TIME', parse: parsePositiveDuration } as const;

export const tcpOptions = {
  policy: {
    kind: 'value',
    placeholder: 'POLICY',
    parse: parseOneOf(...policies),
    fallback: 'any_and_plain',
    describe:
      'which answers of a host that is not registered are accepted: `tls_encrypted_only`, `any_encrypted` or `any_and_plain`; a registered host has to speak TLS',
  },
  uuid: {
    kind: 'value',
    placeholder: 'UUID',
    parse: parseUuidOption,
    describe: "UUID of the host's Agent Controller, in place of the one the site knows",
  },
  treatAsUnregistered: {
    kind: 'switch',
    describe:
      'do not look whether the site knows a UUID; lets a registered host answer without TLS',
  },
  siteCert: {
    ...file,
    describe:
      'private key and certificate of the site, PEM; without it `$OMD_ROOT/etc/ssl/sites/$OMD_SITE.pem`',
  },
  agentCa: {
    ...file,
    describe:
      'authorities that agent certificates may come from, PEM; without it `$OMD_ROOT/etc/ssl/agent_cert_store.pem`',
  },
  receiverState: {
    ...directory,
    describe:
      'look up the UUID where `cmk-courier receive` keeps registered hosts (its `--state`); in a site also without, where the site knows none',
  },
  receiverCertificates: {
    ...directory,
    describe:
      'what `cmk-courier certs init` made, in place of `--site-cert` and `--agent-ca`: for hosts registered with `cmk-courier receive`',
  },
  ...secretOptions('passphrase', 'the passphrase of output the agent encrypts'),
  connectTimeout: { ...time, fallback: '5s', describe: 'how long connecting may take' },
  markerTimeout: {
    ...time,
    fallback: '60s',
    describe: 'how long the first two bytes may take; without TLS they come when the agent is done',
  },
  handshakeTimeout: {
    ...time,
    fallback: '20s',
    describe: 'how long the TLS handshake may take',
  },
  idleTimeout: {
    ...time,
    fallback: '60s',
    describe: 'how long the host may be silent in the middle of its answer',
  },
} as const satisfies OptionTable;

export type TcpOptions = OptionValues<typeof tcpOptions>;

/**
 * @throws CourierError USAGE when one option says the opposite of another
 */
export function checkTcpOptions({ uuid, receiverState, treatAsUnregistered }: TcpOptions): void {
  if (!treatAsUnregistered) return;
  const opposite = uuid === undefined ? receiverState && '--receiver-state' : '--uuid';
  if (opposite === undefined) return;
  throw new CourierError('USAGE', `${opposite} and --treat-as-unregistered exclude each other`);
}

function parseUuidOption(raw: string): string {
  const uuid = parseUuid(raw);
  if (uuid !== undefined) return uuid;
  throw new CourierError('USAGE', `must be a UUID with hyphens, not ${quote(raw)}`);
}
