/** Controllers that refuse us, break off inside of TLS, or send what they should not. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { RawOptions } from '../../../src/cli/options.ts';
import { Secret } from '../../../src/secrets/secrets.ts';
import { encryptSymmetric } from '../../../src/wrapping/symmetric.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { makeTempDir, removeTempDir } from '../../helpers/temp-dir.ts';
import { SiteAuthority } from '../../peers/agent-controller/certificates.ts';
import { toBomb, toCutFrame, toFrame } from '../../peers/agent-controller/frame.ts';
import {
  sends,
  sendsAndResets,
  sendsAndStays,
} from '../../peers/agent-controller/misbehaviours.ts';
import type { ControllerSettings } from '../../peers/agent-controller.ts';
import { fetchFromTls, lineFrom, lineFromStranger, output } from './agents.ts';
import { theConnection, theSite, writeSiteFiles } from './site.ts';
import { writeSecret } from './sources.ts';

const failing = 'error establishing TLS connection to HOST';
const closed = `${failing}: closed by the controller; the controller does not know this UUID, or not this site (REFUSED)`;
const emptyPayload =
  'empty payload from controller at HOST: the TLS handshake succeeded, then nothing came; the agent behind it cannot run (NO_OUTPUT)';
const badFrame = 'failed to deserialize versioned agent data from HOST';

let directory: string;
let options: RawOptions;
before(async () => {
  directory = await makeTempDir();
  options = await writeSiteFiles(directory);
});
after(() => removeTempDir(directory));

function lineFromTls(settings: Partial<ControllerSettings> = {}, own = options): Promise<string> {
  return lineFrom({ connections: [theConnection()], ...settings }, { options: own });
}

/** The line when the controller sends this in place of its frame. */
function lineFromFrame(frame: (agentOutput: Buffer) => Buffer): Promise<string> {
  return lineFromTls({ deviations: { frame } });
}

/** A site whose certificate a controller minds, and which alert of the newer rustls says so. */
const refusedSites: Readonly<
  Record<string, { readonly pem: () => string; readonly alert: string; readonly why: string }>
> = {
  'a site it does not know': {
    pem: () => new SiteAuthority('other').issueSite(),
    alert: 'certificate unknown',
    why: ': the host is registered with another one, or one of the clocks is wrong',
  },
  'an agent in the place of a site': {
    pem: () => {
      const { authority } = theSite();
      const agent = authority.issueAgent('22222222-2222-4333-8444-555555555555');
      return authority.toSitePem(agent);
    },
    alert: 'certificate unknown',
    why: ': the host is registered with another one, or one of the clocks is wrong',
  },
  'a site whose certificate is for servers only': {
    pem: () => theSite().authority.issueSite('test', { usages: ['serverAuth'] }),
    alert: 'unsupported certificate',
    why: ': it is for servers only',
  },
  'a site whose certificate has expired': {
    pem: () =>
      theSite().authority.issueSite('test', { validUntil: new Date(Date.now() - 86_400_000) }),
    alert: 'certificate expired',
    why: ': it has expired',
  },
};

describe('a controller that refuses', () => {
  const versions = (version: 'TLSv1.2' | 'TLSv1.3') => ({
    versions: { minVersion: version, maxVersion: version },
  });
  const refused = "the controller does not accept this site's certificate";

  for (const generation of ['0.20', '0.23'] as const) {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const controller = { ...versions(version), generation };
      const under = `under ${version} and rustls ${generation}`;

      test(`a UUID it does not know, ${under}`, async () => {
        const own = { ...options, uuid: ['11111111-2222-4333-8444-555555555555'] };
        assert.equal(
          await lineFromTls(controller, own),
          `${failing}: TLS: tlsv1 alert access denied; the controller does not know this UUID; another host answers there, or this one was registered anew (REFUSED)`,
        );
      });

      for (const [who, { pem, alert, why }] of Object.entries(refusedSites)) {
        test(`${who}, ${under}, even after the handshake`, async () => {
          const place = await makeTempDir();
          const own = await writeSiteFiles(place, pem());
          const said = generation === '0.20' ? 'handshake failure' : alert;
          const line = await lineFromTls(controller, own);
          await removeTempDir(place);
          assert.equal(
            line.replace(/TLS: \S+ alert/, 'TLS: alert'),
            `${failing}: TLS: alert ${said}; ${refused}${why} (REFUSED)`,
          );
        });
      }
    }
  }

  test('nobody whose certificate names both usages, or none', async () => {
    for (const usages of [['serverAuth', 'clientAuth'], ['clientAuth'], []] as const) {
      const place = await makeTempDir();
      const pem = theSite().authority.issueSite('test', { usages });
      const own = await writeSiteFiles(place, pem);
      assert.deepEqual(await fetchFromTls({}, { options: own }), output);
      await removeTempDir(place);
    }
  });

  test('an older TLS than 1.2 of ours, by not speaking anything newer', async () => {
    const line = await lineFromTls({ versions: { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } });
    assert.match(line, new RegExp(`^${failing}: .+ \\((REFUSED|PEER)\\)$`));
  });
});

describe('behind the marker 16', () => {
  test('comes more before we have spoken', async () => {
    assert.equal(
      await lineFromStranger(sendsAndStays('16\n'), options),
      `${failing}: bytes follow b'16' before the handshake; not a Checkmk agent, or something in between adds to it (PEER)`,
    );
  });

  test('comes something else than TLS', async () => {
    const line = await lineFromStranger((socket) => {
      socket.write('16');
      socket.once('data', () => socket.write('something else than TLS'));
    }, options);
    assert.equal(line, `${failing}: the peer does not speak TLS there (PEER)`);
  });

  test('comes the end', async () => {
    assert.equal(await lineFromStranger(sends('16'), options), closed);
  });

  test('comes the end, a while later', async () => {
    const line = await lineFromStranger((socket) => {
      socket.write('16');
      socket.once('data', () => socket.end());
    }, options);
    assert.equal(line, closed);
  });

  test('comes a reset', async () => {
    assert.equal(await lineFromStranger(sendsAndResets('16'), options), closed);
  });

  test('comes nothing', async () => {
    assert.equal(
      await lineFromStranger(sendsAndStays('16'), { ...options, handshakeTimeout: ['200ms'] }),
      `${failing}: no answer within 200ms (TIMEOUT)`,
    );
  });
});

describe('behind the handshake', () => {
  test('comes the end: the agent could not be run', async () => {
    assert.equal(
      await lineFromTls({ agent: () => Promise.reject(new Error('none')) }),
      emptyPayload,
    );
  });

  test('comes nothing', async () => {
    assert.equal(
      await lineFromTls(
        { agent: () => new Promise(() => undefined) },
        { ...options, idleTimeout: ['200ms'] },
      ),
      'communication failed: reading from HOST: nothing more came for 200ms (TIMEOUT)',
    );
  });

  test('comes an empty frame, whole or in part', async () => {
    for (const frame of ['', '00', '0000', '000000', '00000000']) {
      assert.equal(await lineFromFrame(() => Buffer.from(frame, 'hex')), emptyPayload);
    }
  });

  test('comes a frame with next to nothing in it', async () => {
    for (const text of ['', '<', '<<']) {
      assert.equal(await lineFromFrame(() => toFrame(Buffer.from(text))), emptyPayload);
    }
  });
});

describe('instead of a good frame', () => {
  test('comes a frame of another version', async () => {
    assert.equal(
      await lineFromFrame((bytes) => toFrame(bytes, { version: 1 })),
      `${badFrame}: format version 1 is not known (MALFORMED)`,
    );
  });

  test('comes a compression nobody knows', async () => {
    assert.equal(
      await lineFromFrame((bytes) => toFrame(bytes, { compression: 2 })),
      `${badFrame}: compression 2 is not known (MALFORMED)`,
    );
  });

  test('comes a frame that is cut, with and without close_notify', async () => {
    for (const endsAbruptly of [false, true]) {
      assert.equal(
        await lineFromTls({ deviations: { frame: toCutFrame, endsAbruptly } }),
        `${badFrame}: damaged zlib data: they end too early (MALFORMED)`,
      );
    }
  });

  test('comes what is not zlib', async () => {
    assert.equal(
      await lineFromFrame((bytes) => Buffer.concat([Buffer.from([0, 0, 1]), bytes])),
      `${badFrame}: damaged zlib data: incorrect header check (MALFORMED)`,
    );
  });
});

describe('more than is allowed', () => {
  test('as a bomb: it is stopped at the limit', async () => {
    const context = makeOpenContext({ maxOutputBytes: 1_000_000 });
    const deviations = { frame: () => toBomb(200_000_000) };
    assert.equal(
      await lineFrom({ connections: [theConnection()], deviations }, { options, context }),
      'HOST unpacks to more than the allowed 1000000 bytes (TOO_LARGE)',
    );
  });

  test('without compression', async () => {
    const context = makeOpenContext({ maxOutputBytes: 1_000_000 });
    const deviations = {
      frame: () => toFrame(Buffer.alloc(2_000_000, '<'), { compression: 0 }),
    };
    assert.equal(
      await lineFrom({ connections: [theConnection()], deviations }, { options, context }),
      'HOST sends more than the allowed 1000000 bytes (TOO_LARGE)',
    );
  });
});

test('a frame without compression: fine, but a cut could not be noticed', async () => {
  const frame = (bytes: Buffer) => toFrame(bytes, { compression: 0 });
  const whole = makeOpenContext();
  const deviations = { frame, endsAbruptly: true };
  assert.deepEqual(await fetchFromTls({ deviations }, { options, context: whole }), output);
  assert.ok(!whole.log.lines.some((line) => line.startsWith('warn')));
  const cut = makeOpenContext();
  const agent = async () => output.subarray(0, 25);
  assert.equal((await fetchFromTls({ agent, deviations }, { options, context: cut })).length, 25);
  assert.ok(cut.log.lines.some((line) => line.startsWith('warn no line end at the end')));
});

describe('inside of the frame', () => {
  const passphrase = 'courier-secret';

  for (const scheme of ['00', '02', '03', '04', '05'] as const) {
    test(`what the agent has encrypted (${scheme}) is opened, whatever the policy says`, async () => {
      const message = await encryptSymmetric(output, scheme, new Secret(passphrase));
      const passphraseFile = [await writeSecret(directory, 'passphrase', passphrase)];
      const own = { ...options, passphraseFile, policy: ['tls_encrypted_only'] };
      assert.deepEqual(
        await fetchFromTls({ agent: async () => message }, { options: own }),
        output,
      );
    });
  }

  test('is something encrypted, and no passphrase known', async () => {
    assert.equal(
      await lineFromTls({ agent: async () => Buffer.from('03Salted__12345678') }),
      'data is encrypted but no secret is known: HOST uses scheme 03; name its passphrase with --passphrase-file (USAGE)',
    );
  });

  test('is TLS again, or nothing known', async () => {
    for (const marker of ['16', 'SS', '06']) {
      assert.equal(
        await lineFromTls({ agent: async () => Buffer.from(`${marker}and more of it`) }),
        `unknown transport protocol: b'${marker}' inside of TLS with HOST (MALFORMED)`,
      );
    }
  });

  test('is text without sections', async () => {
    assert.equal(
      await lineFromTls({ agent: async () => Buffer.from('<<html>no agent</html>') }),
      'no agent output from HOST: it must begin with "<<<", not "<<html>no agent</html>" (MALFORMED)',
    );
  });
});
