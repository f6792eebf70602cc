/** The resident commands as services. */

export interface Service {
  /** The command. */
  readonly verb: 'collect' | 'receive';
  /** Of files and units. */
  readonly name: string;
  /** Below a site: what is there when it is up. */
  readonly socket: string | undefined;
  /** What it needs in a site, as words of sh. */
  readonly siteArgs: readonly string[];
  /** What it needs where no site says so, as words of systemd. */
  readonly args: readonly string[];
}

export const services: Readonly<Record<Service['verb'], Service>> = {
  collect: {
    verb: 'collect',
    name: 'cmk-courier-collect',
    socket: 'tmp/cmk-courier/collector.sock',
    siteArgs: [],
    args: ['--ready=%t/cmk-courier/ready'],
  },
  receive: {
    verb: 'receive',
    name: 'cmk-courier-receive',
    socket: undefined,
    siteArgs: ['"--config=$OMD_ROOT/etc/cmk-courier/receiver.yaml"'],
    args: ['--config=/etc/cmk-courier/receiver.yaml'],
  },
};

/** In every file we write, so that we know it again. */
export const fileMark = '# Written by cmk-courier service install, which writes it anew.';
