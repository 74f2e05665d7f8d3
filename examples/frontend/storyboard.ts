/** The storyboard editor: scenes in order, the film's title and options, kept over reloads. */
import type { GenScene, GenSceneError, StoryboardInput } from '../../clients/genscene.ts';
import { find } from './dom.ts';
import { palettes, sceneCard, toScene, type SceneCard, type SceneDraft } from './scene.ts';

export type StoryboardEditor = {
  /** As the service wants it. */
  storyboard(): StoryboardInput;
  /** Shows each fault at its scene. */
  markFaults(issues: GenSceneError['issues']): void;
};

type Draft = { title: string; scenes: SceneDraft[]; aspect: string; resolution: string; captions: string };

const example: Draft = {
  title: 'The last lighthouse',
  scenes: [
    'On a rock far out at sea, a lighthouse has kept its watch for two hundred years.',
    'Every evening its keeper climbed one hundred and twelve steps to light the lamp.',
    'Today the lamp lights itself. But on clear nights, someone still climbs the stairs.',
  ].map((text, index) => ({
    text,
    picture: { colors: palettes[[0, 3, 1][index]!]! },
    transition: index === 2 ? 'slide' : 'fade',
    duration: null,
  })),
  aspect: '16:9',
  resolution: 'hd',
  captions: 'line',
};
/** Of speech, for the guess of a film's length. */
const CHARACTERS_A_SECOND = 14;

export function createStoryboardEditor(
  client: () => GenScene,
  voice: () => { language: string; voice?: StoryboardInput['voice'] },
  failed: (error: unknown) => void,
): StoryboardEditor {
  const list = find<HTMLOListElement>('scenes');
  const title = find<HTMLInputElement>('title');
  const selects = {
    aspect: find<HTMLSelectElement>('aspect'),
    resolution: find<HTMLSelectElement>('resolution'),
    captions: find<HTMLSelectElement>('captions'),
  };
  const saved = load();
  const cards: SceneCard[] = [];

  function add(draft: SceneDraft): void {
    const card = sceneCard(draft, {
      client,
      failed,
      changed: refresh,
      moved(by) {
        const from = cards.indexOf(card);
        cards.splice(from, 1);
        cards.splice(from + by, 0, card);
        list.replaceChildren(...cards.map(({ element }) => element));
        refresh();
      },
      removed() {
        cards.splice(cards.indexOf(card), 1);
        card.element.remove();
        refresh();
      },
    });
    cards.push(card);
    list.append(card.element);
  }

  function refresh(): void {
    cards.forEach((card, index) => {
      card.number(index, cards.length);
      card.setShape(selects.aspect.value);
    });
    const seconds = cards.reduce(
      (sum, { draft }) => sum + (draft.duration ?? Math.max(1.5, draft.text.length / CHARACTERS_A_SECOND)),
      0,
    );
    find('summary').textContent =
      `${cards.length} ${cards.length === 1 ? 'scene' : 'scenes'}, about ${Math.round(seconds)} s`;
    const draft: Draft = {
      title: title.value,
      scenes: cards.map((card) => card.draft),
      aspect: selects.aspect.value,
      resolution: selects.resolution.value,
      captions: selects.captions.value,
    };
    save(draft);
  }

  title.value = saved.title;
  for (const [name, select] of Object.entries(selects)) {
    select.value = saved[name as keyof typeof selects];
    select.addEventListener('change', refresh);
  }
  title.addEventListener('input', refresh);
  find('add').addEventListener('click', () => {
    add({
      text: '',
      picture: { colors: palettes[cards.length % palettes.length]! },
      transition: 'fade',
      duration: null,
    });
    refresh();
    cards.at(-1)!.element.querySelector('textarea')!.focus();
  });
  saved.scenes.forEach(add);
  refresh();

  return {
    storyboard() {
      const { language, voice: speaker } = voice();
      const { aspect, resolution, captions } = selects;
      return {
        ...(title.value.trim() === '' ? {} : { title: title.value.trim() }),
        language,
        ...(speaker ? { voice: speaker } : {}),
        scenes: cards.map(({ draft }, index) => toScene(draft, index)),
        output: {
          aspectRatio: aspect.value as '16:9',
          resolution: resolution.value as 'hd',
          quality: resolution.value === 'preview' ? 'draft' : 'standard',
        },
        captions:
          captions.value === 'off' ? { mode: 'off' } : { mode: 'both', style: captions.value as 'line' },
      };
    },
    markFaults(issues) {
      cards.forEach((card, index) => {
        const prefix = `scenes[${index}]`;
        card.mark(
          issues
            .filter(({ path }) => path.startsWith(prefix))
            .map(({ path, message }) => `${path.slice(prefix.length + 1) || 'This scene'} ${message}.`),
        );
      });
    },
  };
}

function load(): Draft {
  try {
    const draft = JSON.parse(localStorage.getItem('draft') ?? 'null') as Draft | null;
    return draft && draft.scenes.length > 0 ? draft : structuredClone(example);
  } catch {
    return structuredClone(example);
  }
}

function save(draft: Draft): void {
  try {
    localStorage.setItem('draft', JSON.stringify(draft));
  } catch {
    // Full, or not allowed: then a reload begins anew.
  }
}
