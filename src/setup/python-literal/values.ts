/** Values of Python, as literals stand for them. */

/** A tuple, which Python tells from a list: `('a', 'b')`. */
export class PythonTuple {
  readonly items: readonly PythonValue[];

  constructor(items: readonly PythonValue[]) {
    this.items = items;
  }
}

export type PythonDict = ReadonlyMap<PythonValue, PythonValue>;

/** None is null, a list an array, a dict a Map. */
export type PythonValue =
  | null
  | boolean
  | number
  | string
  | readonly PythonValue[]
  | PythonTuple
  | PythonDict;

export function isDict(value: PythonValue): value is PythonDict {
  return value instanceof Map;
}
