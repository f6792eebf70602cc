/** What commands about updates print with --json, one document each. Nothing loads it when the program runs. */

import { z } from 'zod';
import { conditionKeys } from './configuration/conditions.ts';
import { reasons } from './server/deciding.ts';

const line = z.int().min(1).describe('line of the file, counted from 1');
const texts = z.array(z.string());

const updatesValidate = z.strictObject({
  path: z.string(),
  rules: z.int(),
  problems: z.array(z.strictObject({ line, message: z.string() })),
  warnings: z.array(z.strictObject({ line, message: z.string() })),
});

const updatesExplain = z.strictObject({
  path: z.string(),
  host: z.string(),
  tags: texts,
  labels: texts,
  parameters: z.array(
    z.strictObject({
      parameter: z.string().describe('such as plugins.mk_apt'),
      value: z.string().describe('in words'),
      rule: z.string(),
      line,
    }),
  ),
  passedOver: z.array(z.strictObject({ rule: z.string(), line, why: z.string() })),
});

const time = z.string().describe('ISO 8601, UTC');
const reason = z.enum(reasons).describe('the first that holds, in this order');

const hostStatus = z.strictObject({
  host: z.string(),
  severity: z.int().min(0).max(9).describe('0: nothing is wrong; higher is worse'),
  text: z.string().describe('what is wrong or under way, in words'),
  state: z.string().describe('unregistered, revoked, registered, or what the host said last'),
  decision: reason,
  reason: z.string().describe('the same in words'),
  stage: z.string().nullable().describe('of the rollout; null: it is in none'),
  target: z.strictObject({ counter: z.int(), agentHash: z.string() }).nullable(),
  downloaded: z.strictObject({ sha256: z.string(), at: time }).nullable(),
  installed: z
    .strictObject({ agentHash: z.string(), counter: z.int(), since: time.nullable() })
    .nullable(),
  rootVersion: z.int().nullable(),
  platform: z.string().nullable(),
  transport: z.string().nullable(),
  lastContact: time.nullable(),
  address: z.string().nullable(),
  silentMs: z.number().nullable().describe('milliseconds; null: not silent'),
  code: z.string().nullable().describe('of the last fault of the host, such as E-STALE'),
  error: z.string().nullable(),
  isCloned: z.boolean().describe('two machines use its secret'),
});

const count = z.int().min(0);
const part = z.number().min(0).max(1);

const stageOverview = z.strictObject({
  name: z.string(),
  share: part.describe('of the hosts that its conditions fit'),
  isOpen: z.boolean(),
  openedAt: time.nullable(),
  hosts: count.describe('that it is the first stage of, and that can take part'),
  asked: count.describe('since it was opened'),
  absent: count.describe('revoked, excluded, switched off or not registered'),
  installed: count,
  failed: count,
  silent: count,
  waiting: count,
  limits: z.strictObject({
    failures: part,
    silent: part,
    successes: count.describe('of its hosts as they are now'),
    soakMs: count.describe('milliseconds'),
    isByHand: z.boolean().describe('a person opens the next one'),
  }),
  words: z.string(),
});

const rolloutOverview = z
  .strictObject({
    id: z.string(),
    startedAt: time,
    startedBy: z.string(),
    state: z.enum(['running', 'held', 'done']),
    hold: z.strictObject({ since: time, by: z.string(), why: z.string() }).nullable(),
    words: z.string().describe('what it waits for'),
    stages: z.array(stageOverview),
  })
  .nullable()
  .describe('the last one; null before the first');

export const updatesStatus = z.strictObject({
  hosts: z.array(hostStatus),
  rollout: rolloutOverview,
});

const updatesRolloutStatus = z.strictObject({ rollout: rolloutOverview });

const updatesSimulate = z.strictObject({
  scenario: z.looseObject({
    hosts: count,
    failures: part,
    silent: part,
    lost: part.describe('hosts that take the release and are never heard of again'),
    intervalSeconds: z.number(),
    seed: count,
    limitMs: z.number().describe('milliseconds that are played at most'),
  }),
  end: z.enum(['done', 'held', 'unfinished']),
  endedAfterMs: z.number().describe('milliseconds'),
  steps: z.array(
    z.strictObject({
      afterMs: z.number().describe('milliseconds'),
      step: z.enum(['open', 'hold', 'done']),
      stage: z.string().describe('in which it happened'),
      why: z.string(),
    }),
  ),
  rollout: rolloutOverview,
  reached: count.describe('hosts that were offered the release'),
  failed: count.describe('hosts on which it failed'),
  testing: count.describe('hosts that were testing it at the end, and finished'),
});

const conditions = z.array(
  z.strictObject({
    condition: z.enum(conditionKeys),
    wanted: z.string(),
    holds: z.boolean().nullable().describe('null: not known of the host, and so it does not fit'),
    words: z.string(),
  }),
);

const selection = z.strictObject({
  path: z.string(),
  known: z.strictObject({
    from: z.enum(['file', 'site', 'options', 'nothing']),
    askedAt: time.nullable().describe('when the site said so'),
    tags: texts.nullable(),
    labels: texts.nullable(),
    folder: z.string().nullable(),
    site: z.string().nullable(),
  }),
  isSelected: z.boolean().describe('whether any rule fits'),
  rules: z.array(z.strictObject({ rule: z.string(), line, holds: z.boolean(), conditions })),
  stages: z.array(z.strictObject({ stage: z.string(), holds: z.boolean(), conditions })),
});

export const updatesWhy = hostStatus.extend({
  steps: z.array(z.strictObject({ reason, holds: z.boolean(), words: z.string() })),
  selection: selection.nullable().describe('null: there is no updates.yaml'),
});

export const updatesRegisterToken = z.strictObject({
  host: z.string(),
  token: z.string(),
  expiresAt: time,
});

const updatesAudit = z.strictObject({
  entries: z.array(
    z.strictObject({
      time: z.string().describe('ISO 8601, UTC'),
      user: z.string(),
      what: z.string(),
      before: z.string(),
      after: z.string(),
    }),
  ),
});

const agent = z.strictObject({
  kind: z.enum(['checkmk', 'courier-agent', 'file', 'foreign']),
  version: z.string(),
});

const updatesBake = z.strictObject({
  dryRun: z.boolean(),
  releases: z.array(
    z.strictObject({
      agentHash: z.string(),
      platform: z.string().describe('such as linux-tgz'),
      agent,
      scripts: texts.describe('plug-ins and local checks, by their paths in the release'),
      confidential: z.boolean(),
      hosts: texts,
      changed: texts.describe('hosts that had another one in the plan before, or none'),
      isNew: z.boolean(),
    }),
  ),
  kept: texts.describe('hosts that are to keep what they have'),
  removed: texts.describe('hosts whose updater is to be switched off'),
  left: texts.describe('hosts that no rule fits'),
  dropped: texts.describe('hosts of the plan before that get nothing any more'),
  rootVersion: z.int().nullable().describe('null: there is no root yet'),
});

const updatesImportPackage = z.strictObject({
  agentHash: z.string(),
  platform: z.string(),
  file: z.string(),
  version: z.string(),
  size: z.int(),
});

const roles = z.array(z.enum(['root', 'release', 'stamp']));

const namedKey = {
  name: z.string().nullable().describe('null: it has no name here'),
  id: z.string().describe('SHA-256 of the public key'),
  fingerprint: z.string(),
  roles,
  isHere: z.boolean().describe('whether the private key is kept here'),
};

const updatesKeysList = z.strictObject({
  keys: z.array(
    z.strictObject({
      ...namedKey,
      isLegacy: z.boolean().describe('kept here, but too weak for any root to name it'),
      replaceBy: time.nullable().describe('null: its private key is not kept here'),
    }),
  ),
});

const updatesRootShow = z.strictObject({
  version: z.int(),
  sha256: z.string().describe('of the file'),
  issued: time,
  expires: time,
  floorCounter: z.int().describe('hosts refuse targets with a lower counter'),
  thresholds: z.strictObject({ root: z.int(), release: z.int(), stamp: z.int() }),
  servers: texts,
  authorities: texts.describe('SHA-256 of each certificate'),
  keys: z.array(z.strictObject(namedKey)),
  endings: z.array(
    z.strictObject({
      what: z.string(),
      days: z.int().describe('until it ends; below zero afterwards'),
      severity: z.enum(['warning', 'critical']),
      remedy: z.string().describe('a command'),
    }),
  ),
});

const updatesPublish = z.strictObject({
  isDryRun: z.boolean(),
  hosts: z.int().describe('for how many hosts something is published'),
  added: texts,
  changed: texts,
  removed: texts,
  rollout: z.string().describe('in which stages it reaches hosts, in words'),
});

const updatesSitesShow = z.strictObject({
  sites: z.array(
    z.strictObject({
      site: z.string().describe('-: hosts that no site is for'),
      server: z.string().nullable(),
      inRoot: z.boolean().describe('whether the newest root names the server'),
      patterns: texts,
      hosts: z.int().describe('of those that have asked'),
      elsewhere: z.int().describe('how many of them asked through another site, or none'),
      lastContact: time.nullable(),
    }),
  ),
  hosts: z.array(
    z.strictObject({
      host: z.string(),
      site: z.string().nullable(),
      via: z.string().nullable().describe('the remote site through which it asked last'),
      lastContact: time,
    }),
  ),
});

/** By the command line. */
export const updatesDocuments = {
  'updates validate': updatesValidate,
  'updates explain': updatesExplain,
  'updates status': updatesStatus,
  'updates rollout status': updatesRolloutStatus,
  'updates simulate': updatesSimulate,
  'updates why': updatesWhy,
  'updates register-token': updatesRegisterToken,
  'updates audit': updatesAudit,
  'updates keys list': updatesKeysList,
  'updates root show': updatesRootShow,
  'updates sites show': updatesSitesShow,
  'updates publish': updatesPublish,
  'updates bake': updatesBake,
  'updates import-package': updatesImportPackage,
} as const;
