/** An inventory for the stand-in of a vSphere server: objects with properties as XML. */

/** A managed object. */
export interface FakeObject {
  readonly type: string;
  readonly id: string;
  /** Properties by path: the inner XML of `val`, and its `xsi:type`. */
  readonly properties: Readonly<Record<string, FakeValue>>;
  /** Objects one step further: by the property that leads there. */
  readonly leads?: Readonly<Record<string, readonly string[]>>;
}

export interface FakeValue {
  readonly type: string;
  readonly xml: string;
  /** The attribute `type` of a reference. */
  readonly refers?: string;
}

export function text(value: string, type = 'xsd:string'): FakeValue {
  return { type, xml: escapeXml(value) };
}

export function reference(type: string, id: string): FakeValue {
  return { type: 'ManagedObjectReference', refers: type, xml: id };
}

/** A list of one kind: `ArrayOf…`. */
export function list(kind: string, entries: readonly string[]): FakeValue {
  return {
    type: `ArrayOf${kind}`,
    xml: entries.map((xml) => `<${kind}>${xml}</${kind}>`).join(''),
  };
}

/** Elements of texts, in their order. */
export function parts(values: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(values)
    .map(([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`)
    .join('');
}

export function escapeXml(value: string): string {
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[\n\r\t]/g, (found) => `&#${found.charCodeAt(0)};`);
}
