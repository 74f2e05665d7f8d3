/** The pure parts of the ingest, by property. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkUrl, isExempt, isPublicAddress } from '../../../core/ingest/addresses.ts';
import { normaliseFilter, type ClipLook } from '../../../core/ingest/clip-filter.ts';
import { targetSize } from '../../../core/ingest/picture.ts';
import { findSource } from '../../../core/ingest/source.ts';

describe('addresses', () => {
  const rules = { allowHosts: [] };

  it('takes no IPv6 address outside 2000::/3, however it is written', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        if (!isPublicAddress(address)) return;
        const first = Number.parseInt(
          new URL(`http://[${address}]/`).hostname.slice(1).split(':')[0] || '0',
          16,
        );
        expect(first >> 13).toBe(1);
      }),
    );
  });

  it('takes no private IPv4 address, however it is written', () => {
    const inner = fc.oneof(
      fc.tuple(fc.constantFrom(0, 10, 127, 224, 240, 255), fc.nat(255), fc.nat(255), fc.nat(255)),
      fc.tuple(fc.constant(192), fc.constant(168), fc.nat(255), fc.nat(255)),
      fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), fc.nat(255), fc.nat(255)),
      fc.tuple(fc.constant(169), fc.constant(254), fc.nat(255), fc.nat(255)),
      fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), fc.nat(255), fc.nat(255)),
    );
    fc.assert(
      fc.property(inner, fc.constantFrom('dotted', 'number', 'hex', 'octal', 'mapped'), (parts, style) => {
        const [a, b, c, d] = parts;
        const number = ((a * 256 + b) * 256 + c) * 256 + d;
        const host = {
          dotted: parts.join('.'),
          number: String(number),
          hex: `0x${number.toString(16)}`,
          octal: parts.map((part) => `0${part.toString(8)}`).join('.'),
          mapped: `[::ffff:${parts.join('.')}]`,
        }[style];
        expect(() => checkUrl(`http://${host}/`, rules)).toThrow(
          expect.objectContaining({ code: 'url_not_allowed' }),
        );
      }),
    );
  });

  it('takes public addresses', () => {
    for (const url of [
      'http://93.184.216.34/',
      'https://[2606:4700::1111]/a?b=c',
      'https://example.com:443/',
      'http://example.com:80/x',
    ])
      expect(checkUrl(url, rules).href).toBeTruthy();
    expect(isPublicAddress('not an address')).toBe(false);
  });

  it('exempts exactly the host and port that were named', () => {
    const named = { allowHosts: ['minio.local:9000', 'files.local', '[::1]:8080'] };
    expect(isExempt('minio.local', 9000, named)).toBe(true);
    expect(isExempt('minio.local', 80, named)).toBe(false);
    expect(isExempt('files.local', 443, named)).toBe(true);
    expect(isExempt('files.local', 9000, named)).toBe(false);
    expect(isExempt('evil-files.local', 443, named)).toBe(false);
    expect(isExempt('::1', 8080, named)).toBe(true);
    expect(checkUrl('http://[::1]:8080/', named).port).toBe('8080');
  });
});

describe('sources', () => {
  it('never leaves the folder, whatever the path', async () => {
    const segment = fc.oneof(
      fc.constantFrom('..', '.', '', '...', '~', '%2e%2e', '\\..', 'etc', 'passwd'),
      fc.string({ maxLength: 6 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(segment, { maxLength: 6 }), fc.boolean(), async (segments, absolute) => {
        const src = (absolute ? '/' : '') + segments.join('/');
        const found = await findSource(src, { baseDir: '/nonexistent-base' }).catch(
          (error: { code: string }) => error,
        );
        // Nothing exists below that folder, so a file found would be one outside.
        if ('kind' in found) expect(found.kind).toBe('url');
        else expect(['url_not_allowed', 'media_unusable']).toContain(found.code);
      }),
    );
  });
});

describe('picture size', () => {
  const side = fc.integer({ min: 1, max: 20_000 });
  it('keeps the shape, never enlarges, respects maxSide, and covers the box if it did before', () => {
    fc.assert(
      fc.property(
        side,
        side,
        side,
        side,
        fc.integer({ min: 16, max: 8192 }),
        (width, height, boxWidth, boxHeight, maxSide) => {
          const size = targetSize(
            { width, height, autoOrient: { width, height } },
            { maxSide, cover: { width: boxWidth, height: boxHeight } },
            { pictureSide: 4096 },
          );
          expect(size.width).toBeLessThanOrEqual(Math.min(width, maxSide));
          expect(size.height).toBeLessThanOrEqual(Math.min(height, maxSide));
          const scale = width >= height ? size.width / width : size.height / height;
          expect(Math.abs(size.width - width * scale)).toBeLessThanOrEqual(1);
          expect(Math.abs(size.height - height * scale)).toBeLessThanOrEqual(1);
          if (Math.max(size.width, size.height) < Math.min(maxSide, Math.max(width, height)) - 1) {
            expect(size.width).toBeGreaterThanOrEqual(Math.min(width, boxWidth) - 1);
            expect(size.height).toBeGreaterThanOrEqual(Math.min(height, boxHeight) - 1);
          }
        },
      ),
    );
  });
});

describe('clip filter', () => {
  const names = fc.constantFrom('bt709', 'smpte170m', 'bt470bg', 'bt2020nc', 'fcc', "x':y,z", 'ictcp');
  const look: fc.Arbitrary<ClipLook> = fc.record({
    width: fc.integer({ min: 2, max: 4096 }),
    height: fc.integer({ min: 2, max: 4096 }),
    decoded: fc.record({
      width: fc.integer({ min: 2, max: 4096 }),
      height: fc.integer({ min: 2, max: 4096 }),
    }),
    interlaced: fc.boolean(),
    hdr: fc.constantFrom(null, 'pq', 'hlg'),
    codec: fc.constantFrom('h264', 'prores', 'vp9'),
    pixelFormat: fc.constantFrom('yuv420p', 'yuvj420p', 'yuv422p10le', 'gbrp', 'rgb24', 'yuva444p10le'),
    colour: fc.record({
      matrix: names,
      primaries: fc.constantFrom('bt709', 'bt2020', 'smpte170m', 'smpte432', "x';y"),
      transfer: names,
      range: fc.constantFrom('limited' as const, 'full' as const),
    }),
  });

  it('is one argument without spaces or strange words, ends in plain frames, and does only what is needed', () => {
    fc.assert(
      fc.property(look, (clip) => {
        const filter = normaliseFilter(clip);
        expect(filter).toMatch(/^[a-z0-9=:,._-]+$/i);
        expect(filter).toMatch(/setsar=1,format=yuv420p$/);
        expect(filter.includes('bwdif')).toBe(clip.interlaced);
        if (clip.hdr && !/^(gbr|rgb)/.test(clip.pixelFormat)) expect(filter).toContain('tonemap');
        else expect(filter).not.toContain('tonemap');
      }),
    );
  });

  it('leaves ordinary frames alone', () => {
    const plain = {
      width: 1280,
      height: 720,
      decoded: { width: 1280, height: 720 },
      interlaced: false,
      hdr: null,
      codec: 'h264',
      pixelFormat: 'yuv420p',
      colour: { matrix: 'bt709', primaries: 'bt709', transfer: 'bt709', range: 'limited' as const },
    };
    expect(normaliseFilter(plain)).toBe('setsar=1,format=yuv420p');
  });
});
