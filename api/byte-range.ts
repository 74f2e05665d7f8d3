/** Parts of a file, and whether the reader's copy is still good: RFC 9110, sections 13 and 14. Pure. */
import type { IncomingHttpHeaders } from 'node:http';

/** What identifies a version of a file: its strong tag and its time of change. */
export type Validators = { etag: string; modifiedAt: Date };

/** First and last byte, both included. */
export type ByteRange = { start: number; end: number };

/**
 * One byte range; null for none, several, or what is no byte range: those are answered with the whole
 * file, as 14.2 allows.
 * @param size bytes
 */
export function parseRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | null {
  const match = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return null;
  if (match[1] === '') {
    const length = Math.min(Number(match[2]), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 };
  }
  const start = Number(match[1]);
  const end = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (match[2] !== '' && Number(match[2]) < start) return null;
  return start >= size ? 'unsatisfiable' : { start, end };
}

/** If-Range (13.1.5): a range counts only if the reader's copy is of this very file. */
export function rangeApplies(headers: IncomingHttpHeaders, file: Validators): boolean {
  const condition = headers['if-range'];
  if (typeof condition !== 'string') return true;
  return condition.trim() === file.etag || condition.trim() === file.modifiedAt.toUTCString();
}

/** 412 or 304 when the reader's conditions say so, in the order of 13.2.2; null to answer with the file. */
export function precondition(headers: IncomingHttpHeaders, file: Validators): 412 | 304 | null {
  const seconds = Math.floor(file.modifiedAt.getTime() / 1000);
  const match = headers['if-match'];
  const unmodifiedSince = parseDate(headers['if-unmodified-since']);
  if (match !== undefined) {
    // Strong comparison: a weak tag never matches here.
    if (!isListed(match, file.etag)) return 412;
  } else if (unmodifiedSince !== null && seconds > unmodifiedSince) return 412;

  const noneMatch = headers['if-none-match'];
  if (noneMatch !== undefined) return isListed(noneMatch.replaceAll('W/"', '"'), file.etag) ? 304 : null;
  const modifiedSince = parseDate(headers['if-modified-since']);
  return modifiedSince !== null && seconds <= modifiedSince ? 304 : null;
}

function isListed(header: string, etag: string): boolean {
  return header.trim() === '*' || header.split(',').some((each) => each.trim() === etag);
}

/** Epoch s; null for what is no date. */
function parseDate(header: string | undefined): number | null {
  const time = Date.parse(header ?? '');
  return Number.isNaN(time) ? null : Math.floor(time / 1000);
}
