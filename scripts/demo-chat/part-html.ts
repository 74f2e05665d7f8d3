/** One part of a message as HTML. */
import { sayBytes, type Part, type SeenFile, type Words } from './seen.ts';

export type FileAddress = {
  /** Address of a file of a message, seen from the page. */
  of(file: SeenFile): string;
  /** Of the poster that was made with a film, if it is known. */
  posterOf(film: SeenFile): string | null;
  /** Of a file on the films' host; null for other addresses. */
  at(url: string): string | null;
};

export function partHtml(part: Part, files: FileAddress): string {
  switch (part.kind) {
    case 'title':
      return `<h2>${wordsHtml(part.words)}</h2>`;
    case 'line':
      return part.style === 'quote'
        ? `<blockquote>${wordsHtml(part.words)}</blockquote>`
        : `<p class="${part.style}">${wordsHtml(part.words)}</p>`;
    case 'fields':
      return `<dl>${part.fields
        .map(({ name, value }) => `<div><dt>${wordsHtml(name)}</dt><dd>${wordsHtml(value)}</dd></div>`)
        .join('')}</dl>`;
    case 'picture': {
      const address = part.file ? files.of(part.file) : files.at(part.url ?? '');
      return address
        ? `<img class="picture" src="${address}" alt="${escapeHtml(part.alt)}">`
        : `<p class="small">[${escapeHtml(part.alt)}]</p>`;
    }
    case 'file':
      return fileHtml(part.file, files);
    case 'buttons':
      return `<p class="buttons">${part.buttons
        .map(({ label, style }) => `<button type="button" class="${style}">${escapeHtml(label)}</button>`)
        .join('')}</p>`;
  }
}

function fileHtml(file: SeenFile, files: FileAddress): string {
  const { name, bytes } = file;
  const address = files.of(file);
  const poster = files.posterOf(file);
  const caption = `<figcaption>${escapeHtml(name)} · ${sayBytes(bytes.length)}</figcaption>`;
  if (/\.(mp4|webm)$/.test(name))
    return `<figure><video controls preload="none" src="${address}"${poster ? ` poster="${poster}"` : ''}></video>${caption}</figure>`;
  if (/\.(mp3|wav|ogg|m4a)$/.test(name))
    return `<figure><audio controls src="${address}"></audio>${caption}</figure>`;
  if (/\.(png|jpe?g|webp)$/.test(name))
    return `<figure><img class="picture" src="${address}" alt="${escapeHtml(name)}">${caption}</figure>`;
  return `<figure class="plain"><a href="${address}">📄 ${escapeHtml(name)}</a> · ${sayBytes(bytes.length)}</figure>`;
}

export function wordsHtml(words: Words): string {
  return words
    .map(({ text, mark, url }) => {
      const shown = escapeHtml(text);
      if (mark === 'bold') return `<b>${shown}</b>`;
      if (mark === 'code') return `<code>${shown}</code>`;
      if (mark === 'mention') return `<span class="mention">${shown}</span>`;
      return mark === 'link' ? `<a href="${escapeHtml(url ?? '')}">${shown}</a>` : shown;
    })
    .join('');
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '<br>');
}
