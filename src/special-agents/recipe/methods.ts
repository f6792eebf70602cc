/** How a step asks over HTTP. Apart from the schema: that loads a library which a run does not need. */

/** Keys of a step whose value is the URL that is asked. */
export const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;

export type Method = (typeof methods)[number];

export function methodsOf(step: object): readonly string[] {
  return methods.filter((name) => Reflect.get(step, name) !== undefined);
}

/** Whether a step asks over HTTP. */
export function isOverHttp(step: object): boolean {
  return methodsOf(step).length > 0;
}
