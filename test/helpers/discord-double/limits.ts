/** What Discord refuses: too long, too many, malformed. One answer lists the faults by their path. */
import { DiscordFault, type MessageBody } from './state.ts';

type Fault = { path: string; message: string };
type Json = Record<string, unknown>;

/** @throws {DiscordFault} 50035, 50006 */
export function checkMessage(body: MessageBody, attachments: number): void {
  const faults: Fault[] = [];
  atMost(faults, 'content', body.content, 2000);
  if (body.embeds.length > 10) faults.push({ path: 'embeds', message: 'Must be 10 or fewer in length.' });
  let total = 0;
  body.embeds.forEach((embed, index) => (total += checkEmbed(embed, `embeds.${index}`, faults)));
  if (total > 6000) faults.push({ path: 'embeds', message: 'Embed size exceeds maximum size of 6000' });
  checkComponents(body.components, faults);
  if (attachments > 10) faults.push({ path: 'attachments', message: 'Must be 10 or fewer in length.' });
  refuse(faults);
  if (body.content === '' && body.embeds.length === 0 && body.components.length === 0 && attachments === 0)
    throw new DiscordFault(400, 50006, 'Cannot send an empty message');
}

/** @throws {DiscordFault} 50035 */
export function checkModal(modal: Json): void {
  const faults: Fault[] = [];
  required(faults, 'title', modal['title'], 45);
  required(faults, 'custom_id', modal['custom_id'], 100);
  const rows = listOf(modal['components']);
  if (rows.length < 1 || rows.length > 5)
    faults.push({ path: 'components', message: 'Must be between 1 and 5 in length.' });
  const ids = new Set<unknown>();
  rows.forEach((row, index) => {
    const path = `components.${index}`;
    if (row['type'] === 18) {
      required(faults, `${path}.label`, row['label'], 45);
      atMost(faults, `${path}.description`, row['description'], 100);
      checkInput(row['component'] as Json, `${path}.component`, faults, ids);
    } else if (row['type'] === 1) {
      const inputs = listOf(row['components']);
      if (inputs.length !== 1) faults.push({ path, message: 'Must have one text input.' });
      for (const input of inputs) {
        required(faults, `${path}.label`, input['label'], 45);
        checkInput(input, path, faults, ids);
      }
    } else if (row['type'] !== 10)
      faults.push({ path, message: `Value of field "type" must be one of (1, 10, 18).` });
  });
  refuse(faults);
}

function checkInput(input: Json | undefined, path: string, faults: Fault[], ids: Set<unknown>): void {
  if (!input || ![3, 4, 5, 6, 7, 8, 19, 21, 22, 23].includes(Number(input['type'])))
    return void faults.push({ path, message: 'Unknown component type.' });
  required(faults, `${path}.custom_id`, input['custom_id'], 100);
  if (ids.has(input['custom_id'])) faults.push({ path, message: 'Component custom id cannot be duplicated' });
  ids.add(input['custom_id']);
  atMost(faults, `${path}.placeholder`, input['placeholder'], input['type'] === 3 ? 150 : 100);
  if (input['type'] === 4) {
    const longest = Number(input['max_length'] ?? 4000);
    if (longest < 1 || longest > 4000)
      faults.push({ path: `${path}.max_length`, message: 'Must be between 1 and 4000.' });
    if (![1, 2].includes(Number(input['style'])))
      faults.push({ path: `${path}.style`, message: 'This field is required' });
    atMost(faults, `${path}.value`, input['value'], longest);
  }
  if (input['type'] === 19 && Number(input['max_values'] ?? 1) > 10)
    faults.push({ path: `${path}.max_values`, message: 'Must be 10 or fewer.' });
  if (input['type'] === 3) checkChoices(input, path, faults);
}

/** @throws {DiscordFault} 50035 */
export function checkAutocomplete(data: Json): void {
  const faults: Fault[] = [];
  const choices = listOf(data['choices']);
  if (choices.length > 25) faults.push({ path: 'choices', message: 'Must be 25 or fewer in length.' });
  choices.forEach((choice, index) => {
    required(faults, `choices.${index}.name`, choice['name'], 100);
    if (typeof choice['value'] === 'string') required(faults, `choices.${index}.value`, choice['value'], 100);
  });
  refuse(faults);
}

/** @throws {DiscordFault} 50035, 30032 */
export function checkCommands(commands: Json[]): void {
  const faults: Fault[] = [];
  const names = new Set<string>();
  commands.forEach((command, index) => {
    const key = `${Number(command['type'] ?? 1)} ${String(command['name'])}`;
    if (names.has(key))
      faults.push({ path: `${index}.name`, message: 'Application command names must be unique' });
    names.add(key);
    if (Number(command['type'] ?? 1) === 1) {
      checkOption(command, String(index), faults, 0);
      if (textSize(command) > 8000)
        faults.push({ path: String(index), message: 'Command exceeds maximum size (8000)' });
    } else {
      required(faults, `${index}.name`, command['name'], 32);
      if (command['description'])
        faults.push({
          path: `${index}.description`,
          message: 'Context menu commands cannot have description',
        });
    }
  });
  if (commands.filter((command) => Number(command['type'] ?? 1) === 1).length > 100)
    throw new DiscordFault(400, 30032, 'Maximum number of application commands reached (100)');
  refuse(faults);
}

function checkOption(option: Json, path: string, faults: Fault[], depth: number): void {
  if (
    !/^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u.test(String(option['name'])) ||
    String(option['name']) !== String(option['name']).toLowerCase()
  )
    faults.push({ path: `${path}.name`, message: 'Command name is invalid' });
  required(faults, `${path}.description`, option['description'], 100);
  for (const text of Object.values((option['description_localizations'] ?? {}) as Json))
    required(faults, `${path}.description_localizations`, text, 100);
  const options = listOf(option['options']);
  if (options.length > 25 || depth > 3)
    faults.push({ path: `${path}.options`, message: 'Must be 25 or fewer in length.' });
  let optionalSeen = false;
  options.forEach((inner, index) => {
    if (inner['required'] && optionalSeen)
      faults.push({
        path: `${path}.options.${index}`,
        message: 'Required options must be placed before non-required options',
      });
    optionalSeen ||= !inner['required'];
    if (!(Number(inner['type']) >= 1 && Number(inner['type']) <= 11))
      faults.push({ path: `${path}.options.${index}.type`, message: 'This field is required' });
    checkOption(inner, `${path}.options.${index}`, faults, depth + 1);
  });
  if (new Set(options.map((inner) => inner['name'])).size < options.length)
    faults.push({ path: `${path}.options`, message: 'Option names must be unique' });
  const choices = listOf(option['choices']);
  if (choices.length > 25)
    faults.push({ path: `${path}.choices`, message: 'Must be 25 or fewer in length.' });
  if (choices.length > 0 && option['autocomplete'])
    faults.push({ path: `${path}.choices`, message: 'Cannot have both choices and autocomplete' });
  for (const choice of choices) required(faults, `${path}.choices`, choice['name'], 100);
}

function textSize(option: Json): number {
  const own = String(option['name'] ?? '').length + String(option['description'] ?? '').length;
  const choices = listOf(option['choices']).map(
    (choice) => String(choice['name']).length + String(choice['value']).length,
  );
  return [own, ...choices, ...listOf(option['options']).map(textSize)].reduce((sum, size) => sum + size, 0);
}

/** @returns characters that count towards the 6000 of a message */
function checkEmbed(embed: Json, path: string, faults: Fault[]): number {
  const limits: [string, unknown, number][] = [
    ['title', embed['title'], 256],
    ['description', embed['description'], 4096],
    ['footer.text', (embed['footer'] as Json | undefined)?.['text'], 2048],
    ['author.name', (embed['author'] as Json | undefined)?.['name'], 256],
  ];
  const fields = listOf(embed['fields']);
  if (fields.length > 25) faults.push({ path: `${path}.fields`, message: 'Must be 25 or fewer in length.' });
  fields.forEach((field, index) => {
    required(faults, `${path}.fields.${index}.name`, field['name'], 256);
    required(faults, `${path}.fields.${index}.value`, field['value'], 1024);
  });
  for (const [name, text, most] of limits) atMost(faults, `${path}.${name}`, text, most);
  for (const key of ['image', 'thumbnail'] as const) {
    const url = (embed[key] as Json | undefined)?.['url'];
    if (url !== undefined && !/^(https?|attachment):\/\//.test(String(url)))
      faults.push({
        path: `${path}.${key}.url`,
        message: 'Scheme must be one of (http, https, attachment).',
      });
  }
  if (embed['url'] !== undefined && !/^https?:\/\//.test(String(embed['url'])))
    faults.push({ path: `${path}.url`, message: 'Not a well formed URL.' });
  const texts = [
    ...limits.map(([, text]) => text),
    ...fields.flatMap((field) => [field['name'], field['value']]),
  ];
  return texts.reduce((sum: number, text) => sum + (typeof text === 'string' ? text.length : 0), 0);
}

function checkComponents(rows: Json[], faults: Fault[]): void {
  if (rows.length > 5) faults.push({ path: 'components', message: 'Must be 5 or fewer in length.' });
  const ids = new Set<unknown>();
  rows.forEach((row, index) => {
    const path = `components.${index}`;
    if (row['type'] !== 1)
      return void faults.push({ path, message: 'Value of field "type" must be one of (1).' });
    const inner = listOf(row['components']);
    if (inner.length < 1 || inner.length > 5)
      faults.push({ path, message: 'Must be between 1 and 5 in length.' });
    for (const component of inner) {
      const isLink = component['style'] === 5;
      if (component['type'] === 2) atMost(faults, `${path}.label`, component['label'], 80);
      if (component['type'] === 2 && !component['label'] && !component['emoji'])
        faults.push({ path, message: 'A button must have a label or emoji' });
      if (isLink && !/^(https?|discord):\/\//.test(String(component['url'])))
        faults.push({ path: `${path}.url`, message: 'Not a well formed URL.' });
      if (isLink && component['custom_id'])
        faults.push({ path, message: 'A custom id and url cannot both be specified' });
      if (!isLink) {
        required(faults, `${path}.custom_id`, component['custom_id'], 100);
        if (ids.has(component['custom_id']))
          faults.push({ path, message: 'Component custom id cannot be duplicated' });
        ids.add(component['custom_id']);
      }
      if (component['type'] === 3) checkChoices(component, path, faults);
    }
  });
}

function checkChoices(select: Json, path: string, faults: Fault[]): void {
  const options = listOf(select['options']);
  if (options.length < 1 || options.length > 25)
    faults.push({ path: `${path}.options`, message: 'Must be between 1 and 25 in length.' });
  for (const option of options) {
    required(faults, `${path}.options`, option['label'], 100);
    required(faults, `${path}.options`, option['value'], 100);
    atMost(faults, `${path}.options`, option['description'], 100);
  }
  if (new Set(options.map((option) => option['value'])).size < options.length)
    faults.push({ path: `${path}.options`, message: 'The specified option value is already used' });
}

function required(faults: Fault[], path: string, text: unknown, most: number): void {
  if (typeof text !== 'string' || text.length === 0) faults.push({ path, message: 'This field is required' });
  else atMost(faults, path, text, most);
}

function atMost(faults: Fault[], path: string, text: unknown, most: number): void {
  if (typeof text === 'string' && text.length > most)
    faults.push({ path, message: `Must be ${most} or fewer in length.` });
}

function listOf(value: unknown): Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}

function refuse(faults: Fault[]): void {
  if (faults.length === 0) return;
  const errors = Object.fromEntries(
    faults.map(({ path, message }) => [path, { _errors: [{ code: 'BASE_TYPE', message }] }]),
  );
  throw new DiscordFault(
    400,
    50035,
    `Invalid Form Body: ${faults.map(({ path, message }) => `${path} ${message}`).join('; ')}`,
    errors,
  );
}
