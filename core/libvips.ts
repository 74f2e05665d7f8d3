/** Opens sharp, and so libvips, when the first picture is opened: loading it takes a fifth of a second. */
import { isMainThread } from 'node:worker_threads';
import type sharpModule from 'sharp';
import { packageVersion } from './package-version.ts';

type Sharp = typeof sharpModule;

let opened: Promise<Sharp> | undefined;

export function openSharp(): Promise<Sharp> {
  return (opened ??= load());
}

async function load(): Promise<Sharp> {
  const { default: sharp } = await import('sharp');
  // Settings are the process's, not the thread's: threads of ours open only what has been vetted and written anew.
  if (isMainThread) allowOnlyKnownFormats(sharp);
  else {
    // Several of them work side by side, and what they open is kept by the shelf.
    sharp.concurrency(1);
    sharp.cache(false);
  }
  return sharp;
}

/** Of libvips' many loaders only these ever run in this process; type by content comes before. */
function allowOnlyKnownFormats(sharp: Sharp): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({
    operation: [
      'VipsForeignLoadJpegFile',
      'VipsForeignLoadPngFile',
      'VipsForeignLoadWebpFile',
      'VipsForeignLoadHeifFile',
      'VipsForeignLoadNsgifFile',
      'VipsForeignLoadTiffFile',
      'VipsForeignLoadJpegBuffer',
      'VipsForeignLoadPngBuffer',
      'VipsForeignLoadWebpBuffer',
    ],
  });
}

/** Of the package, which brings libvips along: known without loading either. */
export const sharpVersion = packageVersion('sharp');
