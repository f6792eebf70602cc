/** A part of an XML document as a small tree. Namespaces are resolved; names are local names. */

export interface XmlElement {
  /** Without a prefix. */
  readonly name: string;
  /** Of no namespace, by name; those of XML Schema's instances as `xsi:type` whatever their prefix. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** All text directly in it, entities decoded. */
  readonly text: string;
}

/** The first child of this name. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name);
}

/** The children of this name, in their order. */
export function childrenOf(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** The text of the descendant that `path` leads to, by the first child of each name. */
export function textAt(
  element: XmlElement | undefined,
  ...path: readonly string[]
): string | undefined {
  return path.reduce(childOf, element)?.text;
}
