/**
 * Sherpa voices that `genscene voices add` knows: where they are published, how big they are, what
 * their content must hash to, and under which licence. Sizes and SHA-256 are those of the release
 * `tts-models` of k2-fsa/sherpa-onnx as several independent projects pin them, the newest where a
 * file was published anew (Kokoro’s in September 2026). Voices whose licence forbids commercial use, or is not stated, are left out.
 */
import { z } from 'zod';

const partSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  bytes: z.number().int().positive(),
  /** Hexadecimal; any of them will do. Empty: not known, and then only the size is checked. */
  sha256: z.array(z.string().regex(/^[0-9a-f]{64}$/)).default([]),
  /** Name to keep a plain file under; absent: a .tar.bz2 that is unpacked. */
  file: z.string().regex(/^[\w.-]+$/).optional(), // prettier-ignore
});

export const catalogueEntrySchema = z.strictObject({
  name: z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N}._+-]{0,80}$/u),
  language: z.string().min(2).max(20),
  gender: z.enum(['female', 'male', 'neutral', 'unknown']),
  licence: z.string().min(1).max(200),
  about: z.string().max(200).optional(),
  parts: z.array(partSchema).min(1).max(5),
});

/** `language` is that of the model; `mul` for one of many. */
export type CatalogueEntry = z.infer<typeof catalogueEntrySchema>;

const release = 'https://github.com/k2-fsa/sherpa-onnx/releases/download';
const archive = (name: string, bytes: number, ...sha256: string[]) => ({ url: `${release}/tts-models/${name}.tar.bz2`, bytes, sha256 }); // prettier-ignore
const piper = (
  name: string,
  language: string,
  gender: CatalogueEntry['gender'],
  licence: string,
  bytes: number,
  sha256: string,
): CatalogueEntry => ({ name, language, gender, licence, about: 'Piper', parts: [archive(`vits-piper-${name}`, bytes, sha256)] }); // prettier-ignore

export const catalogue: readonly CatalogueEntry[] = [
  piper('es_MX-claude-high', 'es-MX', 'unknown', 'Apache-2.0', 67_207_890, 'ec33fb689c248fe64810aab564cba97babf0f506672cfd404928d46e751a4721'),
  piper('es_ES-davefx-medium', 'es-ES', 'male', 'CC0-1.0', 67_184_952, 'a3f6beb54a9cb893279f72978a22f807a4d9fc9c7848157b524d5cc7b7f58b22'),
  piper('es_AR-daniela-high', 'es-AR', 'female', 'CC-BY-SA-4.0', 115_562_134, '71cbf6b7f646ab74f3c51336151abef41e6c54467ac929ffdb19ed706a07dd7b'),
  piper('en_US-ljspeech-high', 'en-US', 'female', 'public domain (LJ Speech)', 115_817_679, '00c6408d2409050312193b0d40ae07fde28af7d3d45a56efcc55440db516b935'),
  piper('en_US-norman-medium', 'en-US', 'male', 'public domain (LibriVox)', 67_203_672, '1f32065d480abe9abc7c7f91442125d0b34c1cc065d1e600466cac408eabf3b8'),
  piper('en_GB-cori-high', 'en-GB', 'female', 'public domain (LibriVox)', 115_574_061, '42922f07738fcde2e49eed4e959635692f73b933de35a6b7c1010162ff566292'),
  {
    name: 'kitten-nano-en-v0_2-fp16', language: 'en-US', gender: 'unknown', licence: 'Apache-2.0', about: 'Kitten, eight voices',
    parts: [archive('kitten-nano-en-v0_2-fp16', 26_586_708, '0345a8a2f4a710cb8f7912c9a731ded8b3e1e69b33a871efa95c2e64651518fe')],
  },
  {
    name: 'kokoro-int8-en-v0_19', language: 'en-US', gender: 'unknown', licence: 'Apache-2.0', about: 'Kokoro, eleven voices',
    parts: [archive('kokoro-int8-en-v0_19', 103_248_205, 'c9f0dd393615805b0bab050c340834d5e684e732aec91c0e860cd30e982c08bd')],
  },
  {
    name: 'kokoro-multi-lang-v1_0', language: 'mul', gender: 'unknown', licence: 'Apache-2.0', about: 'Kokoro, 54 voices in nine languages',
    parts: [archive('kokoro-multi-lang-v1_0', 349_906_910, 'c5f7e2d2caf082bc1d20fb70334a61d99d20b484500aad32e7cf84c128ea3298')],
  },
  {
    name: 'en_US-ljspeech', language: 'en-US', gender: 'female', licence: 'public domain (LJ Speech)', about: 'Matcha',
    parts: [
      archive('matcha-icefall-en_US-ljspeech', 76_741_121, 'ea75702da7456a8b1874728278a835220dc8a26f4e8bd93c83bf53dc27679845'),
      { url: `${release}/vocoder-models/hifigan_v2.onnx`, bytes: 3_749_714, sha256: ['a41d404cce7924493540238da5b30a4bc14b6ddaf1a37f3c79fa4f59548c19f0'], file: 'hifigan_v2.onnx' },
    ],
  },
  {
    name: 'supertonic-3-tts-int8-2026-05-11', language: 'mul', gender: 'unknown', licence: 'OpenRAIL-M: see LICENSE in its folder', about: 'Supertonic, ten voices in 31 languages',
    parts: [archive('sherpa-onnx-supertonic-3-tts-int8-2026-05-11', 128_774_318, '82fa96f91c4ef8abaae3a14a3f4153facf88bed821d1f7331cec2700f432c427')],
  },
]; // prettier-ignore
