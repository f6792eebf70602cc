/** The rules of a fake site: in order, with ETags. */

import { randomUUID } from 'node:crypto';
import {
  type Answer,
  checkFields,
  type FakeSite,
  problem,
  type Request,
  toEtag,
  toRepr,
} from './checkmk-rest.ts';

export interface KeptRule {
  readonly id: string;
  readonly ruleset: string;
  readonly folder: string;
  readonly value_raw: string;
  readonly conditions: Readonly<Record<string, unknown>>;
  readonly properties: Readonly<Record<string, unknown>>;
}

const collection = '/domain-types/rule/collections/all';
const conditionFields = [
  'host_name',
  'host_tags',
  'host_label_groups',
  'service_label_groups',
  'service_description',
];

export class RulesApi {
  readonly #site: FakeSite;
  /** Of all rule sets and folders, in order. */
  kept: KeptRule[] = [];
  readonly ruleSets = new Set(['datasource_programs', 'special_agents:cmk_courier']);

  constructor(site: FakeSite) {
    this.#site = site;
  }

  /** A rule that somebody else has made. */
  add(given: Partial<KeptRule>): KeptRule {
    const rule = {
      id: randomUUID(),
      ruleset: 'datasource_programs',
      folder: '/',
      value_raw: "'cat /tmp/x'",
      conditions: {},
      properties: { description: 'foreign', disabled: false },
      ...given,
    };
    this.kept.push(rule);
    return rule;
  }

  answer(request: Request): Answer | undefined {
    const { method, path } = request;
    if (path === collection) return method === 'GET' ? this.#list(request) : this.#make(request);
    const [, id, move] = /^\/objects\/rule\/([^/]+)(\/actions\/move\/invoke)?$/.exec(path) ?? [];
    if (id === undefined) return undefined;
    const rule = this.kept.find((one) => one.id === id);
    if (rule === undefined) return problem(404, 'Not Found', 'The rule does not exist');
    if (method === 'GET') return this.#tell(rule);
    const refused = this.#refuse(request, rule, method !== 'DELETE' || this.#isStrict());
    if (refused !== undefined) return refused;
    if (move !== undefined) return this.#move(request, rule);
    return method === 'DELETE' ? this.#remove(request, rule) : this.#change(request, rule);
  }

  /** 2.3 and 2.4 delete without an ETag. */
  #isStrict(): boolean {
    return this.#site.version.startsWith('2.5');
  }

  #refuse({ ifMatch }: Request, rule: KeptRule, needsTag: boolean): Answer | undefined {
    const forbidden = this.#checkRights();
    if (forbidden !== undefined) return forbidden;
    if (ifMatch === undefined && needsTag) {
      return problem(428, 'Precondition required', 'If-Match header is missing');
    }
    const fits = ifMatch === undefined || ifMatch === '*' || ifMatch === toEtag(rule);
    return fits ? undefined : problem(412, 'Precondition failed', 'The value of If-Match is wrong');
  }

  #checkRights(): Answer | undefined {
    const lacking = ['wato.edit', 'wato.rulesets'].find((one) => !this.#site.permissions.has(one));
    return lacking === undefined ? undefined : problem(403, 'Forbidden', `You lack ${lacking}`);
  }

  #list({ query }: Request): Answer {
    const ruleset = query.get('ruleset_name');
    if (ruleset === null) return problem(400, 'Bad Request', 'ruleset_name is missing');
    if (!this.ruleSets.has(ruleset)) return this.#unknown(ruleset);
    const value = this.kept
      .filter((rule) => rule.ruleset === ruleset)
      .map((rule) => this.#show(rule));
    return { status: 200, content: { domainType: 'rule', id: 'all', value } };
  }

  #unknown(ruleset: string): Answer {
    const fields = { ruleset: [`Unknown ruleset ${ruleset}`] };
    return problem(400, 'Bad Request', 'These fields have problems: ruleset', fields);
  }

  #make({ body, user }: Request): Answer {
    const wrong =
      this.#checkRights() ??
      checkFields(body, ['ruleset', 'folder', 'value_raw'], ['properties', 'conditions']) ??
      this.#checkParts(body);
    if (wrong !== undefined) return wrong;
    const ruleset = String(body['ruleset']);
    if (!this.ruleSets.has(ruleset)) return this.#unknown(ruleset);
    const folder = toFolder(String(body['folder']));
    if (!this.#site.folders.has(folder)) {
      return problem(400, 'Bad Request', 'These fields have problems: folder', {
        folder: ['The folder could not be found.'],
      });
    }
    const value = toRepr(String(body['value_raw']));
    if (value === undefined) return badValue;
    const rule = this.add({ ruleset, folder, value_raw: value, ...toParts(body) });
    this.#site.note(user, 'Created new rule');
    return this.#tell(rule);
  }

  #checkParts(body: Request['body']): Answer | undefined {
    const conditions = toRecord(body['conditions']);
    const properties = toRecord(body['properties']);
    const wrong =
      checkFields(conditions, [], conditionFields) ??
      checkFields(properties, [], ['description', 'comment', 'disabled', 'documentation_url']);
    if (wrong !== undefined) return wrong;
    const names = conditions['host_name'];
    return names === undefined
      ? undefined
      : checkFields(toRecord(names), ['match_on', 'operator'], []);
  }

  #change({ body, user }: Request, rule: KeptRule): Answer {
    const wrong =
      checkFields(body, ['value_raw'], ['properties', 'conditions']) ?? this.#checkParts(body);
    if (wrong !== undefined) return wrong;
    const value = toRepr(String(body['value_raw']));
    if (value === undefined) return badValue;
    const changed = { ...rule, value_raw: value, ...toParts(body) };
    this.kept = this.kept.map((one) => (one === rule ? changed : one));
    this.#site.note(user, 'Edited rule');
    return this.#tell(changed);
  }

  #move({ body, user }: Request, rule: KeptRule): Answer {
    const { position } = body;
    const isBeside = position === 'after_specific_rule' || position === 'before_specific_rule';
    const wrong = checkFields(body, ['position', isBeside ? 'rule_id' : 'folder'], []);
    if (wrong !== undefined) return wrong;
    const others = this.kept.filter((one) => one !== rule);
    const anchor = others.findIndex(({ id }) => id === body['rule_id']);
    if (isBeside && anchor < 0) return problem(400, 'Bad Request', 'No such rule');
    const folder = isBeside ? (others[anchor]?.folder ?? '/') : toFolder(String(body['folder']));
    const moved = { ...rule, folder };
    const place = isBeside ? anchor + (position === 'after_specific_rule' ? 1 : 0) : 0;
    this.kept = others.toSpliced(place, 0, moved);
    this.#site.note(user, 'Moved rule');
    return this.#tell(moved);
  }

  #remove({ user }: Request, rule: KeptRule): Answer {
    this.kept = this.kept.filter((one) => one !== rule);
    this.#site.note(user, 'Deleted rule');
    return { status: 204 };
  }

  #tell(rule: KeptRule): Answer {
    return { status: 200, content: this.#show(rule), etag: toEtag(rule) };
  }

  #show(rule: KeptRule): object {
    const { id, ...about } = rule;
    const beside = this.kept.filter(
      (one) => one.folder === rule.folder && one.ruleset === rule.ruleset,
    );
    const conditions = {
      host_tags: [],
      host_label_groups: [],
      service_label_groups: [],
      ...rule.conditions,
    };
    const extensions = { ...about, conditions, folder_index: beside.indexOf(rule) };
    return { domainType: 'rule', id, title: 'Rule', links: [], members: {}, extensions };
  }
}

const badValue = problem(400, 'Bad Request', 'These fields have problems: value_raw', {
  value_raw: ['The value is no Python literal'],
});

function toFolder(told: string): string {
  return told.replaceAll('~', '/');
}

function toParts(body: Request['body']) {
  return {
    conditions: toRecord(body['conditions']),
    properties: { disabled: false, ...toRecord(body['properties']) },
  };
}

export function toRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
