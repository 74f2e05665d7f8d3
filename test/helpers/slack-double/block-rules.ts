/** Block Kit's limits: what Slack would refuse as `invalid_blocks` or `invalid_arguments`, in words. */
import type { SlackBlock, SlackText } from './types.ts';

type Surface = 'message' | 'modal';
type Loose = Record<string, unknown>;

/** Every fault of a list of blocks; empty when Slack would take it. */
export function blockFaults(blocks: readonly SlackBlock[], surface: Surface): string[] {
  const faults: string[] = [];
  const most = surface === 'message' ? 50 : 100;
  if (!Array.isArray(blocks)) return ['blocks is no list'];
  if (blocks.length > most) faults.push(`${blocks.length} blocks, at most ${most}`);
  const ids = blocks.map((block) => block.block_id).filter((id) => id !== undefined);
  if (new Set(ids).size < ids.length) faults.push('block_id used twice');
  if (ids.some((id) => id.length > 255 || id.length === 0)) faults.push('block_id of a wrong length');
  blocks.forEach((block, index) => {
    const rule = rules[block.type];
    const found = rule ? rule(block as Loose, surface) : [`type ${block.type} is unknown`];
    faults.push(...found.map((fault) => `block ${index} (${block.type}): ${fault}`));
  });
  return faults;
}

const rules: Record<string, (block: Loose, surface: Surface) => string[]> = {
  divider: () => [],
  header: (block) => [...textFaults(block['text'], 150), ...onlyPlain(block['text'])],
  section: (block) => {
    const fields = (block['fields'] as unknown[] | undefined) ?? [];
    return [
      ...(block['text'] === undefined && fields.length === 0 ? ['neither text nor fields'] : []),
      ...(block['text'] === undefined ? [] : textFaults(block['text'], 3000)),
      ...(fields.length > 10 ? ['over 10 fields'] : []),
      ...fields.flatMap((field) => textFaults(field, 2000)),
      ...(block['accessory'] === undefined ? [] : elementFaults(block['accessory'] as Loose)),
    ];
  },
  context: (block) => {
    const elements = block['elements'] as Loose[];
    return [
      ...(elements.length > 10 || elements.length === 0 ? ['1 to 10 elements'] : []),
      ...elements.flatMap((element) =>
        element['type'] === 'image' ? imageFaults(element) : textFaults(element, 3000),
      ),
    ];
  },
  image: (block) => [
    ...imageFaults(block),
    ...(block['title'] === undefined ? [] : textFaults(block['title'], 2000)),
  ],
  actions: (block) => {
    const elements = block['elements'] as Loose[];
    const ids = elements.map((element) => element['action_id']);
    return [
      ...(elements.length > 25 || elements.length === 0 ? ['1 to 25 elements'] : []),
      ...(new Set(ids).size < ids.length ? ['action_id used twice'] : []),
      ...elements.flatMap(elementFaults),
    ];
  },
  input: (block, surface) => {
    const element = block['element'] as Loose;
    return [
      ...textFaults(block['label'], 2000),
      ...onlyPlain(block['label']),
      ...(block['hint'] === undefined ? [] : textFaults(block['hint'], 2000)),
      ...(surface === 'message' && element['type'] === 'file_input' ? ['file_input outside a modal'] : []),
      ...elementFaults(element),
    ];
  },
};

function elementFaults(element: Loose): string[] {
  const id = element['action_id'];
  const faults = typeof id === 'string' && id.length > 255 ? ['action_id over 255 characters'] : [];
  if (element['placeholder'] !== undefined) faults.push(...textFaults(element['placeholder'], 150));
  switch (element['type']) {
    case 'button':
      faults.push(...textFaults(element['text'], 75), ...onlyPlain(element['text']));
      if (String(element['value'] ?? '').length > 2000) faults.push('value over 2000 characters');
      if (String(element['url'] ?? '').length > 3000) faults.push('url over 3000 characters');
      if (![undefined, 'primary', 'danger'].includes(element['style'] as string))
        faults.push('unknown style');
      break;
    case 'plain_text_input': {
      const most = Number(element['max_length'] ?? 3000);
      if (most < 1 || most > 3000) faults.push('max_length outside 1 to 3000');
      if (String(element['initial_value'] ?? '').length > most) faults.push('initial_value over max_length');
      break;
    }
    case 'static_select':
    case 'radio_buttons':
    case 'checkboxes':
      faults.push(...optionFaults(element));
      break;
    case 'external_select':
      if (Number(element['min_query_length'] ?? 3) < 0) faults.push('min_query_length under 0');
      break;
    case 'file_input': {
      const most = Number(element['max_files'] ?? 10);
      if (most < 1 || most > 10) faults.push('max_files outside 1 to 10');
      break;
    }
    case 'url_text_input':
    case 'number_input':
      break;
    default:
      faults.push(`element ${String(element['type'])} is unknown`);
  }
  return faults;
}

function optionFaults(element: Loose): string[] {
  const most = element['type'] === 'static_select' ? 100 : 10;
  const options = (element['options'] as Loose[] | undefined) ?? [];
  const initial = element['initial_option'] as Loose | undefined;
  return [
    ...(options.length === 0 || options.length > most ? [`1 to ${most} options`] : []),
    ...options.flatMap((option) => textFaults(option['text'], 75)),
    ...(options.some((option) => String(option['value']).length > 150) ? ['option value over 150'] : []),
    ...(initial && !options.some((option) => JSON.stringify(option) === JSON.stringify(initial))
      ? ['initial_option is none of the options']
      : []),
  ];
}

function imageFaults(image: Loose): string[] {
  const url = image['image_url'];
  const file = image['slack_file'] as { id?: string } | undefined;
  return [
    ...(file?.id ? [] : addressFaults(url)),
    ...(typeof image['alt_text'] === 'string' && image['alt_text'].length <= 2000
      ? []
      : ['alt_text is wrong']),
  ];
}

/** Slack fetches the picture at once, and reaches no private address. */
function addressFaults(url: unknown): string[] {
  if (typeof url !== 'string' || !/^https?:\/\//.test(url) || url.length > 3000)
    return ['image_url is wrong'];
  const { hostname } = new URL(url);
  return /^(?:localhost|127\.|10\.|192\.168\.)/.test(hostname) ? ['downloading image failed'] : [];
}

export function textFaults(value: unknown, most: number): string[] {
  const { type, text } = (value ?? {}) as Partial<SlackText>;
  if (type !== 'plain_text' && type !== 'mrkdwn') return ['text object without a type'];
  if (typeof text !== 'string' || text.length === 0) return ['empty text'];
  return text.length > most ? [`text of ${text.length} characters, at most ${most}`] : [];
}

function onlyPlain(value: unknown): string[] {
  return (value as SlackText | undefined)?.type === 'plain_text' ? [] : ['must be plain_text'];
}
