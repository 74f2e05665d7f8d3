/** The conversations as a page drawn like a channel of each platform, with all files beside it. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { aboveText, chromeOf, clock, editLines } from './chrome.ts';
import { partHtml, escapeHtml, type FileAddress } from './part-html.ts';
import type { Conversation, Entry, SeenFile, SeenState } from './seen.ts';

type Chrome = ReturnType<typeof chromeOf>;

export type PagePlace = {
  outDir: string;
  /** Where the films are served, and the folder they are in. */
  filesUrl: string;
  filesDir: string;
};

/** @returns the file to open */
export async function drawPage(conversations: readonly Conversation[], place: PagePlace): Promise<string> {
  const files = keepFiles(place, await postersOf(place.filesDir));
  const styles = await readFile(path.join(import.meta.dirname, 'page.css'), 'utf8');
  const channels = conversations.map((conversation) => channelHtml(conversation, files));
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Gen Scene Studio in chat</title>
<style>${styles}</style>
${channels.join('\n')}
</html>`;
  await files.written();
  const file = path.join(place.outDir, 'index.html');
  await writeFile(file, html);
  return file;
}

function channelHtml(conversation: Conversation, files: FileAddress): string {
  const { platform, channel, language, entries } = conversation;
  const begun = entries[0]?.at ?? 0;
  const chrome = chromeOf(conversation);
  const shown = entries.map((entry) => entryHtml(entry, begun, files, chrome));
  return `<section class="${platform.toLowerCase()}" id="${platform.toLowerCase()}" lang="${language === 'Spanish' ? 'es' : 'en'}">
<header><b># ${escapeHtml(channel)}</b><span>${platform}. ${escapeHtml(chrome.drawnFrom(platform))}</span></header>
${shown.join('\n')}
</section>`;
}

function entryHtml(entry: Entry, begun: number, files: FileAddress, chrome: Chrome): string {
  const time = `<time>${clock(entry.at - begun)}</time>`;
  switch (entry.kind) {
    case 'act':
      return `<p class="act">${time}<b>${escapeHtml(entry.who)}</b> ${escapeHtml(entry.text.replaceAll('\n', ' ⏎ '))}</p>`;
    case 'note':
      return `<p class="note">${time}${escapeHtml(entry.text)}</p>`;
    case 'form':
      return `<form class="modal"><h3>${escapeHtml(entry.title)}</h3>${entry.fields
        .map(
          ({ label, hint, value, files: chosen }) =>
            `<label><b>${escapeHtml(label)}</b>${
              hint ? `<small>${escapeHtml(hint)}</small>` : ''
            }<span class="input">${escapeHtml(value) || '&nbsp;'}${chosen
              .map((file) => `<img src="${files.of(file)}" alt="${escapeHtml(file.name)}">`)
              .join('')}</span></label>`,
        )
        .join('')}<p><i>${escapeHtml(entry.submit)}</i></p></form>`;
    case 'message':
      return messageHtml(entry, begun, time, files, chrome);
  }
}

function messageHtml(
  entry: Extract<Entry, { kind: 'message' }>,
  begun: number,
  time: string,
  files: FileAddress,
  chrome: Chrome,
): string {
  const last = entry.states.at(-1);
  if (!last) return '';
  const classes = ['message', entry.onlyFor ? 'private' : '', entry.inThread ? 'thread' : ''].filter(Boolean);
  // Who sees it says whom it answers.
  const above = entry.onlyFor ? null : aboveText(entry, chrome);
  return `<article class="${classes.join(' ')}">
${above ? `<p class="above">${escapeHtml(above)}</p>` : ''}
<div class="avatar ${entry.isBot ? 'bot' : ''}">${escapeHtml(entry.author.slice(0, 1))}</div>
<div class="body"><p class="author"><b>${escapeHtml(entry.author)}</b>${entry.isBot ? '<i>APP</i>' : ''}${time}</p>
${stateHtml(last, files)}
${entry.onlyFor ? `<p class="only">👁 ${escapeHtml(chrome.onlyFor(entry.onlyFor))}</p>` : ''}
${editsHtml(entry.states, begun, chrome)}
</div></article>`;
}

function stateHtml({ above, parts, colour }: SeenState, files: FileAddress): string {
  const isButtons = (part: SeenState['parts'][number]): boolean => part.kind === 'buttons';
  const card = parts.filter((part) => !isButtons(part)).map((part) => partHtml(part, files));
  const style = colour ? ` style="border-color:${colour}"` : '';
  return [
    ...above.map((part) => partHtml(part, files)),
    card.length > 0 ? `<div class="card"${style}>${card.join('\n')}</div>` : '',
    ...parts.filter(isButtons).map((part) => partHtml(part, files)),
  ].join('\n');
}

/** The same message before each of its edits. */
function editsHtml(states: readonly SeenState[], begun: number, chrome: Chrome): string {
  const edits = editLines(states);
  if (edits.length === 0) return '';
  const lines = edits.map(({ at, text }) => `<li><time>${clock(at - begun)}</time>${escapeHtml(text)}</li>`);
  return `<details class="edits" open><summary>${chrome.before(edits.length)}</summary><ol>${lines.join('')}</ol></details>`;
}

/** Posters by the digest of their film: a message has the film only. */
async function postersOf(filesDir: string): Promise<Map<string, string>> {
  const names = await readdir(filesDir, { recursive: true });
  const films = names.filter((name) => name.endsWith('.mp4'));
  const found = await Promise.all(
    films.map(async (name): Promise<[string, string]> => {
      const film = path.join(filesDir, name);
      return [digestOf(await readFile(film)), path.join(path.dirname(film), 'poster.jpg')];
    }),
  );
  return new Map(found);
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Files are written once each; films on the files host are copied from where they lie. */
function keepFiles(
  { outDir, filesUrl, filesDir }: PagePlace,
  posters: ReadonlyMap<string, string>,
): FileAddress & { written(): Promise<void> } {
  const work = new Map<string, Promise<void>>();
  const folder = path.join(outDir, 'files');
  const save = (name: string, bytes: () => Promise<Buffer>): string => {
    const address = `files/${name}`;
    if (!work.has(address))
      work.set(
        address,
        mkdir(folder, { recursive: true }).then(async () =>
          writeFile(path.join(folder, name), await bytes()),
        ),
      );
    return encodeURI(address);
  };
  return {
    of({ name, bytes }: SeenFile) {
      return save(`${digestOf(bytes).slice(0, 10)}-${name}`, async () => bytes);
    },
    posterOf({ bytes }) {
      const digest = digestOf(bytes);
      const poster = posters.get(digest);
      return poster ? save(`${digest.slice(0, 10)}-poster.jpg`, () => readFile(poster)) : null;
    },
    at(url) {
      const prefix = `${filesUrl}/files/`;
      if (!url.startsWith(prefix)) return null;
      const [job = '', name = ''] = decodeURIComponent(new URL(url).pathname).split('/').slice(2);
      return save(`${job}-${name}`, () => readFile(path.join(filesDir, job, name)));
    },
    async written() {
      await Promise.all(work.values());
    },
  };
}
