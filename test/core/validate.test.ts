import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Issue } from '../../core/errors.ts';
import { transitionTypes, type StoryboardInput } from '../../core/schema/storyboard.ts';
import { validateStoryboard } from '../../core/validate.ts';

const scene = { text: 'Hello there.' };

function issuesOf(input: unknown): Issue[] {
  const result = validateStoryboard(input);
  return result.ok ? [] : result.issues;
}

function warningsOf(input: StoryboardInput): string[] {
  const result = validateStoryboard(input);
  if (!result.ok) throw new Error(`expected a valid storyboard, got ${JSON.stringify(result.issues)}`);
  return result.warnings;
}

describe('a valid storyboard', () => {
  it('comes back with every default filled in', () => {
    const result = validateStoryboard({ scenes: [scene] });
    expect(result).toMatchObject({
      ok: true,
      warnings: [],
      storyboard: { language: 'en', output: { resolution: '1080', fps: 30 }, scenes: [{ duration: 'auto' }] },
    });
  });

  it('may give the resolution as a number, as YAML and --set do', () => {
    expect(validateStoryboard({ scenes: [scene], output: { resolution: 1080 } })).toMatchObject({
      ok: true,
      storyboard: { output: { resolution: '1080' } },
    });
    expect(issuesOf({ scenes: [scene], output: { resolution: 1081 } })[0]?.path).toBe('output.resolution');
  });

  it('may have own narration together with its text', () => {
    expect(warningsOf({ scenes: [{ text: 'What I say.', audio: 'me.wav' }] })).toEqual([]);
  });

  it('has an exact length where all durations are given', () => {
    const scenes = [
      { duration: 4 },
      { duration: 5, transition: { duration: 1 } },
      { duration: 3, transition: { type: 'none' } },
    ];
    expect(validateStoryboard({ scenes })).toMatchObject({ ok: true, estimatedSeconds: 11 });
  });

  it('has an estimated length near what speech takes', () => {
    // 46 words at 140–190 words a minute.
    const text =
      'The quick brown fox jumps over the lazy dog while the band plays on and nobody minds. '.repeat(2) +
      'Then it rains, and all of them go home by the river path.';
    const result = validateStoryboard({ scenes: [{ text }] });
    expect(result.ok && result.estimatedSeconds).toBeGreaterThan(13);
    expect(result.ok && result.estimatedSeconds).toBeLessThan(21);
  });
});

describe('faults', () => {
  it('are all reported at once, each with its path, from top to bottom', () => {
    const issues = issuesOf({
      language: 'english',
      fps: 30,
      scenes: [
        { text: 5, durration: 3 },
        { media: { type: 'image', src: '' } },
        { media: { type: 'video', src: 'a.mp4', start: 5, end: 2 } },
        { transition: { typ: 'fade', type: 'fade', direction: 'left' } },
      ],
    });
    expect(issues.map((issue) => issue.path)).toEqual([
      'language',
      'fps',
      'scenes[0].text',
      'scenes[0].durration',
      'scenes[1].media.src',
      'scenes[2].media.end',
      'scenes[3].transition.typ',
      'scenes[3].transition.direction',
    ]);
  });

  const single: [input: unknown, path: string, words: string][] = [
    [
      { scenes: [{ durration: 3 }] },
      'scenes[0].durration',
      'unknown field "durration"; did you mean "duration"?',
    ],
    [
      { scenes: [{ media: { type: 'image', src: 'a', fitt: 1 } }] },
      'scenes[0].media.fitt',
      'did you mean "fit"?',
    ],
    [{ scenes: [{ narration: 'Hi' }] }, 'scenes[0].narration', 'did you mean "text"?'],
    [{ scenes: [scene], music: 'a.mp3' }, 'music', 'did you mean "soundtrack"?'],
    [{ scenes: [scene], fps: 30 }, 'fps', 'did you mean "output.fps"?'],
    [{ scenes: [scene], aspect_ratio: '1:1' }, 'aspect_ratio', 'did you mean "output.aspectRatio"?'],
    [
      { scenes: [{ transition: { type: 'fadee' } }] },
      'scenes[0].transition.type',
      'got "fadee"; did you mean "fade"?',
    ],
    [{ scenes: [{ effect: 'zoom-in' }] }, 'scenes[0].effect', 'did you mean "zoomIn"?'],
    [{ scenes: [{ media: { type: 'imge', src: 'a' } }] }, 'scenes[0].media.type', 'did you mean "image"?'],
    [
      { scenes: [{ media: { src: 'a' } }] },
      'scenes[0].media.type',
      'is missing; it must be one of "image", "video"',
    ],
    [
      { scenes: [{ media: { tpye: 'image', src: 'a' } }] },
      'scenes[0].media.type',
      'is "tpye" meant to be "type"?',
    ],
    [{ scenes: [{ media: 'a.jpg' }] }, 'scenes[0].media', 'must be an object, not the text "a.jpg"'],
    [{ scenes: [{ text: 1969 }] }, 'scenes[0].text', 'put it in quotes: "1969"'],
    [
      { scenes: [{ media: { type: 'color', color: null } }] },
      'scenes[0].media.color',
      'in YAML a "#" begins a comment',
    ],
    [{ scenes: [{ duration: -3 }] }, 'scenes[0].duration', 'must be at least 0.2 s; got -3'],
    [{ scenes: [{ duration: Number.NaN }] }, 'scenes[0].duration', 'got NaN'],
    [{ scenes: [{ duration: Infinity }] }, 'scenes[0].duration', 'got Infinity'],
    [{ scenes: [{ text: 'a'.repeat(50_000) }] }, 'scenes[0].text', 'longer than 5,000 characters'],
    [{ scenes: [{ text: 'a\u0000b' }] }, 'scenes[0].text', 'NUL'],
    [{ scenes: [{ id: 'a' }, { id: 'a' }] }, 'scenes[1].id', 'same as that of scenes[0]'],
    [{ scenes: [scene], output: { fps: 29 } }, 'output.fps', 'must be one of 24, 25, 30, 50, 60; got 29'],
    [
      { scenes: [scene], soundtrack: { src: 'a', volume: 3 } },
      'soundtrack.volume',
      'must be at most 1; got 3',
    ],
    [{ scenes: Array.from({ length: 500 }, () => scene) }, 'scenes', 'more than 300 scenes'],
    [{ scenes: Array.from({ length: 10 }, () => ({ duration: 600 })) }, 'scenes', '6000 s together'],
    [{ scenes: [] }, 'scenes', 'at least one scene'],
    [{}, 'scenes', 'is missing'],
    [null, '', 'must be an object'],
    ['scenes', '', 'must be an object, not the text "scenes"'],
    [{ scenes: [scene], metadata: { 'a b': {} } }, 'metadata["a b"]', 'not an object'],
  ];
  it.each(single.map(([input, path, words]) => ({ input, path, words })))(
    '$path: $words',
    ({ input, path, words }) => {
      const issues = issuesOf(input);
      expect(issues).toHaveLength(1);
      expect(issues[0]!.path).toBe(path);
      expect(issues[0]!.message).toContain(words);
    },
  );

  it('are refused in hostile shapes without following them', () => {
    let deep: unknown = [];
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(issuesOf({ scenes: deep })[0]?.message).toContain('levels deep');
    const cyclic: Record<string, unknown> = { scenes: [] };
    cyclic['scenes'] = [cyclic];
    expect(issuesOf(cyclic)[0]?.message).toContain('levels deep');
    expect(issuesOf({ scenes: Array.from({ length: 1_000_000 }, () => 1) })[0]?.message).toContain(
      '1,000,000 entries',
    );
    expect(issuesOf(JSON.parse('{"scenes":[{"text":"a"}],"metadata":{"__proto__":{"polluted":1}}}'))).toEqual(
      [{ path: 'metadata.__proto__', message: 'is not a field; remove it' }],
    );
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('repeat hostile values short and without control characters', () => {
    const [issue] = issuesOf({ scenes: [{ effect: `\u001b[31m\u202e\n${'x'.repeat(10_000)}` }] });
    expect(issue!.message.length).toBeLessThan(300);
    expect(issue!.message).not.toMatch(/[\p{Cc}\u202e]/u);
  });

  it('beyond 200 are counted, not listed', () => {
    const issues = issuesOf({ scenes: Array.from({ length: 300 }, () => ({ a: 1 })) });
    expect(issues).toHaveLength(201);
    expect(issues.at(-1)!.message).toContain('100 more');
  });
});

describe('the settings of a machine', () => {
  const scenes = Array.from({ length: 4 }, (_, index) => ({
    media: { type: 'image', src: `https://example.com/${index % 3}.jpg` },
    duration: 10,
  }));
  const board = { scenes, soundtrack: { src: 'https://example.com/music.mp3' } };
  const wide = { scenes: 300, seconds: 3600, downloads: 400 };
  const issuesAt = (most: Partial<typeof wide>) => {
    const checked = validateStoryboard(board, { ...wide, ...most });
    return checked.ok ? [] : checked.issues;
  };

  it.each([
    [{ scenes: 3 }, 'scenes', 'has 4 entries; 3 are the most here (FILM_MAX_SCENES)'],
    [{ seconds: 39 }, 'scenes', 'last 40 s together; a film may last 39 s (FILM_MAX_S), so make two of it'],
    [
      { downloads: 2 },
      'scenes[2].media.src',
      'is one of 4 different addresses; a film may fetch 2 (FILM_MAX_DOWNLOADS)',
    ],
    [
      { downloads: 3 },
      'soundtrack.src',
      'is one of 4 different addresses; a film may fetch 3 (FILM_MAX_DOWNLOADS)',
    ],
  ])('%j are told at the field that is beyond them', (most, path, message) => {
    expect(issuesAt(most)).toEqual([{ path, message }]);
  });

  it('refuse nothing that is within them', () => {
    expect(issuesAt({ scenes: 4, seconds: 40, downloads: 4 })).toEqual([]);
  });
});

describe('warnings', () => {
  const odd: [scenes: StoryboardInput['scenes'], words: string][] = [
    [[{ text: 'Hi', transition: {} }], 'scenes[0].transition has nothing before it'],
    [[{}], 'scenes[0] has nothing to say or show'],
    [[{ text: '  \n ', title: { text: 'A' } }], 'scenes[0].text is only white space'],
    [
      [{ media: { type: 'color', color: '#fff' }, voice: { speed: 1 } }],
      'scenes[0].voice has nothing to speak',
    ],
    [[{ ...scene, media: { type: 'video', src: 'a.mp4' }, effect: 'zoomIn' }], 'it does nothing for a video'],
  ];
  it.each(odd.map(([scenes, words]) => ({ scenes, words })))('$words', ({ scenes, words }) => {
    const warnings = warningsOf({ scenes });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(words);
  });

  it('say when the film would probably be too long', () => {
    const scenes = Array.from({ length: 40 }, () => ({ text: 'word '.repeat(990) }));
    expect(warningsOf({ scenes }).join()).toMatch(/would last about \d+ minutes/);
  });
});

describe('for any input at all', () => {
  it('an answer comes, and refusals have words', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything({ maxDepth: 6 }),
          fc.record({ scenes: fc.array(fc.anything()), output: fc.anything() }),
        ),
        (input) => {
          const result = validateStoryboard(input);
          if (!result.ok) {
            expect(result.issues.length).toBeGreaterThan(0);
            for (const issue of result.issues) expect(issue.message).not.toMatch(/Invalid|undefined$/);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('one wrong letter in a transition is understood', () => {
    const names = transitionTypes.filter((name) => name.length >= 5);
    const mistyped = fc.record({
      name: fc.constantFrom(...names),
      at: fc.nat(20),
      letter: fc.constantFrom(...'qx0'),
    });
    fc.assert(
      fc.property(mistyped, ({ name, at, letter }) => {
        const index = at % name.length;
        const type = name.slice(0, index) + letter + name.slice(index + 1);
        const issues = issuesOf({ scenes: [scene, { ...scene, transition: { type } }] });
        expect(issues[0]?.message).toContain(`did you mean "${name}"?`);
      }),
    );
  });
});
