/** The loopback Slack's messages as a reader sees them: blocks, mrkdwn, buttons, files. */
import type {
  SlackBlock,
  SlackDouble,
  SlackFile,
  SlackMessage,
  SlackView,
} from '../../test/helpers/slack-double/index.ts';
import type { Entry, FormField, Part, SeenState, Words } from './seen.ts';

type Json = Record<string, unknown>;
type TextObject = { type: string; text: string };

/** All messages of a channel and of direct messages, private ones too. `names`: of users by id. */
export function slackEntries({ workspace }: SlackDouble, names: ReadonlyMap<string, string>): Entry[] {
  return [...workspace.messages, ...workspace.ephemerals].map((message): Entry => {
    const isDirect = message.channel.startsWith('D');
    return {
      kind: 'message',
      at: Number(message.ts) * 1000,
      author:
        message.user === workspace.bot.userId
          ? 'Gen Scene Studio'
          : (names.get(message.user) ?? message.user),
      isBot: message.user === workspace.bot.userId,
      onlyFor: message.onlyFor ? (names.get(message.onlyFor) ?? message.onlyFor) : null,
      answers: null,
      directTo: isDirect ? (names.get(`U${message.channel.slice(1)}`) ?? 'someone') : null,
      inThread: message.thread_ts !== undefined && !isDirect,
      states: statesOf(message, workspace.files, names),
    };
  });
}

function statesOf(
  message: SlackMessage,
  files: ReadonlyMap<string, SlackFile>,
  names: ReadonlyMap<string, string>,
): SeenState[] {
  const shown = [...message.earlier, { until: Infinity, text: message.text, blocks: message.blocks }];
  return shown.map(({ text, blocks }, index): SeenState => {
    const at = index === 0 ? Number(message.ts) * 1000 : shown[index - 1]!.until;
    const parts =
      blocks.length > 0
        ? blocks.flatMap((block) => blockParts(block, files, names))
        : text
          ? [{ kind: 'line', style: 'plain', words: mrkdwn(text, names) } satisfies Part]
          : [];
    const attached = message.files.map(({ name, bytes }): Part => ({ kind: 'file', file: { name, bytes } }));
    return { at, colour: null, above: [], parts: [...parts, ...attached] };
  });
}

function blockParts(
  block: SlackBlock,
  files: ReadonlyMap<string, SlackFile>,
  names: ReadonlyMap<string, string>,
): Part[] {
  const words = (text: unknown): Words => wordsOf(text as TextObject, names);
  switch (block.type) {
    case 'header':
      return [{ kind: 'title', words: words(block['text']) }];
    case 'section':
      if (block['fields'])
        return [
          { kind: 'fields', fields: (block['fields'] as TextObject[]).map((field) => fieldOf(field, names)) },
        ];
      return lines(block['text'] as TextObject, 'plain', names);
    case 'context':
      return (block['elements'] as TextObject[]).flatMap((text) => lines(text, 'small', names));
    case 'image': {
      const file = files.get((block['slack_file'] as { id?: string } | undefined)?.id ?? '');
      const alt = String(block['alt_text']);
      return [
        {
          kind: 'picture',
          alt,
          ...(file ? { file: { name: file.name, bytes: file.bytes } } : { url: String(block['image_url']) }),
        },
      ];
    }
    case 'actions':
      return [
        {
          kind: 'buttons',
          buttons: (block['elements'] as Json[]).map((element) => ({
            label: (element['text'] as TextObject).text,
            style: element['url']
              ? 'link'
              : ((element['style'] as 'primary' | 'danger' | undefined) ?? 'plain'),
          })),
        },
      ];
    default:
      return [];
  }
}

function lines(text: TextObject, style: 'plain' | 'small', names: ReadonlyMap<string, string>): Part[] {
  return text.text.split('\n').map((line): Part => {
    const isQuote = text.type === 'mrkdwn' && line.startsWith('>');
    const words = wordsOf({ ...text, text: isQuote ? line.slice(1) : line }, names);
    return { kind: 'line', style: isQuote ? 'quote' : style, words };
  });
}

/** Name in the first line, value below. */
function fieldOf(field: TextObject, names: ReadonlyMap<string, string>): { name: Words; value: Words } {
  const [name = '', ...value] = field.text.split('\n');
  const part = (text: string): Words => wordsOf({ ...field, text }, names);
  return { name: part(name), value: part(value.join('\n')) };
}

function wordsOf({ type, text }: TextObject, names: ReadonlyMap<string, string>): Words {
  return type === 'mrkdwn' ? mrkdwn(text, names) : [{ text }];
}

function mrkdwn(text: string, names: ReadonlyMap<string, string>): Words {
  const words: Words = [];
  let end = 0;
  const plain = (piece: string): void => void (piece && words.push({ text: unescape(piece) }));
  for (const found of text.matchAll(/\*([^*\n]+)\*|`([^`]+)`|<@([UW]\w+)>|<(https?:[^|>]+)\|([^>]*)>/g)) {
    plain(text.slice(end, found.index));
    end = found.index + found[0].length;
    const [, bold, code, user, url, label] = found;
    if (bold !== undefined) words.push({ text: unescape(bold), mark: 'bold' });
    else if (code !== undefined) words.push({ text: unescape(code), mark: 'code' });
    else if (user !== undefined) words.push({ text: `@${names.get(user) ?? user}`, mark: 'mention' });
    else words.push({ text: unescape(label!), mark: 'link', url: unescape(url!) });
  }
  plain(text.slice(end));
  return words;
}

function unescape(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

/** A modal as it was filled in. */
export function slackForm(
  view: SlackView,
  values: Record<string, string | SlackFile[]>,
): { title: string; submit: string; fields: FormField[] } {
  const fields = view.blocks
    .filter(({ type }) => type === 'input')
    .map((block): FormField => {
      const element = block['element'] as Json;
      const given = values[String(element['action_id'])] ?? element['initial_value'] ?? '';
      const options = (element['options'] as { value: string; text: TextObject }[] | undefined) ?? [];
      return {
        label: (block['label'] as TextObject).text,
        hint: (block['hint'] as TextObject | undefined)?.text ?? null,
        value:
          typeof given === 'string' ? (options.find(({ value }) => value === given)?.text.text ?? given) : '',
        files: Array.isArray(given) ? (given as SlackFile[]).map(({ name, bytes }) => ({ name, bytes })) : [],
      };
    });
  return { title: view.title.text, submit: view.submit.text, fields };
}
