/** The resident commands as services. */

export interface Service {
  /** The command. */
  readonly verb: 'collect' | 'receive';
  /** Of files and units. */
  readonly name: string;
  /** What its log says as soon as it does its work. */
  readonly upMessage: string;
  /** What it needs in a site, as words of sh. */
  readonly siteArgs: readonly string[];
  /** What it needs under systemd, with systemd's specifiers. */
  readonly unitArgs: Readonly<Record<UnitScope, readonly string[]>>;
  /** What it needs under systemd to say whether a reload would fail. */
  readonly checkArgs: readonly string[];
  /** Whether `cmk-courier-ready` goes with it. */
  readonly hasReadyScript: boolean;
}

/** Whose units: the machine's, or one user's. */
export type UnitScope = 'system' | 'user';

const ready = '--ready=%t/cmk-courier/ready';
const receiverConfig = ['--config=%E/cmk-courier/receiver.yaml'];

export const services: Readonly<Record<Service['verb'], Service>> = {
  collect: {
    verb: 'collect',
    name: 'cmk-courier-collect',
    upMessage: 'collecting',
    siteArgs: [],
    checkArgs: [],
    hasReadyScript: true,
    unitArgs: { system: [ready, '--spool=%S/cmk-courier/spool'], user: [ready] },
  },
  receive: {
    verb: 'receive',
    name: 'cmk-courier-receive',
    upMessage: 'hosts can send',
    siteArgs: ['"--config=$OMD_ROOT/etc/cmk-courier/receiver.yaml"'],
    checkArgs: receiverConfig,
    hasReadyScript: false,
    unitArgs: { system: receiverConfig, user: receiverConfig },
  },
};

/** As whom services of the machine run. */
export const serviceUser = 'cmk-courier';

/** In every file we write, so that we know it again. */
export const fileMark = '# Written by cmk-courier service install, which writes it anew.';
