/** What a recipe asks and makes, in words. */

import type { Recipe } from './recipe/recipe.ts';
import type { SpecialAgent } from './special-agent.ts';

/** An agent that is code. */
export function describeCoded({ name, title }: SpecialAgent): string {
  return [
    `${name}: ${title}`,
    '',
    `Its page is docs/${name}.md, what it asks and prints docs/protocol/${name}.md.`,
    `\`cmk-courier agent ${name} --help\` lists its options.`,
    '',
  ].join('\n');
}

export function describeRecipe(recipe: Recipe): string {
  const { title, description, origin, steps, sections, parameters } = recipe;
  return [
    `${recipe.name}: ${title}`,
    ...(description === undefined ? [] : ['', description.trim()]),
    '',
    `from      ${origin}`,
    ...toLines(
      'takes',
      Object.entries(parameters).map(([name, { type }]) => `${name} (${type})`),
    ),
    ...toLines('asks', steps.map(describeStep)),
    ...toLines('makes', [...new Set(sections.map(describeSection))]),
    '',
    `\`cmk-courier agent ${recipe.name} --help\` lists its options.`,
    '',
  ].join('\n');
}

function toLines(title: string, lines: readonly string[]): readonly string[] {
  return lines.map((line, index) => `${(index === 0 ? title : '').padEnd(9)} ${line}`);
}

const methods = ['get', 'post', 'put', 'patch', 'delete', 'dialogue'];

function describeStep(step: Recipe['steps'][number]): string {
  const method = methods.find((name) => Reflect.get(step, name) !== undefined) ?? '';
  const place: unknown = Reflect.get(step, method);
  const loop = step.for === undefined ? '' : `, once for each of ${step.for}`;
  return `${step.name}: ${method.toUpperCase()} ${typeof place === 'string' ? place : ''}${loop}`.trimEnd();
}

function describeSection({ name, piggyback }: Recipe['sections'][number]): string {
  return `<<<${name}>>>${piggyback === undefined ? '' : ' for other hosts'}`;
}
