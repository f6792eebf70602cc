import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandModule } from '../../src/cli/command.ts';
import { commandHelp, programHelp } from '../../src/cli/help.ts';
import type { OptionTable } from '../../src/cli/options.ts';

const options = {
  maxAge: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'how old',
    parse: String,
    fallback: '5m',
  },
  lenient: { kind: 'switch', describe: 'be lenient' },
  host: { kind: 'value', placeholder: 'NAME', describe: 'the host', parse: String, required: true },
  sections: { kind: 'list', placeholder: 'NAMES', describe: 'sections to keep', parse: String },
  address: {
    kind: 'value',
    placeholder: 'IP',
    describe: 'an address',
    parse: String,
    fallback: '',
  },
} as const satisfies OptionTable;

const user = { kind: 'value', placeholder: 'NAME', describe: 'who asks', parse: String } as const;

const command: CommandModule = {
  summary: 'print what there is',
  usage: 'show [FILE…]',
  examples: [
    ['show /x', 'one file'],
    ['show --max-age=1d', 'of a day'],
  ],
  options,
  run: async () => assert.fail('run instead of described'),
};

test('the help of a command shows usage, options, groups and examples', async () => {
  const text = await commandHelp(command, [
    {
      title: 'http sources',
      schemes: [
        ['https:', 'from a web server'],
        ['http:', 'the same without encryption'],
      ],
      options: { user },
    },
    {
      title: 'imap sources',
      schemes: [['imap:', 'a message']],
      options: { user: { ...user, describe: 'who logs in' } },
    },
    { title: 'spool sources', options: {} },
  ]);
  assert.equal(
    text,
    `cmk-courier show [FILE…]

Print what there is.

Options:
  --host=NAME         the host (required)
  --max-age=DURATION  how old (default 5m)
  --lenient           be lenient
  --sections=NAMES    sections to keep (may be given again)
  --address=IP        an address

Sources:
  https:  from a web server
  http:   the same without encryption
  imap:   a message

http sources:
  --user=NAME  who asks

imap sources:
  --user=NAME  who logs in

Everywhere:
  -v, --verbose  say on stderr what is done
      --debug    say more, and show where an error comes from
  -h, --help     show this help

Examples:
  cmk-courier show /x            one file
  cmk-courier show --max-age=1d  of a day`,
  );
});

test('the help of a command without options and examples shows what is everywhere', async () => {
  assert.equal(
    await commandHelp({ ...command, options: {}, examples: [] }, []),
    `cmk-courier show [FILE…]

Print what there is.

Everywhere:
  -v, --verbose  say on stderr what is done
      --debug    say more, and show where an error comes from
  -h, --help     show this help`,
  );
});

test('an example is never broken: where one is long, what it does stands below each', async () => {
  const long = 'show --max-age=15m -- https://depot.example/agent/{host}';
  const examples = [['show /x', 'one file'] as const, [long, 'of a server'] as const];
  const text = await commandHelp({ ...command, options: {}, examples }, []);
  assert.equal(
    text.slice(text.indexOf('Examples:')),
    `Examples:
  cmk-courier show /x
      one file
  cmk-courier ${long}
      of a server`,
  );
});

test('no line of help is wider than 100 columns', async () => {
  const describe = 'a long story '.repeat(30).trim();
  const text = await commandHelp({ ...command, options: { long: { ...user, describe } } }, []);
  const widest = Math.max(...text.split('\n').map((line) => line.length));
  assert.ok(widest <= 100, `${widest} columns`);
});

test('the help of the program shows its commands', async () => {
  const text = await programHelp({
    fetch: { summary: 'get it' },
    check: { summary: 'look at it' },
  });
  assert.equal(
    text,
    `cmk-courier COMMAND …

Carries Checkmk agent output to a site.

Commands:
  cmk-courier fetch  get it
  cmk-courier check  look at it

cmk-courier COMMAND --help says more; --version names the version.`,
  );
});
