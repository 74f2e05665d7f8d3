/** What published files may be called, and what each is served as: a table of ours, never guessed. */

/** No dotfiles, no separators, nothing to escape in an address. */
const NAME = /^[a-z0-9][a-z0-9_-]{0,63}\.([a-z0-9]{2,5})$/;
const JOB_ID = /^[a-z0-9]{8,64}$/;

const contentTypes: Readonly<Record<string, string>> = {
  mp4: 'video/mp4',
  webm: 'video/webm',
  jpg: 'image/jpeg',
  png: 'image/png',
  srt: 'application/x-subrip; charset=utf-8',
  vtt: 'text/vtt; charset=utf-8',
  mp3: 'audio/mpeg',
  wav: 'audio/wav',
  ogg: 'audio/ogg',
};

export function isJobId(text: string): boolean {
  return JOB_ID.test(text);
}

/** The type a file is served as; null for a name that no published file has. */
export function contentTypeOf(name: string): string | null {
  const extension = NAME.exec(name)?.[1];
  return extension !== undefined && Object.hasOwn(contentTypes, extension) ? contentTypes[extension]! : null;
}
