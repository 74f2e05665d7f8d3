/**
 * The storyboard: what a film is made of, as people and programs write it.
 * One schema makes the types, the validation, OpenAPI and the bots' options.
 */
import { z } from 'zod';
import { prioritySchema } from './priority.ts';
import { languageSchema, lexiconSchema, spokenTextSchema, voiceSchema } from './speech.ts';

/** Limits of one storyboard. Settings may lower them, never raise them. */
export const limits = {
  scenes: 300,
  /** Characters of narration in one scene. */
  textLength: 5000,
  /** Seconds of one scene. */
  sceneSeconds: 600,
  /** Seconds of the whole film. */
  filmSeconds: 3600,
  titleLength: 200,
  /** Seconds into a clip. */
  clipSeconds: 86_400,
} as const;

const colorSchema = z
  .string()
  .regex(/^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/, 'must be a colour such as "#1e90ff" or "#fff"')
  .describe('Colour as #rgb or #rrggbb');

const sourceSchema = z
  .string()
  .min(1, 'is empty; give an https:// address, an asset:… id or (on the command line) a file path')
  .max(2048)
  .refine((src) => !src.includes('\u0000'), 'contains a NUL character')
  .describe('https:// address, asset:… id from an upload, or (command line only) a file path');

const shownSourceSchema = sourceSchema.describe(
  'https:// address, asset:… id from an upload, or (command line only) a file path; an animation moves as "video" and shows its first picture as "image"',
);

const shownTextSchema = z
  .string()
  .min(1, 'is empty')
  .max(limits.titleLength, `is longer than ${limits.titleLength} characters`)
  .refine((text) => !text.includes('\u0000'), 'contains a NUL character; remove it');

const fitSchema = z
  .enum(['cover', 'contain', 'blur'])
  .default('cover')
  .describe('cover crops to fill, contain adds bars, blur fills the bars with a blurred copy');

export const mediaSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('image'),
    src: shownSourceSchema,
    fit: fitSchema,
    damaged: z
      .enum(['refuse', 'use'])
      .optional()
      .describe('A picture that is cut short or damaged: refuse it (default), or use what can be read'),
  }),
  z.strictObject({
    type: z.literal('video'),
    src: shownSourceSchema,
    fit: fitSchema,
    start: z
      .number()
      .min(0)
      .max(limits.clipSeconds)
      .optional()
      .describe('Seconds into the clip to start from'),
    end: z
      .number()
      .positive()
      .max(limits.clipSeconds)
      .optional()
      .describe('Seconds into the clip to stop at'),
    whenShort: z
      .enum(['loop', 'freeze', 'slow'])
      .default('loop')
      .describe('What to do when the clip is shorter than the scene'),
    sound: z
      .enum(['keep', 'duck', 'drop'])
      .default('duck')
      .describe('The clip’s own sound: keep, duck under speech, or drop'),
  }),
  z.strictObject({ type: z.literal('color'), color: colorSchema }),
  z.strictObject({
    type: z.literal('gradient'),
    colors: z.array(colorSchema).min(2, 'needs at least two colours').max(5),
  }),
]);

export const effects = ['zoomIn', 'zoomOut', 'panLeft', 'panRight', 'panUp', 'panDown', 'none'] as const;
export const transitionTypes = [
  'fade',
  'dissolve',
  'wipe',
  'slide',
  'smooth',
  'circle',
  'zoom',
  'fadeblack',
  'fadewhite',
  'none',
] as const;
const sideways = ['left', 'right', 'up', 'down'] as const;
const inOut = ['in', 'out'] as const;

/** Directions each transition takes; the first is its default. */
export const transitionDirections: Record<(typeof transitionTypes)[number], readonly string[]> = {
  fade: [],
  dissolve: [],
  wipe: sideways,
  slide: sideways,
  smooth: sideways,
  circle: ['out', 'in'],
  zoom: inOut,
  fadeblack: [],
  fadewhite: [],
  none: [],
};

export const transitionSchema = z
  .strictObject({
    type: z.enum(transitionTypes).default('fade'),
    duration: z
      .number()
      .min(0.1, 'must be at least 0.1 s; for a plain cut use type "none"')
      .max(5)
      .default(0.5)
      .describe('Seconds both scenes overlap'),
    direction: z
      .enum(['left', 'right', 'up', 'down', 'in', 'out'])
      .optional()
      .describe('Where the new scene moves to'),
  })
  .superRefine((transition, context) => {
    const allowed = transitionDirections[transition.type];
    if (transition.direction === undefined || allowed.includes(transition.direction)) return;
    const message =
      allowed.length > 0
        ? `of "${transition.type}" must be one of ${allowed.join(', ')}`
        : `does not apply to "${transition.type}"; remove it`;
    context.addIssue({ code: 'custom', path: ['direction'], message });
  })
  .describe('How this scene comes in over the one before it');

export const titlePositions = ['center', 'top', 'bottom', 'lowerThird'] as const;

export const sceneSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, "-" or "_"')
    .optional(),
  text: spokenTextSchema.optional().describe('Narration'),
  voice: voiceSchema.optional(),
  media: mediaSchema
    .optional()
    .describe('Picture of the scene; without it a gradient in the brand’s colours'),
  duration: z
    .union([z.number().min(0.2, 'must be at least 0.2 s').max(limits.sceneSeconds), z.literal('auto')], {
      error: `must be a number of seconds from 0.2 to ${limits.sceneSeconds}, or "auto"`,
    })
    .default('auto')
    .describe('Seconds, or "auto" for as long as the speech lasts'),
  effect: z
    .enum(effects)
    .optional()
    .describe('Slow motion of the picture; pictures get a gentle one by default'),
  transition: transitionSchema.optional(),
  title: z
    .strictObject({
      text: shownTextSchema,
      subtitle: shownTextSchema.optional(),
      position: z.enum(titlePositions).default('center'),
    })
    .optional(),
  audio: sourceSchema.optional().describe('Your own narration for this scene, used instead of a voice'),
});

export const resolutions = ['preview', 'sd', 'hd', '1080', '4k'] as const;
export const aspectRatios = ['16:9', '9:16', '1:1', '4:5'] as const;
export const frameRates = [24, 25, 30, 50, 60] as const;
export const qualities = ['draft', 'standard', 'high'] as const;

export const outputSchema = z.strictObject({
  format: z.enum(['mp4', 'webm']).default('mp4'),
  resolution: z
    .enum(resolutions)
    .default('1080')
    .describe('Length of the short side: preview 360, sd 480, hd 720, 1080, 4k 2160 px'),
  aspectRatio: z.enum(aspectRatios).default('16:9'),
  fps: z.literal(frameRates, { error: `must be one of ${frameRates.join(', ')}` }).default(30),
  quality: z.enum(qualities).default('standard'),
  loudness: z.number().min(-30).max(-8).default(-14).describe('Integrated loudness of the film in LUFS'),
});

export const soundtrackSchema = z.strictObject({
  src: sourceSchema,
  volume: z.number().min(0).max(1).default(0.3).describe('1 is as loud as the speech'),
  ducking: z.boolean().default(true).describe('Lower the music while someone speaks'),
  fadeIn: z.number().min(0).max(30).default(1).describe('Seconds'),
  fadeOut: z.number().min(0).max(30).default(3).describe('Seconds'),
  start: z.number().min(0).default(0).describe('Seconds into the track to start from'),
  loop: z.boolean().default(true).describe('Repeat the track until the film ends'),
});

export const captionsSchema = z.strictObject({
  mode: z.enum(['burn', 'sidecar', 'both', 'off']).default('both'),
  style: z
    .enum(['line', 'karaoke', 'word'])
    .default('line')
    .describe('Whole lines, lines with the spoken word lit, or one word at a time'),
  position: z.enum(['bottom', 'middle', 'top']).default('bottom'),
  size: z.enum(['small', 'medium', 'large']).default('medium'),
  background: z.enum(['none', 'box']).default('none').describe('Outline only, or a dark box behind'),
  color: colorSchema.default('#ffffff'),
  speakers: z
    .enum(['hide', 'show'])
    .default('hide')
    .describe('Whether lines of a dialogue keep the name of who speaks'),
  highlight: colorSchema.optional().describe('Colour of the spoken word; the brand’s accent by default'),
});

export const brandSchema = z.strictObject({
  logo: sourceSchema.optional().describe('Picture shown above centred titles'),
  colors: z
    .strictObject({
      primary: colorSchema.default('#1f3a5f'),
      accent: colorSchema.default('#ffb703'),
      background: colorSchema.default('#0b1320'),
      text: colorSchema.default('#ffffff'),
    })
    .prefault({}),
  font: z
    .string()
    .min(1)
    .max(80)
    .regex(/^[\p{L}\p{N} ._-]+$/u, 'must be a font family name')
    .optional()
    .describe('Font family for titles and captions'),
  watermark: z
    .strictObject({
      src: sourceSchema.optional(),
      text: z.string().min(1).max(80).optional(),
      position: z.enum(['topLeft', 'topRight', 'bottomLeft', 'bottomRight']).default('topRight'),
      opacity: z.number().min(0.05).max(1).default(0.6),
    })
    .refine(
      (mark) => (mark.src === undefined) !== (mark.text === undefined),
      'needs either src (a picture) or text',
    )
    .optional(),
});

export const metadataSchema = z
  .record(z.string().max(64), z.union([z.string().max(500), z.number(), z.boolean(), z.null()]))
  .refine((metadata) => Object.keys(metadata).length <= 50, 'has more than 50 entries')
  .describe('Anything of yours; it comes back with the job');

const speakersSchema = z
  .record(
    z
      .string()
      .regex(
        /^[\p{L}\p{N}][\p{L}\p{N} ._'-]{0,39}$/u,
        'must be a name of at most 40 letters, digits or spaces',
      ),
    voiceSchema,
  )
  .refine((speakers) => Object.keys(speakers).length <= 20, 'has more than 20 speakers')
  .superRefine((speakers, context) => {
    const first = new Map<string, string>();
    for (const name of Object.keys(speakers)) {
      const known = first.get(name.toLowerCase());
      if (known === undefined) first.set(name.toLowerCase(), name);
      else context.addIssue({ code: 'custom', path: [name], message: `is the same name as "${known}"` });
    }
  })
  .describe('Voices by name: a line of narration that begins with `NAME:` is theirs');

export const storyboardSchema = z.strictObject({
  title: shownTextSchema.optional(),
  language: languageSchema.default('en'),
  languages: z
    .array(languageSchema)
    .min(1, 'is empty; name the other languages of the narration')
    .max(5)
    .optional()
    .describe('Other languages sentences may be in; each is then spoken in its own'),
  voice: voiceSchema.optional(),
  speakers: speakersSchema.optional(),
  lexicon: lexiconSchema.optional(),
  scenes: z
    .array(sceneSchema)
    .min(1, 'needs at least one scene')
    .max(limits.scenes, `has more than ${limits.scenes} scenes; make two films of it`),
  output: outputSchema.prefault({}),
  soundtrack: soundtrackSchema.optional(),
  captions: captionsSchema.prefault({}),
  brand: brandSchema.prefault({}),
  webhookUrl: z
    .url({ protocol: /^https?$/, error: 'must be an http(s) address' })
    .max(2048)
    .optional(),
  metadata: metadataSchema.optional(),
  priority: prioritySchema,
});

/** What people may write: defaults left out. */
export type StoryboardInput = z.input<typeof storyboardSchema>;
/** A storyboard that passed validation: every default filled in. */
export type Storyboard = z.infer<typeof storyboardSchema>;
export type Scene = Storyboard['scenes'][number];
export type Media = z.infer<typeof mediaSchema>;
export type Effect = (typeof effects)[number];
export type Transition = z.infer<typeof transitionSchema>;
export type TransitionType = (typeof transitionTypes)[number];
export type Output = z.infer<typeof outputSchema>;
export type Captions = z.infer<typeof captionsSchema>;
export type Brand = z.infer<typeof brandSchema>;
export type Soundtrack = z.infer<typeof soundtrackSchema>;

const shortSides = { preview: 360, sd: 480, hd: 720, '1080': 1080, '4k': 2160 } as const;

/** Frame size in px; both sides even, as 4:2:0 video needs. `sd` 16:9 is 854 × 480. */
export function frameSize(output: Pick<Output, 'resolution' | 'aspectRatio'>): {
  width: number;
  height: number;
} {
  const short = shortSides[output.resolution];
  const even = (px: number): number => Math.round(px / 2) * 2;
  switch (output.aspectRatio) {
    case '16:9':
      return { width: even((short * 16) / 9), height: short };
    case '9:16':
      return { width: short, height: even((short * 16) / 9) };
    case '1:1':
      return { width: short, height: short };
    case '4:5':
      return { width: short, height: even((short * 5) / 4) };
  }
}
