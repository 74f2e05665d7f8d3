/** Speech options as people write them, shared by storyboards, `/api/tts` and the bots. */
import { z } from 'zod';
import { prioritySchema } from './priority.ts';

/** BCP-47 in its common form: language, optional script, optional region. */
export const languageSchema = z
  .string()
  .regex(
    /^[a-zA-Z]{2,3}(-[a-zA-Z]{4})?(-([a-zA-Z]{2}|\d{3}))?$/,
    'must be a language tag such as "en", "en-US" or "es-419"',
  )
  .describe('Language as a BCP-47 tag, e.g. en-US or es-419');

export const engineNames = [
  'auto',
  'espeak',
  'flite',
  'sherpa',
  'openai',
  'elevenlabs',
  'azure',
  'edge',
  'none',
] as const;

export const voiceSchema = z
  .strictObject({
    engine: z
      .enum(engineNames)
      .optional()
      .describe('Speech engine; "auto" picks the best one configured, "none" is silence'),
    name: z
      .string()
      .min(1)
      .max(120)
      .regex(/^[\p{L}\p{N} ._:+/@()-]+$/u, 'has a character no voice name has')
      .optional()
      .describe('Voice name, as listed by `genscene voices`'),
    language: languageSchema.optional(),
    speed: z.number().min(0.5).max(2).optional().describe('Speaking rate; 1 is the voice’s own'),
    fallback: z
      .boolean()
      .optional()
      .describe('Whether another engine may speak if this one fails; the job then says so'),
  })
  .describe('Who speaks');

/** Word → respelling, or IPA between slashes. */
export const lexiconSchema = z
  .record(
    z.string().trim().min(1, 'is empty').max(80, 'is longer than 80 characters'),
    z
      .string()
      .max(160, 'is longer than 160 characters')
      .refine((said) => /[\p{L}\p{N}]/u.test(said), 'says nothing; write how the word sounds'),
  )
  .refine((lexicon) => Object.keys(lexicon).length <= 500, 'has more than 500 words')
  .describe('How words are said: a respelling, or IPA between slashes; captions keep the word');

export type VoiceOptions = z.infer<typeof voiceSchema>;

/** Spoken text: no NUL (it ends strings in native code), and a length one engine call can take. */
export const spokenTextSchema = z
  .string()
  .max(5000, 'is longer than 5,000 characters; split it into several scenes')
  // eslint-disable-next-line no-control-regex
  .refine((text) => !text.includes('\u0000'), 'contains a NUL character; remove it');

export const ttsRequestSchema = z.strictObject({
  text: spokenTextSchema
    .min(1, { error: 'is empty; write what should be said', abort: true })
    .refine((text) => text.trim() !== '', 'is empty; write what should be said'),
  voice: voiceSchema.optional(),
  language: languageSchema.optional(),
  speed: z.number().min(0.5).max(2).optional(),
  format: z.enum(['mp3', 'wav', 'ogg']).default('mp3'),
  webhookUrl: z.url({ protocol: /^https?$/ }).optional(),
  metadata: z
    .record(z.string().max(64), z.union([z.string().max(500), z.number(), z.boolean(), z.null()]))
    .optional(),
  priority: prioritySchema,
});

export type TtsRequest = z.infer<typeof ttsRequestSchema>;
