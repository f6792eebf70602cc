/** `ssh:`: what a command on the host prints, through the system's OpenSSH. */

import { checkForAnyHost } from '../../openssh/login.ts';
import { openSsh, sshOptions } from '../../openssh/openssh.ts';
import { runProgram } from '../../system/program/run-program.ts';
import { fillSourceUri } from '../source.ts';
import { defineTransport } from '../transport.ts';
import { parseCommand } from './command.ts';
import { toRemoteFault } from './remote-faults.ts';

export const ssh = defineTransport({
  options: sshOptions,
  traits: { concurrency: 32, consumes: false },
  async open(uri, options, context) {
    checkForAnyHost((target) => parseCommand(uri, target));
    // Only at this level does ssh tell whether exit code 255 is its own or that of the command.
    const openssh = await openSsh(options, context, ['LogLevel=DEBUG1']);
    return {
      async fetch(target, signal) {
        const { login, command } = parseCommand(uri, target);
        const call = {
          program: 'ssh',
          debianPackage: 'openssh-client',
          args: [...openssh.toArguments(login), '--', login.host, command],
          maxOutputBytes: context.maxOutputBytes,
        };
        const end = await openssh.whileUsing(login, signal, (env) =>
          runProgram({ ...call, env }, signal),
        );
        if (end.code !== 0) {
          const isConnected = () => openssh.isConnected(login);
          throw await toRemoteFault(end, {
            command,
            attempt: openssh.toAttempt(login),
            isConnected,
          });
        }
        return {
          output: end.stdout,
          origin: fillSourceUri(uri, target),
          // The command ran just now, but only it knows how old its output is.
          producedAt: undefined,
          proof: 'way',
          async acknowledge() {},
        };
      },
    };
  },
});
