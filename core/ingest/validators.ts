/** What a server says of a file's version (RFC 9110, section 8.8): whether it changed, and whether a rest fits. */

export type Validators = { etag: string | null; lastModified: string | null };

/** What came of a file before the connection broke. */
export type Begun = { bytes: number; validators: Validators };

/** Parts of a file may only be joined by a strong ETag (RFC 9110, 13.1.5). */
export function strongEtag(validators: Validators): string | null {
  return validators.etag && !validators.etag.startsWith('W/') ? validators.etag : null;
}
