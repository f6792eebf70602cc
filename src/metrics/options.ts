/** The option that all services with metrics have. */

import { parseListenAddress } from '../cli/listen-address.ts';

export const metricsListen = {
  kind: 'value',
  placeholder: 'ADDRESS:PORT',
  describe: 'where /healthz and /metrics are, over HTTP; not offered without',
  parse: parseListenAddress,
} as const;
