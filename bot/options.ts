/** Command options: what a platform registers, and reading what it sends. */
import { z } from 'zod';
import { StudioError } from '../core/errors.ts';
import type { Command, Option, OptionSpec, Options, OptionValues } from './types.ts';

/** The options of a command as platforms register them, required ones first. */
export function optionSpecs(command: Pick<Command, 'options'>): OptionSpec[] {
  const specs = Object.entries(command.options).map(([name, option]) => specOf(name, option));
  return specs.sort((a, b) => Number(b.required) - Number(a.required));
}

function specOf(name: string, option: Option): OptionSpec {
  const common = {
    name,
    description: option.description,
    required: !option.schema.safeParse(undefined).success,
    autocomplete: option.complete !== undefined,
  };
  if (option.kind === 'file') return { ...common, kind: 'file' };
  const shape = z.toJSONSchema(option.schema, { io: 'input' });
  if (shape.enum) {
    const choices = shape.enum.map((value) => {
      const text = String(value);
      return { value: text, label: option.labels?.[text] ?? { en: text, es: text } };
    });
    return { ...common, kind: 'choice', choices };
  }
  if (shape.type === 'string')
    return { ...common, kind: 'text', minLength: shape.minLength, maxLength: shape.maxLength };
  if (shape.type === 'boolean') return { ...common, kind: 'boolean' };
  if (shape.type === 'integer' || shape.type === 'number')
    return { ...common, kind: shape.type, min: shape.minimum, max: shape.maximum };
  throw new TypeError(`Option "${name}" has a type no platform has.`);
}

/**
 * Reads options as they came; empty strings count as not given.
 * @throws {StudioError} invalid_request naming each wrong option
 */
export function readOptions<O extends Options>(
  options: O,
  given: Readonly<Record<string, unknown>>,
): OptionValues<O> {
  const issues: { path: string; message: string }[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(options)) {
    const raw = given[name] === '' || given[name] === null ? undefined : given[name];
    const parsed = option.schema.safeParse(raw);
    if (parsed.success) values[name] = parsed.data;
    else issues.push({ path: name, message: faultOf(raw, parsed.error.issues[0]) });
  }
  if (issues.length === 0) return values as OptionValues<O>;
  throw new StudioError('invalid_request', 'The command has a fault.', { issues });
}

/** In the words core has for storyboards, which every language knows. */
function faultOf(raw: unknown, issue: z.core.$ZodIssue | undefined): string {
  if (raw === undefined) return 'is missing';
  switch (issue?.code) {
    case 'invalid_value':
      return `must be one of ${issue.values.join(', ')}; got ${JSON.stringify(raw)}`;
    case 'invalid_format':
      return issue.format === 'url' ? 'must be an http(s) address' : 'is wrong';
    case 'too_big':
      return issue.origin === 'string'
        ? `must have at most ${issue.maximum} characters; it has ${String(raw).length}`
        : `must be at most ${issue.maximum}; got ${String(raw)}`;
    case 'too_small':
      return issue.origin === 'string'
        ? `must have at least ${issue.minimum} characters; it has ${String(raw).trim().length}`
        : `must be at least ${issue.minimum}; got ${String(raw)}`;
    case 'invalid_type':
      return issue.expected === 'number' || issue.expected === 'int'
        ? `must be a number, not ${JSON.stringify(raw)}`
        : 'is wrong';
    default:
      return issue?.message ?? 'is wrong';
  }
}

/** `/video new`, as people type it. */
export function commandLine({ path }: Pick<Command, 'path'>): string {
  return `/${path.join(' ')}`;
}
